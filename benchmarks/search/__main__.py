"""Measure catalogue search: `python -m benchmarks.search --help`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import machine
from benchmarks.command import Tell, arguments, command
from benchmarks.relevance.engines import answered
from benchmarks.relevance.judged import PRODUCTS
from benchmarks.search import freshness, indexing, searching
from benchmarks.search.operations import BESIDE_THE_NODE, BESIDE_VENDURE, texts
from benchmarks.search.place import HEAP, Place, Shop, filled, placed
from benchmarks.search.recorded import recorded
from benchmarks.search.report import SHOP_OF_VENDURE, Results, keep, markdown
from commerce_graph.catalog.service import learn_words
from commerce_graph.kernel.database import Database
from commerce_graph.search.service.cluster import Cluster
from commerce_graph.search.service.reindex import reindex

POSTGRES_PRODUCTS_MAX = 20_000
"""Facets of more are not for PostgreSQL: it counts what is found row by row (docs/search.md)."""
ABOUT = """
Measures catalogue search on the demo shop, over HTTP on the real server (commerce-graph serve, one process) with
PostgreSQL, Redis and one OpenSearch node of its own, and beside it in the same run: the bare query on the node, a bare
bulk load of the same documents, and, up to 20,000 products, the search in PostgreSQL. Then on a shop of 1,000 products
what Vendure's search was measured on, and how relevant the answers are. Machines and neighbours differ; the ratios
differ less.

examples:
  python -m benchmarks.search                                          all of it: 100,000 products, about half an hour
  python -m benchmarks.search --products 5000 --seconds 3 --name try   a quick look, kept as results/<date>-try.md
"""


def _arguments() -> argparse.Namespace:
    parser = arguments("benchmarks.search", ABOUT, "search")
    parser.add_argument("--products", type=int, default=100_000, help="size of the shop (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="how long each is measured (default: %(default)s)")
    given = parser.parse_args()
    if given.seconds <= 0 or given.products < 1:
        parser.error("--seconds and --products must be more than nothing")
    return given


def run(given: argparse.Namespace, tell: Tell) -> Results:
    """Measure everything."""
    about = {**machine.described(), "products": given.products, "seconds": given.seconds, "heap": HEAP}
    with placed(tell) as place:
        shop = filled(place, given.products, tell)
        tell("building the index, and loading the same documents bare")
        built = indexing.measured(place, shop)
        tell(f"  {built}")
        words = texts(given.products)
        by_node, fresh = _served(place, shop, BESIDE_THE_NODE, words, given.seconds, tell, measure_freshness=True)
        by_postgres: list[searching.Searching] = []
        if given.products <= POSTGRES_PRODUCTS_MAX:
            by_postgres, _ = _served(place, shop, BESIDE_THE_NODE, words, given.seconds, tell, opensearch=False)
        little = shop
        if given.products != SHOP_OF_VENDURE:
            little = filled(place, SHOP_OF_VENDURE, tell)
            uvloop.run(_indexed(place, little))
        words = texts(SHOP_OF_VENDURE)
        small = [
            each
            for opensearch in (True, False)
            for each in _served(place, little, BESIDE_VENDURE, words, given.seconds, tell, opensearch=opensearch)[0]
        ]
        tell("judging the answers")
        servers = place.servers
        assert little.products == PRODUCTS
        told = answered(little.database_url, servers.redis_url, place.node.url, little.alias)
        relevance = uvloop.run(told)
    assert fresh is not None
    return Results(about, built, [*by_node, *by_postgres], fresh, small, relevance)


def _served(
    place: Place, shop: Shop, names: Sequence[str], words: Sequence[str], seconds: float, tell: Tell, *,
    opensearch: bool = True, measure_freshness: bool = False,
) -> tuple[list[searching.Searching], Any]:  # fmt: skip
    engine = "OpenSearch" if opensearch else "PostgreSQL"
    calls = {name: recorded(place, shop, name, words) if opensearch else None for name in names}
    told = shop.environment(place, opensearch=opensearch)
    found, fresh = [], None
    with machine.graph_served(told, place.folder / "server.log") as server:
        for name in names:
            tell(f"measuring {name} in {engine} on {shop.products:,} products")
            measuring = searching.measured(place, shop, (server.port, server.pid), name, words, seconds, calls[name])
            found.append(uvloop.run(measuring))
            tell(f"  {found[-1]}")
    if measure_freshness:
        tell("changing products while others search")
        serving = machine.graph_served(told, place.folder / "server.log", "--no-worker")
        with serving as server, working(told, place.folder / "worker.log"):
            fresh = uvloop.run(freshness.measured(shop, server.port, words, seconds))
            tell(f"  {fresh}")
    return found, fresh


@contextmanager
def working(env: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run a worker until the block ends, as a process of its own beside the server."""
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "commerce_graph", "worker"], cwd=machine.ROOT, env={**os.environ, **env},
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.wait()


async def _indexed(place: Place, shop: Shop) -> None:
    """Index a shop, and learn its words, as a worker would after a while."""
    database = Database(shop.database_url, pool_size=4)
    async with database.begin() as tx:
        await learn_words(tx)
    cluster = Cluster(place.node.url, shop.alias)
    await reindex(database, cluster)
    await cluster.close()
    await database.close()


def main() -> None:
    """Measure, and say on stderr what is under way."""
    given = _arguments()
    with command() as tell:
        results = run(given, tell)
    print(markdown(results))
    print(f"kept as {keep(results, given.results, given.name)}", file=sys.stderr)


if __name__ == "__main__":
    main()
