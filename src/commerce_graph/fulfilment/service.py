"""Delivery rates and fulfilments: use cases, and the only door for other domains."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class RateRequest:
    """A parcel to price."""

    country: str | None
    weight_g: int
    currency: str


@dataclass(frozen=True, slots=True)
class DeliveryRate:
    """A way to have a parcel delivered, in minor units of the request's currency."""

    handle: str
    title: str
    description: str | None
    amount_minor: int
    currency: str


async def rates(conn: AsyncConnection, requests: Sequence[RateRequest]) -> Sequence[Sequence[DeliveryRate]]:
    """Return the rates that a parcel may choose from, in the zone's order; empty where nothing is delivered.

    Shape: n requests → n lists in input order; 1 statement.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ToSend:
    """A part of an order line and where it is sent from; None for goods that no location counts."""

    order_line_id: UUID
    variant_id: UUID | None
    location_id: UUID | None
    quantity: int


async def open_orders(tx: AsyncConnection, order_id: UUID, parts: Sequence[ToSend]) -> None:
    """Open one fulfillment order for each location. Repeating it changes nothing. Statements do not grow with parts."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Tracking:
    """How a parcel can be followed."""

    company: str | None = None
    numbers: Sequence[str] = ()
    urls: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Picked:
    """What a new fulfilment takes, for stock and order to follow: (order_line_id, variant_id, quantity)."""

    fulfillment_id: UUID
    order_id: UUID
    location_id: UUID | None
    lines: Sequence[tuple[UUID, UUID | None, int]]


async def order_of_fulfillment_order(conn: AsyncConnection, fulfillment_order_id: UUID) -> UUID | None:
    """Return the order that a fulfillment order belongs to, so that the caller can lock the order first."""
    raise NotImplementedError


async def fulfill(
    tx: AsyncConnection,
    fulfillment_order_id: UUID,
    lines: Sequence[tuple[UUID, int]] | None,
    tracking: Tracking,
) -> Picked:
    """Send off (fulfillment_order_line_id, quantity), or all that is left, of one fulfillment order.

    Locks: the fulfillment order's row; the caller holds the order's.
    Raises: Rejected(INVALID) for another order's line, more than is left, or one that is closed or cancelled.
    """
    raise NotImplementedError


async def reduce(tx: AsyncConnection, order_id: UUID, lines: Sequence[tuple[UUID, int]] | None) -> None:
    """Take (order_line_id, quantity) that will not be sent, or everything (a cancelled order), from what is left.

    Locks: the order's fulfillment orders in order of id.
    Raises: Rejected(INVALID) for more than is left.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Parcel:
    """A fulfilment with its lines (order_line_id, quantity)."""

    id: UUID
    order_id: UUID
    location_id: UUID | None
    number: int
    status: str
    tracking: Tracking
    created_at: datetime
    updated_at: datetime
    lines: Sequence[tuple[UUID, int]]


async def parcels(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[Sequence[Parcel]]:
    """Return fulfilments, oldest first. Shape: n keys → n lists in input order; 1 statement."""
    raise NotImplementedError
