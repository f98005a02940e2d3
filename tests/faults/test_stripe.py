"""A purchase that is paid with Stripe survives whatever dies: one order and one charge in Stripe's own records."""

from collections.abc import AsyncIterator

import pytest

from commerce_graph.checkout import service
from commerce_graph.checkout.service import Purchases
from commerce_graph.checkout.tables import attempt as attempt_table
from commerce_graph.kernel import limits
from commerce_graph.order.tables import order as order_table
from commerce_graph.payment.service import POLICY
from tests.cart.storefront import attempt, line, ready, submit
from tests.faults.test_checkout import STEPS, check_stock, end_leases, killed, resumed, scalars, submitted
from tests.payment.stripe_server import ASKS, StripeServer, paid_with_stripe
from tests.shop import Shop

CARD = "pm_card_visa"
TOTAL = 5089


@pytest.fixture
async def stripe(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StripeServer]:
    async with paid_with_stripe(monkeypatch) as made:
        yield made


async def check_bought(shop: Shop, stripe: StripeServer) -> None:
    assert await scalars(shop, order_table.c.financial_status, order_table.c.total_minor) == [("PAID", TOTAL)]
    assert stripe.charges() == [("succeeded", TOTAL, TOTAL, 0)]
    assert await scalars(shop, attempt_table.c.state) == ["COMPLETED"]
    await check_stock(shop)


async def check_failed(shop: Shop, stripe: StripeServer) -> None:
    assert await scalars(shop, order_table.c.id) == []
    assert [charge for charge in stripe.charges() if charge[0] != "canceled"] == []
    assert await scalars(shop, attempt_table.c.state) == ["FAILED"]
    await check_stock(shop)


@pytest.mark.parametrize("point", STEPS)
async def test_a_process_that_is_killed(shop: Shop, stripe: StripeServer, point: str) -> None:
    _, begun, _ = await submitted(shop, CARD)
    await killed(shop, begun, point, KILLED_STRIPE=stripe.url)
    assert await resumed(shop) == (0 if point == "completed" else 1)
    await check_bought(shop, stripe)


@pytest.mark.parametrize("step", ["authorize", "capture"])
@pytest.mark.parametrize("fault", ["call lost", "answer lost", "hang", "late"])
async def test_an_answer_that_is_lost(
    shop: Shop, stripe: StripeServer, monkeypatch: pytest.MonkeyPatch, step: str, fault: str
) -> None:
    if fault in ("hang", "late"):
        monkeypatch.setattr(limits, "PROVIDER_TIMEOUT_S", 0.2)
    _, begun, opened = await submitted(shop, CARD)
    stripe.fault = lambda name: fault if name == step else "call lost" if name in ("get", "list") else ""
    await service.drive(shop.database, begun, opened=opened)
    await stripe.settle()
    monkeypatch.setattr(limits, "PROVIDER_TIMEOUT_S", 10.0)
    stripe.fault = lambda name: ""
    assert await resumed(shop) == 1
    await check_bought(shop, stripe)


async def test_a_payment_that_is_never_answered_is_given_up(shop: Shop, stripe: StripeServer) -> None:
    _, begun, opened = await submitted(shop, CARD)
    stripe.fault = lambda name: "answer lost" if name == "authorize" else "call lost" if name == "list" else ""
    await service.drive(shop.database, begun, opened=opened)
    for _ in range(limits.AUTHORIZE_TRIES_MAX):
        await resumed(shop)
    assert await scalars(shop, attempt_table.c.state) == ["VOIDING"], "it is not known whether money is held"
    stripe.fault = lambda name: ""
    await resumed(shop)
    await check_failed(shop, stripe)
    assert [charge[0] for charge in stripe.charges()] == ["canceled"]


@pytest.mark.parametrize("approved", [True, False])
async def test_a_buyer_who_is_asked(shop: Shop, stripe: StripeServer, approved: bool) -> None:
    cart = await ready(shop, line("mug-variant", 2), line("guide-variant"), session=ASKS)
    result = await submit(shop, cart)
    await Purchases.of(shop.resources).settle()
    (intent_id,) = stripe.intents
    came = await attempt(shop, result["attemptId"])
    assert came["__typename"] == "CartCompletionActionRequired"
    stripe.answer(intent_id, approved=approved)
    await end_leases(shop)
    assert await resumed(shop) == 1
    await (check_bought if approved else check_failed)(shop, stripe)


async def test_a_declined_card(shop: Shop, stripe: StripeServer) -> None:
    cart = await ready(shop, line("mug-variant"), session="pm_card_visa_chargeDeclinedInsufficientFunds")
    result = await submit(shop, cart)
    await Purchases.of(shop.resources).settle()
    came = await attempt(shop, result["attemptId"])
    assert [each["code"] for each in came["errors"]] == ["PAYMENT_INSUFFICIENT_FUNDS"]
    await check_failed(shop, stripe)


async def test_a_shop_that_captures_later(shop: Shop, stripe: StripeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(POLICY, "captures_at_once", False)
    _, begun, opened = await submitted(shop, CARD)
    await service.drive(shop.database, begun, opened=opened)
    assert await scalars(shop, attempt_table.c.state) == ["COMPLETED"]
    assert await scalars(shop, order_table.c.financial_status) == ["AUTHORIZED"]
    assert stripe.charges() == [("requires_capture", TOTAL, 0, 0)]
    assert await resumed(shop) == 0
