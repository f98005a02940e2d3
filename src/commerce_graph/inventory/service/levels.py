"""Levels: locked in one order by every write, changed in one statement, and told to the catalogue where they cross
the line between sold out and for sale."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, exists, func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import service as catalog
from commerce_graph.events import StockChanged
from commerce_graph.inventory import rules
from commerce_graph.inventory.rules import At, Item, Level
from commerce_graph.inventory.tables import item, level, location
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.outbox import publish

Moves = Mapping[At, tuple[int, int]]
"""What is added to on hand and to committed, by item and location."""


async def lock(tx: AsyncConnection, item_ids: Iterable[UUID]) -> dict[UUID, Item]:
    """Lock all levels of the items and return the items that exist. 1 statement.

    Every write takes all levels of an item, not only those it changes: whether a variant is for sale is a sum over
    them, and two writers at two locations must not both believe that they did not cross the line.
    Locks: the levels in order of item and location.
    """
    ids = list(set(item_ids))
    locked = (
        select(level.c.item_id, level.c.location_id, level.c.on_hand, level.c.committed, level.c.oversell)
        .where(level.c.item_id == func.any(ids))
        .order_by(level.c.item_id, level.c.location_id)
        .with_for_update(key_share=True)
        .cte("locked")
        .prefix_with("MATERIALIZED")
    )
    source = item.outerjoin(locked, locked.c.item_id == item.c.id).outerjoin(
        location, location.c.id == locked.c.location_id
    )
    rows = await tx.execute(
        select(
            item.c.id, item.c.product_id, item.c.tracked, item.c.oversell,
            locked.c.location_id, locked.c.on_hand, locked.c.committed, locked.c.oversell.label("level_oversell"),
            location.c.active, location.c.country, location.c.priority,
        )
        .select_from(source)
        .where(item.c.id == func.any(ids))
        .order_by(item.c.id, location.c.priority, location.c.id)
    )  # fmt: skip
    return _items(rows.all())


def _items(rows: Sequence[Any]) -> dict[UUID, Item]:
    levels: dict[UUID, list[Level]] = {row.id: [] for row in rows}
    for row in rows:
        if row.location_id is not None:
            levels[row.id].append(
                Level(
                    row.location_id,
                    row.on_hand,
                    row.committed,
                    row.level_oversell,
                    row.active,
                    row.country,
                    row.priority,
                )
            )
    return {row.id: Item(row.id, row.product_id, row.tracked, row.oversell, levels[row.id]) for row in rows}


async def open_levels(tx: AsyncConnection, ats: Iterable[At]) -> None:
    """Make the levels that are missing among the existing items and locations named. 1 statement.

    Comes before `lock`. Locks: the items of missing levels in order of id, so that a change of policy is copied.
    """
    wanted = given(sorted(set(ats)), item_id=Uuid, location_id=Uuid)
    known = exists().where(level.c.item_id == wanted.c.item_id, level.c.location_id == wanted.c.location_id)
    missing = (
        select(wanted.c.item_id, wanted.c.location_id, (item.c.oversell | ~item.c.tracked).label("oversell"))
        .join(item, item.c.id == wanted.c.item_id)
        .join(location, location.c.id == wanted.c.location_id)
        .where(~known)
        .order_by(wanted.c.item_id, wanted.c.location_id)
        .with_for_update(read=True, of=item)
    )
    adding = postgresql.insert(level).from_select(["item_id", "location_id", "oversell"], missing)
    await tx.execute(adding.on_conflict_do_nothing())


async def move(tx: AsyncConnection, items: Mapping[UUID, Item], moves: Moves) -> dict[UUID, Item]:
    """Change locked levels and return the items as they are then. 1 statement."""
    rows = [(*at, on_hand, committed) for at, (on_hand, committed) in sorted(moves.items()) if on_hand or committed]
    if rows:
        by = given(rows, item_id=Uuid, location_id=Uuid, on_hand=Integer, committed=Integer)
        await tx.execute(
            update(level)
            .values(
                on_hand=level.c.on_hand + by.c.on_hand,
                committed=level.c.committed + by.c.committed,
                updated_at=func.now(),
            )
            .where(level.c.item_id == by.c.item_id, level.c.location_id == by.c.location_id)
        )
    return {key: rules.moved(each, moves) for key, each in items.items()}


async def announce(
    tx: AsyncConnection, before: Mapping[UUID, Item], after: Mapping[UUID, Item], *, always: bool = False
) -> None:
    """Tell the catalogue which variants became or ceased to be for sale, and publish it; `always` publishes anyway.

    An item that is not in `before` is new, and was not for sale.
    Emits: StockChanged, one a product.
    """
    flips = {
        key: each.for_sale
        for key, each in sorted(after.items())
        if each.for_sale != (key in before and before[key].for_sale)
    }
    if flips:
        await catalog.note_availability(tx, flips)
    products = {each.product_id for key, each in after.items() if always or key in flips}
    await publish(tx, *(StockChanged(product_id=product_id) for product_id in sorted(products)))
