"""A merchant takes the money of an order in parts, once, and lets go of the rest; the order follows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.ids import to_gid
from commerce_graph.order import service
from commerce_graph.order.tables import event as trail
from commerce_graph.payment import service as payment
from commerce_graph.payment.service.recovery import settle
from tests.order.conftest import Placed, balance, place, purchase
from tests.payment.stripe_server import StripeServer, paid_with_stripe
from tests.shop import Shop

CAPTURE = """
mutation($input: OrderCaptureInput!) {
  orderCapture(input: $input) {
    transaction { id kind status amountSet { shopMoney { amount } } parentTransaction { id kind } }
    userErrors { code field message }
  }
}
"""
VOID = """
mutation($id: ID!) {
  transactionVoid(parentTransactionId: $id) {
    transaction { kind status amountSet { shopMoney { amount } } } userErrors { code field message }
  }
}
"""
TOTAL = 2290


@pytest.fixture
async def held(shop: Shop) -> Placed:
    """Return an order of 22.90 whose payment is authorised."""
    return await place(shop, ("mug-variant", 1), capture=False)


@pytest.fixture
async def stripe(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StripeServer]:
    async with paid_with_stripe(monkeypatch) as made:
        yield made


async def step_of(shop: Shop, placed: Placed, kind: str = "AUTHORIZATION") -> str:
    async with shop.database.read() as conn:
        (steps,) = await payment.transactions(conn, [placed.id])
    return to_gid("OrderTransaction", next(step.id for step in steps if step.kind == kind))


async def capture(shop: Shop, placed: Placed, amount: str, **more: Any) -> Any:
    given = {"id": placed.gid, "parentTransactionId": await step_of(shop, placed), "amount": amount, **more}
    return (await shop.data(CAPTURE, {"input": given}, "merchant"))["orderCapture"]


async def void(shop: Shop, placed: Placed) -> Any:
    return (await shop.data(VOID, {"id": await step_of(shop, placed)}, "merchant"))["transactionVoid"]


async def status(shop: Shop, placed: Placed) -> str:
    document = "query($id: ID!) { order(id: $id) { financialStatus } }"
    return str((await shop.data(document, {"id": placed.gid}, "merchant"))["order"]["financialStatus"])


def codes(payload: Any) -> list[tuple[str, list[str]]]:
    assert payload["transaction"] is None
    return [(each["code"], each["field"]) for each in payload["userErrors"]]


async def test_parts_are_captured_up_to_what_is_held(shop: Shop, held: Placed) -> None:
    assert await status(shop, held) == "AUTHORIZED"
    came = await capture(shop, held, "10.00")
    assert came["userErrors"] == []
    assert (came["transaction"]["kind"], came["transaction"]["status"]) == ("CAPTURE", "SUCCESS")
    assert came["transaction"]["amountSet"]["shopMoney"]["amount"] == "10.00"
    assert came["transaction"]["parentTransaction"]["kind"] == "AUTHORIZATION"
    assert await status(shop, held) == "PARTIALLY_PAID"
    for amount in ("12.91", "0", "-1.00", "1.001"):
        assert codes(await capture(shop, held, amount)) == [("INVALID", ["input", "amount"])]
    assert codes(await capture(shop, held, "1.00", currency="USD")) == [("INVALID", ["input", "currency"])]
    assert (await capture(shop, held, "12.90", currency="EUR"))["userErrors"] == []
    assert await status(shop, held) == "PAID"
    assert (await balance(shop, held)).captured_minor == TOTAL
    assert codes(await capture(shop, held, "0.01")) == [("INVALID", ["input", "amount"])]


async def test_a_final_capture_lets_go_of_the_rest(shop: Shop, held: Placed) -> None:
    assert (await capture(shop, held, "10.00", finalCapture=True))["userErrors"] == []
    found = await balance(shop, held)
    assert (found.captured_minor, found.voided_minor) == (1000, 1290)
    assert await status(shop, held) == "PARTIALLY_PAID"
    assert codes(await void(shop, held)) == [("AUTH_NOT_VOIDABLE", ["parentTransactionId"])]


async def test_what_is_held_is_let_go_of(shop: Shop, held: Placed) -> None:
    came = await void(shop, held)
    assert came["userErrors"] == []
    assert (came["transaction"]["kind"], came["transaction"]["status"]) == ("VOID", "SUCCESS")
    assert await status(shop, held) == "VOIDED"
    assert codes(await capture(shop, held, "1.00")) == [("INVALID", ["input", "amount"])]
    assert codes(await void(shop, held)) == [("AUTH_NOT_VOIDABLE", ["parentTransactionId"])]


async def test_what_cannot_be_captured_or_voided(shop: Shop, held: Placed) -> None:
    gone = to_gid("OrderTransaction", new_id())
    wanted = {"id": held.gid, "parentTransactionId": gone, "amount": "1.00"}
    came = (await shop.data(CAPTURE, {"input": wanted}, "merchant"))["orderCapture"]
    assert codes(came) == [("INVALID", ["input", "parentTransactionId"])]
    wanted = {**wanted, "id": to_gid("Order", new_id())}
    came = (await shop.data(CAPTURE, {"input": wanted}, "merchant"))["orderCapture"]
    assert codes(came) == [("NOT_FOUND", ["input", "id"])]
    came = (await shop.data(VOID, {"id": gone}, "merchant"))["transactionVoid"]
    assert codes(came) == [("TRANSACTION_NOT_FOUND", ["parentTransactionId"])]
    await service.cancel(shop.database, service.Cancellation(held.id, "OTHER", False, True), "merchant")
    assert codes(await capture(shop, held, "1.00")) == [("INVALID_STATE", ["input", "id"])]
    new = purchase(("guide-variant", 1))
    async with shop.database.begin() as tx:
        await payment.open_balance(tx, new.id, new.total_minor, new.currency)
        await service.place(tx, [new])
    declined = Placed(shop, new.id, (), new.total_minor)
    assert (await payment.authorize(shop.database, new.id, "test_declined")).status == "FAILURE"
    assert codes(await void(shop, declined)) == [("AUTH_NOT_SUCCESSFUL", ["parentTransactionId"])]


async def test_captures_at_once_take_no_more_than_is_held(shop: Shop, held: Placed) -> None:
    came = await asyncio.gather(*(capture(shop, held, "10.00") for _ in range(6)))
    taken = sum(not each["userErrors"] for each in came)
    assert taken in (1, 2)
    assert (await balance(shop, held)).captured_minor == taken * 1000


async def test_capture_and_void_at_once_are_never_both(shop: Shop, held: Placed) -> None:
    await asyncio.gather(capture(shop, held, "22.90"), void(shop, held))
    found = await balance(shop, held)
    assert sorted((found.captured_minor, found.voided_minor)) == [0, TOTAL]
    assert await status(shop, held) == ("PAID" if found.captured_minor else "VOIDED")


async def test_stripe_captures_a_payment_once(shop: Shop, stripe: StripeServer) -> None:
    new = purchase(("guide-variant", 1))
    async with shop.database.begin() as tx:
        await payment.open_balance(tx, new.id, new.total_minor, new.currency)
        await service.place(tx, [new])
    assert (await payment.authorize(shop.database, new.id, "pm_card_visa")).status == "SUCCESS"
    placed = Placed(shop, new.id, (), new.total_minor)
    assert codes(await capture(shop, placed, "1.00", finalCapture=False)) == [("INVALID", ["input", "finalCapture"])]
    stripe.fault = lambda name: "answer lost" if name == "capture" else "call lost" if name == "get" else ""
    assert (await capture(shop, placed, "10.00"))["transaction"]["status"] == "PENDING"
    assert codes(await capture(shop, placed, "1.00")) == [("INVALID", ["input", "parentTransactionId"])]
    stripe.fault = lambda name: ""
    assert await settle(shop.resources, older_than_s=0) == 1
    await service.follow_payment(shop.database, placed.id)
    await service.follow_payment(shop.database, placed.id)
    found = await balance(shop, placed)
    assert (found.captured_minor, found.voided_minor) == (1000, new.total_minor - 1000)
    assert stripe.charges() == [("succeeded", new.total_minor, 1000, 0)]
    assert await status(shop, placed) == "PARTIALLY_PAID"
    async with shop.database.read() as conn:
        told = (await conn.execute(select(trail.c.kind).where(trail.c.order_id == placed.id))).scalars().all()
    assert list(told).count("captured") == 1
