"""An operation that takes too long ends, and its SQL ends in PostgreSQL with it."""

import asyncio

import pytest
import strawberry
from sqlalchemy import func, select, text

from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import OPEN
from commerce_graph.kernel.database import rows
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.graph import Graph, field, object_type
from commerce_graph.kernel.module import Module
from commerce_graph.kernel.statements import Prepared
from tests.shop import Shop

SLEEP = Prepared(select(func.pg_sleep(3_600)))
ASLEEP = text("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'")


@object_type(access=OPEN)
class Sleepers:
    """Queries that take an hour."""

    @field
    async def through_sqlalchemy(self, info: strawberry.Info) -> str | None:
        """Sleep in a read of its own."""
        async with info.context.read() as conn:
            await conn.execute(text("SELECT pg_sleep(3600)"))
        return "well rested"

    @field
    async def prepared(self, info: strawberry.Info) -> str | None:
        """Sleep in a prepared statement."""
        await rows(info.context.database, SLEEP)
        return "well rested"


async def asleep(shop: Shop, count: int) -> None:
    """Return when so many statements sleep."""
    async with asyncio.timeout(20):
        while True:
            async with shop.database.read() as conn:
                if (await conn.execute(ASLEEP)).scalar_one() == count:
                    return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("name", ["throughSqlalchemy", "prepared"])
async def test_the_deadline_ends_the_sql(shop: Shop, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(Graph([Module("sleepers", Sleepers)]))
    operation = engine.prepare(f"{{ {name} }}")
    assert isinstance(operation, Operation)
    monkeypatch.setattr(limits, "REQUEST_TIMEOUT_S", 1.5)
    running = asyncio.create_task(engine.run(operation, None, shop.context()))
    await asleep(shop, 1)
    answer = await running
    assert answer["errors"][0]["extensions"]["code"] == "TIMEOUT"
    await asleep(shop, 0)
    assert (await shop.data("{ shop { name } }"))["shop"]["name"]
