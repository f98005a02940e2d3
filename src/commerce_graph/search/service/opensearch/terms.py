"""The terms with fields of a search text, as OpenSearch's queries: the fields that lists of products know, and how."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil
from time import time
from typing import Any
from uuid import UUID

from commerce_graph.catalog.service import PriceMarket
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.kernel.query_syntax import Comparator, Joins, Query, Term, span, translate, whole
from commerce_graph.kernel.query_syntax.words import Slot
from commerce_graph.search.rules.words import slot_query
from commerce_graph.search.service.opensearch.conditions import NOTHING, Clause, both, either, negated, priced

Meaning = Callable[[Term], Clause | None]
"""What a term means, None to ignore it."""

_RANGE = {
    Comparator.LESS: "lt",
    Comparator.LESS_OR_EQUAL: "lte",
    Comparator.MORE: "gt",
    Comparator.MORE_OR_EQUAL: "gte",
}
_STATUSES = {"active": "ACTIVE", "draft": "DRAFT", "archived": "ARCHIVED"}


def terms_query(query: Query | None, language: str, market: PriceMarket) -> Clause | None:
    """Return the query for terms with fields, and groups of terms, None where they ask for nothing.

    A term of an unknown field is ignored as if it were not there, also inside OR and NOT.
    """
    fields = {**_FIELDS, "variants.price": _price(market)}

    def words(term: Term) -> Clause | None:
        return slot_query(Slot((tuple(term.value.split()),), term.prefix, term.quoted), language)

    return None if query is None else translate(query, fields, words, _JOINS)


_JOINS: Joins[Clause] = Joins(both, either, negated)


def _exact(field: str) -> Callable[[Term], Clause]:
    """Return the meaning of exact text: `a`, `a,b`, `a*`, `*`, and comparators."""

    def meaning(term: Term) -> Clause:
        if term.exists:
            return _exists(field)
        if term.prefix:
            return {"prefix": {field: {"value": term.value}}}
        if term.comparator is Comparator.EQUAL:
            return {"terms": {field: term.values}}
        return {"range": {field: {_RANGE[term.comparator]: term.value}}}

    return meaning


def _named(field: str) -> Meaning:
    """Return the meaning of a name, equal or beginning so, in any case."""

    def meaning(term: Term) -> Clause:
        if term.exists:
            return both([_exists(field), negated({"term": {field: ""}})])
        kind = "prefix" if term.prefix else "term"
        return either([{kind: {field: {"value": each, "case_insensitive": True}}} for each in term.values or [""]])

    return meaning


def _titled(term: Term) -> Clause | None:
    if term.exists or not any(char.isalnum() for char in term.value):
        return None
    return {"match_phrase_prefix" if term.prefix else "match_phrase": {"title": {"query": term.value}}}


def _tagged(term: Term) -> Clause:
    return _exact("tags.raw")(replace(term, comparator=Comparator.EQUAL))


def _choice(field: str, names: Mapping[str, str]) -> Meaning:
    def meaning(term: Term) -> Clause:
        if term.exists:
            return _exists(field)
        return {"terms": {field: [names[each.lower()] for each in term.values if each.lower() in names]}}

    return meaning


def _truth(field: str) -> Meaning:
    def meaning(term: Term) -> Clause:
        answers = {"true": True, "1": True, "false": False, "0": False}
        answer = answers.get(term.value.lower())
        return both([]) if term.exists else NOTHING if answer is None else {"term": {field: answer}}

    return meaning


def _id(term: Term) -> Clause:
    if term.exists:
        return _exists("id")
    keys = [key.hex for key in map(_uuid, term.values) if key]
    if term.comparator is Comparator.EQUAL:
        return {"terms": {"id": keys}}
    return {"range": {"id": {_RANGE[term.comparator]: keys[0]}}} if keys else NOTHING


def _uuid(value: str) -> UUID | None:
    try:
        if "/" not in value:
            return UUID(value)
        kind, key, _ = parse_gid(value)
    except (ValueError, RequestError):
        return None
    return key if kind == "Product" else None


def _moment(field: str) -> Meaning:
    def meaning(term: Term) -> Clause:
        if term.exists:
            return _exists(field)
        if term.value.lower() == "now":
            now = int(time() * 1000)
            return {"range": {field: {_RANGE.get(term.comparator, "gte"): now}}}
        found = span(term.value)
        if found is None:
            return NOTHING
        start, end = (ceil(moment.timestamp() * 1000) for moment in found)
        return {"range": {field: {
            Comparator.EQUAL: {"gte": start, "lt": end},
            Comparator.LESS: {"lt": start},
            Comparator.LESS_OR_EQUAL: {"lt": end},
            Comparator.MORE: {"gte": end},
            Comparator.MORE_OR_EQUAL: {"gte": start},
        }[term.comparator]}}  # fmt: skip

    return meaning


def _price(market: PriceMarket) -> Meaning:
    """Return the meaning of a price: some price between a product's least and greatest in the market fits."""

    def meaning(term: Term) -> Clause:
        if term.exists:
            return priced(market)
        found = whole(term, market.exponent)
        if found is None:
            return NOTHING
        comparator, amount = found
        least, most = {
            Comparator.EQUAL: (amount, amount),
            Comparator.LESS: (None, _held(amount - 1)),
            Comparator.LESS_OR_EQUAL: (None, amount),
            Comparator.MORE: (_held(amount + 1), None),
            Comparator.MORE_OR_EQUAL: (amount, None),
        }[comparator]
        return priced(market, least, most)

    return meaning


def _held(number: int) -> int:
    """Keep a number within the 64 bits of a field."""
    return max(min(number, 2**63 - 1), -(2**63))


def _exists(field: str) -> Clause:
    made: dict[str, Any] = {"exists": {"field": field}}
    return made


_FIELDS: dict[str, Meaning] = {
    "available_for_sale": _truth("available"),
    "barcode": _exact("barcodes"),
    "created_at": _moment("created_at"),
    "handle": _exact("handle"),
    "id": _id,
    "product_type": _named("product_type.raw"),
    "sku": _exact("skus"),
    "status": _choice("status", _STATUSES),
    "tag": _tagged,
    "tag_not": lambda term: negated(_tagged(term)),
    "title": _titled,
    "updated_at": _moment("updated_at"),
    "vendor": _named("vendor.raw"),
}
