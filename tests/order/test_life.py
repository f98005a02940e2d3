"""An order is cancelled, marked as paid, put away: once, with its stock and its money."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.clock import new_id
from commerce_graph.order import service
from commerce_graph.order.service import cancellation
from commerce_graph.order.tables import order, refund, settlement
from commerce_graph.payment import service as payment
from commerce_graph.payment.tables import balance as books
from commerce_graph.payment.tables import transaction
from tests.order.conftest import Placed, balance, opened, place, purchase, stock
from tests.order.test_fulfill import send, wish
from tests.order.test_refund import create, pieces
from tests.shop import Shop

CANCEL = """
mutation($id: ID!, $restock: Boolean!, $refund: Boolean, $method: OrderCancelRefundMethodInput, $note: String) {
  orderCancel(orderId: $id, reason: CUSTOMER, restock: $restock, refund: $refund, refundMethod: $method,
              staffNote: $note, notifyCustomer: true) {
    job { id done }
    order { financialStatus cancelReason cancelledAt canceledAt cancellation { reason cancelledAt }
      totalRefunded { amount }
      refunds { status totalRefunded { amount } refundLineItems(first: 9) { nodes { quantity } } }
      lineItems(first: 9) { nodes { currentQuantity refundableQuantity unfulfilledQuantity } }
      fulfillmentOrders(first: 9) { nodes { status } } events(first: 9) { nodes { action message } } }
    orderCancelUserErrors { code field message } userErrors { message }
  }
}
"""
PAID = """mutation($id: ID!) { orderMarkAsPaid(input: { id: $id }) {
  order { financialStatus transactions { kind gateway } events(last: 1) { nodes { action } } }
  userErrors { code field } } }"""
CLOSE = "mutation($id: ID!) { orderClose(input: { id: $id }) { order { closed closedAt } userErrors { code field } } }"
OPEN = "mutation($id: ID!) { orderOpen(input: { id: $id }) { order { closed closedAt } userErrors { code field } } }"


async def cancel(shop: Shop, placed: Placed, *, restock: bool = True, **more: Any) -> Any:
    return (await shop.data(CANCEL, {"id": placed.gid, "restock": restock, **more}, "merchant"))["orderCancel"]


def error(payload: Any) -> str:
    assert payload["order"] is None
    assert payload["job"] is None
    (told,) = payload["orderCancelUserErrors"]
    assert [each["message"] for each in payload["userErrors"]] == [told["message"]]
    return str(told["code"])


@pytest.mark.parametrize("document", [PAID, CLOSE, OPEN, CANCEL])
async def test_needs_the_scope(shop: Shop, bought: Placed, document: str) -> None:
    for token in ("storefront", "partner"):
        answer = await shop.run(document, {"id": bought.gid, "restock": True}, token)
        assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_refusals_of_a_cancellation(shop: Shop, bought: Placed) -> None:
    assert error(await cancel(shop, Placed(shop, new_id(), (), 0))) == "NOT_FOUND"
    assert error(await cancel(shop, bought, note="x" * 256)) == "INVALID"
    await shop.data(CLOSE, {"id": bought.gid}, "merchant")
    assert error(await cancel(shop, bought)) == "INVALID_STATE"
    await shop.data(OPEN, {"id": bought.gid}, "merchant")
    (fulfillment_order,) = await opened(shop, bought)
    await send(shop, wish(fulfillment_order, 1))
    assert error(await cancel(shop, bought)) == "INVALID_STATE"
    other = await place(shop, ("print-variant", 1))
    assert (await cancel(shop, other))["userErrors"] == []
    assert error(await cancel(shop, other)) == "INVALID_STATE"


async def test_a_paid_order_gives_stock_and_money_back(shop: Shop, bought: Placed) -> None:
    payload = await cancel(shop, bought, refund=True, note="Called")
    assert payload["orderCancelUserErrors"] == []
    assert payload["job"]["done"] is True
    order = payload["order"]
    assert order["financialStatus"] == "REFUNDED"
    assert order["cancelReason"] == order["cancellation"]["reason"] == "CUSTOMER"
    assert order["cancelledAt"] == order["canceledAt"] == order["cancellation"]["cancelledAt"] is not None
    assert order["totalRefunded"] == {"amount": "120.90"}
    (made,) = order["refunds"]
    assert made["status"] == "SUCCESS"
    assert [each["quantity"] for each in made["refundLineItems"]["nodes"]] == [2, 1]
    assert {tuple(line.values()) for line in order["lineItems"]["nodes"]} == {(0, 0, 0)}
    assert [each["status"] for each in order["fulfillmentOrders"]["nodes"]] == ["CANCELLED"]
    assert [each["action"] for each in order["events"]["nodes"]] == ["placed", "paid", "cancelled", "refunded"]
    assert await stock(shop, "shirt-S-White") == (15, 0)
    assert await stock(shop, "mug-variant") == (3, 0)


async def test_what_was_refunded_before_is_not_given_back_again(shop: Shop, bought: Placed) -> None:
    await create(shop, bought, pieces(bought, 1, 1, "CANCEL"))
    payload = await cancel(shop, bought, method={"originalPaymentMethodsRefund": True})
    assert [each["totalRefunded"]["amount"] for each in payload["order"]["refunds"]] == ["18.00", "102.90"]
    assert (await balance(shop, bought)).refunded_minor == bought.total_minor


async def test_without_refund_the_money_stays_and_can_be_given_back_later(shop: Shop, bought: Placed) -> None:
    payload = await cancel(shop, bought)
    assert payload["order"]["financialStatus"] == "PAID"
    assert payload["order"]["refunds"] == []
    payload = await create(shop, bought, transactions=[{"amount": "120.90"}])
    assert payload["order"]["financialStatus"] == "REFUNDED"


async def test_money_that_was_only_authorised_is_let_go_of(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 2), capture=False)
    payload = await cancel(shop, placed)
    assert payload["order"]["financialStatus"] == "VOIDED"
    assert payload["order"]["refunds"] == []
    assert [each["action"] for each in payload["order"]["events"]["nodes"]] == ["placed", "cancelled", "voided"]
    assert (await balance(shop, placed)).voided_minor == placed.total_minor
    assert await stock(shop, "mug-variant") == (3, 0)
    # A checkout that comes to its last step only now takes nothing.
    await payment.capture(shop.database, placed.id)
    assert (await balance(shop, placed)).captured_minor == 0


async def test_without_restock_the_goods_are_written_off(shop: Shop, bought: Placed) -> None:
    await cancel(shop, bought, restock=False)
    assert await stock(shop, "shirt-S-White") == (13, 0)
    assert await stock(shop, "mug-variant") == (2, 0)


async def test_cancelled_twice_at_once_is_cancelled_once(shop: Shop, bought: Placed) -> None:
    payloads = await asyncio.gather(*(cancel(shop, bought, refund=True) for _ in range(4)))
    assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, 1, 1, 1]
    assert (await balance(shop, bought)).refunded_minor == bought.total_minor
    assert await stock(shop, "shirt-S-White") == (15, 0)


@pytest.mark.parametrize("_try", range(3))
async def test_cancelled_and_sent_at_once_is_one_of_them(shop: Shop, bought: Placed, _try: int) -> None:
    (fulfillment_order,) = await opened(shop, bought)
    cancelled, sent = await asyncio.gather(cancel(shop, bought, refund=True), send(shop, wish(fulfillment_order)))
    assert len(cancelled["userErrors"]) + len(sent["userErrors"]) == 1
    money = await balance(shop, bought)
    if sent["userErrors"]:
        assert await stock(shop, "shirt-S-White") == (15, 0)
        assert money.refunded_minor == bought.total_minor
    else:
        assert await stock(shop, "shirt-S-White") == (13, 0)
        assert money.refunded_minor == 0
    async with shop.database.read() as conn:
        assert not await inventory.allocations(conn, bought.id)


@pytest.mark.parametrize("capture", [True, False])
async def test_a_worker_settles_what_a_dead_request_cancelled(shop: Shop, capture: bool) -> None:
    placed = await place(shop, ("mug-variant", 1), capture=capture)
    async with shop.database.begin() as tx:
        await cancellation.record(tx, service.Cancellation(placed.id, "STAFF", True, True), "merchant")
    assert await service.settle_orders(shop.database) == 0
    await asyncio.gather(*(service.settle_orders(shop.database, 0) for _ in range(3)))
    money = await balance(shop, placed)
    assert (money.refunded_minor, money.voided_minor) == ((2290, 0) if capture else (0, 2290))
    async with shop.database.read() as conn:
        assert (await conn.execute(select(settlement))).all() == []


async def test_money_captured_while_the_order_is_cancelled_goes_back(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1), capture=False)
    async with shop.database.begin() as tx:
        await cancellation.record(tx, service.Cancellation(placed.id, "STAFF", True, True), "merchant")
    assert (await payment.capture(shop.database, placed.id)).status == "SUCCESS"
    assert await service.settle(shop.database, placed.id)
    assert (await balance(shop, placed)).refunded_minor == placed.total_minor
    # What the checkout notes afterwards changes nothing.
    async with shop.database.begin() as tx:
        await service.note_payment(tx, placed.id, "paid")
    document = "query($id: ID!) { order(id: $id) { financialStatus } }"
    assert (await shop.data(document, {"id": placed.gid}, "merchant"))["order"] == {"financialStatus": "REFUNDED"}


async def test_money_that_came_in_unnoticed_goes_back(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1))
    async with shop.database.begin() as tx:
        await cancellation.record(tx, service.Cancellation(placed.id, "STAFF", True, True), "merchant")
        # The provider has captured, but the process that asked for it died before it could write that down.
        capture = (transaction.c.order_id == placed.id, transaction.c.kind == "CAPTURE")
        await tx.execute(update(transaction).where(*capture).values(status="PENDING"))
        await tx.execute(update(books).where(books.c.order_id == placed.id).values(captured_minor=0))
        await tx.execute(delete(refund))
    assert await service.settle(shop.database, placed.id)
    assert (await balance(shop, placed)).refunded_minor == placed.total_minor


async def test_nothing_can_be_sent_of_a_cancelled_order(shop: Shop, bought: Placed) -> None:
    (fulfillment_order,) = await opened(shop, bought)
    await cancel(shop, bought)
    payload = await send(shop, wish(fulfillment_order))
    assert payload["userErrors"][0]["code"] == "INVALID_STATE"


async def unpaid(shop: Shop) -> Placed:
    """Return an order to be paid by bank transfer."""
    new = purchase(("print-variant", 1))
    async with shop.database.begin() as tx:
        await payment.open_balance(tx, new.id, new.total_minor, new.currency)
        await service.place(tx, [new])
        # As an order that was placed so: no step leads back from AUTHORIZED, and the database would refuse it.
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        await tx.execute(update(order).where(order.c.id == new.id).values(financial_status="PENDING"))
    return Placed(shop, new.id, tuple(line.id for line in new.lines), new.total_minor)


async def test_refusals_of_marking_as_paid(shop: Shop, bought: Placed) -> None:
    nowhere = (await shop.data(PAID, {"id": Placed(shop, new_id(), (), 0).gid}, "merchant"))["orderMarkAsPaid"]
    assert nowhere["userErrors"] == [{"code": "NOT_FOUND", "field": ["input", "id"]}]
    paid = (await shop.data(PAID, {"id": bought.gid}, "merchant"))["orderMarkAsPaid"]
    assert paid == {"order": None, "userErrors": [{"code": "INVALID_STATE", "field": ["input", "id"]}]}
    other = await place(shop, ("print-variant", 1), capture=False)
    await cancel(shop, other)
    gone = (await shop.data(PAID, {"id": other.gid}, "merchant"))["orderMarkAsPaid"]
    assert gone["userErrors"][0]["code"] == "INVALID_STATE"


async def test_marked_as_paid_twice_at_once_is_paid_once(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1), capture=False)
    answers = await asyncio.gather(*(shop.data(PAID, {"id": placed.gid}, "merchant") for _ in range(3)))
    payloads = [answer["orderMarkAsPaid"] for answer in answers]
    assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, 1, 1]
    (won,) = [payload["order"] for payload in payloads if payload["order"]]
    assert won["financialStatus"] == "PAID"
    assert {"kind": "SALE", "gateway": "manual"} in won["transactions"]
    money = await balance(shop, placed)
    # The card's hold is let go of: nobody pays twice.
    assert (money.captured_minor, money.voided_minor) == (placed.total_minor, placed.total_minor)


async def test_an_order_is_put_away_and_taken_out_again(shop: Shop, bought: Placed) -> None:
    for document, name, closed in (
        (CLOSE, "orderClose", True),
        (CLOSE, "orderClose", True),
        (OPEN, "orderOpen", False),
    ):
        payload = (await shop.data(document, {"id": bought.gid}, "merchant"))[name]
        assert payload["userErrors"] == []
        assert payload["order"]["closed"] is closed
        assert (payload["order"]["closedAt"] is not None) is closed
    await cancel(shop, bought)
    payload = (await shop.data(CLOSE, {"id": bought.gid}, "merchant"))["orderClose"]
    assert payload["userErrors"] == [{"code": "INVALID_STATE", "field": ["input", "id"]}]
    nowhere = (await shop.data(OPEN, {"id": Placed(shop, new_id(), (), 0).gid}, "merchant"))["orderOpen"]
    assert nowhere["userErrors"][0]["code"] == "NOT_FOUND"


async def test_statements_of_a_cancellation_do_not_grow(shop: Shop) -> None:
    counts = []
    for number in (1, 30):
        placed = await place(shop, *[("print-variant", 1)] * number)
        at = {"id": placed.gid, "restock": True, "refund": True}
        counts.append(len(await shop.statements(CANCEL, at, "merchant")))
    assert counts[0] == counts[1]


async def test_an_order_to_be_paid_by_transfer(shop: Shop) -> None:
    placed = await unpaid(shop)
    payload = (await shop.data(PAID, {"id": placed.gid}, "merchant"))["orderMarkAsPaid"]
    assert payload["order"]["financialStatus"] == "PAID"
    assert payload["order"]["events"]["nodes"] == [{"action": "paid"}]
