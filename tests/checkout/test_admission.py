"""Admission: no more purchases at once than can be served, in order of arrival, over all processes."""

import asyncio
from uuid import UUID

import pytest
from redis.asyncio import Redis

from commerce_graph.checkout.service import Purchases, Submissions
from commerce_graph.checkout.service import admission as module
from commerce_graph.checkout.service.admission import PREFIX, Admission, Place
from commerce_graph.kernel.limits import ADMISSION_POLL_S_MAX, ADMISSION_POLL_S_MIN
from tests.cart.storefront import PREPARE, line, ready, submit
from tests.shop import Shop

CARTS = [UUID(int=n) for n in range(100)]


def positions(places: list[Place | None]) -> list[int]:
    return [place.position if place else 0 for place in places]


async def ask(door: Admission, *carts: UUID) -> list[int]:
    return positions([await door.ask(cart) for cart in carts])


async def test_who_is_beyond_the_room_keeps_a_place(redis: Redis) -> None:
    door = Admission(redis, each=2)
    assert await ask(door, *CARTS[:5]) == [0, 0, 1, 2, 3]
    assert await ask(door, *CARTS[:5]) == [0, 0, 1, 2, 3], "asking again changes nothing"
    await door.done(CARTS[0])
    assert await ask(door, CARTS[4]) == [3], "the room is for who waits longer"
    assert await ask(door, CARTS[3]) == [0], "but not left empty while the next is away"
    assert await ask(door, CARTS[2]) == [1]
    await door.done(CARTS[1])
    await door.done(CARTS[1])
    assert await ask(door, CARTS[4], CARTS[5]) == [0, 2], "one went twice and made room once"
    assert (await door.waiting()) == Place(3, ADMISSION_POLL_S_MIN)


async def test_every_process_that_lives_adds_room_and_shares_the_queue(redis: Redis) -> None:
    first, second = Admission(redis, each=1), Admission(redis, each=1)
    assert await ask(first, *CARTS[:2]) == [0, 1]
    assert await ask(second, CARTS[2]) == [0], "the second brings room for one, which is in reach of the second in line"
    assert await ask(second, CARTS[3], CARTS[1]) == [2, 1]


async def test_many_at_once_on_two_processes_come_in_once_and_in_order(redis: Redis) -> None:
    doors = [Admission(redis, each=5), Admission(redis, each=5)]
    await asyncio.gather(*(door.ask(UUID(int=1_000 + n)) for n, door in enumerate(doors)))
    order: list[UUID] = []
    running = [UUID(int=1_000), UUID(int=1_001)]
    for n, cart in enumerate(CARTS):
        if await doors[n % 2].ask(cart) is None:
            running.append(cart)
            order.append(cart)
    waiting = [cart for cart in CARTS if cart not in order]
    for _ in range(60):
        places = await asyncio.gather(*(doors[n % 2].ask(cart) for n, cart in enumerate(waiting)))
        admitted = [cart for cart, place in zip(waiting, places, strict=True) if place is None]
        running += admitted
        assert len(running) <= 10
        order += admitted
        waiting = [cart for cart in waiting if cart not in admitted]
        for cart in running[:5]:
            await doors[0].done(cart)
        running = running[5:]
        if not waiting:
            break
    assert not waiting, "nobody starves"
    late = [abs(order.index(cart) - n) for n, cart in enumerate(CARTS)]
    assert max(late) <= 20, "nobody comes in long after who arrived later"


async def test_who_went_away_and_what_died_make_room(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STALE_S", 0.05)
    monkeypatch.setattr(module, "ADMISSION_LEASE_S", 0.2)
    door = Admission(redis, each=1)
    assert await ask(door, *CARTS[:3]) == [0, 1, 2]
    await asyncio.sleep(0.1)
    assert await ask(door, CARTS[3]) == [1], "nobody who waited asked again"
    await asyncio.sleep(0.15)
    assert await ask(door, CARTS[4]) == [0], "and who ran was heard of no more"


async def test_the_time_to_come_back_follows_the_rate(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Admission(redis, each=1)
    now = (await redis.time())[0] // module.BUCKET_S
    await redis.mset({f"{PREFIX}done:{bucket}": 50 for bucket in (now - 1, now)})
    places = [await door.ask(cart) for cart in CARTS]
    waits = [place.poll_after_s for place in places if place]
    assert waits[:12] == [ADMISSION_POLL_S_MIN] * 10 + [1.1, 1.2], "ten a second"
    assert max(waits) == 9.9
    assert module._place(100_000, 50).poll_after_s == ADMISSION_POLL_S_MAX


async def test_there_is_an_end_to_the_queue(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ADMISSION_QUEUE_MAX", 2)
    door = Admission(redis, each=1)
    assert await ask(door, *CARTS[:5]) == [0, 1, 2, 3, 3]
    assert await redis.zcard(PREFIX + "queue") == 2


async def test_without_redis_each_process_has_its_own_room(shop: Shop) -> None:
    gone = Redis.from_url("redis://127.0.0.1:1")
    door = Admission(gone, each=2)
    assert await ask(door, *CARTS[:4], CARTS[0]) == [0, 0, 1, 1, 0]
    shop.resources.services["submissions"] = Submissions(shop.database, Purchases.of(shop.resources), door)
    cart = await ready(shop, line("mug-variant"))
    assert (await submit(shop, cart))["__typename"] == "SubmitThrottled"
    await door.done(CARTS[0])
    assert (await submit(shop, cart))["__typename"] == "SubmitSuccess"
    await Purchases.of(shop.resources).settle()
    await gone.aclose()


async def test_a_shopper_is_told_and_comes_in_later(shop: Shop) -> None:
    door = Admission(shop.resources.redis, each=1)
    shop.resources.services["submissions"] = Submissions(shop.database, Purchases.of(shop.resources), door)
    assert await door.ask(CARTS[0]) is None
    first, second = await ready(shop, line("mug-variant")), await ready(shop, line("mug-variant"))
    assert [(await submit(shop, cart))["__typename"] for cart in (first, second)] == ["SubmitThrottled"] * 2
    came = (await shop.data(PREPARE, {"cartId": first["id"]}))["cartPrepareForCompletion"]["result"]
    assert came["__typename"] == "CartThrottled"
    await door.done(CARTS[0])
    assert (await submit(shop, first))["__typename"] == "SubmitSuccess"
    await Purchases.of(shop.resources).settle()
    assert (await submit(shop, second))["__typename"] == "SubmitSuccess", "the first has come to rest and left"
    await Purchases.of(shop.resources).settle()
    assert await shop.resources.redis.zcard(PREFIX + "running") == 0
