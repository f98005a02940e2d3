"""Pages: by key and handle, in lists, and by words."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Text, Uuid, any_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.content.loaders.asked import asked_for, ordered
from commerce_graph.content.loaders.audience import seen, shown
from commerce_graph.content.tables import page
from commerce_graph.kernel.fulltext import After, answering, ranked
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page
from commerce_graph.kernel.query_syntax import Query
from commerce_graph.kernel.query_syntax.words import Plan

_ORDERS = {
    "ID": Order((page.c.id,)),
    "TITLE": Order((page.c.title, page.c.id)),
    "UPDATED_AT": Order((page.c.updated_at, page.c.id)),
}


def _pages(everything: bool) -> Select[Any]:
    return select(*shown(page)).where(*seen(page, everything))


async def pages(conn: AsyncConnection, ids: Sequence[UUID], everything: bool) -> list[Row[Any] | None]:
    """Return pages, those not published only with `everything`.

    Shape: n keys → n results in input order, None where none is seen; 1 statement.
    """
    wanted = _pages(everything).where(page.c.id == any_(cast(list(ids), ARRAY(Uuid))))
    found = {row.id: row for row in (await conn.execute(wanted)).all()}
    return [found.get(key) for key in ids]


async def pages_by_handle(conn: AsyncConnection, handles: Sequence[str], everything: bool) -> list[Row[Any] | None]:
    """Return pages. Shape: n handles → n results in input order, None where none is seen; 1 statement."""
    wanted = _pages(everything).where(page.c.handle == any_(cast(list(handles), ARRAY(Text))))
    found = {row.handle: row for row in (await conn.execute(wanted)).all()}
    return [found.get(handle) for handle in handles]


async def page_page(
    conn: AsyncConnection, everything: bool, query: Query | None, order: str, args: PageArguments
) -> Page:
    """Return a page of the shop's pages. 1 statement."""
    wanted = _pages(everything).where(asked_for(page, query))
    return await read_page(conn, wanted, ordered(page, _ORDERS, order, query), args)


async def find_pages(
    conn: AsyncConnection, plan: Plan, *, limit: int, after: After | None = None, before: After | None = None,
    backward: bool = False, everything: bool = False,
) -> Sequence[Row[Any]]:  # fmt: skip
    """Return pages that answer a plan, the best first: what `pages` loads, and `rank`. 1 statement, by an index.

    `after`, `before`: the rank and id of the rows they lie between. `backward`: the worst first. Fields in
    `plan.where` that pages do not have are ignored.
    """
    wanted = _pages(everything).where(asked_for(page, plan.where))
    listed = ranked(wanted, page, plan, limit, after, before, backward=backward)
    rows: Sequence[Row[Any]] = (await conn.execute(listed)).all()
    return rows


async def count_pages(conn: AsyncConnection, plan: Plan, *, everything: bool = False) -> int:
    """Return how many pages answer a plan. 1 statement, by an index."""
    kept = (*seen(page, everything), asked_for(page, plan.where), *answering(page.c.search, plan))
    return (await conn.execute(select(func.count()).select_from(page).where(*kept))).scalar_one()
