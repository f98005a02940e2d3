"""What is offered while someone still types: popular queries, and the shop's own names of things."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Double, Select, Text, and_, delete, func, literal, or_, select, tuple_
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import service as catalog
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.limits import (
    SUGGESTED_LABELS_MAX,
    SUGGESTED_QUERIES_MAX,
    SUGGESTED_QUERY_SPANS_MIN,
    SUGGESTION_CANDIDATES_MAX,
)
from commerce_graph.search.rules.planning import plain
from commerce_graph.search.rules.suggesting import almost, hotter, popular_heat
from commerce_graph.search.tables import suggestion

LOCK = 0x73756767
"""Advisory lock key: one stores suggestions at a time, so that what it has read still holds when it writes."""
_LABELS = {
    "COLLECTION": catalog.collection_titles,
    "PRODUCT_TYPE": catalog.product_types,
    "VENDOR": catalog.vendors,
}
ASKED_IN_SPAN_MAX = 50
"""What one span can add to a query's popularity."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is offered: a text, and the words by which it was found."""

    text: str
    normal: str


async def store_queries(tx: AsyncConnection, counted: Mapping[tuple[str, str], float], at_s: float) -> None:
    """Store how often queries were asked in a span of time, by language. 4 statements.

    Limits: SUGGESTED_QUERIES_MAX queries, the most popular ones; ASKED_IN_SPAN_MAX.
    Locks: LOCK.
    """
    await tx.execute(select(func.pg_advisory_xact_lock(LOCK)))
    asked: dict[tuple[str, str], tuple[str, float]] = {}
    for (language, text), times in counted.items():
        key = (language, " ".join(plain(text)))
        said, before = asked.get(key, (text, 0))
        asked[key] = (said, min(before + times, ASKED_IN_SPAN_MAX))
    at = suggestion.c
    keys = given(list(asked), language=Text, normal=Text)
    known = select(at.language, at.normal, at.heat).join(
        keys, and_(at.kind == "QUERY", at.language == keys.c.language, at.normal == keys.c.normal)
    )
    heat = {(row.language, row.normal): row.heat for row in (await tx.execute(known)).all()}
    rows = [(*key, text, hotter(heat.get(key, 0), times, at_s)) for key, (text, times) in asked.items()]
    new = given(rows, language=Text, normal=Text, text=Text, heat=Double)
    writing = postgresql.insert(suggestion).from_select(
        ["kind", "language", "normal", "text", "heat", "spans"],
        select(literal("QUERY"), new.c.language, new.c.normal, new.c.text, new.c.heat, literal(1)),
    )
    await tx.execute(
        writing.on_conflict_do_update(
            index_elements=["kind", "language", "normal"],
            set_={"heat": writing.excluded.heat, "spans": at.spans + 1, "text": writing.excluded.text},
        )
    )
    coldest = select(at.heat).where(at.kind == "QUERY").order_by(at.heat.desc()).offset(SUGGESTED_QUERIES_MAX).limit(1)
    await tx.execute(delete(suggestion).where(at.kind == "QUERY", at.heat <= coldest.scalar_subquery()))


async def store_labels(resources: Resources) -> int:
    """Store the names of product types, vendors and collections that shoppers see, and return how many changed.

    Limits: SUGGESTED_LABELS_MAX of each kind.
    Locks: LOCK.
    """
    async with resources.database.begin() as tx:
        await tx.execute(select(func.pg_advisory_xact_lock(LOCK)))
        rows: dict[tuple[str, str], str] = {}
        for kind, read in _LABELS.items():
            for text in await read(tx, catalog.Audience(), SUGGESTED_LABELS_MAX):
                rows.setdefault((kind, " ".join(plain(text))), text)
        wanted = given([(*key, text) for key, text in rows.items() if key[1]], kind=Text, normal=Text, text=Text)
        at = suggestion.c
        kept = select(wanted.c.kind, wanted.c.normal)
        gone = delete(suggestion).where(at.kind != "QUERY", tuple_(at.kind, at.normal).not_in(kept))
        removed = (await tx.execute(gone)).rowcount
        writing = postgresql.insert(suggestion).from_select(
            ["kind", "language", "normal", "text"],
            select(wanted.c.kind, literal(""), wanted.c.normal, wanted.c.text),
        )
        writing = writing.on_conflict_do_update(
            index_elements=["kind", "language", "normal"],
            set_={"text": writing.excluded.text},
            where=at.text != writing.excluded.text,
        )
        return removed + (await tx.execute(writing)).rowcount


async def suggestions(conn: AsyncConnection, typed: str, language: str, size: int) -> list[Suggestion]:
    """Return what begins with what was typed, popular queries first; where nothing does, what may have been meant.

    1 statement, by an index; 1 more where nothing begins so.
    """
    wanted = " ".join(plain(typed))
    if not wanted:
        return []
    found = (await conn.execute(_offered(language, wanted))).all()
    if not found:
        # Typos are seldom in the first letter.
        alike = _offered(language, wanted[0])
        found = [row for row in (await conn.execute(alike)).all() if almost(wanted, row.normal)]
    once = {row.normal: Suggestion(row.text, row.normal) for row in reversed(found)}
    return list(reversed(once.values()))[:size]


def _offered(language: str, beginning: str) -> Select[Any]:
    at = suggestion.c
    # By the byte order of the index, and so, unlike LIKE, by the index whatever the plan is made for.
    begins = and_(
        at.normal.bool_op("~>=~")(literal(beginning)), at.normal.bool_op("~<~")(literal(f"{beginning}\U0010ffff"))
    )
    popular = and_(at.language == language, at.spans >= SUGGESTED_QUERY_SPANS_MIN, at.heat >= popular_heat(time.time()))
    shown = select(at.text, at.normal).where(begins, or_(at.kind != "QUERY", popular))
    ordered = shown.order_by(at.heat.desc(), func.length(at.normal), at.normal, at.kind)
    return ordered.limit(SUGGESTION_CANDIDATES_MAX)
