"""Buckets are one for all processes, leak by Redis' clock, and belong to a token or an address."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from commerce_graph.embedded import Servers
from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import ANONYMOUS, FORWARD_BUYER_IP, SHOPPER_SCOPES, Principal
from commerce_graph.kernel.demand.buckets import Buckets, Rate
from commerce_graph.kernel.demand.door import Door
from commerce_graph.kernel.demand.gate import Gate, Rank
from commerce_graph.kernel.demand.throttle import Throttle, Throttled, Visitor, networks
from commerce_graph.kernel.errors import RequestError

SLOW = Rate(100, 1)
"""So slow that no test sees it restore more than a point or two."""


def key() -> str:
    return uuid4().hex


async def test_all_points_or_none_are_taken(redis: Redis) -> None:
    buckets, name = Buckets(redis), key()
    assert await buckets.take(name, SLOW, 60) is not None
    refused = await buckets.take(name, SLOW, 60)
    assert refused is not None
    assert not refused.allowed
    assert 40 <= refused.available < 50
    taken = await buckets.take(name, SLOW, 40)
    assert taken is not None
    assert taken.allowed


async def test_a_bucket_restores_by_the_clock_of_redis(redis: Redis) -> None:
    buckets, name, fast = Buckets(redis), key(), Rate(100, 10_000)
    await buckets.take(name, fast, 100)
    async with asyncio.timeout(10):
        while not (await buckets.take(name, fast, 100)).allowed:  # type: ignore[union-attr]  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def test_what_is_given_back_comes_with_the_next_call(redis: Redis) -> None:
    buckets, name = Buckets(redis), key()
    await buckets.take(name, SLOW, 100)
    buckets.give_back(name, SLOW, 70)
    other = await buckets.take(key(), SLOW, 1)
    assert other is not None
    assert other.available == 99, "of its own bucket, not of the one that was given back to"
    taken = await Buckets(redis).take(name, SLOW, 70)
    assert taken is not None
    assert taken.allowed
    buckets.give_back(name, SLOW, -50)  # an event of a stream
    after = await buckets.take(name, SLOW, 0)
    assert after is not None
    assert after.available < 0


async def test_processes_share_a_bucket_to_the_point(redis: Redis, servers: Servers) -> None:
    name = key()
    others = [Redis.from_url(servers.redis_url) for _ in range(2)]
    rate = Rate(1_000, 1)
    try:
        buckets = [Buckets(each) for each in others]
        taken = await asyncio.gather(*(each.take(name, rate, 10) for each in buckets for _ in range(100)))
        allowed = sum(each.allowed for each in taken if each)
        assert 100 <= allowed <= 101, "1,000 points, and what came back meanwhile"
    finally:
        for each in others:
            await each.aclose()


async def test_callers_of_one_moment_are_one_call(redis: Redis) -> None:
    buckets = Buckets(redis)
    await buckets.take(key(), SLOW, 1)
    before = (await redis.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0)
    await asyncio.gather(*(buckets.take(key(), SLOW, 1) for _ in range(50)))
    after = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert after - before == 2  # the first goes alone, the others while it is under way


async def test_without_redis_nobody_is_throttled() -> None:
    gone: Redis = Redis.from_url("unix:///nowhere/redis.sock")
    throttle = Throttle(Buckets(gone), "all", SLOW)
    for _ in range(limits.CIRCUIT_FAILURES_MAX + 2):
        charge = await throttle.charge(90, ANONYMOUS, Visitor("192.0.2.1"))
        assert charge.status is None
    await gone.aclose()


MERCHANT = Principal(SHOPPER_SCOPES, token_id=UUID(int=1))
SHOPPER = Principal(SHOPPER_SCOPES, UUID(int=2), token_id=UUID(int=3))
SERVER = replace(SHOPPER, scopes=SHOPPER_SCOPES | FORWARD_BUYER_IP)
HERE = Visitor("192.0.2.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((MERCHANT, HERE), (MERCHANT, Visitor("192.0.2.2")), True),
        ((MERCHANT, HERE), (replace(MERCHANT, token_id=UUID(int=4)), HERE), False),
        ((SHOPPER, HERE), (SHOPPER, Visitor("192.0.2.2")), False),
        ((SHOPPER, HERE), (SHOPPER, Visitor("192.0.2.1", buyer="192.0.2.9")), True),  # no right to say so
        ((SERVER, HERE), (SERVER, Visitor("192.0.2.1", buyer="192.0.2.9")), False),
        ((SERVER, Visitor("192.0.2.3", buyer="192.0.2.9")), (SERVER, Visitor("192.0.2.4", buyer="192.0.2.9")), True),
        ((SERVER, HERE), (SERVER, Visitor("192.0.2.1", buyer="nonsense")), True),
        ((ANONYMOUS, HERE), (SHOPPER, HERE), False),
        ((ANONYMOUS, HERE), (ANONYMOUS, Visitor("192.0.2.1", "203.0.113.5")), True),  # its proxy is not known
        ((ANONYMOUS, Visitor("10.0.0.1", "203.0.113.5")), (ANONYMOUS, Visitor("10.9.9.9", "203.0.113.5")), True),
        ((ANONYMOUS, Visitor("10.0.0.1", "203.0.113.5")), (ANONYMOUS, Visitor("10.0.0.1", "203.0.113.6")), False),
        # What a client writes itself stands before what the proxies write.
        ((ANONYMOUS, Visitor("10.0.0.1", "1.1.1.1, 203.0.113.5")),
         (ANONYMOUS, Visitor("10.0.0.1", "2.2.2.2, 203.0.113.5, 10.0.0.2")), True),
        ((ANONYMOUS, Visitor("2001:db8::1")), (ANONYMOUS, Visitor("2001:db8::ffff:1")), True),
        ((ANONYMOUS, Visitor("2001:db8::1")), (ANONYMOUS, Visitor("2001:db8:0:1::1")), False),
        ((ANONYMOUS, HERE), (ANONYMOUS, Visitor("::ffff:192.0.2.1")), True),
        ((ANONYMOUS, Visitor("")), (ANONYMOUS, Visitor("nonsense")), True),
    ],
)  # fmt: skip
async def test_whose_bucket_it_is(
    redis: Redis, one: tuple[Principal, Visitor], other: tuple[Principal, Visitor], same: bool
) -> None:
    throttle = Throttle(Buckets(redis), "all", SLOW, networks(["10.0.0.0/8"]))
    keys = [throttle._key(who, who is not ANONYMOUS and who.channel_id is None, where) for who, where in (one, other)]
    assert (keys[0] == keys[1]) is same, keys


async def test_who_is_throttled_in_which_mode(redis: Redis) -> None:
    for mode, counted in (("off", ()), ("tokens", (MERCHANT,)), ("all", (MERCHANT, SHOPPER, ANONYMOUS))):
        throttle = Throttle(Buckets(redis), mode, SLOW)  # type: ignore[arg-type]
        for who in (MERCHANT, SHOPPER, ANONYMOUS):
            charge = await throttle.charge(1, who, Visitor(f"198.51.100.{len(mode)}"))
            assert (charge.status is not None) == (who in counted)
            assert charge.shown == (who is MERCHANT)


async def test_a_throttled_caller_is_told_when_to_come_back(redis: Redis) -> None:
    throttle, who = Throttle(Buckets(redis), "all", Rate(100, 5)), replace(MERCHANT, token_id=uuid4())
    await throttle.charge(100, who, HERE)
    with pytest.raises(Throttled) as refused:
        await throttle.charge(50, who, HERE)
    assert refused.value.message == "Throttled"
    assert refused.value.retry_after_s == 10
    told = refused.value.extensions["cost"]
    assert (told["requestedQueryCost"], told["actualQueryCost"]) == (50, None)
    assert told["throttleStatus"]["maximumAvailable"] == 100.0
    assert told["throttleStatus"]["restoreRate"] == 5.0
    assert 0 <= told["throttleStatus"]["currentlyAvailable"] < 10
    with pytest.raises(RequestError, match="100 at most") as never:
        await throttle.charge(101, who, HERE)
    assert never.value.code == "MAX_COST_EXCEEDED"


async def test_what_was_not_used_is_given_back_once_and_who_leaves_has_used_it(redis: Redis) -> None:
    buckets, who = Buckets(redis), replace(MERCHANT, token_id=uuid4())
    throttle = Throttle(buckets, "all", SLOW)
    door = Door(Gate(), throttle)
    async with door.let_in(Rank.READ, 80, who, HERE) as charge:
        charge.settle(10)
        charge.settle(0)
        assert charge.told(10)["throttleStatus"]["currentlyAvailable"] == 90
    async with door.let_in(Rank.READ, 80, who, HERE) as charge:
        assert charge.status is not None
        assert 10 <= charge.status.available < 15
    with pytest.raises(Throttled):
        async with door.let_in(Rank.READ, 80, who, HERE):
            pass
