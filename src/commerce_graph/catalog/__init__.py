"""Products, variants, collections and media; and any entity by its id."""

from commerce_graph.catalog.graph import (
    KEYS,
    CatalogMutation,
    CatalogQuery,
    Collection,
    MediaImage,
    Product,
    ProductCollections,
    ProductVariant,
)
from commerce_graph.catalog.handlers import HANDLERS
from commerce_graph.kernel.graph import Module

module = Module(
    name="catalog",
    query=CatalogQuery,
    mutation=CatalogMutation,
    owns=(Product, ProductVariant, Collection),
    extends=(ProductCollections,),
    refers=KEYS,
    types=(MediaImage,),
    handlers=HANDLERS,
)
