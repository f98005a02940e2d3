"""What is known of an order's payment is written into the order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, Uuid, bindparam, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.events import OrderUpdated
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import publish
from commerce_graph.kernel.statements import Given, built_once, locked
from commerce_graph.order import rules
from commerce_graph.order.errors import wrong_state
from commerce_graph.order.service import trail
from commerce_graph.order.tables import order, settlement
from commerce_graph.payment import service as payment

MESSAGES = {
    "paid": "The payment was captured.",
    "captured": "A part of the payment was captured.",
    "voided": "The payment was voided.",
    "authorized": "The payment was authorised.",
    "refunded": "Money was refunded.",
    "capture_failed": "The payment could not be captured.",
}
AS_PLACED = "AUTHORIZED"
"""The financial status that an order with something to pay is placed with."""
CHANGES = {
    "AUTHORIZED": "authorized", "PARTIALLY_PAID": "captured", "PAID": "paid", "PARTIALLY_REFUNDED": "refunded",
    "REFUNDED": "refunded", "VOIDED": "voided",
}  # fmt: skip
UNPAID = frozenset({"PENDING", "AUTHORIZED", "PARTIALLY_PAID"})


async def note_payment(tx: AsyncConnection, order_id: UUID, change: str) -> None:
    """Bring the financial status in line with the payment's balance and add an event (`change`: paid, voided, ...).

    News that change no status (such as capture_failed) are an event too, once. 3 statements for an order that has been
    as it was placed until now.
    Locks: the order's row. Emits: OrderUpdated(change). Repeating it changes nothing.
    Raises: Rejected(NOT_FOUND).
    """
    if await _note_first(tx, order_id, change):
        return
    row = await trail.lock(tx, order_id, [])
    values = trail.money_values(row, await trail.books(tx, row))
    if values:
        await trail.change(tx, row, **values)
    elif await trail.tells(tx, row, change):
        return
    await trail.record(tx, row, *told(change))


async def _note_first(tx: AsyncConnection, order_id: UUID, change: str) -> bool:
    """Note the first payment of an order that is as it was placed; False, and nothing changed, where it is not.

    The books are read before the order is locked, so they can be older than it. That does no harm: whoever notes newer
    ones changes the order's status, which only goes forward, and then this changes nothing.
    """
    money = await trail.books_of(tx, order_id)
    status = rules.financial_status(money) if money else AS_PLACED
    if money is None or money.refunded_minor or not rules.FINANCIAL.allows(AS_PLACED, status):
        return False
    if status == AS_PLACED:
        return False
    return bool(await _note(tx, [order_id], status, change))


async def note_paid(tx: AsyncConnection, order_ids: Sequence[UUID]) -> set[UUID]:
    """Note that orders that are as they were placed are PAID, and return those; of another nothing changes.

    The caller sees to it, in the same transaction, that this is what the books then say.
    2 statements however many. Locks: the orders by id. Emits: OrderUpdated(paid).
    """
    return await _note(tx, order_ids, "PAID", "paid")


async def _note(tx: AsyncConnection, order_ids: Sequence[UUID], status: str, change: str) -> set[UUID]:
    statement, noted = _noting(change)
    ids = noted.values([(each, new_id()) for each in order_ids])
    changed = (await tx.execute(statement, {**ids, "status": status})).all()
    await publish(tx, *(OrderUpdated(row.id, row.customer_id, change) for row in changed))
    return {row.id for row in changed}


@built_once
def _noting(change: str) -> tuple[Select[Any], Given]:
    noted = Given("noted", id=Uuid, event_id=Uuid)
    mine = select(order.c.id).join(noted.table, noted.c.id == order.c.id).order_by(order.c.id)
    as_placed = (order.c.financial_status == AS_PLACED, order.c.refunded_minor == 0, order.c.cancelled_at.is_(None))
    changing = update(order).where(order.c.id == locked(mine, order).c.id, *as_placed)
    noting = changing.values(financial_status=bindparam("status", type_=Text), updated_at=func.now())
    changed = noting.returning(order.c.id, order.c.customer_id).cte("changed")
    _, message = told(change)
    event = trail.event_of(changed, noted, change, literal(message, Text))
    return select(changed.c.id, changed.c.customer_id).add_cte(event), noted


async def follow_payment(db: Database, order_id: UUID) -> None:
    """Bring an order in line with its payment when something outside changed that. Repeating it changes nothing.

    Before its order there is a payment already; then there is nothing to do.
    Locks: the order's row. Emits: OrderUpdated(authorized | captured | paid | refunded | voided).
    """
    async with db.begin() as tx:
        row = (await tx.execute(select(order).where(order.c.id == order_id).with_for_update())).one_or_none()
        if row is None:
            return
        values = trail.money_values(row, await trail.books(tx, row))
        status = values.get("financial_status", row.financial_status)
        if not values or not rules.FINANCIAL.allows(row.financial_status, status):
            return
        await trail.change(tx, row, **values)
        await trail.record(tx, row, *told(CHANGES[status]))


def told(change: str) -> tuple[str, str]:
    """Return a change of the payment with the message for the order's trail."""
    return change, MESSAGES.get(change, f"The payment changed: {change}.")


async def record_paid(tx: AsyncConnection, order_id: UUID, actor: str) -> UUID:
    """Record that an order was paid outside, and that what a provider holds is to be let go of; return its key.

    Locks: the order's row, then the payment's balance.
    Emits: OrderUpdated(paid).
    Raises: Rejected(NOT_FOUND | INVALID_STATE | INVALID).
    """
    path = ("input", "id")
    row = await trail.lock(tx, order_id, path)
    if row.cancelled_at is not None:
        raise wrong_state(path, "the order was cancelled")
    if row.financial_status not in UNPAID:
        raise wrong_state(path, f"nothing is due: the order is {row.financial_status}")
    await payment.mark_as_paid(tx, order_id)
    await tx.execute(insert(settlement).values(order_id=order_id, refund=False).on_conflict_do_nothing())
    await trail.change(tx, row, **trail.money_values(row, await trail.books(tx, row)))
    await trail.record(tx, row, "paid", "The order was marked as paid.", actor)
    return order_id
