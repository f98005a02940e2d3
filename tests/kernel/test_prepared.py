"""Statements that run on asyncpg directly: they answer as SQLAlchemy would, and leave the pool as they found it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    Enum,
    Float,
    Integer,
    Numeric,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from commerce_graph.kernel import leases
from commerce_graph.kernel.database import Database, count_statements, rows
from commerce_graph.kernel.pages import Order, page_arguments, read_page
from commerce_graph.kernel.statements import Prepared
from tests.conftest import Template

KEY = UUID("01890000-0000-7000-8000-000000000001")
KINDS: dict[str, tuple[Any, Any]] = {
    "uuid": (Uuid(), KEY),
    "uuids": (ARRAY(Uuid), [KEY, None]),
    "text": (Text(), "Größe"),
    "texts": (ARRAY(Text), ["a", "b"]),
    "document": (JSONB(), {"a": [1, None, "ü"], "b": {"c": 1.5}}),
    "list": (JSONB(), [1, 2]),
    "number": (Numeric(), Decimal("12345678901234567890.10")),
    "float": (Float(), 0.25),
    "integer": (Integer(), -7),
    "wide": (BigInteger(), 2**62),
    "boolean": (Boolean(), True),
    "moment": (DateTime(timezone=True), datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)),
    "nothing": (Text(), None),
}
PID = Prepared(select(func.pg_backend_pid().label("pid")))
SLEEP = Prepared(select(func.pg_sleep(bindparam("s", type_=Float())).cast(Text).label("slept")))
PLUS = Prepared(select((bindparam("a", type_=Integer()) + literal(1)).label("sum")))
BROKEN = Prepared(select((literal(1) / bindparam("by", type_=Integer())).label("none")))


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return once something holds."""
    async with asyncio.timeout(10):
        while not await holds():  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.01)


async def test_values_go_in_and_come_out_as_with_sqlalchemy(database: Database) -> None:
    asked = select(*(bindparam(f"p_{name}", type_=kind).label(name) for name, (kind, _) in KINDS.items()))
    values = {f"p_{name}": value for name, (_, value) in KINDS.items()}
    async with database.read() as conn:
        (plain,) = (await conn.execute(asked, values)).all()
    (row,) = await rows(database, Prepared(asked), **values)
    for name, (_, value) in KINDS.items():
        assert getattr(row, name) == getattr(plain, name) == value
        assert row._mapping[name] == value
        assert isinstance(getattr(row, name), type(value))


async def test_values_in_the_statement_stay_what_they_were(database: Database) -> None:
    built = Prepared(select(literal({"a": 1}, JSONB).label("document"), literal(KEY, Uuid).label("key")))
    assert [tuple(row) for row in await rows(database, built)] == [({"a": 1}, KEY)]
    listed = select(column("n", Integer)).select_from(func.generate_series(1, 5).alias("n"))
    assert [row.n for row in await rows(database, Prepared(listed.where(column("n", Integer).in_([2, 4]))))] == [2, 4]


def test_a_parameter_must_be_given() -> None:
    with pytest.raises(KeyError):
        PLUS.parameters({})


def test_a_column_that_python_has_to_convert_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        Prepared(
            select(column("colour", Enum("RED", "BLUE", native_enum=False, length=9))).add_columns(column("colour"))
        )


async def test_a_page_with_such_a_column_is_read_all_the_same(database: Database) -> None:
    number = func.generate_series(1, 5).table_valued("n", name="numbers").render_derived()
    colour = cast(literal("RED"), Enum("RED", "BLUE", native_enum=False, length=9)).label("colour")
    query, order = select(number.c.n.label("n"), colour), Order((number.c.n,))
    for _ in range(3):
        page = await read_page(database, query, order, page_arguments(2, None, None, None))
        assert [(row.n, row.colour) for row in page.rows] == [(1, "RED"), (2, "RED")]
        assert page.has_next


async def test_statements_are_counted_with_their_parameters(database: Database) -> None:
    with count_statements() as seen:
        await rows(database, PLUS, a=1)
        async with database.begin() as tx:
            await tx.execute(text("SELECT 1"))
            await rows(tx, PLUS, a=2)
    assert [list(each.parameters) for each in seen] == [[1, 1], [], [2, 1]]
    assert seen[0] == seen[2] == PLUS.sql


async def test_a_transaction_is_read_from_within(database: Database) -> None:
    async with database.begin() as tx:
        (first,) = await rows(tx, PID)  # begins it
        await tx.execute(text("CREATE TEMPORARY TABLE seen ON COMMIT DROP AS SELECT 1 AS n"))
        (second,) = await rows(tx, PID)
        found = await rows(tx, Prepared(select(column("n", Integer)).select_from(text("seen"))))
    assert [row.n for row in found] == [1]
    assert first.pid == second.pid


async def test_a_fault_is_told_as_sqlalchemy_tells_it_and_the_connection_goes_on(database: Database) -> None:
    (before,) = await rows(database, PID)
    with pytest.raises(DBAPIError) as caught:
        await rows(database, BROKEN, by=0)
    assert getattr(caught.value.orig, "sqlstate", None) == "22012"
    assert not caught.value.connection_invalidated
    assert (await rows(database, PID))[0].pid == before.pid
    async with database.begin() as tx:
        await tx.execute(text("SELECT 1"))
        with pytest.raises(DBAPIError):
            await rows(tx, BROKEN, by=0)
    assert [row.sum for row in await rows(database, PLUS, a=1)] == [2]


async def test_a_cancelled_read_is_stopped_and_gives_its_turn_back(database: Database, template: Template) -> None:
    for _ in range(25):  # more than the pool has connections
        reading = asyncio.create_task(rows(database, SLEEP, s=60.0))
        await asyncio.sleep(0.02)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert [row.sum for row in await rows(database, PLUS, a=1)] == [2]

    async def stopped() -> bool:
        sleeping = text(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep($1%' AND state = 'active'"
            " AND pid <> pg_backend_pid()"
        )
        async with template.admin.read() as conn:
            return (await conn.execute(sleeping)).scalar_one() == 0

    await until(stopped)


async def test_a_cancelled_read_of_a_transaction_ends_it(database: Database) -> None:
    async def read() -> None:
        async with database.begin() as tx:
            await tx.execute(text("SELECT 1"))
            await rows(tx, SLEEP, s=60.0)

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.05)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    async with database.begin() as tx:
        assert [row.sum for row in await rows(tx, PLUS, a=1)] == [2]


async def test_connections_that_broke_are_not_used(database: Database, template: Template) -> None:
    pids = {(await rows(database, PID))[0].pid}
    async with template.admin.read() as conn:
        for pid in pids:
            await conn.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    assert (await rows(database, PID))[0].pid not in pids


async def test_a_connection_that_breaks_in_a_read_is_a_fault_once(database: Database, template: Template) -> None:
    (row,) = await rows(database, PID)
    reading = asyncio.create_task(rows(database, SLEEP, s=60.0))
    await asyncio.sleep(0.05)
    async with template.admin.read() as conn:
        await conn.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": row.pid})
    with pytest.raises(DBAPIError) as caught:
        await reading
    assert caught.value.connection_invalidated
    assert [each.sum for each in await rows(database, PLUS, a=1)] == [2]


async def test_idle_connections_go_back_to_the_pool(database: Database) -> None:
    await asyncio.gather(*(rows(database, SLEEP, s=0.05) for _ in range(3)))
    pool: Any = database.engine.pool
    assert pool.checkedout() == 3

    async def back() -> bool:
        return pool.checkedout() == 0

    await until(back)


async def test_who_gets_no_turn_is_told(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "DATABASE_WAIT_S", 0.05)
    small = Database(template.servers.database_url, pool_size=1)
    try:
        reading = asyncio.create_task(rows(small, SLEEP, s=0.5))
        await asyncio.sleep(0.01)
        with pytest.raises(PoolTimeout):
            await rows(small, PLUS, a=1)
        await reading
        assert [row.sum for row in await rows(small, PLUS, a=1)] == [2]
    finally:
        await small.close()
