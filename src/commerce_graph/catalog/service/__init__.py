"""The catalogue's use cases, and the only door to it for other domains."""

from commerce_graph.catalog.loaders.audience import Audience
from commerce_graph.catalog.loaders.collections import (
    collections,
    collections_among,
    count_collections,
    find_collections,
)
from commerce_graph.catalog.loaders.facets import facet_counts
from commerce_graph.catalog.loaders.filters import Filters, PriceMarket, bounds_minor
from commerce_graph.catalog.loaders.hits import Wanted
from commerce_graph.catalog.loaders.indexed import (
    IndexedProduct,
    IndexedVariant,
    index_rows,
    product_ids_after,
    products_total,
)
from commerce_graph.catalog.loaders.labels import collection_titles, product_types, vendors
from commerce_graph.catalog.loaders.metafields import definition_names
from commerce_graph.catalog.loaders.related import related_products
from commerce_graph.catalog.rules import Rule, RuleSet
from commerce_graph.catalog.rules.assortment import DEFAULT_OPTION
from commerce_graph.catalog.rules.facets import Counts, Facet, FacetValue, facets
from commerce_graph.catalog.service.channel import Channel, channels
from commerce_graph.catalog.service.collection import (
    NewCollection,
    add_products,
    create_collection,
    remove_products,
    update_collection,
)
from commerce_graph.catalog.service.facet_lists import FacetList, count_facets
from commerce_graph.catalog.service.filtering import filters_of
from commerce_graph.catalog.service.finding import FoundProducts, Spot, count_found, find_products
from commerce_graph.catalog.service.locks import hold_products
from commerce_graph.catalog.service.merchandise import Merchandise, merchandise, variant_ids_of
from commerce_graph.catalog.service.product import (
    NewMedia,
    NewOption,
    NewProduct,
    NewVariant,
    ProductPlan,
    SavedProduct,
    plan_product,
    product_id_of,
    save_product,
    update_variants,
    write_product,
)
from commerce_graph.catalog.service.publication import publish_collections, publish_products
from commerce_graph.catalog.service.read_models import note_availability, note_price_ranges, note_sales
from commerce_graph.catalog.service.vocabulary import learn_words

__all__ = [
    "DEFAULT_OPTION", "Audience", "Channel", "Counts", "Facet", "FacetList",
    "FacetValue", "Filters", "FoundProducts", "IndexedProduct", "IndexedVariant", "Merchandise", "NewCollection",
    "NewMedia", "NewOption", "NewProduct", "NewVariant", "PriceMarket", "ProductPlan", "Rule", "RuleSet",
    "SavedProduct", "Spot", "Wanted", "add_products", "bounds_minor", "channels", "collection_titles", "collections",
    "collections_among", "count_collections", "count_facets", "count_found", "create_collection", "definition_names",
    "facet_counts", "facets", "filters_of", "find_collections", "find_products", "hold_products", "index_rows",
    "learn_words", "merchandise", "note_availability", "note_price_ranges", "note_sales", "plan_product", 
    "product_id_of", "product_ids_after", "product_types", "products_total", "publish_collections", "publish_products",
    "related_products", "remove_products", "save_product", "update_collection", "update_variants", "variant_ids_of",
    "vendors", "write_product",
]  # fmt: skip
