"""No fact is lost, none is told early, order holds, and what repeats after a crash is recognised."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, update

from commerce_graph.events import OrderUpdated
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import SUBSCRIBER_QUEUE_EVENTS_MAX
from commerce_graph.kernel.outbox import STREAM, Bus, Fact, Relay, first_time, handled, outbox, publish


@pytest.fixture
async def bus(redis: Redis) -> AsyncIterator[Bus]:
    made = Bus(redis)
    reading = asyncio.create_task(made.run())
    yield made
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading


async def stored(database: Database) -> int:
    async with database.read() as conn:
        return (await conn.execute(select(func.count()).select_from(outbox))).scalar_one()


async def test_a_rolled_back_fact_is_never_told(database: Database, redis: Redis) -> None:
    with suppress(RuntimeError):
        async with database.begin() as tx:
            await publish(tx, OrderUpdated(new_id()))
            raise RuntimeError
    assert await Relay(database, redis).step() == 0
    assert await redis.xlen(STREAM) == 0


async def test_facts_arrive_in_the_order_of_their_transactions(database: Database, redis: Redis, bus: Bus) -> None:
    ids = [new_id() for _ in range(50)]
    async with bus.subscribe() as facts:
        for order_id in ids:
            async with database.begin() as tx:
                await publish(tx, OrderUpdated(order_id))
        assert await Relay(database, redis).step() == 50
        assert await stored(database) == 0
        seen = [(await anext(facts)).payload["order_id"] for _ in ids]
    assert seen == [str(order_id) for order_id in ids]


async def test_a_fact_waits_for_older_transactions(database: Database, redis: Redis) -> None:
    relay = Relay(database, redis)
    async with database.begin() as older:
        await publish(older, OrderUpdated(new_id(), change="first"))
        async with database.begin() as newer:
            await publish(newer, OrderUpdated(new_id(), change="second"))
        assert await relay.step() == 0, "the older transaction could still commit a fact before this one"
    assert await relay.step() == 2
    told = [fields[b"payload"] for _, fields in await redis.xrange(STREAM)]
    assert b"first" in told[0]
    assert b"second" in told[1]


async def test_of_many_relays_one_works(database: Database, redis: Redis) -> None:
    for _ in range(20):
        async with database.begin() as tx:
            await publish(tx, OrderUpdated(new_id()))
    moved = await asyncio.gather(*(Relay(database, redis).step() for _ in range(5)))
    while await stored(database):
        moved.append(await Relay(database, redis).step())
    assert sum(moved) == 20
    assert await redis.xlen(STREAM) == 20


async def test_a_crash_between_sending_and_deleting_repeats_with_the_same_id(database: Database, redis: Redis) -> None:
    async with database.begin() as tx:
        await publish(tx, OrderUpdated(new_id()))

    class Crash(BaseException):
        pass

    class Dying(Relay):
        async def _settle(self, *_: object) -> None:
            raise Crash

    with pytest.raises(Crash):
        await Dying(database, redis).step()
    assert await Relay(database, redis).step() == 1
    ids = {fields[b"id"] for _, fields in await redis.xrange(STREAM)}
    assert await redis.xlen(STREAM) == 2
    assert len(ids) == 1


async def test_a_handler_runs_before_the_fact_leaves_and_knows_a_repeat(database: Database, redis: Redis) -> None:
    firsts: list[bool] = []

    async def handle(db: Database, fact: Fact) -> None:
        async with db.begin() as tx:
            firsts.append(await first_time(tx, "test", fact))
            firsts.append(await first_time(tx, "test", fact))

    async with database.begin() as tx:
        await publish(tx, OrderUpdated(new_id()))
    await Relay(database, redis, {"OrderUpdated": [handle]}).step()
    assert firsts == [True, False]
    async with database.read() as conn:
        left = (await conn.execute(select(func.count()).select_from(handled))).scalar_one()
    assert left == 0, "what cannot come again is not remembered"


async def test_a_fact_that_its_handler_cannot_digest_holds_nobody_up(database: Database, redis: Redis) -> None:
    poison, good = new_id(), new_id()
    seen: list[str] = []

    async def handle(db: Database, fact: Fact) -> None:
        seen.append(fact.payload["order_id"])
        if fact.payload["order_id"] == str(poison) and seen.count(str(poison)) < 3:
            raise RuntimeError("poison")

    relay = Relay(database, redis, {"OrderUpdated": [handle]})
    async with database.begin() as tx:
        await publish(tx, OrderUpdated(poison), OrderUpdated(good))
    assert await relay.step() == 2
    assert await redis.xlen(STREAM) == 2, "subscribers are told of both"
    assert await stored(database) == 1, "the failed one waits for its handler"
    assert await relay.step() == 0, "not before it is due"
    for _ in range(2):
        async with database.begin() as tx:
            await tx.execute(update(outbox).values(due_at=func.now()))
        assert await relay.step() == 1
    assert await stored(database) == 0
    assert await redis.xlen(STREAM) == 2, "and are not told twice"
    assert seen == [str(poison), str(good), str(poison), str(poison)]


async def test_a_slow_subscriber_is_ended_and_others_go_on(redis: Redis) -> None:
    bus = Bus(redis)
    bus._listening.set()
    async with bus.subscribe() as slow, bus.subscribe() as quick:
        for index in range(SUBSCRIBER_QUEUE_EVENTS_MAX + 1):
            bus._tell(Fact(new_id(), "Test", {"index": index}))
            assert (await anext(quick)).payload["index"] == index
        assert [fact async for fact in slow] == []
