"""Where reading the catalogue starts: products, collections, and the labels in use."""

import strawberry

from commerce_graph.catalog.graph.collection import (
    Collection,
    CollectionConnection,
    CollectionEdge,
    CollectionSortKeys,
)
from commerce_graph.catalog.graph.node import NodeQuery
from commerce_graph.catalog.graph.product import Product, ProductConnection, product_connection
from commerce_graph.catalog.graph.reading import audience, known_market, price_market
from commerce_graph.catalog.graph.sorting import ProductSortKeys
from commerce_graph.catalog.loaders import collections, labels, products
from commerce_graph.catalog.loaders.listing import BY_PRICE, Listing, product_page
from commerce_graph.catalog.loaders.search import AVAILABLE_FIELD, PRICE_FIELD
from commerce_graph.catalog.service import FacetList
from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import entities, field, object_type
from commerce_graph.kernel.hints import COLLECTION, COLLECTIONS, PRODUCT, PRODUCTS
from commerce_graph.kernel.pages import Connection, Edge, connection, connections, encode_cursor, page_arguments
from commerce_graph.kernel.projection import columns_asked
from commerce_graph.kernel.query_syntax import names, parse
from commerce_graph.keys import CollectionKey, ProductKey


@object_type(access=LISTINGS, shareable=True)
class StringEdge(Edge[str]):
    """A text and its cursor."""


@object_type(access=LISTINGS, shareable=True)
class StringConnection(Connection[str]):
    """A page of texts."""

    # Else its type would be named after Python's str.
    @field
    def edges(self) -> list[StringEdge]:
        """What is on the page, each with its cursor."""
        return Connection.edges(self)  # type: ignore[no-any-return]


def _strings(found: list[str], first: int) -> StringConnection:
    shown = found[:first]
    cursors = [encode_cursor([text]) for text in shown]
    page: StringConnection = connection(StringConnection, StringEdge, shown, cursors, has_next=len(found) > first)
    return page


@object_type(access=LISTINGS)
class CatalogQuery(NodeQuery):
    """What can be read of the catalogue from its root."""

    @field(cache=PRODUCT)
    async def product(
        self, info: strawberry.Info, id: strawberry.ID | None = None, handle: str | None = None
    ) -> ProductKey | None:
        """A product by id or by handle."""
        ctx: Context = info.context
        if (id is None) == (handle is None):
            raise RequestError("BAD_USER_INPUT", "give exactly one of `id` and `handle`")
        if id is not None:
            (found,) = await entities(ctx, ProductKey, [ctx.key_of(id, "Product")])
            return found  # type: ignore[no-any-return]
        row = await ctx.load(products.products_by_handle, handle, audience(ctx))
        if row is None:
            return None
        ctx.prime(products.products, {row.id: row}, audience(ctx))
        return Product.of(row)

    @field(cache=PRODUCTS)
    async def products(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False, sort_key: ProductSortKeys | None = ProductSortKeys.ID,
        query: str | None = None,
    ) -> ProductConnection:  # fmt: skip
        """The shop's products. `query` is Shopify's search syntax over title, product_type, vendor, tag, tag_not,
        handle, id, created_at, updated_at, available_for_sale, variants.price, sku, barcode and status; words without
        a field are looked for in all texts. Products without a price in the market are left out of an order by price.
        """
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        asked = parse(query)
        order = (sort_key or ProductSortKeys.ID).name
        priced = order in BY_PRICE or PRICE_FIELD in names(asked)
        available = AVAILABLE_FIELD in names(asked)
        market = await price_market(ctx) if priced else await known_market(ctx) if available else None
        columns = columns_asked(info)
        listing = Listing(audience(ctx), order, args, query=asked, market=market, columns=columns)
        async with ctx.turn():
            page = await product_page(ctx.database, listing)
        listed = FacetList(asked, listing.filters, listing.audience, market)
        return product_connection(ctx, page, listed, columns)

    @field(cache=COLLECTION)
    async def collection(
        self, info: strawberry.Info, id: strawberry.ID | None = None, handle: str | None = None
    ) -> CollectionKey | None:
        """A collection by id or by handle."""
        ctx: Context = info.context
        if (id is None) == (handle is None):
            raise RequestError("BAD_USER_INPUT", "give exactly one of `id` and `handle`")
        if id is not None:
            (found,) = await entities(ctx, CollectionKey, [ctx.key_of(id, "Collection")])
            return found  # type: ignore[no-any-return]
        row = await ctx.load(collections.collections_by_handle, handle, audience(ctx))
        return row and Collection.of(row)

    @field(cache=COLLECTIONS)
    async def collections(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False,
        sort_key: CollectionSortKeys | None = CollectionSortKeys.ID, query: str | None = None,
    ) -> CollectionConnection:  # fmt: skip
        """The shop's collections. `query` is Shopify's search syntax over title, handle, id, updated_at and
        collection_type (`smart` or `custom`); words without a field are looked for in titles and
        descriptions."""
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        asked = parse(query)
        order = (sort_key or CollectionSortKeys.ID).name
        async with ctx.read() as conn:
            page = await collections.collection_page(conn, audience(ctx), asked, order, args)
        (made,) = connections((page,), CollectionConnection, CollectionEdge, Collection.all_of)
        return made  # type: ignore[no-any-return]

    @field(cache=PRODUCTS)
    async def product_tags(self, info: strawberry.Info, first: int) -> StringConnection:
        """The tags of the shop's products, in alphabetical order."""
        ctx: Context = info.context
        args = page_arguments(first, None, None, None)
        async with ctx.read() as conn:
            return _strings(await labels.tags(conn, audience(ctx), args.size + 1), args.size)

    @field(cache=PRODUCTS)
    async def product_types(self, info: strawberry.Info, first: int) -> StringConnection:
        """The types of the shop's products, in alphabetical order."""
        ctx: Context = info.context
        args = page_arguments(first, None, None, None)
        async with ctx.read() as conn:
            return _strings(await labels.product_types(conn, audience(ctx), args.size + 1), args.size)
