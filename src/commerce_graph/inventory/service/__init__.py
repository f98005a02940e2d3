"""Stock: use cases, and the only door for other domains. What a variant sells is counted by its inventory item."""

from commerce_graph.inventory.loaders import Place, active_locations, allocations, locations, stock
from commerce_graph.inventory.rules import Allocation, Stock, Wanted
from commerce_graph.inventory.service.items import NewItem, hold_items, remove_items, save_items
from commerce_graph.inventory.service.quantities import (
    Adjustment,
    AdjustQuantity,
    Change,
    SetQuantity,
    adjust_quantities,
    restock,
    set_quantities,
)
from commerce_graph.inventory.service.reservations import commit, release, release_expired, renew, reserve, ship

__all__ = [
    "AdjustQuantity", "Adjustment", "Allocation", "Change", "NewItem", "Place", "SetQuantity", "Stock", "Wanted",
    "active_locations", "adjust_quantities", "allocations", "commit", "hold_items", "locations", "release",
    "release_expired", "remove_items", "renew", "reserve", "restock", "save_items", "set_quantities", "ship", "stock",
]  # fmt: skip
