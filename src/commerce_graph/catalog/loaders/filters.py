"""Filters of product lists: AND across kinds, OR within one kind, as Shopify's storefront filters combine."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Text, and_, any_, cast, literal, not_, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from commerce_graph.catalog.rules.metafields import term
from commerce_graph.catalog.tables import metafield, metafield_definition, product, product_price, variant
from commerce_graph.kernel.money import exponent

AMOUNT_MINOR_MAX = 2**62
K = TypeVar("K", bound=Hashable)


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
    `variant_metafields`: (namespace, key, value). Each option and each metafield is a kind of its own.
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


@dataclass(frozen=True, slots=True)
class Conditions:
    """What filters ask, by facet: of a product itself, and of one variant of it, which must meet all at once.

    A facet's name: "available", "price", "product_type", "vendor", "tag", ("option", name), or (owner, namespace, key).
    """

    of_product: Mapping[Hashable, ColumnElement[bool]]
    of_variant: Mapping[Hashable, ColumnElement[bool]]


def sellable(available: ColumnElement[bool], market: PriceMarket | None) -> ColumnElement[bool]:
    """Return whether what can be bought, of a product or a variant, has a price in the market, if one is known."""
    return available if market is None else and_(available, priced(market, None, None))


def conditions(filters: Filters, market: PriceMarket | None) -> Conditions:
    """Return the conditions of filters on `product` and `variant`. `market`: needed where prices are filtered.

    Filters by option, variant metafield and availability must fit the same variant. Availability alone is that of
    the product: whether any of its variants can be bought.
    """
    mine: dict[Hashable, ColumnElement[bool]] = {}
    for name, column, texts in (
        ("product_type", product.c.product_type, filters.product_types),
        ("vendor", product.c.vendor, filters.vendors),
    ):
        if texts:
            mine[name] = column == any_(cast(list(texts), ARRAY(Text)))
    if filters.tags:
        mine["tag"] = product.c.tags.bool_op("&&")(cast(list(filters.tags), ARRAY(Text)))
    if filters.prices and market is not None:
        mine["price"] = or_(*(priced(market, *bounds_minor(market, *bounds)) for bounds in filters.prices))
    for named, values in _metafields(filters.product_metafields).items():
        mine["PRODUCT", *named] = _with_metafield("PRODUCT", *named, values)
    theirs: dict[Hashable, ColumnElement[bool]] = {}
    for option, values in _grouped(filters.options).items():
        theirs["option", option] = or_(*(_has(option, value) for value in values))
    for named, values in _metafields(filters.variant_metafields).items():
        theirs["PRODUCTVARIANT", *named] = _with_metafield("PRODUCTVARIANT", *named, values)
    if len(filters.available) == 1:
        (wanted,) = filters.available
        goods, table = (theirs, variant) if theirs else (mine, product)
        fit = sellable(table.c.available, market)
        goods["available"] = fit if wanted else not_(fit)
    return Conditions(mine, theirs)


def filtered(filters: Filters, market: PriceMarket | None) -> list[ColumnElement[bool]]:
    """Return the conditions of filters on `product`. `market`: needed where prices are filtered."""
    asked = conditions(filters, market)
    made = list(asked.of_product.values())
    if asked.of_variant:
        fitting = select(variant.c.id).where(variant.c.product_id == product.c.id, *asked.of_variant.values())
        made.append(fitting.correlate(product).exists())
    return made


def _grouped(filters: Iterable[tuple[K, str]]) -> dict[K, list[str]]:
    """Return the values of filters by the facet that they belong to."""
    found: dict[K, list[str]] = {}
    for named, value in filters:
        found.setdefault(named, []).append(value)
    return found


def _metafields(filters: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], list[str]]:
    return _grouped(((namespace, key), value) for namespace, key, value in filters)


def bounds_minor(market: PriceMarket, least: float | None, most: float | None) -> tuple[int | None, int | None]:
    """Return the bounds of a filter by price in minor units of the market's currency."""
    return _rounded(least, market, ROUND_CEILING), _rounded(most, market, ROUND_FLOOR)


def _rounded(amount: float | None, market: PriceMarket, rounding: str) -> int | None:
    if amount is None:
        return None
    # The shortest text of a float is what the client wrote: 19.99, not 19.989999999999998.
    minor = Decimal(repr(amount)).scaleb(market.exponent).to_integral_value(rounding)
    return int(max(min(minor, Decimal(AMOUNT_MINOR_MAX)), Decimal(-AMOUNT_MINOR_MAX)))


def _has(name: str, value: str) -> ColumnElement[bool]:
    wanted: Sequence[dict[str, str]] = [{"name": name, "value": value}]
    contained: ColumnElement[bool] = variant.c.selected_options.contains(cast(wanted, JSONB))
    return contained


def _with_metafield(owner: str, namespace: str, key: str, values: Sequence[str]) -> ColumnElement[bool]:
    """Return whether a product or a variant has one of the values of a metafield that may be filtered by."""
    terms = cast([term(namespace, key, value) for value in values], ARRAY(Text))
    told, at = metafield_definition.c, metafield.c
    may = select(told.id).where(told.owner_type == owner, told.namespace == namespace, told.key == key, told.filterable)
    found = select(at.product_id if owner == "PRODUCT" else at.variant_id).where(
        at.terms.bool_op("&&")(terms), at.variant_id.is_(None) if owner == "PRODUCT" else at.variant_id.is_not(None)
    )
    return and_(may.exists(), (product if owner == "PRODUCT" else variant).c.id.in_(found))
