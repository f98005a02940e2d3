"""Leaky buckets in Redis: how many points a caller has left, the same for all processes."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis

from commerce_graph.kernel.circuit import Circuit
from commerce_graph.kernel.limits import RATE_LIMIT_ANSWER_S_MAX, RATE_LIMIT_GROUP_MAX, RATE_LIMIT_REFUNDS_MAX
from commerce_graph.kernel.scripts import Unavailable, called
from commerce_graph.kernel.together import Together

log = structlog.get_logger()

PREFIX = "{rate}:"
"""In braces, so that all keys are on one node of a Redis cluster."""

_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local found = {}
for at, key in ipairs(KEYS) do
  local first = (at - 1) * 4
  local capacity, per_ms = tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2])
  local cost, refund = tonumber(ARGV[first + 3]), tonumber(ARGV[first + 4])
  -- A bucket is the moment at which it will have run empty: one number, and nothing to renew while nobody asks.
  local empty_at = math.max(now, (tonumber(redis.call('GET', key)) or 0) - refund / per_ms)
  local after = empty_at + cost / per_ms
  local allowed = after - now <= capacity / per_ms + 0.001
  if allowed then
    empty_at = after
  end
  if empty_at > now then
    redis.call('SET', key, string.format('%.3f', empty_at), 'PX', math.ceil(empty_at - now))
  else
    redis.call('DEL', key)
  end
  found[at * 2 - 1] = allowed and 1 or 0
  found[at * 2] = math.floor(capacity - (empty_at - now) * per_ms + 0.001)
end
return found
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """How large a bucket is, in points, and how many of them it loses a second."""

    capacity: int
    per_s: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether there was room for the points, and how many more there is room for."""

    allowed: bool
    available: int


@dataclass(frozen=True, slots=True)
class _Take:
    key: str
    rate: Rate
    cost: int


class Buckets:
    """Takes points from buckets. One for a process; all processes of a shop share the buckets.

    What several callers ask for at the same time is one call of Redis, and what is given back rides with the next, so
    that nobody waits for it. Limits: RATE_LIMIT_GROUP_MAX in a call; RATE_LIMIT_REFUNDS_MAX callers have something to
    get back, more lose it; RATE_LIMIT_ANSWER_S_MAX for an answer. Where Redis keeps failing it is left alone a while.
    """

    def __init__(self, redis: Redis) -> None:
        self._script = redis.register_script(_TAKE)
        self._circuit = Circuit("rate_limit")
        self._together = Together[_Take, Taken | None](self._take, RATE_LIMIT_GROUP_MAX)
        self._refunds: dict[str, tuple[Rate, int]] = {}

    async def take(self, key: str, rate: Rate, cost: int) -> Taken | None:
        """Take points, all or none of them; None where Redis does not answer. 1 call at most."""
        if self._circuit.is_open:
            return await self._alone(key, rate, cost)
        return await self._together.ask(_Take(key, rate, cost))

    def give_back(self, key: str, rate: Rate, points: int) -> None:
        """Give points back (or take them, where negative) with the next call."""
        if points and (key in self._refunds or len(self._refunds) < RATE_LIMIT_REFUNDS_MAX):
            self._refunds[key] = (rate, self._refunds.get(key, (rate, 0))[1] + points)

    async def _alone(self, key: str, rate: Rate, cost: int) -> Taken | None:
        (taken,) = await self._take([_Take(key, rate, cost)])
        return taken

    async def _take(self, takes: Sequence[_Take]) -> Sequence[Taken | None]:
        refunds, self._refunds = self._refunds, {}
        keys: list[str] = []
        arguments: list[float] = []
        for key, (rate, points) in refunds.items():
            keys.append(PREFIX + key)
            arguments += [rate.capacity, rate.per_s / 1_000, 0, points]
        for take in takes:
            keys.append(PREFIX + take.key)
            arguments += [take.rate.capacity, take.rate.per_s / 1_000, take.cost, 0]
        found = await self._call(keys, arguments)
        if found is None:
            return [None] * len(takes)
        pairs = list(zip(found[::2], found[1::2], strict=True))[-len(takes) :]
        return [Taken(bool(allowed), available) for allowed, available in pairs]

    async def _call(self, keys: list[str], arguments: list[float]) -> list[int] | None:
        then = "nobody is throttled: "
        try:
            found: list[int] = await called(
                self._circuit, self._script, keys, arguments, RATE_LIMIT_ANSWER_S_MAX, then=then
            )
        except Unavailable:
            return None
        return found
