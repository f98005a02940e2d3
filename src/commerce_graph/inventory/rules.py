"""What stock is, what may be promised of it, and which location gives it. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from urllib.parse import urlsplit
from uuid import UUID

from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import ALLOCATION_GROUPS_MAX, INVENTORY_QUANTITY_MAX, TEXT_CHARS_MAX

At = tuple[UUID, UUID]
"""Item and location: the name of a level."""


@dataclass(frozen=True, slots=True)
class Stock:
    """A variant's stock over all active locations."""

    tracked: bool
    oversell: bool
    on_hand: int
    committed: int

    @property
    def available(self) -> int:
        """What can be promised from stock; below zero where more was sold than there is."""
        return self.on_hand - self.committed

    @property
    def for_sale(self) -> bool:
        """Whether a shopper may buy one."""
        return not self.tracked or self.oversell or self.available > 0


@dataclass(frozen=True, slots=True)
class Level:
    """An item's quantities at a location, with what matters of the location."""

    location_id: UUID
    on_hand: int
    committed: int
    oversell: bool
    active: bool
    country: str
    priority: int

    @property
    def available(self) -> int:
        """What can be promised from here."""
        return self.on_hand - self.committed

    def quantity(self, name: str) -> int:
        """Return the quantity of that name: `available`, `on_hand` or `committed`."""
        return {"available": self.available, "on_hand": self.on_hand, "committed": self.committed}[name]


@dataclass(frozen=True, slots=True)
class Item:
    """What is counted of a variant, with its levels at all locations."""

    id: UUID
    product_id: UUID
    tracked: bool
    oversell: bool
    levels: Sequence[Level]

    def level(self, location_id: UUID) -> Level | None:
        """Return the level at a location."""
        return next((level for level in self.levels if level.location_id == location_id), None)

    @property
    def stock(self) -> Stock:
        """The stock over all active locations."""
        active = [level for level in self.levels if level.active]
        return Stock(self.tracked, self.oversell, sum(x.on_hand for x in active), sum(x.committed for x in active))

    @property
    def bounded(self) -> bool:
        """Whether no more may be sold than there is. Levels know it best: they are read under a lock."""
        return not self.levels[0].oversell if self.levels else self.tracked and not self.oversell

    @property
    def for_sale(self) -> bool:
        """Whether a shopper may buy one."""
        return not self.bounded or self.stock.available > 0


def moved(item: Item, moves: Mapping[At, tuple[int, int]]) -> Item:
    """Return the item after moves of (on_hand, committed)."""
    levels = []
    for level in item.levels:
        on_hand, committed = moves.get((item.id, level.location_id), (0, 0))
        levels.append(replace(level, on_hand=level.on_hand + on_hand, committed=level.committed + committed))
    return replace(item, levels=levels)


def counted(item: Item, tracked: bool, oversell: bool) -> Item:
    """Return the item as it would be counted by these rules."""
    levels = [replace(level, oversell=oversell or not tracked) for level in item.levels]
    return replace(item, tracked=tracked, oversell=oversell, levels=levels)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one line of a purchase wants of a variant."""

    line_id: UUID
    variant_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a location gives to a line. `location_id` is None for a variant that is not tracked."""

    line_id: UUID
    variant_id: UUID
    location_id: UUID | None
    quantity: int


def shortage(wanted: Sequence[Wanted], items: Mapping[UUID, Item]) -> tuple[Wanted, int] | None:
    """Return the first line that cannot be given, and what is left for it; lines of one variant share its stock."""
    left: dict[UUID, int] = {}
    for line in wanted:
        item = items.get(line.variant_id)
        if item is None:
            return line, 0
        active = [level for level in item.levels if level.active]
        if not item.tracked or (not item.bounded and active):
            continue
        free = left.setdefault(line.variant_id, sum(max(0, level.available) for level in active))
        if line.quantity > free:
            return line, free
        left[line.variant_id] = free - line.quantity
    return None


def allocate(wanted: Sequence[Wanted], items: Mapping[UUID, Item], country: str | None) -> list[Allocation]:
    """Return which location gives what, for lines that `shortage` finds nothing wrong with.

    As few locations as can give everything; among those the buyer's country, then the smaller priority. A line goes
    to one location where it fits, and is split where it does not. An item that may be oversold is taken from stock
    while there is enough, else as a whole from the first location by that rule.
    """
    tracked = [line for line in wanted if items[line.variant_id].tracked]
    need: Counter[UUID] = Counter()
    for line in tracked:
        need[line.variant_id] += line.quantity
    free = _free(need, items)
    group = _fewest(need, free, _ranked((items[variant] for variant in need), country))
    given: list[Allocation] = []
    for line in wanted:
        if not items[line.variant_id].tracked:
            given.append(Allocation(line.line_id, line.variant_id, None, line.quantity))
            continue
        given += _split(line, group, free)
    return given


def _split(line: Wanted, group: Sequence[UUID], free: dict[At, int]) -> list[Allocation]:
    left, parts = line.quantity, []
    # Stable: locations that can give the whole line come first, each kind in the order of the rule.
    for location in sorted(group, key=lambda at: free.get((line.variant_id, at), 0) < line.quantity):
        part = min(left, free.get((line.variant_id, location), 0))
        if part:
            parts.append(Allocation(line.line_id, line.variant_id, location, part))
            free[line.variant_id, location] -= part
            left -= part
    return parts


def _free(need: Mapping[UUID, int], items: Mapping[UUID, Item]) -> dict[At, int]:
    free: dict[At, int] = {}
    for variant, quantity in need.items():
        levels = [level for level in items[variant].levels if level.active]
        enough = sum(max(0, level.available) for level in levels) >= quantity
        for level in levels:
            free[variant, level.location_id] = max(0, level.available) if enough else quantity
    return free


def _ranked(items: Iterable[Item], country: str | None) -> list[UUID]:
    ranks = {
        level.location_id: (level.country != country, level.priority, level.location_id)
        for item in items
        for level in item.levels
        if level.active
    }
    return sorted(ranks, key=lambda location: ranks[location])


def _fewest(need: Mapping[UUID, int], free: Mapping[At, int], ranked: Sequence[UUID]) -> Sequence[UUID]:
    """Return the smallest group of locations that can give everything, the best ranked of that size.

    Limits: ALLOCATION_GROUPS_MAX groups are tried (it is a set cover); then locations that give most are taken.
    """
    useful = [at for at in ranked if any(free.get((variant, at)) for variant in need)]
    tried = 0
    for size in range(len(useful) + 1):
        for group in combinations(useful, size):
            if all(sum(free.get((variant, at), 0) for at in group) >= n for variant, n in need.items()):
                return group
            tried += 1
            if tried >= ALLOCATION_GROUPS_MAX:
                return _greedy(need, free, useful)
    raise ValueError("the locations together do not have what is needed")


def _greedy(need: Mapping[UUID, int], free: Mapping[At, int], useful: Sequence[UUID]) -> Sequence[UUID]:
    left = dict(need)
    chosen: set[UUID] = set()
    while any(left.values()):
        best = max(
            (at for at in useful if at not in chosen),
            key=lambda at: sum(min(n, free.get((variant, at), 0)) for variant, n in left.items()),
        )
        chosen.add(best)
        left = {variant: max(0, n - free.get((variant, best), 0)) for variant, n in left.items()}
    return [at for at in useful if at in chosen]


@dataclass(frozen=True, slots=True)
class Held:
    """What a line holds of a level."""

    line_id: UUID
    location_id: UUID
    item_id: UUID
    quantity: int
    state: str


Takes = dict[tuple[UUID, UUID], int]
"""Quantities by line and location."""


def take_all(held: Sequence[Held]) -> Takes:
    """Return everything that is held."""
    return {(part.line_id, part.location_id): part.quantity for part in held if part.quantity}


def take(held: Sequence[Held], picks: Sequence[tuple[UUID, UUID, int]], states: Collection[str]) -> Takes:
    """Return (line_id, location_id, quantity) summed by line and location, out of what is held in one of the states.

    A line that never held anything is of goods nobody counts, and skipped.
    Raises: Rejected(INVALID) for a negative quantity, or more than a line holds at a location.
    """
    known = {part.line_id for part in held}
    there = {(part.line_id, part.location_id): part.quantity for part in held if part.state in states}
    takes: Takes = {}
    for line_id, location_id, quantity in picks:
        if quantity < 0:
            raise Rejected("INVALID", None, "a quantity must not be negative")
        if line_id in known and quantity:
            takes[line_id, location_id] = takes.get((line_id, location_id), 0) + quantity
    for at, quantity in takes.items():
        if quantity > there.get(at, 0):
            raise Rejected("INVALID", None, f"the line holds {there.get(at, 0)} at this location, not {quantity}")
    return takes


QUANTITY_NAMES = ("available", "on_hand")
REASONS = frozenset(
    {
        "correction", "cycle_count_available", "damaged", "movement_canceled", "movement_created",
        "movement_received", "movement_updated", "other", "promotion", "quality_control", "received",
        "reservation_created", "reservation_deleted", "reservation_updated", "restock", "safety_stock", "shrinkage",
    }
)  # fmt: skip
"""Why a merchant may change quantities, as Shopify's Admin API lists it."""


def is_uri(text: str) -> bool:
    """Tell whether a text is a URI with a scheme, such as gid://shop/Order/1, and not too long to keep."""
    return len(text) <= TEXT_CHARS_MAX and text.isprintable() and bool(urlsplit(text).scheme)


def refusal(level: Level, delta: int) -> tuple[str, str] | None:
    """Return code and message where a level may not change by `delta`, None where it may."""
    after = level.on_hand + delta
    if after > INVENTORY_QUANTITY_MAX:
        return "INVALID_QUANTITY_TOO_HIGH", f"the quantity can't be higher than {INVENTORY_QUANTITY_MAX}"
    if after < -INVENTORY_QUANTITY_MAX:
        return "INVALID_QUANTITY_TOO_LOW", f"the quantity can't be lower than {-INVENTORY_QUANTITY_MAX}"
    if not level.oversell and after < level.committed:
        return "INVALID_QUANTITY_TOO_LOW", f"{level.committed} are reserved or sold, so on hand can't be {after}"
    return None
