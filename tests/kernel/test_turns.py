"""Turns: in order, never more than there are, and none lost, whatever happens to who waits."""

import asyncio
from random import Random

import pytest

from commerce_graph.kernel.turns import Turns


async def test_turns_are_given_in_the_order_they_were_asked_for() -> None:
    turns = Turns(1)
    order: list[int] = []

    async def work(number: int) -> None:
        async with turns:
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(work(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_nobody_overtakes_who_waits() -> None:
    turns = Turns(1)
    await turns.take()
    first = asyncio.create_task(turns.take())
    await asyncio.sleep(0)
    turns.give()  # it is the first one's now, though that one has not run yet
    second = asyncio.create_task(turns.take())
    await first
    await asyncio.sleep(0)
    assert not second.done()
    turns.give()
    await second


async def test_who_waits_too_long_gives_up_and_takes_nothing_along() -> None:
    turns = Turns(1)
    await turns.take()
    with pytest.raises(TimeoutError):
        await turns.take(0.001)
    turns.give()
    await turns.take(0.001)


async def test_a_turn_of_one_cancelled_before_it_knew_goes_to_the_next() -> None:
    turns = Turns(1)
    await turns.take()
    first, second = asyncio.create_task(turns.take()), asyncio.create_task(turns.take())
    await asyncio.sleep(0)
    turns.give()
    first.cancel()
    await asyncio.wait_for(second, 5)
    assert first.cancelled()


@pytest.mark.parametrize("seed", range(40))
async def test_no_schedule_loses_a_turn_or_gives_one_too_many(seed: int) -> None:
    random = Random(seed)
    at_once = random.randint(1, 3)
    turns = Turns(at_once)
    inside = 0

    async def work() -> None:
        nonlocal inside
        try:
            await turns.take(random.choice((None, 0, 0.0005, 5)))
        except TimeoutError:
            return
        try:
            inside += 1
            assert inside <= at_once
            for _ in range(random.randint(0, 3)):
                await asyncio.sleep(0)
        finally:
            inside -= 1
            turns.give()

    running = []
    for _ in range(60):
        running.append(asyncio.create_task(work()))
        for _ in range(random.randint(0, 2)):
            await asyncio.sleep(0)
        if random.random() < 0.4:
            random.choice(running).cancel()
    ended = await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), 10)
    assert all(each is None or isinstance(each, asyncio.CancelledError) for each in ended)
    await asyncio.wait_for(asyncio.gather(*(turns.take() for _ in range(at_once))), 5)  # all of them are back
    with pytest.raises(TimeoutError):
        await turns.take(0)
