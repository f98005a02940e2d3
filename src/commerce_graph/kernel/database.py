"""The database: one pool, short reads, explicit transactions, and a count of the statements."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, MetaData, Select, event, func, select, true
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from commerce_graph.kernel.changes import Changes, Watch, note
from commerce_graph.kernel.leases import Leases, told
from commerce_graph.kernel.limits import DATABASE_WAIT_S
from commerce_graph.kernel.statements import Prepared, written

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of every domain, each in the Postgres schema of its domain."""


class Sent(str):
    """The text of a statement that was sent, and its parameters."""

    parameters: Any

    def __new__(cls, sql: str, parameters: Any) -> "Sent":
        """Return the text with its parameters."""
        made = super().__new__(cls, sql)
        made.parameters = parameters
        return made


_statements: ContextVar[list[Sent] | None] = ContextVar("statements", default=None)


class Database:
    """A Postgres server seen through one pool.

    `statement_timeout_s`: Postgres ends a statement that runs longer, so that what nobody waits for any more stops.
    """

    def __init__(self, url: str, *, pool_size: int = 10, statement_timeout_s: float = 0) -> None:
        self.url = url
        self.watch: Watch | None = None
        server = {"application_name": "commerce-graph", "jit": "off", "timezone": "UTC"}
        server["statement_timeout"] = f"{statement_timeout_s * 1000:.0f}"
        self.engine: AsyncEngine = create_async_engine(
            url,
            # None beyond the pool: it would be closed after each use, and PostgreSQL plan every statement anew.
            pool_size=2 * pool_size,
            max_overflow=0,
            pool_use_lifo=True,
            pool_timeout=DATABASE_WAIT_S,
            hide_parameters=True,  # what is written is people's, and errors go into the log
            json_serializer=written,
            json_deserializer=orjson.loads,
            connect_args={"server_settings": server},
        )
        # A read outside a transaction saves the BEGIN and ROLLBACK round trips.
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._leases = Leases(self.engine, pool_size)
        event.listen(self.engine.sync_engine, "before_cursor_execute", _note_executed)
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a short read. Statements see committed data; do not write through it."""
        async with self._reading.connect() as conn:
            yield conn

    async def fetch(self, statement: Prepared, values: dict[str, Any]) -> Sequence[Any]:
        """Run a prepared statement; it sees committed data. Use `rows`.

        Limits: half of the connections that the pool may open.
        Raises: DBAPIError, and sqlalchemy.exc.TimeoutError where no connection comes free.
        """
        parameters = statement.parameters(values)
        _note(statement.sql, parameters)
        return await self._leases.fetch(statement, parameters)

    @asynccontextmanager
    async def alone(self, key: int, where: ColumnElement[bool] | None = None) -> AsyncIterator[AsyncConnection | None]:
        """Open a read for who is alone, None for others and where the condition does not hold. 1 statement, 2 if alone.

        It is outside of any transaction, so that nothing is held up while the outside world is called.
        Locks: the advisory lock `key` of the session, which Postgres lets go when the process dies.
        """
        asked = select(func.pg_try_advisory_lock(key)).where(true() if where is None else where)
        async with self.read() as conn:
            if not (await conn.execute(asked)).scalar():
                yield None
                return
            try:
                yield conn
            finally:
                await conn.execute(select(func.pg_advisory_unlock(key)))

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction (READ COMMITTED): commits at the end, rolls back on an exception.

        Locks are taken by the services in the order of docs/reliability.md.
        """
        async with self.engine.begin() as conn, _watched(self.watch, conn) as changes:
            yield conn
            if self.watch:
                await self.watch.before_commit(conn, changes)
        if self.watch:
            await self.watch.committed(changes)

    @asynccontextmanager
    async def joined(self) -> AsyncIterator["Joined"]:
        """Open one transaction for all that is read and written through what this returns.

        It commits at the end where `Joined.keep` was called, and rolls back in every other case.
        """
        async with self.engine.connect() as conn, conn.begin() as transaction, _watched(self.watch, conn) as changes:
            whole = Joined(self, conn)
            try:
                yield whole
            finally:
                whole.closed = True
                if whole.busy:  # with a read that nobody waits for any more: without it, the server rolls back
                    await conn.invalidate()
            if not whole.kept:
                await transaction.rollback()
            elif self.watch:
                await self.watch.before_commit(conn, changes)
        if self.watch and whole.kept:
            await self.watch.committed(changes)

    def share(self, at_once: int) -> "Database":
        """Return this database for work behind the requests, which takes so many connections at once, no more."""
        return _Share(self, at_once)

    async def close(self) -> None:
        """Close the pool."""
        await self._leases.close()
        await self.engine.dispose()


class Joined(Database):
    """A database seen through one open transaction: each `begin` is a savepoint in it.

    One statement runs at a time, so reads and savepoints take turns: do not open one inside another.
    """

    def __init__(self, database: Database, conn: AsyncConnection) -> None:
        self.url = database.url
        self.engine = database.engine
        self.closed = False
        self.kept = False
        self.broken = False
        """A read has failed, and Postgres refuses whatever else this transaction would do."""
        self._conn = conn
        self._turn = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Tell whether somebody reads or writes at this moment."""
        return self._turn.locked()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Read what was committed, and what was written here."""
        async with self._mine():
            try:
                yield self._conn
            except DBAPIError:
                self.broken = True
                raise

    async def fetch(self, statement: Prepared, values: dict[str, Any]) -> Sequence[Any]:
        """Read what was committed, and what was written here."""
        async with self.read() as conn:
            return await _fetch(conn, statement, values)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Open a savepoint: released at the end, rolled back to on an exception."""
        async with self._mine(), self._conn.begin_nested():
            yield self._conn

    @asynccontextmanager
    async def last(self) -> AsyncIterator[AsyncConnection]:
        """Write what belongs to the whole, when nothing else may come: waits for whoever is still reading."""
        async with self._mine():
            self.closed = True
            yield self._conn

    def keep(self) -> None:
        """Have the whole committed."""
        self.kept = True

    @asynccontextmanager
    async def _mine(self) -> AsyncIterator[None]:
        async with self._turn:
            if self.closed:
                raise RuntimeError("the transaction of this operation is over")
            yield


class _Share(Database):
    """A database whose readers and writers take turns."""

    def __init__(self, whole: Database, at_once: int) -> None:
        self.url = whole.url
        self.engine = whole.engine
        self._whole = whole
        self._turns = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._turns, self._whole.read() as conn:
            yield conn

    async def fetch(self, statement: Prepared, values: dict[str, Any]) -> Sequence[Any]:
        async with self._turns:
            return await self._whole.fetch(statement, values)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        async with self._turns, self._whole.begin() as conn:
            yield conn


N = TypeVar("N", bound=tuple[Any, ...])
Source = AsyncConnection | Database
"""What a prepared statement reads from: a transaction or a read that is open, or the database."""


async def rows(source: Source, statement: Prepared | Select[Any], **values: Any) -> Sequence[Any]:
    """Return the rows of a statement. 1 statement.

    A prepared one goes to PostgreSQL without SQLAlchemy between, a SELECT that was only built goes through it.
    """
    if isinstance(statement, Prepared):
        reads = source.fetch if isinstance(source, Database) else partial(_fetch, source)
        return await reads(statement, values)
    if isinstance(source, Database):
        async with source.read() as conn:
            return await _executed(conn, statement, values)
    return await _executed(source, statement, values)


def by_key(found: Sequence[Any], kind: type[N]) -> dict[Any, N]:
    """Return rows as a NamedTuple of all that follows their first column, by that. Raises: TypeError."""
    fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    if found and len(found[0]) != len(fields) + 1:
        raise TypeError(f"a row of {len(found[0])} columns is no key with {', '.join(fields)}")
    # `_make` is a call of Python's for each row; what it does is this.
    return {row[0]: tuple.__new__(kind, row[1:]) for row in found}


async def _executed(conn: AsyncConnection, statement: Select[Any], values: dict[str, Any]) -> Sequence[Any]:
    found: Sequence[Any] = (await conn.execute(statement, values)).all()
    return found


async def _fetch(conn: AsyncConnection, statement: Prepared, values: dict[str, Any]) -> Sequence[Any]:
    """Run a prepared statement where a connection is: inside its transaction, if it has begun one."""
    within = conn.sync_connection
    driver: Any = None if within is None or within.invalidated else within.connection.driver_connection
    if driver is None or not driver.is_in_transaction():
        return await _executed(conn, statement.select, values)  # there may be a BEGIN to come before it
    parameters = statement.parameters(values)
    _note(statement.sql, parameters)
    try:
        found: Sequence[Any] = await driver.fetch(statement.sql, *parameters, record_class=statement.row)
    except Exception as fault:
        broken = driver.is_closed()
        if broken:
            await conn.invalidate()
        raise told(statement.sql, fault, broken=broken) from fault
    except BaseException:
        await conn.invalidate()  # its answer is still on the way
        raise
    return found


@contextmanager
def count_statements() -> Iterator[list[Sent]]:
    """Collect the SQL statements (`Sent`) executed inside the block and in tasks started from it."""
    seen: list[Sent] = []
    token = _statements.set(seen)
    try:
        yield seen
    finally:
        _statements.reset(token)


def _refuse_closed(connection: Any, record: ConnectionPoolEntry, fairy: Any) -> None:
    """Have the pool open another connection for one that broke while nobody used it. Costs no round trip."""
    driver: Any = record.driver_connection
    if driver.is_closed():
        raise DisconnectionError


def _note_executed(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
    _note(statement, parameters)
    note(conn, statement)


@asynccontextmanager
async def _watched(watch: Watch | None, conn: AsyncConnection) -> AsyncIterator[Changes]:
    """Note what a transaction changes where somebody wants to know."""
    if watch is None:
        yield Changes()
        return
    try:
        yield Changes.begin(conn)
    finally:
        Changes.end(conn)


def _note(statement: str, parameters: Any) -> None:
    seen = _statements.get()
    if seen is not None:
        seen.append(Sent(statement, parameters))
