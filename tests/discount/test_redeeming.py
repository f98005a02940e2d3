"""Uses under concurrency: limits hold over real connections, a group is judged one by one, and nothing leaks."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from commerce_graph.checkout.service import Purchases
from commerce_graph.discount import service
from commerce_graph.discount.loaders import Asked, candidates
from commerce_graph.discount.rules import Discount
from commerce_graph.discount.service import Redemption
from commerce_graph.discount.tables import code, discount, redemption
from commerce_graph.inventory.tables import level
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.order.tables import order
from tests.cart.storefront import line, ready, submit
from tests.concurrency.test_checkout import at_once
from tests.discount.selling import payable, tenth
from tests.shop import Shop
from tests.waiting import until_blocked

START = datetime(2026, 1, 1, tzinfo=UTC)


async def offered(database: Database, name: str, **columns: Any) -> Discount:
    """Write a discount with a code of its name, and return it as a purchase is held against it."""
    row = {"id": new_id(), "method": "CODE", "kind": "BASIC", "discount_class": "ORDER", "title": name}
    terms = {"percentage_bps": 1000}
    async with database.begin() as tx:
        await tx.execute(insert(discount).values(**row, terms=terms, starts_at=START, **columns))
        at = {"id": new_id(), "discount_id": row["id"], "code": name, "folded": name.casefold()}
        await tx.execute(insert(code).values(**at))
    return await read(database, name)


async def read(database: Database, name: str, contact: str | None = None) -> Discount:
    async with database.read() as conn:
        ((found,),) = await candidates(conn, [Asked((name.casefold(),), None, contact)])
    return found


def taking(*discounts: Discount, contact: str | None = None, customer: UUID | None = None) -> Redemption:
    return Redemption(new_id(), customer, contact or str(new_id()), discounts)


async def redeemed(database: Database, *some: Redemption) -> list[bool]:
    async with database.begin() as tx:
        return [refusal is None for refusal in await service.redeem(tx, some)]


async def counted(database: Database, one: Discount) -> tuple[int, int]:
    """Return a discount's counter, and its uses in the ledger that stand."""
    async with database.read() as conn:
        used = (await conn.execute(select(discount.c.used).where(discount.c.id == one.id))).scalar_one()
        standing = (redemption.c.discount_id == one.id, redemption.c.state != "RELEASED")
        return used, (await conn.execute(select(func.count()).select_from(redemption).where(*standing))).scalar_one()


@pytest.fixture
async def crowd(database: Database) -> AsyncIterator[Database]:
    """Return a way to the test's database with 40 connections."""
    wide = Database(database.url, pool_size=20)
    yield wide
    await wide.close()


async def test_ten_uses_and_a_hundred_buyers(database: Database, crowd: Database) -> None:
    one = await offered(database, "TEN", usage_limit=10)
    came = await asyncio.gather(*(redeemed(crowd, taking(one)) for _ in range(100)))
    assert Counter(taken for (taken,) in came) == {True: 10, False: 90}
    assert await counted(database, one) == (10, 10)


async def test_once_per_customer_from_twenty_connections(database: Database, crowd: Database) -> None:
    one = await offered(database, "ONCE", once_per_customer=True)
    for who in ({"contact": "a"}, {"customer": new_id()}):
        came = await asyncio.gather(*(redeemed(crowd, taking(one, **who)) for _ in range(20)))
        assert Counter(taken for (taken,) in came) == {True: 1, False: 19}
    assert await counted(database, one) == (0, 2), "without a limit nothing is counted"


async def test_a_customer_is_known_by_the_address_too(database: Database) -> None:
    one = await offered(database, "ONCE", once_per_customer=True)
    customer = new_id()
    assert await redeemed(database, taking(one, contact="a", customer=customer)) == [True]
    assert await redeemed(database, taking(one, contact="a")) == [False]
    assert await redeemed(database, taking(one, contact="b", customer=customer)) == [False]
    assert (await read(database, "ONCE", "a")).used_before


async def test_a_group_is_judged_one_by_one(database: Database) -> None:
    two = await offered(database, "TWO", usage_limit=2)
    once = await offered(database, "ONCE", once_per_customer=True)
    group = [
        taking(two, once, contact="a"),
        taking(two, once, contact="a"),  # had `once` in this very group, so it takes nothing of `two` either
        taking(),
        taking(two),
        taking(two),
    ]
    with count_statements() as seen:
        assert await redeemed(database, *group) == [True, False, True, True, False]
    assert len([each for each in seen if not each.startswith(("BEGIN", "COMMIT"))]) <= 3
    assert await counted(database, two) == (2, 2)
    assert await counted(database, once) == (0, 1)


async def test_statements_do_not_grow_with_the_group(database: Database) -> None:
    one = await offered(database, "MANY", usage_limit=1_000)
    for size in (1, 50):
        async with database.begin() as tx:
            with count_statements() as seen:
                assert await service.redeem(tx, [taking(one) for _ in range(size)]) == [None] * size
        assert len(seen) == 2
    async with database.begin() as tx:
        with count_statements() as seen:
            await service.redeem(tx, [taking()])
    assert seen == []


async def test_groups_in_opposite_order_do_not_lock_each_other_out(database: Database, crowd: Database) -> None:
    some = [await offered(database, name, usage_limit=1_000) for name in ("A", "B", "C")]
    both = [[taking(each) for each in (some if n % 2 else some[::-1])] for n in range(40)]
    came = await asyncio.gather(*(redeemed(crowd, *group) for group in both))
    assert all(all(each) for each in came)
    assert [await counted(database, each) for each in some] == [(40, 40)] * 3


async def test_what_changed_meanwhile_is_refused(database: Database) -> None:
    one, free = await offered(database, "ONE", usage_limit=5), await offered(database, "FREE")
    async with database.begin() as tx:
        await service.deactivate(tx, one.id, "CODE")
        await service.deactivate(tx, free.id, "CODE")
    assert await redeemed(database, taking(one), taking(free)) == [False, False]
    async with database.begin() as tx:
        await service.delete_discount(tx, one.id, "CODE")
    assert await redeemed(database, taking(one)) == [False]


async def test_a_limit_set_while_uses_are_written_counts_them(database: Database) -> None:
    """Without the key-share lock the use that is being written would be in no count, and the limit overspent by it."""
    free = await offered(database, "FREE")

    async def limit() -> None:
        async with database.begin() as tx:
            await service.update_discount(tx, free.id, "CODE", "BASIC", lambda before: replace(before, usage_limit=1))

    async with database.begin() as tx:
        assert await service.redeem(tx, [taking(free)]) == [None]
        setting = asyncio.create_task(limit())
        await until_blocked(database)
    await setting
    assert await counted(database, free) == (1, 1)
    assert await redeemed(database, taking(await read(database, "FREE"))) == [False]


async def test_released_twice_is_given_back_once(database: Database) -> None:
    one = await offered(database, "ONE", usage_limit=1, once_per_customer=True)
    held = taking(one, contact="a")
    assert await redeemed(database, held) == [True]
    for _ in range(2):
        async with database.begin() as tx:
            await service.release(tx, [held.order_id])
    assert await counted(database, one) == (0, 0)
    again = taking(await read(database, "ONE", "a"), contact="a")
    assert await redeemed(database, again) == [True]
    async with database.begin() as tx:
        await service.use(tx, [again.order_id])
        await service.release(tx, [again.order_id])
    assert await counted(database, one) == (1, 1), "what was used stays so"


async def test_the_database_is_the_last_defence(database: Database) -> None:
    one = await offered(database, "ONE", usage_limit=1, once_per_customer=True)
    assert await redeemed(database, taking(one, contact="a")) == [True]
    with pytest.raises(IntegrityError, match="never_overspent"):
        async with database.begin() as tx:
            await tx.execute(update(discount).values(used=2))
    row = {"discount_id": one.id, "order_id": new_id(), "contact": "a", "once_per_customer": True}
    with pytest.raises(IntegrityError, match="uq_redemption_contact"):
        async with database.begin() as tx:
            await tx.execute(insert(redemption).values(id=new_id(), **row))


async def test_twenty_buyers_at_the_checkout_for_three_uses(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(update(level).values(on_hand=1_000))
    await tenth(shop, usageLimit=3)
    carts = [await ready(shop, line("mug-variant")) for _ in range(20)]
    for cart in carts:
        await payable(shop, cart, "TENTH")
    results = await at_once([lambda cart=cart: submit(shop, cart) for cart in carts])
    await Purchases.of(shop.resources).settle()
    kinds = Counter(result["__typename"] for result in results)
    assert kinds == {"SubmitSuccess": 3, "SubmitFailed": 17}
    codes = {error["code"] for result in results for error in result.get("errors", ())}
    assert codes == {"PAYMENTS_UNACCEPTABLE_PAYMENT_AMOUNT"}
    async with shop.database.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(order))).scalar() == 3
        assert (await conn.execute(select(discount.c.used))).scalar() == 3
        assert (await conn.execute(select(func.count()).select_from(redemption))).scalar() == 3
        assert (await conn.execute(select(func.sum(level.c.committed)))).scalar() == 3
