"""The transactional outbox: facts are stored with the change that made them, then delivered at least once, in order.

A relay reads committed facts in the order of their transactions and appends them to a Redis stream. Each process reads
the stream once and fans out to its subscribers. Delivery can repeat after a crash; consumers go by `Fact.id`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.changes import tell
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, metadata
from commerce_graph.kernel.limits import SUBSCRIBER_QUEUE_EVENTS_MAX
from commerce_graph.kernel.statements import Given

log = structlog.get_logger()

STREAM = "commerce-graph:events"
STREAM_EVENTS_MAX = 100_000
RELAY_BATCH_MAX = 500
RELAY_IDLE_S = 0.2
RELAY_RETRY_S = 1.0
HANDLER_RETRY_S_MAX = 300
"""A failed handler is called again after 1, 2, 4 … seconds, at most this many apart, until it succeeds."""
RELAY_LOCK = 0x6F7574626F78
"""Advisory lock key: one relay works at a time, so order holds."""

outbox = Table(
    "outbox",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    # The writer's transaction id: a fact may be relayed once no older transaction can still commit.
    Column("transaction", BigInteger, nullable=False, server_default=text("pg_current_xact_id()::text::bigint")),
    Column("occurred_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # A fact whose handler failed has been sent on, and stays for that handler alone.
    Column("sent", Boolean, nullable=False, server_default="false"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_outbox_order", "transaction", "position"),
    schema="kernel",
)

handled = Table(
    "handled",
    metadata,
    Column("handler", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Index("ix_handled_event", "event_id"),
    schema="kernel",
)


@dataclass(frozen=True, slots=True)
class Event:
    """A fact. Subclasses hold UUIDs and plain text only."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A delivered event: `id` is unique for good, `kind` the class name of the event."""

    id: UUID
    kind: str
    payload: dict[str, Any]


Handler = Callable[[Database, Fact], Awaitable[None]]


async def publish(tx: AsyncConnection, *events: Event) -> None:
    """Store facts in the caller's transaction. 1 statement."""
    if events:
        tell(tx, *events)
        await tx.execute(_PUBLISHING, _PUBLISHED.values([_stored(event) for event in events]))


def _stored(event: Event) -> tuple[UUID, str, dict[str, Any]]:
    return new_id(), type(event).__name__, _plain(asdict(event))


_PUBLISHED = Given("facts", id=Uuid, kind=Text, payload=JSONB)
_FACTS = (_PUBLISHED.c.id, _PUBLISHED.c.kind, _PUBLISHED.c.payload)
_PUBLISHING = insert(outbox).from_select(["id", "kind", "payload"], select(*_FACTS).order_by(_PUBLISHED.c.at))


class Facts:
    """Facts that a statement, which is built once, stores if another part of it changed the row that each is about."""

    def __init__(self) -> None:
        self._given = Given("facts", about=Uuid, id=Uuid, kind=Text, payload=JSONB)

    def published(self, changed: CTE) -> CTE:
        """Return the part of the statement that stores them, by the `id` of the rows that `changed` returns."""
        facts = self._given.c
        told = select(facts.id, facts.kind, facts.payload).join(changed, changed.c.id == facts.about)
        return insert(outbox).from_select(["id", "kind", "payload"], told.order_by(facts.at)).cte("facts_told")

    def values(self, facts: Sequence[tuple[UUID, Event]]) -> dict[str, Any]:
        """Return the parameters that are these facts, each with the key of the row that it is about."""
        return self._given.values([(about, *_stored(event)) for about, event in facts])


def _plain(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in payload.items()}


class Relay:
    """Moves facts from the outbox to Redis and to the handlers. Run one or many; one works at a time."""

    def __init__(self, database: Database, redis: Redis, handlers: dict[str, list[Handler]] | None = None) -> None:
        self._database = database
        self._redis = redis
        self._handlers = handlers or {}

    async def run(self) -> None:
        """Relay until cancelled. Redis or Postgres gone: waits and goes on; nothing is lost."""
        while True:
            try:
                moved = await self.step()
            except (RedisError, SQLAlchemyError, OSError) as fault:
                log.warning("outbox.relay_waits", fault=str(fault))
                moved = 0
                await asyncio.sleep(RELAY_RETRY_S)
            if moved < RELAY_BATCH_MAX:
                await asyncio.sleep(RELAY_IDLE_S)

    async def step(self) -> int:
        """Relay one batch and return its size. A crash between sending and deleting repeats the batch.

        Locks: an advisory lock of the session, not of a transaction, since Redis is called while it is held.
        """
        async with self._database.alone(RELAY_LOCK) as conn:
            return 0 if conn is None else await self._deliver(conn)

    async def _deliver(self, conn: AsyncConnection) -> int:
        settled = text("transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint AND due_at <= now()")
        columns = (outbox.c.position, outbox.c.id, outbox.c.kind, outbox.c.payload, outbox.c.sent)
        oldest = select(*columns).where(settled).order_by(outbox.c.transaction, outbox.c.position)
        rows = (await conn.execute(oldest.limit(RELAY_BATCH_MAX))).all()
        failed = {row.position for row in rows if not await self._handle(Fact(row.id, row.kind, row.payload))}
        pipe = self._redis.pipeline(transaction=False)
        for row in rows:
            if not row.sent:
                fields: dict[Any, Any] = {"id": row.id.hex, "kind": row.kind, "payload": orjson.dumps(row.payload)}
                pipe.xadd(STREAM, fields, maxlen=STREAM_EVENTS_MAX, approximate=True)
        await pipe.execute()
        await self._settle(conn, {row.position: row.id for row in rows if row.position not in failed}, failed)
        return len(rows)

    async def _handle(self, fact: Fact) -> bool:
        try:
            for handler in self._handlers.get(fact.kind, ()):
                await handler(self._database, fact)
        except Exception:
            # One fact that a handler cannot digest must not hold up all that come after it.
            log.exception("outbox.handler_failed", kind=fact.kind, fact_id=str(fact.id))
            return False
        return True

    async def _settle(self, conn: AsyncConnection, done: dict[int, UUID], failed: set[int]) -> None:
        if failed:
            wait_s = func.least(func.power(2, outbox.c.tries), HANDLER_RETRY_S_MAX)
            due_at = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, wait_s)
            again = update(outbox).where(outbox.c.position.in_(failed))
            await conn.execute(again.values(sent=True, tries=outbox.c.tries + 1, due_at=due_at))
        if done:
            await conn.execute(delete(outbox).where(outbox.c.position.in_(done)))
            # It cannot come again, so nobody has to know it again.
            await conn.execute(delete(handled).where(handled.c.event_id.in_(done.values())))


class Bus:
    """This process's ear on the stream: one reader, many subscribers."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queues: set[asyncio.Queue[Fact | None]] = set()
        self._listening = asyncio.Event()

    async def run(self) -> None:
        """Read the stream until cancelled; Redis gone: waits and goes on where it was."""
        last: Any = None
        while True:
            try:
                if last is None:
                    newest: Any = await self._redis.xrevrange(STREAM, count=1)
                    last = newest[0][0] if newest else "0-0"
                self._listening.set()
                answer: Any = await self._redis.xread({STREAM: last}, block=1_000, count=500)
            except (RedisError, OSError) as fault:
                log.warning("bus.waits", fault=str(fault))
                await asyncio.sleep(1)
                continue
            for _stream, entries in answer or ():
                for position, fields in entries:
                    last = position
                    self._tell(_fact(fields))

    def _tell(self, fact: Fact) -> None:
        for queue in list(self._queues):
            if queue.qsize() >= SUBSCRIBER_QUEUE_EVENTS_MAX:
                # A subscriber that does not keep up is ended, never the server's memory.
                self._queues.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(fact)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Fact]]:
        """Receive every fact from now on. Ends when the subscriber falls SUBSCRIBER_QUEUE_EVENTS_MAX behind."""
        await self._listening.wait()
        queue: asyncio.Queue[Fact | None] = asyncio.Queue()
        self._queues.add(queue)

        async def facts() -> AsyncIterator[Fact]:
            while (fact := await queue.get()) is not None:
                yield fact

        try:
            yield facts()
        finally:
            self._queues.discard(queue)


def _fact(fields: dict[bytes, bytes]) -> Fact:
    return Fact(UUID(fields[b"id"].decode()), fields[b"kind"].decode(), orjson.loads(fields[b"payload"]))


async def first_time(tx: AsyncConnection, handler: str, fact: Fact) -> bool:
    """Tell whether this handler meets the fact for the first time, and remember it in the caller's transaction."""
    told = (
        postgresql.insert(handled)
        .values(handler=handler, event_id=fact.id)
        .on_conflict_do_nothing()
        .returning(handled.c.event_id)
    )
    return (await tx.execute(told)).one_or_none() is not None
