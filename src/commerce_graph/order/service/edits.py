"""An edit is committed: lines, stock, what is to be sent and what is due follow, all in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Row, Uuid, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.inventory import errors as stock
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.service.ownership import hand_over
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.limits import RESERVATION_TTL_S, STAFF_NOTE_CHARS_MAX
from commerce_graph.kernel.money import to_decimal
from commerce_graph.order import rules
from commerce_graph.order.errors import invalid, order_changed, out_of_stock, unknown_edit, wrong_state
from commerce_graph.order.service import drafts, goods, refunds, trail
from commerce_graph.order.service.drafts import Draft, DraftLine
from commerce_graph.order.tables import edit, line
from commerce_graph.payment.service.due import lower_due, raise_due


@dataclass(frozen=True, slots=True)
class Commit:
    """An edit to commit, and what to keep with the event."""

    edit_id: UUID
    staff_note: str | None = None
    notify_customer: bool = False


async def order_of(conn: AsyncConnection, edit_id: UUID) -> UUID:
    """Return the key of the order that an edit is of. 1 statement. Raises: Rejected(NOT_FOUND)."""
    mine = select(edit.c.order_id).where(edit.c.id == edit_id)
    order_id: UUID | None = (await conn.execute(mine)).scalar_one_or_none()
    if order_id is None:
        raise unknown_edit()
    return order_id


async def record(tx: AsyncConnection, wish: Commit, actor: str) -> UUID:
    """Commit an edit, and return the key of its refund where money is to go back, else that of the order.

    Stock is bought for what is added and given up for what is taken off. What is taken off is a refund of unsent
    pieces; its money is what they cost, less what is added, less what was not paid yet.
    Limits: STAFF_NOTE_CHARS_MAX. Statements do not grow with the lines.
    Locks: order, draft, payment balance, fulfillment orders, stock levels, reservations.
    Emits: OrderUpdated(edited).
    Raises: Rejected(NOT_FOUND | INVALID | INVALID_STATE | ORDER_CHANGED | OUT_OF_STOCK).
    """
    if wish.staff_note and len(wish.staff_note) > STAFF_NOTE_CHARS_MAX:
        raise invalid(("staffNote",), f"longer than {STAFF_NOTE_CHARS_MAX} characters")
    order_id = await order_of(tx, wish.edit_id)
    row = await trail.lock(tx, order_id, ("id",))
    await tx.execute(select(edit.c.id).where(edit.c.id == wish.edit_id).with_for_update())
    draft = await drafts.draft_of(tx, wish.edit_id)
    _refuse(row, draft)
    up = [each for each in draft.lines if each.added]
    down = [each for each in draft.lines if each.removed]
    if not up and not down:
        raise invalid(("id",), "the edit changes nothing")
    refund_id, back = await _move_due(tx, draft, down)
    await _write_lines(tx, order_id, draft, up, down)
    await _move_goods(tx, wish.edit_id, draft, up, down)
    await tx.execute(update(edit).where(edit.c.id == wish.edit_id).values(state="COMMITTED", committed_at=func.now()))
    await _write_order(tx, row, draft, up, down)
    await trail.record(
        tx, row, "edited", _told(draft, up, down, back), actor, edit_id=str(wish.edit_id),
        added={str(each.id): each.added for each in up}, removed={str(each.id): each.removed for each in down},
        difference_minor=draft.difference_minor, refund_id=str(refund_id) if refund_id else None,
        staff_note=wish.staff_note, notify_customer=wish.notify_customer,
    )  # fmt: skip
    return refund_id if refund_id and back else order_id


def _refuse(row: Row[Any], draft: Draft) -> None:
    if draft.state != "OPEN":
        raise wrong_state(("id",), "the edit was committed already")
    if draft.version != row.version:
        raise order_changed()
    drafts.refuse_uneditable(row)


async def _move_due(tx: AsyncConnection, draft: Draft, down: Sequence[DraftLine]) -> tuple[UUID | None, int]:
    """Let more or less be due, and record as a refund what was paid for pieces that are taken off.

    Returns the refund's key and how much money it gives back.
    """
    order_id, difference, back = draft.order.id, draft.difference_minor, 0
    if difference > 0:
        await raise_due(tx, order_id, difference)
    if difference < 0:
        paid = -difference - await lower_due(tx, order_id, -difference)
        _, promised = await refunds.given_back(tx, order_id)
        # Less where the merchant has given more back before than the pieces cost.
        back = min(paid, rules.refundable(await trail.books(tx, draft.order), promised))
    if not down:
        return None, 0
    taken = [
        refunds.Taken(
            each.row, each.removed, "CANCEL" if each.restock else "NO_RESTOCK", None,
            each.row.quantity - each.before, each.removed,
        )
        for each in down if each.row is not None
    ]  # fmt: skip
    return await refunds.insert_refund(tx, order_id, back, 0, None, taken, [None] * len(taken)), back


async def _write_lines(
    tx: AsyncConnection, order_id: UUID, draft: Draft, up: Sequence[DraftLine], down: Sequence[DraftLine]
) -> None:
    grown = [(each.id, each.added, each.unit_price_minor * each.added, each.tax_minor) for each in up if each.row]
    if grown:
        by = given(grown, id=Uuid, quantity=Integer, total_minor=BigInteger, tax_minor=BigInteger)
        values = {name: line.c[name] + by.c[name] for name in ("quantity", "total_minor", "tax_minor")}
        values["current_quantity"] = line.c.current_quantity + by.c.quantity
        await tx.execute(update(line).where(line.c.order_id == order_id, line.c.id == by.c.id).values(values))
    fresh = [each for each in up if each.row is None]
    first = max((each.row.position for each in draft.lines if each.row is not None), default=-1) + 1
    if fresh:
        rows = [
            {
                "id": each.id, "order_id": order_id, "position": first + at, **each.sold, "quantity": each.added,
                "current_quantity": each.added, "total_minor": each.unit_price_minor * each.added,
                "tax_minor": each.tax_minor,
            }
            for at, each in enumerate(fresh)
        ]  # fmt: skip
        await tx.execute(insert(line).values(rows))
    await goods.add_quantities(tx, order_id, "current_quantity", [(each.id, -each.removed) for each in down])


async def _move_goods(
    tx: AsyncConnection, edit_id: UUID, draft: Draft, up: Sequence[DraftLine], down: Sequence[DraftLine]
) -> None:
    order_id = draft.order.id
    released = {each.id: each.removed for each in down if each.restock}
    lost = {each.id: each.removed for each in down if not each.restock}
    gone = await goods.reduce(tx, order_id, released, lost, draft.unsent)
    parts = await _buy(tx, edit_id, draft, up, others=bool(gone.back or gone.out)) if up else []
    await goods.give_up(tx, order_id, gone)
    await fulfilment.extend(tx, order_id, parts)


async def _buy(
    tx: AsyncConnection, edit_id: UUID, draft: Draft, up: Sequence[DraftLine], *, others: bool
) -> list[fulfilment.ToSend]:
    """Buy stock for what is added, and return where it is sent from.

    It is bought in the edit's name, which has bought nothing before, and then handed over to the order.
    """
    order = draft.order
    wanted = [inventory.Wanted(each.id, each.sold["variant_id"], each.added) for each in up]
    if others:
        # What is given up next locks its levels too: asked for with nothing, all are locked at once and in order.
        theirs = list(dict.fromkeys(each.sold["variant_id"] for each in draft.lines if each.row is not None))
        known = zip(theirs, await inventory.stock(tx, theirs), strict=True)
        wanted += [inventory.Wanted(edit_id, variant_id, 0) for variant_id, found in known if found]
    country = (order.shipping_address or {}).get("country_code") or order.country
    try:
        held = await inventory.reserve(tx, edit_id, wanted, country, now() + timedelta(seconds=RESERVATION_TTL_S))
    except stock.OutOfStock as short:
        title = next(str(each.sold["title"]) for each in up if each.id == short.line_id)
        raise out_of_stock(title, short.available) from None
    await inventory.commit(tx, edit_id)
    await hand_over(tx, edit_id, order.id)
    return [fulfilment.ToSend(x.line_id, x.variant_id, x.location_id, x.quantity) for x in held if x.quantity]


async def _write_order(
    tx: AsyncConnection, row: Row[Any], draft: Draft, up: Sequence[DraftLine], down: Sequence[DraftLine]
) -> None:
    sent = sum(each.row.fulfilled_quantity for each in draft.lines if each.row is not None)
    left = draft.unsent.total + sum(each.added for each in up) - sum(each.removed for each in down)
    values = {
        "subtotal_minor": row.subtotal_minor + draft.subtotal_minor,
        "tax_minor": row.tax_minor + draft.tax_minor,
        "total_minor": row.total_minor + draft.added_minor,
        "tax_lines": _tax_lines(row.tax_lines, draft),
        "fulfillment_status": rules.fulfillment_status(sent, left),
        "edited_at": func.now(),
    }
    await trail.change(tx, row, **values, **trail.money_values(row, await trail.books(tx, row)))


def _tax_lines(stored: Sequence[dict[str, Any]], draft: Draft) -> list[dict[str, Any]]:
    if not draft.tax_minor or draft.rate is None:
        return list(stored)
    own = {"title": draft.rate.title, "rate_bps": draft.rate.rate_bps}
    mine = next((each for each in stored if {name: each.get(name) for name in own} == own), None)
    others = [each for each in stored if each is not mine]
    return [*others, {**own, "amount_minor": draft.tax_minor + (mine["amount_minor"] if mine else 0)}]


def _told(draft: Draft, up: Sequence[DraftLine], down: Sequence[DraftLine], back: int) -> str:
    currency = draft.order.currency
    parts = [f"{sum(each.added for each in up)} pieces were added"] if up else []
    parts += [f"{sum(each.removed for each in down)} pieces were taken off"] if down else []
    if draft.difference_minor > 0:
        parts.append(f"{to_decimal(draft.difference_minor, currency)} {currency} more is due")
    if back:
        parts.append(f"{to_decimal(back, currency)} {currency} goes back")
    return f"The order was edited: {', '.join(parts)}."
