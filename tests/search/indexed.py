"""An index of a test's database under an alias of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from tools.opensearch import Node

from commerce_graph.kernel.context import Resources
from commerce_graph.search.service.cluster import Cluster
from commerce_graph.search.service.opensearch import OpenSearchEngine
from commerce_graph.search.service.reindex import reindex


@dataclass(frozen=True)
class Indexed:
    """The engine, and the connection to the node."""

    engine: OpenSearchEngine
    cluster: Cluster

    async def refresh(self) -> None:
        """Let everything that was written be found."""
        async with self.cluster.guarded(10) as client:
            await client.indices.refresh(index=self.cluster.alias)


@asynccontextmanager
async def indexed(resources: Resources, node: Node) -> AsyncIterator[Indexed]:
    """Index what the database holds, and delete the index after the block."""
    cluster = Cluster(node.url, f"test-{uuid4().hex[:12]}")
    try:
        report = await reindex(resources.database, cluster)
        assert report is not None
        assert report.refused == 0
        made = Indexed(OpenSearchEngine(cluster, resources.redis), cluster)
        await made.refresh()
        yield made
        async with cluster.guarded(10) as client:
            await client.indices.delete(index=report.index_name)
    finally:
        await cluster.close()
