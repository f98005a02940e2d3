"""Stripe's webhooks: signed, taken in once, in any order; what was done in Stripe's dashboard gets into the books."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette

from commerce_graph import payment
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import STRIPE_WEBHOOK_AGE_S_MAX, STRIPE_WEBHOOK_BYTES_MAX
from commerce_graph.kernel.outbox import outbox
from commerce_graph.payment import service
from commerce_graph.payment.service import PROVIDERS, Balance, Stripe
from commerce_graph.payment.tables import delivery
from tests.payment.stripe_server import ASKS, StripeServer
from tests.payment.test_events import check_sums, happened
from tests.payment.test_steps import balance_of, opened, trail
from tests.payment.test_stripe import CARD, ready

PATH = "/webhooks/stripe"


@pytest.fixture
async def client(resources: Resources, account: Stripe) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=list(payment.module.routes))
    app.state.resources = resources
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as made:
        yield made


async def send(client: httpx.AsyncClient, stripe: StripeServer, event: Mapping[str, Any], **how: Any) -> int:
    body, signature = stripe.signed(event, **how)
    return (await client.post(PATH, content=body, headers={"Stripe-Signature": signature})).status_code


async def deliver(client: httpx.AsyncClient, stripe: StripeServer) -> None:
    """Deliver every event so far, the newest first and each twice."""
    for event in stripe.events[::-1]:
        for _ in range(2):
            assert await send(client, stripe, event) == 200


async def count(db: Database, table: Any) -> int:
    async with db.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


async def state(db: Database, order_id: UUID) -> Any:
    return await balance_of(db, order_id), await trail(db, order_id), await happened(db, order_id)


async def test_what_is_not_stripes_is_refused(
    database: Database, client: httpx.AsyncClient, stripe: StripeServer
) -> None:
    await ready(database, "capture")
    event = stripe.events[-1]
    body, signature = stripe.signed(event)
    for given, header in ((body, ""), (body, "t=1,v1=00"), (body + b" ", signature), (b"\xff", signature)):
        assert (await client.post(PATH, content=given, headers={"Stripe-Signature": header})).status_code == 400
    assert (await client.post(PATH, content=body)).status_code == 400
    assert await send(client, stripe, event, secret="whsec_another") == 400
    assert await send(client, stripe, event, age_s=STRIPE_WEBHOOK_AGE_S_MAX + 5) == 400
    assert await send(client, stripe, {"id": "evt_1", "type": "x"}) == 400
    assert await send(client, stripe, {**event, "more": "x" * STRIPE_WEBHOOK_BYTES_MAX}) == 413
    assert await count(database, delivery) == 0
    assert await send(client, stripe, event) == 200


async def test_a_shop_without_stripe_takes_none(
    client: httpx.AsyncClient, stripe: StripeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(PROVIDERS, "stripe")
    assert (await client.post(PATH, content=b"{}")).status_code == 404


async def test_what_is_known_already_changes_nothing(
    database: Database, client: httpx.AsyncClient, stripe: StripeServer
) -> None:
    order_id = await ready(database, "refund")
    assert (await service.refund(database, order_id, 2000, "ours")).status == "SUCCESS"
    before = await state(database, order_id)
    await deliver(client, stripe)
    assert await state(database, order_id) == before
    assert await count(database, delivery) == len(stripe.events)


@pytest.mark.parametrize("step", ["authorize", "capture", "refund", "void"])
async def test_an_answer_that_was_lost_comes_by_webhook(
    database: Database, client: httpx.AsyncClient, stripe: StripeServer, step: str
) -> None:
    order_id = await ready(database, step)
    stripe.fault = lambda name: "answer lost" if name == step else "call lost" if step in stripe.calls else ""
    stripe.calls.clear()
    work = {
        "authorize": lambda: service.authorize(database, order_id, CARD),
        "capture": lambda: service.capture(database, order_id),
        "refund": lambda: service.refund(database, order_id, 2000, "ours"),
        "void": lambda: service.void(database, order_id),
    }[step]
    assert (await work()).status == "UNKNOWN"
    stripe.fault = lambda name: ""
    await deliver(client, stripe)
    assert (await trail(database, order_id))[-1][1] == "SUCCESS"
    async with database.read() as conn:
        told = (await conn.execute(select(outbox.c.kind))).scalars().all()
    assert list(told) == ["PaymentAnswered"]
    before = await state(database, order_id)
    assert (await work()).status == "SUCCESS"
    assert await state(database, order_id) == before
    await check_sums(database, order_id)


async def test_stripe_that_cannot_be_asked_sends_it_again(
    database: Database, client: httpx.AsyncClient, stripe: StripeServer
) -> None:
    await ready(database, "capture")
    event = stripe.events[-1]
    stripe.fault = lambda name: "call lost"
    assert await send(client, stripe, event) == 503
    assert await count(database, delivery) == 0
    stripe.fault = lambda name: ""
    assert await send(client, stripe, event) == 200


async def test_one_webhook_at_the_same_time_has_one_effect(
    database: Database, client: httpx.AsyncClient, stripe: StripeServer
) -> None:
    order_id = await ready(database, "refund")
    stripe.refund_elsewhere(next(iter(stripe.intents)), 1200)
    event = stripe.events[-1]
    assert set(await asyncio.gather(*(send(client, stripe, event) for _ in range(8)))) == {200}
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 5000, 1200, 0)
    assert await count(database, delivery) == 1


async def test_what_is_done_in_the_dashboard_gets_into_the_books(
    database: Database, client: httpx.AsyncClient, stripe: StripeServer
) -> None:
    order_id = await ready(database, "capture")
    (intent_id,) = stripe.intents
    stripe.capture_elsewhere(intent_id, 3000)
    stripe.refund_elsewhere(intent_id, 500)
    stripe.refund_elsewhere(intent_id, 700)
    stripe.dispute(intent_id)
    await deliver(client, stripe)
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 3000, 1200, 2000)
    assert stripe.charges() == [("succeeded", 5000, 3000, 1200)]
    assert ("DISPUTED", "WEBHOOK", 3000) in await happened(database, order_id)
    await check_sums(database, order_id)
    assert (await service.refund(database, order_id, 1800, "the rest")).status == "SUCCESS"


async def test_a_payment_cancelled_in_the_dashboard(
    database: Database, client: httpx.AsyncClient, stripe: StripeServer
) -> None:
    order_id = await ready(database, "capture")
    stripe.cancel_elsewhere(next(iter(stripe.intents)))
    await deliver(client, stripe)
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 0, 0, 5000)
    assert (await service.capture(database, order_id)).status == "FAILURE"


async def test_a_refund_that_the_bank_sends_back_is_noted(
    database: Database, client: httpx.AsyncClient, stripe: StripeServer
) -> None:
    order_id = await ready(database, "refund")
    await service.refund(database, order_id, 2000, "ours")
    (refund,) = stripe.refunds.values()
    refund["status"] = "failed"
    stripe.tell("refund.failed", refund)
    assert await send(client, stripe, stripe.events[-1]) == 200
    assert (await happened(database, order_id))[-1] == ("FAILED", "WEBHOOK", 0)


async def test_a_buyer_who_pays_after_the_payment_was_given_up_is_let_go_of(
    database: Database, client: httpx.AsyncClient, stripe: StripeServer
) -> None:
    order_id = await opened(database)
    await service.authorize(database, order_id, ASKS)
    (intent_id,) = stripe.intents
    stripe.fault = lambda name: "call lost"
    assert (await service.void(database, order_id)).status == "UNKNOWN"
    stripe.fault = lambda name: ""
    stripe.pay_again(intent_id)
    assert [charge[0] for charge in stripe.charges()] == ["requires_capture"]
    await deliver(client, stripe)
    assert [charge[0] for charge in stripe.charges()] == ["canceled"]
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 0, 0, 0, 0)


@pytest.mark.parametrize("seed", range(8))
async def test_any_day_with_stripe_ends_with_books_that_agree(
    database: Database, resources: Resources, client: httpx.AsyncClient, stripe: StripeServer, seed: int
) -> None:
    """Calls and answers are lost, a dashboard is used, webhooks come twice and in any order."""
    dice = random.Random(seed)
    stripe.fault = lambda name: dice.choice(["call lost", "answer lost", "", "", ""])
    orders = [await opened(database, dice.choice([1, 700, 5000])) for _ in range(3)]
    for number in range(50):
        order_id = dice.choice(orders)
        work = dice.choice(["authorize", "authorize", "capture", "refund", "void", "outside", "webhook", "webhook"])
        if work == "authorize":
            await service.authorize(database, order_id, dice.choice([CARD, ASKS]))
        elif work == "capture":
            await service.capture(database, order_id)
        elif work == "void":
            await service.void(database, order_id)
        elif work == "refund":
            balance = await balance_of(database, order_id)
            if balance.captured_minor - balance.refunded_minor > 10:
                await asyncio.gather(
                    service.refund(database, order_id, dice.randint(1, 10), str(number)), return_exceptions=True
                )
        elif work == "webhook" and stripe.events:
            await send(client, stripe, dice.choice(stripe.events))
        elif stripe.intents:
            _outside(stripe, dice)
    stripe.fault = lambda name: ""
    for order_id in orders:
        await service.void(database, order_id)
    await deliver(client, stripe)
    for order_id in orders:
        await service.void(database, order_id)
        balance = await balance_of(database, order_id)
        mine = [each for each in stripe.intents.values() if each["metadata"]["order"] == str(order_id)]
        assert not [each for each in mine if each["status"] in ("requires_capture", "requires_action")]
        assert balance.captured_minor == sum(each["amount_received"] for each in mine)
        assert balance.refunded_minor == sum(stripe.refunded(each["id"]) for each in mine)
        assert balance.authorized_minor == balance.captured_minor + balance.voided_minor
        await check_sums(database, order_id)


def _outside(stripe: StripeServer, dice: random.Random) -> None:
    intent = dice.choice(list(stripe.intents.values()))
    if intent["status"] == "requires_action":
        stripe.answer(intent["id"], approved=dice.random() < 0.7)
    elif intent["status"] == "requires_capture" and dice.random() < 0.3:
        stripe.capture_elsewhere(intent["id"], dice.randint(1, intent["amount_capturable"]))
    elif intent["status"] == "succeeded" and intent["amount_received"] - stripe.refunded(intent["id"]) > 3:
        stripe.refund_elsewhere(intent["id"], dice.randint(1, 3))
