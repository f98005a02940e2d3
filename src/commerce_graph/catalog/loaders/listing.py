"""Lists of products, in the whole shop or in a collection: filtered, ordered, page by page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from commerce_graph.catalog.loaders.audience import Audience, product_seen
from commerce_graph.catalog.loaders.filters import Filters, PriceMarket, filtered
from commerce_graph.catalog.loaders.products import product_columns, products
from commerce_graph.catalog.loaders.search import product_condition, relevance
from commerce_graph.catalog.tables import collection_product, product, product_price
from commerce_graph.kernel.context import straight
from commerce_graph.kernel.database import Source
from commerce_graph.kernel.limits import SEARCH_FOUND_MAX
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page, read_pages
from commerce_graph.kernel.projection import Columns
from commerce_graph.kernel.query_syntax import Query
from commerce_graph.kernel.statements import built_once

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
    columns: Columns = None


def _order(listing: Listing) -> Order:
    # Without a word to be relevant to, all products are equally so.
    return _ORDERS["ID" if listing.order == "RELEVANCE" else listing.order]


def _conditions(listing: Listing) -> list[ColumnElement[bool]]:
    asked = product_condition(listing.query, listing.market)
    return [*product_seen(listing.audience), asked, *filtered(listing.filters, listing.market)]


def _listed(listing: Listing) -> Select[Any]:
    if listing.query is None and listing.filters == Filters():
        return _all(listing.audience, listing.order in BY_PRICE, listing.market, listing.columns)
    shown = select(*product_columns(listing.audience, listing.columns)).where(*_conditions(listing))
    return _priced(shown, listing.market) if listing.order in BY_PRICE else shown


@built_once
def _all(audience: Audience, by_price: bool, market: PriceMarket | None, columns: Columns) -> Select[Any]:
    shown = select(*product_columns(audience, columns)).where(*product_seen(audience))
    return _priced(shown, market) if by_price else shown


def _priced(shown: Select[Any], market: PriceMarket | None) -> Select[Any]:
    at = product_price.c
    return shown.join(product_price, at.product_id == product.c.id).where(at.market_id == (market and market.id))


async def product_page(source: Source, listing: Listing) -> Page:
    """Return a page of the shop's products. 1 statement, 2 by the relevance of words.

    Limits: SEARCH_FOUND_MAX by relevance, the best sold.
    """
    rank = relevance(listing.query) if listing.order == "RELEVANCE" else None
    if rank is None:
        return await read_page(source, _listed(listing), _order(listing), listing.args)
    # To rank all products that share a word of each of them would be to read the whole shop, and so would be to join
    # the ranks with the products before the page is cut.
    met = select(product.c.id, rank.label("rank")).where(*_conditions(listing))
    best = met.order_by(product.c.sales.desc(), product.c.id.desc()).limit(SEARCH_FOUND_MAX).subquery("best_sold")
    page = await read_page(source, select(best.c.id), Order((best.c.rank, best.c.id), descending=True), listing.args)
    rows = await products(source, [row.id for row in page.rows], listing.audience)
    # One may have gone in between.
    shown = [(row, cursor) for row, cursor in zip(rows, page.cursors, strict=True) if row is not None]
    return replace(page, rows=[row for row, _ in shown], cursors=[cursor for _, cursor in shown])


@straight
async def collection_product_pages(source: Source, collection_ids: Sequence[UUID], listing: Listing) -> list[Page]:
    """Return a page of each collection's products. Shape: n keys → n pages in input order; 1 statement."""
    return await read_pages(source, collection_ids, _members(_listed(listing)), _order(listing), listing.args)


@built_once
def _members(listed: Select[Any]) -> Callable[[ColumnElement[UUID]], Select[Any]]:
    at = collection_product.c
    members = listed.join(collection_product, at.product_id == product.c.id)
    return lambda key: members.where(at.collection_id == key)
