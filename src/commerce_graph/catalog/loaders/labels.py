"""The tags, product types, vendors and collections in use, in alphabetical order."""

from sqlalchemy import Column, ColumnElement, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.loaders.audience import Audience, collection_seen, product_seen
from commerce_graph.catalog.tables import collection, product, publication


async def tags(conn: AsyncConnection, audience: Audience, most: int) -> list[str]:
    """Return the first tags of products that the audience sees. 1 statement, which reads each product's tags."""
    tag = func.unnest(product.c.tags).label("tag")
    found = select(tag).distinct().where(*product_seen(audience)).order_by("tag").limit(most)
    return [row.tag for row in (await conn.execute(found)).all()]


async def product_types(conn: AsyncConnection, audience: Audience, most: int) -> list[str]:
    """Return the first product types of products that the audience sees. 1 statement."""
    return await _stepped(conn, product.c.product_type, audience, most)


async def vendors(conn: AsyncConnection, audience: Audience, most: int) -> list[str]:
    """Return the first vendors of products that the audience sees. 1 statement."""
    return await _stepped(conn, product.c.vendor, audience, most)


async def collection_titles(conn: AsyncConnection, audience: Audience, most: int) -> list[str]:
    """Return the first titles of collections that the audience sees. 1 statement."""
    titles = select(collection.c.title).distinct().where(*collection_seen(audience)).order_by(collection.c.title)
    return list((await conn.execute(titles.limit(most))).scalars())


async def _stepped(conn: AsyncConnection, at: Column[str], audience: Audience, most: int) -> list[str]:
    """Step from each value to the next through the index, instead of reading each product."""

    def next_after(last: ColumnElement[str]) -> ColumnElement[str]:
        seen = select(at).where(at > last, *product_seen(audience)).order_by(at, product.c.id).limit(1)
        return seen.correlate_except(product, publication).scalar_subquery()

    first = select(next_after(literal("")).label("name"), literal(1).label("step")).cte("names", recursive=True)
    found = first.union_all(
        select(next_after(first.c.name), first.c.step + 1).where(first.c.name.is_not(None), first.c.step < most)
    )
    named = select(found.c.name).where(found.c.name.is_not(None)).order_by(found.c.step)
    return [row.name for row in (await conn.execute(named)).all()]
