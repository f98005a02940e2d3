"""A purchase becomes an order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import insert, null, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.events import OrderPlaced
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.order.errors import already_placed
from commerce_graph.order.service import trail
from commerce_graph.order.tables import line, order


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to place, as it was sold. `total_minor` is unit price times quantity."""

    id: UUID
    product_id: UUID | None
    variant_id: UUID | None
    title: str
    variant_title: str | None
    sku: str | None
    vendor: str | None
    image_url: str | None
    quantity: int
    unit_price_minor: int
    tax_minor: int
    requires_shipping: bool
    attributes: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A purchase to place, as it was submitted. Amounts: minor units of `currency`."""

    id: UUID
    cart_id: UUID | None
    customer_id: UUID | None
    market_id: UUID | None
    channel_id: UUID | None
    email: str | None
    phone: str | None
    currency: str
    country: str | None
    language: str | None
    note: str | None
    shipping_address: PostalAddress | None
    billing_address: PostalAddress | None
    shipping_handle: str | None
    shipping_title: str | None
    tax_included: bool
    subtotal_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    lines: Sequence[NewLine]
    tax_lines: Sequence[Mapping[str, object]] = ()
    attributes: Sequence[Mapping[str, str]] = field(default=())


AS_IT_IS = (
    "id", "cart_id", "customer_id", "market_id", "channel_id", "phone", "currency", "country", "language", "note",
    "shipping_handle", "shipping_title", "tax_included", "subtotal_minor", "shipping_minor", "tax_minor", "total_minor",
)  # fmt: skip
LINE_AS_IT_IS = (
    "id", "product_id", "variant_id", "title", "variant_title", "sku", "vendor", "image_url", "quantity",
    "unit_price_minor", "tax_minor", "requires_shipping",
)  # fmt: skip


async def place(tx: AsyncConnection, new: NewOrder) -> None:
    """Make an order of a purchase, AUTHORIZED or (where nothing is due) PAID. Repeating it changes nothing.

    The caller commits the stock and opens the fulfillment orders in the same transaction. Statements do not grow with
    the lines.
    Emits: OrderPlaced, OrderUpdated(placed).
    Raises: Rejected(ALREADY_PLACED) where the cart has become an order with another id.
    """
    placed = postgresql.insert(order).values(_order_values(new)).on_conflict_do_nothing().returning(order)
    row = (await tx.execute(placed)).one_or_none()
    if row is None:
        # Either this very order is there (its step is repeated), or the cart's unique key stopped a second one.
        if (await tx.execute(select(order.c.id).where(order.c.id == new.id))).one_or_none() is None:
            raise already_placed()
        return
    await tx.execute(insert(line).values([_line_values(new.id, at, each) for at, each in enumerate(new.lines)]))
    sold = Counter[str]()
    for each in new.lines:
        if each.product_id is not None:
            sold[str(each.product_id)] += each.quantity
    facts = (OrderPlaced(new.id, new.customer_id, dict(sold)),)
    await trail.record(tx, row, "placed", f"Order #{row.number} was placed.", facts=facts)


def _order_values(new: NewOrder) -> dict[str, Any]:
    return {
        **{name: getattr(new, name) for name in AS_IT_IS},
        # Lower case, as customers' are, so that an equality finds it.
        "email": new.email.lower() if new.email else None,
        "attributes": [dict(pair) for pair in new.attributes],
        "tax_lines": [dict(tax) for tax in new.tax_lines],
        "shipping_address": new.shipping_address.stored() if new.shipping_address else null(),
        "billing_address": new.billing_address.stored() if new.billing_address else null(),
        "financial_status": "AUTHORIZED" if new.total_minor else "PAID",
    }


def _line_values(order_id: UUID, position: int, new: NewLine) -> dict[str, Any]:
    return {
        **{name: getattr(new, name) for name in LINE_AS_IT_IS},
        "order_id": order_id,
        "position": position,
        "current_quantity": new.quantity,
        "total_minor": new.unit_price_minor * new.quantity,
        "attributes": [dict(pair) for pair in new.attributes],
    }
