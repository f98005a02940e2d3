"""What searches make of the judged queries: NDCG@10 and how many find nothing, by kind of query."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, column, func, literal_column, select, table, text
from sqlalchemy.dialects.postgresql import TSVECTOR

from benchmarks.relevance.judged import TOP, Judged, Query, ndcg
from commerce_graph.catalog.service import Audience, PriceMarket
from commerce_graph.demo import CHANNEL_ID
from commerce_graph.demo.world import MARKETS
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.query_syntax import Term, bare_terms, condition, parse
from commerce_graph.search.rules.planning import SynonymGroup, Synonyms, plan
from commerce_graph.search.service.engine import Engine, Paging, Request

Ask = Callable[[Query], Awaitable[Sequence[UUID]]]
"""Answers a query with products, the best first."""

RIGHTLY_NOTHING = "rightly nothing"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query got. `ndcg`: None for one that rightly finds nothing."""

    query: Query
    found: int
    ndcg: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of some queries. `wrong`: the part that found something where there is nothing, None without such."""

    queries: int
    ndcg: float | None
    zero: float | None
    wrong: float | None

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> "Figures":
        """Return the figures of answers."""
        judged = [answer for answer in answers if answer.ndcg is not None]
        others = [answer for answer in answers if answer.ndcg is None]
        return cls(
            len(answers),
            fmean(answer.ndcg or 0.0 for answer in judged) if judged else None,
            fmean(not answer.found for answer in judged) if judged else None,
            fmean(bool(answer.found) for answer in others) if others else None,
        )


def by_category(answers: Sequence[Answer]) -> Mapping[str, Figures]:
    """Return the figures of each category, in the order of the queries."""
    kinds = dict.fromkeys(answer.query.category for answer in answers)
    return {kind: Figures.of([answer for answer in answers if answer.query.category == kind]) for kind in kinds}


async def measured(judged: Judged, ask: Ask) -> list[Answer]:
    """Ask all queries and judge what comes back."""
    answers = []
    for query in judged.queries:
        found = await ask(query)
        score = ndcg(found, judged.grades(query)) if query.rules else None
        answers.append(Answer(query, len(found), score))
    return answers


def asking(engine: Engine, db: Database, judged: Judged) -> Ask:
    """Return how a shopper in the demo shop's first market asks an engine, in English."""
    synonyms = Synonyms.of([SynonymGroup(group) for group in judged.synonyms])
    audience, market = Audience(channel_id=CHANNEL_ID), PriceMarket(MARKETS[0].id, MARKETS[0].currency)

    async def ask(query: Query) -> Sequence[UUID]:
        wanted = plan(parse(query.ask), synonyms, prefix=query.typing)
        found = await engine.search(db, Request(wanted, audience, market, "en", paging=Paging(TOP)))
        return [hit.product_id for hit in found.hits]

    return ask


# The search of shops that give it no thought, ours before: words of no language, each the beginning of some word.
_SEARCHED = """
CREATE TEMPORARY TABLE naive ON COMMIT DROP AS
SELECT id, setweight(to_tsvector('simple', title), 'A')
    || setweight(to_tsvector('simple', vendor || ' ' || product_type), 'B')
    || setweight(to_tsvector('simple', description), 'D') AS searched
FROM catalog.product JOIN catalog.publication ON product_id = id WHERE status = 'ACTIVE'
"""
_naive = table("naive", column("id", Uuid), column("searched", TSVECTOR))


def _beginning(term: Term) -> ColumnElement[Any] | None:
    """Return the full-text query of a word, or of a quoted phrase, None for text without a letter or digit."""
    if not any(char.isalnum() for char in term.value):
        return None
    quoted = term.value.replace("\\", "\\\\").replace("'", "''")
    return func.to_tsquery(literal_column("'simple'"), f"'{quoted}'" + ("" if term.quoted else ":*"))


@asynccontextmanager
async def asking_naively(db: Database) -> AsyncIterator[Ask]:
    """Offer the yardstick: every word begins one in title, vendor, type or description."""
    async with db.begin() as tx:
        await tx.execute(text(_SEARCHED))

        async def ask(query: Query) -> Sequence[UUID]:
            asked = parse(query.ask)
            words = [words for term in bare_terms(asked) if (words := _beginning(term)) is not None]
            ranks = [func.ts_rank(_naive.c.searched, each) for each in words]
            found = select(_naive.c.id).where(condition(asked, {}, _met))
            wanted = found.order_by(*([sum(ranks[1:], ranks[0]).desc()] if ranks else []), _naive.c.id)
            return list((await tx.execute(wanted.limit(TOP))).scalars())

        yield ask


def _met(term: Term) -> ColumnElement[bool] | None:
    words = _beginning(term)
    return None if words is None else _naive.c.searched.bool_op("@@")(words)


def _cell(value: float | None, *, percent: bool = False) -> str:
    if value is None:
        return "–"  # noqa: RUF001
    return f"{value:.0%}" if percent else f"{value:.3f}"


def markdown(told: Mapping[str, Sequence[Answer]]) -> str:
    """Return a table of what each search made of each category."""
    names = list(told)
    lines = [
        f"| queries | | {' | '.join(f'{name}: NDCG@{TOP} | zero' for name in names)} |",
        f"| --- | ---: |{' ---: |' * (2 * len(names))}",
    ]
    tables = {name: by_category(answers) for name, answers in told.items()}
    for kind in tables[names[0]]:
        if kind != RIGHTLY_NOTHING:
            lines.append(_row(kind, [tables[name][kind] for name in names]))
    lines.append(_row("**all**", [Figures.of(told[name]) for name in names]))
    wrong = ", ".join(f"{name} {_cell(Figures.of(told[name]).wrong, percent=True)}" for name in names)
    return "\n".join([*lines, "", f"Found something where there is nothing: {wrong}."])


def _row(kind: str, figures: Sequence[Figures]) -> str:
    cells = [cell for each in figures for cell in (_cell(each.ndcg), _cell(each.zero, percent=True))]
    return f"| {kind} | {figures[0].queries} | {' | '.join(cells)} |"


def as_json(told: Mapping[str, Sequence[Answer]]) -> dict[str, object]:
    """Return all figures, and each query's, as JSON."""
    return {
        name: {
            "all": _figures(Figures.of(answers)),
            "categories": {kind: _figures(figures) for kind, figures in by_category(answers).items()},
            "queries": {
                answer.query.ask: {
                    "ndcg": None if answer.ndcg is None else round(answer.ndcg, 3),
                    "found": answer.found,
                }
                for answer in answers
            },
        }
        for name, answers in told.items()
    }


def _figures(figures: Figures) -> dict[str, object]:
    shown = {"queries": figures.queries, "ndcg": figures.ndcg, "zero": figures.zero, "wrong": figures.wrong}
    return {name: round(value, 4) for name, value in shown.items() if value is not None}
