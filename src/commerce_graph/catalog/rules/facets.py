"""Facets: how many products of a list each further filter would leave, and the filter to send for it.

Source: Shopify's Storefront API, `Filter` and `FilterValue`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal

from commerce_graph.catalog.rules.assortment import DEFAULT_OPTION
from commerce_graph.kernel.limits import FACET_VALUES_MAX

Counted = Sequence[tuple[str, int]]
"""Values with how many products have them, most first and alphabetically where equal."""

Metafield = tuple[str, str, str]
"""Owner (PRODUCT or PRODUCTVARIANT), namespace and key."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What an engine has counted in a list: products, each facet without its own filter.

    A value's count is how many products the list would have with that value as the facet's only filter. `price`: least
    and most in minor units of the market's currency, None where no product has a price; `priced`: how many have one.
    """

    available: Mapping[bool, int] = field(default_factory=dict)
    price: tuple[int, int] | None = None
    priced: int = 0
    vendors: Counted = ()
    product_types: Counted = ()
    tags: Counted = ()
    options: Mapping[str, Counted] = field(default_factory=dict)
    metafields: Mapping[Metafield, Counted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One choice of a facet. `input`: the ProductFilter that chooses it, as JSON."""

    id: str
    label: str
    count: int
    input: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet of a list."""

    id: str
    label: str
    kind: Literal["LIST", "PRICE_RANGE"]
    values: Sequence[FacetValue]


def facets(counts: Counts, exponent: int, labels: Mapping[Metafield, str]) -> list[Facet]:
    """Return the facets of a list, those without any value left out.

    `exponent`: decimal places of the market's currency. `labels`: the names of metafields' definitions.
    """
    made = [_availability(counts), _price(counts, exponent)]
    for name, label, given, counted in (
        ("p.vendor", "Brand", "productVendor", counts.vendors),
        ("p.product_type", "Product type", "productType", counts.product_types),
        ("p.tag", "Tag", "tag", counts.tags),
    ):
        made.append(_list(f"filter.{name}", label, [(value, count, {given: value}) for value, count in counted]))
    for (name, counted), slug in zip(counts.options.items(), _slugs(list(counts.options)), strict=True):
        chosen = [
            (value, count, {"variantOption": {"name": name, "value": value}})
            for value, count in counted
            if (name, (value,)) != DEFAULT_OPTION  # a product without options has it, and nobody chooses it
        ]
        made.append(_list(f"filter.v.option.{slug}", name, chosen))
    for (owner, namespace, key), counted in counts.metafields.items():
        letter, given = ("p", "productMetafield") if owner == "PRODUCT" else ("v", "variantMetafield")
        where = {"namespace": namespace, "key": key}
        chosen = [(value, count, {given: {**where, "value": value}}) for value, count in counted]
        label = labels.get((owner, namespace, key), key)
        made.append(_list(f"filter.{letter}.m.{namespace}.{key}", label, chosen))
    return [facet for facet in made if facet.values]


def _list(id: str, label: str, chosen: Sequence[tuple[str, int, dict[str, Any]]]) -> Facet:
    shown = [each for each in chosen if each[0]][:FACET_VALUES_MAX]
    named = zip(_slugs([value for value, _, _ in shown]), shown, strict=True)
    return Facet(id, label, "LIST", [FacetValue(f"{id}.{slug}", *each) for slug, each in named])


def _availability(counts: Counts) -> Facet:
    at = "filter.v.availability"
    named = ((True, "1", "In stock"), (False, "0", "Out of stock"))
    values = [
        FacetValue(f"{at}.{mark}", label, counts.available.get(state, 0), {"available": state})
        for state, mark, label in named
    ]
    return Facet(at, "Availability", "LIST", values if any(value.count for value in values) else ())


def _price(counts: Counts, exponent: int) -> Facet:
    at = "filter.v.price"
    if counts.price is None:
        return Facet(at, "Price", "PRICE_RANGE", ())
    least, most = (float(Decimal(amount).scaleb(-exponent)) for amount in counts.price)
    whole = FacetValue(at, "Price", counts.priced, {"price": {"min": least, "max": most}})
    return Facet(at, "Price", "PRICE_RANGE", [whole])


def _slugs(texts: Sequence[str]) -> list[str]:
    """Return a name for each of some texts that are all different; those of equal letters get more of their own."""
    plain = [_slug(text) for text in texts]
    seen = Counter(plain)
    return [
        slug if seen[slug] == 1 else f"{slug}-{sha256(text.encode()).hexdigest()[:8]}"
        for slug, text in zip(plain, texts, strict=True)
    ]


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    # What has no Latin letter keeps its own letters: ids must differ where values do.
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or text.lower()
