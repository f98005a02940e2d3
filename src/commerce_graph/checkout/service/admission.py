"""Admission: how many purchases run at once over all processes, and who comes next. Kept in Redis.

What is beyond the shop's capacity is told to come back, keeps its place, and comes in in order of arrival, instead of
being accepted and timing out with everything else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from redis.asyncio import Redis

from commerce_graph.kernel.circuit import Circuit
from commerce_graph.kernel.limits import (
    ADMISSION_ANSWER_S_MAX,
    ADMISSION_LEASE_S,
    ADMISSION_LEFT_MAX,
    ADMISSION_POLL_S_MAX,
    ADMISSION_POLL_S_MIN,
    ADMISSION_QUEUE_MAX,
    ADMITTED_PER_PROCESS_MAX,
)
from commerce_graph.kernel.scripts import Unavailable, called

PREFIX = "{checkout}:"
"""In braces, so that all keys are on one node of a Redis cluster."""
BUCKET_S = 5
STALE_S = 4 * ADMISSION_POLL_S_MAX
"""Who has not asked for so long has gone away, and loses its place."""

_SHARED = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bucket = math.floor(time[1] / tonumber(ARGV[1]))
"""
_ASK = (
    _SHARED
    + """
local queue, seen, running, servers, arrivals, done = unpack(KEYS)
local member, server = ARGV[2], ARGV[3]
local each, waiting_max, lease, stale = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
redis.call('ZADD', servers, now + stale, server)
redis.call('ZREMRANGEBYSCORE', servers, '-inf', now)
redis.call('ZREMRANGEBYSCORE', running, '-inf', now)
local gone = redis.call('ZRANGEBYSCORE', seen, '-inf', now - stale, 'LIMIT', 0, 500)
if #gone > 0 then
  redis.call('ZREM', queue, unpack(gone))
  redis.call('ZREM', seen, unpack(gone))
end
if redis.call('ZSCORE', running, member) then
  redis.call('ZADD', running, now + lease, member)
  return {0, 0}
end
local free = each * redis.call('ZCARD', servers) - redis.call('ZCARD', running)
local rank = redis.call('ZRANK', queue, member)
local waiting = redis.call('ZCARD', queue)
-- The next in line may not ask for a moment, so as many again may come in before it as there is room for.
if free > 0 and (rank or waiting) < 2 * free then
  redis.call('ZREM', queue, member)
  redis.call('ZREM', seen, member)
  redis.call('ZADD', running, now + lease, member)
  return {0, 0}
end
local rate = tonumber(redis.call('GET', done .. (bucket - 1)) or 0)
if not rank then
  if waiting >= waiting_max then
    return {waiting + 1, rate}
  end
  redis.call('ZADD', queue, redis.call('INCR', arrivals), member)
  rank = waiting
end
redis.call('ZADD', seen, now, member)
return {rank + 1, rate}
"""
)
_DONE = (
    _SHARED
    + """
local queue, seen, running, done = unpack(KEYS)
local ended = redis.call('ZREM', running, unpack(ARGV, 2))
if ended > 0 then
  redis.call('INCRBY', done .. bucket, ended)
  redis.call('EXPIRE', done .. bucket, 4 * ARGV[1])
end
-- Who was let in while Redis was gone may still have a place here.
redis.call('ZREM', queue, unpack(ARGV, 2))
redis.call('ZREM', seen, unpack(ARGV, 2))
return ended
"""
)
_WAITING = (
    _SHARED
    + """
local queue, done = unpack(KEYS)
return {redis.call('ZCARD', queue), tonumber(redis.call('GET', done .. (bucket - 1)) or 0)}
"""
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue, and after how long to ask again."""

    position: int
    poll_after_s: float


class Admission:
    """Who may buy now. One for a process; all processes of a shop share the queue.

    Limits: ADMITTED_PER_PROCESS_MAX purchases run for each process that is alive; ADMISSION_QUEUE_MAX wait. A purchase
    whose process died frees its room after ADMISSION_LEASE_S.
    Without Redis each process lets in as many as it has room for, whoever comes first. Who has left meanwhile is told
    to Redis when it is back.
    """

    def __init__(self, redis: Redis, each: int = ADMITTED_PER_PROCESS_MAX) -> None:
        self._each = each
        self._server = uuid4().hex
        self._mine: set[UUID] = set()
        self._left: set[UUID] = set()
        self._circuit = Circuit("admission")
        self._ask = redis.register_script(_ASK)
        self._done = redis.register_script(_DONE)
        self._waiting = redis.register_script(_WAITING)

    async def ask(self, cart_id: UUID) -> Place | None:
        """Let a cart's purchase in (None), or return its place in the queue: the same one however often it asks."""
        keys = [PREFIX + name for name in ("queue", "seen", "running", "servers", "arrivals", "done:")]
        limits = [self._each, ADMISSION_QUEUE_MAX, ADMISSION_LEASE_S * 1_000, STALE_S * 1_000]
        self._left.discard(cart_id)
        found = await self._call(self._ask, keys, [cart_id.hex, self._server, *limits])
        if found is None:
            found = [int(cart_id not in self._mine and len(self._mine) >= self._each), 0]
        elif self._left:
            await self.done()  # Redis is back, and counts those who left meanwhile
        if found[0]:
            return _place(*found)
        self._mine.add(cart_id)
        return None

    async def done(self, *cart_ids: UUID) -> None:
        """Give room back: a purchase has come to rest, or there is none. 1 call for all.

        Limits: ADMISSION_LEFT_MAX are told later where Redis is gone; it forgets others after ADMISSION_LEASE_S.
        """
        self._mine.difference_update(cart_ids)
        left = [*cart_ids, *self._left][:ADMISSION_LEFT_MAX]
        if left:
            keys = [PREFIX + name for name in ("queue", "seen", "running", "done:")]
            told = await self._call(self._done, keys, [each.hex for each in left])
            if told is not None:
                self._left.difference_update(left)
            elif len(self._left) < ADMISSION_LEFT_MAX:
                self._left.update(cart_ids)

    async def waiting(self) -> Place | None:
        """Return the place that who came now would get; None where nobody waits."""
        found = await self._call(self._waiting, [PREFIX + "queue", PREFIX + "done:"], [])
        return _place(found[0] + 1, found[1]) if found and found[0] else None

    async def _call(self, script: Any, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run a script; None where Redis does not answer in time. Limits: ADMISSION_ANSWER_S_MAX."""
        try:
            return await called(self._circuit, script, keys, [BUCKET_S, *arguments], ADMISSION_ANSWER_S_MAX)
        except Unavailable:
            return None


def _place(position: int, done: int) -> Place:
    """Return when to ask again: when those before have come in, at the rate at which purchases end lately."""
    wait_s = position * BUCKET_S / done if done else ADMISSION_POLL_S_MIN
    return Place(position, min(max(wait_s, ADMISSION_POLL_S_MIN), ADMISSION_POLL_S_MAX))
