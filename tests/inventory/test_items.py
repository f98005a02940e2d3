"""Inventory items: how a variant is counted, and what the catalogue hears of it."""

import asyncio

import pytest
from sqlalchemy import insert, select, update

from commerce_graph.catalog import tables as catalog
from commerce_graph.inventory import service
from commerce_graph.inventory.service import NewItem, SetQuantity
from commerce_graph.inventory.tables import item, level, location, reservation
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.errors import Rejected
from tests.inventory.stock import assert_sound, hold, make, published, quantities, want
from tests.shop import uid
from tests.waiting import until_blocked


async def save(database: Database, *items: NewItem) -> None:
    async with database.begin() as tx:
        await service.save_items(tx, items)


async def available(database: Database, variant: str) -> tuple[bool, bool]:
    """Return what the catalogue believes of a variant and of its product."""
    both = select(catalog.variant.c.available, catalog.product.c.available.label("product"))
    async with database.read() as conn:
        row = (await conn.execute(both.join(catalog.product).where(catalog.variant.c.id == uid(variant)))).one()
    return row.available, row.product


async def test_overselling_cannot_stop_while_more_is_sold_than_there_is(database: Database) -> None:
    await hold(database, want("print-variant", 2))
    with pytest.raises(Rejected) as told:
        await save(database, NewItem(uid("print-variant"), uid("print"), oversell=False))
    assert told.value.code == "INVALID"
    async with database.begin() as tx:
        await service.restock(tx, [(uid("print-variant"), uid("berlin"), 2)], "restock", None, "")
    await save(database, NewItem(uid("print-variant"), uid("print"), oversell=False))
    assert await available(database, "print-variant") == (False, False)
    await assert_sound(database)


async def test_the_policy_reaches_every_level_and_the_catalogue(database: Database) -> None:
    lamp = NewItem(uid("lamp-variant"), uid("lamp"), oversell=True)
    await save(database, lamp)
    await hold(database, want("lamp-variant", 3))
    assert await available(database, "lamp-variant") == (True, True)
    await save(database, NewItem(uid("lamp-variant"), uid("lamp"), tracked=False, oversell=False))
    async with database.read() as conn:
        rows = (await conn.execute(select(level.c.oversell).where(level.c.item_id == uid("lamp-variant")))).scalars()
        (stock,) = await service.stock(conn, [uid("lamp-variant")])
        assert list(rows) == [True, True]
        assert await published(conn) == [("StockChanged", str(uid("lamp")))] * 2
    assert stock
    assert (stock.tracked, stock.oversell, stock.available) == (False, False, -3)


async def test_none_leaves_a_policy_as_it_is(database: Database) -> None:
    await save(database, NewItem(uid("print-variant"), uid("print")), NewItem(uid("guide-variant"), uid("guide")))
    async with database.read() as conn:
        prints, guide = await service.stock(conn, [uid("print-variant"), uid("guide-variant")])
    assert prints
    assert guide
    assert (prints.tracked, prints.oversell, guide.tracked, guide.oversell) == (True, True, False, False)
    assert await available(database, "guide-variant") == (True, True)


async def test_a_new_item_is_stocked_at_the_default_location(database: Database) -> None:
    fresh, open_ended = new_id(), new_id()
    rows = [
        {"id": key, "product_id": uid("lamp"), "title": str(key), "position": 9, "selected_options": [{"n": str(key)}]}
        for key in (fresh, open_ended)
    ]
    async with database.begin() as tx:
        await tx.execute(insert(catalog.variant).values(rows))
    await save(database, NewItem(fresh, uid("lamp")), NewItem(open_ended, uid("lamp"), oversell=True))
    async with database.read() as conn:
        stocks = await service.stock(conn, [fresh, open_ended])
        levels = (await conn.execute(select(level).where(level.c.item_id.in_([fresh, open_ended])))).all()
        known = (
            await conn.execute(
                select(catalog.variant.c.id, catalog.variant.c.available).where(
                    catalog.variant.c.id.in_([fresh, open_ended])
                )
            )
        ).all()
    assert [stock and stock.for_sale for stock in stocks] == [False, True]
    assert {(row.item_id, row.location_id, row.oversell) for row in levels} == {
        (fresh, uid("berlin"), False), (open_ended, uid("berlin"), True),
    }  # fmt: skip
    assert {(row.id, row.available) for row in known} == {(fresh, False), (open_ended, True)}


async def test_without_a_location_an_item_is_not_stocked(database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(update(location).values(active=False))
    fresh = new_id()
    await save(database, NewItem(fresh, uid("lamp")))
    await save(database)
    async with database.read() as conn:
        assert (await conn.execute(select(level).where(level.c.item_id == fresh))).all() == []


@pytest.mark.parametrize("count", [1, 50])
async def test_statements_do_not_grow_with_the_items(database: Database, count: int) -> None:
    fresh = [NewItem(new_id(), uid("lamp")) for _ in range(count)]
    with count_statements() as seen:
        await save(database, *fresh)
    assert len(seen) <= 6
    with count_statements() as seen:
        await save(database, *fresh)
    assert len(seen) <= 5


async def test_what_is_reserved_or_sold_cannot_be_removed(database: Database) -> None:
    line = want("mug-variant", 1)
    owner, _ = await hold(database, line)
    for step in ("held", "sold", "shipped"):
        if step == "shipped":
            async with database.begin() as tx:
                await service.ship(tx, owner, [(line.line_id, uid("berlin"), 1)])
            break
        with pytest.raises(Rejected) as told:
            async with database.begin() as tx:
                await service.remove_items(tx, [uid("mug-variant"), uid("lamp-variant")])
        assert told.value.code == "INVALID"
        async with database.begin() as tx:
            await service.commit(tx, owner)
    async with database.begin() as tx:
        await service.remove_items(tx, [uid("mug-variant"), new_id()])
    async with database.read() as conn:
        assert await service.stock(conn, [uid("mug-variant")]) == [None]
        for table in (item, level, reservation):
            column = table.c.id if table is item else table.c.item_id
            assert (await conn.execute(select(table).where(column == uid("mug-variant")))).all() == []


async def test_the_catalogue_hears_only_of_crossings(database: Database) -> None:
    assert await available(database, "mug-variant") == (True, True)
    first, _ = await hold(database, want("mug-variant", 2))
    with count_statements() as seen:
        second, _ = await hold(database, want("mug-variant", 1))
    assert any("catalog." in sql for sql in seen)
    assert await available(database, "mug-variant") == (False, False)
    with count_statements() as seen:
        async with database.begin() as tx:
            await service.release(tx, first)
            await service.release(tx, second)
    assert len([sql for sql in seen if "UPDATE catalog.variant" in sql]) == 1
    assert await available(database, "mug-variant") == (True, True)
    async with database.begin() as tx:
        there = SetQuantity(uid("mug-variant"), uid("berlin"), 0)
        await service.set_quantities(tx, "available", [there], "correction", None, "")
    assert await available(database, "mug-variant") == (False, False)


async def test_two_buyers_of_the_last_pieces_at_two_locations(database: Database) -> None:
    """Each takes from another location, and neither alone sells out: the line is crossed by both together."""
    async with database.begin() as tx:
        quantities_ = [SetQuantity(uid("mug-variant"), uid(place), 1) for place in ("berlin", "newark")]
        await service.set_quantities(tx, "on_hand", quantities_, "correction", None, "")
    await asyncio.gather(
        hold(database, want("mug-variant", 1), country="DE"), hold(database, want("mug-variant", 1), country="US")
    )
    assert await quantities(database, "mug-variant") == {"berlin": (1, 1), "newark": (1, 1)}
    assert await available(database, "mug-variant") == (False, False)


async def test_holding_items_keeps_buyers_waiting(database: Database) -> None:
    async with database.begin() as tx:
        await service.hold_items(tx, [uid("mug-variant")])
        buyer = asyncio.create_task(hold(database, want("mug-variant", 3)))
        await until_blocked(database)
        there = SetQuantity(uid("mug-variant"), uid("newark"), 1)
        await service.set_quantities(tx, "available", [there], "correction", None, "")
    _, allocated = await buyer
    assert sum(part.quantity for part in allocated) == 3
    await assert_sound(database)


async def test_items_saved_while_they_are_bought(database: Database) -> None:
    names = await make(database, 6, 10)

    async def buy() -> None:
        await hold(database, *(want(name, 1) for name in reversed(names)))

    async def save_all(turn: int) -> None:
        items = [NewItem(uid(name), uid("extra"), oversell=turn % 2 == 0) for name in names]
        await save(database, *(items if turn % 3 else reversed(items)))

    await asyncio.gather(*(buy() for _ in range(10)), *(save_all(turn) for turn in range(6)))
    await assert_sound(database)
