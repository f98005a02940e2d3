"""The rows of a past order's money: the shop's books, and those that the test provider keeps of the same payments.

With both, a merchant can capture, void and refund the demo shop's orders as if they had been placed by hand.
"""

from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from commerce_graph.demo.dice import Kind
from commerce_graph.demo.history import History, Row
from commerce_graph.payment import tables as payment
from commerce_graph.payment.rules import HAPPENED, MANUAL, idempotency_key

SESSION = "test_ok"
PROVIDER = "test"


class Step(NamedTuple):
    """A step with a provider; `above` is the index of the step that it captures, refunds or voids."""

    kind: str
    which: str
    amount_minor: int
    at: datetime
    above: int | None = None


def money(history: History) -> Iterator[Row]:
    """Return the rows of an order's money, the balance first."""
    bought, books = history.purchase, history.books
    yield (
        payment.balance,
        {
            "order_id": bought.id,
            "currency": bought.currency,
            "due_minor": books.due_minor,
            "authorized_minor": books.authorized_minor,
            "captured_minor": books.captured_minor,
            "refunded_minor": books.refunded_minor,
            "voided_minor": books.voided_minor,
        },
    )
    if books.authorized_minor:
        yield from _provided(history)
    elif books.captured_minor:
        yield from _told(history, 0, Step("SALE", "1", books.captured_minor, history.paid_at), MANUAL, None, None)


def _provided(history: History) -> Iterator[Row]:
    bought, books = history.purchase, history.books
    reference = f"{PROVIDER}_{blake2b(bought.id.bytes, digest_size=16).hexdigest()}"
    yield (
        payment.test_charge,
        {
            "reference": reference,
            "idempotency_key": idempotency_key(bought.id, "AUTHORIZATION", "1"),
            "session_id": SESSION,
            "amount_minor": books.due_minor,
            "currency": bought.currency,
            "status": "VOIDED" if books.voided_minor else "AUTHORIZED",
            "captured_minor": books.captured_minor,
            "refunded_minor": books.refunded_minor,
            "created_at": bought.placed_at,
        },
    )
    keys: list[UUID] = []
    for number, step in enumerate(_steps(history)):
        above = None if step.above is None else keys[step.above]
        rows = _told(history, number, step, PROVIDER, above, reference)
        row = rows[0][1]
        keys.append(row["id"])
        yield from rows
        if step.kind != "AUTHORIZATION":
            yield (
                payment.test_operation,
                {
                    "idempotency_key": row["idempotency_key"],
                    "reference": reference,
                    "kind": step.kind,
                    "amount_minor": step.amount_minor,
                    "created_at": step.at,
                },
            )


def _steps(history: History) -> Iterator[Step]:
    books = history.books
    yield Step("AUTHORIZATION", "1", books.authorized_minor, history.purchase.placed_at)
    if books.captured_minor:
        yield Step("CAPTURE", "1", books.captured_minor, history.paid_at, above=0)
    if books.voided_minor:
        yield Step("VOID", "1", books.voided_minor, history.cancelled_at, above=0)
    if history.refunded:
        refund = history.refunded
        yield Step("REFUND", str(refund.id), refund.amount_minor, refund.at, above=1)


def _told(
    history: History, number: int, step: Step, provider: str, above: UUID | None, reference: str | None
) -> list[Row]:
    """Return a step with its events: that it was asked for, and that it came about."""
    table, row = _transaction(history, number, step, provider, above, reference)
    told = ((2 * number, "REQUESTED", "REQUEST", None), (2 * number + 1, HAPPENED[step.kind], "ANSWER", reference))
    events: list[Row] = [
        (
            payment.event,
            {
                "id": history.key(Kind.PAYMENT_EVENT, which, step.at),
                "order_id": row["order_id"],
                "transaction_id": row["id"],
                "kind": kind,
                "source": source,
                "amount_minor": step.amount_minor,
                "reference": known,
                "at": step.at,
            },
        )
        for which, kind, source, known in told
    ]
    return [(table, row), *events]


def _transaction(
    history: History, number: int, step: Step, provider: str, above: UUID | None, reference: str | None
) -> Row:
    order_id = history.purchase.id
    return payment.transaction, {
        "id": history.key(Kind.TRANSACTION, number, step.at),
        "order_id": order_id,
        "kind": step.kind,
        "status": "SUCCESS",
        "amount_minor": step.amount_minor,
        "currency": history.purchase.currency,
        "provider": provider,
        "session_id": SESSION if step.kind == "AUTHORIZATION" else None,
        "parent_id": above,
        "idempotency_key": idempotency_key(order_id, step.kind, step.which),
        "reference": reference,
        "created_at": step.at,
        "processed_at": step.at,
    }
