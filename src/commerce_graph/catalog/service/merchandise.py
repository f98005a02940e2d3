"""What other domains read of variants: what a cart or an order line has to know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.tables import media, product, publication, variant


@dataclass(frozen=True, slots=True)
class Merchandise:
    """A variant with what a cart or an order line has to know of it."""

    variant_id: UUID
    product_id: UUID
    product_title: str
    variant_title: str
    handle: str
    vendor: str
    sku: str | None
    weight_g: int
    requires_shipping: bool
    taxable: bool
    image_url: str | None
    selected_options: Sequence[Mapping[str, str]]


async def merchandise(
    conn: AsyncConnection, variant_ids: Sequence[UUID], channel_id: UUID | None
) -> Sequence[Merchandise | None]:
    """Return variants that may be sold in a channel: their product is ACTIVE and published there (None: any channel).

    Shape: n keys → n results in input order, None where it may not be sold; 1 statement.
    """
    published = select(publication.c.product_id).where(publication.c.product_id == product.c.id)
    if channel_id is not None:
        published = published.where(publication.c.channel_id == channel_id)
    own = select(media.c.url).where(media.c.id == variant.c.media_id).scalar_subquery()
    first = (
        select(media.c.url)
        .where(media.c.product_id == product.c.id)
        .order_by(media.c.position, media.c.id)
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(
            variant.c.id.label("variant_id"),
            variant.c.product_id,
            product.c.title.label("product_title"),
            variant.c.title.label("variant_title"),
            product.c.handle,
            product.c.vendor,
            variant.c.sku,
            variant.c.weight_g,
            variant.c.requires_shipping,
            variant.c.taxable,
            func.coalesce(own, first).label("image_url"),
            variant.c.selected_options,
        )
        .join(product, product.c.id == variant.c.product_id)
        .where(
            variant.c.id == any_(cast(list(variant_ids), ARRAY(Uuid))), product.c.status == "ACTIVE", published.exists()
        )
    )
    rows = (await conn.execute(statement)).all()
    found = {row.variant_id: Merchandise(**row._mapping) for row in rows}
    return [found.get(variant_id) for variant_id in variant_ids]


async def variant_ids_of(conn: AsyncConnection, product_ids: Sequence[UUID]) -> Sequence[Sequence[UUID]]:
    """Return the variants of products in their order. Shape: n keys → n lists in input order; 1 statement."""
    statement = (
        select(variant.c.product_id, variant.c.id)
        .where(variant.c.product_id == any_(cast(list(product_ids), ARRAY(Uuid))))
        .order_by(variant.c.product_id, variant.c.position, variant.c.id)
    )
    found: dict[UUID, list[UUID]] = {}
    for row in (await conn.execute(statement)).all():
        found.setdefault(row.product_id, []).append(row.id)
    return [found.get(product_id, []) for product_id in product_ids]
