"""The judged queries put to both engines and to the yardstick, on a demo shop that is filled and indexed."""

from redis.asyncio import Redis

from benchmarks.relevance.judged import Judged
from benchmarks.relevance.measured import Answer, asking, asking_naively, measured
from commerce_graph.kernel.database import Database
from commerce_graph.search.service.cluster import Cluster
from commerce_graph.search.service.opensearch import OpenSearchEngine
from commerce_graph.search.service.postgres import PostgresEngine


async def answered(database_url: str, redis_url: str, opensearch_url: str, alias: str) -> dict[str, list[Answer]]:
    """Return the answers by the name of who gave them."""
    judged = Judged()
    database, cluster, redis = (
        Database(database_url, pool_size=4),
        Cluster(opensearch_url, alias),
        Redis.from_url(redis_url),
    )
    try:
        async with asking_naively(database) as naively:
            by_words = await measured(judged, naively)
        return {
            "OpenSearch": await measured(judged, asking(OpenSearchEngine(cluster, redis), database, judged)),
            "PostgreSQL": await measured(judged, asking(PostgresEngine(), database, judged)),
            "words ANDed": by_words,
        }
    finally:
        await redis.aclose()
        await cluster.close()
        await database.close()
