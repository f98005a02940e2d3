"""Work that one process does at a time, over calls to the outside world."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.database import Database

INDEX_LOCK = 0x7365617263680001
"""Advisory lock key: one process writes changes to the indices at a time."""
BUILD_LOCK = 0x7365617263680002
"""Advisory lock key: one process builds an index at a time."""


@asynccontextmanager
async def alone(
    db: Database, key: int, where: ColumnElement[bool] | None = None
) -> AsyncIterator[AsyncConnection | None]:
    """Give a connection to who is alone, None to others and where the condition does not hold. 1 statement.

    The connection is for reads; it is outside of any transaction, so that nothing is held up while OpenSearch works.
    Locks: an advisory lock of the session, which Postgres lets go when the process dies.
    """
    asked = select(func.pg_try_advisory_lock(key)).where(true() if where is None else where)
    async with db.read() as conn:
        if not (await conn.execute(asked)).scalar():
            yield None
            return
        try:
            yield conn
        finally:
            await conn.execute(select(func.pg_advisory_unlock(key)))
