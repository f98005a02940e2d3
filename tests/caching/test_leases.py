"""One process of all executes what all miss, and nobody waits for one that cannot help."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from commerce_graph.kernel.caching import Answers, Store, answers, store
from commerce_graph.kernel.caching.answers import Kept
from commerce_graph.kernel.caching.store import Miss
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import ANSWER_BYTES_MAX, ANSWER_LEASE_S

LEASES = "{answers}:lease:*"
FOREVER_S = 600.0


class Shelf:
    """What is read, and how often; a read takes until it is told to go on."""

    def __init__(self) -> None:
        self.value: Any = "old"
        self.asked = 0
        self.began: asyncio.Queue[None] = asyncio.Queue()
        self.go_on = asyncio.Event()
        self.fault: Exception | None = None

    async def ask(self) -> tuple[dict[str, Any], frozenset[str]]:
        """Read."""
        self.asked += 1
        value, fault = self.value, self.fault
        self.began.put_nowait(None)
        await self.go_on.wait()
        if fault:
            raise fault
        return value if isinstance(value, dict) else {"data": value}, frozenset({"Product"})

    async def begins(self, times: int = 1) -> None:
        """Wait until so many more reads have begun."""
        async with asyncio.timeout(10):
            for _ in range(times):
                await self.began.get()


@pytest.fixture
def shelf() -> Shelf:
    """Return what is read."""
    return Shelf()


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that says how long leases last."""

    def last(lease_s: float) -> None:
        for module in (answers, store):
            monkeypatch.setattr(module, "ANSWER_LEASE_S", lease_s)

    return last


def processes(redis: Redis, count: int) -> list[Answers]:
    """Return as many as there would be in so many processes."""
    return [Answers(Store(redis)) for _ in range(count)]


async def all_wait(redis: Redis, shelf: Shelf, count: int) -> list[asyncio.Task[Kept]]:
    """Return the requests of so many processes: the first one reads, the others have found its lease."""
    first, *others = processes(redis, count)
    running = [asyncio.create_task(first.answer("key", 60, shelf.ask))]
    await shelf.begins()
    running += [asyncio.create_task(each.answer("key", 60, shelf.ask)) for each in others]
    await asyncio.sleep(0.1)
    return running


async def test_one_execution_for_many_processes(redis: Redis, shelf: Shelf, lasting: Callable[[float], None]) -> None:
    lasting(FOREVER_S)
    running = await all_wait(redis, shelf, 10)
    shelf.go_on.set()
    assert {each.body for each in await asyncio.gather(*running)} == {b'{"data":"old"}'}
    assert shelf.asked == 1
    assert await redis.keys(LEASES) == []


async def test_an_owner_who_dies_holds_others_no_longer_than_its_lease(
    redis: Redis, shelf: Shelf, lasting: Callable[[float], None]
) -> None:
    lasting(0.3)
    shelf.go_on.set()
    (answers,) = processes(redis, 1)
    moment = await answers.moment()
    assert moment is not None
    dead = Miss("key", moment)
    assert await Store(redis).find(dead) is None
    assert 0 < await redis.pttl(dead.lease) <= 300
    waiting = asyncio.create_task(answers.answer("key", 60, shelf.ask))
    await asyncio.sleep(0.1)
    assert shelf.asked == 0
    assert (await waiting).body == b'{"data":"old"}'
    assert shelf.asked == 1


async def test_nobody_waits_longer_than_one_lease_for_one_that_is_slow(
    redis: Redis, shelf: Shelf, lasting: Callable[[float], None]
) -> None:
    lasting(0.3)
    running = await all_wait(redis, shelf, 3)
    await shelf.begins(2)
    shelf.go_on.set()
    await asyncio.gather(*running)


async def test_who_asks_after_a_write_does_not_wait_for_who_asked_before(
    redis: Redis, shelf: Shelf, lasting: Callable[[float], None]
) -> None:
    lasting(FOREVER_S)
    running = await all_wait(redis, shelf, 2)
    shelf.value = "new"
    await Store(redis).change({"Product"})
    late = [asyncio.create_task(each.answer("key", 60, shelf.ask)) for each in processes(redis, 5)]
    await shelf.begins()  # beside the first one
    await asyncio.sleep(0.1)
    assert shelf.asked == 2
    shelf.go_on.set()
    assert {each.body for each in await asyncio.gather(*late)} == {b'{"data":"new"}'}
    await asyncio.gather(*running)
    (another,) = processes(redis, 1)
    assert (await another.answer("key", 60, shelf.ask)).body == b'{"data":"new"}'


async def test_an_answer_that_a_write_overtook_holds_nobody(
    redis: Redis, shelf: Shelf, lasting: Callable[[float], None]
) -> None:
    lasting(FOREVER_S)
    running = await all_wait(redis, shelf, 3)
    shelf.value = "new"
    await Store(redis).change({"Product"})
    shelf.go_on.set()
    first, *others = await asyncio.gather(*running)
    assert first.body == b'{"data":"old"}'  # it asked before the write
    assert {each.body for each in others} == {b'{"data":"new"}'}


@pytest.mark.parametrize(
    "value",
    [{"data": None, "errors": [{"message": "no"}]}, "x" * ANSWER_BYTES_MAX],
    ids=["errors", "too large"],
)
async def test_what_may_not_be_kept_holds_nobody(
    redis: Redis, shelf: Shelf, lasting: Callable[[float], None], value: Any
) -> None:
    lasting(FOREVER_S)
    shelf.value = value
    running = await all_wait(redis, shelf, 4)
    assert shelf.asked == 1
    shelf.go_on.set()
    await asyncio.gather(*running)
    assert shelf.asked == 4
    assert await redis.keys("{answers}:of:*") == []


async def test_who_was_turned_away_leaves_it_to_one_of_the_others(
    redis: Redis, shelf: Shelf, lasting: Callable[[float], None]
) -> None:
    lasting(FOREVER_S)
    shelf.fault = RequestError("THROTTLED", "Throttled")
    first, *others = await all_wait(redis, shelf, 4)
    shelf.fault = None
    shelf.go_on.set()
    with pytest.raises(RequestError):
        await first
    await asyncio.gather(*others)
    assert shelf.asked == 2


async def test_a_fault_frees_all_at_once(redis: Redis, shelf: Shelf, lasting: Callable[[float], None]) -> None:
    lasting(FOREVER_S)
    shelf.fault = ZeroDivisionError()
    first, *others = await all_wait(redis, shelf, 4)
    shelf.fault = None
    shelf.go_on.set()
    with pytest.raises(ZeroDivisionError):
        await first
    async with asyncio.timeout(10):
        await asyncio.gather(*others)  # each by itself, or with what one of them has kept meanwhile
    (lease,) = await redis.keys(LEASES)
    assert await redis.get(lease) == b""


async def test_a_lease_is_ended_by_its_owner_alone(redis: Redis) -> None:
    mine, other = Miss("key", 1), Miss("key", 1)
    kept = Store(redis)
    assert await kept.find(mine) is None
    await kept.give_up(other, again=True)
    left = await kept.find(other)
    assert isinstance(left, float)
    assert 0 < left <= ANSWER_LEASE_S
    await kept.give_up(mine, again=True)
    assert await kept.find(other) is None
    assert isinstance(await kept.find(mine), float)
