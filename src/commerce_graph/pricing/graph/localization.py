"""Where the shop sells and which languages it speaks, for country and language selectors."""

from enum import Enum

import strawberry

from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.codes import CountryCode, CurrencyCode, LanguageCode
from commerce_graph.kernel.graph import field, object_type
from commerce_graph.kernel.hints import SHOP
from commerce_graph.pricing.graph import names
from commerce_graph.pricing.graph.market import Market, every_market, market_in_context
from commerce_graph.pricing.service import Market as MarketRow


@strawberry.enum(description="What a country measures in.")
class UnitSystem(Enum):
    """Shopify's UnitSystem."""

    IMPERIAL_SYSTEM = "IMPERIAL_SYSTEM"
    METRIC_SYSTEM = "METRIC_SYSTEM"


@object_type(access=LISTINGS)
class Currency:
    """A currency."""

    iso_code: CurrencyCode = strawberry.field(description="Its ISO 4217 code.")
    name: str = strawberry.field(description="Its name in the language of the answer.")
    symbol: str = strawberry.field(description="Its sign.")


@object_type(access=LISTINGS)
class Language:
    """A language that the shop speaks."""

    iso_code: LanguageCode = strawberry.field(description="Its code.")
    name: str = strawberry.field(description="Its name in the language of the answer.")
    endonym_name: str = strawberry.field(description="Its name in itself.")


def _language(code: str, told_in: str) -> Language:
    return Language(
        iso_code=LanguageCode[code],
        name=names.language_name(code, told_in),
        endonym_name=names.language_name(code, code),
    )


@object_type(access=LISTINGS)
class Country:
    """A country that the shop sells to."""

    code: strawberry.Private[str]
    row: strawberry.Private[MarketRow]
    told_in: strawberry.Private[str]

    @field
    def iso_code(self) -> CountryCode:
        """Its ISO 3166-1 code."""
        return CountryCode[self.code]

    @field
    def name(self) -> str:
        """Its name in the language of the answer."""
        return names.country_name(self.code, self.told_in)

    @field
    def currency(self) -> Currency:
        """What is paid with there."""
        code = self.row.currency
        return Currency(
            iso_code=CurrencyCode[code],
            name=names.currency_name(code, self.told_in),
            symbol=names.currency_symbol(code, self.told_in),
        )

    @field(deprecation_reason="Ask `localization` for the market in context.")
    def market(self) -> Market | None:
        """The market it belongs to."""
        return Market(row=self.row)

    @field
    def available_languages(self) -> list[Language]:
        """The languages that the shop speaks there."""
        return [_language(code, self.told_in) for code in self.row.languages]

    @field
    def default_language(self) -> Language:
        """The language that the shop speaks there where nobody asks for another."""
        return _language(self.row.language, self.told_in)

    @field
    def unit_system(self) -> UnitSystem:
        """What is measured in there."""
        return UnitSystem.IMPERIAL_SYSTEM if self.code in names.IMPERIAL else UnitSystem.METRIC_SYSTEM


@object_type(access=LISTINGS)
class Localization:
    """The country and language of this answer, and those to choose from."""

    row: strawberry.Private[MarketRow]
    told_in: strawberry.Private[str]

    @field
    def country(self) -> Country:
        """The country in context."""
        return Country(code=self.row.country, row=self.row, told_in=self.told_in)

    @field
    def language(self) -> Language:
        """The language of the answer: the one asked for where the market speaks it, else the market's own."""
        return _language(self.told_in, self.told_in)

    @field
    def market(self) -> Market:
        """The market in context."""
        return Market(row=self.row)

    @field
    async def available_countries(self, info: strawberry.Info) -> list[Country]:
        """All countries that the shop sells to, by name."""
        found = [
            Country(code=code, row=row, told_in=self.told_in)
            for row in await every_market(info.context)
            for code in row.countries
        ]
        return sorted(found, key=lambda each: names.country_name(each.code, self.told_in))

    @field
    def available_languages(self) -> list[Language]:
        """The languages that the shop speaks in the country in context."""
        return [_language(code, self.told_in) for code in self.row.languages]


@object_type(access=LISTINGS)
class LocalizationQuery:
    """What country and language selectors ask for."""

    @field(cache=SHOP)
    async def localization(self, info: strawberry.Info) -> Localization:
        """The country and language of this answer (`@inContext`), and those to choose from."""
        row = await market_in_context(info.context)
        return Localization(row=row, told_in=row.answer_language(info.context.buyer.language))
