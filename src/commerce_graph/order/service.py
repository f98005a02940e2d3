"""Orders: use cases, and the only door for other domains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.address import PostalAddress


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


async def place(tx: AsyncConnection, new: NewOrder) -> None:
    """Make an order of a purchase, AUTHORIZED or (where nothing is due) PAID. Repeating it changes nothing.

    The caller commits the stock and opens the fulfillment orders in the same transaction. Statements do not grow with
    the lines.
    Emits: OrderPlaced, OrderUpdated(placed).
    """
    raise NotImplementedError


async def note_payment(tx: AsyncConnection, order_id: UUID, change: str) -> None:
    """Bring the financial status in line with the payment's balance and add an event (`change`: paid, voided, ...).

    Locks: the order's row. Emits: OrderUpdated(change). Repeating it changes nothing.
    """
    raise NotImplementedError
