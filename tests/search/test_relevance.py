"""Relevance does not get worse unnoticed: floors for both engines on the judged queries, and the judging itself."""

from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import UUID, uuid4

import pytest
from benchmarks.relevance.judged import GRADES, PRODUCTS, Judged, ndcg
from benchmarks.relevance.measured import Answer, Figures, as_json, asking, by_category, markdown, measured
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.schema import CreateSchema
from tools.opensearch import Node

from commerce_graph import demo
from commerce_graph.catalog.service import learn_words
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database, metadata
from commerce_graph.kernel.outbox import Bus
from commerce_graph.search.service.postgres import PostgresEngine
from tests.conftest import Template
from tests.search.indexed import indexed

FLOORS = {"OpenSearch": (0.85, 0.05), "PostgreSQL": (0.80, 0.05)}
"""The least NDCG@10 and the most queries without a hit, by engine: what was measured with some slack."""


@pytest.fixture(scope="module")
def judged() -> Judged:
    """Return the judged queries."""
    return Judged()


@pytest.fixture(scope="module")
async def answers(template: Template, opensearch: Node, judged: Judged) -> AsyncIterator[Mapping[str, list[Answer]]]:
    """Return what both engines answer on the demo shop."""
    name = f"demo_{uuid4().hex[:8]}"
    async with template.admin.read() as conn:
        await conn.execute(text(f"CREATE DATABASE {name}"))
    database, redis = Database(template.url(name), pool_size=5), Redis.from_url(template.servers.redis_url)
    async with database.begin() as tx:
        for schema in sorted({table.schema for table in metadata.tables.values() if table.schema}):
            await tx.execute(CreateSchema(schema))
        await tx.run_sync(metadata.create_all)
    await demo.seed(database, PRODUCTS)
    async with database.begin() as tx:
        await learn_words(tx)
    resources = Resources(database=database, redis=redis, secret=b"test secret", bus=Bus(redis))
    async with indexed(resources, opensearch) as index:
        yield {
            "OpenSearch": await measured(judged, asking(index.engine, database, judged)),
            "PostgreSQL": await measured(judged, asking(PostgresEngine(), database, judged)),
        }
    await redis.aclose()
    await database.close()
    async with template.admin.read() as conn:
        await conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.parametrize("engine", FLOORS)
def test_relevance_stays_above_its_floor(answers: Mapping[str, list[Answer]], engine: str) -> None:
    figures = Figures.of(answers[engine])
    least, most_zero = FLOORS[engine]
    assert figures.ndcg is not None
    assert figures.zero is not None
    assert figures.ndcg >= least, markdown(answers)
    assert figures.zero <= most_zero, markdown(answers)


def test_every_rule_is_about_something(judged: Judged) -> None:
    for query in judged.queries:
        grades = set(judged.grades(query).values())
        assert len(grades) == len(query.rules), f"{query.category}: {query.ask}: {grades}"
    assert len(judged.queries) >= 100
    assert len({query.ask for query in judged.queries if not query.typing}) >= 190


@pytest.mark.parametrize(
    ("found", "worth"),
    [([], 0.0), (["a", "b", "c"], 1.0), (["a", "b"], 0.942), (["c", "b", "a"], 0.676), (["x", "a"], 0.467)],
)
def test_gain_is_more_for_better_answers_further_up(found: Sequence[str], worth: float) -> None:
    ids = {name: UUID(int=at) for at, name in enumerate("abcx", 1)}
    grades = {ids["a"]: 3, ids["b"]: 2, ids["c"]: 1}
    assert ndcg([ids[name] for name in found], grades) == pytest.approx(worth, abs=0.05)


def test_the_table_tells_each_category(judged: Judged) -> None:
    one, other = (next(query for query in judged.queries if bool(query.rules) is has) for has in (True, False))
    told = {"mine": [Answer(one, 3, 0.5), Answer(one, 0, 0.0), Answer(other, 1, None)]}
    table = markdown(told)
    assert f"| {one.category} | 2 | 0.250 | 50% |" in table
    assert "| **all** | 3 | 0.250 | 50% |" in table
    assert "Found something where there is nothing: mine 100%." in table
    assert by_category(told["mine"])[other.category] == Figures(1, None, None, 1.0)
    assert as_json(told)["mine"]["all"] == {"queries": 3, "ndcg": 0.25, "zero": 0.5, "wrong": 1.0}  # type: ignore[index]
    assert set(GRADES.values()) == {1, 2, 3}
