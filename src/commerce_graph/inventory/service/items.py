"""Inventory items: how variants are counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Boolean, Uuid, delete, func, select, true, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory import rules
from commerce_graph.inventory.service import levels
from commerce_graph.inventory.tables import item, level, location, reservation
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.errors import Rejected


@dataclass(frozen=True, slots=True)
class NewItem:
    """How a variant is counted. None leaves it as it is; new items are tracked and do not oversell."""

    variant_id: UUID
    product_id: UUID
    tracked: bool | None = None
    oversell: bool | None = None


async def save_items(tx: AsyncConnection, items: Sequence[NewItem]) -> None:
    """Create or update inventory items and keep the catalogue's availability in step.

    A new item is stocked at the default location, with nothing on hand. Statements do not grow with the items.
    Locks: the items in order of id, then their levels.
    Emits: StockChanged, one a product.
    Raises: Rejected(INVALID) where overselling is switched off while more is sold than there is.
    """
    wanted = {each.variant_id: each for each in items}
    if not wanted:
        return
    known = await _write(tx, [wanted[key] for key in sorted(wanted)])
    await _stock(tx, [key for key in sorted(wanted) if key not in known])
    found = await levels.lock(tx, wanted)
    after = {key: rules.counted(each, each.tracked, each.oversell) for key, each in found.items()}
    for each in after.values():
        if each.bounded and any(at.committed > at.on_hand or at.on_hand < 0 for at in each.levels):
            raise Rejected("INVALID", None, "more of the variant is reserved or sold than there is: restock it first")
    await tx.execute(
        update(level)
        .values(oversell=_OVERSELL)
        .where(level.c.item_id == item.c.id, item.c.id == func.any(list(wanted)), level.c.oversell != _OVERSELL)
    )
    before = {key: rules.counted(found[key], *flags) for key, flags in known.items()}
    await levels.announce(tx, before, after, always=True)


_OVERSELL = item.c.oversell | ~item.c.tracked
"""What levels copy, so that their CHECK knows whether more may be sold than there is."""


async def _write(tx: AsyncConnection, items: Sequence[NewItem]) -> dict[UUID, tuple[bool, bool]]:
    """Write the items, and return how those that were there already were counted, by id."""
    present = select(item.c.id, item.c.tracked, item.c.oversell).where(
        item.c.id == func.any([each.variant_id for each in items])
    )
    found = await tx.execute(present.order_by(item.c.id).with_for_update(key_share=True))
    known = {row.id: (row.tracked, row.oversell) for row in found}
    rows = []
    for each in items:
        tracked, oversell = known.get(each.variant_id, (True, False))
        tracked = tracked if each.tracked is None else each.tracked
        oversell = oversell if each.oversell is None else each.oversell
        rows.append((each.variant_id, each.product_id, tracked, oversell))
    source = given(rows, id=Uuid, product_id=Uuid, tracked=Boolean, oversell=Boolean)
    names = [column.name for column in source.c]
    writing = postgresql.insert(item).from_select(names, select(*source.c).order_by(source.c.id))
    again = {name: writing.excluded[name] for name in names[1:]}
    await tx.execute(writing.on_conflict_do_update(index_elements=["id"], set_=again))
    return known


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


async def remove_items(tx: AsyncConnection, variant_ids: Sequence[UUID]) -> None:
    """Stop counting removed variants. What they held that was shipped or given back is forgotten with them.

    Locks: the items in order of id, then their levels.
    Raises: Rejected(INVALID) while stock of one is reserved or sold, not shipped.
    """
    found = await _hold(tx, variant_ids)
    if any(at.committed for each in found.values() for at in each.levels):
        raise Rejected("INVALID", None, "stock of the variant is reserved or sold and not shipped yet")
    if found:
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
