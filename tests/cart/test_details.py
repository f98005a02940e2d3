"""A cart's secret id, buyer, note, attributes, codes and payment: refusals first."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from commerce_graph.cart.tables import cart as cart_table
from commerce_graph.kernel.ids import parse_gid, to_gid
from commerce_graph.kernel.limits import TEXT_CHARS_MAX
from tests.cart.storefront import ADD, BILLING, CART, CREATE, PAY, create, line, pay
from tests.shop import PASSWORD, Shop, uid

NOTE = """mutation($id: ID!, $note: String!) {
  cartNoteUpdate(cartId: $id, note: $note) { cart { note } userErrors { code field } }
}"""
ATTRIBUTES = """mutation($id: ID!, $attributes: [AttributeInput!]!) {
  cartAttributesUpdate(cartId: $id, attributes: $attributes) {
    cart { attributes { key value } attribute(key: "b") { value } } userErrors { code field }
  }
}"""
CODES = """mutation($id: ID!, $codes: [String!]!) {
  cartDiscountCodesUpdate(cartId: $id, discountCodes: $codes) {
    cart { discountCodes { code applicable } discountAllocations { discountedAmount { amount } } }
    userErrors { code field } warnings { code target }
  }
}"""
BUYER = """mutation($id: ID!, $buyer: CartBuyerIdentityInput!) {
  cartBuyerIdentityUpdate(cartId: $id, buyerIdentity: $buyer) {
    cart {
      buyerIdentity { countryCode email phone customer { id } preferences { wallet } }
      delivery { addresses { id selected address { ... on CartDeliveryAddress { city countryCode } } } }
      cost { totalAmount { amount currencyCode } }
    }
    userErrors { code field message }
  }
}"""
SIGN_IN = """mutation($input: CustomerAccessTokenCreateInput!) {
  customerAccessTokenCreate(input: $input) { customerAccessToken { accessToken } }
}"""


def key_of(cart: Any) -> UUID:
    return parse_gid(cart["id"])[1]


async def refusal(shop: Shop, document: str, variables: Any) -> tuple[str, list[str]]:
    (came,) = (await shop.data(document, variables)).values()
    (error,) = came["userErrors"]
    return error["code"], error["field"]


async def test_a_cart_is_nobodys_who_does_not_know_its_id(shop: Shop) -> None:
    cart = await create(shop, line("mug-variant"))
    plain = to_gid("Cart", key_of(cart))
    assert cart["id"].startswith(plain + "?key=")
    for wrong in (plain, plain + "?key=0", to_gid("Cart", uid("none"), shop.resources.secret)):
        assert (await shop.data(CART, {"id": wrong}))["cart"] is None
        assert await refusal(shop, NOTE, {"id": wrong, "note": "x"}) == ("INVALID", ["cartId"])
    assert (await shop.run(CART, {"id": to_gid("Product", uid("mug"))}))["errors"][0]["extensions"][
        "code"
    ] == "INVALID_ID"
    assert (await shop.run(CART, {"id": cart["id"]}, token=None))["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


@pytest.mark.parametrize(("state", "order"), [("SUBMITTED", None), ("COMPLETED", uid("order"))])
async def test_a_cart_that_is_being_bought_or_was_is_not_changed(shop: Shop, state: str, order: Any) -> None:
    cart = await create(shop, line("mug-variant"))
    async with shop.database.begin() as tx:
        await tx.execute(update(cart_table).values(state=state, order_id=order))
    assert await refusal(shop, ADD, {"cartId": cart["id"], "lines": [line("mug-variant")]}) == ("INVALID", ["cartId"])
    assert (await shop.data(CART, {"id": cart["id"]}))["cart"]["totalQuantity"] == 1


async def test_note(shop: Shop) -> None:
    cart = await create(shop, note="Ring twice")
    assert cart["note"] == "Ring twice"
    for note, code in (("x" * (TEXT_CHARS_MAX + 1), "NOTE_TOO_LONG"), ("\x00", "INVALID")):
        assert await refusal(shop, NOTE, {"id": cart["id"], "note": note}) == (code, ["note"])
        assert await refusal(shop, CREATE, {"input": {"note": note}}) == (code, ["input", "note"])
    came = await shop.data(NOTE, {"id": cart["id"], "note": "x" * TEXT_CHARS_MAX})
    assert came["cartNoteUpdate"]["cart"]["note"] == "x" * TEXT_CHARS_MAX


async def test_attributes(shop: Shop) -> None:
    cart = await create(shop, attributes=[{"key": "z", "value": "1"}])
    many = [{"key": f"k{n}", "value": "v"} for n in range(251)]
    assert await refusal(shop, ATTRIBUTES, {"id": cart["id"], "attributes": many}) == (
        "MAXIMUM_EXCEEDED",
        ["attributes"],
    )
    given = [{"key": "b", "value": "1"}, {"key": "a", "value": "2"}, {"key": "b", "value": "3"}]
    came = (await shop.data(ATTRIBUTES, {"id": cart["id"], "attributes": given}))["cartAttributesUpdate"]["cart"]
    assert came == {
        "attributes": [{"key": "b", "value": "3"}, {"key": "a", "value": "2"}],
        "attribute": {"value": "3"},
    }


async def test_codes_that_there_are_not_are_kept_and_do_not_apply(shop: Shop) -> None:
    assert await refusal(shop, CREATE, {"input": {"giftCardCodes": ["GIFT"]}}) == (
        "INVALID",
        ["input", "giftCardCodes", "0"],
    )
    cart = await create(shop, discountCodes=["SUMMER"])
    assert cart["discountCodes"] == [{"code": "SUMMER", "applicable": False}]
    assert await refusal(shop, CODES, {"id": cart["id"], "codes": ["x"] * 26}) == (
        "MAXIMUM_EXCEEDED",
        ["discountCodes"],
    )
    came = (await shop.data(CODES, {"id": cart["id"], "codes": ["a", "A", " ", "b"]}))["cartDiscountCodesUpdate"]
    assert [each["code"] for each in came["cart"]["discountCodes"]] == ["A", "b"]
    assert came["warnings"] == [{"code": "DISCOUNT_NOT_FOUND", "target": cart["id"]}] * 2
    assert (await shop.data(CREATE, {"input": {"discountCodes": []}}))["cartCreate"]["warnings"] == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "ada"}, "email"),
        ({"email": "a@b"}, "email"),
        ({"email": "a b@c.de"}, "email"),
        ({"email": "a@c.de" + "e" * 250}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"customerAccessToken": "no"}, "customerAccessToken"),
    ],
)
async def test_a_buyer_that_cannot_be_is_refused(shop: Shop, given: Any, field: str) -> None:
    cart = await create(shop)
    assert await refusal(shop, BUYER, {"id": cart["id"], "buyer": given}) == ("INVALID", ["buyerIdentity", field])
    at = ["input", "buyerIdentity", field]
    assert await refusal(shop, CREATE, {"input": {"buyerIdentity": given}}) == ("INVALID", at)


async def test_prices_follow_the_buyers_country(shop: Shop) -> None:
    cart = await create(shop, line("mug-variant"))
    assert cart["buyerIdentity"]["countryCode"] == "DE", "from @inContext"
    assert cart["cost"]["totalTaxAmount"] == {"amount": "2.87", "currencyCode": "EUR"}

    async def to(**buyer: Any) -> Any:
        return (await shop.data(BUYER, {"id": cart["id"], "buyer": buyer}))["cartBuyerIdentityUpdate"]["cart"]

    assert (await to(countryCode="JP"))["cost"]["totalAmount"] == {"amount": "2900", "currencyCode": "JPY"}
    came = await to(email="ada@example.com", phone="+49 30 123456")
    assert came["buyerIdentity"] == {
        "countryCode": "JP", "email": "ada@example.com", "phone": "+49 30 123456", "customer": None,
        "preferences": None,
    }  # fmt: skip
    came = await to(email=None, countryCode="ZZ")
    assert (came["buyerIdentity"]["email"], came["buyerIdentity"]["countryCode"]) == (None, None)
    assert came["cost"]["totalAmount"] == {"amount": "18.00", "currencyCode": "EUR"}, "the primary market"


async def test_a_customer_brings_contact_and_address_along(shop: Shop) -> None:
    came = await shop.data(SIGN_IN, {"input": {"email": "ada@example.com", "password": PASSWORD}})
    token = came["customerAccessTokenCreate"]["customerAccessToken"]["accessToken"]
    cart = await create(shop, line("mug-variant"))
    bound = await shop.data(BUYER, {"id": cart["id"], "buyer": {"customerAccessToken": token}})
    seen = bound["cartBuyerIdentityUpdate"]["cart"]
    assert seen["buyerIdentity"]["email"] == "ada@example.com"
    assert seen["buyerIdentity"]["customer"] == {"id": to_gid("Customer", uid("ada"))}, (
        "who shows a token sees its customer"
    )
    assert [each["address"]["city"] for each in seen["delivery"]["addresses"]] == ["Berlin"]
    assert seen["delivery"]["addresses"][0]["selected"] is True
    async with shop.database.read() as conn:
        row = (await conn.execute(cart_table.select())).one()
    assert row.customer_id == uid("ada")
    freed = await shop.data(BUYER, {"id": cart["id"], "buyer": {"customerAccessToken": None}})
    assert freed["cartBuyerIdentityUpdate"]["cart"]["buyerIdentity"]["email"] == "ada@example.com"
    async with shop.database.read() as conn:
        assert (await conn.execute(cart_table.select())).one().customer_id is None


async def test_who_is_signed_in_buys(shop: Shop) -> None:
    came = await shop.data(CREATE, {"input": {}}, customer="ada")
    cart = came["cartCreate"]["cart"]
    assert cart["buyerIdentity"]["customer"]["email"] == "ada@example.com"
    assert cart["buyerIdentity"]["email"] == "ada@example.com"
    seen = (await shop.data(CART, {"id": cart["id"]}))["cart"]
    assert seen["buyerIdentity"]["customer"] is None, "a cart's id does not open its customer's account"


async def test_payment_is_checked(shop: Shop) -> None:
    empty = await create(shop)
    cart = await create(shop, line("mug-variant"))
    free = {"billingAddress": BILLING}
    direct = {"sessionId": "test_ok", "billingAddress": BILLING}
    euro = {"amount": "18.00", "currencyCode": "EUR"}
    for at, payment, code, field in (
        (empty, {"amount": euro, "directPaymentMethod": direct}, "INVALID_PAYMENT_EMPTY_CART", ["payment"]),
        (cart, {"amount": euro}, "INVALID_PAYMENT", ["payment"]),
        (cart, {"amount": euro, "directPaymentMethod": direct, "freePaymentMethod": free}, "INVALID_PAYMENT",
         ["payment"]),
        (cart, {"amount": euro, "directPaymentMethod": {**direct, "sessionId": ""}}, "INVALID_PAYMENT",
         ["payment", "directPaymentMethod", "sessionId"]),
        (cart, {"amount": euro, "directPaymentMethod": {**direct, "sessionId": "x" * 256}}, "INVALID_PAYMENT",
         ["payment", "directPaymentMethod", "sessionId"]),
        (cart, {"amount": {"amount": "18.001", "currencyCode": "EUR"}, "directPaymentMethod": direct}, "INVALID",
         ["payment", "amount", "amount"]),
        (cart, {"amount": {"amount": "-1", "currencyCode": "EUR"}, "directPaymentMethod": direct}, "INVALID_PAYMENT",
         ["payment", "amount", "amount"]),
        (cart, {"amount": {"amount": "18", "currencyCode": "USD"}, "directPaymentMethod": direct}, "INVALID_PAYMENT",
         ["payment", "amount", "currencyCode"]),
        (cart, {"amount": euro, "freePaymentMethod": {"billingAddress": {"country": "Atlantis"}}}, "INVALID",
         ["payment", "freePaymentMethod", "billingAddress", "country"]),
    ):  # fmt: skip
        assert await refusal(shop, PAY, {"cartId": at["id"], "payment": payment}) == (code, field)
    assert await pay(shop, cart) == []


async def test_checkout_url_answers(shop: Shop) -> None:
    cart = await create(shop, line("mug-variant"))
    assert cart["checkoutUrl"].startswith("http://shop.test/graphql?query=query+Checkout")
    assert len(cart["checkoutUrl"]) < 2_000
