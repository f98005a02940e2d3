"""Batched reads of delivery rates and fulfilments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, Text, Uuid, any_, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.fulfilment.rules import Tracking
from commerce_graph.fulfilment.tables import (
    fulfillment,
    fulfillment_line,
    fulfillment_order,
    fulfillment_order_line,
    rate,
    zone_country,
)
from commerce_graph.kernel.statements import Given, built_once


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


@dataclass(frozen=True, slots=True)
class FulfillmentOrderLine:
    """A part of an order line that one location has to send; `remaining` is not sent yet."""

    id: UUID
    order_line_id: UUID
    variant_id: UUID | None
    quantity: int
    remaining: int


@dataclass(frozen=True, slots=True)
class FulfillmentOrder:
    """What one location has to send of an order. `status`: OPEN, IN_PROGRESS, CLOSED or CANCELLED."""

    id: UUID
    order_id: UUID
    location_id: UUID | None
    status: str
    created_at: datetime
    updated_at: datetime
    lines: Sequence[FulfillmentOrderLine]


async def rates(conn: AsyncConnection, requests: Sequence[RateRequest]) -> Sequence[Sequence[DeliveryRate]]:
    """Return the rates that a parcel may choose from, in the zone's order; empty where nothing is delivered.

    Shape: n requests → n lists in input order; 1 statement.
    """
    statement, asked = _rates()
    parcels = asked.values([(each.country, each.weight_g, each.currency) for each in requests])
    lists: list[dict[str, DeliveryRate]] = [{} for _ in requests]
    for at, *found in await conn.execute(statement, parcels):
        option = DeliveryRate(*found)
        # Weights of one handle may overlap by mistake: a handle names one rate, the first.
        lists[at - 1].setdefault(option.handle, option)
    return [list(options.values()) for options in lists]


@built_once
def _rates() -> tuple[Select[Any], Given]:
    asked = Given("asked", country=Text, weight_g=Integer, currency=Text)
    columns = (rate.c.handle, rate.c.title, rate.c.description, rate.c.amount_minor, rate.c.currency)
    query = (
        select(asked.c.at, *columns)
        .join(zone_country, zone_country.c.country == asked.c.country)
        .join(rate, (rate.c.zone_id == zone_country.c.zone_id) & (rate.c.currency == asked.c.currency))
        .where(rate.c.from_g <= asked.c.weight_g, or_(rate.c.to_g.is_(None), rate.c.to_g > asked.c.weight_g))
        .order_by(asked.c.at, rate.c.position, rate.c.id)
    )
    return query, asked


async def parcels(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[Sequence[Parcel]]:
    """Return fulfilments, oldest first. Shape: n keys → n lists in input order; 1 statement."""
    line = fulfillment_line
    query = (
        select(fulfillment, line.c.order_line_id, line.c.quantity)
        .join(line, line.c.fulfillment_id == fulfillment.c.id)
        .where(fulfillment.c.order_id == _any(order_ids))
        .order_by(fulfillment.c.order_id, fulfillment.c.number, line.c.id)
    )
    found: dict[UUID, Parcel] = {}
    contents: dict[UUID, list[tuple[UUID, int]]] = {}
    for row in await conn.execute(query):
        if row.id not in found:
            contents[row.id] = []
            found[row.id] = Parcel(
                row.id, row.order_id, row.location_id, row.number, row.status,
                Tracking(row.tracking_company, row.tracking_numbers, row.tracking_urls),
                row.created_at, row.updated_at, contents[row.id],
            )  # fmt: skip
        contents[row.id].append((row.order_line_id, row.quantity))
    return _by_order(order_ids, list(found.values()))


async def fulfillment_orders(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[Sequence[FulfillmentOrder]]:
    """Return what has to be sent, in the order in which it was opened.

    Shape: n keys → n lists in input order; 1 statement.
    """
    line = fulfillment_order_line
    columns = [line.c[name].label(f"line_{name}") for name in FulfillmentOrderLine.__slots__]
    query = (
        select(fulfillment_order, *columns)
        .join(line, line.c.fulfillment_order_id == fulfillment_order.c.id)
        .where(fulfillment_order.c.order_id == _any(order_ids))
        .order_by(fulfillment_order.c.id, line.c.id)
    )
    found: dict[UUID, FulfillmentOrder] = {}
    contents: dict[UUID, list[FulfillmentOrderLine]] = {}
    for row in await conn.execute(query):
        if row.id not in found:
            contents[row.id] = []
            found[row.id] = FulfillmentOrder(
                row.id, row.order_id, row.location_id, row.status, row.created_at, row.updated_at, contents[row.id]
            )
        contents[row.id].append(
            FulfillmentOrderLine(*(row._mapping[f"line_{name}"] for name in FulfillmentOrderLine.__slots__))
        )
    return _by_order(order_ids, list(found.values()))


async def order_of_fulfillment_order(conn: AsyncConnection, fulfillment_order_id: UUID) -> UUID | None:
    """Return the order that a fulfillment order belongs to, so that the caller can lock the order first."""
    query = select(fulfillment_order.c.order_id).where(fulfillment_order.c.id == fulfillment_order_id)
    found: UUID | None = (await conn.execute(query)).scalar_one_or_none()
    return found


def _by_order(order_ids: Sequence[UUID], found: Sequence[Any]) -> list[list[Any]]:
    groups: dict[UUID, list[Any]] = {order_id: [] for order_id in order_ids}
    for each in found:
        groups[each.order_id].append(each)
    return [groups[order_id] for order_id in order_ids]


def _any(values: Sequence[UUID]) -> ColumnElement[Any]:
    return any_(cast(list(values), ARRAY(Uuid)))
