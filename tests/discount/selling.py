"""Discounts of the test shop: written as merchants do, given as shoppers do."""

from typing import Any

from tests.cart.storefront import pay
from tests.shop import Shop

WRITTEN = """{
  codeDiscountNode { id codeDiscount { ... on DiscountCodeBasic { title status } } } userErrors { code field message }
}"""
BASIC = f"""mutation($input: DiscountCodeBasicInput!) {{
  came: discountCodeBasicCreate(basicCodeDiscount: $input) {WRITTEN}
}}"""
BXGY = f"""mutation($input: DiscountCodeBxgyInput!) {{
  came: discountCodeBxgyCreate(bxgyCodeDiscount: $input) {WRITTEN}
}}"""
SHIPPING = f"""mutation($input: DiscountCodeFreeShippingInput!) {{
  came: discountCodeFreeShippingCreate(freeShippingCodeDiscount: $input) {WRITTEN}
}}"""
AUTOMATIC = """mutation($input: DiscountAutomaticBasicInput!) {
  came: discountAutomaticBasicCreate(automaticBasicDiscount: $input) {
    automaticDiscountNode { id } userErrors { code field message }
  }
}"""
ALL: dict[str, Any] = {"items": {"all": True}}
TENTH = {"customerGets": ALL | {"value": {"percentage": 0.1}}}
CODES = """mutation($id: ID!, $codes: [String!]!) {
  cartDiscountCodesUpdate(cartId: $id, discountCodes: $codes) {
    cart { id ...Priced } userErrors { code field } warnings { code message }
  }
}
fragment Priced on Cart {
  discountCodes { code applicable }
  cost { subtotalAmount { amount currencyCode } totalAmount { amount currencyCode } totalTaxAmount { amount } }
  discountAllocations { ...Allocation }
  lines(first: 50) {
    nodes { cost { subtotalAmount { amount } totalAmount { amount } } discountAllocations { ...Allocation } }
  }
  priceBreakdown {
    grossAmount { amount } discountAmount { amount } shippingAmount { amount } totalAmount { amount }
    rules { title code applied reason message amount { amount } targetType }
  }
}
fragment Allocation on CartDiscountAllocation {
  __typename
  discountedAmount { amount }
  targetType
  discountApplication {
    allocationMethod targetSelection value { ... on MoneyV2 { amount } ... on PricingPercentageValue { percentage } }
  }
  ... on CartCodeDiscountAllocation { code }
  ... on CartAutomaticDiscountAllocation { title }
}"""


async def written(shop: Shop, document: str, **given: Any) -> Any:
    """Write a discount that must be accepted; returns the payload."""
    terms = {"startsAt": "2026-01-01T00:00:00Z", **given}
    came = (await shop.data(document, {"input": terms}, "merchant"))["came"]
    assert came["userErrors"] == [], came
    return came


async def tenth(shop: Shop, code: str = "TENTH", **given: Any) -> Any:
    """Write a code that takes a tenth off the order; returns the id of its node."""
    terms = {"title": code, "code": code, **TENTH, **given}
    return (await written(shop, BASIC, **terms))["codeDiscountNode"]["id"]


async def with_codes(shop: Shop, cart: Any, *codes: str) -> Any:
    """Give a cart discount codes; returns the payload."""
    came = (await shop.data(CODES, {"id": cart["id"], "codes": list(codes)}))["cartDiscountCodesUpdate"]
    assert came["userErrors"] == [], came
    return came


async def payable(shop: Shop, cart: Any, *codes: str) -> Any:
    """Give a cart discount codes and say that it is paid in full."""
    given = (await with_codes(shop, cart, *codes))["cart"]
    assert await pay(shop, given) == []
    return given
