"""Goods that were sent come back: asked for, approved, received, restocked or not, and refunded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, Uuid, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import ORDER_INPUT_LINES_MAX, ORDER_RETURNS_MAX, TEXT_CHARS_MAX
from commerce_graph.order import rules
from commerce_graph.order.errors import invalid, unknown_return, wrong_state
from commerce_graph.order.service import goods, refunds, trail
from commerce_graph.order.tables import return_, return_line

TOLD = {
    "OPEN": ("return_approved", "was approved"),
    "DECLINED": ("return_declined", "was declined"),
    "CANCELED": ("return_cancelled", "was cancelled"),
    "CLOSED": ("return_closed", "was closed"),
}


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """Pieces to return; `fulfillment_id` says in which parcel they were, None takes the oldest that have some left."""

    line_id: UUID
    quantity: int
    fulfillment_id: UUID | None = None
    reason: str = "UNKNOWN"
    reason_note: str = ""
    customer_note: str | None = None


@dataclass(frozen=True, slots=True)
class NewReturn:
    """A return to open. `requested`: it waits to be approved. `path` leads to the lines in the caller's input."""

    order_id: UUID
    lines: Sequence[ReturnedLine]
    requested: bool
    path: Sequence[str]
    notify_customer: bool = False


async def open_return(tx: AsyncConnection, new: NewReturn, actor: str) -> UUID:
    """Record a return of pieces that were sent and are still the buyer's, and return its key.

    Statements do not grow with the lines.
    Limits: ORDER_INPUT_LINES_MAX, ORDER_RETURNS_MAX, TEXT_CHARS_MAX.
    Locks: the order's row.
    Emits: OrderUpdated(return_requested | return_created).
    Raises: Rejected(NOT_FOUND | INVALID | INVALID_STATE).
    """
    row = await trail.lock(tx, new.order_id, (*new.path[:-1], "orderId"))
    if row.cancelled_at is not None:
        raise wrong_state((*new.path[:-1], "orderId"), "the order was cancelled")
    _refuse_texts(new)
    lines, unsent = await goods.lines_of(tx, row.id), await goods.unsent(tx, row.id)
    (parcels,) = await fulfilment.parcels(tx, [row.id])
    before = await _returned(tx, row.id)
    left = {key: rules.Pieces(each.current_quantity, unsent.of(key)).kept for key, each in lines.items()}
    for (line_id, _), (asked, processed) in before.items():
        left[line_id] -= asked - processed
    parts = _parts(new, left, _in_parcels(parcels, before))
    number = (
        await tx.execute(select(func.count()).select_from(return_).where(return_.c.order_id == row.id))
    ).scalar_one() + 1
    if number > ORDER_RETURNS_MAX:
        raise invalid(new.path, f"an order has at most {ORDER_RETURNS_MAX} returns")
    status = "REQUESTED" if new.requested else "OPEN"
    return_id = new_id()
    await tx.execute(insert(return_).values(id=return_id, order_id=row.id, number=number, status=status))
    rows = [
        {
            "id": new_id(), "return_id": return_id, "line_id": each.line_id, "fulfillment_id": parcel,
            "quantity": quantity, "reason": each.reason, "reason_note": each.reason_note,
            "customer_note": each.customer_note,
        }
        for each, parcel, quantity in parts
    ]  # fmt: skip
    await tx.execute(insert(return_line).values(rows))
    pieces = Counter[UUID]()
    for each, _, quantity in parts:
        pieces[each.line_id] += quantity
    await goods.add_quantities(tx, row.id, "returned_quantity", pieces.items())
    change, verb = ("return_requested", "asked for") if new.requested else ("return_created", "opened")
    await trail.change(tx, row)
    await trail.record(
        tx, row, change, f"A return of {pieces.total()} pieces was {verb}.", actor, return_id=str(return_id),
        lines={str(key): quantity for key, quantity in pieces.items()}, notify_customer=new.notify_customer,
    )  # fmt: skip
    return return_id


def _refuse_texts(new: NewReturn) -> None:
    if not 1 <= len(new.lines) <= ORDER_INPUT_LINES_MAX:
        raise invalid(new.path, f"give 1 to {ORDER_INPUT_LINES_MAX} lines")
    for index, each in enumerate(new.lines):
        if max(len(each.reason_note), len(each.customer_note or "")) > TEXT_CHARS_MAX:
            raise invalid((*new.path, str(index)), f"a note is longer than {TEXT_CHARS_MAX} characters")


At = tuple[UUID, UUID]
"""Line and parcel."""


async def _returned(tx: AsyncConnection, order_id: UUID) -> Mapping[At, tuple[int, int]]:
    """Return how many pieces of each line and parcel are in returns, and how many of them came back. 1 statement."""
    sums = (func.sum(return_line.c.quantity), func.sum(return_line.c.processed_quantity))
    at = (return_line.c.line_id, return_line.c.fulfillment_id)
    mine = select(*at, *sums).join(return_).where(return_.c.order_id == order_id, return_.c.status.in_(rules.RETURNING))
    return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in await tx.execute(mine.group_by(*at))}


def _in_parcels(parcels: Sequence[fulfilment.Parcel], before: Mapping[At, tuple[int, int]]) -> dict[At, int]:
    """Return how many pieces of each line and parcel were never in a return, oldest parcel first."""
    return {
        (line_id, parcel.id): quantity - before.get((line_id, parcel.id), (0, 0))[0]
        for parcel in parcels
        for line_id, quantity in parcel.lines
    }


def _parts(new: NewReturn, left: dict[UUID, int], sent: dict[At, int]) -> list[tuple[ReturnedLine, UUID, int]]:
    """Return which pieces of which parcel are returned; both `left` and `sent` are used up."""
    parts = []
    for index, each in enumerate(new.lines):
        path = (*new.path, str(index))
        places = [(parcel, count) for (line_id, parcel), count in sent.items()
                  if line_id == each.line_id and each.fulfillment_id in (None, parcel)]  # fmt: skip
        if not places:
            raise invalid(path, "these pieces were not sent: name a line of one of the order's parcels")
        most = max(0, min(left[each.line_id], sum(count for _, count in places)))
        if not 1 <= each.quantity <= most:
            raise invalid((*path, "quantity"), f"{most} pieces can be returned, not {each.quantity}")
        for parcel, quantity in rules.spread(each.quantity, places):
            parts.append((each, parcel, quantity))
            sent[each.line_id, parcel] -= quantity
        left[each.line_id] -= each.quantity
    return parts


async def _lock(tx: AsyncConnection, return_id: UUID, path: Sequence[str]) -> tuple[Row[Any], Row[Any]]:
    """Lock a return's order, then the return, and return both."""
    mine = select(return_).where(return_.c.id == return_id)
    found = (await tx.execute(mine)).one_or_none()
    if found is None:
        raise unknown_return(path)
    row = await trail.lock(tx, found.order_id, path)
    return row, (await tx.execute(mine.with_for_update())).one()


async def move_return(
    tx: AsyncConnection, return_id: UUID, wanted: str, actor: str, path: Sequence[str], *,
    from_: Sequence[str], decline: tuple[str, str | None] | None = None, notify_customer: bool = False,
) -> None:  # fmt: skip
    """Approve, decline, cancel, close or reopen a return. Repeating it is refused.

    Pieces of a return that is declined or cancelled can be returned again.
    Limits: TEXT_CHARS_MAX for the note of a refusal.
    Locks: the order's row, then the return's.
    Emits: OrderUpdated(return_approved | return_declined | return_cancelled | return_closed | return_reopened).
    Raises: Rejected(NOT_FOUND | INVALID | INVALID_STATE).
    """
    if decline and decline[1] and len(decline[1]) > TEXT_CHARS_MAX:
        raise invalid((*path[:-1], "declineNote"), f"longer than {TEXT_CHARS_MAX} characters")
    row, found = await _lock(tx, return_id, path)
    if found.status not in from_ or not rules.RETURN.allows(found.status, wanted):
        raise wrong_state(path, f"a return that is {found.status} cannot become {wanted} so")
    if wanted in ("DECLINED", "CANCELED"):
        await _let_go(tx, found, path)
    values: dict[str, Any] = {"status": wanted, "closed_at": func.now() if wanted == "CLOSED" else None}
    if decline:
        values |= {"decline_reason": decline[0], "decline_note": decline[1]}
    await tx.execute(update(return_).where(return_.c.id == return_id).values(**values, updated_at=func.now()))
    change, told = TOLD[wanted]
    if found.status == "CLOSED":
        change, told = "return_reopened", "was taken up again"
    await trail.change(tx, row)
    await trail.record(
        tx, row, change, f"Return {found.number} {told}.", actor, return_id=str(return_id),
        decline_reason=decline and decline[0], notify_customer=notify_customer,
    )  # fmt: skip


async def _let_go(tx: AsyncConnection, found: Row[Any], path: Sequence[str]) -> None:
    mine = select(return_line.c.line_id, func.sum(return_line.c.quantity), func.sum(return_line.c.processed_quantity))
    sums = (await tx.execute(mine.where(return_line.c.return_id == found.id).group_by(return_line.c.line_id))).all()
    if any(processed for _, _, processed in sums):
        raise wrong_state(path, "pieces of the return came back already: close it instead")
    await goods.add_quantities(tx, found.order_id, "returned_quantity", [(key, -int(asked)) for key, asked, _ in sums])


@dataclass(frozen=True, slots=True)
class Disposition:
    """What becomes of pieces that came back; `location_id` says where restocked ones go."""

    quantity: int
    restocked: bool
    location_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """Pieces of a return's line that came back."""

    return_line_id: UUID
    quantity: int
    dispositions: Sequence[Disposition] = ()


@dataclass(frozen=True, slots=True)
class Processing:
    """What came back of a return. `refund`: what the pieces cost goes back, or `amount` where it is given."""

    return_id: UUID
    lines: Sequence[Received]
    refund: bool = False
    amount: Decimal | None = None
    shipping: Decimal | None = None
    full_shipping: bool = False
    note: str | None = None
    notify_customer: bool = False


PROCESSED = ("input", "returnLineItems")


async def process(tx: AsyncConnection, wish: Processing, actor: str) -> UUID:
    """Take pieces of a return back, into stock where they are restocked, and return the key of their refund.

    The refund moves no money where none is wanted. Statements do not grow with the lines.
    Limits: ORDER_INPUT_LINES_MAX.
    Locks: order, return, stock levels.
    Emits: OrderUpdated(return_processed), OrderUpdated(refund_created).
    Raises: Rejected(NOT_FOUND | INVALID | INVALID_STATE).
    """
    row, found = await _lock(tx, wish.return_id, ("input", "returnId"))
    if found.status != "OPEN":
        raise wrong_state(("input", "returnId"), f"a return that is {found.status} cannot be processed")
    if not 1 <= len(wish.lines) <= ORDER_INPUT_LINES_MAX:
        raise invalid(PROCESSED, f"give 1 to {ORDER_INPUT_LINES_MAX} lines")
    known = {each.id: each for each in await tx.execute(select(return_line).where(return_line.c.return_id == found.id))}
    refunded = _refunded(wish.lines, known)
    money = (wish.shipping, wish.full_shipping, wish.amount) if wish.refund else (None, False, Decimal())
    new = refunds.NewRefund(row.id, refunded, *money, wish.note, wish.notify_customer, found.id)
    try:
        refund_id = await refunds.record(tx, new, actor)
    except Rejected as refused:
        raise Rejected(refused.code, PROCESSED, refused.message) from None
    came = Counter[UUID]()
    for each in wish.lines:
        came[each.return_line_id] += each.quantity
    by = given(list(came.items()), id=Uuid, quantity=Integer)
    mine = update(return_line).where(return_line.c.return_id == found.id, return_line.c.id == by.c.id)
    await tx.execute(mine.values(processed_quantity=return_line.c.processed_quantity + by.c.quantity))
    await tx.execute(update(return_).where(return_.c.id == found.id).values(updated_at=func.now()))
    told = f"{came.total()} pieces of return {found.number} came back."
    await trail.record(tx, row, "return_processed", told, actor, return_id=str(found.id), refund_id=str(refund_id))
    return refund_id


def _refunded(lines: Sequence[Received], known: Mapping[UUID, Row[Any]]) -> list[refunds.RefundedLine]:
    left = {key: each.quantity - each.processed_quantity for key, each in known.items()}
    made = []
    for index, each in enumerate(lines):
        path = (*PROCESSED, str(index))
        if each.return_line_id not in left:
            raise invalid((*path, "id"), "the return has no such line")
        most = left[each.return_line_id]
        if not 1 <= each.quantity <= most:
            raise invalid((*path, "quantity"), f"{most} pieces of this line are still to come back")
        left[each.return_line_id] -= each.quantity
        parts = each.dispositions or [Disposition(each.quantity, restocked=False)]
        if any(part.quantity < 1 for part in parts) or sum(part.quantity for part in parts) != each.quantity:
            raise invalid((*path, "dispositions"), f"their quantities must be {each.quantity} together")
        line_id = known[each.return_line_id].line_id
        for part in parts:
            kind = "RETURN" if part.restocked else "NO_RESTOCK"
            made.append(refunds.RefundedLine(line_id, part.quantity, kind, part.location_id, sent_only=True))
    return made
