"""Stripe's webhooks: each is taken in once, and only says that there is something to ask Stripe about."""

from dataclasses import dataclass
from uuid import UUID

import orjson
import stripe
from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel import limits
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database
from commerce_graph.payment.rules import Step
from commerce_graph.payment.service import books, calls
from commerce_graph.payment.service.authorization import carry_on
from commerce_graph.payment.service.outside import SOURCE, catch_up
from commerce_graph.payment.service.provider import Report
from commerce_graph.payment.service.stripe import Stripe
from commerce_graph.payment.service.stripe_answers import from_stripe
from commerce_graph.payment.tables import delivery

PROVIDER = "stripe"
DISPUTE = "charge.dispute.created"


class NotSigned(Exception):
    """What was sent is not Stripe's, or was sent too long ago."""


@dataclass(frozen=True, slots=True)
class _News:
    """A webhook: which event it is, and which payment it is about."""

    event_id: str
    kind: str
    reference: str | None
    amount_minor: int
    about: str | None


def stripe_account() -> Stripe | None:
    """Return the account whose webhooks are taken here, None where there is none."""
    made = calls.PROVIDERS.get(PROVIDER)
    return made if isinstance(made, Stripe) and made.webhook_secret else None


async def receive(db: Database, account: Stripe, body: bytes, signature: str | None) -> bool:
    """Take a webhook in, and tell whether it was new. The same one, however often and late, has one effect.

    Stripe is asked how the payment stands before anything is written, and no transaction is open meanwhile. Where it
    does not answer, nothing is noted and Stripe sends the webhook again.
    Limits: STRIPE_WEBHOOK_AGE_S_MAX. Locks: the balance. Emits: PaymentAnswered.
    Raises: NotSigned; ProviderUnavailable.
    """
    news = _read(account, body, signature)
    async with db.read() as conn:
        if await _is_known(conn, news.event_id):
            return False
    report = await account(db).report(news.reference) if news.reference else None
    async with db.begin() as tx:
        step = await books.step_of_key(tx, report.asked.key) if report else None
        if not await _note(tx, news, step.order_id if step else None):
            return False
        if step is None or report is None:
            return True
        void = await catch_up(tx, step, report)
        await _dispute(tx, news, step, report)
    await carry_on(db, void)
    return True


def _read(account: Stripe, body: bytes, signature: str | None) -> _News:
    try:
        stripe.WebhookSignature.verify_header(
            body, signature, account.webhook_secret, tolerance=limits.STRIPE_WEBHOOK_AGE_S_MAX
        )
        told = orjson.loads(body)
        about = told["data"]["object"]
        is_intent = about.get("object") == "payment_intent"
        reference = about.get("id") if is_intent else about.get("payment_intent")
        return _News(str(told["id"]), str(told["type"]), reference, int(about.get("amount") or 0), about.get("id"))
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise NotSigned(type(fault).__name__) from None


async def _is_known(conn: AsyncConnection, event_id: str) -> bool:
    known = exists().where(delivery.c.provider == PROVIDER, delivery.c.event_id == event_id)
    return bool((await conn.execute(select(known))).scalar())


async def _note(tx: AsyncConnection, news: _News, order_id: UUID | None) -> bool:
    """Note a webhook, and tell whether it is the first of its kind; who comes at the same time waits here."""
    row = {"id": new_id(), "provider": PROVIDER, "event_id": news.event_id, "kind": news.kind,
           "reference": news.reference, "order_id": order_id}  # fmt: skip
    adding = postgresql.insert(delivery).values(row).on_conflict_do_nothing().returning(delivery.c.id)
    return (await tx.execute(adding)).one_or_none() is not None


async def _dispute(tx: AsyncConnection, news: _News, step: Step, report: Report) -> None:
    if news.kind == DISPUTE:
        amount = from_stripe(news.amount_minor, report.asked.currency)
        told = "The buyer disputes the payment: answer in Stripe's dashboard."
        await books.note(tx, step, "DISPUTED", SOURCE, amount, news.about, told)
