"""Reserving stock: all or nothing, from as few locations as can give it, never twice."""

import asyncio

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from commerce_graph.inventory import service
from commerce_graph.inventory.errors import OutOfStock
from commerce_graph.inventory.service import Allocation, Wanted
from commerce_graph.inventory.tables import level, location
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from tests.inventory.stock import assert_sound, hold, make, published, put, quantities, states, want
from tests.shop import uid

BERLIN, NEWARK = uid("berlin"), uid("newark")


async def test_more_than_there_is_is_refused_and_nothing_is_held(database: Database) -> None:
    shirt, mug = want("shirt-S-White", 1), want("mug-variant", 4)
    with pytest.raises(OutOfStock) as told:
        await hold(database, shirt, mug)
    assert (told.value.code, told.value.line_id, told.value.variant_id, told.value.available) == (
        "NOT_ENOUGH_STOCK", mug.line_id, uid("mug-variant"), 3,
    )  # fmt: skip
    assert await quantities(database, "shirt-S-White") == {"berlin": (10, 0), "newark": (5, 0)}


async def test_lines_of_one_variant_share_its_stock(database: Database) -> None:
    first, second = want("mug-variant", 2), want("mug-variant", 2)
    with pytest.raises(OutOfStock) as told:
        await hold(database, first, second)
    assert (told.value.line_id, told.value.available) == (second.line_id, 1)
    _, allocated = await hold(database, first, Wanted(second.line_id, second.variant_id, 1))
    assert allocated == [
        Allocation(first.line_id, uid("mug-variant"), BERLIN, 2),
        Allocation(second.line_id, uid("mug-variant"), BERLIN, 1),
    ]
    assert await quantities(database, "mug-variant") == {"berlin": (3, 3), "newark": (0, 0)}


async def test_what_is_sold_out_or_not_counted_is_refused(database: Database) -> None:
    with pytest.raises(OutOfStock) as told:
        await hold(database, want("lamp-variant", 1))
    assert told.value.available == 0
    with pytest.raises(OutOfStock):
        await hold(database, Wanted(new_id(), new_id(), 1))


async def test_a_closed_location_gives_nothing(database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(update(location).where(location.c.id == BERLIN).values(active=False))
    with pytest.raises(OutOfStock) as told:
        await hold(database, want("shirt-S-White", 6))
    assert told.value.available == 5


async def test_the_buyer_s_country_comes_first_then_priority(database: Database) -> None:
    for country, place in (("DE", BERLIN), ("US", NEWARK), ("JP", BERLIN), (None, BERLIN)):
        _, allocated = await hold(database, want("shirt-S-White", 1), country=country)
        assert [part.location_id for part in allocated] == [place]


async def test_one_location_that_has_all_comes_before_two_that_are_nearer(database: Database) -> None:
    _, allocated = await hold(database, want("shirt-S-White", 7), country="US")
    assert [(part.location_id, part.quantity) for part in allocated] == [(BERLIN, 7)]


async def test_a_line_is_split_where_no_location_has_all(database: Database) -> None:
    line = want("shirt-S-White", 12)
    owner, allocated = await hold(database, line, country="US")
    assert [(part.location_id, part.quantity) for part in allocated] == [(NEWARK, 5), (BERLIN, 7)]
    assert await quantities(database, "shirt-S-White") == {"berlin": (10, 7), "newark": (5, 5)}
    async with database.read() as conn:
        held = await service.allocations(conn, owner)
    assert sorted(held, key=str) == sorted(allocated, key=str)


async def test_untracked_goods_are_not_counted(database: Database) -> None:
    line = want("guide-variant", 500)
    owner, allocated = await hold(database, line)
    assert allocated == [Allocation(line.line_id, line.variant_id, None, 500)]
    assert await quantities(database, "guide-variant") == {"berlin": (0, 0), "newark": (0, 0)}
    async with database.begin() as tx:
        assert await service.allocations(tx, owner) == []
        assert await service.commit(tx, owner)


async def test_overselling_takes_the_first_location_below_zero(database: Database) -> None:
    _, allocated = await hold(database, want("print-variant", 3), country="US")
    assert [(part.location_id, part.quantity) for part in allocated] == [(NEWARK, 3)]
    async with database.read() as conn:
        (stock,) = await service.stock(conn, [uid("print-variant")])
    assert stock
    assert (stock.available, stock.for_sale) == (-3, True)


async def test_repeating_it_holds_nothing_more(database: Database) -> None:
    lines = [want("shirt-S-White", 2), want("guide-variant", 1)]
    owner, first = await hold(database, *lines)
    _, second = await hold(database, *lines, owner=owner)
    assert second == first
    assert await quantities(database, "shirt-S-White") == {"berlin": (10, 2), "newark": (5, 0)}


async def test_repeating_what_took_the_last_piece_returns_it(database: Database) -> None:
    line = want("mug-variant", 3)
    owner, first = await hold(database, line)
    assert await hold(database, line, owner=owner) == (owner, first)
    with pytest.raises(OutOfStock):
        await hold(database, line)


async def test_the_same_owner_at_the_same_time_holds_once(database: Database) -> None:
    owner, line = new_id(), want("shirt-S-White", 2)
    answers = await asyncio.gather(*(hold(database, line, owner=owner) for _ in range(8)))
    assert all(allocated == answers[0][1] for _, allocated in answers)
    assert await quantities(database, "shirt-S-White") == {"berlin": (10, 2), "newark": (5, 0)}


async def test_after_giving_all_back_an_owner_can_hold_anew(database: Database) -> None:
    line = want("mug-variant", 3)
    owner, _ = await hold(database, line)
    async with database.begin() as tx:
        await service.release(tx, owner)
    _, allocated = await hold(database, line, owner=owner)
    assert [part.quantity for part in allocated] == [3]
    assert await states(database, owner) == [("HELD", 3)]
    await assert_sound(database)


async def test_two_hundred_buyers_of_ten_units(database: Database) -> None:
    await put(database, "lamp-variant", berlin=6, newark=4)

    async def buy() -> bool:
        try:
            await hold(database, want("lamp-variant", 1))
        except OutOfStock:
            return False
        return True

    assert sum(await asyncio.gather(*(buy() for _ in range(200)))) == 10
    assert await quantities(database, "lamp-variant") == {"berlin": (6, 6), "newark": (4, 4)}
    await assert_sound(database)


async def test_lines_in_opposite_order_do_not_deadlock(database: Database) -> None:
    names = await make(database, 8, 100)
    lines = [want(name, 1) for name in names]

    async def buy(turn: int) -> None:
        mine = [Wanted(new_id(), line.variant_id, 1) for line in lines]
        await hold(database, *(mine if turn % 2 else reversed(mine)))

    await asyncio.gather(*(buy(turn) for turn in range(40)))
    assert [await quantities(database, name) for name in names] == [{"berlin": (100, 40)}] * 8
    await assert_sound(database)


async def test_the_row_itself_refuses_to_be_oversold(database: Database) -> None:
    mug = update(level).where(level.c.item_id == uid("mug-variant"), level.c.location_id == BERLIN)
    for values, check in (({"committed": 4}, "never_oversold"), ({"committed": -1}, "committed_positive")):
        async with database.engine.connect() as conn:
            with pytest.raises(IntegrityError, match=f"ck_level_{check}"):
                await conn.execute(mug.values(**values))


@pytest.mark.parametrize("count", [1, 50])
async def test_statements_do_not_grow_with_the_lines(database: Database, count: int) -> None:
    lines = [want(name, 1) for name in await make(database, count, 5)]
    with count_statements() as seen:
        await hold(database, *lines)
    assert len(seen) == 2


async def test_selling_out_is_told_once(database: Database) -> None:
    await hold(database, want("mug-variant", 2))
    async with database.read() as conn:
        assert await published(conn) == []
    await hold(database, want("mug-variant", 1))
    async with database.read() as conn:
        assert await published(conn) == [("StockChanged", str(uid("mug")))]
