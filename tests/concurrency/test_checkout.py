"""Many buyers at once: nothing is oversold, nothing is bought twice, nobody waits for ever."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import func, select, update

from commerce_graph.cart.tables import cart as cart_table
from commerce_graph.checkout.service import Purchases
from commerce_graph.inventory.tables import level, reservation
from commerce_graph.order.tables import order as order_table
from commerce_graph.payment.tables import test_charge
from tests.cart.storefront import BERLIN, BILLING, PAY, SUBMIT, attempt, line, ready, submit
from tests.shop import Shop, uid

BUYERS = 200
UNITS = 10
AT_ONCE = 64
T = TypeVar("T")

CREATE = """mutation($input: CartInput!) {
  cartCreate(input: $input) { cart { id cost { totalAmount { amount currencyCode } } } userErrors { message } }
}"""


async def at_once(work: Sequence[Callable[[], Awaitable[T]]], most: int = AT_ONCE) -> list[T]:
    """Do work, at most so much at a time; results in order."""
    gate = asyncio.Semaphore(most)

    async def one(each: Callable[[], Awaitable[T]]) -> T:
        async with gate:
            return await each()

    return await asyncio.gather(*(one(each) for each in work))


async def count(shop: Shop, column: Any, *where: Any) -> Any:
    async with shop.database.read() as conn:
        return (await conn.execute(select(column).where(*where))).scalar()


async def buyer(shop: Shop, *lines: Any) -> Any:
    """Create a cart that can be submitted, with no more reading than needed."""
    given = {
        "lines": list(lines),
        "buyerIdentity": {"countryCode": "DE", "email": "ada@example.com"},
        "delivery": {"addresses": [{"address": {"deliveryAddress": BERLIN}}]},
    }
    cart = (await shop.data(CREATE, {"input": given}))["cartCreate"]["cart"]
    direct = {"sessionId": "test_ok", "billingAddress": BILLING}
    payment = {"amount": cart["cost"]["totalAmount"], "directPaymentMethod": direct}
    assert (await shop.data(PAY, {"cartId": cart["id"], "payment": payment}))["cartPaymentUpdate"]["userErrors"] == []
    return cart


async def test_ten_units_and_two_hundred_buyers(shop: Shop) -> None:
    here = (level.c.item_id == uid("mug-variant"), level.c.location_id == uid("berlin"))
    async with shop.database.begin() as tx:
        await tx.execute(update(level).where(*here).values(on_hand=UNITS))
    carts = await at_once([lambda: buyer(shop, line("mug-variant"))] * BUYERS)
    results = await at_once([lambda cart=cart: submit(shop, cart) for cart in carts])
    await Purchases.of(shop.resources).settle()
    kinds = Counter(result["__typename"] for result in results)
    assert kinds == {"SubmitSuccess": UNITS, "SubmitFailed": BUYERS - UNITS}
    codes = Counter(error["code"] for result in results for error in result.get("errors", ()))
    assert codes == {"MERCHANDISE_OUT_OF_STOCK": BUYERS - UNITS}
    for result in results:
        if result["__typename"] == "SubmitSuccess":
            assert (await attempt(shop, result["attemptId"]))["__typename"] == "CartCompletionSuccess"
    async with shop.database.read() as conn:
        row = (await conn.execute(select(level.c.on_hand, level.c.committed).where(*here))).one()
    assert tuple(row) == (UNITS, UNITS)
    assert await count(shop, func.count(order_table.c.id)) == UNITS
    assert await count(shop, func.count(order_table.c.id), order_table.c.financial_status == "PAID") == UNITS
    assert await count(shop, func.count(), test_charge.c.captured_minor == 2290) == UNITS
    assert await count(shop, func.sum(reservation.c.quantity), reservation.c.state == "COMMITTED") == UNITS
    assert await count(shop, func.count(cart_table.c.id), cart_table.c.state == "OPEN") == BUYERS - UNITS


async def test_one_token_from_twenty_tasks_is_one_order(shop: Shop) -> None:
    cart = await ready(shop, line("mug-variant"))
    results = await asyncio.gather(*(submit(shop, cart) for _ in range(20)))
    await Purchases.of(shop.resources).settle()
    kinds = Counter(result["__typename"] for result in results)
    assert set(kinds) <= {"SubmitSuccess", "SubmitAlreadyAccepted"}
    assert kinds["SubmitSuccess"] >= 1
    assert len({result["attemptId"] for result in results}) == 1
    assert await count(shop, func.count(order_table.c.id)) == 1
    assert await count(shop, func.count(test_charge.c.reference)) == 1


async def test_two_tokens_on_one_cart_are_one_order(shop: Shop) -> None:
    cart = await ready(shop, line("mug-variant"))
    results = await asyncio.gather(*(submit(shop, cart, f"token {n % 2}") for n in range(8)))
    await Purchases.of(shop.resources).settle()
    assert len({result["attemptId"] for result in results}) == 1
    assert await count(shop, func.count(order_table.c.id)) == 1
    assert await count(shop, func.sum(level.c.committed)) == 1


async def test_lines_in_opposite_order_do_not_lock_each_other_out(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(update(level).values(on_hand=1_000))
    names = ["mug-variant", "shirt-S-White", "shirt-M-Blue", "print-variant", "lamp-variant"]
    carts = await at_once(
        [lambda at=at: buyer(shop, *(line(name) for name in (names if at % 2 else names[::-1]))) for at in range(40)]
    )
    results = await at_once([lambda cart=cart: submit(shop, cart) for cart in carts])
    await Purchases.of(shop.resources).settle()
    assert {result["__typename"] for result in results} == {"SubmitSuccess"}
    assert await count(shop, func.count(order_table.c.id), order_table.c.financial_status == "PAID") == 40


async def test_edits_and_a_submission_at_once_leave_one_truth(shop: Shop) -> None:
    """Either an edit came first and the amount does not fit, or the submission did and the edit is refused."""
    cart = await ready(shop, line("mug-variant"))
    add = """mutation($id: ID!, $lines: [CartLineInput!]!) {
      cartLinesAdd(cartId: $id, lines: $lines) { userErrors { code } }
    }"""
    edit = shop.data(add, {"id": cart["id"], "lines": [line("guide-variant")]})
    bought = shop.data(SUBMIT, {"cartId": cart["id"], "token": "first"})
    edited, submitted = await asyncio.gather(edit, bought)
    await Purchases.of(shop.resources).settle()
    result = submitted["cartSubmitForCompletion"]["result"]
    refused = bool(edited["cartLinesAdd"]["userErrors"])
    assert refused == (result["__typename"] == "SubmitSuccess"), (edited, result)
    assert await count(shop, func.count(order_table.c.id)) == int(refused)
