"""Media of products."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, select, true

from commerce_graph.catalog.tables import media
from commerce_graph.kernel.context import straight
from commerce_graph.kernel.database import Source, rows
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_pages
from commerce_graph.kernel.statements import Prepared, built_once, keys

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    # Keys are UUIDv7, so their order is that of creation.
    "ID": (media.c.id,),
    "POSITION": (media.c.position, media.c.id),
}


@straight
async def media_pages(source: Source, product_ids: Sequence[UUID], order: str, args: PageArguments) -> list[Page]:
    """Return a page of each product's media. Shape: n keys → n pages in input order; 1 statement."""
    return await read_pages(source, product_ids, _of_product, Order(ORDERS[order]), args)


def _of_product(product_id: ColumnElement[UUID]) -> Select[Any]:
    return select(media).where(media.c.product_id == product_id)


@straight
async def pictures(source: Source, wanted: Sequence[tuple[UUID, UUID | None]]) -> list[Any]:
    """Return the picture of each (product, media): that media, or where it is None or gone, the product's first.

    Shape: n keys → n results in input order, None for a product without media; 1 statement.
    """
    products, media = [key[0] for key in wanted], [key[1] for key in wanted]
    found = {row[0]: row for row in await rows(source, _chosen(), products=products, media=media)}
    return [found.get(place) for place in range(1, len(wanted) + 1)]


@built_once
def _chosen() -> Prepared:
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
    return Prepared(select(place, chosen).select_from(wanted.join(chosen, true())))
