"""Connections of the pool that reads share: each is lent for one statement, and taken from the pool once for many."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from commerce_graph.kernel.limits import DATABASE_WAIT_S, LEASE_IDLE_S
from commerce_graph.kernel.statements import Prepared, Row
from commerce_graph.kernel.turns import Turns

CANCEL_S_MAX = 2.0
"""How long PostgreSQL may take to hear that a statement is to stop."""


def told(sql: str, fault: Exception, *, broken: bool) -> DBAPIError:
    """Return a fault of asyncpg's as SQLAlchemy tells faults: with the driver's own as `orig`, without parameters."""
    return DBAPIError(sql, None, fault, hide_parameters=True, connection_invalidated=broken)


class _Lease:
    """A connection that was taken from the pool, and the driver's beneath it."""

    __slots__ = ("conn", "driver")

    def __init__(self, conn: AsyncConnection, driver: asyncpg.Connection) -> None:
        self.conn = conn
        self.driver = driver


class Leases:
    """Runs prepared statements, each outside of any transaction, on connections kept at hand.

    To check a connection out of SQLAlchemy's pool and in again costs as much as a small read. One that nobody has
    used for LEASE_IDLE_S goes back, so that whoever writes can have it.
    Limits: `at_once` statements; more wait in turn, DATABASE_WAIT_S at most.
    """

    def __init__(self, engine: AsyncEngine, at_once: int) -> None:
        self._engine = engine
        self._turns = Turns(at_once)
        self._idle: list[_Lease] = []
        self._unused = 0
        """How many of the idle ones nobody has needed since the last look."""
        self._look: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def fetch(self, statement: Prepared, parameters: Sequence[object]) -> list[Row]:
        """Run a statement and return its rows. A cancelled one gives its turn back, and its connection up.

        Raises: DBAPIError for what PostgreSQL refuses, and sqlalchemy.exc.TimeoutError without a connection in time.
        """
        try:
            await self._turns.take(DATABASE_WAIT_S)
        except TimeoutError:
            raise PoolTimeout(f"no connection for a read within {DATABASE_WAIT_S} s") from None
        try:
            return await self._fetch(statement, parameters)
        finally:
            self._turns.give()

    async def _fetch(self, statement: Prepared, parameters: Sequence[object]) -> list[Row]:
        lease = await self._take()
        try:
            rows: list[Row] = await lease.driver.fetch(statement.sql, *parameters, record_class=statement.row)
        except Exception as fault:
            broken = lease.driver.is_closed()
            if broken:
                await self._drop(lease)
            else:
                self._put(lease)
            raise told(statement.sql, fault, broken=broken) from fault
        except BaseException:
            self._apart(_stopped(lease))  # its answer is still on the way
            raise
        self._put(lease)
        return rows

    async def _take(self) -> _Lease:
        while self._idle:
            lease = self._idle.pop()
            self._unused = min(self._unused, len(self._idle))
            if not lease.driver.is_closed():
                return lease
            await self._drop(lease)
        conn = await self._engine.connect()
        try:
            driver = (await conn.get_raw_connection()).driver_connection
        except BaseException:
            await conn.close()
            raise
        assert driver is not None
        return _Lease(conn, driver)

    def _put(self, lease: _Lease) -> None:
        self._idle.append(lease)
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(LEASE_IDLE_S, self._give_back)

    def _give_back(self) -> None:
        self._look = None
        for lease in self._idle[: self._unused]:
            self._apart(lease.conn.close())
        del self._idle[: self._unused]
        self._unused = len(self._idle)
        if self._idle:
            self._look = asyncio.get_running_loop().call_later(LEASE_IDLE_S, self._give_back)

    async def _drop(self, lease: _Lease) -> None:
        await asyncio.shield(self._apart(_invalidated(lease.conn)))

    def _apart(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something to its end, whatever becomes of who asked for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def close(self) -> None:
        """Give back what is idle."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
        for lease in self._idle:
            self._apart(lease.conn.close())
        self._idle.clear()
        await asyncio.gather(*self._ending)


async def _stopped(lease: _Lease) -> None:
    """End a connection whose statement nobody waits for, after PostgreSQL was asked to stop it."""
    try:
        await lease.driver.close(timeout=CANCEL_S_MAX)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        lease.driver.terminate()
    await _invalidated(lease.conn)


async def _invalidated(conn: AsyncConnection) -> None:
    await conn.invalidate()
    await conn.close()
