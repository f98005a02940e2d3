"""Blogs: by key and handle, and in lists. Everybody sees them, and in them what is published."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Text, Uuid, any_, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.content.loaders.asked import asked_for, ordered
from commerce_graph.content.loaders.audience import shown
from commerce_graph.content.tables import blog
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page
from commerce_graph.kernel.query_syntax import Query

_ORDERS = {
    "HANDLE": Order((blog.c.handle, blog.c.id)),
    "ID": Order((blog.c.id,)),
    "TITLE": Order((blog.c.title, blog.c.id)),
}


async def blogs(conn: AsyncConnection, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Return blogs. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    wanted = select(*shown(blog)).where(blog.c.id == any_(cast(list(ids), ARRAY(Uuid))))
    found = {row.id: row for row in (await conn.execute(wanted)).all()}
    return [found.get(key) for key in ids]


async def blogs_by_handle(conn: AsyncConnection, handles: Sequence[str]) -> list[Row[Any] | None]:
    """Return blogs. Shape: n handles → n results in input order, None where there is none; 1 statement."""
    wanted = select(*shown(blog)).where(blog.c.handle == any_(cast(list(handles), ARRAY(Text))))
    found = {row.handle: row for row in (await conn.execute(wanted)).all()}
    return [found.get(handle) for handle in handles]


async def blog_page(conn: AsyncConnection, query: Query | None, order: str, args: PageArguments) -> Page:
    """Return a page of the shop's blogs. 1 statement."""
    wanted = select(*shown(blog)).where(asked_for(blog, query))
    return await read_page(conn, wanted, ordered(blog, _ORDERS, order, query), args)
