"""What stock is, what may be promised of it, which location gives it, and what a merchant may change. Pure."""

from commerce_graph.inventory.rules.allocation import Allocation, Wanted, allocate, shortage
from commerce_graph.inventory.rules.holding import Held, Takes, take, take_all
from commerce_graph.inventory.rules.quantities import (
    KINDS,
    QUANTITY_NAMES,
    REASONS,
    change_of,
    is_uri,
    kind_of,
    refusal,
    seen_as,
)
from commerce_graph.inventory.rules.stock import At, Delta, Item, Level, Stock, counted, moved

__all__ = [
    "KINDS", "QUANTITY_NAMES", "REASONS", "Allocation", "At", "Delta", "Held", "Item", "Level", "Stock", "Takes",
    "Wanted", "allocate", "change_of", "counted", "is_uri", "kind_of", "moved", "refusal", "seen_as", "shortage",
    "take", "take_all",
]  # fmt: skip
