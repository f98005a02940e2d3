"""A purchase becomes an order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, func, insert, literal, null, select, true
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.events import OrderPlaced, OrderUpdated
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.outbox import published
from commerce_graph.order.errors import already_placed
from commerce_graph.order.service import trail
from commerce_graph.order.tables import breakdown, line, order


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to place, as it was sold. `discount_minor` is all that discounts took off, the order's own too."""

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
    discount_minor: int = 0


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A purchase to place, as it was submitted. Amounts: minor units of `currency`.

    `subtotal_minor` and `shipping_minor` are after discounts, `discount_minor` is all of them. `breakdown` says how the
    total came about, so that it can be computed again. `gift_card_minor` of the total is paid already.
    """

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
    discount_minor: int = 0
    shipping_discount_minor: int = 0
    breakdown: Mapping[str, Any] | None = None
    gift_card_minor: int = 0


AS_IT_IS = (
    "id", "cart_id", "customer_id", "market_id", "channel_id", "phone", "currency", "country", "language", "note",
    "shipping_handle", "shipping_title", "tax_included", "subtotal_minor", "shipping_minor", "tax_minor", "total_minor",
    "discount_minor", "shipping_discount_minor",
)  # fmt: skip
LINE_AS_IT_IS = (
    "id", "product_id", "variant_id", "title", "variant_title", "sku", "vendor", "image_url", "quantity",
    "unit_price_minor", "tax_minor", "discount_minor", "requires_shipping",
)  # fmt: skip


async def place(tx: AsyncConnection, new: NewOrder) -> None:
    """Make an order of a purchase, AUTHORIZED or (where nothing is due) PAID. Repeating it changes nothing.

    The caller commits the stock and opens the fulfillment orders in the same transaction. 1 statement, however many
    lines.
    Emits: OrderPlaced, OrderUpdated(placed).
    Raises: Rejected(ALREADY_PLACED) where the cart has become an order with another id.
    """
    placing = postgresql.insert(order).values(_order_values(new)).on_conflict_do_nothing()
    placed = placing.returning(order.c.id, order.c.number).cte("placed")
    told = trail.event_of(placed, "placed", func.concat("Order #", placed.c.number, " was placed."))
    sold = Counter[str]()
    for each in new.lines:
        if each.product_id is not None:
            sold[str(each.product_id)] += each.quantity
    facts = (OrderPlaced(new.id, new.customer_id, dict(sold)), OrderUpdated(new.id, new.customer_id, "placed"))
    parts = [_lines(placed, new.lines), told, published(placed, *facts)]
    if new.breakdown is not None:
        kept = select(placed.c.id, literal(new.breakdown, breakdown.c.document.type))
        parts.append(insert(breakdown).from_select(["order_id", "document"], kept).cte("kept"))
    if (await tx.execute(select(placed.c.number).add_cte(*parts))).one_or_none() is not None:
        return
    # Either this very order is there (its step is repeated), or the cart's unique key stopped a second one.
    if (await tx.execute(select(order.c.id).where(order.c.id == new.id))).one_or_none() is None:
        raise already_placed()


def _order_values(new: NewOrder) -> dict[str, Any]:
    return {
        **{name: getattr(new, name) for name in AS_IT_IS},
        # Lower case, as customers' are, so that an equality finds it.
        "email": new.email.lower() if new.email else None,
        "attributes": [dict(pair) for pair in new.attributes],
        "tax_lines": [dict(tax) for tax in new.tax_lines],
        "shipping_address": new.shipping_address.stored() if new.shipping_address else null(),
        "billing_address": new.billing_address.stored() if new.billing_address else null(),
        "financial_status": "AUTHORIZED" if new.total_minor > new.gift_card_minor else "PAID",
    }


def _lines(placed: CTE, lines: Sequence[NewLine]) -> CTE:
    """Return the part of a statement that adds the lines of the order that another part placed, if it did."""
    rows = [_line_values(at, each) for at, each in enumerate(lines)]
    names = [*LINE_AS_IT_IS, "position", "current_quantity", "total_minor", "attributes"]
    source = given([[row[name] for name in names] for row in rows], **{name: line.c[name].type for name in names})
    adding = select(placed.c.id, *source.c).join_from(placed, source, true())
    return insert(line).from_select(["order_id", *names], adding).cte("lines")


def _line_values(position: int, new: NewLine) -> dict[str, Any]:
    return {
        **{name: getattr(new, name) for name in LINE_AS_IT_IS},
        "position": position,
        "current_quantity": new.quantity,
        "total_minor": new.unit_price_minor * new.quantity - new.discount_minor,
        "attributes": [dict(pair) for pair in new.attributes],
    }
