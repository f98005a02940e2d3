"""A new index takes the old one's place while searches and changes go on, wherever its building is interrupted."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import Text, cast, func, insert, literal, select, text, update
from tools.opensearch import Node

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import NewProduct
from commerce_graph.catalog.tables import product, product_price, publication
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import INDEX_BATCH_MAX
from commerce_graph.pricing.tables import market_language
from commerce_graph.search.rules.document import INDEX_VERSION
from commerce_graph.search.service import bulk, indexing, indices, marks
from commerce_graph.search.service import reindex as reindexing
from commerce_graph.search.service.cluster import Cluster, Unreachable
from commerce_graph.search.service.reindex import BUILD_LOCK, ReindexRefused, build_where_needed, reindex
from commerce_graph.search.tables import build, pending
from tests.search.pipeline import Pipeline, pipeline
from tests.shop import THINGS, uid
from tests.waiting import until_let_go

ROOT = Path(__file__).parents[2]
SHIRT = uid("shirt")


@pytest.fixture
async def pipe(database: Database, redis: Redis, opensearch: Node) -> AsyncIterator[Pipeline]:
    """Return a pipeline without any index yet."""
    async with pipeline(database, redis, opensearch.url) as made:
        yield made


async def stock_up(database: Database, size: int) -> None:
    """Write so many products more, as a seed does: without facts."""
    async with database.begin() as tx:
        number = func.generate_series(1, size).column_valued("number")
        handle = func.concat("thing-", number)
        row = select(
            func.gen_random_uuid(),
            handle,
            func.concat("Thing ", number),
            func.repeat(func.concat("Words of thing ", cast(number, Text), ". "), 5),
            literal("ACTIVE"),
        )
        names = ["id", "handle", "title", "description", "status"]
        await tx.execute(insert(product).from_select(names, row))
        new = select(product.c.id).where(product.c.handle.startswith("thing-")).subquery()
        on = select(literal(uid("online")), new.c.id)
        await tx.execute(insert(publication).from_select(["channel_id", "product_id"], on))
        priced = select(new.c.id, literal(uid("eu")), literal(100), literal(200))
        await tx.execute(
            insert(product_price).from_select(["product_id", "market_id", "min_minor", "max_minor"], priced)
        )


async def states(database: Database) -> list[tuple[str, str]]:
    async with database.read() as conn:
        rows = await conn.execute(select(build.c.index_name, build.c.state).order_by(build.c.id))
        return [(row.index_name, row.state) for row in rows]


async def rebuilding(pipe: Pipeline, **environment: str) -> tuple[int, str]:
    """Build in a process of its own; return its status and what it printed."""
    told = {
        "KILLED_DATABASE_URL": pipe.database.url,
        "KILLED_OPENSEARCH_URL": pipe.url,
        "KILLED_ALIAS": pipe.cluster.alias,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.search.rebuilding", cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **told, **environment},
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode is not None
    await until_let_go(pipe.database, BUILD_LOCK)
    return process.returncode, printed.decode()


async def test_a_first_index(pipe: Pipeline) -> None:
    heard: list[tuple[int, int]] = []
    report = await reindex(pipe.database, pipe.cluster, lambda done, total: heard.append((done, total)))
    assert report is not None
    size = len(THINGS)
    assert (report.total, report.written, report.resumed, report.refused) == (size, size, 0, 0)
    assert heard == [(0, size), (size, size)]
    assert await indices.behind(pipe.cluster) == [report.index_name] == await pipe.indices()
    assert await states(pipe.database) == [(report.index_name, "LIVE")]
    assert not (await pipe.differences()).all


async def test_an_empty_shop_gets_an_empty_index(pipe: Pipeline) -> None:
    async with pipe.database.begin() as tx:
        await tx.execute(text("TRUNCATE catalog.product CASCADE"))
    report = await pipe.build()
    assert (report.total, report.written) == (0, 0)
    assert (await pipe.differences()).total == 0


@pytest.mark.parametrize("size", [INDEX_BATCH_MAX - len(THINGS), INDEX_BATCH_MAX - len(THINGS) + 1])
async def test_batches_leave_nothing_out(pipe: Pipeline, size: int) -> None:
    await stock_up(pipe.database, size)
    report = await pipe.build()
    assert report.written == size + len(THINGS)
    assert not (await pipe.differences()).all


async def test_the_second_of_two_at_once_is_refused(pipe: Pipeline) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    written = bulk.write

    async def held_up(*arguments: Any) -> dict[UUID, str]:
        begun.set()
        await go_on.wait()
        return await written(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "write", held_up)
        first = asyncio.create_task(pipe.build())
        await begun.wait()
        with pytest.raises(ReindexRefused, match=rf"already \(0 of {len(THINGS)} products done\)"):
            await reindex(pipe.database, pipe.cluster)
        assert await reindex(pipe.database, pipe.cluster, wanted=False) is None, "a worker has nothing to say"
        go_on.set()
        await first
    assert len(await pipe.indices()) == 1


@pytest.mark.parametrize(("point", "after"), [("begun", 1), ("batch", 2), ("caught up", 1), ("swapped", 1)])
async def test_killed_it_goes_on_where_it_was(pipe: Pipeline, point: str, after: int) -> None:
    await pipe.build()
    (old,) = await pipe.indices()
    await stock_up(pipe.database, 4 * INDEX_BATCH_MAX)
    status, _ = await rebuilding(pipe, KILLED_AT=point, KILLED_AFTER=str(after))
    assert status == -signal.SIGKILL
    (left,) = [name for name in await pipe.indices() if name != old]
    assert (left, "BUILDING") in await states(pipe.database)
    # A change that nobody has seen yet, of a product that the dead process has written.
    async with pipe.database.begin() as tx:
        first = (await tx.execute(select(func.min(cast(product.c.id, Text))))).scalar_one()
        await catalog.save_product(tx, NewProduct(id=UUID(first), title="Changed meanwhile"))
    await pipe.relay()
    report = await pipe.build()
    assert report.index_name == left, "it was not begun anew"
    total = 4 * INDEX_BATCH_MAX + len(THINGS)
    done = {"begun": 0, "batch": after * INDEX_BATCH_MAX}.get(point, total)
    assert (report.resumed, report.written) == (done, total - done)
    assert await states(pipe.database) == [(old, "RETIRED"), (left, "LIVE")]
    assert not (await pipe.differences()).all


async def test_a_killed_command_goes_on_where_it_was(pipe: Pipeline) -> None:
    await stock_up(pipe.database, 12 * INDEX_BATCH_MAX)
    environment = {
        **os.environ,
        "DATABASE_URL": pipe.database.url,
        "OPENSEARCH_URL": pipe.url,
        "OPENSEARCH_INDEX": pipe.cluster.alias,
    }
    call = [sys.executable, "-m", "commerce_graph", "reindex"]
    process = await asyncio.create_subprocess_exec(*call, env=environment, stderr=asyncio.subprocess.DEVNULL)
    async with asyncio.timeout(180):
        while not (done := await far(pipe.database)):  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # another process tells nobody how far it is
    process.kill()
    await process.wait()
    assert done < 12 * INDEX_BATCH_MAX
    process = await asyncio.create_subprocess_exec(
        *call, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    assert "of them by a run before" in told.decode()
    assert len(await pipe.indices()) == 1
    assert not (await pipe.differences()).all


async def far(database: Database) -> int:
    async with database.read() as conn:
        return (await conn.execute(select(build.c.done))).scalar() or 0


async def test_searches_and_changes_go_on_through_swaps(pipe: Pipeline) -> None:
    await stock_up(pipe.database, 3 * INDEX_BATCH_MAX)
    await pipe.build()
    async with pipe.database.read() as conn:
        ids = await catalog.product_ids_after(conn, None, 200)
    over = asyncio.Event()
    numbers = count()
    searches = 0

    async def search() -> None:
        nonlocal searches
        while not over.is_set():
            async with pipe.cluster.guarded(10) as client:
                found = await client.search(index=pipe.cluster.alias, body={"query": {"match_all": {}}, "size": 5})
            assert found["_shards"]["failed"] == 0
            assert found["hits"]["total"]["value"] >= 3 * INDEX_BATCH_MAX
            searches += 1

    async def write() -> None:
        while not over.is_set():
            number = next(numbers)
            async with pipe.database.begin() as tx:
                await catalog.save_product(tx, NewProduct(id=ids[number % len(ids)], title=f"Edition {number}"))
                if number % 5 == 0:
                    await catalog.save_product(tx, NewProduct(title=f"New {number}"))

    async def work() -> None:
        while not over.is_set():
            await pipe.relay()
            await indexing.step(pipe.database, pipe.cluster)

    tasks = [asyncio.create_task(each()) for each in (search, search, write, work)]
    try:
        built = [(await pipe.build()).index_name for _ in range(3)]
    finally:
        over.set()
        await asyncio.gather(*tasks)
    await pipe.flow()
    assert len(set(built)) == 3
    assert searches > 10
    assert next(numbers) > 10
    wrong = await pipe.differences()
    assert not wrong.all
    async with pipe.database.read() as conn:
        assert wrong.total == await catalog.products_total(conn)


async def test_changes_meanwhile_go_into_both_indices(pipe: Pipeline) -> None:
    await pipe.build()
    (old,) = await pipe.indices()
    checked = False

    async def meanwhile() -> None:
        nonlocal checked
        async with pipe.database.begin() as tx:
            await catalog.save_product(tx, NewProduct(id=SHIRT, title="Silk Shirt"))
        await pipe.flow()
        for index in await pipe.indices():
            (held,) = await pipe.held(SHIRT, index=index)
            assert held
            assert held["title"] == "Silk Shirt"
        checked = len(await pipe.indices()) == 2

    written = bulk.write

    async def after_a_change(cluster: Cluster, index_name: str, *arguments: Any) -> dict[UUID, str]:
        # The products were read; now one changes, arrives everywhere, and only then what was read is written.
        if index_name != old and not checked:
            patch.setattr(bulk, "write", written)
            await meanwhile()
        return await written(cluster, index_name, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "write", after_a_change)
        await pipe.build()
    assert checked
    (held,) = await pipe.held(SHIRT)
    assert held
    assert held["title"] == "Silk Shirt", "what was read before did not win over it"


async def test_a_worker_builds_what_is_missing_and_then_has_nothing_to_do(pipe: Pipeline, resources: Resources) -> None:
    worker = replace(resources, services={"opensearch": pipe.cluster})
    assert await build_where_needed(worker) == len(THINGS)
    assert await build_where_needed(worker) == 0
    assert len(await pipe.indices()) == 1


async def test_a_worker_builds_anew_for_another_mapping_and_another_language(
    pipe: Pipeline, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = replace(resources, services={"opensearch": pipe.cluster})
    await build_where_needed(worker)
    async with pipe.database.begin() as tx:
        await tx.execute(insert(market_language).values(market_id=uid("eu"), language="PL"))
    assert await build_where_needed(worker) == len(THINGS)
    assert await build_where_needed(worker) == 0
    for module in ("builds", "indexing", "indices", "reindex"):
        monkeypatch.setattr(f"commerce_graph.search.service.{module}.INDEX_VERSION", INDEX_VERSION + 1)
    assert await build_where_needed(worker) == len(THINGS)
    assert await build_where_needed(worker) == 0
    (live,) = await indices.behind(pipe.cluster)
    assert f"-v{INDEX_VERSION + 1}-" in live
    assert len(await pipe.indices()) == 3
    # A process of the release before sees the newer index, and lets it be.
    monkeypatch.undo()
    assert await build_where_needed(worker) == 0


async def test_a_worker_goes_on_with_what_was_left_unfinished(pipe: Pipeline, resources: Resources) -> None:
    await stock_up(pipe.database, 2 * INDEX_BATCH_MAX)
    await rebuilding(pipe, KILLED_AT="batch", KILLED_AFTER="1")
    worker = replace(resources, services={"opensearch": pipe.cluster})
    assert await build_where_needed(worker) == INDEX_BATCH_MAX + len(THINGS)
    assert not (await pipe.differences()).all


async def test_what_was_left_by_an_older_release_is_begun_anew(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    await stock_up(pipe.database, 2 * INDEX_BATCH_MAX)
    await rebuilding(pipe, KILLED_AT="batch", KILLED_AFTER="1")
    async with pipe.database.begin() as tx:
        await tx.execute(update(build).values(index_version=INDEX_VERSION - 1))
    report = await pipe.build()
    assert (report.resumed, report.written) == (0, 2 * INDEX_BATCH_MAX + len(THINGS))
    assert [state for _, state in await states(pipe.database)] == ["RETIRED", "LIVE"]


async def test_an_index_that_somebody_deleted_is_built_anew(pipe: Pipeline, resources: Resources) -> None:
    await pipe.build()
    (old,) = await pipe.indices()
    await indices.drop(pipe.cluster, old)
    async with pipe.database.begin() as tx:
        await marks.mark(tx, [SHIRT])
    with pytest.raises(bulk.IndexLost):
        await indexing.step(pipe.database, pipe.cluster)
    worker = replace(resources, services={"opensearch": pipe.cluster})
    assert await build_where_needed(worker) == len(THINGS)
    assert not (await pipe.differences()).all
    async with pipe.database.read() as conn:
        assert await marks.listed(conn) == 0


async def test_nobody_takes_another_shops_alias_by_accident(pipe: Pipeline, resources: Resources) -> None:
    foreign = f"{pipe.cluster.alias}-foreign"
    async with pipe.cluster.guarded(10) as client:
        await client.indices.create(index=foreign, body={"aliases": {pipe.cluster.alias: {}}})
    with pytest.raises(ReindexRefused, match="OPENSEARCH_INDEX"):
        await reindex(pipe.database, pipe.cluster, wanted=False)
    worker = replace(resources, services={"opensearch": pipe.cluster})
    assert await build_where_needed(worker) == 0
    assert await pipe.indices() == [foreign]
    report = await pipe.build()
    assert await indices.behind(pipe.cluster) == [report.index_name], "who asks for it gets it"
    assert foreign in await pipe.indices(), "but nothing of others is deleted"


async def test_an_index_of_the_aliass_name_is_in_the_way(pipe: Pipeline) -> None:
    async with pipe.cluster.guarded(10) as client:
        await client.indices.create(index=pipe.cluster.alias)
    with pytest.raises(ReindexRefused, match="is the name of an index"):
        await pipe.build()
    await indices.drop(pipe.cluster, pipe.cluster.alias)


async def test_old_indices_are_deleted_after_a_grace_and_orphans_too(
    pipe: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (await pipe.build()).index_name
    second = (await pipe.build()).index_name
    orphan = f"{pipe.cluster.alias}-v1-{new_id().hex}"
    stranger = f"{pipe.cluster.alias}-v1-notes"
    async with pipe.cluster.guarded(10) as client:
        await client.indices.create(index=orphan)
    async with pipe.cluster.guarded(10) as client:
        await client.indices.create(index=stranger)
    await reindex(pipe.database, pipe.cluster, wanted=False)
    assert set(await pipe.indices()) == {first, second, orphan, stranger}, "lists may still be read in it"
    monkeypatch.setattr(indices, "ORPHAN_AGE", timedelta(seconds=-5))
    async with pipe.database.begin() as tx:
        late = now() - timedelta(seconds=reindexing.RETIRED_S + 1)
        await tx.execute(update(build).where(build.c.state == "RETIRED").values(retired_at=late))
    third = (await pipe.build()).index_name
    assert set(await pipe.indices()) == {second, third, stranger}
    assert await states(pipe.database) == [(second, "RETIRED"), (third, "LIVE")]


async def test_what_the_index_refuses_does_not_stop_the_build(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    body = indices.index_body

    def stricter(languages: list[str]) -> dict[str, Any]:
        made = body(languages)
        made["mappings"]["properties"]["price"] = {"type": "object", "dynamic": "strict"}
        return made

    monkeypatch.setattr(indices, "index_body", stricter)
    report = await pipe.build()
    assert report.refused == len(THINGS)
    assert await indices.behind(pipe.cluster) == [report.index_name]
    async with pipe.database.read() as conn:
        assert await marks.listed(conn) == len(THINGS), "they are tried again"


async def test_an_index_that_lacks_products_never_goes_live(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    live = (await pipe.build()).index_name

    async def lossy(*_: Any) -> dict[UUID, str]:
        return {}

    monkeypatch.setattr(bulk, "write", lossy)
    monkeypatch.setattr(reindexing, "VERIFY_PAUSE_S", 0)
    with pytest.raises(ReindexRefused, match=f"lacks {len(THINGS)} products"):
        await pipe.build()
    assert await indices.behind(pipe.cluster) == [live]
    assert [state for _, state in await states(pipe.database)] == ["LIVE", "RETIRED"]


async def test_a_node_killed_in_the_middle_and_started_again_loses_nothing(
    database: Database, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commerce_graph.kernel.circuit.CIRCUIT_PAUSE_S_MAX", 1.0)
    monkeypatch.setattr("commerce_graph.kernel.circuit.CIRCUIT_PAUSE_S_MIN", 0.5)
    node = Node(tmp_path)
    await asyncio.to_thread(node.start)
    try:
        async with pipeline(database, redis, node.url) as pipe:
            await stock_up(database, 3 * INDEX_BATCH_MAX)
            batch = asyncio.Event()
            building = asyncio.create_task(
                reindex(database, pipe.cluster, passing=lambda point: batch.set() if point == "batch" else None)
            )
            await batch.wait()
            await asyncio.to_thread(node.kill)
            async with database.begin() as tx:
                await marks.mark(tx, [SHIRT])
            with pytest.raises(Unreachable):
                await indexing.step(database, pipe.cluster)
            await asyncio.to_thread(node.start)
            async with asyncio.timeout(180):
                report = await building
            assert report is not None
            assert report.written == 3 * INDEX_BATCH_MAX + len(THINGS)
            await pipe.flow()
            assert not (await pipe.differences()).all
            async with database.read() as conn:
                assert (await conn.execute(select(func.count()).select_from(pending))).scalar_one() == 0
    finally:
        await asyncio.to_thread(node.stop)


async def test_without_a_node_it_says_so(database: Database) -> None:
    nowhere = Cluster("http://127.0.0.1:1", "nowhere")
    with pytest.raises(Unreachable):
        await reindex(database, nowhere)
    assert await states(database) == []
    await nowhere.close()


async def test_memory_does_not_grow_with_the_shop(pipe: Pipeline) -> None:
    peaks = []
    # How much a small rebuild has under way at once depends on the machine's load: the larger of two counts.
    for size in (2_000, 2_000, 8_000):
        async with pipe.database.begin() as tx:
            await tx.execute(text("DELETE FROM catalog.product WHERE handle LIKE 'thing-%'"))
        await stock_up(pipe.database, size)
        status, printed = await rebuilding(pipe, MEASURE="1")
        assert status == 0
        peaks.append(int(printed.split()[-2]))
    assert peaks[2] < max(peaks[:2]) * 1.2
