"""Read models that the domains above keep, each in the transaction of its own change."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Uuid, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.service.membership import refresh_memberships
from commerce_graph.catalog.service.rows import among
from commerce_graph.catalog.tables import product, product_price, variant
from commerce_graph.kernel.changes import overlook
from commerce_graph.kernel.columns import given


async def note_price_ranges(tx: AsyncConnection, ranges: Sequence[tuple[UUID, UUID, int, int]]) -> None:
    """Keep the read model of prices: (product, market, min_minor, max_minor). Called in the price's transaction.

    Collections with rules on prices take in and let go of the products. The caller holds the products (`hold_products`)
    from before it read the prices. Statements do not grow with the ranges. Ranges of unknown products are left out.
    Locks: the product's price rows, in order of product and market.
    """
    if not ranges:
        return
    source = given(ranges, product_id=Uuid, market_id=Uuid, min_minor=BigInteger, max_minor=BigInteger)
    names = [column.name for column in source.c]
    known = select(source).join(product, product.c.id == source.c.product_id)
    writing = insert(product_price).from_select(names, known.order_by(source.c.product_id, source.c.market_id))
    lowest, highest = writing.excluded.min_minor, writing.excluded.max_minor
    writing = writing.on_conflict_do_update(
        index_elements=["product_id", "market_id"],
        set_={"min_minor": lowest, "max_minor": highest},
        where=or_(product_price.c.min_minor != lowest, product_price.c.max_minor != highest),
    )
    moved = {row.product_id for row in (await tx.execute(writing.returning(product_price.c.product_id))).all()}
    if moved:
        await refresh_memberships(tx, product_ids=sorted(moved))


async def note_availability(tx: AsyncConnection, available: Mapping[UUID, bool]) -> None:
    """Keep the read model of availability, by variant. Called where stock crosses the line, in its transaction.

    3 statements. A product is available while any of its variants is.
    Locks: the products' rows in order of id, then their variants' rows. The product first: whoever waits for it then
    reads what the other wrote, and an edit of the whole product goes through the same gate.
    """
    if not available:
        return
    owners = select(variant.c.product_id).where(among(variant.c.id, list(available)))
    gate = select(product.c.id).where(product.c.id.in_(owners)).order_by(product.c.id).with_for_update(key_share=True)
    products = (await tx.execute(gate)).scalars().all()
    told = given(list(available.items()), id=Uuid, available=Boolean)
    await tx.execute(
        update(variant)
        .where(variant.c.id == told.c.id, variant.c.available != told.c.available)
        .values(available=told.c.available)
    )
    await refresh_availability(tx, products)


async def refresh_availability(tx: AsyncConnection, product_ids: Sequence[UUID]) -> None:
    """Work out products' availability from their variants'. The caller holds the products' rows. 1 statement."""
    anything = (
        select(variant.c.id)
        .where(variant.c.product_id == product.c.id, variant.c.available)
        .correlate(product)
        .exists()
    )
    await tx.execute(
        update(product)
        .where(among(product.c.id, product_ids), product.c.available != anything)
        .values(available=anything)
    )


async def note_sales(tx: AsyncConnection, sold: Mapping[UUID, int]) -> None:
    """Add sold quantities to products, for BEST_SELLING. Locks: the products' rows in order of id. 2 statements."""
    if not sold:
        return
    gate = select(product.c.id).where(among(product.c.id, list(sold))).order_by(product.c.id)
    await tx.execute(gate.with_for_update(key_share=True))
    told = given(list(sold.items()), id=Uuid, quantity=BigInteger)
    more = func.greatest(product.c.sales + told.c.quantity, 0)
    await tx.execute(update(product).where(product.c.id == told.c.id).values(sales=more))
    overlook(tx, "catalog.product")  # lists by sales may be as old as their hint lets them be
