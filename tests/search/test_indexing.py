"""Changes reach the index: each kind, in any order, however often, and whatever is refused."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import delete, func, insert, literal, select, text, update
from tools.opensearch import Node

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import NewCollection, NewProduct, NewVariant, Rule, RuleSet
from commerce_graph.catalog.tables import collection, product
from commerce_graph.events import OrderPlaced, ProductChanged
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.limits import FACT_PRODUCTS_MAX, INDEX_BATCH_MAX
from commerce_graph.kernel.outbox import outbox, publish
from commerce_graph.pricing import service as pricing
from commerce_graph.pricing.service import NewPrice
from commerce_graph.search import module
from commerce_graph.search.service import builds, bulk, indexing, marks
from commerce_graph.search.service.bulk import IndexLost
from commerce_graph.search.service.cluster import Cluster, Unreachable
from commerce_graph.search.service.documents import document, documents
from commerce_graph.search.service.indexing import index_changes
from commerce_graph.search.service.pauses import PAUSE_S_MIN
from commerce_graph.search.tables import build, pending
from tests.search.pipeline import Pipeline, pipeline
from tests.shop import THINGS, uid

SHIRT, MUG, LAMP = uid("shirt"), uid("mug"), uid("lamp")


@pytest.fixture
async def pipe(database: Database, redis: Redis, opensearch: Node) -> AsyncIterator[Pipeline]:
    """Return a pipeline whose index holds the shop."""
    async with pipeline(database, redis, opensearch.url) as made:
        await made.build()
        yield made


async def on_list(database: Database) -> dict[UUID, int]:
    async with database.read() as conn:
        rows = await conn.execute(select(pending.c.product_id, pending.c.tries))
        return {row.product_id: row.tries for row in rows}


async def mark(database: Database, *product_ids: UUID) -> None:
    async with database.begin() as tx:
        await marks.mark(tx, product_ids)


async def retitle(database: Database, product_id: UUID, title: str) -> None:
    """Change a product as its owner would: with the fact."""
    async with database.begin() as tx:
        await catalog.save_product(tx, NewProduct(id=product_id, title=title))


async def test_a_shop_without_an_index_writes_nothing_down(database: Database, redis: Redis, opensearch: Node) -> None:
    async with pipeline(database, redis, opensearch.url) as pipe:
        await retitle(database, SHIRT, "Silk Shirt")
        with count_statements() as seen:
            await pipe.relay()
        assert not [each for each in seen if "INSERT" in each and "pending" in each]
        assert await on_list(database) == {}
        assert await indexing.step(database, pipe.cluster) == 0


async def test_a_process_without_opensearch_asks_the_database_nothing(resources: Resources) -> None:
    with count_statements() as seen:
        for job in module.jobs:
            if job.name in ("search.index", "search.build"):
                assert await job.run(resources) == 0
    assert seen == []


async def test_what_a_document_says(pipe: Pipeline, database: Database) -> None:
    (shirt,) = await pipe.held(SHIRT)
    assert shirt is not None
    assert shirt.pop("digest")
    assert shirt.pop("created_at") <= shirt.pop("updated_at")
    assert shirt.pop("variants") == [
        {"available": True, "options": [f"Size\x1f{size}", f"Color\x1f{color}"], "metafields": []}
        for size in ("S", "M")
        for color in ("White", "Blue")
    ]
    assert shirt == {
        "id": SHIRT.hex,
        "handle": "shirt",
        "status": "ACTIVE",
        "channels": [uid("online").hex],
        "collections": [uid("summer").hex],
        "title": "Linen Shirt",
        "vendor": "Nord",
        "product_type": "Shirt",
        "tags": ["summer", "linen"],
        "options_text": "Size S M Color White Blue",
        "description": "A fine Linen Shirt.",
        "skus": ["SHIRT-S-WHITE", "SHIRT-S-BLUE", "SHIRT-M-WHITE", "SHIRT-M-BLUE"],
        "barcodes": ["4000000001", "4000000002", "4000000003", "4000000004"],
        "available": True,
        "sales": 0,
        "price": {
            uid("eu").hex: {"min": 4900, "max": 4900},
            uid("us").hex: {"min": 5500, "max": 5500},
            uid("jp").hex: {"min": 8000, "max": 8000},
        },
        "metafields": [],
    }
    (mug,) = await pipe.held(MUG)
    assert mug is not None
    assert mug["options_text"] == "", "the option of a product without options is no text to be found by"


async def test_documents_cost_the_same_statements_for_one_and_for_all(database: Database) -> None:
    async with database.read() as conn:
        with count_statements() as one:
            await documents(conn, [SHIRT])
        with count_statements() as all_of_them:
            found = await documents(conn, [*(uid(thing.handle) for thing in THINGS), new_id()])
    assert len(one) == len(all_of_them) == 6
    assert [each is None for each in found] == [False] * len(THINGS) + [True]


async def test_equal_products_have_equal_digests_whatever_the_order_of_rows(database: Database) -> None:
    async with database.read() as conn:
        (row,) = await catalog.index_rows(conn, [SHIRT])
    assert row is not None
    turned = replace(
        row,
        channel_ids=list(row.channel_ids)[::-1],
        prices=dict(sorted(row.prices.items(), reverse=True)),
        metafields=list(row.metafields)[::-1],
    )
    assert document(turned) == document(row)
    assert document(replace(row, sales=1))["digest"] != document(row)["digest"]


async def test_every_change_of_a_product_arrives(pipe: Pipeline, database: Database) -> None:
    await retitle(database, SHIRT, "Silk Shirt")
    async with database.begin() as tx:
        await catalog.publish_products(tx, [MUG], published=False)
        await catalog.update_variants(tx, LAMP, [NewVariant(id=uid("lamp-variant"), sku="LUX-1")])
    await pipe.flow()
    shirt, mug, lamp = await pipe.held(SHIRT, MUG, LAMP)
    assert shirt
    assert mug
    assert lamp
    assert (shirt["title"], mug["channels"], lamp["skus"]) == ("Silk Shirt", [], ["LUX-1"])
    assert await on_list(database) == {}


async def test_prices_stock_and_sales_arrive(pipe: Pipeline, database: Database) -> None:
    async with database.begin() as tx:
        await pricing.set_prices(tx, [NewPrice(MUG, uid("mug-variant"), uid("eu"), 1)])
    async with database.begin() as tx:
        wanted = [inventory.SetQuantity(uid("lamp-variant"), uid("berlin"), 5)]
        await inventory.set_quantities(tx, "on_hand", wanted, "correction", None, "a test")
    async with database.begin() as tx:
        await publish(tx, OrderPlaced(new_id(), None, {str(SHIRT): 3}))
    await pipe.flow()
    shirt, mug, lamp = await pipe.held(SHIRT, MUG, LAMP)
    assert shirt
    assert mug
    assert lamp
    assert mug["price"][uid("eu").hex] == {"min": 1, "max": 1}
    assert (lamp["available"], lamp["variants"][0]["available"]) == (True, True)
    assert shirt["sales"] == 3
    assert not (await pipe.differences()).all


async def test_who_enters_or_leaves_a_collection_arrives(pipe: Pipeline, database: Database) -> None:
    async def inside() -> set[UUID]:
        await pipe.flow()
        found = await pipe.held(SHIRT, MUG, LAMP)
        return {UUID(each["id"]) for each in found if each and made.hex in each["collections"]}

    async with database.begin() as tx:
        made = await catalog.create_collection(tx, NewCollection(title="Things", product_ids=[SHIRT]))
    assert await inside() == {SHIRT}
    async with database.begin() as tx:
        await catalog.add_products(tx, made, [LAMP])
        await catalog.remove_products(tx, made, [SHIRT])
    assert await inside() == {LAMP}
    async with database.begin() as tx:
        rules = RuleSet((Rule("VENDOR", "EQUALS", "Nord"),))
        made = await catalog.create_collection(tx, NewCollection(title="By rules", rule_set=rules))
    assert await inside() == {SHIRT, LAMP}
    async with database.begin() as tx:
        rules = RuleSet((Rule("TYPE", "EQUALS", "Mug"),))
        await catalog.update_collection(tx, made, NewCollection(rule_set=rules))
    assert await inside() == {MUG}
    assert not (await pipe.differences()).all


@pytest.mark.parametrize("extra", [0, 1])
async def test_a_fact_names_so_many_products_at_most(database: Database, extra: int) -> None:
    size = FACT_PRODUCTS_MAX + extra
    async with database.begin() as tx:
        numbers = func.generate_series(1, size).column_valued("number")
        row = select(func.gen_random_uuid(), func.concat("p", numbers), literal("Many"), literal("Legion"))
        await tx.execute(insert(product).from_select(["id", "handle", "title", "vendor"], row))
    async with database.begin() as tx:
        rules = RuleSet((Rule("VENDOR", "EQUALS", "Legion"),))
        await catalog.create_collection(tx, NewCollection(title="Legion", rule_set=rules))
    async with database.read() as conn:
        told = (await conn.execute(select(outbox.c.payload).where(outbox.c.kind == "CollectionChanged"))).scalars()
        named = [each["product_ids"] for each in told]
    assert [len(each) for each in named] == [FACT_PRODUCTS_MAX, 1][: extra + 1]
    assert len({each for some in named for each in some}) == size


async def test_late_and_repeated_writes_never_win(pipe: Pipeline, database: Database) -> None:
    (index,) = await pipe.indices()
    async with database.read() as conn:
        (before,) = await documents(conn, [SHIRT])
        late = await builds.next_version(conn)
    await retitle(database, SHIRT, "Silk Shirt")
    await pipe.flow()
    assert await bulk.write(pipe.cluster, index, late, [(SHIRT, before)]) == {}
    (held,) = await pipe.held(SHIRT)
    assert held
    assert held["title"] == "Silk Shirt"
    # The same write again, with the same version: it is the same state.
    async with database.read() as conn:
        (after,) = await documents(conn, [SHIRT])
        version = await builds.next_version(conn)
    for _ in range(2):
        assert await bulk.write(pipe.cluster, index, version, [(SHIRT, after)]) == {}
    assert await pipe.held(SHIRT) == [after]


async def test_a_late_write_does_not_bring_a_deleted_product_back(pipe: Pipeline, database: Database) -> None:
    (index,) = await pipe.indices()
    async with database.read() as conn:
        (before,) = await documents(conn, [SHIRT])
        late = await builds.next_version(conn)
    async with database.begin() as tx:
        await tx.execute(delete(product).where(product.c.id == SHIRT))
        await publish(tx, ProductChanged(SHIRT))
    await pipe.flow()
    assert await pipe.held(SHIRT) == [None]
    assert await bulk.write(pipe.cluster, index, late, [(SHIRT, before)]) == {}
    assert await pipe.held(SHIRT) == [None]
    assert not (await pipe.differences()).all


async def test_an_index_that_is_gone_is_not_made_by_writing_to_it(
    database: Database, redis: Redis, opensearch: Node
) -> None:
    async with pipeline(database, redis, opensearch.url) as pipe:
        async with database.read() as conn:
            (shirt,) = await documents(conn, [SHIRT])
        for document in (shirt, None):
            with pytest.raises(IndexLost):
                await bulk.write(pipe.cluster, f"{pipe.cluster.alias}-gone", 1, [(SHIRT, document)])
        assert await pipe.indices() == []


async def test_a_change_while_another_is_being_written_is_written_after_it(
    pipe: Pipeline, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = bulk.write

    async def and_meanwhile(*arguments: Any) -> dict[UUID, str]:
        monkeypatch.setattr(bulk, "write", written)
        await retitle(database, SHIRT, "Newer Shirt")
        await pipe.relay()
        return await written(*arguments)

    await mark(database, SHIRT, MUG)
    monkeypatch.setattr(bulk, "write", and_meanwhile)
    await indexing.step(database, pipe.cluster)
    assert set(await on_list(database)) == {SHIRT}, "what was marked again stays on the list"
    await pipe.flow()
    (held,) = await pipe.held(SHIRT)
    assert held
    assert held["title"] == "Newer Shirt"


async def test_of_two_workers_at_once_one_writes(
    pipe: Pipeline, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, inside, most = bulk.write, 0, 0

    async def counted(*arguments: Any) -> dict[UUID, str]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        try:
            return await written(*arguments)
        finally:
            inside -= 1

    monkeypatch.setattr(bulk, "write", counted)
    for round_ in range(5):
        await retitle(database, SHIRT, f"Shirt {round_}")
        await pipe.relay()
        await asyncio.gather(*(indexing.step(database, pipe.cluster) for _ in range(4)))
    await pipe.flow()
    assert most == 1
    assert not (await pipe.differences()).all


async def test_a_refused_document_waits_longer_each_time_and_holds_up_nobody(
    pipe: Pipeline, database: Database
) -> None:
    (index,) = await pipe.indices()
    async with pipe.cluster.guarded(10) as client:
        # From here on the index takes no prices of another market.
        body = {"dynamic": "strict", "properties": {"price": {"type": "object", "dynamic": "strict"}}}
        await client.indices.put_mapping(index=index, body=body)
    market = new_id()
    async with database.begin() as tx:
        await catalog.note_price_ranges(tx, [(SHIRT, market, 1, 2)])
    await mark(database, SHIRT, MUG)
    assert await indexing.step(database, pipe.cluster) == 1, "the other one was written"
    assert await on_list(database) == {SHIRT: 1}
    assert await indexing.step(database, pipe.cluster) == 0, "it is not due yet"
    async with database.begin() as tx:
        await tx.execute(update(pending).values(due_at=func.now()))
    assert await indexing.step(database, pipe.cluster) == 0
    assert await on_list(database) == {SHIRT: 2}
    async with database.read() as conn:
        left = (await conn.execute(select(pending.c.due_at - func.now()))).scalar_one()
    assert left.total_seconds() > 1
    # It is marked anew as soon as it changes: perhaps that was it.
    async with database.begin() as tx:
        await tx.execute(text("DELETE FROM catalog.product_price WHERE market_id = :id"), {"id": market})
    await mark(database, SHIRT)
    assert await indexing.step(database, pipe.cluster) == 1
    assert await on_list(database) == {}


async def test_the_list_is_worked_off_in_batches(pipe: Pipeline, database: Database) -> None:
    await mark(database, *(new_id() for _ in range(INDEX_BATCH_MAX + 1)))
    assert await indexing.step(database, pipe.cluster) == INDEX_BATCH_MAX
    assert await indexing.step(database, pipe.cluster) == 1
    assert await indexing.step(database, pipe.cluster) == 0


async def test_an_idle_worker_asks_one_question(pipe: Pipeline, database: Database) -> None:
    with count_statements() as seen:
        await indexing.step(database, pipe.cluster)
    assert len(seen) == 1


async def test_without_a_node_the_list_is_kept_and_the_job_pauses(
    pipe: Pipeline, database: Database, resources: Resources
) -> None:
    await mark(database, SHIRT)
    nowhere = Cluster("http://127.0.0.1:1", pipe.cluster.alias)
    away = replace(resources, services={"opensearch": nowhere})
    assert await index_changes(away) == 0
    pause = away.services["search.indexing"]
    assert (pause.length_s, pause.over()) == (PAUSE_S_MIN, False)
    with count_statements() as seen:
        assert await index_changes(away) == 0
    assert seen == [], "it asks nothing while it pauses"
    with pytest.raises(Unreachable):
        await indexing.step(database, nowhere)
    assert set(await on_list(database)) == {SHIRT}
    await nowhere.close()
    back = replace(resources, services={"opensearch": pipe.cluster})
    assert await index_changes(back) == 1
    assert await on_list(database) == {}


async def test_a_worker_of_an_older_release_leaves_the_list_to_the_newer(pipe: Pipeline, database: Database) -> None:
    await mark(database, SHIRT)
    async with database.begin() as tx:
        await tx.execute(update(build).values(index_version=build.c.index_version + 1))
    assert await indexing.step(database, pipe.cluster) == 0
    assert set(await on_list(database)) == {SHIRT}


async def test_a_collection_is_no_part_of_a_document_but_its_key_is(pipe: Pipeline, database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(update(collection).values(title="Other"))
    assert not (await pipe.differences()).all


async def test_a_seed_under_a_server_that_has_an_index_is_indexed(pipe: Pipeline, database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(update(product).values(title="Written by COPY"))
    await marks.mark_all(database)
    assert set(await on_list(database)) == {uid(thing.handle) for thing in THINGS}
    await pipe.flow()
    assert not (await pipe.differences()).all
