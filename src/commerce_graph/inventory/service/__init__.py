"""Stock: use cases, and the only door for other domains. What a variant sells is counted by its inventory item."""

from commerce_graph.inventory.loaders import Place, active_locations, allocations, locations, stock
from commerce_graph.inventory.rules import Allocation, Stock, Wanted
from commerce_graph.inventory.service.items import Backorder, NewItem, hold_items, remove_items, save_items, update_item
from commerce_graph.inventory.service.quantities import (
    Adjustment,
    AdjustQuantity,
    Change,
    SetQuantity,
    Why,
    adjust_quantities,
    restock,
    set_quantities,
)
from commerce_graph.inventory.service.reservations import (
    Claim,
    commit,
    commit_many,
    release,
    release_expired,
    renew,
    reserve,
    reserve_many,
    ship,
)
from commerce_graph.inventory.service.transfers import MoveQuantity, Terminal, move_quantities

__all__ = [
    "AdjustQuantity", "Adjustment", "Allocation", "Backorder", "Change", "Claim", "MoveQuantity", "NewItem", "Place",
    "SetQuantity", "Stock", "Terminal", "Wanted", "Why", "active_locations", "adjust_quantities", "allocations",
    "commit", "commit_many", "hold_items", "locations", "move_quantities", "release", "release_expired", "remove_items",
    "renew", "reserve", "reserve_many", "restock", "save_items", "set_quantities", "ship", "stock", "update_item",
]  # fmt: skip
