"""A purchase becomes an order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, func, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.events import OrderPlaced, OrderUpdated
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.outbox import Event, Facts
from commerce_graph.kernel.statements import Given, any_key, built_once
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


async def place(tx: AsyncConnection, orders: Sequence[NewOrder]) -> None:
    """Make orders of purchases, AUTHORIZED or (where nothing is due) PAID. Repeating it changes nothing.

    The caller commits the stock and opens the fulfillment orders in the same transaction. 1 statement, however many
    orders and lines, and 1 more where one was placed before.
    Emits: OrderPlaced, OrderUpdated(placed).
    Raises: Rejected(ALREADY_PLACED) where a cart has become an order with another id.
    """
    statement, given, facts = _placing()
    told: list[tuple[UUID, Event]] = []
    for new in orders:
        told.append((new.id, OrderPlaced(new.id, new.customer_id, _sold(new.lines))))
        told.append((new.id, OrderUpdated(new.id, new.customer_id, "placed")))
    values = (
        given["orders"].values([_order_row(new) for new in orders])
        | given["told"].values([(new.id, new_id()) for new in orders])
        | given["lines"].values([_line_row(new.id, at, each) for new in orders for at, each in enumerate(new.lines)])
        | given["kept"].values([(new.id, new.breakdown) for new in orders if new.breakdown is not None])
        | facts.values(told)
    )
    placed = set((await tx.execute(statement, values)).scalars())
    before = [new.id for new in orders if new.id not in placed]
    # Either these very orders are there (their step is repeated), or a cart's unique key stopped a second one.
    if before and len((await tx.execute(_KNOWN, {"keys": before})).all()) < len(before):
        raise already_placed()


_KNOWN = select(order.c.id).where(order.c.id == any_key())
_ORDER = (*AS_IT_IS, "email", "attributes", "tax_lines", "shipping_address", "billing_address", "financial_status")
_LINE = (*LINE_AS_IT_IS, "position", "current_quantity", "total_minor", "attributes")


@built_once
def _placing() -> tuple[Select[Any], dict[str, Given], Facts]:
    given = {
        "orders": Given("orders", **{name: order.c[name].type for name in _ORDER}),
        "lines": Given("lines", order_id=Uuid, **{name: line.c[name].type for name in _LINE}),
        "told": Given("events", id=Uuid, event_id=Uuid),
        "kept": Given("kept", order_id=Uuid, document=breakdown.c.document.type),
    }
    facts = Facts()
    new, sold, kept = (given[name].c for name in ("orders", "lines", "kept"))
    rows = select(*(new[name] for name in _ORDER)).order_by(new.at)
    placing = postgresql.insert(order).from_select(list(_ORDER), rows).on_conflict_do_nothing()
    placed = placing.returning(order.c.id, order.c.number).cte("placed")
    message = func.concat("Order #", placed.c.number, " was placed.")
    lines = select(*(sold[name] for name in ("order_id", *_LINE))).join(placed, placed.c.id == sold.order_id)
    documents = select(kept.order_id, kept.document).join(placed, placed.c.id == kept.order_id)
    parts = (
        insert(line).from_select(["order_id", *_LINE], lines).cte("placed_lines"),
        insert(breakdown).from_select(["order_id", "document"], documents).cte("placed_breakdowns"),
        trail.event_of(placed, given["told"], "placed", message),
        facts.published(placed),
    )
    return select(placed.c.id).add_cte(*parts), given, facts


def _sold(lines: Sequence[NewLine]) -> dict[str, int]:
    sold = Counter[str]()
    for each in lines:
        if each.product_id is not None:
            sold[str(each.product_id)] += each.quantity
    return dict(sold)


def _order_row(new: NewOrder) -> tuple[Any, ...]:
    return (
        *(getattr(new, name) for name in AS_IT_IS),
        # Lower case, as customers' are, so that an equality finds it.
        new.email.lower() if new.email else None,
        [dict(pair) for pair in new.attributes],
        [dict(tax) for tax in new.tax_lines],
        new.shipping_address.stored() if new.shipping_address else None,
        new.billing_address.stored() if new.billing_address else None,
        "AUTHORIZED" if new.total_minor > new.gift_card_minor else "PAID",
    )


def _line_row(order_id: UUID, position: int, new: NewLine) -> tuple[Any, ...]:
    return (
        order_id,
        *(getattr(new, name) for name in LINE_AS_IT_IS),
        position,
        new.quantity,
        new.unit_price_minor * new.quantity - new.discount_minor,
        [dict(pair) for pair in new.attributes],
    )
