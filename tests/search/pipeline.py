"""The way of a change into an index: outbox, list of changes, documents; and what an index holds at the end."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from redis.asyncio import Redis

from commerce_graph import catalog, search
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import Handler, Relay
from commerce_graph.search.service import checking, indexing
from commerce_graph.search.service.checking import Differences
from commerce_graph.search.service.cluster import Cluster
from commerce_graph.search.service.reindex import Report, reindex


@dataclass(frozen=True)
class Pipeline:
    """A database, an alias of a node, and what a worker does between them."""

    database: Database
    redis: Redis
    cluster: Cluster
    url: str

    async def relay(self) -> None:
        """Hand all facts to the handlers."""
        handlers: dict[str, list[Handler]] = defaultdict(list)
        for kind, handler in (*catalog.module.handlers, *search.module.handlers):
            handlers[kind].append(handler)
        relay = Relay(self.database, self.redis, handlers)
        while await relay.step():
            pass

    async def flow(self) -> None:
        """Let every change arrive."""
        await self.relay()
        while await indexing.step(self.database, self.cluster):
            pass

    async def build(self) -> Report:
        """Build an index."""
        report = await reindex(self.database, self.cluster)
        assert report is not None
        return report

    async def held(self, *product_ids: UUID, index: str = "") -> list[dict[str, Any] | None]:
        """Return documents as the index holds them at this moment."""
        wanted = {"ids": [each.hex for each in product_ids]}
        async with self.cluster.guarded(10) as client:
            answer = await client.mget(index=index or self.cluster.alias, body=wanted)
        return [each["_source"] if each.get("found") else None for each in answer["docs"]]

    async def differences(self) -> Differences:
        """Compare the index with the database."""
        return await checking.check(self.database, self.cluster)

    async def indices(self) -> list[str]:
        """Return the names of the alias's indices."""
        async with self.cluster.guarded(10) as client:
            return sorted(await client.indices.get(index=f"{self.cluster.alias}-*", ignore_unavailable=True))


@asynccontextmanager
async def pipeline(database: Database, redis: Redis, url: str) -> AsyncIterator[Pipeline]:
    """Give a pipeline to an alias of its own, and delete its indices after the block."""
    made = Pipeline(database, redis, Cluster(url, f"test-{uuid4().hex[:12]}"), url)
    try:
        yield made
        async with made.cluster.guarded(10) as client:
            await client.indices.delete(index=f"{made.cluster.alias}-*", ignore_unavailable=True)
    finally:
        await made.cluster.close()
