"""Judge both engines on the demo shop: `python -m benchmarks.relevance --help`."""

import argparse
import sys
import tempfile
from pathlib import Path

import uvloop
from tools.opensearch import Node

from benchmarks.relevance.engines import answered
from benchmarks.relevance.judged import PRODUCTS
from benchmarks.relevance.measured import Answer, markdown
from commerce_graph import demo, migration
from commerce_graph.catalog.service import learn_words
from commerce_graph.embedded import embedded
from commerce_graph.kernel.database import Database
from commerce_graph.search.service.cluster import Cluster
from commerce_graph.search.service.reindex import reindex

ALIAS = "relevance"


async def _prepare(database_url: str, opensearch_url: str) -> None:
    database, cluster = Database(database_url, pool_size=4), Cluster(opensearch_url, ALIAS)
    await demo.seed(database, PRODUCTS)
    async with database.begin() as tx:
        await learn_words(tx)
    await reindex(database, cluster)
    await cluster.close()
    await database.close()


def main() -> None:
    """Fill a shop, index it, ask everything and print the table."""
    parser = argparse.ArgumentParser("python -m benchmarks.relevance", description="Judge how well searches answer.")
    parser.add_argument(
        "--below", type=float, help="show the queries with a lower NDCG@10, and those that find wrongly"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="commerce-graph-relevance-") as folder:
        node = Node(Path(folder) / "opensearch")
        node.start()
        try:
            with embedded(Path(folder) / "data", lambda step: print(f"{step} …", file=sys.stderr)) as servers:
                migration.upgrade(servers.database_url)
                uvloop.run(_prepare(servers.database_url, node.url))
                told = uvloop.run(answered(servers.database_url, servers.redis_url, node.url, ALIAS))
        finally:
            node.stop()
    print(markdown(told))
    if given.below is not None:
        for name in ("OpenSearch", "PostgreSQL"):
            print(f"\n{name}:")
            for answer in told[name]:
                if _weak(answer, given.below):
                    print(f"  {answer.query.category}: {answer.query.ask}: {answer.ndcg} of {answer.found}")


def _weak(answer: Answer, below: float) -> bool:
    return bool(answer.found) if answer.ndcg is None else answer.ndcg < below


if __name__ == "__main__":
    main()
