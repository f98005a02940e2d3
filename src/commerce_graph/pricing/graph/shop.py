"""The shop itself: its name, address, currencies and policies."""

from enum import Enum
from urllib.parse import urlsplit
from uuid import UUID

import strawberry

from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.codes import CountryCode, CurrencyCode
from commerce_graph.kernel.graph import Node, field, object_type
from commerce_graph.kernel.hints import SHOP
from commerce_graph.kernel.scalars import HTML, URL
from commerce_graph.pricing import loaders
from commerce_graph.pricing.graph import names
from commerce_graph.pricing.graph.market import every_market
from commerce_graph.pricing.loaders import ShopRow

SHOP_ID = UUID(int=1)
"""There is one shop in a database, so its key needs no table."""


@strawberry.enum(description="Brands of payment cards.")
class CardBrand(Enum):
    """Shopify's CardBrand."""

    AMERICAN_EXPRESS = "AMERICAN_EXPRESS"
    DINERS_CLUB = "DINERS_CLUB"
    DISCOVER = "DISCOVER"
    JCB = "JCB"
    MASTERCARD = "MASTERCARD"
    VISA = "VISA"


@strawberry.enum(description="Wallets on a phone or in a browser that pay.")
class DigitalWallet(Enum):
    """Shopify's DigitalWallet."""

    ANDROID_PAY = "ANDROID_PAY"
    APPLE_PAY = "APPLE_PAY"
    GOOGLE_PAY = "GOOGLE_PAY"
    SHOPIFY_PAY = "SHOPIFY_PAY"


@object_type(access=LISTINGS)
class Domain:
    """An address of the shop on the web."""

    host: str = strawberry.field(description="The host name.")
    ssl_enabled: bool = strawberry.field(description="Whether it is served over TLS.")
    url: URL = strawberry.field(description="The address.")


@object_type(access=LISTINGS)
class PaymentSettings:
    """What the shop takes payments in."""

    accepted_card_brands: list[CardBrand] = strawberry.field(description="The cards that are taken.")
    country_code: CountryCode = strawberry.field(description="The country the shop is in.")
    currency_code: CurrencyCode = strawberry.field(description="The shop's own currency.")
    enabled_presentment_currencies: list[CurrencyCode] = strawberry.field(
        description="The currencies that buyers can pay in."
    )
    shopify_payments_account_id: str | None = strawberry.field(
        description="Always null: payments go through other providers.", default=None
    )
    supported_digital_wallets: list[DigitalWallet] = strawberry.field(description="The wallets that are taken.")


@object_type(access=LISTINGS)
class ShopPolicy:
    """A text with the shop's terms."""

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    title: str = strawberry.field(description="The heading.")
    handle: str = strawberry.field(description="A unique name for addresses.")
    body: HTML = strawberry.field(description="The text.")
    url: URL = strawberry.field(description="Where it can be read.")


@object_type(access=LISTINGS)
class ShopPolicyWithDefault:
    """A text with the shop's terms, or the one that stands where the shop wrote none."""

    id: strawberry.ID | None = strawberry.field(description="A globally unique id; null for the default.", default=None)
    title: str = strawberry.field(description="The heading.")
    handle: str = strawberry.field(description="A unique name for addresses.")
    body: str = strawberry.field(description="The text.")
    url: URL = strawberry.field(description="Where it can be read.")


@object_type(access=LISTINGS, cache=SHOP)
class Shop(Node):
    """The shop."""

    kind = "Shop"
    uuid: strawberry.Private[UUID] = SHOP_ID
    row: strawberry.Private[ShopRow]

    @field
    def name(self) -> str:
        """Its name."""
        return self.row.name

    @field
    def description(self) -> str | None:
        """What it says of itself."""
        return self.row.description or None

    @field
    def primary_domain(self, info: strawberry.Info) -> Domain:
        """Its address on the web."""
        address = info.context.resources.public_url
        parts = urlsplit(address)
        return Domain(host=parts.hostname or "", ssl_enabled=parts.scheme == "https", url=URL(address))

    @field
    async def payment_settings(self, info: strawberry.Info) -> PaymentSettings:
        """What it takes payments in."""
        markets = await every_market(info.context)
        currencies = sorted({market.currency for market in markets})
        return PaymentSettings(
            accepted_card_brands=[CardBrand.AMERICAN_EXPRESS, CardBrand.MASTERCARD, CardBrand.VISA],
            country_code=CountryCode[markets[0].country],
            currency_code=CurrencyCode[markets[0].currency],
            enabled_presentment_currencies=[CurrencyCode[currency] for currency in currencies],
            supported_digital_wallets=[],
        )

    @field
    async def ships_to_countries(self, info: strawberry.Info) -> list[CountryCode]:
        """The countries it sells to."""
        return [
            CountryCode[code] for code in sorted({c for m in await every_market(info.context) for c in m.countries})
        ]

    @field
    async def money_format(self, info: strawberry.Info) -> str:
        """How amounts are written in its own currency, with a placeholder for the number."""
        home = (await every_market(info.context))[0]
        return names.money_format(home.currency, home.language, home.country)

    @field
    async def currency_code(self, info: strawberry.Info) -> CurrencyCode:
        """Its own currency."""
        return CurrencyCode[(await every_market(info.context))[0].currency]

    privacy_policy: ShopPolicy | None = strawberry.field(description="How it treats personal data.", default=None)
    refund_policy: ShopPolicy | None = strawberry.field(description="When it pays back.", default=None)
    shipping_policy: ShopPolicy | None = strawberry.field(description="How it delivers.", default=None)
    terms_of_service: ShopPolicy | None = strawberry.field(description="Its terms of use.", default=None)
    subscription_policy: ShopPolicyWithDefault | None = strawberry.field(
        description="How subscriptions end. Always null: nothing is sold by subscription.", default=None
    )
    legal_notice: ShopPolicy | None = strawberry.field(description="Who runs it.", default=None)


@object_type(access=LISTINGS)
class ShopQuery:
    """What everyone may know of the shop."""

    @field(cache=SHOP)
    async def shop(self, info: strawberry.Info) -> Shop:
        """The shop."""
        row = await info.context.load(loaders.the_shop, True)
        if row is None:
            raise LookupError("the shop is not set up")
        return Shop(row=row)
