"""A storefront's cart: the documents that Hydrogen sends, and short ways to a cart that is ready to buy."""

from typing import Any

from tests.shop import Shop, gid

FRAGMENT = """
fragment CartFragment on Cart {
  id
  updatedAt
  checkoutUrl
  totalQuantity
  appliedGiftCards { id lastCharacters amountUsed { ...MoneyFragment } }
  buyerIdentity { countryCode customer { id email firstName lastName displayName } email phone }
  lines(first: 250) {
    nodes { ...LineFragment }
    nodes { ...ComponentFragment }
  }
  cost {
    subtotalAmount { ...MoneyFragment }
    totalAmount { ...MoneyFragment }
    checkoutChargeAmount { ...MoneyFragment }
    totalDutyAmount { ...MoneyFragment }
    totalTaxAmount { ...MoneyFragment }
  }
  note
  attributes { key value }
  discountCodes { code applicable }
}
fragment LineFragment on CartLine {
  id
  quantity
  attributes { key value }
  cost {
    totalAmount { ...MoneyFragment }
    amountPerQuantity { ...MoneyFragment }
    compareAtAmountPerQuantity { ...MoneyFragment }
  }
  merchandise {
    ... on ProductVariant {
      id
      availableForSale
      compareAtPrice { ...MoneyFragment }
      price { ...MoneyFragment }
      requiresShipping
      title
      image { ...ImageFragment }
      product { handle title id vendor }
      selectedOptions { name value }
    }
  }
  parentRelationship { parent { id } }
}
fragment ComponentFragment on ComponentizableCartLine { id lineComponents { ...LineFragment } }
fragment MoneyFragment on MoneyV2 { currencyCode amount }
fragment ImageFragment on Image { id url altText width height }
"""
OUTCOME = "cart { ...CartFragment } userErrors { code field message } warnings { code message target }"
CREATE = f"""mutation Create(
  $input: CartInput, $country: CountryCode = DE, $language: LanguageCode, $visitorConsent: VisitorConsent
) @inContext(country: $country, language: $language, visitorConsent: $visitorConsent) {{
  cartCreate(input: $input) {{ {OUTCOME} }}
}} {FRAGMENT}"""
ADD = f"""mutation Add($cartId: ID!, $lines: [CartLineInput!]!) @inContext(country: DE) {{
  cartLinesAdd(cartId: $cartId, lines: $lines) {{ {OUTCOME} }}
}} {FRAGMENT}"""
UPDATE = f"""mutation Update($cartId: ID!, $lines: [CartLineUpdateInput!]!) {{
  cartLinesUpdate(cartId: $cartId, lines: $lines) {{ {OUTCOME} }}
}} {FRAGMENT}"""
REMOVE = f"""mutation Remove($cartId: ID!, $lineIds: [ID!]!) {{
  cartLinesRemove(cartId: $cartId, lineIds: $lineIds) {{ {OUTCOME} }}
}} {FRAGMENT}"""
CART = f"query Cart($id: ID!) @inContext(country: DE) {{ cart(id: $id) {{ ...CartFragment }} }} {FRAGMENT}"
PAY = """mutation Pay($cartId: ID!, $payment: CartPaymentInput!) {
  cartPaymentUpdate(cartId: $cartId, payment: $payment) { userErrors { code field message } }
}"""
PREPARE = """mutation Prepare($cartId: ID!) {
  cartPrepareForCompletion(cartId: $cartId) {
    result {
      __typename
      ... on CartStatusReady { cart { id } }
      ... on CartStatusNotReady { cart { id } errors { code message } }
      ... on CartThrottled { pollAfter }
    }
    userErrors { code field message }
  }
}"""
SUBMIT = """mutation Submit($cartId: ID!, $token: String!) {
  cartSubmitForCompletion(cartId: $cartId, attemptToken: $token) {
    result {
      __typename
      ... on SubmitSuccess { attemptId redirectUrl }
      ... on SubmitFailed { checkoutUrl errors { code message } }
      ... on SubmitAlreadyAccepted { attemptId }
      ... on SubmitThrottled { pollAfter }
    }
    userErrors { code field message }
  }
}"""
ATTEMPT = """query Attempt($id: String!) {
  cartCompletionAttempt(attemptId: $id) {
    __typename
    ... on CartCompletionSuccess { id completedAt orderId orderUrl }
    ... on CartCompletionFailed { id errors { code message } }
    ... on CartCompletionActionRequired { id action { ... on CompletePaymentChallenge { redirectUrl } } }
    ... on CartCompletionProcessing { id pollDelay }
  }
}"""
BERLIN = {
    "firstName": "Ada", "lastName": "Byron", "address1": "Hauptstr. 1", "city": "Berlin", "countryCode": "DE",
    "zip": "10115",
}  # fmt: skip
BILLING = {"lastName": "Byron", "address1": "Hauptstr. 1", "city": "Berlin", "country": "DE", "zip": "10115"}


def line(name: str, quantity: int = 1, **attributes: str) -> dict[str, Any]:
    """Return a CartLineInput for a variant of the test shop, such as `mug-variant`."""
    pairs = [{"key": key, "value": value} for key, value in attributes.items()]
    return {"merchandiseId": gid("ProductVariant", name), "quantity": quantity, "attributes": pairs}


async def create(shop: Shop, *lines: dict[str, Any], **more: Any) -> Any:
    """Create a cart that must be accepted, and return the payload's cart."""
    came = (await shop.data(CREATE, {"input": {"lines": list(lines), **more}}))["cartCreate"]
    assert came["userErrors"] == [], came
    return came["cart"]


async def deliverable(shop: Shop, *lines: dict[str, Any], **more: Any) -> Any:
    """Create a cart with contact and address in Berlin."""
    delivery = {"addresses": [{"selected": True, "address": {"deliveryAddress": BERLIN}}]}
    buyer = {"countryCode": "DE", "email": "ada@example.com"}
    return await create(shop, *lines, delivery=delivery, buyerIdentity=buyer, **more)


async def pay(shop: Shop, cart: Any, session: str = "test_ok", amount: Any = None) -> Any:
    """Say that what is left to pay of a cart is paid through a session of the test provider; returns the userErrors."""
    total = amount or cart["cost"].get("checkoutChargeAmount") or cart["cost"]["totalAmount"]
    payment = {"amount": total, "directPaymentMethod": {"sessionId": session, "billingAddress": BILLING}}
    return (await shop.data(PAY, {"cartId": cart["id"], "payment": payment}))["cartPaymentUpdate"]["userErrors"]


async def ready(shop: Shop, *lines: dict[str, Any], session: str = "test_ok", **more: Any) -> Any:
    """Create a cart that can be submitted."""
    cart = await deliverable(shop, *lines, **more)
    assert await pay(shop, cart, session) == []
    return cart


async def submit(shop: Shop, cart: Any, token: str = "first") -> Any:
    """Submit a cart and return the result; what it began runs on in the background."""
    came = (await shop.data(SUBMIT, {"cartId": cart["id"], "token": token}))["cartSubmitForCompletion"]
    assert came["userErrors"] == [], came
    return came["result"]


async def attempt(shop: Shop, attempt_id: str) -> Any:
    """Return what became of a submitted cart."""
    return (await shop.data(ATTEMPT, {"id": attempt_id}))["cartCompletionAttempt"]
