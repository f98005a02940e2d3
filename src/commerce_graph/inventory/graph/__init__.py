"""Stock in the graph."""

from strawberry.tools import merge_types

from commerce_graph.inventory.graph.adjustment import InventoryMutation
from commerce_graph.inventory.graph.item import InventoryItem, InventoryItemQuery
from commerce_graph.inventory.graph.location import Location, LocationQuery
from commerce_graph.inventory.graph.transfer import InventoryTransferMutation
from commerce_graph.inventory.graph.variant import ProductStock, ProductVariantStock

Query = merge_types("Query", (InventoryItemQuery, LocationQuery))
Mutation = merge_types("Mutation", (InventoryMutation, InventoryTransferMutation))

__all__ = ["InventoryItem", "Location", "Mutation", "ProductStock", "ProductVariantStock", "Query"]
