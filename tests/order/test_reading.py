"""What an order says of itself, and to whom."""

import pytest

from tests.order.conftest import Placed, opened, place
from tests.shop import Shop, gid, uid

BUYERS = """
query($id: ID!) {
  order(id: $id) {
    id name number orderNumber confirmationNumber processedAt createdAt updatedAt email phone currencyCode edited note
    totalPrice { amount currencyCode } subtotal { amount } subtotalPrice { amount } totalShipping { amount }
    totalShippingPrice { amount } totalTax { amount } totalRefunded { amount }
    financialStatus fulfillmentStatus cancelReason cancelledAt canceledAt statusPageUrl statusUrl requiresShipping
    customAttributes { key value }
    shippingAddress { name city formatted(withName: true) countryCodeV2 } billingAddress { city }
    shippingLine { title handle code originalPrice { amount } }
    taxLines { title rate ratePercentage price { amount } priceSet { amount } } taxesIncluded
    lineItems(first: 10) {
      nodes {
        id title name variantTitle sku vendor quantity currentQuantity refundableQuantity unfulfilledQuantity
        fulfillableQuantity price { amount } totalPrice { amount } currentTotalPrice { amount }
        originalTotalPrice { amount } discountedTotalPrice { amount }
        originalUnitPriceSet { shopMoney { amount } presentmentMoney { currencyCode } }
        image { url altText } customAttributes { key value } requiresShipping
      }
      pageInfo { hasNextPage }
    }
    fulfillments(first: 10) { nodes { id status trackingInformation { company number url } } }
    refunds { id createdAt totalRefunded { amount } }
  }
}
"""
MERCHANTS = """
query($id: ID!) {
  order(id: $id) {
    name displayFinancialStatus displayFulfillmentStatus closed confirmed refundable
    totalPriceSet { shopMoney { amount } presentmentMoney { amount currencyCode } }
    customer { id }
    transactions { id kind status gateway processedAt errorCode amountSet { shopMoney { amount } }
      parentTransaction { id kind } }
    refunds { id note totalRefundedSet { shopMoney { amount } }
      refundLineItems(first: 10) { nodes { quantity restockType lineItem { id } } } }
    events(first: 10) { nodes { id createdAt message action } pageInfo { hasNextPage } }
    lineItems(first: 50) { nodes { title quantity unfulfilledQuantity } }
    fulfillments(first: 10) { nodes { id fulfillmentLineItems(first: 10) { nodes { id quantity lineItem { id } } } } }
    fulfillmentOrders(first: 10) { nodes { id status assignedLocation { name location { id } }
      lineItems(first: 50) { nodes { id totalQuantity remainingQuantity lineItem { title } } } } }
  }
}
"""


async def seen(shop: Shop, given: str, token: str | None = "storefront", customer: str | None = None) -> bool:
    answer = await shop.data("query($id: ID!) { order(id: $id) { name } }", {"id": given}, token, customer=customer)
    return answer["order"] is not None


async def test_strangers_do_not_see_it(shop: Shop, bought: Placed) -> None:
    adas = await place(shop, ("mug-variant", 1), customer="ada")
    assert not await seen(shop, bought.gid)
    assert not await seen(shop, bought.gid, None)
    assert not await seen(shop, bought.gid, customer="ada")
    assert not await seen(shop, adas.gid)
    assert not await seen(shop, adas.gid, customer="eve")
    assert not await seen(shop, bought.capability[:-1] + ("0" if bought.capability[-1] != "0" else "1"))
    assert not await seen(shop, gid("Order", "nothing"), "merchant")


async def test_buyers_merchants_and_partners_see_it(shop: Shop, bought: Placed) -> None:
    adas = await place(shop, ("mug-variant", 1), customer="ada")
    assert await seen(shop, bought.capability)
    assert await seen(shop, bought.capability, None)
    assert await seen(shop, adas.gid, customer="ada")
    for token in ("merchant", "partner"):
        assert await seen(shop, bought.gid, token)


async def test_id_of_another_kind_is_an_error(shop: Shop) -> None:
    answer = await shop.run("query($id: ID!) { order(id: $id) { name } }", {"id": gid("Product", "mug")})
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_ID"


async def test_a_buyer_sees_the_payment_and_only_the_own_account(shop: Shop, bought: Placed) -> None:
    document = "query($id: ID!) { order(id: $id) { customer { id } transactions { kind status } } }"
    guest = (await shop.data(document, {"id": bought.capability}))["order"]
    assert guest["transactions"][0] == {"kind": "AUTHORIZATION", "status": "SUCCESS"}
    assert guest["customer"] is None, "a link to an order opens no account"


@pytest.mark.parametrize(
    "field",
    ["events(first: 1) { nodes { id } }", "fulfillmentOrders(first: 1) { nodes { id } }", "refunds { note }"],
)  # fmt: skip
async def test_buyers_do_not_see_what_is_the_merchants(shop: Shop, bought: Placed, field: str) -> None:
    answer = await shop.run(f"query($id: ID!) {{ order(id: $id) {{ {field} }} }}", {"id": bought.capability})
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_what_a_guest_reads(shop: Shop, bought: Placed) -> None:
    order = (await shop.data(BUYERS, {"id": bought.capability}))["order"]
    assert order["id"] == bought.capability
    assert order["name"] == f"#{order['number']}"
    assert order["orderNumber"] == order["number"]
    assert order["confirmationNumber"] == bought.id.hex[-9:].upper()
    assert order["email"] == "guest@example.com"
    assert order["totalPrice"] == {"amount": "120.90", "currencyCode": "EUR"}
    assert order["subtotal"] == order["subtotalPrice"] == {"amount": "116.00"}
    assert order["totalShipping"] == order["totalShippingPrice"] == {"amount": "4.90"}
    assert order["totalRefunded"] == {"amount": "0.00"}
    assert order["financialStatus"] == "PAID"
    assert order["fulfillmentStatus"] == "UNFULFILLED"
    assert order["cancelReason"] is order["cancelledAt"] is order["canceledAt"] is None
    assert order["edited"] is False
    assert order["requiresShipping"] is True
    assert order["customAttributes"] == [{"key": "gift", "value": "yes"}]
    assert order["shippingAddress"]["name"] == "Ada Byron"
    assert order["billingAddress"] is None
    assert order["shippingLine"]["handle"] == order["shippingLine"]["code"] == "standard"
    assert order["taxLines"][0]["ratePercentage"] == 19.0
    assert order["statusPageUrl"].startswith("http://shop.test/")
    assert "key%3D" in order["statusPageUrl"]
    shirts, mug = order["lineItems"]["nodes"]
    assert shirts["id"] == bought.line_gid()
    assert shirts["name"] == "Linen Shirt - S / White"
    assert (shirts["quantity"], shirts["currentQuantity"], shirts["unfulfilledQuantity"]) == (2, 2, 2)
    assert shirts["price"] == {"amount": "49.00"}
    assert shirts["totalPrice"] == {"amount": "98.00"}
    assert shirts["image"] == {"url": "http://shop.test/media/shirt.svg", "altText": "Linen Shirt"}
    assert mug["customAttributes"] == [{"key": "engraving", "value": "mug-variant"}]
    assert order["fulfillments"]["nodes"] == order["refunds"] == []


async def test_id_is_sealed_only_for_who_came_with_the_seal(shop: Shop) -> None:
    adas = await place(shop, ("mug-variant", 1), customer="ada")
    answer = await shop.data("query($id: ID!) { order(id: $id) { id } }", {"id": adas.gid}, customer="ada")
    assert answer["order"]["id"] == adas.gid
    answer = await shop.data("query($id: ID!) { order(id: $id) { id } }", {"id": adas.capability}, "merchant")
    assert answer["order"]["id"] == adas.capability


async def test_what_a_merchant_reads(shop: Shop) -> None:
    adas = await place(shop, ("shirt-S-White", 12), ("mug-variant", 1), ("guide-variant", 1), customer="ada")
    order = (await shop.data(MERCHANTS, {"id": adas.gid}, "merchant"))["order"]
    assert order["displayFinancialStatus"] == "PAID"
    assert order["closed"] is False
    assert order["refundable"] is True
    assert order["totalPriceSet"]["shopMoney"] == {"amount": f"{adas.total_minor / 100:.2f}"}
    assert order["customer"] == {"id": gid("Customer", "ada")}
    authorization, capture = order["transactions"]
    assert (authorization["kind"], capture["kind"], capture["status"]) == ("AUTHORIZATION", "CAPTURE", "SUCCESS")
    assert capture["parentTransaction"]["id"] == authorization["id"]
    assert [event["action"] for event in order["events"]["nodes"]] == ["placed", "paid"]
    places = {each["assignedLocation"]["name"]: each for each in order["fulfillmentOrders"]["nodes"]}
    assert set(places) == {"Berlin", "Newark", ""}
    assert places["Berlin"]["assignedLocation"]["location"] == {"id": gid("Location", "berlin")}
    sent = {part["lineItem"]["title"]: part["totalQuantity"] for part in places["Berlin"]["lineItems"]["nodes"]}
    assert sent["Linen Shirt"] + places["Newark"]["lineItems"]["nodes"][0]["totalQuantity"] == 12
    assert places[""]["lineItems"]["nodes"][0]["lineItem"]["title"] == "Field Guide"


@pytest.mark.parametrize(("document", "token", "most"), [(BUYERS, "storefront", 10), (MERCHANTS, "merchant", 10)])
async def test_statements_do_not_grow(shop: Shop, document: str, token: str, most: int) -> None:
    counts = []
    for lines in ([("mug-variant", 1)], [("guide-variant", 1)] * 40 + [("shirt-S-White", 2)]):
        placed = await place(shop, *lines, customer="ada")
        counts.append(len(await shop.statements(document, {"id": placed.capability}, token)))
    assert counts[0] == counts[1]
    assert counts[0] <= most


async def test_lines_are_paged(shop: Shop, bought: Placed) -> None:
    document = """query($id: ID!, $after: String) { order(id: $id) {
      lineItems(first: 1, after: $after) { nodes { title } pageInfo { hasNextPage endCursor } } } }"""
    page = (await shop.data(document, {"id": bought.capability}))["order"]["lineItems"]
    assert [node["title"] for node in page["nodes"]] == ["Linen Shirt"]
    assert page["pageInfo"]["hasNextPage"]
    at = {"id": bought.capability, "after": page["pageInfo"]["endCursor"]}
    page = (await shop.data(document, at))["order"]["lineItems"]
    assert [node["title"] for node in page["nodes"]] == ["Stone Mug"]
    assert not page["pageInfo"]["hasNextPage"]


async def test_events_are_paged(shop: Shop, bought: Placed) -> None:
    document = (
        "query($id: ID!) { order(id: $id) { events(last: 1) { nodes { action } pageInfo { hasPreviousPage } } } }"
    )
    page = (await shop.data(document, {"id": bought.gid}, "merchant"))["order"]["events"]
    assert page == {"nodes": [{"action": "paid"}], "pageInfo": {"hasPreviousPage": True}}


async def test_lines_point_at_the_catalogue_of_today(shop: Shop, bought: Placed) -> None:
    document = "query($id: ID!) { order(id: $id) { lineItems(first: 1) { nodes { product { id } variant { id } } } } }"
    (line,) = (await shop.data(document, {"id": bought.capability}))["order"]["lineItems"]["nodes"]
    assert line == {
        "product": {"id": gid("Product", "shirt")},
        "variant": {"id": gid("ProductVariant", "shirt-S-White")},
    }


async def test_helper_opens_one_fulfillment_order_a_location(shop: Shop, bought: Placed) -> None:
    assert [each.location_id for each in await opened(shop, bought)] == [uid("berlin")]
