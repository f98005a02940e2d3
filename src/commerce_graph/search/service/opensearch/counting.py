"""Counting facets: the aggregations that do it, and what their answer means.

Facets whose own filter is not chosen share one pass over the hits; each other one gets a pass without its filter.
Options are counted over whole products as long as nothing is asked of a variant, and over fitting variants otherwise.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import orjson

from commerce_graph.catalog.service import Counts
from commerce_graph.kernel.limits import FACET_OPTIONS_MAX, FACET_VALUES_MAX
from commerce_graph.search.rules.document import SEPARATOR
from commerce_graph.search.service.opensearch.conditions import Clause, Conditions, both, price_field, priced

NAMED_VALUES_MAX = FACET_OPTIONS_MAX * FACET_VALUES_MAX
OWN_PASSES_MAX = 12
"""Facets that are counted without their own filter; of more, the rest is counted with all filters."""

_TEXTS = {"vendor": "vendor.raw", "product_type": "product_type.raw", "tag": "tags.raw"}
_NAMED = {"PRODUCT": "metafields", "PRODUCTVARIANT": "variants.metafields", "option": "variants.options"}
_BY_COUNT = [{"_count": "desc"}, {"_key": "asc"}]
Aggregations = dict[str, Any]


def aggregations(asked: Conditions) -> Aggregations:
    """Return what counts the facets of what a query finds, where `asked` is not part of the query."""
    own = _own(asked)
    passes = _Passes()
    for name, field in _TEXTS.items():
        passes.over_products(asked.but(name) if name in own else asked, {name: _values(field, FACET_VALUES_MAX + 1)})
    passes.over_products(asked.but("price") if "price" in own else asked, {"price": _prices(asked)})
    states = {str(state).lower(): both(asked.asking(state).clauses()) for state in (True, False)}
    passes.add([], {"available": {"filters": {"filters": states}}})
    passes.over_products(asked, {"PRODUCT": _values(_NAMED["PRODUCT"], NAMED_VALUES_MAX)})
    for owner in ("option", "PRODUCTVARIANT"):
        passes.over_variants(asked, owner, _NAMED[owner], NAMED_VALUES_MAX)
    for number, chosen in enumerate(own):
        if isinstance(chosen, tuple):
            owner, *names = chosen
            field, one = _NAMED[owner], {"include": _beginning(".".join(names))}
            if owner == "PRODUCT":
                passes.over_products(asked.but(chosen), {f"own{number}": _values(field, FACET_VALUES_MAX, **one)})
            else:
                passes.over_variants(asked.but(chosen), f"own{number}", field, FACET_VALUES_MAX, **one)
    return passes.made()


def _own(asked: Conditions) -> list[Hashable]:
    return asked.names[:OWN_PASSES_MAX]


class _Passes:
    """The aggregations, those under the same conditions together."""

    def __init__(self) -> None:
        self._by_conditions: dict[bytes, tuple[list[Clause], Aggregations]] = {}

    def add(self, held: list[Clause], counted: Aggregations) -> None:
        """Count among what some conditions hold for."""
        self._by_conditions.setdefault(orjson.dumps(held), (held, {}))[1].update(counted)

    def over_products(self, asked: Conditions, counted: Aggregations) -> None:
        """Count products."""
        self.add(asked.clauses(), counted)

    def over_variants(self, asked: Conditions, name: str, field: str, size: int, **more: Any) -> None:
        """Count products by what their variants have, among the variants that fit what is asked of one."""
        held = list(asked.of_product.values())
        if not asked.of_variant and asked.available is None:
            self.add(held, {name: _values(field, size, **more)})
            return
        values = {**_values(field, size, **more), "aggs": {"products": {"reverse_nested": {}}}}
        for outer, inner in asked.branches():
            fitting = {"filter": both(inner), "aggs": {"values": values}}
            self.add([*held, *outer], {name: {"nested": {"path": "variants"}, "aggs": {"fitting": fitting}}})

    def made(self) -> Aggregations:
        """Return all of them."""
        return {
            f"pass{number}": {"filter": both(held), "aggs": counted}
            for number, (held, counted) in enumerate(self._by_conditions.values())
        }


def _values(field: str, size: int, **more: Any) -> Aggregations:
    return {"terms": {"field": field, "size": size, "order": _BY_COUNT, **more}}


def _prices(asked: Conditions) -> Aggregations:
    ends = {end: {end: {"field": price_field(asked.market, end)}} for end in ("min", "max")}
    return {"filter": priced(asked.market), "aggs": ends}


def _beginning(name: str) -> str:
    """Return the regular expression of Lucene for what begins with a name and the separator."""
    plain = re.sub(r"([^\w])", r"\\\1", name, flags=re.ASCII)
    return f"{plain}{SEPARATOR}.*"


def counts_of(answer: Mapping[str, Any], asked: Conditions) -> Counts:
    """Return what the aggregations have counted."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    price: tuple[int, int] | None = None
    with_price = 0
    available: dict[bool, int] = {}
    for each in answer.values():
        for name, found in each.items():
            if name == "price":
                with_price = found["doc_count"]
                price = (int(found["min"]["value"]), int(found["max"]["value"])) if with_price else None
            elif name == "available":
                states = {state: found["buckets"][str(state).lower()]["doc_count"] for state in (True, False)}
                available = {state: number for state, number in states.items() if number}
            elif isinstance(found, dict):
                counted[name].update(_buckets(found))
    own = {name: number for number, name in enumerate(_own(asked))}
    options = _grouped("option", counted, own)
    shown = sorted(options, key=lambda name: (-options[name][0][1], name))[:FACET_OPTIONS_MAX]
    return Counts(
        available=available,
        price=price,
        priced=with_price,
        vendors=_ordered(counted["vendor"].items()),
        product_types=_ordered(counted["product_type"].items()),
        tags=_ordered(counted["tag"].items()),
        options={name: options[name] for name in shown},
        metafields={
            (owner, namespace, key): values
            for owner in ("PRODUCT", "PRODUCTVARIANT")
            for name, values in sorted(_grouped(owner, counted, own).items())
            for namespace, _, key in [name.partition(".")]
        },
    )


def _buckets(found: Mapping[str, Any]) -> dict[str, int]:
    if "fitting" in found:
        buckets = found["fitting"]["values"]["buckets"]
        return {bucket["key"]: bucket["products"]["doc_count"] for bucket in buckets}
    return {bucket["key"]: bucket["doc_count"] for bucket in found["buckets"]}


def _grouped(
    owner: str, counted: Mapping[str, Counter[str]], own: Mapping[Hashable, int]
) -> dict[str, list[tuple[str, int]]]:
    """Return the values of each option, or of each metafield of an owner: from its own pass, if it has one."""
    by_name: dict[str, list[tuple[str, int]]] = defaultdict(list)
    apart = {".".join(name[1:]): number for name, number in own.items() if isinstance(name, tuple) and name[0] == owner}
    for term, number in counted[owner].items():
        name, _, value = term.partition(SEPARATOR)
        if name not in apart:
            by_name[name].append((value, number))
    for number in apart.values():
        for term, products in counted[f"own{number}"].items():
            name, _, value = term.partition(SEPARATOR)
            by_name[name].append((value, products))
    return {name: _ordered(values) for name, values in by_name.items()}


def _ordered(values: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    found = [(value, number) for value, number in values if value and number]
    return sorted(found, key=lambda each: (-each[1], each[0]))[:FACET_VALUES_MAX]
