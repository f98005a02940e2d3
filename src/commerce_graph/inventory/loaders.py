"""Batched reads of stock and locations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory.rules import Allocation, Stock
from commerce_graph.inventory.tables import item, level, location, reservation


def _stocks() -> Select[Any]:
    active = and_(level.c.location_id == location.c.id, location.c.active)
    counted = item.outerjoin(level, level.c.item_id == item.c.id).outerjoin(location, active)
    here = location.c.id.is_not(None)
    return (
        select(
            item.c.id,
            item.c.product_id,
            item.c.tracked,
            item.c.oversell,
            func.coalesce(func.sum(level.c.on_hand).filter(here), 0).label("on_hand"),
            func.coalesce(func.sum(level.c.committed).filter(here), 0).label("committed"),
        )
        .select_from(counted)
        .group_by(item.c.id)
    )


def _stock(row: RowMapping) -> Stock:
    return Stock(row["tracked"], row["oversell"], row["on_hand"], row["committed"])


async def stock(conn: AsyncConnection, variant_ids: Sequence[UUID]) -> Sequence[Stock | None]:
    """Return stock. Shape: n keys → n results in input order, None where nothing is counted; 1 statement."""
    rows = await conn.execute(_stocks().where(item.c.id == func.any(list(variant_ids))))
    found = {row["id"]: _stock(row) for row in rows.mappings()}
    return [found.get(variant_id) for variant_id in variant_ids]


async def stock_of_products(conn: AsyncConnection, product_ids: Sequence[UUID]) -> Sequence[Sequence[Stock]]:
    """Return the stock of each variant of products. Shape: n keys → n lists in input order; 1 statement."""
    rows = await conn.execute(_stocks().where(item.c.product_id == func.any(list(product_ids))))
    found: dict[UUID, list[Stock]] = {product_id: [] for product_id in product_ids}
    for row in rows.mappings():
        found[row["product_id"]].append(_stock(row))
    return [found[product_id] for product_id in product_ids]


async def allocations(conn: AsyncConnection, owner_id: UUID) -> Sequence[Allocation]:
    """Return what an owner still holds of tracked stock, in order of line and location. 1 statement."""
    rows = await conn.execute(
        select(reservation.c.line_id, reservation.c.item_id, reservation.c.location_id, reservation.c.quantity)
        .where(reservation.c.owner_id == owner_id, reservation.c.quantity > 0)
        .order_by(reservation.c.line_id, reservation.c.location_id)
    )
    return [Allocation(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Place:
    """A location."""

    id: UUID
    name: str
    country: str
    active: bool


async def locations(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Place | None]:
    """Return locations. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    rows = await conn.execute(_places().where(location.c.id == func.any(list(ids))))
    found = {row.id: Place(*row) for row in rows}
    return [found.get(key) for key in ids]


async def active_locations(conn: AsyncConnection) -> Sequence[Place]:
    """Return all active locations in order of priority; the first is the default. 1 statement."""
    rows = await conn.execute(_places().where(location.c.active).order_by(location.c.priority, location.c.id))
    return [Place(*row) for row in rows]


def _places() -> Select[Any]:
    return select(location.c.id, location.c.name, location.c.country, location.c.active)
