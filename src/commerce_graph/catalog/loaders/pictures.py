"""Media of products."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Row, Uuid, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.tables import media
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_pages

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    # Keys are UUIDv7, so their order is that of creation.
    "ID": (media.c.id,),
    "POSITION": (media.c.position, media.c.id),
}


async def media_pages(
    conn: AsyncConnection, product_ids: Sequence[UUID], order: str, args: PageArguments
) -> list[Page]:
    """Return a page of each product's media. Shape: n keys → n pages in input order; 1 statement."""
    return await read_pages(
        conn, product_ids, lambda key: select(media).where(media.c.product_id == key), Order(ORDERS[order]), args
    )


async def pictures(conn: AsyncConnection, keys: Sequence[tuple[UUID, UUID | None]]) -> list[Row[Any] | None]:
    """Return the picture of each (product, media): that media, or where it is None or gone, the product's first.

    Shape: n keys → n results in input order, None for a product without media; 1 statement.
    """
    wanted = (
        func.unnest(cast([key[0] for key in keys], ARRAY(Uuid)), cast([key[1] for key in keys], ARRAY(Uuid)))
        .table_valued("product_id", "media_id", with_ordinality="place")
        .render_derived()
    )
    chosen = (
        select(media)
        .where(media.c.product_id == wanted.c.product_id)
        .order_by((media.c.id == wanted.c.media_id).desc().nulls_last(), media.c.position, media.c.id)
        .limit(1)
        .lateral("chosen")
    )
    statement = select(cast(wanted.c.place, BigInteger).label("_place"), chosen).select_from(
        wanted.join(chosen, true())
    )
    found = {row._mapping["_place"]: row for row in (await conn.execute(statement)).all()}
    return [found.get(place) for place in range(1, len(keys) + 1)]
