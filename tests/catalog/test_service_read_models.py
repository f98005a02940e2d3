"""Read models that the domains above keep, and the reaction to orders."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import select

from commerce_graph.catalog import service
from commerce_graph.catalog.handlers import HANDLERS, count_sales
from commerce_graph.catalog.service import NewProduct, NewVariant
from commerce_graph.catalog.tables import product, product_price, variant
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.outbox import Fact
from tests.shop import uid

SHIRTS = [uid(f"shirt-{size}-{color}") for size in "SM" for color in ("White", "Blue")]


async def available(database: Database, *names: str) -> list[bool]:
    async with database.read() as conn:
        found = {row.id: row.available for row in (await conn.execute(select(product.c.id, product.c.available))).all()}
    return [found[uid(name)] for name in names]


async def note(database: Database, told: dict[UUID, bool]) -> None:
    async with database.begin() as tx:
        await service.note_availability(tx, told)


async def test_a_product_is_available_while_a_variant_is(database: Database) -> None:
    await note(database, {})
    await note(database, dict.fromkeys(SHIRTS[:3], False))
    assert await available(database, "shirt") == [True]
    await note(database, {SHIRTS[3]: False, uid("lamp-variant"): True, new_id(): True})
    assert await available(database, "shirt", "lamp", "mug") == [False, True, True]


async def test_the_last_two_variants_sell_out_at_once(database: Database) -> None:
    for _ in range(5):
        await note(database, dict.fromkeys(SHIRTS, True))
        await asyncio.gather(*(note(database, {variant_id: False}) for variant_id in SHIRTS))
        assert await available(database, "shirt") == [False]


async def test_removed_variants_do_not_keep_a_product_available(database: Database) -> None:
    await note(database, dict.fromkeys(SHIRTS[1:], False))
    async with database.begin() as tx:
        wanted = [NewVariant(id=variant_id) for variant_id in SHIRTS[1:]]
        await service.save_product(tx, NewProduct(id=uid("shirt"), variants=wanted))
    assert await available(database, "shirt") == [False]


async def test_availability_and_edits_at_once_do_not_block_each_other(database: Database) -> None:
    async def edit(number: int) -> None:
        async with database.begin() as tx:
            await service.save_product(tx, NewProduct(id=uid("shirt"), handle=f"shirt-{number}", tags=[str(number)]))
            wanted = [NewVariant(id=variant_id, sku=str(number)) for variant_id in reversed(SHIRTS)]
            await service.update_variants(tx, uid("shirt"), wanted)

    flips = [note(database, {SHIRTS[number % 4]: number % 3 == 0}) for number in range(12)]
    await asyncio.gather(*(edit(number) for number in range(4)), *flips)
    async with database.read() as conn:
        found = await conn.execute(select(variant.c.available).where(variant.c.product_id == uid("shirt")))
        assert await available(database, "shirt") == [any(found.scalars())]


async def test_statements_do_not_grow(database: Database) -> None:
    counts = []
    for size in (1, 4):
        with count_statements() as seen:
            await note(database, dict.fromkeys(SHIRTS[:size], size == 4))
            async with database.begin() as tx:
                await service.note_price_ranges(
                    tx, [(uid("mug"), uid(m), size, size) for m in ("eu", "us", "jp")[:size]]
                )
                await service.note_sales(tx, {uid(name): size for name in ("mug", "lamp", "shirt", "print")[:size]})
        counts.append(len(seen))
    assert counts[0] == counts[1]


async def test_price_ranges_are_written_over(database: Database) -> None:
    async with database.begin() as tx:
        await service.note_price_ranges(tx, [(uid("mug"), uid("eu"), 5, 9), (new_id(), uid("eu"), 1, 1)])
    chosen = select(product_price.c.min_minor, product_price.c.max_minor).where(
        product_price.c.product_id == uid("mug"), product_price.c.market_id == uid("eu")
    )
    async with database.read() as conn:
        assert (await conn.execute(chosen)).all() == [(5, 9)]


async def test_sales_are_counted_once_for_each_fact(database: Database) -> None:
    assert (("OrderPlaced", count_sales),) == HANDLERS
    payload: dict[str, Any] = {
        "order_id": str(new_id()),
        "sold": {str(uid("mug")): 2, str(uid("lamp")): 1, str(new_id()): 9},
    }
    facts = [Fact(new_id(), "OrderPlaced", payload) for _ in range(3)]
    await asyncio.gather(*(count_sales(database, fact) for fact in facts * 3))
    async with database.read() as conn:
        sold = select(product.c.handle, product.c.sales).where(product.c.sales > 0)
        found = {row.handle: row.sales for row in (await conn.execute(sold)).all()}
    assert found == {"mug": 6, "lamp": 3}
