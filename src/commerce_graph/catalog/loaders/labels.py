"""The tags and product types in use, in alphabetical order."""

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.loaders.audience import Audience, product_seen
from commerce_graph.catalog.tables import product, publication


async def tags(conn: AsyncConnection, audience: Audience, most: int) -> list[str]:
    """Return the first tags of products that the audience sees. 1 statement, which reads each product's tags."""
    tag = func.unnest(product.c.tags).label("tag")
    found = select(tag).distinct().where(*product_seen(audience)).order_by("tag").limit(most)
    return [row.tag for row in (await conn.execute(found)).all()]


async def product_types(conn: AsyncConnection, audience: Audience, most: int) -> list[str]:
    """Return the first product types of products that the audience sees. 1 statement.

    Steps from each type to the next through the index, instead of reading each product.
    """
    at = product.c.product_type

    def next_after(last: ColumnElement[str]) -> ColumnElement[str]:
        seen = select(at).where(at > last, *product_seen(audience)).order_by(at, product.c.id).limit(1)
        return seen.correlate_except(product, publication).scalar_subquery()

    first = select(next_after(literal("")).label("name"), literal(1).label("step")).cte("types", recursive=True)
    found = first.union_all(
        select(next_after(first.c.name), first.c.step + 1).where(first.c.name.is_not(None), first.c.step < most)
    )
    named = select(found.c.name).where(found.c.name.is_not(None)).order_by(found.c.step)
    return [row.name for row in (await conn.execute(named)).all()]
