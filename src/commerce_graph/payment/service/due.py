"""What is due for an order changes, because the order does."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.errors import Rejected
from commerce_graph.payment import errors
from commerce_graph.payment.rules import OPEN
from commerce_graph.payment.service import books
from commerce_graph.payment.tables import balance


async def raise_due(tx: AsyncConnection, order_id: UUID, by_minor: int) -> None:
    """Let more be due for an order. 1 statement. Locks: the balance. Raises: Rejected(INVALID) where it has none."""
    mine = update(balance).where(balance.c.order_id == order_id)
    if not (await tx.execute(mine.values(due_minor=balance.c.due_minor + by_minor))).rowcount:
        raise Rejected(errors.INVALID, None, "no books are kept of this order's money")


async def lower_due(tx: AsyncConnection, order_id: UUID, by_minor: int) -> int:
    """Let less be due, as far as it is neither paid nor being paid, and return by how much. The rest is to be refunded.

    Locks: the balance.
    """
    present, steps = await books.lock(tx, order_id)
    if present is None:
        return 0
    coming = sum(step.amount_minor for step in steps if step.kind in ("CAPTURE", "SALE") and step.status in OPEN)
    floor = max(present.captured_minor + coming, present.authorized_minor)
    lowered = max(0, min(by_minor, present.due_minor - floor))
    if lowered:
        mine = update(balance).where(balance.c.order_id == order_id)
        await tx.execute(mine.values(due_minor=balance.c.due_minor - lowered))
    return lowered
