"""Batched reads of markets, prices and the shop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Text, bindparam, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.context import straight
from commerce_graph.kernel.database import Source, by_key, rows
from commerce_graph.kernel.provinces import province_code
from commerce_graph.kernel.statements import Prepared, any_key, any_of, built_once
from commerce_graph.pricing.rules import Market, Price, PriceRange, TaxRate
from commerce_graph.pricing.tables import market, market_country, market_language, price, shop, tax_rate

NOWHERE = "ZZ"
"""ISO 3166's code for a country that is not known: that of a market which names none."""


def _array(rows: Select[Any], label: str) -> ColumnElement[Any]:
    return func.array(rows.scalar_subquery(), type_=ARRAY(Text)).label(label)


def markets() -> Select[Any]:
    """Return the query of all markets with their countries and languages in order."""
    countries = select(market_country.c.country).where(market_country.c.market_id == market.c.id)
    languages = select(market_language.c.language).where(market_language.c.market_id == market.c.id)
    return select(
        market,
        _array(countries.order_by(market_country.c.position, market_country.c.country), "countries"),
        _array(languages.order_by(market_language.c.language), "languages"),
    )


def to_market(row: Any, country: str | None = None) -> Market:
    """Return a row of `markets` as the market holds for a country, or for its first."""
    return Market(
        id=row["id"],
        handle=row["handle"],
        name=row["name"],
        currency=row["currency"],
        language=row["language"],
        tax_included=row["tax_included"],
        country=country or next(iter(row["countries"]), NOWHERE),
        countries=row["countries"],
        languages=row["languages"] or [row["language"]],
        is_primary=row["is_primary"],
    )


@straight
async def markets_for(source: Source, countries: Sequence[str | None]) -> Sequence[Market]:
    """Return the market of each country; None, and a country that is in no market, get the primary market.

    Shape: n keys → n results in input order; 1 statement. Fits `Context.load`.
    Raises: LookupError for a shop without a primary market, which no shop may be.
    """
    asked = [country for country in set(countries) if country is not None]
    found = await rows(source, _markets_for(), countries=asked)
    by_country = {country: row for row in found for country in row.countries}
    primary = next((row for row in found if row.is_primary), None)
    if primary is None:
        raise LookupError("the shop has no primary market")
    return [to_market(by_country[c]._mapping, c) if c in by_country else to_market(primary._mapping) for c in countries]


@built_once
def _markets_for() -> Prepared:
    named = any_of("countries", Text)
    theirs = select(market_country.c.market_id).where(market_country.c.country == named)
    return Prepared(markets().where(or_(market.c.is_primary, market.c.id.in_(theirs))))


async def all_markets(conn: AsyncConnection) -> Sequence[Market]:
    """Return every market, the primary one first, each as for its default country. 1 statement."""
    rows = await conn.execute(markets().order_by(market.c.is_primary.desc(), market.c.handle))
    return [to_market(row) for row in rows.mappings()]


async def market_list(conn: AsyncConnection, keys: Sequence[bool]) -> Sequence[Sequence[Market]]:
    """Return `all_markets` for the one key True, to be read once in an operation. 1 statement."""
    return [await all_markets(conn)] * len(keys)


@straight
async def prices(source: Source, variant_ids: Sequence[UUID], market_id: UUID) -> Sequence[Price | None]:
    """Return prices. Shape: n keys → n results in input order, None where it has no price there; 1 statement."""
    found = await rows(source, _prices(market_id), keys=list(variant_ids))
    by_variant = {row[0]: Price(*row[1:]) for row in found}
    return list(map(by_variant.get, variant_ids))


@built_once
def _prices(market_id: UUID) -> Prepared:
    wanted = select(price.c.variant_id, price.c.amount_minor, price.c.compare_at_minor, market.c.currency)
    return Prepared(wanted.join(market).where(price.c.market_id == market_id, price.c.variant_id == any_key()))


_THEIRS = market.c.id == (
    select(market_country.c.market_id)
    .where(market_country.c.country == bindparam("country", type_=Text))
    .scalar_subquery()
)
"""Whether a market is the country's; NULL where the country is in none, or not known."""
_SHOWN = or_(_THEIRS, market.c.is_primary)
_THEIRS_FIRST = _THEIRS.desc().nulls_last()


@straight
async def shown_prices(source: Source, variant_ids: Sequence[UUID], country: str | None) -> Sequence[Price | None]:
    """Return the prices to show in a country: its market's own, else the primary market's in that market's currency.

    None, and a country that is in no market, get the primary market's.
    Shape: n keys → n results in input order, None where there is neither; 1 statement.
    """
    found = await rows(source, _shown_prices(), keys=list(variant_ids), country=country)
    by_variant = by_key(found, Price)
    return list(map(by_variant.get, variant_ids))


@built_once
def _shown_prices() -> Prepared:
    return Prepared(
        select(
            price.c.variant_id, price.c.amount_minor, price.c.compare_at_minor, market.c.currency,
            func.coalesce(~_THEIRS, False).label("borrowed"),
        )
        .ext(distinct_on(price.c.variant_id))
        .join(market)
        .where(price.c.variant_id == any_key(), _SHOWN)
        .order_by(price.c.variant_id, _THEIRS_FIRST)
    )  # fmt: skip


@straight
async def shown_ranges(source: Source, product_ids: Sequence[UUID], country: str | None) -> Sequence[PriceRange | None]:
    """Return the price ranges to show in a country: its market's own, else the primary market's in its currency.

    None, and a country that is in no market, get the primary market's.
    Shape: n keys → n results in input order, None where there is neither; 1 statement.
    """
    found = await rows(source, _shown_ranges(), keys=list(product_ids), country=country)
    by_product = by_key(found, PriceRange)
    return list(map(by_product.get, product_ids))


@built_once
def _shown_ranges() -> Prepared:
    return Prepared(
        select(
            price.c.product_id,
            func.min(price.c.amount_minor).label("min_minor"),
            func.max(price.c.amount_minor).label("max_minor"),
            func.min(price.c.compare_at_minor).label("compare_at_min_minor"),
            func.max(price.c.compare_at_minor).label("compare_at_max_minor"),
            market.c.currency,
        )
        .ext(distinct_on(price.c.product_id))
        .join(market)
        .where(price.c.product_id == any_key(), _SHOWN)
        .group_by(price.c.product_id, market.c.id)
        .order_by(price.c.product_id, _THEIRS_FIRST)
    )


Place = tuple[str | None, str | None]
"""A country and a province of it, as buyers give them."""


async def tax_rates(conn: AsyncConnection, places: Sequence[Place]) -> Sequence[TaxRate | None]:
    """Return the tax of places, the province's before the country's.

    Shape: n places → n results in input order, None where nothing is taxed; 1 statement.
    """
    wanted = [
        (country or "", (province_code(country, province or "") or "").strip().upper()) for country, province in places
    ]
    regions = {region for _, region in wanted} | {""}
    found = await conn.execute(
        select(tax_rate).where(
            tax_rate.c.country == func.any([country for country, _ in wanted]),
            tax_rate.c.province == func.any(sorted(regions)),
        )
    )
    rates = {(row.country, row.province): TaxRate(row.name, row.rate_bps, row.on_shipping) for row in found}
    return [rates.get(place) or rates.get((place[0], "")) for place in wanted]


@dataclass(frozen=True, slots=True)
class ShopRow:
    """What the shop says of itself."""

    name: str
    description: str
    email: str | None


async def the_shop(conn: AsyncConnection, keys: Sequence[bool]) -> Sequence[ShopRow | None]:
    """Return the shop for the one key True. Shape: n keys → n results, None before it is set up; 1 statement."""
    row = (await conn.execute(select(shop.c.name, shop.c.description, shop.c.email).where(true()))).one_or_none()
    return [row and ShopRow(row.name, row.description, row.email)] * len(keys)
