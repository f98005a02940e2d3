"""What happened to a payment without us: by its buyer, in the provider's dashboard, or in a call whose answer is lost.

The provider is asked how the payment stands, and the books catch up with it. It does not matter which news made us
ask, how late it came or how often: what the books have already is not added again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.payment import rules
from commerce_graph.payment.rules import OPEN, Balance, Step
from commerce_graph.payment.service import books
from commerce_graph.payment.service.authorization import (
    Voiding,
    close_authorization,
    close_void,
    open_orphans_void,
)
from commerce_graph.payment.service.provider import Answer, Refunded, Report

log = structlog.get_logger()

SOURCE = "WEBHOOK"


@dataclass(slots=True)
class _Books:
    """An order's books, locked, and what is known of the authorisation that the news are about."""

    tx: AsyncConnection
    step: Step
    balance: Balance
    steps: Sequence[Step]

    async def read(self) -> "_Books":
        """Read them again after they were written."""
        balance, steps = await books.lock(self.tx, self.step.order_id)
        assert balance is not None
        step = next(each for each in steps if each.id == self.step.id)
        return _Books(self.tx, step, balance, steps)

    def about(self, kind: str) -> list[Step]:
        """Return the steps of a kind that are about the authorisation."""
        return [each for each in self.steps if each.kind == kind and each.parent_id == self.step.id]


async def catch_up(tx: AsyncConnection, step: Step, report: Report) -> Voiding | None:
    """Bring the books of an authorisation in line with its provider's; returns a void that is to be carried out.

    Locks: the balance. Emits: PaymentAnswered for what is new.
    """
    void = None
    if step.status in OPEN and report.answer is not None and report.answer.status != "ACTION":
        _, void = await close_authorization(tx, step, report.answer, source=SOURCE, announce=True)
    found = await _Books(tx, step, Balance("", 0, 0, 0, 0, 0), ()).read()
    if found.step.status == "FAILURE" and report.held_minor:
        return await open_orphans_void(tx, step, report.asked.reference, again=True)
    if found.step.status != "SUCCESS":
        return void
    await _captured(found, report)
    found = await found.read()
    await _released(found, report)
    found = await found.read()
    for refund in report.refunds:
        await _refunded(found, refund)
    return None


async def _captured(found: _Books, report: Report) -> None:
    known = sum(each.amount_minor for each in found.about("CAPTURE") if each.status == "SUCCESS")
    new = report.captured_minor - known
    if new <= 0:
        return
    left = found.balance.due_minor - found.balance.captured_minor
    if new > left:
        # Paid twice, here and outside: the books of an order do not hold more than it costs.
        log.error("payment.overpaid", order_id=str(found.step.order_id), amount_minor=new, due_minor=left)
        new = left
    if new:
        open_ = next((each for each in found.about("CAPTURE") if each.status in OPEN), None)
        step = open_ or await _open(found, "CAPTURE", report.asked.reference, new, found.step)
        answer = Answer("SUCCESS", new, report.asked.reference)
        await books.close_step(found.tx, step, answer, source=SOURCE, announce=True)


async def _released(found: _Books, report: Report) -> None:
    amount = min(report.released_minor, rules.held_minor(found.steps))
    if amount <= 0:
        return
    open_ = next((each for each in found.about("VOID") if each.status in OPEN), None)
    step = open_ or await _open(found, "VOID", report.asked.reference, amount, found.step)
    answer = Answer("SUCCESS", amount, report.asked.reference)
    await close_void(found.tx, step, found.step, answer, source=SOURCE, announce=True)


async def _refunded(found: _Books, refund: Refunded) -> None:
    known = next(
        (
            each
            for each in found.steps
            if each.kind == "REFUND" and (each.idempotency_key == refund.key or each.reference == refund.reference)
        ),
        None,
    )
    if refund.status == "FAILURE" and known is not None and known.status == "SUCCESS":
        told = "The bank sent the refund back."
        await books.note(found.tx, known, "FAILED", SOURCE, 0, refund.reference, told)
    elif known is not None and known.status not in OPEN:
        return
    elif refund.status == "SUCCESS":
        paid = rules.newest([each for each in found.about("CAPTURE") if each.status == "SUCCESS"], "CAPTURE")
        step = known or await _open(found, "REFUND", refund.reference, refund.amount_minor, paid)
        answer = Answer("SUCCESS", refund.amount_minor, refund.reference)
        await books.close_step(found.tx, step, answer, source=SOURCE, announce=True)


async def _open(found: _Books, kind: str, reference: str | None, amount_minor: int, parent: Step | None) -> Step:
    key = rules.idempotency_key(found.step.order_id, kind, reference)
    return await books.open_step(
        found.tx, found.step.order_id, kind, key, amount_minor, found.step.provider, parent=parent
    )
