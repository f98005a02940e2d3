"""Refunds: exact to the minor unit, never more than was captured, safe to repeat whatever dies."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.ids import to_gid
from commerce_graph.order import service
from commerce_graph.order.service import refunds
from commerce_graph.order.tables import refund
from tests.order.conftest import Placed, balance, opened, place, stock
from tests.order.test_fulfill import send, wish
from tests.shop import Shop, gid

CREATE = """
mutation($input: RefundInput!) {
  refundCreate(input: $input) {
    refund { id note status totalRefunded { amount } totalRefundedSet { shopMoney { amount } }
      refundLineItems(first: 10) { nodes { quantity restockType restocked subtotal { amount } location { id }
        lineItem { id currentQuantity refundableQuantity unfulfilledQuantity } } } }
    order { financialStatus fulfillmentStatus totalRefunded { amount } refundable
      fulfillmentOrders(first: 5) { nodes { status lineItems(first: 5) { nodes { remainingQuantity } } } } }
    userErrors { code field message }
  }
}
"""


def pieces(
    placed: Placed, line: int, quantity: int, kind: str | None = None, place: str | None = None
) -> dict[str, Any]:
    """Return pieces to refund."""
    wanted: dict[str, Any] = {"lineItemId": placed.line_gid(line), "quantity": quantity}
    if kind:
        wanted["restockType"] = kind
    if place:
        wanted["locationId"] = gid("Location", place)
    return wanted


async def create(shop: Shop, placed: Placed, *lines: dict[str, Any], **more: Any) -> Any:
    given = {"orderId": placed.gid, "refundLineItems": list(lines), **more}
    return (await shop.data(CREATE, {"input": given}, "merchant"))["refundCreate"]


def error(payload: Any) -> tuple[str, list[str]]:
    assert payload["refund"] is None
    (told,) = payload["userErrors"]
    return told["code"], told["field"]


async def test_needs_the_scope(shop: Shop, bought: Placed) -> None:
    for token in ("storefront", "partner"):
        answer = await shop.run(CREATE, {"input": {"orderId": bought.gid}}, token)
        assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_refusals(shop: Shop, bought: Placed) -> None:
    lines = ["input", "refundLineItems", "0"]
    other = await place(shop, ("guide-variant", 1))
    nowhere = Placed(shop, new_id(), (), 0)
    assert error(await create(shop, nowhere)) == ("NOT_FOUND", ["input", "orderId"])
    assert error(await create(shop, bought)) == ("INVALID", ["input"])
    assert error(await create(shop, bought, pieces(other, 0, 1))) == ("INVALID", [*lines, "lineItemId"])
    for wrong in (pieces(bought, 0, 3), pieces(bought, 0, 0), pieces(bought, 0, 1, "RETURN")):
        assert error(await create(shop, bought, wrong)) == ("INVALID", [*lines, "quantity"])
    twice = (pieces(bought, 1, 1, "CANCEL"), pieces(bought, 1, 1, "CANCEL"))
    assert error(await create(shop, bought, *twice))[1] == ["input", "refundLineItems", "1", "quantity"]
    assert error(await create(shop, bought, *[pieces(bought, 0, 1)] * 251)) == ("INVALID", lines[:2])
    assert error(await create(shop, bought, note="x" * 5001)) == ("INVALID", ["input", "note"])
    amount = ["input", "transactions", "0", "amount"]
    for wrong_amount in ("120.91", "-1", "0.001"):
        payload = await create(shop, bought, transactions=[{"amount": wrong_amount}])
        assert error(payload) == ("INVALID", amount), wrong_amount
    payload = await create(shop, bought, transactions=[{"amount": "1", "kind": "SALE"}])
    assert error(payload) == ("INVALID", ["input", "transactions", "0", "kind"])
    payload = await create(shop, bought, transactions=[{"amount": "1", "orderId": other.gid}])
    assert error(payload) == ("INVALID", ["input", "transactions", "0", "orderId"])
    for shipping in ("4.91", "-1"):
        payload = await create(shop, bought, shipping={"amount": shipping})
        assert error(payload) == ("INVALID", ["input", "shipping", "amount"])
    assert await stock(shop, "shirt-S-White") == (15, 2)
    assert (await balance(shop, bought)).refunded_minor == 0


async def test_of_money_that_was_not_captured_is_refused(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1), capture=False)
    assert error(await create(shop, placed, pieces(placed, 0, 1, "CANCEL"))) == ("INVALID", ["input"])


async def test_return_to_an_unknown_location_is_refused(shop: Shop, bought: Placed) -> None:
    (order,) = await opened(shop, bought)
    await send(shop, wish(order))
    payload = await create(shop, bought, pieces(bought, 0, 1, "RETURN", "atlantis"))
    assert error(payload) == ("INVALID", ["input", "refundLineItems", "0", "locationId"])
    assert await stock(shop, "shirt-S-White") == (13, 0)


async def test_cancelled_pieces_can_be_sold_again(shop: Shop, bought: Placed) -> None:
    payload = await create(shop, bought, pieces(bought, 0, 1, "CANCEL"), note="Sorry")
    assert payload["userErrors"] == []
    made = payload["refund"]
    assert (made["note"], made["status"], made["totalRefunded"]["amount"]) == ("Sorry", "SUCCESS", "49.00")
    (line,) = made["refundLineItems"]["nodes"]
    assert (line["quantity"], line["restockType"], line["restocked"]) == (1, "CANCEL", True)
    assert line["lineItem"] == {
        "id": bought.line_gid(), "currentQuantity": 1, "refundableQuantity": 1, "unfulfilledQuantity": 1,
    }  # fmt: skip
    assert payload["order"]["financialStatus"] == "PARTIALLY_REFUNDED"
    assert payload["order"]["totalRefunded"] == {"amount": "49.00"}
    assert await stock(shop, "shirt-S-White") == (15, 1)
    assert (await balance(shop, bought)).refunded_minor == 4900


async def test_pieces_that_are_written_off_leave_the_stock(shop: Shop, bought: Placed) -> None:
    payload = await create(shop, bought, pieces(bought, 0, 1))
    assert payload["userErrors"] == []
    assert payload["refund"]["refundLineItems"]["nodes"][0]["restockType"] == "NO_RESTOCK"
    assert await stock(shop, "shirt-S-White") == (14, 1)


async def test_returned_pieces_go_back_to_where_they_came_from(shop: Shop) -> None:
    placed = await place(shop, ("shirt-S-White", 12), ("guide-variant", 1))
    for order in await opened(shop, placed):
        await send(shop, wish(order))
    assert await stock(shop, "shirt-S-White") == (3, 0)
    payload = await create(shop, placed, pieces(placed, 0, 2, "RETURN", "newark"), pieces(placed, 1, 1, "RETURN"))
    assert payload["userErrors"] == []
    assert payload["refund"]["refundLineItems"]["nodes"][0]["location"] == {"id": gid("Location", "newark")}
    assert payload["order"]["fulfillmentStatus"] == "FULFILLED"
    assert await stock(shop, "shirt-S-White") == (5, 0)
    assert (await create(shop, placed, pieces(placed, 0, 1, "RETURN")))["userErrors"] == []
    assert await stock(shop, "shirt-S-White") == (6, 0)


async def test_pieces_of_a_split_line_leave_stock_where_their_fulfillment_order_is_reduced(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1), ("shirt-S-White", 12))
    assert (await create(shop, placed, pieces(placed, 1, 5, "CANCEL"), pieces(placed, 1, 3)))["userErrors"] == []
    assert await stock(shop, "shirt-S-White") == (12, 4)
    for order in await opened(shop, placed):
        if order.status == "OPEN":
            assert (await send(shop, wish(order)))["userErrors"] == []
    assert await stock(shop, "shirt-S-White") == (8, 0)


async def test_what_was_cancelled_is_not_waited_for(shop: Shop, bought: Placed) -> None:
    (order,) = await opened(shop, bought)
    await send(shop, wish(order, 2, [part.order_line_id for part in order.lines].index(bought.lines[0])))
    payload = await create(shop, bought, pieces(bought, 1, 1, "CANCEL"))
    assert payload["order"]["fulfillmentStatus"] == "FULFILLED"
    assert payload["order"]["fulfillmentOrders"]["nodes"][0]["status"] == "CLOSED"


@pytest.mark.parametrize("tax_included", [True, False])
async def test_all_in_parts_is_the_total_exactly(shop: Shop, tax_included: bool) -> None:
    placed = await place(shop, ("print-variant", 3), ("guide-variant", 7), tax_included=tax_included)
    for line, quantity in ((0, 1), (1, 2), (1, 4), (0, 2), (1, 1)):
        assert (await create(shop, placed, pieces(placed, line, quantity, "CANCEL")))["userErrors"] == []
    assert (await create(shop, placed, shipping={"amount": "1.01"}))["userErrors"] == []
    payload = await create(shop, placed, shipping={"fullRefund": True})
    assert payload["order"]["financialStatus"] == "REFUNDED"
    assert payload["order"]["refundable"] is False
    assert (await balance(shop, placed)).refunded_minor == placed.total_minor
    assert error(await create(shop, placed, shipping={"fullRefund": True})) == ("INVALID", ["input"])


async def test_amount_of_the_merchants_choice(shop: Shop, bought: Placed) -> None:
    payload = await create(shop, bought, pieces(bought, 0, 1, "CANCEL"), transactions=[{"amount": "10.00"}])
    assert payload["refund"]["totalRefunded"] == {"amount": "10.00"}
    payload = await create(shop, bought, transactions=[{"amount": "100"}, {"amount": "10.90", "orderId": bought.gid}])
    assert payload["order"]["financialStatus"] == "REFUNDED"
    payload = await create(shop, bought, pieces(bought, 1, 1, "CANCEL"), transactions=[{"amount": "0"}])
    assert payload["refund"]["status"] == "SUCCESS"


async def test_the_last_piece_is_refunded_once(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1))
    payloads = await asyncio.gather(*(create(shop, placed, pieces(placed, 0, 1, "CANCEL")) for _ in range(4)))
    assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, 1, 1, 1]
    assert (await balance(shop, placed)).refunded_minor == 1800
    assert await stock(shop, "mug-variant") == (3, 0)


async def test_amounts_at_once_are_never_more_than_was_captured(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1))
    payloads = await asyncio.gather(*(create(shop, placed, transactions=[{"amount": "9"}]) for _ in range(4)))
    assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, 0, 1, 1]
    assert (await balance(shop, placed)).refunded_minor == 1800


async def test_a_worker_finishes_what_a_dead_request_recorded(shop: Shop, bought: Placed) -> None:
    new = service.NewRefund(bought.id, [service.RefundedLine(bought.lines[1], 1, "CANCEL")])
    async with shop.database.begin() as tx:
        refund_id = await refunds.record(tx, new, "merchant")
    assert (await balance(shop, bought)).refunded_minor == 0
    # What is on its way counts as given back.
    assert error(await create(shop, bought, transactions=[{"amount": "102.91"}]))[0] == "INVALID"
    assert await service.finish_refunds(shop.database) == 0
    done = await asyncio.gather(*(service.finish_refunds(shop.database, 0) for _ in range(3)))
    assert sum(done) >= 1
    assert await service.finish_refunds(shop.database, 0) == 0
    assert (await balance(shop, bought)).refunded_minor == 1800
    async with shop.database.read() as conn:
        assert (await conn.execute(select(refund.c.status).where(refund.c.id == refund_id))).scalar_one() == "SUCCESS"
    document = "query($id: ID!) { order(id: $id) { events(first: 9) { nodes { action } } } }"
    nodes = (await shop.data(document, {"id": bought.gid}, "merchant"))["order"]["events"]["nodes"]
    assert [node["action"] for node in nodes] == ["placed", "paid", "refund_created", "refunded"]


async def test_the_provider_may_refuse(shop: Shop, bought: Placed) -> None:
    async with shop.database.begin() as tx:
        refund_id = await refunds.record(tx, service.NewRefund(bought.id, full_shipping=True), "merchant")
        # More than the provider has.
        await tx.execute(update(refund).where(refund.c.id == refund_id).values(amount_minor=10**6))
    assert await service.finish_refund(shop.database, refund_id) == "FAILURE"
    assert await service.finish_refund(shop.database, refund_id) == "FAILURE"
    document = (
        "query($id: ID!) { order(id: $id) { refundable refunds { status } events(last: 1) { nodes { action } } } }"
    )
    order = (await shop.data(document, {"id": bought.gid}, "merchant"))["order"]
    assert order["events"]["nodes"] == [{"action": "refund_failed"}]
    assert order["refunds"] == [{"status": "FAILURE"}]
    assert order["refundable"] is True
    # Its part of the delivery is free again.
    assert (await create(shop, bought, shipping={"fullRefund": True}))["userErrors"] == []


async def test_statements_do_not_grow(shop: Shop) -> None:
    counts = []
    for number in (1, 30):
        placed = await place(shop, *[("print-variant", 2)] * number)
        given = {"orderId": placed.gid, "refundLineItems": [pieces(placed, n, 1, "CANCEL") for n in range(number)]}
        counts.append(len(await shop.statements(CREATE, {"input": given}, "merchant")))
    assert counts[0] == counts[1]


async def test_a_buyer_sees_what_went_back(shop: Shop, bought: Placed) -> None:
    await create(shop, bought, pieces(bought, 1, 1, "CANCEL"))
    document = "query($id: ID!) { order(id: $id) { totalRefunded { amount } refunds { id totalRefunded { amount } } } }"
    order = (await shop.data(document, {"id": bought.capability}))["order"]
    assert [made["totalRefunded"]["amount"] for made in order["refunds"]] == ["18.00"]
    assert order["refunds"][0]["id"].startswith(to_gid("Refund", bought.id)[:20])
