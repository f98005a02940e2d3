"""Batched reads of orders and what belongs to them: n keys → n results in input order, one statement a batch."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Table, Uuid, any_, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.pages import Order, Page, PageArguments, read_pages
from commerce_graph.order.tables import breakdown, event, line, order, refund, refund_line, return_, return_line


def _among(column: ColumnElement[UUID], keys: Sequence[UUID]) -> ColumnElement[bool]:
    # One array parameter, so that the statement is the same text for any number of keys.
    return column == any_(literal(list(keys), ARRAY(Uuid)))


class OrderRow(Protocol):
    """A row of the order table, so that what reads it can be checked."""

    id: UUID
    number: int
    customer_id: UUID | None
    email: str | None
    phone: str | None
    currency: str
    note: str | None
    attributes: Sequence[dict[str, str]]
    shipping_address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    shipping_handle: str | None
    shipping_title: str | None
    tax_included: bool
    subtotal_minor: int
    shipping_minor: int
    tax_minor: int
    tax_lines: Sequence[dict[str, Any]]
    total_minor: int
    discount_minor: int
    shipping_discount_minor: int
    refunded_minor: int
    financial_status: str
    fulfillment_status: str
    processed_at: datetime
    cancelled_at: datetime | None
    cancel_reason: str | None
    closed_at: datetime | None
    edited_at: datetime | None
    created_at: datetime
    updated_at: datetime


class LineRow(Protocol):
    """A row of the line table with its order's currency."""

    id: UUID
    order_id: UUID
    product_id: UUID | None
    variant_id: UUID | None
    title: str
    variant_title: str | None
    sku: str | None
    vendor: str | None
    image_url: str | None
    attributes: Sequence[dict[str, str]]
    requires_shipping: bool
    quantity: int
    current_quantity: int
    fulfilled_quantity: int
    unit_price_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    position: int
    currency: str


async def orders(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[OrderRow | None]:
    """Read orders. Shape: n keys → n results in input order, None where there is no row; 1 statement."""
    rows: dict[UUID, Any] = {row.id: row for row in await conn.execute(select(order).where(_among(order.c.id, ids)))}
    return [rows.get(key) for key in ids]


async def breakdowns(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[dict[str, Any] | None]:
    """Read how totals came about. Shape: n keys → n results in input order, None where none is kept; 1 statement."""
    found = await conn.execute(select(breakdown).where(_among(breakdown.c.order_id, order_ids)))
    rows = {row.order_id: row.document for row in found}
    return [rows.get(key) for key in order_ids]


async def lines(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[Sequence[LineRow]]:
    """Read the lines of orders, with the order's currency. Shape: n keys → n lists in input order; 1 statement."""
    wanted = select(line, order.c.currency).join(order).where(_among(line.c.order_id, order_ids))
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await conn.execute(wanted.order_by(line.c.order_id, line.c.position, line.c.id)):
        found[row.order_id].append(row)
    return [found[key] for key in order_ids]


@dataclass(frozen=True, slots=True)
class RefundLineRow:
    """Refunded pieces of a line."""

    id: UUID
    line_id: UUID
    quantity: int
    restock_type: str
    location_id: UUID | None
    subtotal_minor: int


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund with its lines."""

    id: UUID
    order_id: UUID
    return_id: UUID | None
    amount_minor: int
    shipping_minor: int
    note: str | None
    status: str
    created_at: datetime
    currency: str
    lines: list[RefundLineRow]


async def refunds(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[Sequence[RefundRow]]:
    """Read the refunds of orders, oldest first. Shape: n keys → n lists in input order; 1 statement."""
    wanted = (
        select(refund, order.c.currency, *_parts(refund_line, RefundLineRow))
        .join(order)
        .outerjoin(refund_line)
        .where(_among(refund.c.order_id, order_ids))
        .order_by(refund.c.id, refund_line.c.id)
    )
    return _with_lines(await conn.execute(wanted), RefundRow, RefundLineRow, order_ids)


def _parts(table: Table, kind: Any) -> list[ColumnElement[Any]]:
    """Return the columns of lines, to be read beside what they are lines of."""
    return [table.c[name].label(f"part_{name}") for name in kind.__slots__]


def _with_lines(rows: Iterable[Row[Any]], kind: Any, line_kind: Any, order_ids: Sequence[UUID]) -> list[list[Any]]:
    """Put lines (`_parts`) into what they are lines of, and that to its order. Shape: n orders → n lists, as read."""
    found: dict[UUID, Any] = {}
    grouped: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        if row.id not in found:
            found[row.id] = kind(**{name: row._mapping[name] for name in kind.__slots__[:-1]}, lines=[])
            grouped[row.order_id].append(found[row.id])
        if row.part_id is not None:
            found[row.id].lines.append(line_kind(*(row._mapping[f"part_{name}"] for name in line_kind.__slots__)))
    return [grouped[key] for key in order_ids]


async def events(conn: AsyncConnection, order_ids: Sequence[UUID], args: PageArguments) -> Sequence[Page]:
    """Read a page of each order's trail. Shape: n keys → n pages in input order; 1 statement."""
    return await read_pages(
        conn, order_ids, lambda key: select(event).where(event.c.order_id == key), Order((event.c.id,)), args
    )


@dataclass(frozen=True, slots=True)
class ReturnLineRow:
    """Returned pieces of a line."""

    id: UUID
    line_id: UUID
    fulfillment_id: UUID
    quantity: int
    processed_quantity: int
    reason: str
    reason_note: str
    customer_note: str | None


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return with its lines."""

    id: UUID
    order_id: UUID
    number: int
    status: str
    decline_reason: str | None
    decline_note: str | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    order_number: int
    lines: list[ReturnLineRow]


async def returns(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[Sequence[ReturnRow]]:
    """Read the returns of orders, oldest first. Shape: n keys → n lists in input order; 1 statement."""
    wanted = (
        select(return_, order.c.number.label("order_number"), *_parts(return_line, ReturnLineRow))
        .join(order)
        .join(return_line)
        .where(_among(return_.c.order_id, order_ids))
        .order_by(return_.c.number, return_line.c.id)
    )
    return _with_lines(await conn.execute(wanted), ReturnRow, ReturnLineRow, order_ids)


async def orders_of_returns(conn: AsyncConnection, return_ids: Sequence[UUID]) -> Sequence[UUID | None]:
    """Read which order a return is of. Shape: n keys → n keys in input order, None where there is none; 1 statement."""
    rows = await conn.execute(select(return_.c.id, return_.c.order_id).where(_among(return_.c.id, return_ids)))
    found = {row.id: row.order_id for row in rows}
    return [found.get(key) for key in return_ids]
