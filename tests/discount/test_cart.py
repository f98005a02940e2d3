"""Carts with discounts: what is taken off, what is told of the rest, and how many statements it takes."""

from typing import Any

import pytest
from sqlalchemy import select, update

from commerce_graph.cart.service import replay
from commerce_graph.checkout.service import Purchases
from commerce_graph.discount.tables import discount, redemption
from commerce_graph.order.tables import breakdown, order
from commerce_graph.order.tables import line as order_line
from tests.cart.storefront import CART, attempt, create, deliverable, line, pay, ready, submit
from tests.discount.selling import ALL, AUTOMATIC, BASIC, BXGY, CODES, SHIPPING, payable, tenth, with_codes, written
from tests.shop import Shop, gid


async def test_a_code_takes_a_tenth_off_the_order(shop: Shop) -> None:
    await tenth(shop)
    cart = await deliverable(shop, line("shirt-S-White", 2), line("guide-variant"))
    came = await with_codes(shop, cart, "tenth")
    assert came["warnings"] == []
    given = came["cart"]
    assert given["discountCodes"] == [{"code": "tenth", "applicable": True}]
    assert given["cost"]["subtotalAmount"]["amount"] == "107.99", "before discounts on the order"
    assert given["cost"]["totalAmount"]["amount"] == "102.09", "107.99 - 10.80 + 4.90"
    assert given["cost"]["totalTaxAmount"]["amount"] == "16.30", "of what is paid, line by line"
    (share,) = given["discountAllocations"]
    assert share["discountedAmount"]["amount"] == "10.80"
    assert (share["__typename"], share["code"]) == ("CartCodeDiscountAllocation", "TENTH")
    assert share["targetType"] == "LINE_ITEM"
    assert share["discountApplication"] == {
        "allocationMethod": "ACROSS", "targetSelection": "ALL", "value": {"percentage": 10.0},
    }  # fmt: skip
    assert given["priceBreakdown"]["rules"][0]["reason"] == "APPLIED"


async def test_products_and_delivery(shop: Shop) -> None:
    some = {"items": {"collections": {"add": [gid("Collection", "summer")]}}}
    off = some | {"value": {"discountAmount": {"amount": "5.00", "appliesOnEachItem": True}}}
    both = {"combinesWith": {"shippingDiscounts": True}}
    await written(shop, AUTOMATIC, title="Summer sale", customerGets=off, **both)
    await written(shop, SHIPPING, title="SHIP", code="SHIP", combinesWith={"productDiscounts": True})
    cart = await deliverable(shop, line("shirt-S-White", 2), line("guide-variant"))
    assert cart["cost"]["subtotalAmount"]["amount"] == "97.99", "the automatic discount is there already"
    given = (await with_codes(shop, cart, "SHIP"))["cart"]
    assert given["cost"]["totalAmount"]["amount"] == "97.99"
    shirt, guide = given["lines"]["nodes"]
    assert (shirt["cost"]["subtotalAmount"]["amount"], shirt["cost"]["totalAmount"]["amount"]) == ("98.00", "88.00")
    assert [each["title"] for each in shirt["discountAllocations"]] == ["Summer sale"]
    assert guide["discountAllocations"] == []
    (shipping,) = given["discountAllocations"]
    assert (shipping["targetType"], shipping["discountedAmount"]["amount"]) == ("SHIPPING_LINE", "4.90")
    assert given["priceBreakdown"]["discountAmount"]["amount"] == "14.90"


async def test_buy_two_shirts_get_a_mug(shop: Shop) -> None:
    shirts, mugs = ({"products": {"productsToAdd": [gid("Product", name)]}} for name in ("shirt", "mug"))
    gets = {"items": mugs, "value": {"discountOnQuantity": {"quantity": "1", "effect": {"percentage": 1.0}}}}
    buys = {"items": shirts, "value": {"quantity": "2"}}
    await written(shop, BXGY, title="MUG", code="MUG", customerBuys=buys, customerGets=gets)
    cart = await deliverable(shop, line("shirt-S-White", 3), line("mug-variant", 2))
    given = (await with_codes(shop, cart, "MUG"))["cart"]
    assert [each["cost"]["totalAmount"]["amount"] for each in given["lines"]["nodes"]] == ["147.00", "18.00"]


async def test_what_is_told_of_codes_that_do_not_apply(shop: Shop) -> None:
    await tenth(shop, "LATER", startsAt="2999-01-01T00:00:00Z")
    await tenth(shop, "OVER", endsAt="2026-01-02T00:00:00Z")
    await tenth(shop, "MUCH", minimumRequirement={"subtotal": {"greaterThanOrEqualToSubtotal": "1000"}})
    await tenth(shop, "MANY", minimumRequirement={"quantity": {"greaterThanOrEqualToQuantity": "9"}})
    await tenth(shop, "ADA", context={"customers": {"add": [gid("Customer", "ada")]}})
    await written(shop, BASIC, title="LAMP", code="LAMP", customerGets={
        "items": {"products": {"productsToAdd": [gid("Product", "lamp")]}}, "value": {"percentage": 0.5},
    })  # fmt: skip
    await tenth(shop, "GOOD")
    await tenth(shop, "GONE")
    async with shop.database.begin() as tx:
        await tx.execute(update(discount).where(discount.c.title == "GONE").values(usage_limit=1, used=1))
    codes = ["LATER", "OVER", "MUCH", "MANY", "ADA", "LAMP", "GONE", "NONE", "GOOD"]
    came = await with_codes(shop, await deliverable(shop, line("mug-variant")), *codes)
    assert [each["code"] for each in came["warnings"]] == [
        "DISCOUNT_CURRENTLY_INACTIVE", "DISCOUNT_CURRENTLY_INACTIVE", "DISCOUNT_PURCHASE_NOT_IN_RANGE",
        "DISCOUNT_QUANTITY_NOT_IN_RANGE", "DISCOUNT_ELIGIBLE_CUSTOMER_MISSING", "DISCOUNT_NO_ENTITLED_LINE_ITEMS",
        "DISCOUNT_USAGE_LIMIT_REACHED", "DISCOUNT_NOT_FOUND",
    ]  # fmt: skip
    assert [each["code"] for each in came["cart"]["discountCodes"] if each["applicable"]] == ["GOOD"]
    rules = {each["code"]: each["reason"] for each in came["cart"]["priceBreakdown"]["rules"]}
    assert (rules["MUCH"], rules["GOOD"], len(rules)) == ("PURCHASE_NOT_IN_RANGE", "APPLIED", 8)
    other = await with_codes(shop, await deliverable(shop, line("mug-variant")), "GOOD", "MUCH")
    assert [each["code"] for each in other["warnings"]] == ["DISCOUNT_PURCHASE_NOT_IN_RANGE"]


async def test_two_that_do_not_combine_give_the_better_one(shop: Shop) -> None:
    await tenth(shop)
    fifth = {"customerGets": ALL | {"value": {"percentage": 0.2}}}
    await written(shop, BASIC, title="FIFTH", code="FIFTH", **fifth)
    came = await with_codes(shop, await deliverable(shop, line("shirt-S-White")), "TENTH", "FIFTH")
    assert [each["code"] for each in came["warnings"]] == ["DISCOUNT_CODE_NOT_HONOURED"]
    assert [each["applicable"] for each in came["cart"]["discountCodes"]] == [False, True]


async def test_an_amount_is_of_one_currency(shop: Shop) -> None:
    off = {"customerGets": ALL | {"value": {"discountAmount": {"amount": "5.00"}}}}
    await written(shop, BASIC, title="FIVE", code="FIVE", **off)
    cart = await create(shop, line("guide-variant"), buyerIdentity={"countryCode": "US"})
    came = await with_codes(shop, cart, "FIVE")
    assert [each["code"] for each in came["warnings"]] == ["DISCOUNT_CODE_NOT_HONOURED"]
    assert came["cart"]["priceBreakdown"]["rules"][0]["reason"] == "CURRENCY_MISMATCH"


ORDER = """query($id: ID!) { order(id: $id) {
  totalPrice { amount } subtotal { amount } totalDiscountsSet { shopMoney { amount } } discountCodes
  shippingLine { originalPrice { amount } price { amount } }
  discountApplications(first: 5) { nodes { __typename targetType ... on DiscountCodeApplication { code } } }
  lineItems(first: 5) { nodes {
    originalTotalPrice { amount } discountedTotalPrice { amount }
    discountAllocations { allocatedAmount { amount } discountApplication { targetSelection } }
  } }
  priceBreakdown { grossAmount { amount } totalAmount { amount } rules { code applied reason } }
} }"""


async def test_an_order_keeps_what_was_taken_off_and_comes_to_the_same_again(shop: Shop) -> None:
    await tenth(shop, "TENTH", usageLimit=5, combinesWith={"shippingDiscounts": True})
    await tenth(shop, "MUCH", minimumRequirement={"subtotal": {"greaterThanOrEqualToSubtotal": "1000"}})
    await written(shop, SHIPPING, title="SHIP", code="SHIP", combinesWith={"orderDiscounts": True})
    cart = await ready(shop, line("shirt-S-White", 2), line("guide-variant"))
    await payable(shop, cart, "TENTH", "SHIP", "MUCH")
    result = await submit(shop, cart)
    async with shop.database.read() as conn:
        assert set((await conn.execute(select(redemption.c.state))).scalars()) == {"HELD"}
    await Purchases.of(shop.resources).settle()
    came = await attempt(shop, result["attemptId"])
    placed = (await shop.data(ORDER, {"id": came["orderId"]}))["order"]
    assert placed["totalPrice"] == {"amount": "97.19"}
    assert placed["shippingLine"] == {"originalPrice": {"amount": "4.90"}, "price": {"amount": "0.00"}}
    assert placed["totalDiscountsSet"] == {"shopMoney": {"amount": "15.70"}}
    assert placed["discountCodes"] == ["TENTH", "SHIP"]
    assert [each["targetType"] for each in placed["discountApplications"]["nodes"]] == ["LINE_ITEM", "SHIPPING_LINE"]
    shirts, guide = placed["lineItems"]["nodes"]
    assert (shirts["originalTotalPrice"]["amount"], shirts["discountedTotalPrice"]["amount"]) == ("98.00", "88.20")
    assert guide["discountAllocations"] == [
        {"allocatedAmount": {"amount": "1.00"}, "discountApplication": {"targetSelection": "ALL"}}
    ]
    assert {each["code"]: each["applied"] for each in placed["priceBreakdown"]["rules"]} == {
        "TENTH": True, "SHIP": True, "MUCH": False,
    }  # fmt: skip
    async with shop.database.read() as conn:
        stored = (await conn.execute(select(breakdown.c.document))).scalar_one()
        row = (await conn.execute(select(order))).one()
        lines = (await conn.execute(select(order_line))).all()
        uses = (await conn.execute(select(redemption.c.state, redemption.c.order_id))).all()
        used = (await conn.execute(select(discount.c.used).where(discount.c.title == "TENTH"))).scalar_one()
    assert replay(stored).total_minor == row.total_minor == 9719
    assert sum(each.total_minor for each in lines) == row.subtotal_minor
    assert row.discount_minor == row.shipping_discount_minor + sum(each.discount_minor for each in lines)
    assert {tuple(each) for each in uses} == {("USED", row.id)}
    assert (used, len(uses)) == (1, 2)


@pytest.mark.parametrize("number", [1, 3])
async def test_statements_are_few_and_flat(shop: Shop, number: int) -> None:
    cart = await deliverable(shop, *(line("shirt-S-White", n=str(n)) for n in range(10)))
    none = await shop.statements(CART, {"id": cart["id"]})
    assert len(none) <= 12
    some = {"items": {"collections": {"add": [gid("Collection", "summer")]}}}
    for n in range(number):
        await written(shop, BASIC, title=f"S{n}", code=f"S{n}", customerGets=some | {"value": {"percentage": 0.1}})
        await written(shop, AUTOMATIC, title=f"A{n}", customerGets=some | {"value": {"percentage": 0.1}})
    await with_codes(shop, cart, *(f"S{n}" for n in range(number)))
    assert len(await shop.statements(CART, {"id": cart["id"]})) == len(none) + 1, "which collections the goods are in"


async def test_statements_of_a_purchase_with_discounts(shop: Shop) -> None:
    await tenth(shop, usageLimit=5, appliesOncePerCustomer=True)
    cart = await ready(shop, line("shirt-S-White", 2))
    await payable(shop, cart, "TENTH")
    document = """mutation($id: ID!) { cartSubmitForCompletion(cartId: $id, attemptToken: "t") {
      result { __typename } userErrors { message }
    } }"""
    submitted = len(await shop.statements(document, {"id": cart["id"]}))
    await Purchases.of(shop.resources).settle()
    assert submitted <= 20


async def test_a_failed_purchase_gives_the_use_back(shop: Shop) -> None:
    await tenth(shop, usageLimit=1, appliesOncePerCustomer=True)
    for session in ("test_declined", "test_ok"):
        cart = await ready(shop, line("mug-variant"), session=session)
        given: Any = (await shop.data(CODES, {"id": cart["id"], "codes": ["TENTH"]}))["cartDiscountCodesUpdate"]["cart"]
        assert given["discountCodes"][0]["applicable"], session
        assert await pay(shop, given, session) == []
        result = await submit(shop, cart)
        await Purchases.of(shop.resources).settle()
        wanted = "CartCompletionFailed" if session == "test_declined" else "CartCompletionSuccess"
        assert (await attempt(shop, result["attemptId"]))["__typename"] == wanted
    async with shop.database.read() as conn:
        states = (await conn.execute(select(redemption.c.state).order_by(redemption.c.id))).scalars().all()
        used = (await conn.execute(select(discount.c.used))).scalar_one()
    assert (states, used) == (["RELEASED", "USED"], 1)
