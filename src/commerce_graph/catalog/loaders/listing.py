"""Lists of products, in the whole shop or in a collection: filtered, ordered, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.loaders.audience import Audience, product_seen
from commerce_graph.catalog.loaders.filters import Filters, PriceMarket, filtered
from commerce_graph.catalog.loaders.products import product_columns
from commerce_graph.catalog.loaders.search import product_condition, relevance
from commerce_graph.catalog.tables import collection_product, product, product_price
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page, read_pages
from commerce_graph.kernel.query_syntax import Query

BY_PRICE = frozenset({"PRICE", "PRICE_ASC", "PRICE_DESC"})
"""Orders for which a market must be known. They list the products that have a price in it."""

_MANUAL = (collection_product.c.position, collection_product.c.product_id)
_PRICE = (product_price.c.min_minor, product_price.c.product_id)
_ORDERS: dict[str, Order] = {
    "BEST_SELLING": Order((product.c.sales, product.c.id), descending=True),
    "CREATED_AT": Order((product.c.created_at, product.c.id)),
    "ID": Order((product.c.id,)),
    "PRICE": Order(_PRICE),
    "PRODUCT_TYPE": Order((product.c.product_type, product.c.id)),
    "TITLE": Order((product.c.title, product.c.id)),
    "UPDATED_AT": Order((product.c.updated_at, product.c.id)),
    "VENDOR": Order((product.c.vendor, product.c.id)),
    # A collection's own names for orders.
    "ALPHA_ASC": Order((product.c.title, product.c.id)),
    "ALPHA_DESC": Order((product.c.title, product.c.id), descending=True),
    "CREATED": Order((product.c.created_at, product.c.id)),
    "CREATED_DESC": Order((product.c.created_at, product.c.id), descending=True),
    "MANUAL": Order(_MANUAL),
    "PRICE_ASC": Order(_PRICE),
    "PRICE_DESC": Order(_PRICE, descending=True),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which products to list, and how. `market`: needed for an order of BY_PRICE and for filters by price."""

    audience: Audience
    order: str
    args: PageArguments
    query: Query | None = None
    filters: Filters = Filters()
    market: PriceMarket | None = None


def _order(listing: Listing) -> Order:
    if listing.order == "RELEVANCE":
        rank: ColumnElement[Any] | None = relevance(listing.query)
        # Without a word to be relevant to, all products are equally so.
        return _ORDERS["ID"] if rank is None else Order((rank, product.c.id), descending=True)
    return _ORDERS[listing.order]


def _listed(listing: Listing) -> Select[Any]:
    wanted = (
        select(*product_columns(listing.audience))
        .where(*product_seen(listing.audience))
        .where(product_condition(listing.query, listing.market))
        .where(*filtered(listing.filters, listing.market))
    )
    if listing.order not in BY_PRICE:
        return wanted
    at = product_price.c
    market_id = listing.market.id if listing.market else None
    return wanted.join(product_price, at.product_id == product.c.id).where(at.market_id == market_id)


async def product_page(conn: AsyncConnection, listing: Listing) -> Page:
    """Return a page of the shop's products. 1 statement."""
    return await read_page(conn, _listed(listing), _order(listing), listing.args)


async def collection_product_pages(
    conn: AsyncConnection, collection_ids: Sequence[UUID], listing: Listing
) -> list[Page]:
    """Return a page of each collection's products. Shape: n keys → n pages in input order; 1 statement."""
    at = collection_product.c
    members = _listed(listing).join(collection_product, at.product_id == product.c.id)
    return await read_pages(
        conn, collection_ids, lambda key: members.where(at.collection_id == key), _order(listing), listing.args
    )
