"""Quantities that a merchant sets, adjusts or takes back, all or none, each group on record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory import rules
from commerce_graph.inventory.rules import Delta, Item, Level
from commerce_graph.inventory.service import levels
from commerce_graph.inventory.service.levels import Movement
from commerce_graph.inventory.tables import adjustment
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import INVENTORY_CHANGES_MAX


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """An absolute quantity of an item at a location. `compare` must match the present one, None does not ask.

    `compare_as` is what the caller calls `compare`: `compareQuantity` or `changeFromQuantity`.
    """

    item_id: UUID
    location_id: UUID
    quantity: int
    compare: int | None = None
    compare_as: str = "compareQuantity"


@dataclass(frozen=True, slots=True)
class AdjustQuantity:
    """A difference to an item's quantity at a location. `compare` must match the present one, None does not ask."""

    item_id: UUID
    location_id: UUID
    delta: int
    compare: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a write did to one level."""

    name: str
    item_id: UUID
    location_id: UUID
    delta: int
    quantity_after: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A group of changes that were made together."""

    id: UUID
    reason: str
    reference_document_uri: str | None
    created_at: datetime
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Why:
    """Why a merchant changes quantities, what for, and who it is."""

    reason: str
    reference: str | None
    actor: str


_STALE = {"compareQuantity": "COMPARE_QUANTITY_STALE", "changeFromQuantity": "CHANGE_FROM_QUANTITY_STALE"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A level to change: `delta` is reckoned once the level is locked; `path` and `member` lead to it in the input."""

    item_id: UUID
    location_id: UUID
    delta: Callable[[Level], int]
    compare: int | None
    compare_as: str
    path: list[str]
    member: str

    @property
    def at(self) -> rules.At:
        """The level's name."""
        return self.item_id, self.location_id


NAMED = f"the quantity name must be one of {', '.join(rules.QUANTITY_NAMES)}"


async def set_quantities(
    tx: AsyncConnection, name: str, quantities: Sequence[SetQuantity], reason: str, reference: str | None, actor: str
) -> Adjustment:
    """Set quantities of one of rules.QUANTITY_NAMES, all or none; a level that is missing is made.

    Limits: INVENTORY_CHANGES_MAX, INVENTORY_QUANTITY_MAX; statements do not grow with the quantities.
    Locks: the levels in order of item and location.
    Emits: StockChanged, one a product.
    Raises: Rejected(COMPARE_QUANTITY_STALE | CHANGE_FROM_QUANTITY_STALE | INVALID_INVENTORY_ITEM | INVALID_LOCATION |
    INVALID_NAME | INVALID_QUANTITY_NEGATIVE | INVALID_QUANTITY_TOO_HIGH | INVALID_QUANTITY_TOO_LOW | INVALID_REASON |
    INVALID_REFERENCE_DOCUMENT | NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR | TOO_MANY_CHANGES), `field` is
    `["input", "quantities", index, member]`.
    """
    if name not in rules.QUANTITY_NAMES:
        raise Rejected("INVALID_NAME", ["input", "name"], NAMED)
    for index, each in enumerate(quantities):
        if each.quantity < 0:
            path = ["input", "quantities", str(index), "quantity"]
            raise Rejected("INVALID_QUANTITY_NEGATIVE", path, "the quantity can't be negative")
    entries = [
        _Entry(
            each.item_id,
            each.location_id,
            lambda level, wanted=each.quantity: wanted - level.quantity(name),  # type: ignore[misc]
            each.compare,
            each.compare_as,
            ["input", "quantities", str(index)],
            "quantity",
        )
        for index, each in enumerate(quantities)
    ]
    return await _change(tx, name, entries, reason, reference, actor)


async def adjust_quantities(
    tx: AsyncConnection, name: str, changes: Sequence[AdjustQuantity], reason: str, reference: str | None, actor: str
) -> Adjustment:
    """Add to or take from quantities of one of rules.QUANTITY_NAMES, all or none; a level that is missing is made.

    Limits, locks, emits: as `set_quantities`.
    Raises: Rejected(CHANGE_FROM_QUANTITY_STALE | INVALID_INVENTORY_ITEM | INVALID_LOCATION | INVALID_QUANTITY_NAME |
    INVALID_QUANTITY_TOO_HIGH | INVALID_QUANTITY_TOO_LOW | INVALID_REASON | INVALID_REFERENCE_DOCUMENT |
    NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR | TOO_MANY_CHANGES), `field` is `["input", "changes", index, member]`.
    """
    if name not in rules.QUANTITY_NAMES:
        raise Rejected("INVALID_QUANTITY_NAME", ["input", "name"], NAMED)
    entries = [
        _Entry(
            each.item_id,
            each.location_id,
            lambda level, delta=each.delta: delta,  # type: ignore[misc]
            each.compare,
            "changeFromQuantity",
            ["input", "changes", str(index)],
            "delta",
        )
        for index, each in enumerate(changes)
    ]
    return await _change(tx, name, entries, reason, reference, actor)


async def _change(
    tx: AsyncConnection, name: str, entries: Sequence[_Entry], reason: str, reference: str | None, actor: str
) -> Adjustment:
    _check(entries, reason, reference)
    await levels.open_levels(tx, (entry.at for entry in entries))
    items = await levels.lock(tx, (entry.item_id for entry in entries))
    kind = rules.kind_of(reason)
    deltas = [(entry.at, kind, _delta(entry, name, items)) for entry in entries]
    return await write(tx, items, deltas, name, Why(reason, reference, actor))


def check_why(reason: str, reference: str | None) -> None:
    """Raise Rejected(INVALID_REASON | INVALID_REFERENCE_DOCUMENT) where a change is not explained as it must be."""
    if reason not in rules.REASONS:
        told = f"the reason must be one of {', '.join(sorted(rules.REASONS))}"
        raise Rejected("INVALID_REASON", ["input", "reason"], told)
    if reference is not None and not rules.is_uri(reference):
        told = "the reference must be a URI with a scheme"
        raise Rejected("INVALID_REFERENCE_DOCUMENT", ["input", "referenceDocumentUri"], told)


def _check(entries: Sequence[_Entry], reason: str, reference: str | None) -> None:
    check_why(reason, reference)
    if len(entries) > INVENTORY_CHANGES_MAX:
        told = f"at most {INVENTORY_CHANGES_MAX} levels can be changed at once"
        raise Rejected("TOO_MANY_CHANGES", entries[0].path[:2], told)
    seen: set[rules.At] = set()
    for entry in entries:
        if entry.at in seen:
            told = "the combination of inventoryItemId and locationId must be unique"
            raise Rejected("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", entry.path, told)
        seen.add(entry.at)


def level_at(items: Mapping[UUID, Item], at: rules.At, item_path: list[str], location_path: list[str]) -> Level:
    """Return a level that may be changed. Raises: Rejected(INVALID_INVENTORY_ITEM | INVALID_LOCATION)."""
    item = items.get(at[0])
    if item is None:
        raise Rejected("INVALID_INVENTORY_ITEM", item_path, "the inventory item could not be found")
    level = item.level(at[1])
    if level is None or not level.active:
        raise Rejected("INVALID_LOCATION", location_path, "the location could not be found")
    return level


def _delta(entry: _Entry, name: str, items: Mapping[UUID, Item]) -> Delta:
    level = level_at(items, entry.at, [*entry.path, "inventoryItemId"], [*entry.path, "locationId"])
    present = level.quantity(name)
    if entry.compare is not None and entry.compare != present:
        told = f"the quantity is {present} by now, not {entry.compare}"
        raise Rejected(_STALE[entry.compare_as], [*entry.path, entry.compare_as], told)
    delta = rules.change_of(name, entry.delta(level))
    refused = rules.refusal(level, delta)
    if refused:
        code, told = refused
        raise Rejected(code, [*entry.path, entry.member], told)
    return delta


async def write(
    tx: AsyncConnection,
    items: Mapping[UUID, Item],
    deltas: Sequence[tuple[rules.At, str, Delta]],
    first: str,
    why: Why,
) -> Adjustment:
    """Change locked levels, and record what was done and why: where, the kind of movement, and by how much.

    Of each change the quantity `first` is told first.
    """
    key = new_id()
    after = await levels.record(tx, items, [Movement(*each, adjustment_id=key) for each in deltas])
    changes: list[Change] = []
    for at, _, delta in deltas:
        level = after[at[0]].level(at[1])
        assert level is not None
        # Quantities that move together are told together.
        for name in sorted(rules.QUANTITY_NAMES, key=lambda known: known != first):
            if by := rules.seen_as(name, delta):
                changes.append(Change(name, *at, by, level.quantity(name)))
    stored = [
        {
            "name": change.name, "item_id": str(change.item_id), "location_id": str(change.location_id),
            "delta": change.delta, "quantity_after_change": change.quantity_after,
        }
        for change in changes
    ]  # fmt: skip
    row = {
        "id": key, "reason": why.reason, "reference_document_uri": why.reference, "actor": why.actor, "changes": stored,
    }  # fmt: skip
    made = await tx.execute(insert(adjustment).values(**row).returning(adjustment.c.created_at))
    await levels.announce(tx, items, after, always=True)
    return Adjustment(key, why.reason, why.reference, made.scalar_one(), changes)


async def restock(
    tx: AsyncConnection, returned: Sequence[tuple[UUID, UUID, int]], reason: str, reference: str | None, actor: str
) -> None:
    """Put returned goods back on hand: (variant_id, location_id, quantity). Variants that are not counted are skipped.

    Locks: the levels in order of item and location. Emits: StockChanged.
    Raises: Rejected(INVALID) for a location that does not exist or is closed, or more than can be counted.
    """
    await levels.open_levels(tx, ((variant_id, location_id) for variant_id, location_id, _ in returned))
    found = await levels.lock(tx, (variant_id for variant_id, _, _ in returned))
    items = {key: item for key, item in found.items() if item.tracked}
    deltas: dict[rules.At, Delta] = {}
    for variant_id, location_id, quantity in returned:
        if variant_id in items:
            at = variant_id, location_id
            deltas[at] = deltas.get(at, Delta()).plus(Delta(on_hand=quantity))
    for (variant_id, location_id), delta in deltas.items():
        level = items[variant_id].level(location_id)
        if level is None or not level.active:
            raise Rejected("INVALID", None, "the location could not be found")
        if refused := rules.refusal(level, delta):
            raise Rejected("INVALID", None, refused[1])
    if deltas:
        back = [(at, "RETURN", delta) for at, delta in deltas.items()]
        await write(tx, items, back, "available", Why(reason, reference, actor))
