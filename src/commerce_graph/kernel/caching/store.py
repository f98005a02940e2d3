"""Answers kept in Redis for all processes, and the log of what has changed since.

The log is one sorted set: for each tag the moment when it last changed, the latest of all under `=now`, and under
`=floor` the moment before which nothing is known. Moments are Redis' own clock in microseconds, never the same twice,
so a log that was lost begins anew after everything that processes remember, and they forget it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from commerce_graph.kernel.circuit import Circuit
from commerce_graph.kernel.limits import (
    ANSWER_CHANGES_READ_MAX,
    ANSWER_LEASE_S,
    ANSWER_STORE_S_MAX,
    ANSWERS_STORED_MAX,
    REQUEST_TIMEOUT_S,
)
from commerce_graph.kernel.scripts import called

PREFIX = "{answers}:"
LOG = PREFIX + "changed"
USED = PREFIX + "kept"
ENTRY = PREFIX + "of:"
LEASE = PREFIX + "lease:"
EVERYTHING = "=floor"
"""The tag that every answer has."""
KEPT_S_MAX = 600
"""No answer is kept longer, whatever its hint."""
LOG_S = KEPT_S_MAX + 2 * REQUEST_TIMEOUT_S
"""How long a change is remembered: longer than an answer that it may concern is on its way and kept."""

_NOW = """
local time = redis.call('TIME')
local us = tonumber(time[1]) * 1000000 + tonumber(time[2])
local now = tonumber(redis.call('ZSCORE', KEYS[1], '=now'))
if not now then
  now = us
  redis.call('ZADD', KEYS[1], now, '=now', now, '=floor')
end
local floor = tonumber(redis.call('ZSCORE', KEYS[1], '=floor'))
"""
_CHANGE = (
    _NOW
    + """
now = math.max(us, now + 1)
redis.call('ZADD', KEYS[1], now, '=now')
for at = 2, #ARGV do
  redis.call('ZADD', KEYS[1], now, ARGV[at])
end
local horizon = us - tonumber(ARGV[1]) * 1000000
if horizon > floor + 60000000 then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', horizon))
  redis.call('ZADD', KEYS[1], horizon, '=floor')
end
return string.format('%.0f', now)
"""
)
_SINCE = (
    _NOW
    + """
local seen, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local told = {string.format('%.0f', now)}
if seen == now then
  return told
end
if seen < floor or seen > now then
  told[2] = '=floor'
  return told
end
local after = '(' .. string.format('%.0f', seen)
for _, tag in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], after, '+inf', 'LIMIT', 0, most)) do
  told[#told + 1] = tag
end
if #told > most then
  told[2] = '=floor'
end
return told
"""
)
_HOLDS = """
local function holds(moment, tags)
  if moment < floor or moment > now then
    return false
  end
  for tag in string.gmatch(tags, '%S+') do
    local changed = tonumber(redis.call('ZSCORE', KEYS[1], tag))
    if changed and changed > moment then
      return false
    end
  end
  return true
end
"""
# A lease names who executes. One that names nobody says that what comes of it cannot be kept.
_LEAVE = """
local function leave(lease, token, again)
  if redis.call('GET', lease) ~= token then
    return
  end
  if again then
    redis.call('DEL', lease)
  else
    redis.call('SET', lease, '', 'KEEPTTL')
  end
end
"""
_FIND = (
    _NOW
    + _HOLDS
    + """
local found = redis.call('HMGET', KEYS[2], 'moment', 'tags', 'body')
if found[1] and holds(tonumber(found[1]), found[2]) then
  return {string.format('%.0f', now), found[2], found[3], redis.call('PTTL', KEYS[2])}
end
if found[1] then
  redis.call('DEL', KEYS[2])
end
local owner = redis.call('GET', KEYS[3])
if not owner then
  redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
  return false
end
if owner == '' or owner == ARGV[1] then
  return false
end
return redis.call('PTTL', KEYS[3])
"""
)
_KEEP = (
    _NOW
    + _HOLDS
    + _LEAVE
    + """
local moment, tags, body, ttl, most, token = unpack(ARGV)
if not holds(tonumber(moment), tags) then
  leave(KEYS[4], token, false)
  return false
end
leave(KEYS[4], token, true)
redis.call('HSET', KEYS[2], 'moment', moment, 'tags', tags, 'body', body)
redis.call('EXPIRE', KEYS[2], ttl)
local used = KEYS[3]
redis.call('ZADD', used, us + tonumber(ttl) * 1000000, KEYS[2])
redis.call('ZREMRANGEBYSCORE', used, '-inf', us)
local over = redis.call('ZCARD', used) - tonumber(most)
if over > 0 then
  local left = redis.call('ZPOPMIN', used, over)
  for at = 1, #left, 2 do
    redis.call('DEL', left[at])
  end
end
return string.format('%.0f', now)
"""
)
_GIVE_UP = _LEAVE + "leave(KEYS[1], ARGV[1], ARGV[2] == '1')"


@dataclass(frozen=True, slots=True)
class Miss:
    """What one process looks for: an answer read no earlier than a moment.

    Its lease is of that moment. Who asks after a change has a later one, and waits for nobody who began before it.
    """

    key: str
    moment: int
    token: str = field(default_factory=lambda: uuid4().hex)
    """Whose the lease is."""

    @property
    def entry(self) -> str:
        """Where the answer is kept."""
        return ENTRY + self.key

    @property
    def lease(self) -> str:
        """Where it is told who executes."""
        return f"{LEASE}{self.key}:{self.moment}"


@dataclass(frozen=True, slots=True)
class Found:
    """An answer that holds at a moment."""

    moment: int
    tags: frozenset[str]
    body: bytes
    ttl_s: float


class Store:
    """Reads and writes answers, and the log. One for a process; all processes of a shop share what is in it.

    Limits: ANSWER_STORE_S_MAX for a call of a server. Where Redis keeps failing it is left alone for a while.
    """

    def __init__(self, redis: Redis) -> None:
        self._circuit = Circuit("answers")
        self._scripts = {
            name: redis.register_script(text)
            for name, text in (
                ("change", _CHANGE), ("since", _SINCE), ("find", _FIND), ("keep", _KEEP), ("give_up", _GIVE_UP),
            )
        }  # fmt: skip

    async def change(self, tags: Iterable[str]) -> None:
        """Log that everything with one of these tags has changed. 1 call. Raises: Unavailable."""
        await self._call("change", [LOG], LOG_S, *sorted(tags))

    async def since(self, moment: int) -> tuple[int, Sequence[str] | None]:
        """Return the present moment, and the tags that have changed after another; None for all there are. 1 call.

        Limits: ANSWER_CHANGES_READ_MAX; more are all. Raises: Unavailable.
        """
        now, *tags = await self._call("since", [LOG], moment, ANSWER_CHANGES_READ_MAX)
        named = [tag.decode() for tag in tags]
        return int(now), None if EVERYTHING in named else [tag for tag in named if tag != "=now"]

    async def find(self, miss: Miss) -> Found | float | None:
        """Return an answer that holds now; None to execute, or the seconds for which another one may be executing.

        Who is told to execute has the lease, unless others found that the answer cannot be kept.
        Locks: the lease, for ANSWER_LEASE_S; `keep` and `give_up` end it. 1 call. Raises: Unavailable.
        """
        found = await self._call("find", [LOG, miss.entry, miss.lease], miss.token, int(ANSWER_LEASE_S * 1_000))
        if found is None:
            return None
        if isinstance(found, int):
            return found / 1_000
        now, tags, body, ttl_ms = found
        return Found(int(now), frozenset(tags.decode().split()), body, ttl_ms / 1_000)

    async def keep(self, miss: Miss, tags: Iterable[str], body: bytes, ttl_s: int) -> int | None:
        """Keep an answer that was read after a moment, and return the present one; None if it does not hold any more.

        Its lease ends: who waits finds the answer, or executes.
        Limits: KEPT_S_MAX; ANSWERS_STORED_MAX, of which the one that ends first leaves. 1 call. Raises: Unavailable.
        """
        ttl_s = min(ttl_s, KEPT_S_MAX)
        keys = [LOG, miss.entry, USED, miss.lease]
        told = (miss.moment, " ".join(sorted(tags)), body, ttl_s, ANSWERS_STORED_MAX, miss.token)
        now = await self._call("keep", keys, *told)
        return None if now is None else int(now)

    async def give_up(self, miss: Miss, *, again: bool) -> None:
        """End a lease without an answer. 1 call. Raises: Unavailable.

        `again`: whether another one may get what this one did not; else all who wait execute at once.
        """
        await self._call("give_up", [miss.lease], miss.token, int(again))

    async def _call(self, script: str, keys: list[str], *arguments: Any) -> Any:
        return await called(self._circuit, self._scripts[script], keys, arguments, ANSWER_STORE_S_MAX)
