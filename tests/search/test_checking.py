"""The check finds what is wrong in the index, and only that; the repair mends it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from random import Random
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import delete, func, select, text, update
from tools.opensearch import Node

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import NewCollection, NewProduct, NewVariant, Rule, RuleSet
from commerce_graph.catalog.tables import collection, product
from commerce_graph.events import OrderPlaced
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import publish
from commerce_graph.merchandising import service as merchandising
from commerce_graph.merchandising.service import Goods, PriceWish
from commerce_graph.pricing import service as pricing
from commerce_graph.pricing.service import NewPrice
from commerce_graph.search.service import builds, bulk, checking, marks
from commerce_graph.search.service.checking import Differences, NoIndex, NotRepaired, check, repair
from commerce_graph.search.service.documents import documents
from commerce_graph.search.tables import build, pending
from tests.search.pipeline import Pipeline, pipeline
from tests.shop import THINGS, uid, variant_names

SHIRT, MUG, LAMP = uid("shirt"), uid("mug"), uid("lamp")


@pytest.fixture
async def pipe(
    database: Database, redis: Redis, opensearch: Node, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pipeline]:
    """Return a pipeline whose index holds the shop."""
    monkeypatch.setattr(checking, "SETTLES_S", 0.0)
    async with pipeline(database, redis, opensearch.url) as made:
        await made.build()
        yield made


async def plant(pipe: Pipeline) -> UUID:
    """Make the index wrong in each way, as no program of ours would; return the product that it has too much."""
    extra = new_id()
    async with pipe.database.read() as conn:
        (mug,) = await documents(conn, [MUG])
        (made,) = await builds.open_builds(conn)
    assert mug is not None
    async with pipe.cluster.guarded(10) as client:
        await client.index(index=made.index_name, id=extra.hex, body={**mug, "id": extra.hex})
    async with pipe.cluster.guarded(10) as client:
        await client.delete(index=made.index_name, id=MUG.hex)
    async with pipe.database.begin() as tx:
        await tx.execute(update(product).where(product.c.id == SHIRT).values(title="Nobody was told"))
    return extra


async def test_an_index_without_faults_has_no_differences(pipe: Pipeline) -> None:
    heard: list[tuple[int, int]] = []
    found = await check(pipe.database, pipe.cluster, lambda done, total: heard.append((done, total)))
    assert found == Differences(len(THINGS), [], [], [])
    assert str(found) == f"the index holds all {len(THINGS)} products as they are"
    assert heard[-1] == (len(THINGS), len(THINGS))


async def test_each_kind_of_difference_is_found_and_repaired(pipe: Pipeline) -> None:
    extra = await plant(pipe)
    found = await pipe.differences()
    assert found == Differences(len(THINGS), [MUG], [SHIRT], [extra])
    assert str(found).splitlines() == [
        f"missing: 1 products, such as {MUG}",
        f"stale: 1 products, such as {SHIRT}",
        f"extra: 1 products, such as {extra}",
    ]
    await repair(pipe.database, pipe.cluster, found)
    assert not (await pipe.differences()).all
    shirt, gone = await pipe.held(SHIRT, extra)
    assert shirt
    assert (shirt["title"], gone) == ("Nobody was told", None)


async def test_extra_products_beyond_the_last_and_before_the_first_are_found(pipe: Pipeline) -> None:
    extras = [UUID(int=0), UUID(int=2**128 - 1)]
    async with pipe.database.read() as conn:
        (mug,) = await documents(conn, [MUG])
        (made,) = await builds.open_builds(conn)
    assert mug is not None
    for each in extras:
        async with pipe.cluster.guarded(10) as client:
            await client.index(index=made.index_name, id=each.hex, body={**mug, "id": each.hex})
    assert (await pipe.differences()).extra == extras


async def test_differences_are_found_batch_by_batch(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "INDEX_BATCH_MAX", 2)
    extra = await plant(pipe)
    found = await pipe.differences()
    assert found == Differences(len(THINGS), [MUG], [SHIRT], [extra])


@pytest.mark.parametrize(("most", "complete"), [(6, True), (5, False)])
async def test_it_ends_at_so_many_differences(
    pipe: Pipeline, monkeypatch: pytest.MonkeyPatch, most: int, complete: bool
) -> None:
    monkeypatch.setattr(checking, "INDEX_BATCH_MAX", 1)
    monkeypatch.setattr(checking, "INDEX_DIFFERENCES_MAX", most)
    async with pipe.database.begin() as tx:
        await tx.execute(update(product).values(vendor="Nobody was told"))
    found = await pipe.differences()
    assert (len(found.stale), found.complete) == (most, complete)


async def test_a_change_on_its_way_is_no_difference(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "SETTLES_S", 60.0)
    async with pipe.database.begin() as tx:
        await catalog.save_product(tx, NewProduct(id=SHIRT, title="Silk Shirt"))
    differing, seen = checking._differing, []

    async def and_then_it_arrives(*arguments: Any) -> list[UUID]:
        found = await differing(*arguments)
        seen.append(found)
        await pipe.flow()
        return found

    monkeypatch.setattr(checking, "_differing", and_then_it_arrives)
    assert not (await pipe.differences()).all
    assert seen == [[SHIRT], []], "it did differ at first"


async def test_a_database_from_a_backup_wins_over_the_index_again(pipe: Pipeline) -> None:
    for _ in range(3):
        async with pipe.database.begin() as tx:
            await marks.mark(tx, [SHIRT])
        await pipe.flow()
    async with pipe.database.begin() as tx:
        await tx.execute(text("SELECT setval('search.version', 1)"))
        await catalog.save_product(tx, NewProduct(id=SHIRT, title="From the backup"))
    await pipe.flow()
    found = await pipe.differences()
    assert found.stale == [SHIRT], "the index knew a higher version"
    await repair(pipe.database, pipe.cluster, found)
    assert not (await pipe.differences()).all


async def test_what_cannot_be_repaired_is_said(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lossy(*_: Any) -> dict[UUID, str]:
        return {}

    await plant(pipe)
    found = await pipe.differences()
    monkeypatch.setattr(bulk, "write", lossy)
    monkeypatch.setattr(checking, "REPAIR_S", 0.2)
    with pytest.raises(NotRepaired, match="3 products still differ"):
        await repair(pipe.database, pipe.cluster, found)


async def test_without_an_index_it_says_what_to_do(pipe: Pipeline) -> None:
    (index,) = await pipe.indices()
    async with pipe.cluster.guarded(10) as client:
        await client.indices.delete(index=index)
    with pytest.raises(NoIndex, match="is gone"):
        await pipe.differences()
    async with pipe.database.begin() as tx:
        await tx.execute(delete(build))
    with pytest.raises(NoIndex, match="commerce-graph reindex"):
        await pipe.differences()


async def test_the_command_compares_and_repairs(pipe: Pipeline) -> None:
    async def call(*arguments: str) -> tuple[int | None, str, str]:
        told = {"OPENSEARCH_URL": pipe.url, "OPENSEARCH_INDEX": pipe.cluster.alias, "DATABASE_URL": pipe.database.url}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-m", "commerce_graph", "reindex", *arguments, env={**os.environ, **told},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, wrong = await process.communicate()
        return process.returncode, out.decode(), wrong.decode()

    await plant(pipe)
    status, out, wrong = await call("--check")
    assert status == 1
    assert "stale: 1 products" in out
    assert "reindex --repair" in wrong
    status, out, wrong = await call("--repair")
    assert (status, out.splitlines()[-1]) == (0, "repaired 3 products"), wrong
    assert not (await pipe.differences()).all
    status, out, wrong = await call()
    assert status == 0, wrong
    assert out.startswith(f"indexed {len(THINGS)} products; ")
    assert "a second" in out


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_a_day_of_all_kinds_of_writes_index_and_database_are_equal(pipe: Pipeline, seed: int) -> None:
    """Whatever changes a document must tell of it: a write that does not is found here."""
    dice = Random(seed)
    database = pipe.database
    products = [uid(thing.handle) for thing in THINGS]
    names = {uid(thing.handle): variant_names(thing) for thing in THINGS}
    collections: list[UUID] = []

    async def edit() -> None:
        chosen = dice.choice(products)
        tags = tuple(dice.sample(["a", "b", "c"], 2))
        status = dice.choice(["ACTIVE", "DRAFT"])
        new = NewProduct(id=chosen, title=f"Edition {dice.random()}", tags=tags, status=status)
        async with database.begin() as tx:
            await catalog.save_product(tx, new)

    async def create() -> None:
        async with database.begin() as tx:
            new = NewProduct(
                title=f"New {dice.random()}", vendor="Nord", variants=(NewVariant(sku=f"S{dice.random()}"),)
            )
            saved = await merchandising.set_product(tx, new, [Goods(price=PriceWish())], "a test")
        products.append(saved.id)

    async def price() -> None:
        chosen = dice.choice(list(names))
        wanted = [
            NewPrice(chosen, uid(dice.choice(names[chosen])), uid(dice.choice(["eu", "us"])), dice.randrange(99_999))
        ]
        async with database.begin() as tx:
            await pricing.set_prices(tx, wanted)

    async def stock() -> None:
        variant = uid(dice.choice(names[dice.choice(list(names))]))
        wanted = [inventory.SetQuantity(variant, uid(dice.choice(["berlin", "newark"])), dice.choice([0, 0, 7]))]
        async with database.begin() as tx:
            await inventory.set_quantities(tx, "on_hand", wanted, "correction", None, "a test")

    async def publication() -> None:
        async with database.begin() as tx:
            await catalog.publish_products(tx, dice.sample(products, 2), published=dice.random() < 0.5)

    async def sale() -> None:
        sold = {str(each): dice.randrange(1, 5) for each in dice.sample(products, 2)}
        async with database.begin() as tx:
            await publish(tx, OrderPlaced(new_id(), None, sold))

    async def collect() -> None:
        members = dice.sample(products, 3)
        async with database.begin() as tx:
            if not collections or dice.random() < 0.3:
                new = NewCollection(title=f"Things {dice.random()}", product_ids=members)
                collections.append(await catalog.create_collection(tx, new))
            elif dice.random() < 0.5:
                await catalog.add_products(tx, dice.choice(collections), members)
            else:
                await catalog.remove_products(tx, dice.choice(collections), members)

    async def rule() -> None:
        rules = dice.choice(
            [
                RuleSet((Rule("VENDOR", "EQUALS", dice.choice(["Nord", "Atelier"])),)),
                RuleSet((Rule("TITLE", "STARTS_WITH", "Edition"),)),
                RuleSet((Rule("VARIANT_PRICE", "GREATER_THAN", "500.00", uid("eu"), 50_000),)),
            ]
        )
        async with database.begin() as tx:
            if dice.random() < 0.3:
                await catalog.create_collection(tx, NewCollection(title=f"Rules {dice.random()}", rule_set=rules))
            else:
                await catalog.update_collection(tx, uid("lighting"), NewCollection(rule_set=rules))

    async def shrink() -> None:
        async with database.begin() as tx:
            new = NewProduct(id=dice.choice(products), variants=(NewVariant(sku=f"S{dice.random()}"),))
            names.pop(new.id, None)  # type: ignore[arg-type]
            if len(names) > 2:
                await merchandising.set_product(tx, new, [Goods()], "a test")

    async def carry() -> None:
        await (pipe.flow() if dice.random() < 0.5 else pipe.relay())

    kinds = [edit, create, price, stock, publication, sale, collect, rule, carry]
    for _ in range(60):
        await dice.choice(kinds)()
    await shrink()
    await pipe.flow()
    async with database.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(pending))).scalar_one() == 0
        assert (await conn.execute(select(func.count()).select_from(collection))).scalar_one() > 2
    found = await pipe.differences()
    assert found == Differences(len(products), [], [], [])
