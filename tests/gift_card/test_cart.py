"""Gift cards of carts: what each pays, what is left to pay, and that codes are not to be guessed."""

from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import update

from commerce_graph.gift_card import rules, service
from commerce_graph.gift_card.tables import card
from commerce_graph.kernel import limits
from tests.cart.storefront import CART, create, deliverable, line, pay, submit
from tests.gift_card.giving import ADD, APPLIED, REMOVE, UPDATE, applied, balance, key, made
from tests.gift_card.test_writing import DEACTIVATE
from tests.shop import Shop

US = f"""mutation($id: ID!) {{
  came: cartBuyerIdentityUpdate(cartId: $id, buyerIdentity: {{ countryCode: US }}) {{ {APPLIED} }}
}}"""


def used(cart: Any) -> list[tuple[str, str]]:
    return [(each["lastCharacters"], each["amountUsed"]["amount"]) for each in cart["appliedGiftCards"]]


async def errors(shop: Shop, cart: Any, *codes: str, document: str = UPDATE) -> list[tuple[str, list[str]]]:
    came = (await shop.data(document, {"id": cart["id"], "codes": list(codes)}))["came"]
    return [(each["code"], each["field"]) for each in came["userErrors"]]


async def test_cards_pay_in_the_order_in_which_they_were_applied(shop: Shop) -> None:
    one_id, one = await made(shop, "10.00")
    _, two = await made(shop, "50.00")
    cart = await deliverable(shop, line("mug-variant"))
    given = await applied(shop, cart, one)
    assert used(given) == [(one[-4:], "10.00")]
    assert given["cost"]["totalAmount"] == cart["cost"]["totalAmount"] == {"amount": "22.90", "currencyCode": "EUR"}
    assert given["cost"]["checkoutChargeAmount"] == {"amount": "12.90", "currencyCode": "EUR"}
    given = await applied(shop, cart, two.lower(), f" {one[:4]}-{one[4:]} ", document=ADD)
    assert used(given) == [(one[-4:], "10.00"), (two[-4:], "12.90")]
    assert given["appliedGiftCards"][1]["balance"] == {"amount": "50.00"}
    assert given["cost"]["checkoutChargeAmount"]["amount"] == "0.00"
    given = await applied(shop, cart, two, one)
    assert used(given) == [(two[-4:], "22.90"), (one[-4:], "0.00")]
    last = given["appliedGiftCards"][1]["id"]
    removed = (await shop.data(REMOVE, {"id": cart["id"], "cards": [last]}))["came"]
    assert used(removed["cart"]) == [(two[-4:], "22.90")]
    again = (await shop.data(REMOVE, {"id": cart["id"], "cards": [last]}))["came"]
    assert [(each["code"], each["field"]) for each in again["userErrors"]] == [("INVALID", ["appliedGiftCardIds", "0"])]
    assert await balance(shop.database, one_id) == 1000, "a cart takes nothing off a card"
    assert used(await applied(shop, cart)) == []


async def test_a_cart_is_created_with_cards(shop: Shop) -> None:
    _, code = await made(shop, "5.00")
    cart = await create(shop, line("mug-variant"), giftCardCodes=[code])
    assert [each["lastCharacters"] for each in cart["appliedGiftCards"]] == [code[-4:]]
    document = "mutation($input: CartInput) { cartCreate(input: $input) { cart { id } userErrors { code field } } }"
    came = (await shop.data(document, {"input": {"giftCardCodes": ["NOSUCHCARD"]}}))["cartCreate"]
    assert came == {"cart": None, "userErrors": [{"code": "INVALID", "field": ["input", "giftCardCodes", "0"]}]}


async def test_what_cannot_be_used_is_refused(shop: Shop) -> None:
    card_id, ended = await made(shop)
    await shop.data(DEACTIVATE, {"id": card_id}, "merchant")
    _, old = await made(shop, expiresOn="2020-01-31")
    _, good = await made(shop)
    cart = await deliverable(shop, line("mug-variant"))
    for code in (ended, old, "NOSUCHCARD"):
        assert await errors(shop, cart, good, code) == [("INVALID", ["giftCardCodes", "1"])]
    assert used((await shop.data(UPDATE, {"id": cart["id"], "codes": []}))["came"]["cart"]) == []
    assert (await errors(shop, cart, *["X"] * 26))[0][0] == "MAXIMUM_EXCEEDED"
    american = await create(shop, line("mug-variant"), buyerIdentity={"countryCode": "US"})
    assert await errors(shop, american, good) == [("INVALID", ["giftCardCodes", "0"])], "it is in another currency"


async def test_a_card_that_does_not_fit_any_more_pays_nothing(shop: Shop) -> None:
    _, code = await made(shop)
    cart = await deliverable(shop, line("mug-variant"))
    assert used(await applied(shop, cart, code)) == [(code[-4:], "10.00")]
    moved = (await shop.data(US, {"id": cart["id"]}))["came"]["cart"]
    assert used(moved) == []
    assert moved["cost"]["checkoutChargeAmount"] == moved["cost"]["totalAmount"]


async def test_the_amount_to_pay_is_what_cards_leave(shop: Shop) -> None:
    _, code = await made(shop)
    cart = await deliverable(shop, line("mug-variant"))
    await applied(shop, cart, code)
    assert await pay(shop, cart) == [], "in full, as it was before"
    result = await submit(shop, cart)
    assert [each["code"] for each in result["errors"]] == ["PAYMENTS_UNACCEPTABLE_PAYMENT_AMOUNT"]


async def test_guesses_are_counted_at_a_cart_and_in_the_shop(
    shop: Shop, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "GIFT_CARD_MISSES_MAX", 3)
    _, code = await made(shop)
    cart = await deliverable(shop, line("mug-variant"))
    for _ in range(5):
        assert used(await applied(shop, cart, code)) == [(code[-4:], "10.00")], "who knows a code misses nothing"
    for _ in range(3):
        assert await errors(shop, cart, "NOSUCHCARD") == [("INVALID", ["giftCardCodes", "0"])]
    refused = await shop.run(UPDATE, {"id": cart["id"], "codes": [code]})
    assert refused["errors"][0]["extensions"]["code"] == "THROTTLED"
    other = await deliverable(shop, line("mug-variant"))
    assert used(await applied(shop, other, code)) == [(code[-4:], "10.00")]
    monkeypatch.setattr(limits, "GIFT_CARD_SHOP_MISSES_MAX", 3)
    refused = await shop.run(UPDATE, {"id": other["id"], "codes": ["NOSUCHCARD"]})
    assert refused["errors"][0]["extensions"]["code"] == "THROTTLED", "another cart helps nobody to guess on"


async def test_without_redis_nobody_is_counted_and_cards_are_found(shop: Shop) -> None:
    card_id, code = await made(shop)
    gone = Redis(host="127.0.0.1", port=1)
    secret, codes = shop.resources.secret, [code, "NOSUCHCARD"]
    found, none = await service.find(shop.database, gone, secret, codes, None)
    assert (found and found.id, none) == (key(card_id), None)
    assert await service.find(shop.database, gone, b"another secret", [code], None) == [None]
    await gone.aclose()


async def test_statements_of_a_cart_do_not_grow_with_its_cards(shop: Shop) -> None:
    cart = await deliverable(shop, line("mug-variant"))
    none = len(await shop.statements(CART, {"id": cart["id"]}))
    codes = [(await made(shop, "1.00"))[1] for _ in range(8)]
    for number in (1, 8):
        await applied(shop, cart, *codes[:number])
        assert len(await shop.statements(CART, {"id": cart["id"]})) == none + 1


async def test_a_card_that_was_used_up_meanwhile_is_not_counted_on(shop: Shop) -> None:
    _, code = await made(shop, "50.00")
    cart = await applied(shop, await deliverable(shop, line("mug-variant")), code)
    async with shop.database.begin() as tx:
        await tx.execute(update(card).values(balance_minor=0))
    result = await submit(shop, cart)
    assert [each["code"] for each in result["errors"]] == ["PAYMENTS_METHOD_REQUIRED"]


def test_codes_are_compared_without_case_spaces_and_dashes() -> None:
    assert rules.folded(" abcd-efgh\tIJKL ") == "ABCDEFGHIJKL"
