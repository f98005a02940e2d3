"""Fulfillment orders and the parcels that fill them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Executable, Integer, Text, Uuid, any_, cast, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.fulfilment import rules
from commerce_graph.fulfilment.rules import Left, ToSend, Tracking
from commerce_graph.fulfilment.tables import (
    fulfillment,
    fulfillment_line,
    fulfillment_order,
    fulfillment_order_line,
)
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.statements import Given, built_once

_LEFT = [fulfillment_order_line.c[member.name] for member in fields(Left)]


@dataclass(frozen=True, slots=True)
class Picked:
    """What a new fulfilment takes, for stock and order to follow: (order_line_id, variant_id, quantity)."""

    fulfillment_id: UUID
    order_id: UUID
    location_id: UUID | None
    lines: Sequence[tuple[UUID, UUID | None, int]]


async def open_orders(tx: AsyncConnection, parts_of: Mapping[UUID, Sequence[ToSend]]) -> None:
    """Open one fulfillment order for each location that sends something of an order. Repeating it changes nothing.

    `parts_of`: by order. 1 statement for all.
    """
    opening, lines = [], []
    for order_id, parts in parts_of.items():
        for location_id, group in rules.merged(parts).items():
            key = new_id()
            opening.append((key, order_id, location_id))
            lines += [(new_id(), key, p.order_line_id, p.variant_id, p.quantity, p.quantity) for p in group]
    if opening:
        statement, orders, theirs = _opening()
        await tx.execute(statement, {**orders.values(opening), **theirs.values(lines)})


@built_once
def _opening() -> tuple[Executable, Given, Given]:
    orders = Given("orders", id=Uuid, order_id=Uuid, location_id=Uuid)
    theirs = Given(
        "lines", id=Uuid, fulfillment_order_id=Uuid, order_line_id=Uuid, variant_id=Uuid, quantity=Integer,
        remaining=Integer,
    )  # fmt: skip
    table = fulfillment_order
    columns = ["id", "order_id", "location_id"]
    adding = postgresql.insert(table).from_select(columns, select(*(orders.c[name] for name in columns)))
    opened = adding.on_conflict_do_nothing().returning(table.c.id).cte("opened")
    # Only those of fulfillment orders that were not there before.
    columns = ["id", "fulfillment_order_id", "order_line_id", "variant_id", "quantity", "remaining"]
    lines = select(*(theirs.c[name] for name in columns)).join(opened, opened.c.id == theirs.c.fulfillment_order_id)
    return insert(fulfillment_order_line).from_select(columns, lines), orders, theirs


async def fulfill(
    tx: AsyncConnection,
    fulfillment_order_id: UUID,
    lines: Sequence[tuple[UUID, int]] | None,
    tracking: Tracking,
) -> Picked:
    """Send off (fulfillment_order_line_id, quantity), or all that is left, of one fulfillment order.

    Locks: the fulfillment order's row; the caller holds the order's.
    Limits: TRACKING_NUMBERS_MAX, TRACKING_CHARS_MAX.
    Raises: Rejected(INVALID) for another order's line, more than is left, one that is closed or cancelled, or tracking
    that cannot be shown.
    """
    tracking = rules.checked(tracking)
    table = fulfillment_order
    locked = select(table).where(table.c.id == fulfillment_order_id).with_for_update()
    order = (await tx.execute(locked)).one_or_none()
    if order is None:
        raise Rejected(rules.INVALID, rules.LINES, "there is no such fulfillment order")
    if order.status in ("CLOSED", "CANCELLED"):
        raise Rejected(rules.INVALID, rules.LINES, f"the fulfillment order is {order.status.lower()}")
    left = await _lines_of(tx, [fulfillment_order_id])
    sent = rules.picked(left, lines)
    parcel_id = new_id()
    number = select(func.coalesce(func.max(fulfillment.c.number), 0) + 1).where(
        fulfillment.c.order_id == order.order_id
    )
    await tx.execute(
        insert(fulfillment).values(
            id=parcel_id,
            fulfillment_order_id=fulfillment_order_id,
            order_id=order.order_id,
            location_id=order.location_id,
            number=number.scalar_subquery(),
            tracking_company=tracking.company,
            tracking_numbers=list(tracking.numbers),
            tracking_urls=list(tracking.urls),
        )
    )
    taken = [(line, sent[line.id]) for line in left if line.id in sent]
    contents = [
        {"id": new_id(), "fulfillment_id": parcel_id, "order_line_id": line.order_line_id, "quantity": quantity}
        for line, quantity in taken
    ]
    await tx.execute(insert(fulfillment_line).values(contents))
    await _take(tx, sent, cancelled=False)
    after = [replace(line, remaining=line.remaining - sent.get(line.id, 0)) for line in left]
    await _set_status(tx, after, {fulfillment_order_id: order.status})
    return Picked(
        parcel_id,
        order.order_id,
        order.location_id,
        [(line.order_line_id, line.variant_id, quantity) for line, quantity in taken],
    )


async def reduce(tx: AsyncConnection, order_id: UUID, lines: Sequence[tuple[UUID, int]] | None) -> None:
    """Take (order_line_id, quantity) that will not be sent, or everything (a cancelled order), from what is left.

    A fulfillment order that loses everything is CANCELLED, or CLOSED where a part of it was sent.
    Locks: the order's fulfillment orders in order of id.
    Raises: Rejected(INVALID) for more than is left.
    """
    present = {row.id: row.status for row in await _lock(tx, order_id)}
    left = await _lines_of(tx, list(present))
    off = rules.taken(left, lines)
    if not off:
        return
    await _take(tx, off, cancelled=True)
    touched = {line.fulfillment_order_id for line in left if line.id in off}
    after = [
        replace(line, quantity=line.quantity - off.get(line.id, 0), remaining=line.remaining - off.get(line.id, 0))
        for line in left
        if line.fulfillment_order_id in touched
    ]
    await _set_status(tx, after, present)


async def extend(tx: AsyncConnection, order_id: UUID, parts: Sequence[ToSend]) -> None:
    """Add parts to what locations have to send of an order that was placed before; one that was done goes on.

    5 statements for all parts.
    Locks: the order's fulfillment orders in order of id; the caller holds the order's row.
    """
    groups = rules.merged(parts)
    if not groups:
        return
    rows = [{"id": new_id(), "order_id": order_id, "location_id": location_id} for location_id in groups]
    await tx.execute(postgresql.insert(fulfillment_order).values(rows).on_conflict_do_nothing())
    locked = await _lock(tx, order_id)
    at = {row.location_id: row.id for row in locked}
    table = fulfillment_order_line
    lines = [
        {
            "id": new_id(),
            "fulfillment_order_id": at[location_id],
            "order_line_id": part.order_line_id,
            "variant_id": part.variant_id,
            "quantity": part.quantity,
            "remaining": part.quantity,
        }
        for location_id in groups
        for part in groups[location_id]
    ]
    adding = postgresql.insert(table).values(lines)
    more = {name: table.c[name] + adding.excluded[name] for name in ("quantity", "remaining")}
    same = ["fulfillment_order_id", "order_line_id"]
    await tx.execute(adding.on_conflict_do_update(index_elements=same, set_=more))
    left = await _lines_of(tx, [at[location_id] for location_id in groups])
    await _set_status(tx, left, {row.id: row.status for row in locked})


async def _lock(tx: AsyncConnection, order_id: UUID) -> Sequence[Any]:
    """Lock an order's fulfillment orders in order of id, and return id, location and status. 1 statement."""
    table = fulfillment_order
    theirs = select(table.c.id, table.c.location_id, table.c.status).where(table.c.order_id == order_id)
    return (await tx.execute(theirs.order_by(table.c.id).with_for_update())).all()


async def _lines_of(tx: AsyncConnection, fulfillment_order_ids: Sequence[UUID]) -> list[Left]:
    table = fulfillment_order_line
    theirs = select(*_LEFT).where(table.c.fulfillment_order_id == any_(_array(fulfillment_order_ids, Uuid)))
    rows = await tx.execute(theirs.order_by(table.c.fulfillment_order_id, table.c.id))
    return [Left(*row) for row in rows]


async def _take(tx: AsyncConnection, quantities: Mapping[UUID, int], *, cancelled: bool) -> None:
    """Take quantities off what remains, and off what there was to send where they are cancelled. 1 statement."""
    table = fulfillment_order_line
    part = (
        func.unnest(_array(list(quantities), Uuid), _array(list(quantities.values()), Integer))
        .table_valued("id", "quantity")
        .render_derived()
    )
    values = {"remaining": table.c.remaining - part.c.quantity}
    if cancelled:
        values["quantity"] = table.c.quantity - part.c.quantity
    await tx.execute(update(table).where(table.c.id == part.c.id).values(values))


async def _set_status(tx: AsyncConnection, lines: Sequence[Left], present: Mapping[UUID, str]) -> None:
    """Bring the status of fulfillment orders in line with all of their lines. 1 statement."""
    groups: dict[UUID, list[Left]] = {}
    for line in lines:
        groups.setdefault(line.fulfillment_order_id, []).append(line)
    statuses = [rules.status_after(group) for group in groups.values()]
    for each, wanted in zip(groups, statuses, strict=True):
        if not rules.FULFILLMENT_ORDER.allows(present[each], wanted):
            raise RuntimeError(f"fulfillment order {each} cannot go from {present[each]} to {wanted}")
    table = fulfillment_order
    new = func.unnest(_array(list(groups), Uuid), _array(statuses, Text)).table_valued("id", "status").render_derived()
    values = {"status": new.c.status, "updated_at": func.now()}
    await tx.execute(update(table).where(table.c.id == new.c.id).values(values))


def _array(values: Sequence[Any], item: Any) -> ColumnElement[Any]:
    return cast(list(values), ARRAY(item))
