"""What a request asks OpenSearch for, and in which order: the query, how hits are scored, and the keys of their order.

Words are looked for in ways, one after the other until something is found: as they were written, then with typos, then
with most of them being enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from commerce_graph.search.rules.words import Way, can_be_mistyped, can_be_relaxed, without_query, words_query
from commerce_graph.search.service.engine import Request
from commerce_graph.search.service.opensearch.conditions import Clause, conditions, member, price_field, priced, seen
from commerce_graph.search.service.opensearch.conditions import sellable as can_be_bought
from commerce_graph.search.service.opensearch.terms import terms_query

WAYS = {"words": Way(), "typos": Way(typos=True), "most": Way(typos=True, most=True)}
"""By the name that a place in a list knows them by."""

IN_STOCK = 0.5
"""What it adds to the score of a hit, as a part of it, that it can be bought."""
SALES = 0.05
"""The same for each unit of the logarithm of its sales: some 0.35 for a thousand."""
PINNED = 1e6
"""Above any score of words; a pin is a thousand above the next one, which 32 bits still tell apart."""
HALFWAY = 10.0
"""The score of words that is half of the best possible one, where scores have to lie between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an order."""

    field: str
    descending: bool

    def sort(self, backward: bool) -> dict[str, Any]:
        """Return it as OpenSearch takes it."""
        order: dict[str, Any] = {"order": "desc" if self.descending ^ backward else "asc"}
        if self.field.startswith("price."):
            order["unmapped_type"] = "long"  # a market in which nothing has a price yet
        return {self.field: order}


def ways(request: Request) -> list[str]:
    """Return the names of the ways to look for a request's words, in order."""
    plan = request.plan
    made = ["words"]
    if plan.slots and can_be_mistyped(plan):
        made.append("typos")
    if plan.slots and can_be_relaxed(plan, request.language):
        made.append("most")
    return made


def keys(request: Request) -> list[Key]:
    """Return the keys by which hits are ordered; the last one is unique."""
    unique = Key("id", request.reverse)
    if request.sort == "PRICE":
        price = Key(price_field(request.market, "min"), request.reverse)
        return [Key("_score", True), price, unique] if request.unavailable == "LAST" else [price, unique]
    return [Key("_score", _tiered(request) or not request.reverse), unique]


def _tiered(request: Request) -> bool:
    """Return whether something stays first, or last, whichever way round the rest is."""
    return bool(request.pins) or request.unavailable == "LAST"


def held(request: Request) -> list[Clause]:
    """Return what must hold for each hit, but for filters and words."""
    made = seen(request.audience)
    if request.collection_id is not None:
        made.append(member(request.collection_id))
    where = terms_query(request.plan.where, request.language, request.market)
    if where is not None:
        made.append(where)
    if request.unavailable == "HIDE":
        made.append(can_be_bought(request.market))
    if request.sort == "PRICE":
        made.append(priced(request.market))
    without = without_query(request.plan, request.language)
    return [*made, {"bool": {"must_not": without}}] if without else made


def found_at_all(request: Request, way: Way) -> Clause:
    """Return the query for whatever meets the words, filtered or not."""
    words = words_query(request.plan, request.language, way)
    return {"bool": {"filter": [*held(request), *([words] if words else [])]}}


def ranked(request: Request, way: Way, *, filtered: bool) -> Clause:
    """Return the query of a request with the score that its order needs. `filtered`: whether by its filters too."""
    must = held(request)
    if filtered:
        must += conditions(request.filters, request.market).clauses()
    words = words_query(request.plan, request.language, way)
    if request.sort == "PRICE":
        query: Clause = {"bool": {"filter": [*must, *([words] if words else [])]}}
        return _available_first(query, request, "replace") if request.unavailable == "LAST" else query
    scored = _popular(words or {"match_all": {}}, request)
    if _tiered(request):
        scored = _between_0_and_1(scored, request.reverse)
    if request.unavailable == "LAST":
        scored = _available_first(scored, request, "sum")
    if request.pins:
        scored = {"dis_max": {"queries": [scored, *_pinned(request.pins)]}}
    return {"bool": {"filter": must, "must": [scored]}}


def _popular(query: Clause, request: Request) -> Clause:
    functions: list[Clause] = [
        {"weight": 1},
        {"filter": can_be_bought(request.market), "weight": IN_STOCK},
        {"field_value_factor": {"field": "sales", "modifier": "ln1p", "missing": 0}, "weight": SALES},
    ]
    return _scored(query, functions, "multiply")


def _available_first(query: Clause, request: Request, mode: str) -> Clause:
    # What no function is about would get a 1 as well, so all get it.
    return _scored(query, [{"filter": can_be_bought(request.market), "weight": 1}, {"weight": 1}], mode)


def _scored(query: Clause, functions: Sequence[Clause], mode: str) -> Clause:
    return {"function_score": {"query": query, "functions": functions, "score_mode": "sum", "boost_mode": mode}}


def _between_0_and_1(query: Clause, reverse: bool) -> Clause:
    part = HALFWAY if reverse else "_score"
    return {"script_score": {"query": query, "script": {"source": f"{part} / (_score + {HALFWAY})"}}}


def _pinned(pins: Sequence[UUID]) -> list[Clause]:
    return [
        {"constant_score": {"filter": {"term": {"id": pin.hex}}, "boost": PINNED + 1000 * (len(pins) - number)}}
        for number, pin in enumerate(pins)
    ]


def related(product_id: UUID, index: str, must: Sequence[Clause], market: Any) -> Clause:
    """Return the query for products like another one: of its words, its type and its collections."""

    def same(field: str, path: str, boost: float) -> Clause:
        looked_up = {"terms": {field: {"index": index, "id": product_id.hex, "path": path}}}
        filled = {"bool": {"filter": [looked_up], "must_not": [{"term": {field: ""}}]}}
        return {"constant_score": {"filter": filled, "boost": boost}}

    alike = {
        "more_like_this": {
            "fields": ["title", "tags", "product_type"],
            "like": [{"_index": index, "_id": product_id.hex}],
            "min_term_freq": 1,
            "min_doc_freq": 2,
            "max_query_terms": 12,
            "minimum_should_match": 1,
        }
    }
    should = [alike, same("product_type.raw", "product_type", 4.0), same("collections", "collections", 2.0)]
    functions: list[Clause] = [{"weight": 1}, {"filter": can_be_bought(market), "weight": IN_STOCK}]
    query = {
        "bool": {
            "filter": list(must),
            "must_not": [{"term": {"id": product_id.hex}}],
            "should": should,
            "minimum_should_match": 1,
        }
    }
    return _scored(query, functions, "multiply")
