"""Filters of product lists: AND across kinds, OR within one kind, as Shopify's storefront filters combine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Text, any_, cast, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from commerce_graph.catalog.tables import product, product_price, variant
from commerce_graph.kernel.money import exponent

AMOUNT_MINOR_MAX = 2**62


@dataclass(frozen=True, slots=True)
class PriceMarket:
    """The market whose prices a list is filtered and sorted by."""

    id: UUID
    currency: str

    @property
    def exponent(self) -> int:
        """The decimal places that prices are written with."""
        return exponent(self.currency)


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list, by kind. A kind that is empty does not filter.

    `prices`: (least, most) in major units of the market's currency. `options`: (name, value). `product_metafields` and
    `variant_metafields`: (namespace, key, value).
    """

    available: frozenset[bool] = frozenset()
    prices: tuple[tuple[float | None, float | None], ...] = ()
    product_types: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = field(default=())
    product_metafields: tuple[tuple[str, str, str], ...] = ()
    variant_metafields: tuple[tuple[str, str, str], ...] = ()


def priced(market: PriceMarket, least_minor: int | None, most_minor: int | None) -> ColumnElement[bool]:
    """Return whether a product's range of prices in the market meets another range, ends included."""
    at = product_price.c
    meets = select(at.product_id).where(at.product_id == product.c.id, at.market_id == market.id)
    if least_minor is not None:
        meets = meets.where(at.max_minor >= literal(least_minor, BigInteger))
    if most_minor is not None:
        meets = meets.where(at.min_minor <= literal(most_minor, BigInteger))
    # A list that is sorted by price has the same table beside `product`.
    return meets.correlate(product).exists()


def filtered(filters: Filters, market: PriceMarket | None) -> list[ColumnElement[bool]]:
    """Return the conditions of filters on `product`. `market`: needed where prices are filtered."""
    made: list[ColumnElement[bool]] = []
    for column, values in ((product.c.product_type, filters.product_types), (product.c.vendor, filters.vendors)):
        if values:
            made.append(column == any_(cast(list(values), ARRAY(Text))))
    if filters.tags:
        made.append(product.c.tags.bool_op("&&")(cast(list(filters.tags), ARRAY(Text))))
    if filters.prices and market is not None:
        made.append(or_(*(priced(market, *_minor(market, *bounds)) for bounds in filters.prices)))
    if filters.options:
        made.append(_with_options(filters))
    elif len(filters.available) == 1:
        made.append(product.c.available.is_(next(iter(filters.available))))
    return made


def _minor(market: PriceMarket, least: float | None, most: float | None) -> tuple[int | None, int | None]:
    return _rounded(least, market, ROUND_CEILING), _rounded(most, market, ROUND_FLOOR)


def _rounded(amount: float | None, market: PriceMarket, rounding: str) -> int | None:
    if amount is None:
        return None
    # The shortest text of a float is what the client wrote: 19.99, not 19.989999999999998.
    minor = Decimal(repr(amount)).scaleb(market.exponent).to_integral_value(rounding)
    return int(max(min(minor, Decimal(AMOUNT_MINOR_MAX)), Decimal(-AMOUNT_MINOR_MAX)))


def _with_options(filters: Filters) -> ColumnElement[bool]:
    """Return whether one variant has a value of each option that is filtered by, and is as available as asked."""
    by_name: dict[str, list[str]] = {}
    for name, value in filters.options:
        by_name.setdefault(name, []).append(value)
    fitting = select(variant.c.id).where(variant.c.product_id == product.c.id)
    for name, values in by_name.items():
        fitting = fitting.where(or_(*(_has(name, value) for value in values)))
    if len(filters.available) == 1:
        fitting = fitting.where(variant.c.available.is_(next(iter(filters.available))))
    return fitting.correlate(product).exists()


def _has(name: str, value: str) -> ColumnElement[bool]:
    wanted: Sequence[dict[str, str]] = [{"name": name, "value": value}]
    contained: ColumnElement[bool] = variant.c.selected_options.contains(cast(wanted, JSONB))
    return contained
