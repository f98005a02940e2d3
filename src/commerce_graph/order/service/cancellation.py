"""An order is cancelled: what was not sent goes back into stock or is written off; its money is settled afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.limits import STAFF_NOTE_CHARS_MAX
from commerce_graph.order import rules
from commerce_graph.order.errors import invalid, wrong_state
from commerce_graph.order.service import goods, refunds, trail
from commerce_graph.order.tables import line, settlement


@dataclass(frozen=True, slots=True)
class Cancellation:
    """How an order is cancelled. Authorised money is always let go of; `refund` gives captured money back as well."""

    order_id: UUID
    reason: str
    refund: bool
    restock: bool
    staff_note: str | None = None
    notify_customer: bool = False


async def record(tx: AsyncConnection, wish: Cancellation, actor: str) -> UUID:
    """Cancel an order, note that its money is to be settled, and return its key. Statements do not grow with the lines.

    Limits: STAFF_NOTE_CHARS_MAX.
    Locks: order, fulfillment orders, stock levels.
    Emits: OrderUpdated(cancelled).
    Raises: Rejected(NOT_FOUND | INVALID_STATE | INVALID).
    """
    if wish.staff_note and len(wish.staff_note) > STAFF_NOTE_CHARS_MAX:
        raise invalid(("staffNote",), f"longer than {STAFF_NOTE_CHARS_MAX} characters")
    row = await trail.lock(tx, wish.order_id, ("orderId",))
    present = rules.life(closed=row.closed_at is not None, cancelled=row.cancelled_at is not None)
    if present == "CANCELLED":
        raise wrong_state(("orderId",), "the order was cancelled already")
    if not rules.LIFE.allows(present, "CANCELLED"):
        raise wrong_state(("orderId",), f"an order that is {present} cannot be cancelled")
    if row.fulfillment_status != "UNFULFILLED":
        raise wrong_state(("orderId",), "goods were sent already: refund them instead")
    lines = await goods.lines_of(tx, row.id)
    money = await trail.books(tx, row)
    await fulfilment.reduce(tx, row.id, None)
    await _clear_stock(tx, row.id, wish.restock)
    if wish.refund:
        await _refund(tx, row, lines, money, wish)
    await tx.execute(update(line).where(line.c.order_id == row.id).values(current_quantity=0))
    await tx.execute(
        insert(settlement)
        .values(order_id=row.id, refund=wish.refund)
        .on_conflict_do_update(index_elements=[settlement.c.order_id], set_={"refund": wish.refund})
    )
    ended = {"cancelled_at": func.now(), "cancel_reason": wish.reason}
    await trail.change(tx, row, **ended, **trail.money_values(row, money, cancelled=True))
    await trail.record(
        tx, row, "cancelled", f"The order was cancelled: {wish.reason.lower()}.", actor, reason=wish.reason,
        refund=wish.refund, restock=wish.restock, staff_note=wish.staff_note, notify_customer=wish.notify_customer,
    )  # fmt: skip
    return wish.order_id


async def _clear_stock(tx: AsyncConnection, order_id: UUID, restock: bool) -> None:
    if restock:
        await inventory.release(tx, order_id)
        return
    held = await goods.holdings(tx, order_id)
    if held:
        # Not to be sold again: it leaves the books as if it had been sent.
        await inventory.ship(tx, order_id, [(line_id, place, quantity) for (line_id, place), quantity in held.items()])


async def _refund(
    tx: AsyncConnection, row: Row[Any], lines: Mapping[UUID, Row[Any]], money: rules.Books, wish: Cancellation
) -> None:
    """Record that all that was captured goes back; what is captured only now, the settlement finds."""
    _, promised = await refunds.given_back(tx, row.id)
    amount = rules.refundable(money, promised)
    if not amount:
        return
    kind = "CANCEL" if wish.restock else "NO_RESTOCK"
    taken = [
        refunds.Taken(each, each.current_quantity, kind, None, each.quantity - each.current_quantity, 0)
        for each in lines.values()
        if each.current_quantity
    ]
    await refunds.insert_refund(tx, row.id, amount, 0, None, taken, [None] * len(taken))
