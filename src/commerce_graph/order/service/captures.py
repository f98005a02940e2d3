"""A merchant takes the money of an order, whole or in parts, or lets go of it."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected, refused_at
from commerce_graph.kernel.money import to_decimal, to_minor
from commerce_graph.order.errors import invalid, wrong_state
from commerce_graph.order.service import payments, trail
from commerce_graph.payment import service as payment


@dataclass(frozen=True, slots=True)
class NewCapture:
    """A capture to make. `final`: whether what is left is let go of; None leaves it to the provider."""

    order_id: UUID
    parent_id: UUID
    amount: Decimal
    currency: str | None = None
    final: bool | None = None


async def capture(db: Database, new: NewCapture, actor: str) -> UUID:
    """Take a part of what is held for an order, and return the step's key.

    It is recorded in one transaction; then the provider is asked. Without an answer the step stays PENDING and a
    worker goes on with it.
    Locks: the order's row, then the payment's balance.
    Emits: OrderUpdated(captured | paid).
    Raises: Rejected(NOT_FOUND | INVALID_STATE | INVALID), nothing recorded; Rejected(PAYMENT_FAILED), recorded.
    """
    async with db.begin() as tx:
        row = await trail.lock(tx, new.order_id, ("input", "id"))
        if row.cancelled_at is not None:
            raise wrong_state(("input", "id"), "the order was cancelled")
        amount_minor = _minor(new, row.currency)
        with refused_at("input"):
            opened = await payment.open_part(tx, db, new.order_id, new.parent_id, amount_minor, new.final)
    outcome = await payment.capture(db, new.order_id, opened)
    if outcome.status == "FAILURE":
        raise Rejected("PAYMENT_FAILED", ("input",), outcome.message or "the provider refused the capture")
    if outcome.status == "SUCCESS":
        await _note(db, new.order_id, amount_minor, actor)
    return opened.step.id


def _minor(new: NewCapture, currency: str) -> int:
    if new.currency not in (None, currency):
        raise invalid(("input", "currency"), f"the order is in {currency}")
    try:
        return to_minor(new.amount, currency)
    except ValueError as wrong:
        raise invalid(("input", "amount"), str(wrong)) from None


async def _note(db: Database, order_id: UUID, amount_minor: int, actor: str) -> None:
    async with db.begin() as tx:
        row = await trail.lock(tx, order_id, [])
        values = trail.money_values(row, await trail.books(tx, row))
        if values:
            await trail.change(tx, row, **values)
        change = payments.CHANGES.get(values.get("financial_status", ""), "captured")
        message = f"{to_decimal(amount_minor, row.currency)} {row.currency} was captured."
        await trail.record(tx, row, change, message, actor, amount_minor=amount_minor)


async def void(db: Database, transaction_id: UUID, actor: str) -> UUID:
    """Let go of what an authorisation still holds, and return the step's key.

    Locks: the payment's balance; afterwards the order's row.
    Emits: OrderUpdated(voided).
    Raises: Rejected(TRANSACTION_NOT_FOUND | AUTH_NOT_SUCCESSFUL | AUTH_NOT_VOIDABLE | GENERIC_ERROR).
    """
    async with db.read() as conn:
        step = await payment.transaction_of_id(conn, transaction_id)
    path = ("parentTransactionId",)
    if step is None or step.kind != "AUTHORIZATION":
        raise Rejected("TRANSACTION_NOT_FOUND", path, "there is no such authorisation")
    if step.status != "SUCCESS":
        raise Rejected("AUTH_NOT_SUCCESSFUL", path, f"the authorisation is {step.status}")
    async with db.read() as conn:
        (before,) = await payment.transactions(conn, [step.order_id])
    if payment.held_minor(before) <= 0:
        raise Rejected("AUTH_NOT_VOIDABLE", path, "nothing is held any more")
    outcome = await payment.void(db, step.order_id)
    async with db.read() as conn:
        (steps,) = await payment.transactions(conn, [step.order_id])
    voided = [each for each in steps if each.kind == "VOID" and each.parent_id == step.id]
    if outcome.status == "FAILURE" or not voided:
        raise Rejected("GENERIC_ERROR", path, outcome.message or "the provider did not let go of it")
    if outcome.status == "SUCCESS" and voided[-1].amount_minor == 0:
        raise Rejected("AUTH_NOT_VOIDABLE", path, "it was captured meanwhile")
    if outcome.status == "SUCCESS":
        await _note_void(db, step.order_id, actor)
    return voided[-1].id


async def _note_void(db: Database, order_id: UUID, actor: str) -> None:
    async with db.begin() as tx:
        row = await trail.lock(tx, order_id, [])
        values = trail.money_values(row, await trail.books(tx, row))
        if values:
            await trail.change(tx, row, **values)
        await trail.record(tx, row, *payments.told("voided"), actor)
