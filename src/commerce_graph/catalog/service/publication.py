"""What is published where. A product is seen in a channel while it is published there and ACTIVE."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Table, delete, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.service.rows import among
from commerce_graph.catalog.tables import channel, collection, collection_publication, product, publication
from commerce_graph.events import CollectionChanged, ProductChanged
from commerce_graph.kernel.outbox import publish


async def publish_products(
    tx: AsyncConnection, product_ids: Sequence[UUID], *, published: bool, channel_ids: Sequence[UUID] | None = None
) -> None:
    """Publish products in channels, or take them out; None means every channel. Repeating it changes nothing.

    Emits: ProductChanged, one a product that changes. Unknown products and channels are left out. 2 statements.
    """
    changed = await set_product_publication(tx, product_ids, published=published, channel_ids=channel_ids)
    await publish(tx, *(ProductChanged(each) for each in changed))


async def publish_collections(
    tx: AsyncConnection, collection_ids: Sequence[UUID], *, published: bool, channel_ids: Sequence[UUID] | None = None
) -> None:
    """Publish collections in channels, or take them out; as `publish_products`. Emits: CollectionChanged."""
    changed = await set_collection_publication(tx, collection_ids, published=published, channel_ids=channel_ids)
    await publish(tx, *(CollectionChanged(each) for each in changed))


async def set_product_publication(
    tx: AsyncConnection, ids: Sequence[UUID], *, published: bool, channel_ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Write products' publication and return those that changed; the caller tells of them. 1 statement."""
    return await _set(tx, publication, product, "product_id", ids, channel_ids, published=published)


async def set_collection_publication(
    tx: AsyncConnection, ids: Sequence[UUID], *, published: bool, channel_ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Write collections' publication and return those that changed; the caller tells of them. 1 statement."""
    return await _set(tx, collection_publication, collection, "collection_id", ids, channel_ids, published=published)


async def _set(
    tx: AsyncConnection, told: Table, thing: Table, name: str, ids: Sequence[UUID],
    channel_ids: Sequence[UUID] | None, *, published: bool,
) -> list[UUID]:  # fmt: skip
    key = told.c[name]
    if published:
        where = [among(thing.c.id, ids)] + ([] if channel_ids is None else [among(channel.c.id, channel_ids)])
        pairs = (
            select(channel.c.id, thing.c.id)
            .select_from(thing.join(channel, true()))
            .where(*where)
            .order_by(thing.c.id, channel.c.id)
        )
        writing = insert(told).from_select(["channel_id", name], pairs).on_conflict_do_nothing()
        changed = (await tx.execute(writing.returning(key))).scalars()
    else:
        gone = delete(told).where(among(key, ids))
        if channel_ids is not None:
            gone = gone.where(among(told.c.channel_id, channel_ids))
        changed = (await tx.execute(gone.returning(key))).scalars()
    return sorted(set(changed))
