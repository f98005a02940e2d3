"""An order under change: its lock, its trail of events, and the facts it announces."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Row, Text, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.events import OrderUpdated
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.outbox import Event, publish
from commerce_graph.kernel.statements import Given
from commerce_graph.order import rules
from commerce_graph.order.errors import unknown_order
from commerce_graph.order.tables import event, order
from commerce_graph.payment import service as payment

OF_MONEY = {"financial_status", "refunded_minor"}


async def lock(tx: AsyncConnection, order_id: UUID, path: Sequence[str]) -> Row[Any]:
    """Lock an order's row and return it. Raises: Rejected(NOT_FOUND)."""
    row = (await tx.execute(select(order).where(order.c.id == order_id).with_for_update())).one_or_none()
    if row is None:
        raise unknown_order(path)
    return row


def event_of(changed: CTE, ids: Given, change: str, message: ColumnElement[str]) -> CTE:
    """Return the part of a statement that adds an event to the trail of each order that another part changed.

    `ids`: keys of the events by the `id` of their orders.
    """
    values = {
        "id": ids.c.event_id,
        "order_id": changed.c.id,
        "kind": literal(change, Text),
        "message": message,
    }
    telling = select(*values.values()).join(changed, changed.c.id == ids.c.id)
    return insert(event).from_select(list(values), telling).cte("told")


async def record(
    tx: AsyncConnection, row: Row[Any], change: str, message: str, actor: str = "", facts: Sequence[Event] = (),
    **data: Any,
) -> None:  # fmt: skip
    """Add an event to an order's trail and announce it, with other facts that became true. 2 statements.

    Emits: OrderUpdated(change).
    """
    values = {"id": new_id(), "order_id": row.id, "kind": change, "message": message, "actor": actor, "data": data}
    await tx.execute(insert(event).values(values))
    await publish(tx, *facts, OrderUpdated(row.id, row.customer_id, change))


async def tells(tx: AsyncConnection, row: Row[Any], change: str) -> bool:
    """Tell whether an order's trail has an event of this kind. 1 statement."""
    mine = select(event.c.id).where(event.c.order_id == row.id, event.c.kind == change).limit(1)
    return (await tx.execute(mine)).one_or_none() is not None


async def tells_of(tx: AsyncConnection, row: Row[Any], **data: str) -> bool:
    """Tell whether an order's trail has an event with this data. 1 statement."""
    mine = select(event.c.id).where(event.c.order_id == row.id, event.c.data.contains(data)).limit(1)
    return (await tx.execute(mine)).one_or_none() is not None


async def change(tx: AsyncConnection, row: Row[Any], **values: Any) -> None:
    """Write new values into a locked order, refusing a step that the state machines do not have. 1 statement.

    What is not of its money alone makes a new version of the order.
    """
    for name, machine in (("financial_status", rules.FINANCIAL), ("fulfillment_status", rules.FULFILMENT)):
        present, wanted = getattr(row, name), values.get(name)
        if wanted is not None and not machine.allows(present, wanted):
            # The callers derive statuses from books that only grow, so this is a fault, not a refusal.
            raise RuntimeError(f"order {row.id} cannot go from {present} to {wanted}")
    version = row.version + bool(values.keys() - OF_MONEY)
    changing = update(order).where(order.c.id == row.id)
    await tx.execute(changing.values(**values, version=version, updated_at=func.now()))


async def books(tx: AsyncConnection, row: Row[Any]) -> rules.Books:
    """Return what has happened to an order's money. 1 statement."""
    return await books_of(tx, row.id) or rules.Books(due_minor=row.total_minor)


async def books_of(conn: AsyncConnection, order_id: UUID) -> rules.Books | None:
    """Return what has happened to an order's money, None where its books were not opened. 1 statement."""
    (balance,) = await payment.balances(conn, [order_id])
    if balance is None:
        return None
    return rules.Books(
        balance.due_minor,
        balance.authorized_minor,
        balance.captured_minor,
        balance.refunded_minor,
        balance.voided_minor,
    )


def money_values(row: Row[Any], money: rules.Books, *, cancelled: bool | None = None) -> Mapping[str, Any]:
    """Return the columns of an order that follow from its books, as far as they differ from what it has."""
    ended = row.cancelled_at is not None if cancelled is None else cancelled
    told = {
        "financial_status": rules.financial_status(money, cancelled=ended),
        "refunded_minor": money.refunded_minor,
    }
    return {name: value for name, value in told.items() if getattr(row, name) != value}
