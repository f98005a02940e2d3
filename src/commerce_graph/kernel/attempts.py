"""Attempts at what can be guessed, counted in Redis for a window of time."""

import asyncio
from collections.abc import Mapping

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger()

COUNTER_TIMEOUT_S = 0.5
"""How long an attempt waits for its counter before it goes on uncounted, as it does while Redis is gone."""


async def too_many(redis: Redis, most: Mapping[str, int], window_s: int, unheard: str, number: int = 1) -> bool:
    """Count so many attempts more, and tell whether one of the counters is over its limit. 1 call.

    `most`: the limit of each counter, by its key; a window begins with a counter's first attempt. `number` below 0
    takes attempts back, which are never too many. `unheard`: what the log calls attempts that could not be counted.
    """
    try:
        async with asyncio.timeout(COUNTER_TIMEOUT_S):
            pipe = redis.pipeline(transaction=True)
            for counter in most:
                pipe.set(counter, 0, ex=window_s, nx=True)
                pipe.incrby(counter, number)
            counted = (await pipe.execute())[1::2]
    except (RedisError, OSError) as fault:
        log.warning(unheard, fault=repr(fault))
        return False
    return number > 0 and any(count > limit for count, limit in zip(counted, most.values(), strict=True))


async def forget(redis: Redis, counter: str, unheard: str) -> None:
    """Begin a counter anew. 1 call."""
    try:
        async with asyncio.timeout(COUNTER_TIMEOUT_S):
            await redis.delete(counter)
    except (RedisError, OSError) as fault:
        log.warning(unheard, fault=repr(fault))
