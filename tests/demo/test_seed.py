"""Seeding: into an empty shop only, all or nothing, and every time the same."""

import asyncio

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from commerce_graph.demo import DEMO_EMAIL, DEMO_PASSWORD, ShopNotEmpty, fill, is_empty, seed
from commerce_graph.kernel.database import Database, metadata


async def contents(database: Database) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has, and a digest of them."""
    found = {}
    async with database.read() as conn:
        for table in metadata.tables.values():
            name = f'"{table.schema}"."{table.name}"'
            digest = f"SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"
            found[name] = tuple((await conn.execute(text(digest))).one())
    return found


async def test_refuses_a_shop_with_anything_in_it(database: Database) -> None:
    before = await contents(database)
    assert not await is_empty(database)
    with pytest.raises(ShopNotEmpty, match="freshly migrated"):
        await seed(database, 10)
    assert await contents(database) == before


async def test_refuses_less_than_one_product(empty: Database) -> None:
    with pytest.raises(ValueError, match="at least one"):
        await seed(empty, 0)
    assert await is_empty(empty)


async def test_leaves_nothing_behind_when_it_fails_half_way(empty: Database) -> None:
    def tell(stage: str, done: int, total: int) -> None:
        if stage == "orders":
            raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        await seed(empty, 20, tell)
    assert await is_empty(empty)
    assert not any(rows for rows, _ in (await contents(empty)).values())


async def test_of_two_seeds_at_once_one_fills_the_shop(empty: Database) -> None:
    outcomes = await asyncio.gather(seed(empty, 20), seed(empty, 20), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "ShopNotEmpty"]
    assert (await contents(empty))['"catalog"."product"'][0] == 20


async def test_the_same_number_gives_the_same_rows(empty: Database, other: Database) -> None:
    await asyncio.gather(seed(empty, 150), seed(other, 150))
    assert await contents(empty) == await contents(other)


async def test_fills_every_table_that_a_shop_has_after_a_while(demo: Database) -> None:
    bare = {name.replace('"', "") for name, (rows, _) in (await contents(demo)).items() if not rows}
    # What is under way, or what only the running system writes.
    running = ("kernel", "cart", "checkout", "discount", "gift_card", "merchandising", "search")
    expected = {table for table in bare if table.split(".")[0] in running}
    learnt = {"catalog.word", "catalog.vocabulary"}
    later = {
        "customer.access_token", "inventory.adjustment", "order.breakdown", "order.settlement", "payment.delivery",
    }  # fmt: skip
    asked = {"order.edit", "order.edit_change", "order.return", "order.return_line"}
    assert bare - expected == later | asked | learnt


async def test_a_shop_of_one_product_has_no_orders_that_could_not_be(empty: Database) -> None:
    await seed(empty, 1)
    async with empty.read() as conn:
        found = (await conn.execute(text('SELECT count(*) FROM "order".line WHERE quantity < 1'))).scalar_one()
    assert found == 0


async def test_tells_how_far_it_is(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "PRODUCTS_PER_BATCH", 10)
    told: list[tuple[str, int, int]] = []
    await seed(empty, 25, lambda *step: told.append(step))
    assert [(done, total) for stage, done, total in told if stage == "products"] == [
        (0, 25),
        (10, 25),
        (20, 25),
        (25, 25),
    ]
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "settings", "customers", "products", "orders", "statistics",
    ]  # fmt: skip
    assert all(done <= total for _, done, total in told)


async def test_order_numbers_go_on_where_the_past_ends(demo: Database) -> None:
    async with demo.read() as conn:
        last = (await conn.execute(text('SELECT max(number) FROM "order"."order"'))).scalar_one()
        now = (await conn.execute(text('SELECT last_value, is_called FROM "order".order_number'))).one()
    assert tuple(now) == (last, True)


async def test_the_planner_knows_the_tables(demo: Database) -> None:
    async with demo.read() as conn:
        rows = (
            await conn.execute(text("SELECT reltuples FROM pg_class WHERE oid = 'catalog.variant'::regclass"))
        ).scalar()
        counted = (await conn.execute(text("SELECT count(*) FROM catalog.variant"))).scalar_one()
    assert rows == counted


async def test_the_demo_customer_can_sign_in(demo: Database) -> None:

    async with demo.read() as conn:
        found = text("SELECT password_hash FROM customer.customer WHERE email = :email")
        hashed = (await conn.execute(found, {"email": DEMO_EMAIL})).scalar_one()
    assert PasswordHasher().verify(hashed, DEMO_PASSWORD)
