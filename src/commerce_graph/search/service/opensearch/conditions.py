"""What must hold for a product besides its words, as OpenSearch's queries: its audience, filters and terms with fields.

They mean what catalog's conditions on its own tables mean.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from commerce_graph.catalog.service import Audience, Filters, PriceMarket, bounds_minor
from commerce_graph.search.rules.document import SEPARATOR

Clause = dict[str, Any]
K = TypeVar("K", bound=Hashable)

NOTHING: Clause = {"match_none": {}}


def both(parts: Sequence[Clause]) -> Clause:
    """Return the query for what meets all parts, without a score."""
    return parts[0] if len(parts) == 1 else {"bool": {"filter": list(parts)}} if parts else {"match_all": {}}


def either(parts: Sequence[Clause]) -> Clause:
    """Return the query for what meets any part."""
    return parts[0] if len(parts) == 1 else {"bool": {"should": list(parts)}} if parts else NOTHING


def negated(part: Clause) -> Clause:
    """Return the query for what does not meet a part."""
    return {"bool": {"must_not": [part]}}


def price_field(market: PriceMarket, end: str) -> str:
    """Return the field of a product's least (`min`) or greatest (`max`) price in a market."""
    return f"price.{market.id.hex}.{end}"


def seen(audience: Audience) -> list[Clause]:
    """Return the conditions under which an audience sees a product."""
    if audience.everything:
        return []
    channel = audience.channel_id
    published = {"exists": {"field": "channels"}} if channel is None else {"term": {"channels": channel.hex}}
    return [{"term": {"status": "ACTIVE"}}, published]


def member(collection_id: UUID) -> Clause:
    """Return whether a product is in a collection."""
    return {"term": {"collections": collection_id.hex}}


def priced(market: PriceMarket, least: int | None = None, most: int | None = None) -> Clause:
    """Return whether a product's range of prices in the market meets another range, ends included."""
    parts: list[Clause] = []
    if least is not None:
        parts.append({"range": {price_field(market, "max"): {"gte": least}}})
    if most is not None:
        parts.append({"range": {price_field(market, "min"): {"lte": most}}})
    return both(parts or [{"exists": {"field": price_field(market, "min")}}])


def sellable(market: PriceMarket) -> Clause:
    """Return whether a product can be bought in the market."""
    return both([{"term": {"available": True}}, priced(market)])


@dataclass(frozen=True, slots=True)
class Conditions:
    """What filters ask, by facet: of a product itself, and of one variant of it, which must meet all at once.

    A facet's name: "available", "price", "product_type", "vendor", "tag", ("option", name), or (owner, namespace, key).
    `available`: what is asked of a product, or of the variant where anything is asked of one; None for nothing.
    """

    of_product: Mapping[Hashable, Clause]
    of_variant: Mapping[Hashable, Clause]
    available: bool | None
    market: PriceMarket

    @property
    def names(self) -> list[Hashable]:
        """The facets that are filtered by."""
        return [*self.of_product, *self.of_variant, *(["available"] if self.available is not None else [])]

    def but(self, name: Hashable) -> "Conditions":
        """Return the conditions without one facet's own."""
        return Conditions(
            {key: part for key, part in self.of_product.items() if key != name},
            {key: part for key, part in self.of_variant.items() if key != name},
            None if name == "available" else self.available,
            self.market,
        )

    def asking(self, available: bool) -> "Conditions":
        """Return the conditions with another availability."""
        return Conditions(self.of_product, self.of_variant, available, self.market)

    def clauses(self) -> list[Clause]:
        """Return what must hold for a product."""
        made = list(self.of_product.values())
        if self.of_variant:
            made.append(either([both([*outer, _nested(inner)]) for outer, inner in self.branches()]))
        elif self.available is not None:
            fit = sellable(self.market)
            made.append(fit if self.available else negated(fit))
        return made

    def branches(self) -> list[tuple[list[Clause], list[Clause]]]:
        """Return what must hold for a product and for one of its variants; one of the pairs, which exclude each other.

        A variant's price is not in the index, so that what the market has no price for is told of the product.
        """
        asked = list(self.of_variant.values())
        has_price = priced(self.market)
        match self.available:
            case None:
                return [([], asked)]
            case True:
                return [([has_price], [*asked, {"term": {"variants.available": True}}])]
            case _:
                return [
                    ([has_price], [*asked, {"term": {"variants.available": False}}]),
                    ([negated(has_price)], asked),
                ]


def _nested(parts: Sequence[Clause]) -> Clause:
    return {"nested": {"path": "variants", "query": both(parts), "score_mode": "none"}}


def conditions(filters: Filters, market: PriceMarket) -> Conditions:
    """Return the conditions of filters."""
    mine: dict[Hashable, Clause] = {}
    for name, field, values in (
        ("product_type", "product_type.raw", filters.product_types),
        ("vendor", "vendor.raw", filters.vendors),
        ("tag", "tags.raw", filters.tags),
    ):
        if values:
            mine[name] = {"terms": {field: list(values)}}
    if filters.prices:
        mine["price"] = either([priced(market, *bounds_minor(market, *bounds)) for bounds in filters.prices])
    for (namespace, key), chosen in _metafields(filters.product_metafields).items():
        mine["PRODUCT", namespace, key] = _valued("metafields", f"{namespace}.{key}", chosen)
    theirs: dict[Hashable, Clause] = {}
    for option, chosen in _grouped(filters.options).items():
        theirs["option", option] = _valued("variants.options", option, chosen)
    for (namespace, key), chosen in _metafields(filters.variant_metafields).items():
        theirs["PRODUCTVARIANT", namespace, key] = _valued("variants.metafields", f"{namespace}.{key}", chosen)
    available = next(iter(filters.available)) if len(filters.available) == 1 else None
    return Conditions(mine, theirs, available, market)


def _valued(field: str, name: str, values: Sequence[str]) -> Clause:
    return {"terms": {field: [f"{name}{SEPARATOR}{value}" for value in values]}}


def _metafields(filters: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], list[str]]:
    return _grouped(((namespace, key), value) for namespace, key, value in filters)


def _grouped(filters: Iterable[tuple[K, str]]) -> dict[K, list[str]]:
    """Return the values of filters by the facet that they belong to."""
    found: dict[K, list[str]] = {}
    for name, value in filters:
        found.setdefault(name, []).append(value)
    return found
