"""Purchases that gift cards pay for: what is taken, what is given back, and that nothing is spent twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from commerce_graph.checkout.service import Purchases, Submission
from commerce_graph.checkout.service.submission import Wish, submit_many
from commerce_graph.discount.tables import discount
from commerce_graph.gift_card import service
from commerce_graph.gift_card.service import Spent
from commerce_graph.gift_card.service.writing import Adjustment, debit
from commerce_graph.gift_card.tables import card
from commerce_graph.inventory.tables import level
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.errors import Rejected
from commerce_graph.order import service as orders
from commerce_graph.order.service import Cancellation
from commerce_graph.order.tables import order, refund
from commerce_graph.payment import service as payment
from commerce_graph.payment.service import PROVIDERS
from commerce_graph.payment.tables import test_charge
from tests.cart.storefront import CART, attempt, line, pay, submit
from tests.concurrency.test_checkout import at_once
from tests.discount.selling import tenth, with_codes
from tests.gift_card.giving import (
    applied,
    assert_sound,
    balance,
    key,
    made,
    ready_with,
    steps,
)
from tests.inventory.stock import put
from tests.shop import Shop, gid, uid
from tests.waiting import until_blocked

MUG = 2290  # with its delivery
ORDER = """query($id: ID!) { order(id: $id) {
  financialStatus totalReceivedSet { shopMoney { amount } } totalOutstandingSet { shopMoney { amount } }
  transactions { kind status gateway amountSet { shopMoney { amount } } parentTransaction { gateway } }
} }"""
REFUND = """mutation($input: RefundInput!) { refundCreate(input: $input) {
  refund { status totalRefunded { amount } } order { financialStatus } userErrors { code message }
} }"""


async def bought(shop: Shop, cart: Any, typename: str = "CartCompletionSuccess") -> Any:
    """Submit a cart and let the purchase come to its end, which is of this type; returns it."""
    result = await submit(shop, cart)
    assert result["__typename"] == "SubmitSuccess", result
    await Purchases.of(shop.resources).settle()
    came = await attempt(shop, result["attemptId"])
    assert came["__typename"] == typename
    return came


async def placed(shop: Shop, value: str, session: str = "test_ok") -> tuple[str, Any]:
    """Buy a mug with a gift card; returns the card's id and the order as its merchant sees it."""
    card_id, code = await made(shop, value)
    came = await bought(shop, await ready_with(shop, [code], line("mug-variant"), session=session))
    return card_id, await ordered(shop, came["orderId"])


async def ordered(shop: Shop, gid: str) -> Any:
    return {"id": gid, **(await shop.data(ORDER, {"id": gid}, "merchant"))["order"]}


async def given_back(shop: Shop, placed: Any, amount: str | None = None) -> Any:
    transactions = [{"amount": amount}] if amount else None
    lines = None if amount else []
    wish = {"orderId": placed["id"].partition("?")[0], "transactions": transactions, "refundLineItems": lines}
    return (await shop.data(REFUND, {"input": wish}, "merchant"))["refundCreate"]


async def test_a_card_pays_all_and_no_provider_is_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROVIDERS, "test", lambda database: pytest.fail("a provider is asked"))
    card_id, made_ = await placed(shop, "30.00")
    assert made_["financialStatus"] == "PAID"
    assert made_["transactions"] == [
        {"kind": "SALE", "status": "SUCCESS", "gateway": "gift_card", "amountSet": {"shopMoney": {"amount": "22.90"}},
         "parentTransaction": None}
    ]  # fmt: skip
    assert made_["totalOutstandingSet"]["shopMoney"]["amount"] == "0.00"
    assert await balance(shop.database, card_id) == 3000 - MUG
    await assert_sound(shop.database)


async def test_cards_pay_a_part_and_the_session_the_rest(shop: Shop) -> None:
    one_id, one = await made(shop, "10.00")
    two_id, two = await made(shop, "5.00")
    came = await bought(shop, await ready_with(shop, [one, two], line("mug-variant")))
    assert sorted(await steps(shop.database)) == [
        ("gift_card", "SALE", "SUCCESS", 500),
        ("gift_card", "SALE", "SUCCESS", 1000),
        ("test", "AUTHORIZATION", "SUCCESS", 790),
        ("test", "CAPTURE", "SUCCESS", 790),
    ]
    told = await ordered(shop, came["orderId"])
    assert (told["financialStatus"], told["totalReceivedSet"]["shopMoney"]["amount"]) == ("PAID", "22.90")
    assert [await balance(shop.database, each) for each in (one_id, two_id)] == [0, 0]
    await assert_sound(shop.database)


async def test_a_declined_payment_gives_the_card_its_money_back(shop: Shop) -> None:
    card_id, code = await made(shop)
    cart = await ready_with(shop, [code], line("mug-variant"), session="test_declined")
    await bought(shop, cart, "CartCompletionFailed")
    assert await balance(shop.database, card_id) == 1000
    assert ("gift_card", "REFUND", "SUCCESS", 1000) in await steps(shop.database)
    await assert_sound(shop.database)
    shown = (await shop.data(CART, {"id": cart["id"]}))["cart"]
    assert [each["amountUsed"]["amount"] for each in shown["appliedGiftCards"]] == ["10.00"], "and can pay again"


async def test_an_order_is_cancelled_and_the_money_goes_where_it_came_from(shop: Shop) -> None:
    card_id, told = await placed(shop, "10.00")
    wish = Cancellation(order_id=key(told["id"]), reason="OTHER", restock=True, refund=True)
    assert await orders.cancel(shop.database, wish, "merchant")
    assert await balance(shop.database, card_id) == 1000
    after = await ordered(shop, told["id"])
    assert after["financialStatus"] == "REFUNDED"
    back = [
        (each["gateway"], each["amountSet"]["shopMoney"]["amount"], each["parentTransaction"]["gateway"])
        for each in after["transactions"]
        if each["kind"] == "REFUND"
    ]
    assert sorted(back) == [("gift_card", "10.00", "gift_card"), ("test", "12.90", "test")]
    await assert_sound(shop.database)


async def test_an_order_that_a_card_paid_in_full_is_cancelled(shop: Shop) -> None:
    card_id, told = await placed(shop, "30.00")
    wish = Cancellation(order_id=key(told["id"]), reason="OTHER", restock=True, refund=True)
    assert await orders.cancel(shop.database, wish, "merchant")
    assert await balance(shop.database, card_id) == 3000
    assert (await ordered(shop, told["id"]))["financialStatus"] == "REFUNDED"
    await assert_sound(shop.database)


async def test_a_refund_goes_to_the_provider_first_and_what_is_left_to_the_card(shop: Shop) -> None:
    card_id, told = await placed(shop, "10.00")
    assert (await given_back(shop, told, "12.00"))["refund"]["status"] == "SUCCESS"
    assert await balance(shop.database, card_id) == 0
    assert (await given_back(shop, told, "3.90"))["refund"]["status"] == "SUCCESS"
    assert await balance(shop.database, card_id) == 300
    too_much = await given_back(shop, told, "7.01")
    assert [each["code"] for each in too_much["userErrors"]] == ["INVALID"]
    last = await given_back(shop, told, "7.00")
    assert last["order"]["financialStatus"] == "REFUNDED"
    assert await balance(shop.database, card_id) == 1000
    parts = [(provider, amount) for provider, kind, _, amount in await steps(shop.database) if kind == "REFUND"]
    assert parts == [("test", 1200), ("test", 90), ("gift_card", 300), ("gift_card", 700)]
    await assert_sound(shop.database)


async def test_a_card_gets_nothing_back_before_the_provider_has_answered(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    card_id, told = await placed(shop, "10.00")
    with monkeypatch.context() as gone:
        gone.delitem(PROVIDERS, "test")
        assert (await given_back(shop, told, "22.90"))["refund"]["status"] == "PENDING"
        assert await balance(shop.database, card_id) == 0
        most = await given_back(shop, told, "0.01")
        assert [each["code"] for each in most["userErrors"]] == ["INVALID"], "it counts as given"
    assert await orders.finish_refunds(shop.database, older_than_s=-1) == 1
    assert await balance(shop.database, card_id) == 1000
    assert (await ordered(shop, told["id"]))["financialStatus"] == "REFUNDED"
    await assert_sound(shop.database)


async def test_a_card_gets_nothing_back_where_the_provider_refuses(shop: Shop) -> None:
    card_id, told = await placed(shop, "10.00")
    async with shop.database.begin() as tx:
        await tx.execute(update(test_charge).values(refunded_minor=1290))  # in the provider's dashboard, say
    refused = await given_back(shop, told, "22.90")
    assert [each["code"] for each in refused["userErrors"]] == ["PAYMENT_FAILED"]
    assert await balance(shop.database, card_id) == 0
    parts = {(provider, status) for provider, kind, status, _ in await steps(shop.database) if kind == "REFUND"}
    assert parts == {("test", "FAILURE"), ("gift_card", "FAILURE")}
    async with shop.database.read() as conn:
        assert (await conn.execute(select(refund.c.status))).scalars().all() == ["FAILURE"]
    await assert_sound(shop.database)


async def test_a_refund_with_one_key_has_one_effect(shop: Shop) -> None:
    card_id, told = await placed(shop, "30.00")
    order_id = key(told["id"])
    came = await asyncio.gather(*(payment.refund(shop.database, order_id, 500, "one") for _ in range(5)))
    assert {each.status for each in came} == {"SUCCESS"}
    assert await balance(shop.database, card_id) == 3000 - MUG + 500


async def test_who_sells_by_hand_keeps_the_cards_part_until_the_capture(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment.POLICY, "captures_at_once", False)
    card_id, told = await placed(shop, "10.00")
    assert (told["financialStatus"], told["totalOutstandingSet"]["shopMoney"]["amount"]) == ("AUTHORIZED", "12.90")
    assert (await payment.capture(shop.database, key(told["id"]))).status == "SUCCESS"
    await orders.follow_payment(shop.database, key(told["id"]))
    assert (await ordered(shop, told["id"]))["financialStatus"] == "PAID"
    assert await balance(shop.database, card_id) == 0


async def test_a_sold_out_cart_takes_nothing_off_its_card(shop: Shop) -> None:
    await tenth(shop, usageLimit=1)
    card_id, code = await made(shop, "99.00")
    cart = await ready_with(shop, [code], line("mug-variant"))
    await with_codes(shop, cart, "TENTH")
    async with shop.database.begin() as tx:
        await tx.execute(update(level).values(on_hand=0))
    result = await submit(shop, cart)
    assert [each["code"] for each in result["errors"]] == ["MERCHANDISE_OUT_OF_STOCK"]
    assert await balance(shop.database, card_id) == 9900
    assert await steps(shop.database) == []


async def test_a_group_shares_a_card_and_who_comes_first_has_the_first_claim(shop: Shop) -> None:
    card_id, code = await made(shop, "50.00")
    carts = [await ready_with(shop, [code], line("guide-variant", 2)) for _ in range(4)]
    came = await submit_many(shop.database, [Wish(key(cart["id"]), "t") for cart in carts])
    assert [isinstance(each, Submission) and each.fresh for each in came] == [True, True, False, False]
    told = {problem.code for each in came if isinstance(each, Submission) for problem in each.problems}
    assert told == {"PAYMENTS_UNACCEPTABLE_PAYMENT_AMOUNT"}
    assert await balance(shop.database, card_id) == 5000 - 2 * 1998
    await assert_sound(shop.database)


async def test_who_is_refused_for_a_card_uses_no_discount(shop: Shop) -> None:
    await tenth(shop, usageLimit=5)
    _, code = await made(shop, "50.00")
    wishes = []
    for _ in range(3):
        cart = await ready_with(shop, [code], line("guide-variant", 2))
        await with_codes(shop, cart, "TENTH")
        wishes.append(Wish(key(cart["id"]), "t"))
    came = await submit_many(shop.database, wishes)
    assert [isinstance(each, Submission) and each.fresh for each in came] == [True, True, False]
    async with shop.database.read() as conn:
        assert (await conn.execute(select(discount.c.used))).scalar() == 2


async def test_statements_grow_neither_with_the_carts_nor_with_the_cards(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(update(level).values(on_hand=1_000))
    counts = []
    for many, cards in ((1, 1), (1, 5), (20, 2)):
        wishes = []
        for _ in range(many):
            codes = [(await made(shop, "1.00"))[1] for _ in range(cards)]
            wishes.append(Wish(key((await ready_with(shop, codes, line("mug-variant")))["id"]), "t"))
        with count_statements() as seen:
            came = await submit_many(shop.database, wishes)
        assert all(isinstance(each, Submission) and each.fresh for each in came)
        counts.append(len(seen))
    assert counts == [17, 17, 17]


async def test_the_most_statements_that_a_submission_takes(shop: Shop) -> None:
    """Discounts about a collection, once per customer, a gift card, and a variant that sells out."""
    items = {"collections": {"add": [gid("Collection", "summer")]}}
    gets = {"value": {"percentage": 0.1}, "items": items}
    await tenth(shop, usageLimit=5, appliesOncePerCustomer=True, customerGets=gets)
    _, code = await made(shop, "1.00")
    cart = await ready_with(shop, [code], line("shirt-S-White"))
    given = (await with_codes(shop, cart, "TENTH"))["cart"]
    assert given["discountCodes"] == [{"code": "TENTH", "applicable": True}]
    assert await pay(shop, await applied(shop, cart, code)) == []
    async with shop.database.begin() as tx:
        await tx.execute(update(level).values(on_hand=level.c.committed + 1))
        await tx.execute(update(level).where(level.c.location_id != uid("berlin")).values(on_hand=level.c.committed))
    with count_statements() as seen:
        (came,) = await submit_many(shop.database, [Wish(key(cart["id"]), "t")])
    assert isinstance(came, Submission)
    assert came.fresh, came.problems
    assert len(seen) <= 25


@pytest.fixture
async def crowd(database: Database) -> AsyncIterator[Database]:
    """Return a way to the test's database with 40 connections."""
    wide = Database(database.url, pool_size=20)
    yield wide
    await wide.close()


async def test_thirty_buyers_and_one_card(shop: Shop) -> None:
    await put(shop.database, "mug-variant", berlin=100)
    card_id, code = await made(shop, "100.00")
    carts = [await ready_with(shop, [code], line("mug-variant")) for _ in range(30)]
    results = await at_once([lambda cart=cart: submit(shop, cart) for cart in carts])
    await Purchases.of(shop.resources).settle()
    kinds = Counter(result["__typename"] for result in results)
    assert kinds == {"SubmitSuccess": 4, "SubmitFailed": 26}
    assert await balance(shop.database, card_id) == 10_000 - 4 * MUG
    async with shop.database.read() as conn:
        paid = select(func.count()).where(order.c.financial_status == "PAID")
        assert (await conn.execute(paid)).scalar() == 4
    await assert_sound(shop.database)


async def racing(shop: Shop, crowd: Database) -> tuple[str, list[Any]]:
    """Have thirty buyers submit, each in a transaction of its own; returns the card's id and what each got."""
    card_id, code = await made(shop, "100.00")
    await put(shop.database, "mug-variant", berlin=100)
    carts = [await ready_with(shop, [code], line("mug-variant")) for _ in range(30)]
    some = (submit_many(crowd, [Wish(key(cart["id"]), "t")]) for cart in carts)
    return card_id, await asyncio.gather(*some, return_exceptions=True)


def accepted(came: list[Any]) -> int:
    return sum(not isinstance(each, BaseException) and each[0].fresh for each in came)


async def test_thirty_connections_and_one_card(shop: Shop, crowd: Database) -> None:
    card_id, came = await racing(shop, crowd)
    assert accepted(came) == 4
    assert not [each for each in came if isinstance(each, BaseException)]
    assert await balance(shop.database, card_id) == 10_000 - 4 * MUG
    await assert_sound(shop.database)


async def unlocked(tx: Any, ids: Any) -> Any:
    """Read cards as `lock` does, but lock nothing."""
    found = await service.cards(tx, list(ids))
    await asyncio.sleep(0.05)
    return {each.id: each for each in found if each}


@pytest.mark.parametrize("guarded", [True, False])
async def test_without_the_lock_the_constraint_refuses_and_without_both_it_is_overspent(
    shop: Shop, crowd: Database, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    monkeypatch.setattr(service, "lock", unlocked)
    if not guarded:
        async with shop.database.begin() as tx:
            await tx.execute(text("ALTER TABLE gift_card.card DROP CONSTRAINT ck_card_never_overspent"))
    card_id, came = await racing(shop, crowd)
    left = await balance(shop.database, card_id)
    assert left == 10_000 - accepted(came) * MUG
    assert (left >= 0) is guarded
    assert any(isinstance(each, BaseException) for each in came) is guarded


async def test_cards_in_opposite_order_do_not_lock_each_other_out(shop: Shop, crowd: Database) -> None:
    ids = [key((await made(shop, "1000.00"))[0]) for _ in range(3)]

    async def spend(some: list[Any]) -> None:
        async with crowd.begin() as tx:
            await service.lock(tx, some)
            await service.pay(tx, [Spent(each, new_id(), new_id(), 100) for each in some])

    await asyncio.gather(*(spend(ids if n % 2 else ids[::-1]) for n in range(40)))
    async with shop.database.read() as conn:
        assert (await conn.execute(select(card.c.balance_minor))).scalars().all() == [96_000] * 3


async def test_a_merchant_who_takes_money_off_waits_for_who_spends_it(shop: Shop) -> None:
    card_id, _ = await made(shop)
    wish = Adjustment(1000, "EUR")

    async def take() -> None:
        async with shop.database.begin() as tx:
            await debit(tx, key(card_id), wish)

    async with shop.database.begin() as tx:
        await service.lock(tx, [key(card_id)])
        await service.pay(tx, [Spent(key(card_id), new_id(), new_id(), 1)])
        taking = asyncio.create_task(take())
        await until_blocked(shop.database)
    with pytest.raises(Rejected) as refused:
        await taking
    assert refused.value.code == "INSUFFICIENT_FUNDS"


async def test_a_step_has_one_effect(shop: Shop) -> None:
    card_id, _ = await made(shop)
    spent = Spent(key(card_id), new_id(), new_id(), 100)
    async with shop.database.begin() as tx:
        await service.pay(tx, [spent])
    with pytest.raises(IntegrityError, match="uq_entry_cause"):
        async with shop.database.begin() as tx:
            await service.pay(tx, [spent])
    assert await balance(shop.database, card_id) == 900
