"""Batched reads of stock and locations."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, Uuid, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory.rules import Allocation, At, Stock
from commerce_graph.inventory.tables import adjustment, item, level, location, movement, reservation
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.context import straight
from commerce_graph.kernel.database import Source, by_key, rows
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page, read_pages
from commerce_graph.kernel.statements import Prepared, any_key, built_once


def _stocks() -> Select[Any]:
    active = and_(level.c.location_id == location.c.id, location.c.active)
    counted = item.outerjoin(level, level.c.item_id == item.c.id).outerjoin(location, active)
    here = location.c.id.is_not(None)
    available = level.c.on_hand - level.c.committed - level.c.safety
    return (
        select(
            item.c.id,
            item.c.tracked,
            item.c.oversell,
            func.coalesce(func.sum(available).filter(here), 0).label("available"),
            func.coalesce(func.sum(available).filter(here, available > 0), 0).label("free"),
            item.c.backorder_limit,
        )
        .select_from(counted)
        .group_by(item.c.id)
    )


@built_once
def _stock() -> Prepared:
    return Prepared(_stocks().where(item.c.id == any_key()))


@built_once
def _stock_of_products() -> Prepared:
    return Prepared(_stocks().add_columns(item.c.product_id).where(item.c.product_id == any_key()))


@straight
async def stock(source: Source, variant_ids: Sequence[UUID]) -> Sequence[Stock | None]:
    """Return stock. Shape: n keys → n results in input order, None where nothing is counted; 1 statement."""
    found = by_key(await rows(source, _stock(), keys=list(variant_ids)), Stock)
    return list(map(found.get, variant_ids))


@straight
async def stock_of_products(source: Source, product_ids: Sequence[UUID]) -> Sequence[Sequence[tuple[UUID, Stock]]]:
    """Return each variant of products with its stock. Shape: n keys → n lists in input order; 1 statement."""
    found: dict[UUID, list[tuple[UUID, Stock]]] = {product_id: [] for product_id in product_ids}
    for row in await rows(source, _stock_of_products(), keys=list(product_ids)):
        found[row.product_id].append((row[0], Stock._make(row[1:-1])))
    return [found[product_id] for product_id in product_ids]


async def allocations(conn: AsyncConnection, owner_id: UUID) -> Sequence[Allocation]:
    """Return what an owner still holds of tracked stock, in order of line and location. 1 statement."""
    read = await conn.execute(
        select(reservation.c.line_id, reservation.c.item_id, reservation.c.location_id, reservation.c.quantity)
        .where(reservation.c.owner_id == owner_id, reservation.c.quantity > 0)
        .order_by(reservation.c.line_id, reservation.c.location_id)
    )
    return [Allocation(*row) for row in read]


@dataclass(frozen=True, slots=True)
class Place:
    """A location."""

    id: UUID
    name: str
    country: str
    active: bool
    address: PostalAddress = PostalAddress()


def _places() -> Select[Any]:
    return select(location.c.id, location.c.name, location.c.country, location.c.active, location.c.address)


def _place(row: RowMapping) -> Place:
    known = {name: value for name, value in row["address"].items() if name in PostalAddress.__dataclass_fields__}
    address = PostalAddress(**known | {"country_code": row["country"]})
    return Place(row["id"], row["name"], row["country"], row["active"], address)


async def locations(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Place | None]:
    """Return locations. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    read = await conn.execute(_places().where(location.c.id == func.any(list(ids))))
    found = {row["id"]: _place(row) for row in read.mappings()}
    return [found.get(key) for key in ids]


async def active_locations(conn: AsyncConnection) -> Sequence[Place]:
    """Return all active locations in order of priority; the first is the default. 1 statement."""
    read = await conn.execute(_places().where(location.c.active).order_by(location.c.priority, location.c.id))
    return [_place(row) for row in read.mappings()]


async def location_page(
    conn: AsyncConnection, keys: Sequence[bool], args: PageArguments, include_inactive: bool
) -> Sequence[Page]:
    """Return a page of locations by name, for the one key True. 1 statement."""
    wanted = _places() if include_inactive else _places().where(location.c.active)
    page = await read_page(conn, wanted, Order((location.c.name, location.c.id)), args)
    return [replace(page, rows=[_place(row._mapping) for row in page.rows])] * len(keys)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An inventory item."""

    id: UUID
    product_id: UUID
    tracked: bool
    oversell: bool
    backorder_limit: int | None
    expected_at: datetime | None


async def items(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[ItemRow | None]:
    """Return inventory items. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    columns = [item.c[member.name] for member in fields(ItemRow)]
    read = await conn.execute(select(*columns).where(item.c.id == func.any(list(ids))))
    found = {row.id: ItemRow(*row) for row in read}
    return [found.get(key) for key in ids]


@dataclass(frozen=True, slots=True)
class LevelRow:
    """What there is of an item at a location. `promised` is reserved or sold, `reserved` the part not decided yet."""

    item_id: UUID
    location_id: UUID
    on_hand: int
    promised: int
    reserved: int
    safety: int
    incoming: int
    updated_at: datetime


def _levels() -> Select[Any]:
    mine = (reservation.c.item_id == level.c.item_id, reservation.c.location_id == level.c.location_id)
    held = select(func.coalesce(func.sum(reservation.c.quantity), 0)).where(*mine, reservation.c.state == "HELD")
    return select(
        level.c.item_id, level.c.location_id, level.c.on_hand, level.c.committed.label("promised"),
        held.correlate(level).scalar_subquery().label("reserved"), level.c.safety, level.c.incoming,
        level.c.updated_at,
    )  # fmt: skip


async def levels(conn: AsyncConnection, ats: Sequence[At]) -> Sequence[LevelRow | None]:
    """Return levels by item and location. Shape: n keys → n results in input order, None where there is none; 1
    statement."""
    wanted = given(ats, item_id=Uuid, location_id=Uuid)
    matches = (level.c.item_id == wanted.c.item_id) & (level.c.location_id == wanted.c.location_id)
    read = await conn.execute(_levels().join(wanted, matches))
    found = {(row.item_id, row.location_id): LevelRow(*row) for row in read}
    return [found.get(at) for at in ats]


async def level_pages(conn: AsyncConnection, item_ids: Sequence[UUID], args: PageArguments) -> Sequence[Page]:
    """Return a page of each item's levels, by location. Shape: n keys → n pages in input order; 1 statement."""

    def of(item_id: ColumnElement[UUID]) -> Select[Any]:
        return _levels().where(level.c.item_id == item_id)

    pages = await read_pages(conn, item_ids, of, Order((level.c.location_id,)), args)
    return [_as(LevelRow, page) for page in pages]


def _as(kind: Any, page: Page) -> Page:
    """Return a page whose rows are of a kind."""
    names = [member.name for member in fields(kind)]
    return replace(page, rows=[kind(*(row._mapping[name] for name in names)) for row in page.rows])


@dataclass(frozen=True, slots=True)
class MovementRow:
    """An entry of the ledger, with why it was made where a merchant made it."""

    id: int
    item_id: UUID
    location_id: UUID
    kind: str
    on_hand: int
    reserved: int
    committed: int
    safety: int
    incoming: int
    owner_id: UUID | None
    reason: str | None
    reference_document_uri: str | None
    created_at: datetime


async def movement_pages(
    conn: AsyncConnection, item_ids: Sequence[UUID], args: PageArguments, location_id: UUID | None = None
) -> Sequence[Page]:
    """Return a page of each item's movements, at a location or at all of them, the latest first.

    Shape: n keys → n pages in input order; 1 statement.
    """
    why = (adjustment.c.reason, adjustment.c.reference_document_uri)
    columns = [movement.c[member.name] for member in fields(MovementRow) if member.name in movement.c]

    def of(item_id: ColumnElement[UUID]) -> Select[Any]:
        mine = select(*columns, *why).where(movement.c.item_id == item_id)
        mine = mine.outerjoin(adjustment, adjustment.c.id == movement.c.adjustment_id)
        return mine if location_id is None else mine.where(movement.c.location_id == location_id)

    pages = await read_pages(conn, item_ids, of, Order((movement.c.id,), descending=True), args)
    return [_as(MovementRow, page) for page in pages]
