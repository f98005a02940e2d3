"""Counts what is searched for, without writing to the database: in the process, then in Redis, then by a job.

Counts are kept by spans of time. A query is offered to others only when it was asked in several spans, so that nobody
can make one popular by repeating it, and nobody's own words come back before they are others' too. What is lost with a
process or with Redis is missed by nobody.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.limits import TALLIED_QUERIES_MAX, TALLY_FLUSH_S, TALLY_SPAN_S, TALLY_TIMEOUT_S
from commerce_graph.search.service.popularity import store_queries

SPANS_KEPT = 12
"""How many spans wait for a job that does not run."""
KEY = "search:asked:"

Asked = tuple[str, str]
"""A query in a language, as it may be told."""


class Tally:
    """One for a process. A search never waits longer for it than TALLY_TIMEOUT_S, and seldom at all."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock
        self._counted: Counter[Asked] = Counter()
        self._sent_at = 0.0

    async def note(self, language: str, text: str) -> None:
        """Count a query that found something. At most once every TALLY_FLUSH_S it sends what was counted to Redis."""
        if len(self._counted) < TALLIED_QUERIES_MAX or (language, text) in self._counted:
            self._counted[language, text] += 1
        now = self._clock()
        if now - self._sent_at < TALLY_FLUSH_S:
            return
        self._sent_at = now
        counted, self._counted = self._counted, Counter()
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(TALLY_TIMEOUT_S):
                await self._send(f"{KEY}{int(now // TALLY_SPAN_S)}", counted)

    async def _send(self, key: str, counted: Mapping[Asked, int]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for asked, times in counted.items():
            pipe.zincrby(key, times, orjson.dumps(asked))
        pipe.zremrangebyrank(key, 0, -TALLIED_QUERIES_MAX - 1)
        pipe.expire(key, SPANS_KEPT * TALLY_SPAN_S)
        await pipe.execute()


def tally(resources: Resources) -> Tally:
    """Return the process's tally."""
    found = resources.services.get("search.tally")
    if not isinstance(found, Tally):
        found = resources.services["search.tally"] = Tally(resources.redis)
    return found


async def store_tally(resources: Resources, clock: Callable[[], float] = time.time) -> int:
    """Store the counts of the spans that are over, and return how many spans that were.

    Safe to run twice at once: a span is taken from Redis by one of them. If that one dies then, its span is lost.
    """
    now_s = clock()
    span = int(now_s // TALLY_SPAN_S)
    stored = 0
    for key in (f"{KEY}{span - back}" for back in range(SPANS_KEPT, 0, -1)):
        pipe = resources.redis.pipeline(transaction=True)
        pipe.zrange(key, 0, -1, withscores=True)
        pipe.delete(key)
        try:
            taken, _ = await pipe.execute()
        except (RedisError, OSError):
            return stored
        if taken:
            counted = {_asked(member): times for member, times in taken}
            async with resources.database.begin() as tx:
                await store_queries(tx, counted, now_s)
            stored += 1
    return stored


def _asked(member: bytes) -> Asked:
    language, text = orjson.loads(member)
    return language, text
