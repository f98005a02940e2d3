"""Flash sales on several server processes: what is sold is what there was, always; and the tests would notice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from commerce_graph.checkout.service import Purchases, Submissions
from commerce_graph.checkout.service.admission import Admission
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.service import AdjustQuantity, levels
from commerce_graph.kernel.ids import parse_gid, to_gid
from commerce_graph.order.tables import order
from commerce_graph.payment.tables import test_charge as charge
from tests.cart.storefront import SUBMIT, line, submit
from tests.concurrency.serving import Served, served, settled
from tests.concurrency.test_checkout import at_once, buyer, count
from tests.conftest import Template
from tests.inventory.stock import assert_sound, put, quantities
from tests.shop import Shop, uid

PROCESSES = 2


@pytest.fixture
async def sale(shop: Shop, template: Template, tmp_path: Path) -> AsyncIterator[Served]:
    """Return the test shop, served by several processes."""
    async with served(shop, template.servers.redis_url, tmp_path, PROCESSES) as serving:
        yield serving


async def told(sale: Served, cart: Any, token: str) -> Any:
    came = (await sale.ask(SUBMIT, {"cartId": cart["id"], "token": token}))["cartSubmitForCompletion"]
    assert came["userErrors"] == [], came
    return came["result"]


async def patiently(sale: Served, cart: Any, token: str) -> Any:
    """Submit as a client does: again after a while where too much is under way."""
    while True:
        result = await told(sale, cart, token)
        if result["__typename"] != "SubmitThrottled":
            return result
        await asyncio.sleep(0.5)


async def assert_sold(shop: Shop, sold: int) -> None:
    """Check that so many were sold, paid and are held, no more and no fewer."""
    await settled(shop.database)
    assert (await quantities(shop.database, "mug-variant"))["berlin"] == (sold, sold)
    assert await count(shop, func.count(order.c.id), order.c.financial_status == "PAID") == sold
    assert await count(shop, func.count(order.c.id)) == sold
    assert await count(shop, func.count(charge.c.reference), charge.c.captured_minor > 0) == sold
    await assert_sound(shop.database)


async def test_one_unit_and_sixty_four_buyers_a_hundred_times(sale: Served) -> None:
    carts = await at_once([lambda: buyer(sale.shop, line("mug-variant"))] * 164, 16)
    carts, spare = carts[:64], carts[64:]
    for turn in range(1, 101):
        await put(sale.shop.database, "mug-variant", berlin=turn)
        results = await asyncio.gather(*(patiently(sale, cart, f"turn {turn}") for cart in carts))
        kinds = Counter(result["__typename"] for result in results)
        assert kinds == {"SubmitSuccess": 1, "SubmitFailed": 63}, (turn, kinds)
        won = next(at for at, result in enumerate(results) if result["__typename"] == "SubmitSuccess")
        carts[won] = spare.pop()
    await assert_sold(sale.shop, 100)


async def test_a_hundred_units_and_five_hundred_buyers(sale: Served) -> None:
    await one_token_everywhere(sale)
    await put(sale.shop.database, "mug-variant", berlin=101)
    carts = await at_once([lambda: buyer(sale.shop, line("mug-variant"))] * 500, 16)
    results = await at_once([lambda cart=cart: patiently(sale, cart, "first") for cart in carts], 128)
    kinds = Counter(result["__typename"] for result in results)
    assert kinds == {"SubmitSuccess": 100, "SubmitFailed": 400}
    await assert_sold(sale.shop, 101)


async def one_token_everywhere(sale: Served) -> None:
    """Submit a cart by one token on all processes at once: that is one order."""
    cart = await buyer(sale.shop, line("mug-variant"))
    results = await asyncio.gather(*(told(sale, cart, "first") for _ in range(40)))
    assert len({result["attemptId"] for result in results}) == 1
    assert {result["__typename"] for result in results} <= {"SubmitSuccess", "SubmitAlreadyAccepted"}
    await settled(sale.shop.database)
    assert await count(sale.shop, func.count(order.c.id)) == 1
    assert await count(sale.shop, func.count(charge.c.reference)) == 1


async def unguarded(shop: Shop, buyers: int) -> int:
    """Sell the three mugs to so many buyers, each in a transaction of its own, and return how many were accepted."""
    apart = Submissions(shop.database, Purchases.of(shop.resources), Admission(shop.resources.redis), group_max=1)
    carts = [await buyer(shop, line("mug-variant")) for _ in range(buyers)]
    asked = (apart.submit(parse_gid(cart["id"])[1], "first") for cart in carts)
    found = await asyncio.gather(*asked, return_exceptions=True)
    await Purchases.of(shop.resources).settle()
    return sum(not isinstance(each, BaseException) and each.fresh for each in found)


@pytest.fixture
def without_lock(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the levels without locking them, as a server with the race does."""
    lock = levels.lock

    @event.listens_for(shop.database.engine.sync_engine, "before_cursor_execute", retval=True)
    def unlocked(conn: Any, cursor: Any, sql: str, parameters: Any, *rest: Any) -> Any:
        return sql.replace("FOR NO KEY UPDATE", "") if "FROM inventory.level" in sql else sql, parameters

    async def slow(tx: Any, item_ids: Any) -> Any:
        found = await lock(tx, item_ids)
        await asyncio.sleep(0.05)  # others read the same meanwhile
        return found

    monkeypatch.setattr(levels, "lock", slow)


@pytest.mark.usefixtures("without_lock")
async def test_without_the_lock_the_database_still_refuses(shop: Shop) -> None:
    assert await unguarded(shop, 12) == 3
    assert await quantities(shop.database, "mug-variant") == {"berlin": (3, 3), "newark": (0, 0)}


@pytest.mark.usefixtures("without_lock")
async def test_without_lock_and_constraint_too_much_is_sold(shop: Shop) -> None:
    """The guards are what holds: with both gone, this very scenario oversells, so the tests above can fail."""
    async with shop.database.begin() as tx:
        await tx.execute(text("ALTER TABLE inventory.level DROP CONSTRAINT ck_level_never_oversold"))
    assert await unguarded(shop, 12) > 3


async def test_buying_cancelling_and_counting_at_once(shop: Shop) -> None:
    """Buyers, a merchant who cancels orders and restocks, and one who counts: sold is never more than there was."""
    await put(shop.database, "mug-variant", berlin=20)
    cancel = """mutation($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true,
      refundMethod: { originalPaymentMethodsRefund: true }) { orderCancelUserErrors { message } } }"""

    async def buy() -> None:
        await submit(shop, await buyer(shop, line("mug-variant")))

    async def receive() -> None:
        one = AdjustQuantity(uid("mug-variant"), uid("berlin"), 1)
        for _ in range(10):
            async with shop.database.begin() as tx:
                await inventory.adjust_quantities(tx, "on_hand", [one], "received", None, "")

    await asyncio.gather(*(buy() for _ in range(40)), receive())
    await Purchases.of(shop.resources).settle()
    async with shop.database.read() as conn:
        ids = list((await conn.execute(select(order.c.id).order_by(order.c.id))).scalars())
    assert len(ids) >= 20

    async def give_back(order_id: Any) -> None:
        answer = await shop.data(cancel, {"id": to_gid("Order", order_id)}, "merchant")
        assert answer["orderCancel"]["orderCancelUserErrors"] == []

    await asyncio.gather(*(give_back(each) for each in ids[::2]), *(buy() for _ in range(20)))
    await Purchases.of(shop.resources).settle()
    await assert_sound(shop.database)
    on_hand, committed = (await quantities(shop.database, "mug-variant"))["berlin"]
    open_orders = await count(shop, func.count(order.c.id), order.c.cancelled_at.is_(None))
    assert committed == open_orders
    assert committed <= on_hand == 30
