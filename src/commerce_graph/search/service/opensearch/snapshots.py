"""Points in time: what a list looked like when its first page was read, so that the further pages continue that list.

One is shared by all processes for half a second, so that there are never more than some 120, however many people
search. A cursor carries its name, not OpenSearch's long id of it, which thus is never of a client's making.
"""

from dataclasses import dataclass
from secrets import token_hex

import structlog
from opensearchpy.exceptions import TransportError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from commerce_graph.kernel import limits
from commerce_graph.search.service.cluster import Cluster

log = structlog.get_logger()

SHARED_MS = 500
KEPT_S = 60
"""How long one is kept after it was last used."""
_NAME_CHARS = 16


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A point in time, by its name in cursors and OpenSearch's id."""

    name: str
    id: str


class Snapshots:
    """The points in time of an index. Without Redis there are none, and lists are read as they are."""

    def __init__(self, cluster: Cluster, redis: Redis) -> None:
        self._cluster = cluster
        self._redis = redis

    def _key(self, name: str) -> str:
        return f"search:snapshot:{self._cluster.alias}:{name}"

    async def current(self) -> Snapshot | None:
        """Return the one that is shared at this moment, or make it; None where that does not work."""
        try:
            shared = await self._shared()
            return shared or await self._make()
        except RedisError:
            return None

    async def kept(self, name: str) -> Snapshot | None:
        """Return one by its name, and keep it for longer; None for one that is gone."""
        if len(name) != _NAME_CHARS:
            return None
        try:
            found = await self._redis.getex(self._key(name), ex=KEPT_S)
        except RedisError:
            return None
        return Snapshot(name, _text(found)) if found else None

    async def forget(self, snapshot: Snapshot) -> None:
        """Do not use one again, which OpenSearch has lost."""
        try:
            shared = await self._shared()
            gone = [self._key(snapshot.name), *([self._key("now")] if shared == snapshot else [])]
            await self._redis.delete(*gone)
        except RedisError:
            return

    async def _shared(self) -> Snapshot | None:
        found = await self._redis.get(self._key("now"))
        if not found:
            return None
        name, _, id = _text(found).partition(" ")
        return Snapshot(name, id)

    async def _make(self) -> Snapshot | None:
        async with self._cluster.guarded(limits.SEARCH_S_MAX) as client:
            answer = await client.create_pit(
                index=self._cluster.alias, params={"keep_alive": f"{KEPT_S}s", "allow_partial_pit_creation": "false"}
            )
        made = Snapshot(token_hex(_NAME_CHARS // 2), answer["pit_id"])
        # By its name first: whoever takes it from `now` hands out cursors with that name.
        await self._redis.set(self._key(made.name), made.id, ex=KEPT_S)
        if await self._redis.set(self._key("now"), f"{made.name} {made.id}", nx=True, px=SHARED_MS):
            return made
        # Another process was quicker.
        shared = await self._shared()
        if shared is None:
            return made
        await self._redis.delete(self._key(made.name))
        try:
            async with self._cluster.guarded(limits.SEARCH_S_MAX) as client:
                await client.delete_pit(body={"pit_id": [made.id]})
        except TransportError as fault:
            log.info("search.snapshot_left", status=fault.status_code)  # it ends by itself
        return shared


def _text(found: bytes | str) -> str:
    return found if isinstance(found, str) else found.decode()
