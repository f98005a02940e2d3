"""An order is put away when there is nothing more to do for it, and taken out again."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.order import rules
from commerce_graph.order.errors import wrong_state
from commerce_graph.order.service import trail


async def close(tx: AsyncConnection, order_id: UUID, actor: str) -> None:
    """Put an order away. Repeating it changes nothing.

    Locks: the order's row. Emits: OrderUpdated(closed). Raises: Rejected(NOT_FOUND | INVALID_STATE).
    """
    await _move(tx, order_id, "CLOSED", actor)


async def reopen(tx: AsyncConnection, order_id: UUID, actor: str) -> None:
    """Take a closed order out again. Repeating it changes nothing.

    Locks: the order's row. Emits: OrderUpdated(reopened). Raises: Rejected(NOT_FOUND | INVALID_STATE).
    """
    await _move(tx, order_id, "OPEN", actor)


async def _move(tx: AsyncConnection, order_id: UUID, wanted: str, actor: str) -> None:
    path = ("input", "id")
    row = await trail.lock(tx, order_id, path)
    present = rules.life(closed=row.closed_at is not None, cancelled=row.cancelled_at is not None)
    if not rules.LIFE.allows(present, wanted):
        raise wrong_state(path, f"an order that is {present} cannot become {wanted}")
    if present == wanted:
        return
    closing = wanted == "CLOSED"
    await trail.change(tx, row, closed_at=func.now() if closing else None)
    told = "closed" if closing else "reopened"
    await trail.record(tx, row, told, f"The order was {told}.", actor)
