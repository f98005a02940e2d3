"""A merchant takes the money of an order, whole or in parts, or lets go of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel import claims
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected, refused_at
from commerce_graph.kernel.money import to_decimal, to_minor
from commerce_graph.order.errors import invalid, wrong_state
from commerce_graph.order.service import payments, trail
from commerce_graph.payment import service as payment

PARENT = ("parentTransactionId",)
T = TypeVar("T", payment.Opened, payment.Voiding)


@dataclass(frozen=True, slots=True)
class NewCapture:
    """A capture to make. `final`: whether what is left is let go of; None leaves it to the provider."""

    order_id: UUID
    parent_id: UUID
    amount: Decimal
    currency: str | None = None
    final: bool | None = None


async def capture(db: Database, new: NewCapture, actor: str, claim_id: UUID | None = None) -> UUID:
    """Take a part of what is held for an order, once a claim, and return the step's key.

    It is recorded in one transaction; then the provider is asked. Without an answer the step stays PENDING and a
    worker goes on with it.
    Locks: the order's row, then the payment's balance.
    Emits: OrderUpdated(captured | paid).
    Raises: Rejected(NOT_FOUND | INVALID_STATE | INVALID), nothing recorded; Rejected(PAYMENT_FAILED), recorded.
    """
    step_id, opened = await _first(db, claim_id, lambda tx: _open(tx, db, new))
    outcome = await (payment.capture(db, new.order_id, opened) if opened else payment.go_on(db, step_id))
    if outcome.status == "FAILURE":
        raise Rejected("PAYMENT_FAILED", ("input",), outcome.message or "the provider refused the capture")
    if outcome.status == "SUCCESS":
        await _note(db, step_id, actor, again=opened is None)
    return step_id


async def void(db: Database, transaction_id: UUID, actor: str, claim_id: UUID | None = None) -> UUID:
    """Let go of what an authorisation still holds, once a claim, and return the step's key.

    Locks: the payment's balance; afterwards the order's row.
    Emits: OrderUpdated(voided).
    Raises: Rejected(TRANSACTION_NOT_FOUND | AUTH_NOT_SUCCESSFUL | AUTH_NOT_VOIDABLE | GENERIC_ERROR).
    """
    step_id, opened = await _first(db, claim_id, lambda tx: _open_void(tx, transaction_id))
    outcome = await (payment.void(db, opened.step.order_id, opened) if opened else payment.go_on(db, step_id))
    if outcome.status == "FAILURE":
        raise Rejected("GENERIC_ERROR", PARENT, outcome.message or "the provider did not let go of it")
    if outcome.status == "SUCCESS":
        async with db.read() as conn:
            gone = (await _step(conn, step_id)).amount_minor
        if gone == 0:
            raise Rejected("AUTH_NOT_VOIDABLE", PARENT, "it was captured meanwhile")
        await _note(db, step_id, actor, again=opened is None)
    return step_id


async def _first(
    db: Database, claim_id: UUID | None, open_step: Callable[[AsyncConnection], Awaitable[T]]
) -> tuple[UUID, T | None]:
    """Open a step once a claim; returns its key, and the step itself unless it was opened before."""
    opened: list[T] = []

    async def work(tx: AsyncConnection) -> UUID:
        opened.append(await open_step(tx))
        return opened[0].step.id

    return await claims.first(db, claim_id, work), opened[0] if opened else None


async def _open(tx: AsyncConnection, db: Database, new: NewCapture) -> payment.Opened:
    row = await trail.lock(tx, new.order_id, ("input", "id"))
    if row.cancelled_at is not None:
        raise wrong_state(("input", "id"), "the order was cancelled")
    amount_minor = _minor(new, row.currency)
    with refused_at("input"):
        return await payment.open_part(tx, db, new.order_id, new.parent_id, amount_minor, new.final)


def _minor(new: NewCapture, currency: str) -> int:
    if new.currency not in (None, currency):
        raise invalid(("input", "currency"), f"the order is in {currency}")
    try:
        return to_minor(new.amount, currency)
    except ValueError as wrong:
        raise invalid(("input", "amount"), str(wrong)) from None


async def _open_void(tx: AsyncConnection, transaction_id: UUID) -> payment.Voiding:
    step = await payment.transaction_of_id(tx, transaction_id)
    if step is None or step.kind != "AUTHORIZATION":
        raise Rejected("TRANSACTION_NOT_FOUND", PARENT, "there is no such authorisation")
    if step.status != "SUCCESS":
        raise Rejected("AUTH_NOT_SUCCESSFUL", PARENT, f"the authorisation is {step.status}")
    opened = await payment.open_void(tx, step.order_id)
    if opened is None or opened.target.id != step.id:
        raise Rejected("AUTH_NOT_VOIDABLE", PARENT, "nothing is held any more")
    return opened


async def _step(conn: AsyncConnection, step_id: UUID) -> payment.Transaction:
    step = await payment.transaction_of_id(conn, step_id)
    if step is None:
        raise LookupError(f"there is no transaction {step_id}")
    return step


async def _note(db: Database, step_id: UUID, actor: str, *, again: bool) -> None:
    """Bring an order in line with a capture or void that succeeded, and tell of it once.

    `again`: somebody went on with a step that was opened before. Where the order has followed it by then, it was told.
    """
    async with db.begin() as tx:
        step = await _step(tx, step_id)
        row = await trail.lock(tx, step.order_id, [])
        values = trail.money_values(row, await trail.books(tx, row))
        if values:
            await trail.change(tx, row, **values)
        elif again or await trail.tells_of(tx, row, transaction_id=str(step_id)):
            return
        change, message = payments.told("voided")
        if step.kind == "CAPTURE":
            change = payments.CHANGES.get(values.get("financial_status", ""), "captured")
            message = f"{to_decimal(step.amount_minor, row.currency)} {row.currency} was captured."
        await trail.record(tx, row, change, message, actor, transaction_id=str(step_id), amount_minor=step.amount_minor)
