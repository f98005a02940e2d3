"""Payments with Stripe agree with Stripe's own records, whatever is lost, late or repeated between the two."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import func, select

from commerce_graph.kernel import limits
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.payment import service
from commerce_graph.payment.service import Balance, Outcome, Stripe
from commerce_graph.payment.service.recovery import settle, void_orphans
from commerce_graph.payment.service.stripe_answers import from_stripe, to_stripe
from commerce_graph.payment.tables import transaction
from tests.payment import stepping
from tests.payment.stripe_server import ASKS, LESS, StripeServer
from tests.payment.test_steps import balance_of, opened, trail

AFTER = {
    "authorize": (Balance("EUR", 5000, 5000, 0, 0, 0), ("requires_capture", 5000, 0, 0)),
    "capture": (Balance("EUR", 5000, 5000, 5000, 0, 0), ("succeeded", 5000, 5000, 0)),
    "refund": (Balance("EUR", 5000, 5000, 5000, 2000, 0), ("succeeded", 5000, 5000, 2000)),
    "void": (Balance("EUR", 5000, 5000, 0, 0, 5000), ("canceled", 5000, 0, 0)),
}
CARD = "pm_card_visa"


async def do(db: Database, order_id: UUID, step: str) -> Outcome:
    return await stepping.do(db, order_id, step, CARD)


async def ready(db: Database, step: str) -> UUID:
    return await stepping.ready(db, step, CARD)


@pytest.mark.parametrize("step", AFTER)
@pytest.mark.parametrize("fault", ["call lost", "answer lost", "500", "hang", "late"])
@pytest.mark.parametrize("deaf", [False, True], ids=["", "and it answers no question either"])
async def test_one_effect_whatever_is_lost(
    database: Database, stripe: StripeServer, account: Stripe, monkeypatch: pytest.MonkeyPatch,
    step: str, fault: str, deaf: bool,
) -> None:  # fmt: skip
    order_id = await ready(database, step)
    if fault in ("hang", "late"):
        monkeypatch.setattr(limits, "PROVIDER_TIMEOUT_S", 0.15)
    stripe.fault = lambda name: fault if name == step or (deaf and name in ("get", "list")) else ""
    outcome = await do(database, order_id, step)
    assert outcome.status in ("SUCCESS", "UNKNOWN")
    await stripe.settle()
    monkeypatch.setattr(limits, "PROVIDER_TIMEOUT_S", 10.0)
    stripe.fault = lambda name: ""
    if (step, fault) == ("authorize", "500"):
        # Stripe keeps its own fault under the key and repeats it: the payment is given up, nothing is held.
        assert (await do(database, order_id, step)).status == "UNKNOWN"
        return
    if (step, fault) == ("refund", "500"):
        assert (await do(database, order_id, step)).status == "UNKNOWN"
        stripe.forget_keys()
    if (step, fault) == ("capture", "500"):
        stripe.forget_keys()
    for _ in range(2):
        assert (await do(database, order_id, step)).status == "SUCCESS"
    balance, charge = AFTER[step]
    assert await balance_of(database, order_id) == balance
    assert stripe.charges() == [charge]


@pytest.mark.parametrize("step", AFTER)
async def test_what_a_day_ago_was_answered_to_nobody_is_found(
    database: Database, resources: Resources, stripe: StripeServer, account: Stripe, step: str
) -> None:
    """Keys are forgotten after a day: asking again for the same would charge twice, so Stripe is asked first."""
    order_id = await ready(database, step)
    stripe.fault = lambda name: "answer lost" if name == step else "call lost"
    assert (await do(database, order_id, step)).status == "UNKNOWN"
    stripe.fault = lambda name: ""
    stripe.forget_keys()
    assert await settle(resources, older_than_s=0) == 1
    balance, charge = AFTER[step]
    assert await balance_of(database, order_id) == balance
    assert stripe.charges() == [charge]
    assert stripe.calls.count(step) == 1 or step == "void"


async def test_a_payment_that_is_given_up_while_it_is_on_its_way(
    database: Database, stripe: StripeServer, account: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PROVIDER_TIMEOUT_S", 0.1)
    order_id = await opened(database)
    stripe.fault = lambda name: "late" if name == "authorize" else ""
    assert (await service.authorize(database, order_id, CARD)).status == "UNKNOWN"
    stripe.fault = lambda name: ""
    monkeypatch.setattr(limits, "PROVIDER_TIMEOUT_S", 10.0)
    assert (await service.void(database, order_id)).status == "SUCCESS", "its key was taken"
    await stripe.settle()
    assert stripe.charges() == []
    assert (await service.authorize(database, order_id, CARD)).status == "FAILURE"
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 0, 0, 0, 0)


async def test_a_fault_of_stripes_that_its_key_keeps_is_given_up(
    database: Database, stripe: StripeServer, account: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await opened(database)
    stripe.fault = lambda name: "500" if name == "authorize" else ""
    assert (await service.authorize(database, order_id, CARD)).status == "UNKNOWN"
    stripe.fault = lambda name: ""
    assert (await service.void(database, order_id)).status == "UNKNOWN", "it may still be under way"
    monkeypatch.setattr("commerce_graph.payment.service.stripe.SENT_WITHIN_S", -1)
    assert (await service.void(database, order_id)).status == "SUCCESS"
    assert stripe.charges() == []


async def test_less_than_is_due_is_no_success(database: Database, stripe: StripeServer, account: Stripe) -> None:
    order_id = await opened(database)
    outcome = await service.authorize(database, order_id, LESS)
    assert (outcome.status, outcome.code) == ("FAILURE", "PAYMENT_ERROR")
    assert [charge[0] for charge in stripe.charges()] == ["canceled"]
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 0, 0, 0, 0)
    assert await trail(database, order_id) == [("AUTHORIZATION", "FAILURE", 5000), ("VOID", "SUCCESS", 0)]


async def test_less_than_is_due_is_let_go_of_by_a_worker(
    database: Database, resources: Resources, stripe: StripeServer, account: Stripe
) -> None:
    order_id = await opened(database)
    stripe.fault = lambda name: "call lost" if name == "void" else ""
    assert (await service.authorize(database, order_id, LESS)).status == "FAILURE"
    assert [charge[0] for charge in stripe.charges()] == ["requires_capture"]
    stripe.fault = lambda name: ""
    assert await settle(resources, older_than_s=0) == 1
    assert [charge[0] for charge in stripe.charges()] == ["canceled"]


@pytest.mark.parametrize("approved", [True, False])
async def test_a_buyer_who_is_asked(database: Database, stripe: StripeServer, account: Stripe, approved: bool) -> None:
    order_id = await opened(database)
    outcome = await service.authorize(database, order_id, ASKS)
    (intent_id,) = stripe.intents
    assert (outcome.status, outcome.action_url) == ("ACTION", f"https://bank.test/{intent_id}")
    assert (await service.authorize(database, order_id, ASKS)).status == "ACTION"
    stripe.answer(intent_id, approved=approved)
    outcome = await service.authorize(database, order_id, ASKS)
    assert outcome.status == ("SUCCESS" if approved else "FAILURE")
    assert stripe.intents[intent_id]["status"] == ("requires_capture" if approved else "canceled")


async def test_a_hold_that_counts_for_nothing_is_let_go_of_by_the_worker(
    database: Database, resources: Resources, stripe: StripeServer, account: Stripe
) -> None:
    """Three holds: of a payment that was given up, of books that are lost, and of an order; only the last one stays."""
    given_up = await opened(database)
    await service.authorize(database, given_up, ASKS)
    stripe.fault = lambda name: "call lost"
    assert (await service.void(database, given_up)).status == "UNKNOWN"
    stripe.fault = lambda name: ""
    (intent_id,) = stripe.intents
    stripe.pay_again(intent_id)
    provider = account(database)
    lost = new_id()
    await provider.authorize(f"{lost}:authorization:1", 700, "EUR", CARD)
    kept = await ready(database, "capture")
    assert await void_orphans(resources) == 0, "they are young: their orders may still come"
    assert await void_orphans(resources, older_than_s=-60) == 2
    assert await void_orphans(resources, older_than_s=-60) == 0
    assert sorted(charge[0] for charge in stripe.charges()) == ["canceled", "canceled", "requires_capture"]
    assert (await service.capture(database, kept)).status == "SUCCESS"
    async with database.read() as conn:
        steps = select(func.count()).where(transaction.c.order_id == given_up, transaction.c.kind == "VOID")
        assert (await conn.execute(steps)).scalar_one() == 1


async def test_an_account_that_others_use_too_keeps_their_holds(
    database: Database, resources: Resources, stripe: StripeServer, account: Stripe
) -> None:
    other = Stripe("sk_test_123", "http://other.test", api_base=stripe.url)
    await other(database).authorize(f"{new_id()}:authorization:1", 700, "EUR", CARD)
    await other.close()
    assert await void_orphans(resources, older_than_s=-60) == 0
    assert [charge[0] for charge in stripe.charges()] == ["requires_capture"]


async def test_one_order_is_charged_once_by_eight(database: Database, stripe: StripeServer, account: Stripe) -> None:
    order_id = await opened(database)
    for step in ("authorize", "capture"):
        outcomes = await asyncio.gather(*(do(database, order_id, step) for _ in range(8)))
        assert {outcome.status for outcome in outcomes} <= {"SUCCESS", "UNKNOWN"}
        assert (await do(database, order_id, step)).status == "SUCCESS"
    assert stripe.charges() == [("succeeded", 5000, 5000, 0)]
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 5000, 0, 0)


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [(1099, "EUR", 1099), (500, "JPY", 500), (5, "ISK", 500), (200, "MGA", 2), (1230, "KWD", 1230),
     (201, "MGA", None), (1234, "KWD", None)],
)  # fmt: skip
def test_amounts_are_counted_as_stripe_does(amount: int, currency: str, told: int | None) -> None:
    assert to_stripe(amount, currency) == told
    if told is not None:
        assert from_stripe(told, currency) == amount
