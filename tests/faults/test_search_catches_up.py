"""What changes while OpenSearch is gone is found at once in PostgreSQL, and in OpenSearch once that is back."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from tools.opensearch import Node

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import Audience, NewProduct, PriceMarket
from commerce_graph.kernel import limits
from commerce_graph.kernel.circuit import Circuit
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.query_syntax import parse
from commerce_graph.search.rules.planning import Synonyms, plan
from commerce_graph.search.service import indexing
from commerce_graph.search.service.cluster import Cluster, Unreachable
from commerce_graph.search.service.engine import Paging, Request
from commerce_graph.search.service.engines import engine_of
from commerce_graph.search.service.reindex import build_where_needed
from tests.faults.proxy import proxied
from tests.kernel.test_circuit import Clock
from tests.search.pipeline import Pipeline, pipeline
from tests.shop import Shop, uid

SHOPPER = Audience(channel_id=uid("online"))
EU = PriceMarket(uid("eu"), "EUR")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Run a node that these tests may harm."""
    node = Node(tmp_path_factory.mktemp("opensearch"), heap="256m")
    node.start()
    yield node
    node.stop()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be given up because this machine is slow."""
    monkeypatch.setattr(limits, "SEARCH_S_MAX", 20)
    monkeypatch.setattr(limits, "OPENSEARCH_TURN_S_MAX", 20)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def pipe(database: Database, redis: Redis, node: Node, clock: Clock) -> AsyncIterator[Pipeline]:
    async with pipeline(database, redis, node.url) as made:
        made.cluster.circuit = Circuit("opensearch", clock)
        await made.build()
        yield made


@pytest.fixture
def searching(resources: Resources, pipe: Pipeline) -> Resources:
    """Return what a process with this OpenSearch shares."""
    resources.services["opensearch"] = pipe.cluster
    return resources


async def find(resources: Resources, words: str) -> tuple[list[UUID], str, str | None]:
    """Search as a shopper does; return what was found, by which engine, and why not by the first."""
    told: dict[str, Any] = {}
    wanted = plan(parse(words), Synonyms(), False)
    found = await engine_of(resources, told).search(
        resources.database, Request(wanted, SHOPPER, EU, "en", paging=Paging(10))
    )
    return [hit.product_id for hit in found.hits], told["search"]["engine"], told["search"].get("fallback")


async def retitle(database: Database, name: str, title: str) -> None:
    async with database.begin() as tx:
        await catalog.save_product(tx, NewProduct(id=uid(name), title=title))


async def refresh(cluster: Cluster) -> None:
    async with cluster.guarded(20) as client:
        await client.indices.refresh(index=cluster.alias)


async def test_change_made_while_the_node_is_dead_is_found_at_once_and_after_it_is_back(
    searching: Resources, pipe: Pipeline, node: Node, clock: Clock
) -> None:
    await refresh(pipe.cluster)
    assert await find(searching, "mug") == ([uid("mug")], "opensearch", None)
    node.kill()
    await retitle(pipe.database, "mug", "Porridge Bowl")
    await pipe.relay()  # the outbox goes on: the change waits in search.pending
    with pytest.raises(Unreachable):
        await indexing.step(pipe.database, pipe.cluster)
    assert await find(searching, "porridge") == ([uid("mug")], "postgresql", "no connection")
    for _ in range(limits.CIRCUIT_FAILURES_MAX):
        _, engine, why = await find(searching, "porridge")
    assert (engine, why) == ("postgresql", "circuit open")
    await retitle(pipe.database, "lamp", "Lava Lamp")

    await asyncio.to_thread(node.start)
    clock.now += limits.CIRCUIT_PAUSE_S_MAX
    # Until it has caught up it does not know the new words; then it does, without anybody's doing.
    await pipe.flow()
    await refresh(pipe.cluster)
    assert await find(searching, "porridge") == ([uid("mug")], "opensearch", None)
    assert await find(searching, "lava") == ([uid("lamp")], "opensearch", None)
    assert (await pipe.differences()).all == []


async def test_shopper_sees_the_same_and_is_told_which_engine_it_was(
    searching: Resources, shop: Shop, pipe: Pipeline, clock: Clock
) -> None:
    await refresh(pipe.cluster)
    document = """{ search(query: "shirt", first: 5) {
        totalCount nodes { __typename ... on Product { title } } productFilters { id }
    } }"""
    well = await shop.run(document)
    assert well["data"]["search"]["nodes"] == [{"__typename": "Product", "title": "Linen Shirt"}]
    assert well["extensions"]["search"] == {"engine": "opensearch"}
    for _ in range(limits.CIRCUIT_FAILURES_MAX):
        entry = pipe.cluster.circuit.enter()
        pipe.cluster.circuit.fail(entry, "timeout")
    gone = await shop.run(document)
    assert gone["data"] == well["data"]
    assert gone["extensions"]["search"] == {"engine": "postgresql", "fallback": "circuit open"}
    clock.now += limits.CIRCUIT_PAUSE_S_MIN
    assert await shop.run(document) == well


async def test_change_that_was_sent_but_not_answered_is_sent_again(
    pipe: Pipeline, node: Node, redis: Redis, clock: Clock
) -> None:
    await retitle(pipe.database, "mug", "Soup Bowl")
    await pipe.relay()
    async with proxied(node.port) as proxy:
        through = Cluster(proxy.url, pipe.cluster.alias)
        through.circuit = Circuit("opensearch", clock)
        for way in ("reset", "cut"):
            proxy.use(way)  # type: ignore[arg-type]
            with pytest.raises(Unreachable):
                await indexing.step(pipe.database, through)
        proxy.use("pass")
        assert await indexing.step(pipe.database, through) == 1
        assert await indexing.step(pipe.database, through) == 0
        await through.close()
    (mug,) = await pipe.held(uid("mug"))
    assert mug is not None
    assert mug["title"] == "Soup Bowl"


async def test_node_that_lost_its_data_gets_a_new_index(
    searching: Resources, pipe: Pipeline, node: Node, clock: Clock
) -> None:
    node.kill()
    shutil.rmtree(Path(node.folder) / "data")
    await asyncio.to_thread(node.start)
    clock.now += limits.CIRCUIT_PAUSE_S_MAX
    assert await find(searching, "lamp") == ([uid("lamp")], "postgresql", "no index")
    async with asyncio.timeout(60):
        while (await find(searching, "lamp"))[1] != "opensearch":
            await build_where_needed(searching)
    await refresh(pipe.cluster)
    assert await find(searching, "lamp") == ([uid("lamp")], "opensearch", None)
    assert (await pipe.differences()).all == []
