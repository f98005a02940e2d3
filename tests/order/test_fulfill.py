"""Parcels: all or a part of what a location has to send leaves the house, once."""

import asyncio
from typing import Any

import pytest

from commerce_graph.kernel.ids import to_gid
from tests.order.conftest import Placed, opened, place, stock
from tests.shop import Shop, gid

CREATE = """
mutation($input: FulfillmentInput!, $message: String) {
  fulfillmentCreate(fulfillment: $input, message: $message) {
    fulfillment { id name status totalQuantity trackingCompany
      trackingInformation { company number url } trackingInfo(first: 5) { number url }
      fulfillmentLineItems(first: 10) { nodes { id quantity lineItem { id currentQuantity unfulfilledQuantity } } } }
    userErrors { code field message }
  }
}
"""
STATE = """
query($id: ID!) { order(id: $id) {
  fulfillmentStatus displayFulfillmentStatus successfulFulfillments(first: 5) { id }
  fulfillments(first: 5) { nodes { id name } }
  fulfillmentOrders(first: 5) { nodes { status lineItems(first: 5) { nodes { remainingQuantity } } } }
  events(last: 1) { nodes { action message } } } }
"""


def wish(order: Any, quantity: int | None = None, line: int = 0, **more: Any) -> dict[str, Any]:
    """Return what to send of a fulfillment order."""
    chosen: dict[str, Any] = {"fulfillmentOrderId": to_gid("FulfillmentOrder", order.id)}
    if quantity is not None:
        part = {"id": to_gid("FulfillmentOrderLineItem", order.lines[line].id), "quantity": quantity}
        chosen["fulfillmentOrderLineItems"] = [part]
    return {"lineItemsByFulfillmentOrder": [chosen], **more}


async def send(shop: Shop, given: dict[str, Any], message: str | None = None) -> Any:
    return (await shop.data(CREATE, {"input": given, "message": message}, "merchant"))["fulfillmentCreate"]


def code(payload: Any) -> str:
    assert payload["fulfillment"] is None
    (error,) = payload["userErrors"]
    return str(error["code"])


async def test_needs_the_scope(shop: Shop, bought: Placed) -> None:
    (order,) = await opened(shop, bought)
    for token in ("storefront", "partner"):
        answer = await shop.run(CREATE, {"input": wish(order)}, token)
        assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_refusals(shop: Shop, bought: Placed) -> None:
    (order,) = await opened(shop, bought)
    unknown = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": gid("FulfillmentOrder", "nothing")}]}
    assert code(await send(shop, unknown)) == "NOT_FOUND"
    assert code(await send(shop, {"lineItemsByFulfillmentOrder": []})) == "INVALID"
    twice = wish(order)["lineItemsByFulfillmentOrder"] * 2
    assert code(await send(shop, {"lineItemsByFulfillmentOrder": twice})) == "INVALID"
    assert code(await send(shop, wish(order, 3))) == "INVALID"
    assert code(await send(shop, wish(order, 0))) == "INVALID"
    many = wish(order, 1)
    many["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderLineItems"] *= 251
    assert code(await send(shop, many)) == "INVALID"
    assert code(await send(shop, wish(order), "x" * 5001)) == "INVALID"
    tracking = {"company": "DHL", "numbers": [str(number) for number in range(21)]}
    assert code(await send(shop, wish(order, trackingInfo=tracking))) == "INVALID"
    other = await place(shop, ("print-variant", 1))
    (others,) = await opened(shop, other)
    strange = wish(order)
    strange["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderLineItems"] = [
        {"id": to_gid("FulfillmentOrderLineItem", others.lines[0].id), "quantity": 1}
    ]
    assert code(await send(shop, strange)) == "INVALID"
    assert await stock(shop, "shirt-S-White") == (15, 2)


async def test_in_parts_until_all_is_sent(shop: Shop, bought: Placed) -> None:
    (order,) = await opened(shop, bought)
    tracking = {"company": "DHL", "number": "42", "url": "https://dhl.test/42"}
    payload = await send(shop, wish(order, 1, trackingInfo=tracking, notifyCustomer=True), "First parcel")
    assert payload["userErrors"] == []
    parcel = payload["fulfillment"]
    assert (parcel["name"], parcel["status"], parcel["totalQuantity"]) == ("F1", "SUCCESS", 1)
    assert parcel["trackingInformation"] == [{"company": "DHL", "number": "42", "url": "https://dhl.test/42"}]
    assert parcel["trackingInfo"] == [{"number": "42", "url": "https://dhl.test/42"}]
    (content,) = parcel["fulfillmentLineItems"]["nodes"]
    assert content["lineItem"] == {"id": bought.line_gid(), "currentQuantity": 2, "unfulfilledQuantity": 1}
    assert await stock(shop, "shirt-S-White") == (14, 1)
    state = (await shop.data(STATE, {"id": bought.gid}, "merchant"))["order"]
    assert state["fulfillmentStatus"] == state["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    assert state["events"]["nodes"] == [{"action": "fulfilled", "message": "First parcel"}]
    assert state["fulfillmentOrders"]["nodes"][0]["status"] == "IN_PROGRESS"

    assert (await send(shop, wish(order)))["userErrors"] == []
    assert await stock(shop, "shirt-S-White") == (13, 0)
    assert await stock(shop, "mug-variant") == (2, 0)
    state = (await shop.data(STATE, {"id": bought.gid}, "merchant"))["order"]
    assert state["fulfillmentStatus"] == "FULFILLED"
    assert [each["name"] for each in state["fulfillments"]["nodes"]] == ["F1", "F2"]
    assert len(state["successfulFulfillments"]) == 2
    assert state["fulfillmentOrders"]["nodes"][0]["status"] == "CLOSED"
    assert code(await send(shop, wish(order))) == "INVALID"


async def test_from_two_locations_and_goods_that_nobody_counts(shop: Shop) -> None:
    placed = await place(shop, ("shirt-S-White", 12), ("guide-variant", 1))
    orders = await opened(shop, placed)
    assert len(orders) == 3
    for order in orders:
        assert (await send(shop, wish(order)))["userErrors"] == []
    assert await stock(shop, "shirt-S-White") == (3, 0)
    state = (await shop.data(STATE, {"id": placed.gid}, "merchant"))["order"]
    assert state["fulfillmentStatus"] == "FULFILLED"


async def test_the_last_piece_is_sent_once(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1))
    (order,) = await opened(shop, placed)
    payloads = await asyncio.gather(*(send(shop, wish(order, 1)) for _ in range(4)))
    assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, 1, 1, 1]
    assert await stock(shop, "mug-variant") == (2, 0)


async def test_statements_do_not_grow(shop: Shop) -> None:
    counts = []
    for lines in ([("guide-variant", 1)], [("guide-variant", 1)] * 30):
        placed = await place(shop, *lines)
        (order,) = await opened(shop, placed)
        counts.append(len(await shop.statements(CREATE, {"input": wish(order)}, "merchant")))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("token", ["storefront", None])
async def test_a_guest_follows_the_parcel(shop: Shop, bought: Placed, token: str | None) -> None:
    (order,) = await opened(shop, bought)
    await send(
        shop, wish(order, trackingInfo={"company": "DHL", "numbers": ["1", "2"], "urls": ["https://dhl.test/1"]})
    )
    document = """query($id: ID!) { order(id: $id) { fulfillmentStatus fulfillments(first: 1) { nodes {
      trackingInformation { number url }
      fulfillmentLineItems(first: 5) { nodes { quantity lineItem { title } } } } } } }"""
    order = (await shop.data(document, {"id": bought.capability}, token))["order"]
    (parcel,) = order["fulfillments"]["nodes"]
    assert parcel["trackingInformation"] == [{"number": "1", "url": "https://dhl.test/1"}, {"number": "2", "url": None}]
    contents = [(each["lineItem"]["title"], each["quantity"]) for each in parcel["fulfillmentLineItems"]["nodes"]]
    assert sorted(contents) == [("Linen Shirt", 2), ("Stone Mug", 1)]
