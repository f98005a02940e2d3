"""What stock is, and what may be promised of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

At = tuple[UUID, UUID]
"""Item and location: the name of a level."""


class Delta(NamedTuple):
    """What a movement adds to the quantities of a level; below zero it takes away.

    `reserved` is held for purchases that are not decided, `committed` is sold and not shipped. `safety` is kept from
    sale, `incoming` is on its way and not counted yet.
    """

    on_hand: int = 0
    reserved: int = 0
    committed: int = 0
    safety: int = 0
    incoming: int = 0

    def plus(self, other: "Delta") -> "Delta":
        """Return both together."""
        return Delta(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def promised(self) -> int:
        """What it adds to all that is reserved or sold, which a level counts as one."""
        return self.reserved + self.committed


def ceiling(tracked: bool, oversell: bool, backorder_limit: int | None) -> int | None:
    """Return how many more than there are may be sold of an item, None for any number."""
    if not tracked:
        return None
    return backorder_limit if oversell else 0


class Stock(NamedTuple):
    """A variant's stock over all active locations. `backorder_limit` counts where it oversells; None is no limit.

    `available` can be promised from stock; below zero where more was sold than there is. `free` is the same without
    the locations where it is below zero: one place's debt does not take another's goods.
    """

    tracked: bool
    oversell: bool
    available: int
    free: int
    backorder_limit: int | None = None

    @property
    def left(self) -> int | None:
        """How many can be bought, of stock and beyond it; None for any number."""
        return _left(self.available, self.free, ceiling(self.tracked, self.oversell, self.backorder_limit))

    @property
    def for_sale(self) -> bool:
        """Whether a shopper may buy one."""
        if self.free > 0:  # then there is one, whatever else holds
            return True
        left = self.left
        return left is None or left > 0


def _left(available: int, free: int, beyond: int | None) -> int | None:
    return None if beyond is None else free + max(0, beyond - (free - available))


@dataclass(frozen=True, slots=True)
class Level:
    """An item's quantities at a location, with what matters of the location. `committed` is reserved or sold."""

    location_id: UUID
    on_hand: int
    committed: int
    beyond: int | None  # how many more than there are may be sold, as the database checks it
    active: bool
    country: str
    priority: int
    safety: int = 0
    incoming: int = 0

    @property
    def available(self) -> int:
        """What can be promised from here."""
        return self.on_hand - self.committed - self.safety

    def quantity(self, name: str) -> int:
        """Return the quantity of that name: `available`, `on_hand`, `safety_stock` or `incoming`."""
        return {
            "available": self.available, "on_hand": self.on_hand, "safety_stock": self.safety,
            "incoming": self.incoming,
        }[name]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """What is counted of a variant, with its levels at all locations."""

    id: UUID
    product_id: UUID
    tracked: bool
    oversell: bool
    levels: Sequence[Level]
    backorder_limit: int | None = None

    def level(self, location_id: UUID) -> Level | None:
        """Return the level at a location."""
        return next((level for level in self.levels if level.location_id == location_id), None)

    @property
    def beyond(self) -> int | None:
        """How many more than there are may be sold. Levels know it best: they are read under a lock."""
        if self.levels:
            return self.levels[0].beyond
        return ceiling(self.tracked, self.oversell, self.backorder_limit)

    @property
    def left(self) -> int | None:
        """How many can be bought, of stock and beyond it; None for any number."""
        available = [level.available for level in self.levels if level.active]
        return _left(sum(available), sum(each for each in available if each > 0), self.beyond)

    @property
    def for_sale(self) -> bool:
        """Whether a shopper may buy one."""
        left = self.left
        return left is None or left > 0


def moved(item: Item, moves: Mapping[At, Delta]) -> Item:
    """Return the item after moves."""
    levels = []
    for level in item.levels:
        delta = moves.get((item.id, level.location_id))
        levels.append(_moved(level, delta) if delta else level)
    return replace(item, levels=levels)


def _moved(level: Level, delta: Delta) -> Level:
    return replace(
        level,
        on_hand=level.on_hand + delta.on_hand,
        committed=level.committed + delta.promised,
        safety=level.safety + delta.safety,
        incoming=level.incoming + delta.incoming,
    )


def counted(item: Item, tracked: bool, oversell: bool, backorder_limit: int | None) -> Item:
    """Return the item as it would be counted by these rules."""
    beyond = ceiling(tracked, oversell, backorder_limit)
    levels = [replace(level, beyond=beyond) for level in item.levels]
    return replace(item, tracked=tracked, oversell=oversell, backorder_limit=backorder_limit, levels=levels)
