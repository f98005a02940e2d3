"""What lists of products are sorted by."""

from enum import Enum

import strawberry


@strawberry.enum(description="What the shop's products are sorted by.")
class ProductSortKeys(Enum):
    """Shopify's ProductSortKeys."""

    BEST_SELLING = "BEST_SELLING"
    CREATED_AT = "CREATED_AT"
    ID = "ID"
    PRICE = "PRICE"
    PRODUCT_TYPE = "PRODUCT_TYPE"
    RELEVANCE = "RELEVANCE"
    TITLE = "TITLE"
    UPDATED_AT = "UPDATED_AT"
    VENDOR = "VENDOR"


@strawberry.enum(description="What the products of a collection are sorted by.")
class ProductCollectionSortKeys(Enum):
    """Shopify's ProductCollectionSortKeys."""

    BEST_SELLING = "BEST_SELLING"
    COLLECTION_DEFAULT = "COLLECTION_DEFAULT"
    CREATED = "CREATED"
    ID = "ID"
    MANUAL = "MANUAL"
    PRICE = "PRICE"
    RELEVANCE = "RELEVANCE"
    TITLE = "TITLE"
