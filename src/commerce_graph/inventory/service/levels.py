"""Levels: locked in one order by every write, changed in one statement, and told to the catalogue where they cross
the line between sold out and for sale."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Text,
    Update,
    Uuid,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import service as catalog
from commerce_graph.events import StockChanged
from commerce_graph.inventory import rules
from commerce_graph.inventory.rules import At, Delta, Item, Level
from commerce_graph.inventory.tables import item, level, location, movement
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.outbox import publish
from commerce_graph.kernel.statements import any_key, built_once


@dataclass(frozen=True, slots=True)
class Movement:
    """What happened to a level: a row of the ledger. `owner_id`: the purchase or order it happened for."""

    at: At
    kind: str
    delta: Delta
    owner_id: UUID | None = None
    adjustment_id: UUID | None = None


async def lock(tx: AsyncConnection, item_ids: Iterable[UUID]) -> dict[UUID, Item]:
    """Lock all levels of the items and return the items that exist. 1 statement.

    Every write takes all levels of an item, not only those it changes: whether a variant is for sale is a sum over
    them, and two writers at two locations must not both believe that they did not cross the line.
    Locks: the levels in order of item and location.
    """
    return _items((await tx.execute(_locking(), {"keys": list(set(item_ids))})).all())


_LOCKED = (
    "item_id", "location_id", "on_hand", "committed", "safety", "incoming", "oversell", "backorder_limit",
)  # fmt: skip


@built_once
def _locking() -> Select[Any]:
    locked = (
        select(*(level.c[name] for name in _LOCKED))
        .where(level.c.item_id == any_key())
        .order_by(level.c.item_id, level.c.location_id)
        .with_for_update(key_share=True)
        .cte("locked")
        .prefix_with("MATERIALIZED")
    )
    source = item.outerjoin(locked, locked.c.item_id == item.c.id).outerjoin(
        location, location.c.id == locked.c.location_id
    )
    return (
        select(
            item.c.id, item.c.product_id, item.c.tracked, item.c.oversell, item.c.backorder_limit,
            locked.c.location_id, locked.c.on_hand, locked.c.committed, locked.c.safety, locked.c.incoming,
            locked.c.oversell.label("level_oversell"), locked.c.backorder_limit.label("level_limit"),
            location.c.active, location.c.country, location.c.priority,
        )
        .select_from(source)
        .where(item.c.id == any_key())
        .order_by(item.c.id, location.c.priority, location.c.id)
    )  # fmt: skip


def _items(rows: Sequence[Any]) -> dict[UUID, Item]:
    levels: dict[UUID, list[Level]] = {row.id: [] for row in rows}
    for row in rows:
        if row.location_id is not None:
            levels[row.id].append(
                Level(
                    row.location_id, row.on_hand, row.committed, row.level_limit if row.level_oversell else 0,
                    row.active, row.country, row.priority, row.safety, row.incoming,
                )
            )  # fmt: skip
    return {
        row.id: Item(row.id, row.product_id, row.tracked, row.oversell, levels[row.id], row.backorder_limit)
        for row in rows
    }


OVERSELL = item.c.oversell | ~item.c.tracked
"""What levels copy, so that their CHECK knows whether more may be sold than there is, and how many more."""
LIMIT = case((item.c.tracked, item.c.backorder_limit), else_=null())


async def open_levels(tx: AsyncConnection, ats: Iterable[At]) -> None:
    """Make the levels that are missing among the existing items and locations named. 1 statement.

    Comes before `lock`. Locks: the items of missing levels in order of id, so that a change of policy is copied.
    """
    wanted = given(sorted(set(ats)), item_id=Uuid, location_id=Uuid)
    known = exists().where(level.c.item_id == wanted.c.item_id, level.c.location_id == wanted.c.location_id)
    missing = (
        select(wanted.c.item_id, wanted.c.location_id, OVERSELL.label("oversell"), LIMIT.label("backorder_limit"))
        .join(item, item.c.id == wanted.c.item_id)
        .join(location, location.c.id == wanted.c.location_id)
        .where(~known)
        .order_by(wanted.c.item_id, wanted.c.location_id)
        .with_for_update(read=True, of=item)
    )
    adding = postgresql.insert(level).from_select([column.name for column in missing.selected_columns], missing)
    await tx.execute(adding.on_conflict_do_nothing())


async def record(tx: AsyncConnection, items: Mapping[UUID, Item], movements: Sequence[Movement]) -> dict[UUID, Item]:
    """Enter movements in the ledger, change the locked levels by them, and return the items as they are then.

    1 statement for both: neither can be written without the other.
    """
    moving = [each for each in movements if any(each.delta)]
    if not moving:
        return dict(items)
    rows = [(*each.at, each.kind, *each.delta, each.owner_id, each.adjustment_id) for each in moving]
    numbers = dict.fromkeys(Delta._fields, Integer)
    by = given(rows, item_id=Uuid, location_id=Uuid, kind=Text, **numbers, owner_id=Uuid, adjustment_id=Uuid)
    names = [column.name for column in by.c]
    ledger = insert(movement).from_select(names, select(*by.c)).returning(*(movement.c[name] for name in names))
    await tx.execute(levelled(ledger.cte("entered")))
    return after(items, moving)


def entered(held: CTE, kind: str, **delta: ColumnElement[int]) -> CTE:
    """Return the part of a statement that enters a movement for each reservation that another part returns."""
    columns = {
        "item_id": held.c.item_id, "location_id": held.c.location_id, "kind": literal(kind, Text),
        "owner_id": held.c.owner_id, **delta,
    }  # fmt: skip
    adding = insert(movement).from_select(list(columns), select(*columns.values()))
    return adding.returning(*(movement.c[name] for name in ("item_id", "location_id", *Delta._fields))).cte("entered")


def levelled(entered: CTE) -> Update:
    """Return the statement that adds entries of the ledger to their levels. Reserved and committed count as one."""
    at = (entered.c.item_id, entered.c.location_id)
    sums = {name: func.sum(entered.c[name]) for name in ("on_hand", "safety", "incoming")}
    sums["committed"] = func.sum(entered.c.reserved + entered.c.committed)
    added = select(*at, *(each.label(name) for name, each in sums.items())).group_by(*at).subquery("added")
    changed = {name: level.c[name] + added.c[name] for name in sums}
    same = (level.c.item_id == added.c.item_id, level.c.location_id == added.c.location_id)
    return update(level).values(**changed, updated_at=func.now()).where(*same)


def after(items: Mapping[UUID, Item], movements: Iterable[Movement]) -> dict[UUID, Item]:
    """Return items as they are after movements."""
    moves: dict[At, Delta] = {}
    for each in movements:
        moves[each.at] = moves[each.at].plus(each.delta) if each.at in moves else each.delta
    moved = {key for key, _ in moves}
    return {key: rules.moved(each, moves) if key in moved else each for key, each in items.items()}


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
