"""Prices: what a variant costs in a market, and the ranges kept in step."""

import asyncio
import random

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from commerce_graph.catalog.tables import product_price
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.outbox import outbox
from commerce_graph.pricing import service
from commerce_graph.pricing.service import NewPrice, Price
from commerce_graph.pricing.tables import market, price
from tests.shop import uid
from tests.waiting import until_blocked


async def test_prices_of_a_market(database: Database) -> None:
    keys = [uid("shirt-S-White"), new_id(), uid("mug-variant"), uid("shirt-S-White")]
    async with database.read() as conn:
        with count_statements() as seen:
            found = await service.prices(conn, keys, uid("jp"))
        assert await service.prices(conn, keys[:1], new_id()) == [None]
    shirt = Price(8000, 9000, "JPY")
    assert found == [shirt, None, Price(2900, None, "JPY"), shirt]
    assert len(seen) == 1


async def ranges(database: Database, product: str) -> dict[str, tuple[int, int]]:
    async with database.read() as conn:
        rows = await conn.execute(
            select(market.c.handle, product_price.c.min_minor, product_price.c.max_minor)
            .join(market, market.c.id == product_price.c.market_id)
            .where(product_price.c.product_id == uid(product))
        )
        return {row.handle: (row.min_minor, row.max_minor) for row in rows}


async def write(database: Database, *new: NewPrice) -> None:
    async with database.begin() as tx:
        await service.set_prices(tx, new)


async def facts(database: Database) -> list[tuple[str, str]]:
    async with database.read() as conn:
        rows = await conn.execute(select(outbox.c.kind, outbox.c.payload).order_by(outbox.c.position))
        return [(row.kind, row.payload["product_id"]) for row in rows]


def shirt(variant: str, market_name: str, amount: int, compare: int | None = None) -> NewPrice:
    return NewPrice(uid("shirt"), uid(f"shirt-{variant}"), uid(market_name), amount, compare)


async def test_a_negative_price_is_refused_by_the_row(database: Database) -> None:
    with pytest.raises(IntegrityError, match="amount_positive"):
        await write(database, shirt("S-White", "eu", -1))


async def test_setting_prices_keeps_the_ranges_and_tells_it_once(database: Database) -> None:
    await write(database, shirt("S-White", "eu", 1000), shirt("S-Blue", "eu", 9000, 9900), shirt("S-Blue", "us", 1))
    assert await ranges(database, "shirt") == {"eu": (1000, 9000), "us": (1, 5500), "jp": (8000, 8000)}
    assert await facts(database) == [("PricesChanged", str(uid("shirt")))]
    async with database.read() as conn:
        found = await service.prices(conn, [uid("shirt-S-Blue"), uid("shirt-S-White")], uid("eu"))
    assert found == [Price(9000, 9900, "EUR"), Price(1000, None, "EUR")]


async def test_the_same_prices_again_are_no_news(database: Database) -> None:
    await write(database, shirt("S-White", "eu", 4900, 5900), shirt("S-Blue", "eu", 4900))
    await write(database)
    assert await facts(database) == []


async def test_the_last_of_several_prices_of_one_variant_counts(database: Database) -> None:
    await write(database, *(shirt("S-White", "eu", amount) for amount in (1, 2, 3)))
    async with database.read() as conn:
        assert await service.prices(conn, [uid("shirt-S-White")], uid("eu")) == [Price(3, None, "EUR")]


async def test_removing_prices_keeps_the_ranges(database: Database) -> None:
    await write(database, shirt("S-White", "eu", 1000))
    async with database.begin() as tx:
        await service.remove_prices(tx, uid("shirt"), [uid("shirt-S-White"), uid("mug-variant")])
        await service.remove_prices(tx, uid("shirt"), [uid("shirt-S-White")])
    assert (await ranges(database, "shirt"))["eu"] == (4900, 4900)
    async with database.read() as conn:
        found = await service.prices(conn, [uid("shirt-S-White"), uid("mug-variant")], uid("eu"))
    assert found == [None, Price(1800, None, "EUR")]
    assert [kind for kind, _ in await facts(database)] == ["PricesChanged"] * 2


@pytest.mark.parametrize("count", [1, 300])
async def test_statements_do_not_grow_with_the_prices(database: Database, count: int) -> None:
    new = [NewPrice(uid("shirt"), new_id(), uid("eu"), amount) for amount in range(count)]
    with count_statements() as seen:
        await write(database, *new)
    assert len(seen) <= 7


@pytest.mark.parametrize("second", ["shirt-S-Blue", "shirt-new"])
async def test_a_writer_who_waited_reckons_with_what_the_other_wrote(database: Database, second: str) -> None:
    async with database.begin() as tx:
        await service.set_prices(tx, [shirt("S-White", "eu", 100)])
        other = asyncio.create_task(write(database, NewPrice(uid("shirt"), uid(second), uid("eu"), 90_000)))
        await until_blocked(database)
    await other
    assert (await ranges(database, "shirt"))["eu"] == (100, 90_000)


async def test_writers_of_one_product_leave_the_right_range(database: Database) -> None:
    fresh = NewPrice(uid("mug"), uid("mug-other"), uid("eu"), 5)
    rounds = [
        (shirt("S-White", "eu", 100), shirt("S-Blue", "eu", 90_000)),
        (shirt("S-White", "eu", 5000), shirt("S-Blue", "eu", 5001)),
        (fresh, NewPrice(uid("mug"), uid("mug-variant"), uid("eu"), 1)),
    ]
    for prices in rounds:
        await asyncio.gather(*(write(database, price) for price in prices), write(database, *reversed(prices)))
        await assert_in_step(database)
    assert (await ranges(database, "mug"))["eu"] == (1, 5)


async def assert_in_step(database: Database) -> None:
    lowest, highest = func.min(price.c.amount_minor), func.max(price.c.amount_minor)
    rows = select(price.c.product_id, price.c.market_id, lowest, highest)
    kept = select(product_price.c.product_id, product_price.c.market_id, product_price.c.min_minor,
                  product_price.c.max_minor)  # fmt: skip
    async with database.read() as conn:
        real = await conn.execute(rows.group_by(price.c.product_id, price.c.market_id))
        noted = await conn.execute(kept)
        assert sorted(real.all()) == sorted(noted.all())


async def test_ranges_are_the_extremes_of_the_rows_whatever_is_written(database: Database) -> None:
    chance = random.Random(7)
    for _ in range(25):
        size = chance.randint(1, 5)
        variants = [f"{a}-{b}" for a in "SM" for b in ("White", "Blue")]
        new = [
            shirt(chance.choice(variants), chance.choice(["eu", "us", "jp"]), chance.randint(0, 500))
            for _ in range(size)
        ]
        await write(database, *new)
        if chance.random() < 0.2:
            async with database.begin() as tx:
                await service.remove_prices(tx, uid("shirt"), [uid(f"shirt-{chance.choice(variants[1:])}")])
        await assert_in_step(database)
