"""Waiting for what the database says, where a test has to know that another connection stands at a lock."""

import asyncio

from sqlalchemy import text

from commerce_graph.kernel.database import Database

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")

_HELD = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database AND datname = current_database() "
    "WHERE locktype = 'advisory' AND ((classid::bigint << 32) | objid::bigint) = :key"
)


async def until_blocked(database: Database, connections: int = 1) -> None:
    """Return once so many connections wait for a lock that another one holds."""
    async with asyncio.timeout(10), database.read() as conn:
        while ((await conn.execute(_WAITING)).scalar() or 0) < connections:  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # Postgres tells nobody that a lock is waited for


async def until_let_go(database: Database, key: int) -> None:
    """Return once nobody holds an advisory lock: Postgres takes a moment to see that a process is dead."""
    async with asyncio.timeout(10), database.read() as conn:
        while (await conn.execute(_HELD, {"key": key})).scalar():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
