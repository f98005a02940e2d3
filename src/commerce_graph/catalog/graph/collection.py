"""Collections, the products in them, and the collections of a product."""

from collections import defaultdict
from collections.abc import Sequence
from enum import Enum
from typing import Self
from uuid import UUID

import strawberry

from commerce_graph.catalog.graph.presented import Presented
from commerce_graph.catalog.graph.product import ProductConnection, product_connection
from commerce_graph.catalog.graph.reading import READ_PRODUCTS, audience, known_market, price_market
from commerce_graph.catalog.graph.sorting import ProductCollectionSortKeys
from commerce_graph.catalog.loaders import collections
from commerce_graph.catalog.loaders.listing import BY_PRICE, Listing, collection_product_pages
from commerce_graph.catalog.service import FacetList, filters_of
from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, field, object_type
from commerce_graph.kernel.hints import CATALOGUE, COLLECTIONS, PRODUCTS
from commerce_graph.kernel.links import at_public_url
from commerce_graph.kernel.pages import Connection, Edge, PageArguments, connections, page_arguments
from commerce_graph.kernel.projection import Columns
from commerce_graph.kernel.values import Image
from commerce_graph.keys import CollectionKey, ProductKey
from commerce_graph.vocabulary import (
    CollectionRuleColumn,
    CollectionRuleRelation,
    CollectionSortOrder,
    Count,
    ProductFilter,
)


@strawberry.enum(description="What collections are sorted by.")
class CollectionSortKeys(Enum):
    """Shopify's CollectionSortKeys."""

    ID = "ID"
    RELEVANCE = "RELEVANCE"
    TITLE = "TITLE"
    UPDATED_AT = "UPDATED_AT"


@object_type(access=READ_PRODUCTS)
class CollectionRule:
    """A condition on the products of a collection."""

    column: CollectionRuleColumn = strawberry.field(description="What of a product it looks at.")
    relation: CollectionRuleRelation = strawberry.field(description="How it compares.")
    condition: str = strawberry.field(description="What it compares with.")


@object_type(access=READ_PRODUCTS)
class CollectionRuleSet:
    """The conditions that pick a collection's products."""

    applied_disjunctively: bool = strawberry.field(description="Whether one rule is enough, instead of all.")
    rules: list[CollectionRule] = strawberry.field(description="The rules.")


@object_type(access=LISTINGS, cache=CATALOGUE)
class Collection(Presented, CollectionKey):
    """The catalogue's part of a collection: what it is, and its products."""

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load collections that the caller may see."""
        rows = await ctx.load_many(collections.collections, uuids, audience(ctx))
        return [row and cls.of(row) for row in rows]

    @field(access=READ_PRODUCTS, reads=("sort_order",))
    def sort_order(self) -> CollectionSortOrder:
        """The order of its products where no other is asked for."""
        return CollectionSortOrder[self.row.sort_order]

    @field(reads=("image_url", "image_alt"))
    def image(self, info: strawberry.Info) -> Image | None:
        """The picture that stands for it."""
        if self.row.image_url is None:
            return None
        source = at_public_url(info.context.resources.public_url, self.row.image_url)
        return Image(named=("CollectionImage", self.uuid), alt_text=self.row.image_alt, source=source)

    @field(access=READ_PRODUCTS, reads=("rule_set",))
    def rule_set(self) -> CollectionRuleSet | None:
        """The rules that pick its products; null where they are picked by hand."""
        stored = self.row.rule_set
        if stored is None:
            return None
        rules = [
            CollectionRule(
                column=CollectionRuleColumn[rule["column"]],
                relation=CollectionRuleRelation[rule["relation"]],
                condition=rule["condition"],
            )
            for rule in stored["rules"]
        ]
        return CollectionRuleSet(applied_disjunctively=stored["applied_disjunctively"], rules=rules)

    @batch_field(cache=PRODUCTS, reads=("sort_order",))
    async def products(
        parents: Sequence["Collection"], ctx: Context, first: int | None = None, last: int | None = None,
        after: str | None = None, before: str | None = None, reverse: bool | None = False,
        sort_key: ProductCollectionSortKeys | None = ProductCollectionSortKeys.COLLECTION_DEFAULT,
        filters: list[ProductFilter] | None = None, columns: Columns = None,
    ) -> list[ProductConnection]:  # fmt: skip
        """The products in it. Those without a price in the market are left out of an order by price."""
        args = page_arguments(first, last, after, before, reverse)
        order = sort_key or ProductCollectionSortKeys.COLLECTION_DEFAULT
        return await _pages(ctx, parents, order, args, filters, columns)

    @batch_field(access=READ_PRODUCTS, reads=())
    async def has_product(parents: Sequence["Collection"], ctx: Context, id: strawberry.ID) -> list[bool]:
        """Whether a product is in it."""
        product_id = ctx.key_of(id, "Product")
        return await ctx.load_many(collections.memberships, [(parent.uuid, product_id) for parent in parents])

    @batch_field(access=READ_PRODUCTS, reads=())
    async def products_count(parents: Sequence["Collection"], ctx: Context) -> list[Count | None]:
        """How many products are in it."""
        counts = await ctx.load_many(collections.product_counts, [parent.uuid for parent in parents])
        return [Count(count=count) for count in counts]


async def _pages(
    ctx: Context, parents: Sequence[Collection], sort_key: ProductCollectionSortKeys, args: PageArguments,
    filters: Sequence[ProductFilter] | None, columns: Columns,
) -> list[ProductConnection]:  # fmt: skip
    """Return a page of each collection's products. A statement for each order that the collections have."""
    kept = filters_of(filters)
    by_order: dict[str, list[UUID]] = defaultdict(list)
    for parent in parents:
        by_order[_order(sort_key, parent)].append(parent.uuid)
    priced = kept.prices or not BY_PRICE.isdisjoint(by_order)
    market = await price_market(ctx) if priced else await known_market(ctx) if kept.available else None
    found: dict[UUID, ProductConnection] = {}
    for order, keys in by_order.items():
        listing = Listing(audience(ctx), order, args, filters=kept, market=market, columns=columns)
        for key, page in zip(keys, await ctx.load_many(collection_product_pages, keys, listing), strict=True):
            listed = FacetList(None, kept, listing.audience, market, key)
            found[key] = product_connection(ctx, page, listed, columns)
    return [found[parent.uuid] for parent in parents]


def _order(sort_key: ProductCollectionSortKeys, parent: Collection) -> str:
    # A collection has no search text that its products could be relevant to.
    default = (ProductCollectionSortKeys.COLLECTION_DEFAULT, ProductCollectionSortKeys.RELEVANCE)
    return str(parent.row.sort_order) if sort_key in default else sort_key.name


@object_type(access=LISTINGS)
class CollectionEdge(Edge[CollectionKey]):
    """A collection and its cursor."""


@object_type(access=LISTINGS)
class CollectionConnection(Connection[CollectionKey]):
    """A page of collections."""


@object_type(name="Product", access=LISTINGS, cache=COLLECTIONS)
class ProductCollections(ProductKey):
    """The collections of a product."""

    @batch_field
    async def collections(
        parents: Sequence[ProductKey], ctx: Context, first: int | None = None, last: int | None = None,
        after: str | None = None, before: str | None = None, reverse: bool | None = False, columns: Columns = None,
    ) -> list[CollectionConnection]:  # fmt: skip
        """The collections it is in."""
        args = page_arguments(first, last, after, before, reverse)
        keys = [parent.uuid for parent in parents]
        pages = await ctx.load_many(collections.collection_pages_of, keys, audience(ctx), args, columns)
        return connections(pages, CollectionConnection, CollectionEdge, Collection.all_of)
