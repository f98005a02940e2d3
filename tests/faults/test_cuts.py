"""Connections are cut at each call of a purchase, Redis goes and comes back: one order, one charge, no room lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from commerce_graph.checkout.service import Purchases, Submission, Submissions, Throttled
from commerce_graph.checkout.service.admission import PREFIX, Admission
from commerce_graph.embedded import Servers
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import ADMISSION_LEASE_S
from tests.faults.sale import assert_sold, carts
from tests.faults.test_checkout import Crash, resumed
from tests.faults.wire import SOCKET, Cut, Wire, wired
from tests.inventory.stock import put
from tests.shop import Shop

CUTS: list[tuple[Cut, bytes]] = [("lost", b"COMMIT"), ("unanswered", b"")]
"""A transaction commits nothing where a call of it was lost, so of those that are only commits are of interest."""
CALLS_MAX = 100


@pytest.fixture(autouse=True)
def log() -> Iterator[list[Any]]:
    """Keep what is logged: to draw a fault takes longer than the purchase it is of."""
    with capture_logs() as entries:
        yield entries


@asynccontextmanager
async def cut_off(shop: Shop) -> AsyncIterator[tuple[Wire, Database]]:
    """Give the shop's database behind a wire."""
    url = make_url(shop.database.url)
    async with wired(f"{url.query['host']}/{SOCKET}", postgres=True) as (wire, folder):
        database = Database(f"{shop.database.url.partition('?')[0]}?host={folder}", pool_size=3)
        try:
            async with database.begin() as tx:
                await tx.execute(text("SELECT 'the first connection asks for more than others'"))
            yield wire, database
        finally:
            await database.close()


Rule = Callable[[bytes], Cut | None]


def at_call(number: int, cut: Cut, which: bytes = b"", transaction: int = 1) -> Rule:
    """Return a rule that cuts at the call with this number among those that hold some text.

    They are counted from the begin of a transaction on: from the first one, or a later one.
    """
    calls = begun = 0

    def rule(call: bytes) -> Cut | None:
        nonlocal calls, begun
        if call[:1] not in b"BQ":  # a statement is only prepared
            return None
        begun += b"BEGIN" in call
        if begun < transaction or which not in call:
            return None
        calls += 1
        return cut if calls == number + 1 else None

    return rule


async def ask(submissions: Submissions, *cart_ids: UUID) -> list[Submission | BaseException]:
    """Submit carts at the same time, each by the same token as before."""
    asked = (submissions.submit(cart_id, "first") for cart_id in cart_ids)
    return await asyncio.gather(*asked, return_exceptions=True)


def purchase_of(told: Submission | BaseException) -> UUID:
    """Return the purchase that a buyer was told of, which is the one of their token."""
    assert isinstance(told, Submission), told
    assert told.attempt
    assert told.own
    return told.attempt.id


async def end(shop: Shop) -> None:
    """Have a worker end what nobody drives any more."""
    while await resumed(shop):
        pass


@pytest.mark.parametrize(("cut", "which"), CUTS)
async def test_a_purchase_whose_connection_is_cut_at_each_call(shop: Shop, cut: Cut, which: bytes) -> None:
    """The buyer asks again by the same token, and a worker goes on with what nobody drives any more."""
    await put(shop.database, "mug-variant", berlin=CALLS_MAX)
    async with cut_off(shop) as (wire, database):
        for number, cart_id in enumerate(await carts(shop, CALLS_MAX)):
            wire.rule = at_call(number, cut, which)
            purchases = Purchases()
            submissions = Submissions(database, purchases, Admission(shop.resources.redis))
            (told,) = await ask(submissions, cart_id)
            await purchases.settle()
            wire.rule = lambda call: None
            again = [purchase_of(each) for each in await ask(submissions, cart_id, cart_id)]
            assert len({*again, again[0] if isinstance(told, Exception) else purchase_of(told)}) == 1
            await purchases.settle()
            if len(wire.cuts) == number:
                break
    assert len(wire.cuts) == number, "it was cut at every call"
    assert sum(b"COMMIT" in call for call in wire.cuts) >= 4, "submission, answer, order and capture"
    await end(shop)
    await assert_sold(shop, number + 1)


def die(point: str) -> None:
    """Stop a purchase where it begins: what is cut is its submission."""
    raise Crash


@pytest.mark.parametrize(("cut", "which"), CUTS)
async def test_a_group_whose_connection_is_cut_at_each_call(shop: Shop, log: list[Any], cut: Cut, which: bytes) -> None:
    """Nobody in it is told of a failure that was none, and nobody buys twice, not even where the commit is cut."""
    await put(shop.database, "mug-variant", berlin=CALLS_MAX)
    async with cut_off(shop) as (wire, database):
        submissions = Submissions(database, Purchases(passing=die), Admission(shop.resources.redis))
        made = iter(await carts(shop, CALLS_MAX))
        for number, cart_ids in enumerate(zip(made, made, made, strict=False)):
            wire.rule = at_call(number, cut, which, transaction=2)  # the first goes alone, the others with each other
            told = [purchase_of(each) for each in await ask(submissions, *cart_ids)]
            wire.rule = lambda call: None
            assert [purchase_of(each) for each in await ask(submissions, *cart_ids)] == told
            if len(wire.cuts) == number:
                break
    assert len(wire.cuts) == number, "it was cut at every call"
    assert sum(b"COMMIT" in call for call in wire.cuts) == 1
    broken_up = [entry["submissions"] for entry in log if entry["event"] == "checkout.group_broken_up"]
    assert broken_up == [2] * number
    await end(shop)
    await assert_sold(shop, 3 * (number + 1))


class Outage:
    """Breaks a wire as the first purchase begins, and mends it when so many have come to rest."""

    def __init__(self, wire: Wire, until: int) -> None:
        self._wire = wire
        self._left = until

    def passing(self, point: str) -> None:
        """Follow a purchase."""
        if point == "reserved" and self._left and not self._wire.gone:
            self._wire.gone = True
            self._wire.drop()
        if point == "completed" and self._left:
            self._left -= 1
            self._wire.gone = self._left > 0


async def patiently(submissions: Submissions, cart_id: UUID) -> Submission:
    """Submit as a client does: again after a while where too much is under way."""
    while True:
        try:
            return await submissions.submit(cart_id, "first")
        except Throttled:
            await asyncio.sleep(0.02)


async def test_redis_goes_in_mid_sale_and_comes_back(shop: Shop, redis: Redis, servers: Servers) -> None:
    """The sale goes on without it, and what it remembers of before takes up no room and no place."""
    await put(shop.database, "mug-variant", berlin=40)
    async with wired(servers.redis_url.removeprefix("unix://"), postgres=False) as (wire, folder):
        client = Redis.from_url(f"unix://{folder / SOCKET}")
        doors = [Admission(client, each=3) for _ in range(2)]
        purchases = Purchases(passing=Outage(wire, until=12).passing)
        sales = [Submissions(shop.database, purchases, door) for door in doors]
        cart_ids = await carts(shop, 40)
        async with asyncio.timeout(ADMISSION_LEASE_S / 2):  # what takes up room for nothing does so for a lease
            told = await asyncio.gather(*(patiently(sales[at % 2], cart_id) for at, cart_id in enumerate(cart_ids)))
        await purchases.settle()
        assert all(each.fresh for each in told)
        assert not wire.gone, "it was gone, and is back"
        async with asyncio.timeout(30):
            while any(door._circuit.is_open for door in doors):
                await asyncio.gather(*(door.waiting() for door in doors))
                await asyncio.sleep(0.05)
        for door in doors:
            await door.done(uuid4())
        assert await redis.zrange(PREFIX + "running", 0, -1) == []
        assert await redis.zrange(PREFIX + "queue", 0, -1) == []
        await client.aclose()
    await assert_sold(shop, 40)
