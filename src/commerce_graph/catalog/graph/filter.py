"""What lists of products are filtered and sorted by."""

from collections.abc import Sequence
from enum import Enum

import strawberry

from commerce_graph.catalog.loaders.filters import Filters
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import PRODUCT_FILTERS_MAX
from commerce_graph.vocabulary import ProductFilter


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


def filters_of(given: Sequence[ProductFilter] | None) -> Filters:
    """Return filters by kind.

    Limits: PRODUCT_FILTERS_MAX.
    Raises: RequestError(BAD_USER_INPUT).
    """
    chosen = list(given or ())
    if len(chosen) > PRODUCT_FILTERS_MAX:
        raise RequestError("BAD_USER_INPUT", f"`filters` has {len(chosen)} filters; the limit is {PRODUCT_FILTERS_MAX}")
    return Filters(
        available=frozenset(each.available for each in chosen if each.available is not None),
        prices=tuple((each.price.min, each.price.max) for each in chosen if each.price),
        product_types=tuple(each.product_type for each in chosen if each.product_type is not None),
        vendors=tuple(each.product_vendor for each in chosen if each.product_vendor is not None),
        tags=tuple(each.tag for each in chosen if each.tag is not None),
        options=tuple((each.variant_option.name, each.variant_option.value) for each in chosen if each.variant_option),
    )
