"""Products, variants, collections and media; and any entity by its id."""

from strawberry.tools import merge_types

from commerce_graph.catalog.graph import (
    KEYS,
    CatalogMutation,
    CatalogQuery,
    Collection,
    MediaImage,
    MetafieldMutation,
    MetafieldQuery,
    Product,
    ProductCollections,
    ProductMetafields,
    ProductVariant,
    ProductVariantMetafields,
)
from commerce_graph.catalog.handlers import HANDLERS, JOBS
from commerce_graph.kernel.module import Module

module = Module(
    name="catalog",
    query=merge_types("CatalogQuery", (CatalogQuery, MetafieldQuery)),
    mutation=merge_types("CatalogMutation", (CatalogMutation, MetafieldMutation)),
    owns=(Product, ProductVariant, Collection),
    extends=(ProductCollections, ProductMetafields, ProductVariantMetafields),
    refers=KEYS,
    types=(MediaImage,),
    handlers=HANDLERS,
    jobs=JOBS,
)
