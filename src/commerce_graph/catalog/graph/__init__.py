"""The catalogue in the graph: products, variants, collections, media, and any entity by its id."""

from commerce_graph.catalog.graph.collection import Collection, ProductCollections
from commerce_graph.catalog.graph.collection_editing import CatalogMutation
from commerce_graph.catalog.graph.listing import CatalogQuery
from commerce_graph.catalog.graph.media import MediaImage
from commerce_graph.catalog.graph.metafield import ProductMetafields, ProductVariantMetafields
from commerce_graph.catalog.graph.metafield_editing import MetafieldMutation, MetafieldQuery
from commerce_graph.catalog.graph.node import KEYS
from commerce_graph.catalog.graph.product import Product
from commerce_graph.catalog.graph.variant import ProductVariant

__all__ = [
    "KEYS", "CatalogMutation", "CatalogQuery", "Collection", "MediaImage", "MetafieldMutation", "MetafieldQuery",
    "Product", "ProductCollections", "ProductMetafields", "ProductVariant", "ProductVariantMetafields",
]  # fmt: skip
