"""A refund is recorded: which pieces leave the order, what becomes of them, and how much money goes back."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.limits import ORDER_INPUT_LINES_MAX, TEXT_CHARS_MAX
from commerce_graph.kernel.money import to_decimal, to_minor
from commerce_graph.order import rules
from commerce_graph.order.errors import invalid
from commerce_graph.order.service import goods, trail
from commerce_graph.order.tables import refund, refund_line

LINES = ("input", "refundLineItems")


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """Pieces of a line to refund, and what becomes of them; `location_id` says where a RETURN goes.

    `sent_only`: none that were not sent may be taken.
    """

    line_id: UUID
    quantity: int
    restock_type: str
    location_id: UUID | None = None
    sent_only: bool = False


@dataclass(frozen=True, slots=True)
class NewRefund:
    """A refund to make. `amount` is what goes back where it is not what the lines and the delivery come to.

    `shipping` is what goes back of the delivery, its tax included.
    """

    order_id: UUID
    lines: Sequence[RefundedLine] = ()
    shipping: Decimal | None = None
    full_shipping: bool = False
    amount: Decimal | None = None
    note: str | None = None
    notify_customer: bool = False
    return_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Pieces taken from a line: `before` were taken earlier, and `unsent` of these were never sent."""

    line: Row[Any]
    quantity: int
    restock_type: str
    location_id: UUID | None
    before: int
    unsent: int


async def record(tx: AsyncConnection, new: NewRefund, actor: str) -> UUID:
    """Record a refund whose money is still to be moved, and return its key. Statements do not grow with the lines.

    Limits: ORDER_INPUT_LINES_MAX.
    Locks: order, fulfillment orders, stock levels.
    Emits: OrderUpdated(refund_created).
    Raises: Rejected(NOT_FOUND | INVALID).
    """
    if len(new.lines) > ORDER_INPUT_LINES_MAX:
        raise invalid(LINES, f"more than {ORDER_INPUT_LINES_MAX} lines")
    if new.note and len(new.note) > TEXT_CHARS_MAX:
        raise invalid(("input", "note"), f"longer than {TEXT_CHARS_MAX} characters")
    row = await trail.lock(tx, new.order_id, ("input", "orderId"))
    lines = await goods.lines_of(tx, row.id)
    unsent = await goods.unsent(tx, row.id)
    taken = _take(new.lines, lines, unsent)
    amount, shipping = await _money(tx, row, new, lines, taken)
    places = await _places(tx, row.id, taken)
    refund_id = await insert_refund(tx, row.id, amount, shipping, new.note, taken, places, new.return_id)
    await goods.add_quantities(
        tx, row.id, "current_quantity", _sum((each.line.id, -each.quantity) for each in taken).items()
    )
    released = _sum((each.line.id, each.unsent) for each in taken if each.restock_type == "CANCEL")
    lost = _sum((each.line.id, each.unsent) for each in taken if each.restock_type == "NO_RESTOCK")
    await goods.take_back(tx, row.id, released, lost, unsent)
    await _restock(tx, refund_id, taken, places, actor)
    sent = sum(each.fulfilled_quantity for each in lines.values())
    left = unsent.total - sum(each.unsent for each in taken)
    await trail.change(tx, row, fulfillment_status=rules.fulfillment_status(sent, left))
    told = f"A refund of {to_decimal(amount, row.currency)} {row.currency} was made."
    await trail.record(
        tx, row, "refund_created", told, actor, refund_id=str(refund_id), amount_minor=amount,
        notify_customer=new.notify_customer,
    )  # fmt: skip
    return refund_id


async def insert_refund(
    tx: AsyncConnection, order_id: UUID, amount_minor: int, shipping_minor: int, note: str | None,
    taken: Sequence[Taken] = (), places: Sequence[UUID | None] = (), return_id: UUID | None = None,
) -> UUID:  # fmt: skip
    """Write a refund and its lines, and return its key. 2 statements at most."""
    refund_id = new_id()
    # Where no money moves there is nobody to wait for.
    status = "PENDING" if amount_minor else "SUCCESS"
    about = {"order_id": order_id, "return_id": return_id, "note": note, "status": status}
    amounts = {"amount_minor": amount_minor, "shipping_minor": shipping_minor}
    await tx.execute(insert(refund).values(id=refund_id, **about, **amounts))
    if taken:
        values = [
            {
                "id": new_id(),
                "refund_id": refund_id,
                "line_id": each.line.id,
                "quantity": each.quantity,
                "restock_type": each.restock_type,
                "location_id": place,
                "subtotal_minor": rules.share_of(each.line.total_minor, each.line.quantity, each.before, each.quantity),
            }
            for each, place in zip(taken, places, strict=True)
        ]
        await tx.execute(insert(refund_line).values(values))
    return refund_id


def _sum(pairs: Iterable[tuple[UUID, int]]) -> Counter[UUID]:
    total = Counter[UUID]()
    for line_id, quantity in pairs:
        total[line_id] += quantity
    return total


def _take(asked: Sequence[RefundedLine], lines: Mapping[UUID, Row[Any]], unsent: goods.Unsent) -> list[Taken]:
    left = {key: rules.Pieces(row.current_quantity, unsent.of(key)) for key, row in lines.items()}
    taken: list[Taken] = []
    for index, each in enumerate(asked):
        path = (*LINES, str(index))
        row = lines.get(each.line_id)
        if row is None:
            raise invalid((*path, "lineItemId"), "the order has no such line")
        present = left[row.id]
        try:
            never_sent, _ = rules.take(present, each.restock_type, each.quantity)
            if each.sent_only and never_sent:
                raise ValueError(present.kept)
        except ValueError as most:
            told = f"{each.restock_type} takes 1 to {most} pieces of this line, not {each.quantity}"
            raise invalid((*path, "quantity"), told) from None
        before = row.quantity - present.current
        taken.append(Taken(row, each.quantity, each.restock_type, each.location_id, before, never_sent))
        left[row.id] = rules.Pieces(present.current - each.quantity, present.unsent - never_sent)
    return taken


async def _money(
    tx: AsyncConnection, row: Row[Any], new: NewRefund, lines: Mapping[UUID, Row[Any]], taken: Sequence[Taken]
) -> tuple[int, int]:
    """Return the amount of a refund, and how much of it is the delivery's."""
    shipped, promised = await given_back(tx, row.id)
    shares = shares_of(row, lines)
    share = dict(zip(lines, shares.lines, strict=True))
    left = shares.shipping - shipped
    shipping = left if new.full_shipping else _minor(row, new.shipping, ("input", "shipping", "amount")) or 0
    if shipping > left:
        told = f"at most {to_decimal(left, row.currency)} is left of the delivery"
        raise invalid(("input", "shipping", "amount"), told)
    parts = (rules.share_of(share[each.line.id], each.line.quantity, each.before, each.quantity) for each in taken)
    asked = _minor(row, new.amount, ("input", "transactions", "0", "amount"))
    amount = sum(parts) + shipping if asked is None else asked
    if not amount and not taken:
        raise invalid(("input",), "there is nothing to refund: give lines, shipping or an amount")
    most = rules.refundable(await trail.books(tx, row), promised)
    if amount > most:
        path = ("input",) if asked is None else ("input", "transactions", "0", "amount")
        shown = to_decimal(amount, row.currency)
        raise invalid(path, f"at most {to_decimal(most, row.currency)} can be refunded, not {shown}")
    return amount, shipping


def shares_of(row: Row[Any], lines: Mapping[UUID, Row[Any]]) -> rules.Shares:
    """Return which part of an order's total each line bears, in order."""
    priced = [rules.Priced(each.total_minor, each.tax_minor) for each in lines.values()]
    return rules.shares(row.total_minor, row.shipping_minor, row.tax_minor, row.tax_included, priced)


def _minor(row: Row[Any], amount: Decimal | None, path: Sequence[str]) -> int | None:
    if amount is None:
        return None
    try:
        minor = to_minor(amount, row.currency)
    except ValueError as wrong:
        raise invalid(path, str(wrong)) from None
    if minor < 0:
        raise invalid(path, "must not be negative")
    return minor


async def given_back(tx: AsyncConnection, order_id: UUID) -> tuple[int, int]:
    """Return how much of the delivery's part was or will be refunded, and how much money in all. 1 statement."""
    sums = (func.coalesce(func.sum(column), 0) for column in (refund.c.shipping_minor, refund.c.amount_minor))
    counted = select(*sums).where(refund.c.order_id == order_id, refund.c.status != "FAILURE")
    found = (await tx.execute(counted)).one()
    return int(found[0]), int(found[1])


async def _places(tx: AsyncConnection, order_id: UUID, taken: Sequence[Taken]) -> list[UUID | None]:
    """Return where each RETURN goes: as asked, else where it was sent from, else the first location."""
    named = list(dict.fromkeys(each.location_id for each in taken if each.location_id))
    if named:
        known = await inventory.locations(tx, named)
        missing = {key for key, place in zip(named, known, strict=True) if place is None}
        for index, each in enumerate(taken):
            if each.location_id in missing:
                raise invalid((*LINES, str(index), "locationId"), "there is no such location")
    origin: dict[UUID, UUID | None] = {}
    default: UUID | None = None
    if any(each.restock_type == "RETURN" and each.location_id is None for each in taken):
        (parcels,) = await fulfilment.parcels(tx, [order_id])
        origin = {line_id: parcel.location_id for parcel in parcels for line_id, _ in parcel.lines}
        default = next((place.id for place in await inventory.active_locations(tx)), None)
    return [
        (each.location_id or origin.get(each.line.id) or default) if each.restock_type == "RETURN" else None
        for each in taken
    ]


async def _restock(
    tx: AsyncConnection, refund_id: UUID, taken: Sequence[Taken], places: Sequence[UUID | None], actor: str
) -> None:
    back = Counter[tuple[UUID, UUID]]()
    for each, place in zip(taken, places, strict=True):
        if place is not None and each.line.variant_id is not None:
            back[each.line.variant_id, place] += each.quantity
    if back:
        returned = [(variant_id, place, quantity) for (variant_id, place), quantity in back.items()]
        await inventory.restock(tx, returned, "restock", to_gid("Refund", refund_id), actor)
