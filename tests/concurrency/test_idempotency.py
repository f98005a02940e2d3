"""One key from many connections and processes at once: one effect, and the same answer for all."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from commerce_graph.embedded import Servers
from commerce_graph.kernel import limits
from commerce_graph.kernel.execution import Engine
from tests.repeating import RECEIVE, claimed, elsewhere, here, lamps, new_key
from tests.shop import Shop

TWINS = 20


async def test_twenty_connections_and_one_key(shop: Shop, servers: Servers, engine: Engine) -> None:
    before = await lamps(shop.database)
    async with here(shop.database, servers.redis_url, engine) as server:
        answers = await asyncio.gather(*(server.send(RECEIVE, {"by": 5}) for _ in range(TWINS)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert await lamps(shop.database) == (before[0] + 5, before[1] + 1, before[2] + 1)


async def test_twenty_keys_are_twenty_effects(shop: Shop, servers: Servers, engine: Engine) -> None:
    """More than may hold a connection at once: they take turns, and all are served."""
    before = await lamps(shop.database)
    assert limits.IDEMPOTENT_AT_ONCE_MAX < TWINS
    async with here(shop.database, servers.redis_url, engine) as server:
        answers = await asyncio.gather(*(server.send(RECEIVE, {"by": 1}, new_key()) for _ in range(TWINS)))
    assert len({answer.content for answer in answers}) == TWINS
    assert (await lamps(shop.database))[:2] == (before[0] + TWINS, before[1] + TWINS)


@pytest.mark.parametrize("rounds", [5])
async def test_two_processes_and_one_key(shop: Shop, servers: Servers, rounds: int) -> None:
    before = await lamps(shop.database)
    async with AsyncExitStack() as stack:
        both = [await stack.enter_async_context(elsewhere(shop.database, servers.redis_url)) for _ in range(2)]
        for _ in range(rounds):
            key = new_key()
            sent = (both[twin % 2].send(RECEIVE, {"by": 2}, key) for twin in range(TWINS))
            answers = await asyncio.gather(*sent)
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.content for answer in answers}) == 1
    assert (await lamps(shop.database))[:2] == (before[0] + 2 * rounds, before[1] + rounds)
    assert await claimed(shop.database) == rounds
