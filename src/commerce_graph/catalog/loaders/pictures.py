"""Media of products."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, Select, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.tables import media
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_pages
from commerce_graph.kernel.statements import built_once, keys

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    # Keys are UUIDv7, so their order is that of creation.
    "ID": (media.c.id,),
    "POSITION": (media.c.position, media.c.id),
}


async def media_pages(
    conn: AsyncConnection, product_ids: Sequence[UUID], order: str, args: PageArguments
) -> list[Page]:
    """Return a page of each product's media. Shape: n keys → n pages in input order; 1 statement."""
    return await read_pages(conn, product_ids, _of_product, Order(ORDERS[order]), args)


def _of_product(product_id: ColumnElement[UUID]) -> Select[Any]:
    return select(media).where(media.c.product_id == product_id)


async def pictures(conn: AsyncConnection, wanted: Sequence[tuple[UUID, UUID | None]]) -> list[Row[Any] | None]:
    """Return the picture of each (product, media): that media, or where it is None or gone, the product's first.

    Shape: n keys → n results in input order, None for a product without media; 1 statement.
    """
    asked = {"products": [key[0] for key in wanted], "media": [key[1] for key in wanted]}
    found = {row._mapping["_place"]: row for row in (await conn.execute(_chosen(), asked)).all()}
    return [found.get(place) for place in range(1, len(wanted) + 1)]


@built_once
def _chosen() -> Select[Any]:
    wanted = (
        func.unnest(keys("products"), keys("media"))
        .table_valued("product_id", "media_id", with_ordinality="place")
        .render_derived()
    )
    chosen = (
        _of_product(wanted.c.product_id)
        .order_by((media.c.id == wanted.c.media_id).desc().nulls_last(), media.c.position, media.c.id)
        .limit(1)
        .lateral("chosen")
    )
    place = cast(wanted.c.place, BigInteger).label("_place")
    return select(place, chosen).select_from(wanted.join(chosen, true()))
