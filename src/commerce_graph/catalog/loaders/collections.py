"""Collections: by key and handle, in lists, of products; and what they hold."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Select, Text, Uuid, any_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.loaders.audience import Audience, collection_seen
from commerce_graph.catalog.loaders.collection_search import collection_condition
from commerce_graph.catalog.tables import collection, collection_product
from commerce_graph.kernel.context import straight
from commerce_graph.kernel.database import Source, rows
from commerce_graph.kernel.fulltext import After, answering, rank, ranked, terms_query
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page, read_pages
from commerce_graph.kernel.projection import Columns, projected
from commerce_graph.kernel.query_syntax import Query
from commerce_graph.kernel.query_syntax.words import Plan
from commerce_graph.kernel.statements import Prepared, any_key, built_once

_ORDERS: dict[str, Order] = {
    "ID": Order((collection.c.id,)),
    "TITLE": Order((collection.c.title, collection.c.id)),
    "UPDATED_AT": Order((collection.c.updated_at, collection.c.id)),
}

_SHOWN = [column for column in collection.c if column.name != "search"]


def _order(name: str, query: Query | None) -> Order:
    if name != "RELEVANCE":
        return _ORDERS[name]
    words = terms_query(query)
    # Without a word to be relevant to, all collections are equally so.
    return _ORDERS["TITLE"] if words is None else Order((rank(collection.c.search, words), collection.c.id), True)


@straight
async def collections(source: Source, ids: Sequence[UUID], audience: Audience) -> list[Any]:
    """Return collections. Shape: n keys → n results in input order, None where the audience sees none; 1 statement."""
    found = {row.id: row for row in await rows(source, _collections(audience), keys=list(ids))}
    return [found.get(key) for key in ids]


@built_once
def _collections(audience: Audience) -> Prepared:
    return Prepared(select(*_SHOWN).where(collection.c.id == any_key(), *collection_seen(audience)))


async def collections_by_handle(
    conn: AsyncConnection, handles: Sequence[str], audience: Audience
) -> list[Row[Any] | None]:
    """Return collections. Shape: n handles → n results in input order, None where there is none seen; 1 statement."""
    wanted = select(*_SHOWN).where(collection.c.handle == any_(cast(list(handles), ARRAY(Text))))
    found = {row.handle: row for row in (await conn.execute(wanted.where(*collection_seen(audience)))).all()}
    return [found.get(handle) for handle in handles]


async def collection_page(
    conn: AsyncConnection, audience: Audience, query: Query | None, order: str, args: PageArguments
) -> Page:
    """Return a page of the shop's collections. 1 statement."""
    wanted = select(*_SHOWN).where(*collection_seen(audience)).where(collection_condition(query))
    return await read_page(conn, wanted, _order(order, query), args)


async def find_collections(
    conn: AsyncConnection, plan: Plan, audience: Audience, *, limit: int, after: After | None = None,
    before: After | None = None, backward: bool = False,
) -> Sequence[Row[Any]]:  # fmt: skip
    """Return collections that answer a plan, the best first: what `collections` loads, and `rank`.

    `after`, `before`: the rank and id of the rows they lie between. `backward`: the worst first. Fields in
    `plan.where` that collections do not have are ignored. 1 statement, by an index.
    """
    wanted = select(*_SHOWN).where(*collection_seen(audience), collection_condition(plan.where))
    listed = ranked(wanted, collection, plan, limit, after, before, backward=backward)
    found: Sequence[Row[Any]] = (await conn.execute(listed)).all()
    return found


async def count_collections(conn: AsyncConnection, plan: Plan, audience: Audience) -> int:
    """Return how many collections answer a plan. 1 statement, by an index."""
    kept = (*collection_seen(audience), collection_condition(plan.where), *answering(collection.c.search, plan))
    return (await conn.execute(select(func.count()).select_from(collection).where(*kept))).scalar_one()


@straight
async def collection_pages_of(
    source: Source, product_ids: Sequence[UUID], audience: Audience, args: PageArguments, columns: Columns
) -> list[Page]:
    """Return a page of the collections that each product is in. Shape: n keys → n pages in order; 1 statement."""
    return await read_pages(source, product_ids, _of_product(audience, columns), _ORDERS["ID"], args)


@built_once
def _of_product(audience: Audience, columns: Columns) -> Callable[[ColumnElement[UUID]], Select[Any]]:
    at = collection_product.c
    wanted = (
        select(*projected(_SHOWN, columns))
        .join(collection_product, at.collection_id == collection.c.id)
        .where(*collection_seen(audience))
    )
    return lambda key: wanted.where(at.product_id == key)


async def memberships(conn: AsyncConnection, keys: Sequence[tuple[UUID, UUID]]) -> list[bool]:
    """Tell whether each (collection, product) is one of a member. Shape: n keys → n results in order; 1 statement."""
    at = collection_product.c
    wanted = (
        func.unnest(cast([key[0] for key in keys], ARRAY(Uuid)), cast([key[1] for key in keys], ARRAY(Uuid)))
        .table_valued("collection_id", "product_id")
        .render_derived()
    )
    members = select(at.collection_id, at.product_id).join(
        wanted, (wanted.c.collection_id == at.collection_id) & (wanted.c.product_id == at.product_id)
    )
    found = {tuple(row) for row in (await conn.execute(members)).all()}
    return [key in found for key in keys]


async def product_counts(conn: AsyncConnection, collection_ids: Sequence[UUID]) -> list[int]:
    """Return how many products collections hold. Shape: n keys → n results in input order; 1 statement."""
    at = collection_product.c
    counted = (
        select(at.collection_id, func.count().label("count"))
        .where(at.collection_id == any_(cast(list(collection_ids), ARRAY(Uuid))))
        .group_by(at.collection_id)
    )
    found: dict[UUID, int] = {row.collection_id: row._mapping["count"] for row in (await conn.execute(counted)).all()}
    return [found.get(key, 0) for key in collection_ids]


async def collections_among(
    conn: AsyncConnection, product_ids: Sequence[UUID], among: tuple[UUID, ...]
) -> list[frozenset[UUID]]:
    """Return which of some collections products are in. Shape: n keys → n sets in input order; 1 statement."""
    at = collection_product.c
    wanted = select(at.product_id, func.array_agg(at.collection_id).label("collections")).where(
        at.product_id == any_(cast(list(product_ids), ARRAY(Uuid))),
        at.collection_id == any_(cast(list(among), ARRAY(Uuid))),
    )
    grouped = (await conn.execute(wanted.group_by(at.product_id))).all()
    found = {row.product_id: frozenset(row.collections) for row in grouped}
    return [found.get(each, frozenset()) for each in product_ids]
