"""Articles: by key and handle, in lists, of blogs, and by words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Text, Uuid, any_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.content.loaders.asked import asked_for, ordered
from commerce_graph.content.loaders.audience import seen, shown
from commerce_graph.content.tables import article, blog, listed_at
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.fulltext import After, answering, ranked
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page, read_pages
from commerce_graph.kernel.query_syntax import Query
from commerce_graph.kernel.query_syntax.words import Plan

BY_BLOG = "BLOG_TITLE"
_ORDERS = {
    "AUTHOR": Order((article.c.author_name, article.c.id)),
    BY_BLOG: Order((blog.c.title, article.c.id)),
    "ID": Order((article.c.id,)),
    "PUBLISHED_AT": Order((listed_at, article.c.id)),
    "TITLE": Order((article.c.title, article.c.id)),
    "UPDATED_AT": Order((article.c.updated_at, article.c.id)),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which articles to list, and how. `everything`: also those not published."""

    everything: bool
    order: str
    args: PageArguments
    query: Query | None = None


def _articles(everything: bool) -> Select[Any]:
    return select(*shown(article)).where(*seen(article, everything))


def _listed(listing: Listing) -> tuple[Select[Any], Order]:
    wanted = _articles(listing.everything).where(asked_for(article, listing.query))
    if listing.order == BY_BLOG:
        wanted = wanted.join(blog, blog.c.id == article.c.blog_id)
    return wanted, ordered(article, _ORDERS, listing.order, listing.query)


async def articles(conn: AsyncConnection, ids: Sequence[UUID], everything: bool) -> list[Row[Any] | None]:
    """Return articles, those not published only with `everything`.

    Shape: n keys → n results in input order, None where none is seen; 1 statement.
    """
    wanted = _articles(everything).where(article.c.id == any_(cast(list(ids), ARRAY(Uuid))))
    found = {row.id: row for row in (await conn.execute(wanted)).all()}
    return [found.get(key) for key in ids]


async def articles_by_handle(
    conn: AsyncConnection, keys: Sequence[tuple[UUID, str]], everything: bool
) -> list[Row[Any] | None]:
    """Return the article of each (blog, handle).

    Shape: n keys → n results in input order, None where none is seen; 1 statement.
    """
    wanted = given(keys, blog_id=Uuid, handle=Text)
    same = (wanted.c.blog_id == article.c.blog_id) & (wanted.c.handle == article.c.handle)
    rows = (await conn.execute(_articles(everything).join(wanted, same))).all()
    found = {(row.blog_id, row.handle): row for row in rows}
    return [found.get(key) for key in keys]


async def article_page(conn: AsyncConnection, listing: Listing) -> Page:
    """Return a page of the shop's articles. 1 statement."""
    return await read_page(conn, *_listed(listing), listing.args)


async def article_pages_of(conn: AsyncConnection, blog_ids: Sequence[UUID], listing: Listing) -> list[Page]:
    """Return a page of each blog's articles. Shape: n keys → n pages in input order; 1 statement."""
    wanted, order = _listed(listing)
    return await read_pages(conn, blog_ids, lambda key: wanted.where(article.c.blog_id == key), order, listing.args)


async def find_articles(
    conn: AsyncConnection, plan: Plan, *, limit: int, after: After | None = None, before: After | None = None,
    backward: bool = False, everything: bool = False,
) -> Sequence[Row[Any]]:  # fmt: skip
    """Return articles that answer a plan, the best first: what `articles` loads, and `rank`. 1 statement, by an index.

    `after`, `before`: the rank and id of the rows they lie between. `backward`: the worst first. Fields in
    `plan.where` that articles do not have are ignored.
    """
    wanted = _articles(everything).where(asked_for(article, plan.where))
    listed = ranked(wanted, article, plan, limit, after, before, backward=backward)
    rows: Sequence[Row[Any]] = (await conn.execute(listed)).all()
    return rows


async def count_articles(conn: AsyncConnection, plan: Plan, *, everything: bool = False) -> int:
    """Return how many articles answer a plan. 1 statement, by an index."""
    kept = (*seen(article, everything), asked_for(article, plan.where), *answering(article.c.search, plan))
    return (await conn.execute(select(func.count()).select_from(article).where(*kept))).scalar_one()
