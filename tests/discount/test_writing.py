"""Merchants write discounts: refusals first, then each kind, its life and its lists."""

import asyncio
from typing import Any

import pytest

from commerce_graph.kernel.limits import AUTOMATIC_DISCOUNTS_MAX
from tests.cart.storefront import deliverable, line
from tests.discount.selling import ALL, AUTOMATIC, BASIC, BXGY, SHIPPING, TENTH, tenth, with_codes, written
from tests.shop import Shop, gid

NODE = """query($id: ID!) { codeDiscountNode(id: $id) { id codeDiscount {
  ... on DiscountCodeBasic {
    title status startsAt endsAt usageLimit appliesOncePerCustomer asyncUsageCount discountClass priority
    codes(first: 5) { nodes { code } } codesCount { count }
    combinesWith { orderDiscounts productDiscounts shippingDiscounts }
    context { ... on DiscountBuyerSelectionAll { all } ... on DiscountCustomers { customers { id } } }
    minimumRequirement { ... on DiscountMinimumSubtotal { greaterThanOrEqualToSubtotal { amount currencyCode } } }
    customerGets {
      items {
        ... on AllDiscountItems { allItems }
        ... on DiscountCollections { collections { handle } }
        ... on DiscountProducts { products { handle } productVariants { id } }
      }
      value { ... on DiscountPercentage { percentage } ... on DiscountAmount { amount { amount } appliesOnEachItem } }
    }
  }
  ... on DiscountCodeBxgy { customerBuys { value { quantity } } usesPerOrderLimit customerGets { value {
    ... on DiscountOnQuantity { quantity effect { percentage } }
  } } }
  ... on DiscountCodeFreeShipping {
    maximumShippingPrice { amount } destinationSelection { ... on DiscountCountries { countries } }
  }
} } }"""
UPDATE = """mutation($id: ID!, $input: DiscountCodeBasicInput!) {
  came: discountCodeBasicUpdate(id: $id, basicCodeDiscount: $input) {
    codeDiscountNode { id } userErrors { code field message }
  }
}"""
LIFE = """mutation($id: ID!) { came: discountCode%s(id: $id) {
  codeDiscountNode { codeDiscount { ... on DiscountCodeBasic { status } } } userErrors { code field }
} }"""
DELETE = "mutation($id: ID!) { came: discountCodeDelete(id: $id) { deletedCodeDiscountId userErrors { code field } } }"
LIST = """query($query: String) {
  codeDiscountNodes(first: 10, query: $query) { nodes { codeDiscount { ... on DiscountCodeBasic { title } } } }
}"""
BY_CODE = "query($code: String!) { codeDiscountNodeByCode(code: $code) { id } }"


async def refusal(shop: Shop, document: str, given: Any, **variables: Any) -> tuple[str, list[str]]:
    came = (await shop.data(document, {"input": given, **variables}, "merchant"))["came"]
    (error,) = came["userErrors"]
    return error["code"], error["field"]


def gets(**value: Any) -> dict[str, Any]:
    return {"customerGets": ALL | {"value": value}}


FULL = {"title": "T", "code": "T", "startsAt": "2026-01-01T00:00:00Z", **TENTH}


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"title": ""}, "BLANK", ["title"]),
        ({"code": None}, "BLANK", ["code"]),
        ({"endsAt": "2025-01-01T00:00:00Z"}, "INVALID", ["endsAt"]),
        ({"usageLimit": 0}, "VALUE_OUTSIDE_RANGE", ["usageLimit"]),
        ({"customerGets": ALL}, "MISSING_ARGUMENT", ["customerGets", "value"]),
        (gets(percentage=1.5), "VALUE_OUTSIDE_RANGE", ["customerGets", "value", "percentage"]),
        (gets(percentage=0.00001), "VALUE_OUTSIDE_RANGE", ["customerGets", "value", "percentage"]),
        (gets(percentage=0.1, discountAmount={"amount": "1"}), "TOO_MANY_ARGUMENTS", ["customerGets", "value"]),
        (gets(discountAmount={"amount": "1.001"}), "INVALID", ["customerGets", "value", "discountAmount", "amount"]),
        ({"customerGets": {"items": {}, "value": {"percentage": 0.1}}}, "MISSING_ARGUMENT", ["customerGets", "items"]),
    ],
)  # fmt: skip
async def test_terms_that_cannot_be(shop: Shop, wrong: Any, code: str, field: list[str]) -> None:
    assert await refusal(shop, BASIC, FULL | wrong) == (code, ["basicCodeDiscount", *field])


async def test_only_merchants_read_and_write(shop: Shop) -> None:
    for document, variables in ((BASIC, {"input": FULL}), (LIST, {}), (BY_CODE, {"code": "T"})):
        came = await shop.run(document, variables)
        assert came["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    node = await tenth(shop)
    assert (await shop.data("query($id: ID!) { node(id: $id) { id } }", {"id": node}))["node"] is None
    found = (await shop.data("query($id: ID!) { node(id: $id) { id } }", {"id": node}, "merchant"))["node"]
    assert found == {"id": node}


async def test_a_code_is_one_discounts_whatever_its_case(shop: Shop) -> None:
    node = await tenth(shop, "Welcome")
    assert await refusal(shop, BASIC, FULL | {"code": "WELCOME"}) == ("TAKEN", ["basicCodeDiscount", "code"])
    came = await asyncio.gather(
        *(shop.data(BASIC, {"input": FULL | {"code": "ONE"}}, "merchant") for _ in range(5)), return_exceptions=False
    )
    assert sum(each["came"]["codeDiscountNode"] is not None for each in came) == 1
    assert (await shop.data(BY_CODE, {"code": "wELCOME "}, "merchant"))["codeDiscountNodeByCode"] == {"id": node}
    assert (await shop.data(BY_CODE, {"code": "none"}, "merchant"))["codeDiscountNodeByCode"] is None


async def test_a_discount_says_what_was_written(shop: Shop) -> None:
    off = {"items": {"collections": {"add": [gid("Collection", "summer")]}}}
    node = await tenth(
        shop, "ALL", usageLimit=7, appliesOncePerCustomer=True, endsAt="2999-01-01T00:00:00Z", priority=2,
        combinesWith={"orderDiscounts": True}, context={"customers": {"add": [gid("Customer", "ada")]}},
        minimumRequirement={"subtotal": {"greaterThanOrEqualToSubtotal": "50"}},
        customerGets=off | {"value": {"discountAmount": {"amount": "5.00", "appliesOnEachItem": True}}},
    )  # fmt: skip
    told = (await shop.data(NODE, {"id": node}, "merchant"))["codeDiscountNode"]["codeDiscount"]
    assert told == {
        "title": "ALL", "status": "ACTIVE", "startsAt": "2026-01-01T00:00:00+00:00",
        "endsAt": "2999-01-01T00:00:00+00:00", "usageLimit": 7, "appliesOncePerCustomer": True, "asyncUsageCount": 0,
        "discountClass": "PRODUCT", "priority": 2, "codes": {"nodes": [{"code": "ALL"}]}, "codesCount": {"count": 1},
        "combinesWith": {"orderDiscounts": True, "productDiscounts": False, "shippingDiscounts": False},
        "context": {"customers": [{"id": gid("Customer", "ada")}]},
        "minimumRequirement": {"greaterThanOrEqualToSubtotal": {"amount": "50.00", "currencyCode": "EUR"}},
        "customerGets": {
            "items": {"collections": [{"handle": "summer"}]},
            "value": {"amount": {"amount": "5.00"}, "appliesOnEachItem": True},
        },
    }  # fmt: skip
    shirt = {"products": {"productsToAdd": [gid("Product", "shirt")]}}
    pieces = {"discountOnQuantity": {"quantity": "1", "effect": {"percentage": 0.5}}}
    bxgy = await written(
        shop, BXGY, title="B", code="B", usesPerOrderLimit="2",
        customerBuys={"items": shirt, "value": {"quantity": "3"}}, customerGets={"items": shirt, "value": pieces},
    )  # fmt: skip
    told = (await shop.data(NODE, {"id": bxgy["codeDiscountNode"]["id"]}, "merchant"))["codeDiscountNode"]
    assert told["codeDiscount"] == {
        "customerBuys": {"value": {"quantity": "3"}}, "usesPerOrderLimit": 2,
        "customerGets": {"value": {"quantity": "1", "effect": {"percentage": 0.5}}},
    }  # fmt: skip
    ship = await written(
        shop,
        SHIPPING,
        title="S",
        code="S",
        maximumShippingPrice="9.90",
        destination={"countries": {"add": ["DE", "AT"]}},
    )
    told = (await shop.data(NODE, {"id": ship["codeDiscountNode"]["id"]}, "merchant"))["codeDiscountNode"]
    assert told["codeDiscount"] == {
        "maximumShippingPrice": {"amount": "9.90"}, "destinationSelection": {"countries": ["AT", "DE"]},
    }  # fmt: skip


async def test_what_is_left_out_of_an_update_stays(shop: Shop) -> None:
    node = await tenth(shop, "OLD", usageLimit=7, combinesWith={"shippingDiscounts": True})
    some = {"products": {"productVariantsToAdd": [gid("ProductVariant", "mug-variant")]}}
    given = {"code": "NEW", "customerGets": {"items": some}}
    came = (await shop.data(UPDATE, {"id": node, "input": given}, "merchant"))["came"]
    assert came["userErrors"] == []
    told = (await shop.data(NODE, {"id": node}, "merchant"))["codeDiscountNode"]["codeDiscount"]
    assert (told["title"], told["usageLimit"], told["discountClass"]) == ("OLD", 7, "PRODUCT")
    assert told["codes"] == {"nodes": [{"code": "NEW"}]}
    assert told["combinesWith"]["shippingDiscounts"]
    assert told["customerGets"]["value"] == {"percentage": 0.1}
    wrong = gid("DiscountCodeNode", "none")
    assert await refusal(shop, UPDATE, given, id=wrong) == ("INVALID", ["id"])
    assert (await shop.data(UPDATE, {"id": node, "input": {"usageLimit": None}}, "merchant"))["came"][
        "userErrors"
    ] == []
    told = (await shop.data(NODE, {"id": node}, "merchant"))["codeDiscountNode"]["codeDiscount"]
    assert told["usageLimit"] is None


async def test_a_discount_ends_begins_again_and_goes(shop: Shop) -> None:
    node = await tenth(shop)
    cart = await deliverable(shop, line("mug-variant"))
    for turn, status, applicable in (("Deactivate", "EXPIRED", False), ("Activate", "ACTIVE", True)):
        came = (await shop.data(LIFE % turn, {"id": node}, "merchant"))["came"]
        assert came["codeDiscountNode"]["codeDiscount"] == {"status": status}
        given = (await with_codes(shop, cart, "TENTH"))["cart"]
        assert given["discountCodes"][0]["applicable"] is applicable
    found = (await shop.data(LIST, {"query": "status:active"}, "merchant"))["codeDiscountNodes"]["nodes"]
    assert [each["codeDiscount"]["title"] for each in found] == ["TENTH"]
    assert (await shop.data(LIST, {"query": "status:scheduled"}, "merchant"))["codeDiscountNodes"]["nodes"] == []
    assert (await shop.data(DELETE, {"id": node}, "merchant"))["came"]["deletedCodeDiscountId"] == node
    assert (await shop.data(DELETE, {"id": node}, "merchant"))["came"]["userErrors"][0]["code"] == "INVALID"
    came = await with_codes(shop, cart, "TENTH")
    assert [each["code"] for each in came["warnings"]] == ["DISCOUNT_NOT_FOUND"]


async def test_automatic_discounts_are_bounded_also_when_written_at_once(shop: Shop) -> None:
    terms = {"title": "A", "startsAt": "2026-01-01T00:00:00Z", **TENTH}
    work = (shop.data(AUTOMATIC, {"input": terms}, "merchant") for _ in range(AUTOMATIC_DISCOUNTS_MAX + 3))
    came = [each["came"] for each in await asyncio.gather(*work)]
    assert sum(each["automaticDiscountNode"] is not None for each in came) == AUTOMATIC_DISCOUNTS_MAX
    codes = {error["code"] for each in came for error in each["userErrors"]}
    assert codes == {"EXCEEDED_MAX"}
