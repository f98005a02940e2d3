"""What is known of an order's payment is written into the order."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.order.errors import wrong_state
from commerce_graph.order.service import trail
from commerce_graph.order.tables import settlement
from commerce_graph.payment import service as payment

MESSAGES = {
    "paid": "The payment was captured.",
    "voided": "The payment was voided.",
    "authorized": "The payment was authorised.",
    "refunded": "Money was refunded.",
    "capture_failed": "The payment could not be captured.",
}
UNPAID = frozenset({"PENDING", "AUTHORIZED", "PARTIALLY_PAID"})


async def note_payment(tx: AsyncConnection, order_id: UUID, change: str) -> None:
    """Bring the financial status in line with the payment's balance and add an event (`change`: paid, voided, ...).

    News that change no status (such as capture_failed) are an event too, once.
    Locks: the order's row. Emits: OrderUpdated(change). Repeating it changes nothing.
    Raises: Rejected(NOT_FOUND).
    """
    row = await trail.lock(tx, order_id, [])
    values = trail.money_values(row, await trail.books(tx, row))
    if values:
        await trail.change(tx, row, **values)
    elif await trail.tells(tx, row, change):
        return
    await trail.record(tx, row, *told(change))


def told(change: str) -> tuple[str, str]:
    """Return a change of the payment with the message for the order's trail."""
    return change, MESSAGES.get(change, f"The payment changed: {change}.")


async def record_paid(tx: AsyncConnection, order_id: UUID, actor: str) -> None:
    """Record that an order was paid outside, and that what a provider still holds for it is to be let go of.

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
