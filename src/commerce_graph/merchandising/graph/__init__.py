"""Merchants' edits over catalogue, prices and stock, by Admin's names."""

from strawberry.tools import merge_types

from commerce_graph.merchandising.graph.collection import CollectionMutation
from commerce_graph.merchandising.graph.product import ProductMutation
from commerce_graph.merchandising.graph.variants import VariantsMutation

MerchandisingMutation = merge_types("MerchandisingMutation", (ProductMutation, VariantsMutation, CollectionMutation))

__all__ = ["MerchandisingMutation"]
