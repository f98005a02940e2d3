"""Tells a CDN what has changed, by surrogate key, from the log of changes: at least once, until it has heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp
from redis.asyncio import Redis

from commerce_graph.kernel.batches import batches
from commerce_graph.kernel.caching.store import EVERYTHING, PREFIX, Store
from commerce_graph.kernel.limits import PURGE_TIMEOUT_S

PURGED = PREFIX + "purged"
"""Up to which moment of the log the CDN has been told."""
FASTLY = "https://api.fastly.com"
CLOUDFLARE = "https://api.cloudflare.com"
FASTLY_KEYS_MAX = 256
CLOUDFLARE_TAGS_MAX = 30
VARNISH_TAGS_MAX = 100


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a CDN."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: dict[str, Any] | None = None


class Cdn(Protocol):
    """A CDN that can be told to forget."""

    def requests(self, tags: Sequence[str] | None) -> list[Call]:
        """Return what makes it forget everything with these tags; None: everything."""


@dataclass(frozen=True, slots=True)
class Varnish:
    """Varnish with `docker/varnish.vcl`: BAN with the tags in a header."""

    url: str

    def requests(self, tags: Sequence[str] | None) -> list[Call]:
        """Return bans. Limits: VARNISH_TAGS_MAX in one."""
        if tags is None:
            return [Call("BAN", self.url, {"xkey-ban": "."})]
        words = ["|".join(batch) for batch in batches(tags, VARNISH_TAGS_MAX)]
        return [Call("BAN", self.url, {"xkey-ban": rf"(^|\s)({each})(\s|$)"}) for each in words]


@dataclass(frozen=True, slots=True)
class Fastly:
    """Fastly's API: https://www.fastly.com/documentation/reference/api/purging/."""

    service: str
    token: str
    url: str = FASTLY

    def requests(self, tags: Sequence[str] | None) -> list[Call]:
        """Return purges. Limits: FASTLY_KEYS_MAX in one."""
        at = f"{self.url}/service/{quote(self.service, safe='')}"
        headers = {"Fastly-Key": self.token, "Accept": "application/json"}
        if tags is None:
            return [Call("POST", f"{at}/purge_all", headers)]
        return [Call("POST", f"{at}/purge", headers, {"surrogate_keys": b}) for b in batches(tags, FASTLY_KEYS_MAX)]


@dataclass(frozen=True, slots=True)
class Cloudflare:
    """Cloudflare's API: https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-tags/."""

    zone: str
    token: str
    url: str = CLOUDFLARE

    def requests(self, tags: Sequence[str] | None) -> list[Call]:
        """Return purges. Limits: CLOUDFLARE_TAGS_MAX in one."""
        at = f"{self.url}/client/v4/zones/{quote(self.zone, safe='')}/purge_cache"
        headers = {"Authorization": f"Bearer {self.token}"}
        if tags is None:
            return [Call("POST", at, headers, {"purge_everything": True})]
        return [Call("POST", at, headers, {"tags": b}) for b in batches(tags, CLOUDFLARE_TAGS_MAX)]


class Purger:
    """Reads the log from where it stopped and tells a CDN. Run one or many: a purge that comes twice harms nobody."""

    def __init__(self, redis: Redis, cdn: Cdn) -> None:
        self._redis = redis
        self._store = Store(redis)
        self._cdn = cdn

    async def step(self) -> int:
        """Tell the CDN what has changed since the last time, and return how many requests it took.

        Where the log does not reach back so far, it is told to forget everything.
        Limits: PURGE_TIMEOUT_S for a request.
        Raises: aiohttp.ClientError, TimeoutError, Unavailable, RedisError; then nothing is noted.
        """
        told = int(await self._redis.get(PURGED) or 0)
        now, tags = await self._store.since(told)
        if now == told:
            return 0
        asked = self._cdn.requests(None if tags is None or EVERYTHING in tags else tags) if tags != [] else []
        timeout = aiohttp.ClientTimeout(PURGE_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session:
            for each in asked:
                async with session.request(each.method, each.url, headers=each.headers, json=each.json):
                    pass
        await self._redis.set(PURGED, now)
        return len(asked)
