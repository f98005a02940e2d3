"""Quantities that a merchant moves: into the safety stock, from on its way to on hand, from one location to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory import rules
from commerce_graph.inventory.rules import At, Delta, Item
from commerce_graph.inventory.service import levels
from commerce_graph.inventory.service.levels import Movement
from commerce_graph.inventory.service.quantities import NAMED, Adjustment, Why, check_why, level_at, write
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import INVENTORY_CHANGES_MAX


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where a quantity comes from or goes to: a location, and the name of the quantity there."""

    location_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class MoveQuantity:
    """So many of an item that are to be moved."""

    item_id: UUID
    quantity: int
    source: Terminal
    target: Terminal


async def move_quantities(tx: AsyncConnection, moves: Sequence[MoveQuantity], why: Why) -> Adjustment:
    """Move quantities one after another, all or none; a level that is missing is made.

    Limits: INVENTORY_CHANGES_MAX, INVENTORY_QUANTITY_MAX; statements do not grow with the moves.
    Locks: the levels in order of item and location.
    Emits: StockChanged, one a product.
    Raises: Rejected(INVALID_INVENTORY_ITEM | INVALID_LOCATION | INVALID_QUANTITY_NAME | INVALID_QUANTITY_NEGATIVE |
    INVALID_QUANTITY_TOO_HIGH | INVALID_QUANTITY_TOO_LOW | INVALID_REASON | INVALID_REFERENCE_DOCUMENT |
    SAME_QUANTITY_NAME | TOO_MANY_CHANGES), `field` is `["input", "changes", index, member]`.
    """
    check_why(why.reason, why.reference)
    if len(moves) > INVENTORY_CHANGES_MAX:
        told = f"at most {INVENTORY_CHANGES_MAX} quantities can be moved at once"
        raise Rejected("TOO_MANY_CHANGES", ["input", "changes"], told)
    deltas = [_deltas(each, ["input", "changes", str(index)]) for index, each in enumerate(moves)]
    await levels.open_levels(tx, (at for each in deltas for at in each))
    items = await levels.lock(tx, (each.item_id for each in moves))
    left: Mapping[UUID, Item] = items
    for index, each in enumerate(deltas):
        _check(each, left, ["input", "changes", str(index)])
        left = levels.after(left, [Movement(at, "ADJUST", delta) for at, delta in each.items()])
    moved = [(at, _kind(move), delta) for move, each in zip(moves, deltas, strict=True) for at, delta in each.items()]
    return await write(tx, items, moved, "available", why)


def _kind(move: MoveQuantity) -> str:
    if move.source.location_id != move.target.location_id:
        return "TRANSFER"
    return "RECEIVE" if move.source.name == "incoming" else "ADJUST"


_HERE = {
    ("available", "safety_stock"): Delta(safety=1),
    ("safety_stock", "available"): Delta(safety=-1),
    ("incoming", "available"): Delta(on_hand=1, incoming=-1),
    ("incoming", "on_hand"): Delta(on_hand=1, incoming=-1),
}
"""What moving one from one quantity to another does to a level."""
_AWAY = {"available": "on_hand", "on_hand": "on_hand", "incoming": "incoming"}
"""What of a level can be sent to, or received from, another location."""


def _deltas(move: MoveQuantity, path: list[str]) -> dict[At, Delta]:
    """Return what a move does to each level. Raises: Rejected for a move that is none."""
    source, target, quantity = move.source, move.target, move.quantity
    for name, member in ((source.name, "from"), (target.name, "to")):
        if name not in rules.QUANTITY_NAMES:
            raise Rejected("INVALID_QUANTITY_NAME", [*path, member, "name"], NAMED)
    if quantity < 0:
        raise Rejected("INVALID_QUANTITY_NEGATIVE", [*path, "quantity"], "the quantity can't be negative")
    here = move.item_id, source.location_id
    if source == target:
        raise Rejected("SAME_QUANTITY_NAME", [*path, "to", "name"], "a quantity can't be moved to itself")
    if source.location_id == target.location_id:
        one = _HERE.get((source.name, target.name))
        if one is not None:
            return {here: Delta(*(each * quantity for each in one))}
    elif source.name in _AWAY and target.name in _AWAY:
        gone, come = Delta(**{_AWAY[source.name]: -quantity}), Delta(**{_AWAY[target.name]: quantity})
        return {here: gone, (move.item_id, target.location_id): come}
    told = f"`{source.name}` can't become `{target.name}` there"
    raise Rejected("INVALID_QUANTITY_NAME", [*path, "to", "name"], told)


def _check(deltas: Mapping[At, Delta], items: Mapping[UUID, Item], path: list[str]) -> None:
    for (at, delta), member in zip(deltas.items(), ("from", "to"), strict=False):
        level = level_at(items, at, [*path, "inventoryItemId"], [*path, member, "locationId"])
        if delta.safety > 0 and delta.safety > level.available:
            told = f"only {level.available} are available"
            raise Rejected("INVALID_QUANTITY_TOO_LOW", [*path, "quantity"], told)
        if refused := rules.refusal(level, delta):
            raise Rejected(refused[0], [*path, "quantity"], refused[1])
