"""Products that answer a search: which they are, how they are ranked, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import comb
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Double,
    Float,
    Integer,
    Select,
    Subquery,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.loaders.audience import Audience, product_seen
from commerce_graph.catalog.loaders.filters import Filters, PriceMarket, filtered, priced, sellable
from commerce_graph.catalog.loaders.search import product_condition
from commerce_graph.catalog.loaders.words import Sought
from commerce_graph.catalog.tables import collection_product, product, product_price
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import SEARCH_FOUND_MAX, SEARCH_OFFSET_MAX, SEARCH_RANKED_MAX, SEARCH_TOTAL_MAX
from commerce_graph.kernel.query_syntax.words import Plan

Unavailable = Literal["SHOW", "LAST", "HIDE"]

WEIGHTS = "{0.05, 0.2, 0.4, 1.0}"
"""What a word is worth in a description, in tags and options, in vendor and type, and in the title."""
IN_STOCK = 1.25
SALES = 0.05
"""What ten times the sales are worth: a twentieth of the relevance."""
TITLE = 0.5
"""What it is worth that all words are in the title, as they were written."""
SCALE = 1_000_000
"""Ranks are whole millionths, so that a cursor holds exactly what the database compares."""
CHOICES_MAX = 50
"""Choices of most of the words that one full-text query may hold; for more, each product's words are counted."""
LAST = 2**62
"""The rank of what is not ranked, less its sales: after all that is."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which products are looked for, and how they are listed.

    `pins`: what comes before all else, in this order, whatever its words. `ranked_max`: of more hits than that, the
    best sold are ranked, and come before the others.
    """

    plan: Plan
    language: str
    audience: Audience
    market: PriceMarket
    filters: Filters = field(default_factory=Filters)
    sort: Literal["RELEVANCE", "PRICE"] = "RELEVANCE"
    reverse: bool = False
    unavailable: Unavailable = "SHOW"
    collection_id: UUID | None = None
    pins: tuple[UUID, ...] = ()
    ranked_max: int = SEARCH_RANKED_MAX


@dataclass(frozen=True, slots=True)
class Window:
    """Which hits: `size` from the start or the end, between two sort keys or, where `low` is given, two positions."""

    size: int
    backward: bool = False
    after: tuple[Any, ...] | None = None
    before: tuple[Any, ...] | None = None
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """A page of hits in list order: (id, sort key) each; whether there are more in the direction of the page."""

    rows: Sequence[tuple[UUID, tuple[Any, ...]]]
    more: bool
    total: int | None


def hit_conditions(sought: Sought, wanted: Wanted, *, relaxed: bool = False) -> list[ColumnElement[bool]]:
    """Return the conditions on `product` under which it is a hit, but for the filters and the collection.

    `relaxed`: where no product meets every slot, what meets most of them is a hit.
    """
    answers = _answers(sought, relaxed)
    if wanted.pins and wanted.sort == "RELEVANCE":
        answers = or_(answers, _one_of(wanted.pins))
    made = [answers, product_condition(sought.where, wanted.market), *product_seen(wanted.audience)]
    if wanted.unavailable == "HIDE":
        made.append(sellable(product.c.available, wanted.market))
    if wanted.sort == "PRICE":
        made.append(priced(wanted.market, None, None))
    return made


def _answers(sought: Sought, relaxed: bool) -> ColumnElement[bool]:
    if sought.nothing:
        return false()
    without = [not_(_matches(query)) for query in sought.without]
    if not sought.slots:
        return and_(true(), *without)
    met = [
        or_(_matches(slot), _one_of(codes)) if codes else _matches(slot)
        for slot, codes in zip(sought.slots, sought.codes, strict=True)
    ]
    least = sought.least if relaxed else len(sought.slots)
    if any(sought.codes):
        found = and_(*met) if least == len(met) else and_(or_(*met), _number(met) >= least)
    elif comb(len(met), least) <= CHOICES_MAX:
        # One query of all words, so that the index joins them before a row is read.
        found = _matches(" | ".join(f"({' & '.join(chosen)})" for chosen in combinations(sought.slots, least)))
    else:
        found = and_(_matches(" | ".join(sought.slots)), _number(met) >= least)
    if sought.whole:
        found = or_(found, _one_of(sought.whole))
    return and_(found, *without)


def _number(met: Sequence[ColumnElement[bool]]) -> ColumnElement[int]:
    return sum((cast(each, Integer) for each in met), start=literal(0, Integer))


def _tsquery(query: str) -> ColumnElement[Any]:
    return cast(cast(query, Text), TSQUERY)


def _matches(query: str) -> ColumnElement[bool]:
    return product.c.search.bool_op("@@")(_tsquery(query))


def _one_of(ids: Sequence[UUID]) -> ColumnElement[bool]:
    return product.c.id == any_(cast(list(ids), ARRAY(Uuid)))


def in_collection(collection_id: UUID) -> ColumnElement[bool]:
    """Return whether a product belongs to a collection."""
    at = collection_product.c
    return product.c.id.in_(select(at.product_id).where(at.collection_id == collection_id))


def _met(sought: Sought, wanted: Wanted, relaxed: bool, *, narrowed: bool) -> list[ColumnElement[bool]]:
    made = hit_conditions(sought, wanted, relaxed=relaxed)
    if wanted.collection_id is not None:
        made.append(in_collection(wanted.collection_id))
    return [*made, *filtered(wanted.filters, wanted.market)] if narrowed else made


async def any_hits(conn: AsyncConnection, sought: Sought, lists: Sequence[Wanted]) -> list[bool]:
    """Return whether any product meets every slot, whatever the filters. Shape: n lists → n answers; 1 statement."""
    one = [
        select(product.c.id).where(*_met(sought, each, False, narrowed=False)).exists().label(f"any{at}")
        for at, each in enumerate(lists)
    ]
    return list((await conn.execute(select(*one))).one())


def _ranked(sought: Sought, wanted: Wanted, relaxed: bool) -> Select[Any]:
    """Return the hits, each with its sort key: pin, whether it comes last, rank or price, id."""
    at = product_price.c
    priced = product.outerjoin(product_price, and_(at.product_id == product.c.id, at.market_id == wanted.market.id))
    buyable = and_(product.c.available, at.product_id.is_not(None))
    best_sold = (product.c.sales.desc(), product.c.id.desc())
    met = (
        select(product.c.id, product.c.search, product.c.sales, buyable.label("buyable"), at.min_minor)
        .add_columns(func.row_number().over(order_by=best_sold).label("place"))
        .select_from(priced)
        .where(*_met(sought, wanted, relaxed, narrowed=True))
    )
    if wanted.sort == "RELEVANCE":
        first = [_one_of(wanted.pins).desc()] if wanted.pins else []
        met = met.order_by(*first, *best_sold).limit(SEARCH_FOUND_MAX)
    rows = _read_once(met.subquery("met"), sought, wanted)
    pin = _pin(rows, wanted)
    late = cast(not_(rows.c.buyable), Integer) if wanted.unavailable == "LAST" else literal(0, Integer)
    return select(
        rows.c.id,
        # Turned round with the rest, they would be at the other end.
        (-pin if wanted.reverse else pin).label("pin"),
        (-late if wanted.reverse else late).label("late"),
        (cast(rows.c.min_minor, BigInteger) if wanted.sort == "PRICE" else _rank(rows, sought)).label("key"),
    )


def _read_once(met: Subquery, sought: Sought, wanted: Wanted) -> Subquery:
    """Return the hits with the vectors of those that are ranked by them."""
    if not sought.slots or wanted.sort == "PRICE":
        return met
    # A vector is stored out of line, and each function that is given it reads it again: the empty one that is added
    # makes it a value, and OFFSET keeps the planner from adding that in each place of use.
    vector = case((met.c.place <= wanted.ranked_max, met.c.search.op("||")(cast(literal("", Text), TSVECTOR))))
    return select(met.c.id, met.c.sales, met.c.buyable, vector.label("search")).offset(0).subquery("once")


def _pin(rows: Subquery, wanted: Wanted) -> ColumnElement[int]:
    if not wanted.pins or wanted.sort != "RELEVANCE":
        return literal(0, Integer)
    place = func.array_position(cast(list(wanted.pins), ARRAY(Uuid)), rows.c.id)
    return cast(func.coalesce(place, len(wanted.pins) + 1), Integer)


def _rank(rows: Subquery, sought: Sought) -> ColumnElement[int]:
    """Return millionths of relevance, the most relevant first; what is not ranked comes after, the best sold first."""
    sold = 1 + SALES * func.log(1 + cast(rows.c.sales, Double))
    score = sold * case((rows.c.buyable, IN_STOCK), else_=1.0)
    if sought.slots:
        weights = cast(cast(WEIGHTS, Text), ARRAY(Float(24)))
        found = func.ts_rank(weights, rows.c.search, _tsquery(" | ".join(sought.slots)))
        score = score * (found + case((rows.c.search.bool_op("@@")(_tsquery(sought.titled)), TITLE), else_=0.0))
    first = -cast(func.round(score * SCALE), BigInteger)
    return case((rows.c.search.is_(None), LAST - rows.c.sales), else_=first) if sought.slots else first


async def hit_page(
    conn: AsyncConnection, sought: Sought, wanted: Wanted, window: Window, *, relaxed: bool = False, total: bool = False
) -> Hits:
    """Read a page of hits. 1 statement.

    Limits: SEARCH_FOUND_MAX by relevance, of which SEARCH_RANKED_MAX are ranked; SEARCH_TOTAL_MAX.
    Raises: RequestError(BAD_USER_INPUT) for a sort key that no list gave out.
    """
    ranked = _ranked(sought, wanted, relaxed).cte("ranked")
    keys = (ranked.c.pin, ranked.c.late, ranked.c.key, ranked.c.id)
    page = _windowed(select(ranked), keys, window, wanted.reverse).subquery("page")
    counted: ColumnElement[Any] = literal(None, Integer)
    if total:
        bounded = select(ranked.c.id).limit(SEARCH_TOTAL_MAX).subquery()
        counted = select(func.count()).select_from(bounded).scalar_subquery()
    whole = select(counted.label("total")).subquery("whole")
    statement = select(whole.c.total, page).select_from(whole.outerjoin(page, true()))
    rows = (await conn.execute(statement)).all()
    found = [(row.pin, row.late, row.key, row.id) for row in rows if row.id is not None]
    found.sort(reverse=wanted.reverse)
    more = len(found) > window.size
    if more:
        found = found[1:] if window.backward else found[: window.size]
    return Hits([(key[-1], key) for key in found], more, rows[0].total)


def _windowed(rows: Select[Any], keys: tuple[ColumnElement[Any], ...], window: Window, reverse: bool) -> Select[Any]:
    descending = (window.backward and window.low is None) != reverse
    ordered = rows.order_by(*(key.desc() if descending else key.asc() for key in keys))
    if window.low is not None:
        return ordered.offset(window.low).limit(window.size + 1 if window.high is None else window.high - window.low)
    for values, after in ((window.after, True), (window.before, False)):
        if values is not None:
            bound = tuple_(*_bound(values))
            ordered = ordered.where(tuple_(*keys) > bound if after != reverse else tuple_(*keys) < bound)
    return ordered.limit(window.size + 1)


def _bound(values: tuple[Any, ...]) -> list[ColumnElement[Any]]:
    """Return a cursor's sort key as the statement takes it; a client may send any."""
    kinds = (int, int, int, UUID)
    if len(values) != len(kinds) or not all(map(isinstance, values, kinds)):
        raise RequestError("BAD_USER_INPUT", "the cursor belongs to another list")
    *numbers, key = values
    return [*(literal(number, BigInteger) for number in numbers), literal(key, Uuid)]


def offset(position: int) -> int:
    """Return a position that a list may be gone on from.

    Limits: SEARCH_OFFSET_MAX.
    Raises: RequestError(BAD_USER_INPUT) for one beyond.
    """
    if not 0 <= position <= SEARCH_OFFSET_MAX:
        told = f"the search has changed; it can be gone on with after {SEARCH_OFFSET_MAX} hits at most"
        raise RequestError("BAD_USER_INPUT", told)
    return position
