"""Documents kept in Redis for all processes: published ones for good, registered ones while they are used."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any, cast

import structlog
from redis.asyncio import Redis

from commerce_graph.kernel.batches import batches
from commerce_graph.kernel.circuit import Circuit
from commerce_graph.kernel.limits import (
    DOCUMENT_STORE_S_MAX,
    DOCUMENT_TTL_S,
    DOCUMENTS_PUBLISHED_BATCH_MAX,
    DOCUMENTS_REGISTERED_MAX,
)
from commerce_graph.kernel.parameters import SHA256
from commerce_graph.kernel.scripts import called

log = structlog.get_logger()

PREFIX = "{documents}:"
"""In braces, so that all keys are on one node of a Redis cluster."""
PUBLISHED = PREFIX + "published"
"""A hash of texts by id, without expiry."""
REGISTERED = PREFIX + "registered:"
"""How the key of a registered document begins; its SHA-256 follows."""
USED = PREFIX + "used"
"""When each registered document was used last, so that the one that rests longest can leave first."""

_FIND = """
local published, registered, used = unpack(KEYS)
local text = redis.call('HGET', published, ARGV[1])
if text then
  return {text, 1}
end
text = redis.call('GET', registered)
if not text then
  return false
end
redis.call('EXPIRE', registered, ARGV[2])
redis.call('ZADD', used, 'XX', redis.call('TIME')[1], ARGV[1])
return {text, 0}
"""
_REGISTER = """
local published, registered, used = unpack(KEYS)
local hash, text, ttl, most, prefix = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
if redis.call('HEXISTS', published, hash) == 1 then
  return
end
local now = tonumber(redis.call('TIME')[1])
redis.call('SET', registered, text, 'EX', ttl)
redis.call('ZADD', used, now, hash)
redis.call('ZREMRANGEBYSCORE', used, '-inf', now - ttl)
local over = redis.call('ZCARD', used) - most
if over > 0 then
  local left = redis.call('ZPOPMIN', used, over)
  for at = 1, #left, 2 do
    redis.call('DEL', prefix .. left[at])
  end
end
"""


class Store:
    """Reads and writes documents. One for a process; all processes of a shop share what is in it.

    Limits: DOCUMENT_STORE_S_MAX for a call of a server. Where Redis keeps failing it is left alone for a while.
    """

    def __init__(
        self, redis: Redis, ttl_s: int = DOCUMENT_TTL_S, registered_max: int = DOCUMENTS_REGISTERED_MAX
    ) -> None:
        self._redis = redis
        self._ttl_s = ttl_s
        self._registered_max = registered_max
        self._circuit = Circuit("documents")
        self._find = redis.register_script(_FIND)
        self._register = redis.register_script(_REGISTER)

    async def find(self, id: str) -> tuple[str, bool] | None:
        """Return a document's text, and whether it was published; None for one that is not there. 1 call.

        That it was used keeps a registered document for its whole time again. A text that is not what its hash says,
        whoever wrote it there, is none. Raises: Unavailable.
        """
        found = await self._call(self._find, id, self._ttl_s)
        if found is None:
            return None
        text: bytes = found[0]
        if SHA256.fullmatch(id) and sha256(text).hexdigest() != id:
            log.error("documents.not_its_hash", id=id)
            return None
        return text.decode(), bool(found[1])

    async def register(self, id: str, text: str) -> None:
        """Keep a document by its hash until nobody has used it for its time. 1 call.

        Limits: DOCUMENTS_REGISTERED_MAX, of which the one that rests longest leaves. Raises: Unavailable.
        """
        await self._call(self._register, id, text, self._ttl_s, self._registered_max, REGISTERED)

    async def publish(self, documents: Mapping[str, str], count: Callable[[int], None]) -> list[str]:
        """Keep documents by their ids for good, and return the ids that stand for another text, which stay as they are.

        `count` is told how many are done. 1 call for each DOCUMENTS_PUBLISHED_BATCH_MAX.
        """
        taken: list[str] = []
        done = 0
        for batch in batches(documents.items(), DOCUMENTS_PUBLISHED_BATCH_MAX):
            pipe = self._redis.pipeline(transaction=False)
            for id, text in batch:
                # What a hash stands for is beyond doubt, so that a text which was tampered with is mended.
                (pipe.hset if SHA256.fullmatch(id) else pipe.hsetnx)(PUBLISHED, id, text)
            pipe.hmget(PUBLISHED, [id for id, _ in batch])
            there = (await pipe.execute())[-1]
            taken += [id for (id, text), kept in zip(batch, there, strict=True) if kept != text.encode()]
            count(done := done + len(batch))
        return taken

    async def published(self) -> AsyncIterator[tuple[str, str]]:
        """Yield ids and texts of what is published, in no order; an id may come twice."""
        async for id, text in self._redis.hscan_iter(PUBLISHED, count=DOCUMENTS_PUBLISHED_BATCH_MAX):
            yield id.decode(), text.decode()

    async def published_among(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the texts of those of the ids that are published. 1 call for each DOCUMENTS_PUBLISHED_BATCH_MAX."""
        found = {}
        for batch in batches(ids, DOCUMENTS_PUBLISHED_BATCH_MAX):
            texts = await cast(Awaitable[list[bytes | None]], self._redis.hmget(PUBLISHED, batch))
            found.update({id: text.decode() for id, text in zip(batch, texts, strict=True) if text is not None})
        return found

    async def count(self) -> int:
        """Return how many ids are published. 1 call."""
        return await self._redis.hlen(PUBLISHED)

    async def remove(self, ids: Iterable[str]) -> None:
        """Take published ids away. 1 call for each DOCUMENTS_PUBLISHED_BATCH_MAX."""
        for batch in batches(ids, DOCUMENTS_PUBLISHED_BATCH_MAX):
            await self._redis.hdel(PUBLISHED, *batch)

    async def _call(self, script: Any, id: str, *arguments: Any) -> Any:
        keys = [PUBLISHED, REGISTERED + id, USED]
        return await called(self._circuit, script, keys, [id, *arguments], DOCUMENT_STORE_S_MAX)
