"""Inventory items: how variants are counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, DateTime, Integer, Uuid, delete, func, or_, select, true, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory import rules
from commerce_graph.inventory.rules import Delta
from commerce_graph.inventory.service import levels
from commerce_graph.inventory.service.levels import LIMIT, OVERSELL, Movement
from commerce_graph.inventory.tables import item, level, location, reservation
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import INVENTORY_QUANTITY_MAX, MOMENT_YEAR_MAX, MOMENT_YEAR_MIN
from commerce_graph.kernel.moments import aware


@dataclass(frozen=True, slots=True)
class Backorder:
    """How an item is sold beyond its stock, where it is: at most so many (None: any number), expected at a time."""

    limit: int | None = None
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewItem:
    """How a variant is counted. None leaves it as it is; new items are tracked and do not oversell."""

    variant_id: UUID
    product_id: UUID
    tracked: bool | None = None
    oversell: bool | None = None
    backorder: Backorder | None = None


async def save_items(tx: AsyncConnection, items: Sequence[NewItem]) -> None:
    """Create or update inventory items and keep the catalogue's availability in step.

    A new item is stocked at the default location, with nothing on hand. Statements do not grow with the items.
    Locks: the items in order of id, then their levels.
    Emits: StockChanged, one a product.
    Raises: Rejected(INVALID) where more is sold than the new policy allows.
    """
    wanted = {each.variant_id: each for each in items}
    if not wanted:
        return
    known = await _write(tx, [wanted[key] for key in sorted(wanted)])
    await _stock(tx, [key for key in sorted(wanted) if key not in known])
    found = await levels.lock(tx, wanted)
    after = {key: rules.counted(each, *_policy(each)) for key, each in found.items()}
    if any(_too_much_sold(at) for each in after.values() for at in each.levels):
        raise Rejected("INVALID", None, "more of the variant is reserved or sold than that: restock it first")
    differs = or_(level.c.oversell != OVERSELL, level.c.backorder_limit.is_distinct_from(LIMIT))
    copying = update(level).values(oversell=OVERSELL, backorder_limit=LIMIT)
    await tx.execute(copying.where(level.c.item_id == item.c.id, item.c.id == func.any(list(wanted)), differs))
    before = {key: rules.counted(found[key], *policy) for key, policy in known.items()}
    await levels.announce(tx, before, after, always=True)


Policy = tuple[bool, bool, int | None]
"""Whether an item is tracked and oversells, and how many beyond its stock."""


def _policy(each: rules.Item) -> Policy:
    return each.tracked, each.oversell, each.backorder_limit


def _too_much_sold(level: rules.Level) -> bool:
    if level.beyond is None:
        return False
    return level.committed > level.on_hand + level.beyond or (level.beyond == 0 and level.on_hand < 0)


async def _write(tx: AsyncConnection, items: Sequence[NewItem]) -> dict[UUID, Policy]:
    """Write the items, and return how those that were there already were counted, by id."""
    present = select(item).where(item.c.id == func.any([each.variant_id for each in items]))
    found = await tx.execute(present.order_by(item.c.id).with_for_update(key_share=True))
    known = {row.id: row for row in found}
    rows = []
    for each in items:
        was = known.get(each.variant_id)
        tracked, oversell = (was.tracked, was.oversell) if was else (True, False)
        backorder = each.backorder or (Backorder(was.backorder_limit, was.expected_at) if was else Backorder())
        rows.append(
            (
                each.variant_id, each.product_id, tracked if each.tracked is None else each.tracked,
                oversell if each.oversell is None else each.oversell, backorder.limit, backorder.expected_at,
            )
        )  # fmt: skip
    source = given(
        rows, id=Uuid, product_id=Uuid, tracked=Boolean, oversell=Boolean, backorder_limit=Integer,
        expected_at=DateTime(timezone=True),
    )  # fmt: skip
    names = [column.name for column in source.c]
    writing = postgresql.insert(item).from_select(names, select(*source.c).order_by(source.c.id))
    again = {name: writing.excluded[name] for name in names[1:]}
    await tx.execute(writing.on_conflict_do_update(index_elements=["id"], set_=again))
    return {key: (row.tracked, row.oversell, row.backorder_limit) for key, row in known.items()}


async def _stock(tx: AsyncConnection, item_ids: Sequence[UUID]) -> None:
    if not item_ids:
        return
    ids = given([(key,) for key in item_ids], item_id=Uuid)
    default = select(location.c.id).where(location.c.active).order_by(location.c.priority, location.c.id).limit(1)
    first = default.subquery("first")
    adding = postgresql.insert(level).from_select(
        ["item_id", "location_id"], select(ids.c.item_id, first.c.id).join_from(ids, first, true())
    )
    await tx.execute(adding.on_conflict_do_nothing())


async def update_item(tx: AsyncConnection, item_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change `tracked`, `backorder_limit` (None: no limit) or `expected_at` of an item; what is left out stays.

    Locks: the item, then its levels. Emits: StockChanged.
    Limits: INVENTORY_QUANTITY_MAX.
    Raises: Rejected(INVALID) for an item that there is not, a limit that is none, or more sold than the new policy
    allows.
    """
    mine = select(item).where(item.c.id == item_id).with_for_update(key_share=True)
    row = (await tx.execute(mine)).one_or_none()
    if row is None:
        raise Rejected("INVALID", ["id"], "the inventory item could not be found")
    limit = changes.get("backorder_limit", row.backorder_limit)
    if limit is not None and not 0 <= limit <= INVENTORY_QUANTITY_MAX:
        path = ["input", "backorderLimit"]
        raise Rejected("INVALID", path, f"the limit must be between 0 and {INVENTORY_QUANTITY_MAX}, or null")
    expected_at = changes.get("expected_at", row.expected_at)
    if expected_at is not None and not MOMENT_YEAR_MIN <= expected_at.year <= MOMENT_YEAR_MAX:
        told = f"must be between the years {MOMENT_YEAR_MIN} and {MOMENT_YEAR_MAX}"
        raise Rejected("INVALID", ["input", "backorderExpectedAt"], told)
    backorder = Backorder(limit, expected_at and aware(expected_at))
    tracked = changes.get("tracked", row.tracked)
    await save_items(tx, [NewItem(item_id, row.product_id, tracked, row.oversell, backorder)])


async def remove_items(tx: AsyncConnection, variant_ids: Sequence[UUID]) -> None:
    """Stop counting removed variants. What they held that was shipped or given back is forgotten with them.

    The ledger stays, and says that what was left of them is gone.
    Locks: the items in order of id, then their levels.
    Raises: Rejected(INVALID) while stock of one is reserved or sold, not shipped.
    """
    found = await _hold(tx, variant_ids)
    if any(at.committed for each in found.values() for at in each.levels):
        raise Rejected("INVALID", None, "stock of the variant is reserved or sold and not shipped yet")
    left = [
        Movement((key, at.location_id), "ADJUST", Delta(on_hand=-at.on_hand, safety=-at.safety, incoming=-at.incoming))
        for key, each in found.items()
        for at in each.levels
    ]
    if found:
        await levels.record(tx, found, left)
        await tx.execute(delete(reservation).where(reservation.c.item_id == func.any(list(found))))
        await tx.execute(delete(item).where(item.c.id == func.any(list(found))))


async def hold_items(tx: AsyncConnection, variant_ids: Sequence[UUID]) -> None:
    """Keep other writes of these variants' stock waiting until the transaction ends. 2 statements.

    A use case that writes the catalogue's rows before stock calls it first: a purchase that sells out takes the same
    locks in the order stock, catalogue, and one of the two would be broken off.
    Locks: the items in order of id, then their levels.
    """
    await _hold(tx, variant_ids)


async def _hold(tx: AsyncConnection, variant_ids: Sequence[UUID]) -> dict[UUID, rules.Item]:
    mine = select(item.c.id).where(item.c.id == func.any(list(variant_ids))).order_by(item.c.id)
    await tx.execute(mine.with_for_update())
    return await levels.lock(tx, variant_ids)
