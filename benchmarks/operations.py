"""What is measured: the documents as storefronts send them, and a whole purchase."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Send = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Sends one document with its variables and returns the answer's data; the answer must have no errors."""

LIST = """
query List {
  products(first: 24) {
    nodes {
      id
      title
      handle
      description
      featuredImage { url altText width height }
      priceRange {
        minVariantPrice { amount currencyCode }
        maxVariantPrice { amount currencyCode }
      }
      collections(first: 5) { nodes { title } }
      variants(first: 3) {
        nodes { id title sku price { amount currencyCode } availableForSale }
      }
    }
  }
}
"""

DETAIL = """
query Product($country: CountryCode, $language: LanguageCode, $handle: String!,
    $selectedOptions: [SelectedOptionInput!]!) @inContext(country: $country, language: $language) {
  product(handle: $handle) { ...Product }
}
fragment Product on Product {
  id
  title
  vendor
  handle
  descriptionHtml
  description
  encodedVariantExistence
  encodedVariantAvailability
  options {
    name
    optionValues {
      name
      firstSelectableVariant { ...ProductVariant }
      swatch { color image { previewImage { url } } }
    }
  }
  selectedOrFirstAvailableVariant(
    selectedOptions: $selectedOptions, ignoreUnknownOptions: true, caseInsensitiveMatch: true
  ) { ...ProductVariant }
  adjacentVariants(selectedOptions: $selectedOptions) { ...ProductVariant }
  seo { description title }
}
fragment ProductVariant on ProductVariant {
  availableForSale
  compareAtPrice { amount currencyCode }
  id
  image { __typename id url altText width height }
  price { amount currencyCode }
  product { title handle }
  selectedOptions { name value }
  sku
  title
  unitPrice { amount currencyCode }
}
"""

CART_FIELDS = """
fragment CartFields on Cart {
  id
  checkoutUrl
  totalQuantity
  buyerIdentity { countryCode email }
  cost {
    subtotalAmount { amount currencyCode }
    totalAmount { amount currencyCode }
  }
  lines(first: 100) {
    nodes {
      id
      quantity
      cost { totalAmount { amount currencyCode } amountPerQuantity { amount currencyCode } }
      merchandise {
        ... on ProductVariant {
          id
          title
          availableForSale
          image { url altText width height }
          product { id title handle vendor }
          selectedOptions { name value }
        }
      }
    }
  }
  deliveryGroups(first: 1) {
    nodes { id deliveryOptions { handle title estimatedCost { amount currencyCode } } }
  }
}
"""

CART_CREATE = f"""
mutation CartCreate($input: CartInput!) {{
  cartCreate(input: $input) {{ cart {{ ...CartFields }} userErrors {{ code field message }} }}
}}
{CART_FIELDS}"""

CART_DELIVERY = f"""
mutation Delivery($cartId: ID!, $options: [CartSelectedDeliveryOptionInput!]!) {{
  cartSelectedDeliveryOptionsUpdate(cartId: $cartId, selectedDeliveryOptions: $options) {{
    cart {{ ...CartFields }}
    userErrors {{ code field message }}
  }}
}}
{CART_FIELDS}"""

CART_PAYMENT = """
mutation Payment($cartId: ID!, $payment: CartPaymentInput!) {
  cartPaymentUpdate(cartId: $cartId, payment: $payment) { cart { id } userErrors { code field message } }
}
"""

CART_PREPARE = """
mutation Prepare($cartId: ID!) {
  cartPrepareForCompletion(cartId: $cartId) {
    result { __typename ... on CartStatusNotReady { errors { code message } } }
    userErrors { code field message }
  }
}
"""

CART_SUBMIT = """
mutation Submit($cartId: ID!, $attemptToken: String!) {
  cartSubmitForCompletion(cartId: $cartId, attemptToken: $attemptToken) {
    result { __typename ... on SubmitSuccess { attemptId } ... on SubmitFailed { errors { code message } } }
    userErrors { code field message }
  }
}
"""

CART_ATTEMPT = """
query Attempt($attemptId: String!) {
  cartCompletionAttempt(attemptId: $attemptId) {
    __typename
    ... on CartCompletionSuccess { orderId completedAt }
    ... on CartCompletionProcessing { pollDelay }
    ... on CartCompletionFailed { errors { code message } }
  }
}
"""


class Wrong(Exception):
    """An answer was not what the operation needs."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Things of the shop that operations are about; each request takes the next one."""

    products: list[dict[str, Any]]
    """Variables of DETAIL."""
    variants: list[str]
    """Global ids of variants that are sent by post and do not run out."""


def listing(samples: Samples, number: int) -> tuple[str, dict[str, Any]]:
    """Return a page of the catalogue."""
    return LIST, {}


def detail(samples: Samples, number: int) -> tuple[str, dict[str, Any]]:
    """Return a product page."""
    return DETAIL, samples.products[number % len(samples.products)]


def cart(samples: Samples, number: int) -> tuple[str, dict[str, Any]]:
    """Return the creation of a cart with one line."""
    line = {"merchandiseId": samples.variants[number % len(samples.variants)], "quantity": 1}
    return CART_CREATE, {"input": {"lines": [line]}}


ADDRESS = {
    "firstName": "Ada", "lastName": "Byron", "address1": "Hauptstraße 1", "city": "Berlin", "zip": "10115",
    "countryCode": "DE",
}  # fmt: skip


def to_deliver(variant: str, email: str) -> dict[str, Any]:
    """Return the input of a cart with one of a variant and everything but its payment."""
    return {
        "lines": [{"merchandiseId": variant, "quantity": 1}],
        "buyerIdentity": {"email": email, "countryCode": "DE"},
        "delivery": {"addresses": [{"selected": True, "address": {"deliveryAddress": ADDRESS}}]},
    }


async def pay(send: Send, cart: Mapping[str, Any]) -> None:
    """Say how a cart is paid. Raises: Wrong where that is refused."""
    billing = {("country" if name == "countryCode" else name): value for name, value in ADDRESS.items()}
    payment = {
        "amount": cart["cost"]["totalAmount"],
        "directPaymentMethod": {"sessionId": "test_ok", "billingAddress": billing},
    }
    carried_out(await send(CART_PAYMENT, {"cartId": cart["id"], "payment": payment}))


async def checkout(send: Send, samples: Samples, number: int) -> None:
    """Buy one thing: from an empty cart to the order.

    Raises: Wrong where a step is refused.
    """
    bought = to_deliver(samples.variants[number % len(samples.variants)], f"buyer{number}@example.com")
    made = carried_out(await send(CART_CREATE, {"input": bought}))
    cart_id = made["cart"]["id"]
    group = made["cart"]["deliveryGroups"]["nodes"][0]
    option = {"deliveryGroupId": group["id"], "deliveryOptionHandle": group["deliveryOptions"][0]["handle"]}
    chosen = carried_out(await send(CART_DELIVERY, {"cartId": cart_id, "options": [option]}))
    await pay(send, chosen["cart"])
    prepared = carried_out(await send(CART_PREPARE, {"cartId": cart_id}))["result"]
    if prepared["__typename"] != "CartStatusReady":
        raise Wrong(f"the cart cannot be bought: {prepared}")
    token = {"cartId": cart_id, "attemptToken": f"attempt-{number}"}
    submitted = carried_out(await send(CART_SUBMIT, token))["result"]
    if submitted["__typename"] != "SubmitSuccess":
        raise Wrong(f"the cart was not accepted: {submitted}")
    while True:
        came = (await send(CART_ATTEMPT, {"attemptId": submitted["attemptId"]}))["cartCompletionAttempt"]
        if came["__typename"] == "CartCompletionSuccess":
            return
        if came["__typename"] != "CartCompletionProcessing":
            raise Wrong(f"the purchase failed: {came}")
        await asyncio.sleep(came["pollDelay"] / 1_000)


def carried_out(data: Mapping[str, Any]) -> Any:
    """Return the payload of an answer with one mutation. Raises: Wrong where it was refused."""
    (payload,) = data.values()
    if payload["userErrors"]:
        raise Wrong(f"refused: {payload['userErrors']}")
    return payload


SINGLE: Mapping[str, Callable[[Samples, int], tuple[str, dict[str, Any]]]] = {
    "list": listing, "detail": detail, "cart": cart,
}  # fmt: skip
"""Operations of one request, by name."""
OPERATIONS = (*SINGLE, "checkout")


async def perform(operation: str, send: Send, samples: Samples, number: int) -> None:
    """Carry out an operation for the `number`th time. Raises: Wrong."""
    if operation == "checkout":
        await checkout(send, samples, number)
        return
    data = await send(*SINGLE[operation](samples, number))
    if operation == "cart":
        carried_out(data)
