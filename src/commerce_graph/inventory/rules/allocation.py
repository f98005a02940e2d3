"""Which location gives what of a purchase. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from commerce_graph.inventory.rules.stock import At, Item
from commerce_graph.kernel.limits import ALLOCATION_GROUPS_MAX


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
        if not item.tracked:
            continue
        placed = any(level.active for level in item.levels)
        if placed and item.left is None:
            continue
        free = left.setdefault(line.variant_id, (item.left or 0) if placed else 0)
        if line.quantity > free:
            return line, free
        left[line.variant_id] = free - line.quantity
    return None


def allocate(wanted: Sequence[Wanted], items: Mapping[UUID, Item], country: str | None) -> list[Allocation]:
    """Return which location gives what, for lines that `shortage` finds nothing wrong with.

    As few locations as can give everything; among those the buyer's country, then the smaller priority. A line goes
    to one location where it fits, and is split where it does not. An item that may be oversold is taken from stock
    while there is enough; else the first location by that rule gives what is missing, or all of it where there is no
    limit.
    """
    tracked = [line for line in wanted if items[line.variant_id].tracked]
    need: Counter[UUID] = Counter()
    for line in tracked:
        need[line.variant_id] += line.quantity
    ranked = _ranked((items[variant] for variant in need), country)
    free = _free(need, items, ranked)
    group = _fewest(need, free, ranked)
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


def _free(need: Mapping[UUID, int], items: Mapping[UUID, Item], ranked: Sequence[UUID]) -> dict[At, int]:
    free: dict[At, int] = {}
    for variant, quantity in need.items():
        item = items[variant]
        stock = {level.location_id: max(0, level.available) for level in item.levels if level.active}
        if sum(stock.values()) < quantity:
            if item.left is None:
                stock = dict.fromkeys(stock, quantity)
            else:
                first = next(location for location in ranked if location in stock)
                stock[first] += item.left - sum(stock.values())
        free |= {(variant, location): there for location, there in stock.items()}
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
