"""Submitting a cart: refusals first, each leaving everything as it was; then a purchase, counted."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update

from commerce_graph.cart.tables import cart as cart_table
from commerce_graph.catalog.tables import publication
from commerce_graph.checkout.service import Purchases
from commerce_graph.checkout.tables import attempt as attempt_table
from commerce_graph.inventory.tables import level, reservation
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.database import count_statements
from commerce_graph.kernel.ids import parse_gid, to_gid
from commerce_graph.kernel.limits import CHECKOUT_TOKEN_CHARS_MAX
from commerce_graph.order.tables import order as order_table
from commerce_graph.payment.tables import balance, test_charge
from commerce_graph.pricing.tables import price
from tests.cart.storefront import (
    PREPARE,
    SUBMIT,
    attempt,
    create,
    deliverable,
    line,
    pay,
    ready,
    submit,
)
from tests.shop import Shop, uid


async def codes(shop: Shop, cart: Any) -> list[str]:
    """Return why a cart cannot be bought; preparing and submitting say the same."""
    came = (await shop.data(PREPARE, {"cartId": cart["id"]}))["cartPrepareForCompletion"]["result"]
    assert came["__typename"] == "CartStatusNotReady"
    assert came["cart"]["id"] == cart["id"]
    result = await submit(shop, cart)
    assert result["__typename"] == "SubmitFailed"
    assert result["checkoutUrl"].startswith("http://shop.test/graphql?")
    assert [each["code"] for each in result["errors"]] == [each["code"] for each in came["errors"]]
    async with shop.database.read() as conn:
        for table in (attempt_table, balance, reservation, order_table):
            assert (await conn.execute(select(func.count()).select_from(table))).scalar() == 0
        assert (await conn.execute(select(func.sum(level.c.committed)))).scalar() == 0
        assert set((await conn.execute(select(cart_table.c.state))).scalars()) == {"OPEN"}
    return [each["code"] for each in result["errors"]]


async def bought(shop: Shop, cart: Any, token: str = "first") -> Any:
    """Submit a cart, wait for its purchase and return what became of it."""
    result = await submit(shop, cart, token)
    assert result["__typename"] == "SubmitSuccess", result
    await Purchases.of(shop.resources).settle()
    return await attempt(shop, result["attemptId"])


async def test_an_empty_cart_of_nobody_is_not_bought(shop: Shop) -> None:
    assert await codes(shop, await create(shop)) == ["ERROR", "BUYER_IDENTITY_EMAIL_REQUIRED"]


async def test_contact_address_and_payment_are_needed(shop: Shop) -> None:
    cart = await create(shop, line("mug-variant"))
    assert await codes(shop, cart) == [
        "BUYER_IDENTITY_EMAIL_REQUIRED", "DELIVERY_ADDRESS_REQUIRED", "PAYMENTS_METHOD_REQUIRED",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ({"lastName": "B", "city": "Berlin", "countryCode": "DE"}, "DELIVERY_ADDRESS1_REQUIRED"),
        ({"lastName": "B", "address1": "A 1", "countryCode": "DE"}, "DELIVERY_CITY_REQUIRED"),
        ({"lastName": "B", "address1": "A 1", "city": "Berlin"}, "DELIVERY_COUNTRY_REQUIRED"),
        ({"address1": "A 1", "city": "Berlin", "countryCode": "DE"}, "DELIVERY_LAST_NAME_REQUIRED"),
        ({"lastName": "B", "address1": "A 1", "city": "Oslo", "countryCode": "NO"}, "DELIVERY_NO_DELIVERY_AVAILABLE"),
    ],
)
async def test_an_address_must_say_where_to(shop: Shop, address: Any, code: str) -> None:
    delivery = {"addresses": [{"address": {"deliveryAddress": address}}]}
    cart = await create(shop, line("mug-variant"), delivery=delivery, buyerIdentity={"email": "a@b.de"})
    assert await pay(shop, cart) == []
    assert await codes(shop, cart) == [code]


async def test_the_amount_must_be_the_total(shop: Shop) -> None:
    cart = await deliverable(shop, line("mug-variant"))
    assert await pay(shop, cart, amount={"amount": "22.89", "currencyCode": "EUR"}) == []
    assert await codes(shop, cart) == ["PAYMENTS_UNACCEPTABLE_PAYMENT_AMOUNT"]
    assert await pay(shop, cart) == []
    async with shop.database.begin() as tx:
        await tx.execute(update(price).where(price.c.variant_id == uid("mug-variant")).values(amount_minor=1801))
    assert await codes(shop, cart) == ["PAYMENTS_UNACCEPTABLE_PAYMENT_AMOUNT"], "a price that changed is told"


async def test_too_little_stock_is_told(shop: Shop) -> None:
    cart = await ready(shop, line("mug-variant", 2))
    for on_hand, code in ((1, "MERCHANDISE_NOT_ENOUGH_STOCK_AVAILABLE"), (0, "MERCHANDISE_OUT_OF_STOCK")):
        async with shop.database.begin() as tx:
            here = (level.c.item_id == uid("mug-variant"), level.c.location_id == uid("berlin"))
            await tx.execute(update(level).where(*here).values(on_hand=on_hand))
        assert await codes(shop, cart) == [code]


async def test_what_is_not_for_sale_any_more_is_not_bought(shop: Shop) -> None:
    cart = await ready(shop, line("mug-variant"), line("guide-variant"))
    async with shop.database.begin() as tx:
        await tx.execute(publication.delete().where(publication.c.product_id == uid("mug")))
    assert await codes(shop, cart) == ["MERCHANDISE_PRODUCT_NOT_PUBLISHED"]


async def test_a_cart_or_token_that_is_none_is_a_user_error(shop: Shop) -> None:
    cart = await ready(shop, line("mug-variant"))
    gone = to_gid("Cart", uid("gone"), shop.resources.secret)
    for cart_id, token, field in (
        (cart["id"], "", ["attemptToken"]),
        (cart["id"], "x" * (CHECKOUT_TOKEN_CHARS_MAX + 1), ["attemptToken"]),
        (cart["id"].partition("?")[0], "first", ["cartId"]),
        (gone, "first", ["cartId"]),
    ):
        came = (await shop.data(SUBMIT, {"cartId": cart_id, "token": token}))["cartSubmitForCompletion"]
        assert came["result"] is None
        assert [(each["code"], each["field"]) for each in came["userErrors"]] == [("INVALID", field)]
    came = (await shop.data(PREPARE, {"cartId": gone}))["cartPrepareForCompletion"]
    assert came["userErrors"][0]["field"] == ["cartId"]


async def test_too_many_purchases_at_once_are_asked_to_come_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    cart = await ready(shop, line("mug-variant"))
    monkeypatch.setattr("commerce_graph.checkout.service.saga.CHECKOUTS_RUNNING_MAX", 0)
    assert (await submit(shop, cart))["__typename"] == "SubmitThrottled"


async def test_a_purchase(shop: Shop) -> None:
    cart = await ready(shop, line("shirt-S-White", 2, gift="yes"), line("guide-variant"), note="Thanks")
    prepared = (await shop.data(PREPARE, {"cartId": cart["id"]}))["cartPrepareForCompletion"]["result"]
    assert prepared == {"__typename": "CartStatusReady", "cart": {"id": cart["id"]}}
    came = await bought(shop, cart)
    assert came["__typename"] == "CartCompletionSuccess", came
    kind, order_id, sealed = parse_gid(came["orderId"], shop.resources.secret)
    assert (kind, sealed) == ("Order", True)
    assert came["orderUrl"].startswith("http://shop.test/graphql?")
    async with shop.database.read() as conn:
        order = (await conn.execute(select(order_table))).one()
        charge = (await conn.execute(select(test_charge))).one()
        held = (await conn.execute(select(reservation))).all()
        state, bought_as = (await conn.execute(select(cart_table.c.state, cart_table.c.order_id))).one()
        levels = (await conn.execute(select(level.c.on_hand, level.c.committed).where(level.c.committed > 0))).all()
    assert (order.id, order.financial_status, order.total_minor, order.note) == (order_id, "PAID", 11289, "Thanks")
    assert (order.shipping_minor, order.tax_minor, order.email) == (490, 1803, "ada@example.com")
    assert (charge.amount_minor, charge.captured_minor, charge.currency) == (11289, 11289, "EUR")
    assert [(each.state, each.quantity) for each in held] == [("COMMITTED", 2)]
    assert (state, bought_as) == ("COMPLETED", order_id)
    assert [tuple(each) for each in levels] == [(10, 2)]


async def test_an_order_is_seen_by_the_id_that_its_buyer_gets(shop: Shop) -> None:
    came = await bought(shop, await ready(shop, line("mug-variant")))
    document = "query($id: ID!) { order(id: $id) { name } }"
    assert (await shop.data(document, {"id": came["orderId"]}))["order"]["name"].startswith("#")
    assert (await shop.data(document, {"id": came["orderId"].partition("?")[0]}))["order"] is None


async def test_a_free_cart_needs_no_payment(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(update(price).where(price.c.variant_id == uid("guide-variant")).values(amount_minor=0))
    cart = await create(shop, line("guide-variant"), buyerIdentity={"email": "ada@example.com"})
    came = await bought(shop, cart)
    assert came["__typename"] == "CartCompletionSuccess"
    async with shop.database.read() as conn:
        assert (await conn.execute(select(order_table.c.financial_status))).scalar_one() == "PAID"
        assert (await conn.execute(select(func.count()).select_from(test_charge))).scalar() == 0


async def test_an_attempt_is_nobodys_who_does_not_know_its_id(shop: Shop) -> None:
    result = await submit(shop, await ready(shop, line("mug-variant")))
    await Purchases.of(shop.resources).settle()
    plain = result["attemptId"].partition("?")[0]
    wrong = to_gid("Cart", UUID(int=1), shop.resources.secret)
    for attempt_id in (plain, plain + "?key=0", "first", wrong, to_gid("CartCompletionAttempt", UUID(int=1))):
        assert await attempt(shop, attempt_id) is None


@pytest.mark.parametrize(
    ("session", "code"), [("test_declined", "PAYMENT_CARD_DECLINED"), ("nobody", "PAYMENT_INVALID_PAYMENT_METHOD")]
)
async def test_a_payment_that_fails_opens_the_cart_again(shop: Shop, session: str, code: str) -> None:
    cart = await ready(shop, line("mug-variant", 3), session=session)
    came = await bought(shop, cart)
    assert came["__typename"] == "CartCompletionFailed"
    assert [each["code"] for each in came["errors"]] == [code]
    again = await submit(shop, cart)
    assert (again["__typename"], again["attemptId"]) == ("SubmitSuccess", came["id"]), "the token had its effect"
    assert await pay(shop, cart) == []
    assert (await bought(shop, cart, "second"))["__typename"] == "CartCompletionSuccess"
    async with shop.database.read() as conn:
        committed = (await conn.execute(select(level.c.committed).where(level.c.committed > 0))).scalars().all()
        assert committed == [3]


async def test_a_token_has_one_effect(shop: Shop) -> None:
    cart = await ready(shop, line("mug-variant"))
    first = await submit(shop, cart)
    assert (await submit(shop, cart, "second"))["attemptId"] == first["attemptId"]
    await Purchases.of(shop.resources).settle()
    again = await submit(shop, cart)
    assert (again["__typename"], again["attemptId"]) == ("SubmitSuccess", first["attemptId"])
    other = await submit(shop, cart, "second")
    assert (other["__typename"], other["attemptId"]) == ("SubmitAlreadyAccepted", first["attemptId"])
    async with shop.database.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(order_table))).scalar() == 1


async def test_a_cart_that_is_being_bought_is_throttled_and_not_ready_afterwards(shop: Shop) -> None:
    cart = await ready(shop, line("mug-variant"), session="test_action_required")
    await submit(shop, cart)
    came = (await shop.data(PREPARE, {"cartId": cart["id"]}))["cartPrepareForCompletion"]["result"]
    assert came["__typename"] == "CartThrottled"
    other = await ready(shop, line("mug-variant"))
    await bought(shop, other)
    came = (await shop.data(PREPARE, {"cartId": other["id"]}))["cartPrepareForCompletion"]["result"]
    assert [each["code"] for each in came["errors"]] == ["ERROR"]


async def test_a_buyer_who_is_active_keeps_the_stock(shop: Shop) -> None:
    """Who has to confirm the payment and asks how it goes is held the stock for, and who has left is not."""
    result = await submit(shop, await ready(shop, line("mug-variant"), session="test_action_required"))
    await Purchases.of(shop.resources).settle()

    async def ends(minutes: float) -> tuple[float, float]:
        """Let the hold end in so many minutes, ask, and return in how many it and the reservation end then."""
        until = now() + timedelta(minutes=minutes)
        async with shop.database.begin() as tx:
            await tx.execute(update(attempt_table).values(held_until=until))
            await tx.execute(update(reservation).values(expires_at=until))
        with count_statements() as seen:
            assert (await attempt(shop, result["attemptId"]))["__typename"] == "CartCompletionActionRequired"
        assert len(seen) <= 3
        async with shop.database.read() as conn:
            both = select(attempt_table.c.held_until, reservation.c.expires_at)
            found = (await conn.execute(both.where(reservation.c.owner_id == attempt_table.c.order_id))).one()
        return tuple(round((each - now()).total_seconds() / 60, 1) for each in found)  # type: ignore[return-value]

    assert await ends(5) == (15, 15)
    assert await ends(14.5) == (14.5, 14.5), "not worth a write"
    async with shop.database.begin() as tx:
        await tx.execute(update(attempt_table).values(created_at=now() - timedelta(minutes=50)))
    assert await ends(5) == (10, 10), "an hour is the longest"
    assert await ends(-1) == (-1, -1), "what has ended stays ended"


async def statements(shop: Shop, lines: int) -> tuple[int, int]:
    """Return the statements of a submission, which its buyer waits for, and of the purchase that runs after it."""
    cart = await ready(shop, *(line("shirt-S-White", 1, n=str(n)) for n in range(lines)))
    with count_statements() as seen:
        result = await submit(shop, cart)
        submitted = len(seen)
        await Purchases.of(shop.resources).settle()
    assert (await attempt(shop, result["attemptId"]))["__typename"] == "CartCompletionSuccess"
    return submitted, len(seen) - submitted


async def test_statements_do_not_grow_with_the_lines(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(update(level).values(on_hand=1_000))
    few, many = await statements(shop, 1), await statements(shop, 50)
    assert few == many == (14, 11)
    assert few[0] <= 25
    async with shop.database.begin() as tx:
        await tx.execute(update(level).values(on_hand=level.c.committed + 1))
        await tx.execute(update(level).where(level.c.location_id != uid("berlin")).values(on_hand=level.c.committed))
    last = await statements(shop, 1)
    assert last == (18, 11), "the catalogue notes that a variant sold out"


@pytest.mark.parametrize("paid", [False, True])
async def test_a_cart_of_which_nothing_is_for_sale_any_more_is_not_bought(shop: Shop, paid: bool) -> None:
    cart = await (ready if paid else deliverable)(shop, line("guide-variant"))
    async with shop.database.begin() as tx:
        await tx.execute(delete(publication))
    assert await codes(shop, cart) == ["MERCHANDISE_PRODUCT_NOT_PUBLISHED"]
