"""Write a planned product: a fixed number of statements, whatever it holds."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import Boolean, Integer, Text, Uuid, cast, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.errors import HANDLE_NOT_UNIQUE
from commerce_graph.catalog.service.membership import has_rules, refresh_memberships
from commerce_graph.catalog.service.product_plan import ProductPlan
from commerce_graph.catalog.service.publication import set_product_publication
from commerce_graph.catalog.service.read_models import refresh_availability
from commerce_graph.catalog.service.rows import among
from commerce_graph.catalog.tables import collection, collection_product, media, product, variant
from commerce_graph.events import CollectionChanged, ProductChanged
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.handles import free_handle
from commerce_graph.kernel.outbox import publish

HANDLE_ATTEMPTS_MAX = 5
"""How often a handle made from a title gives way to another that was taken in the meantime."""

_MEDIA = {"id": Uuid, "product_id": Uuid, "position": Integer, "url": Text, "alt": Text, "width": Integer,
          "height": Integer}  # fmt: skip
_VARIANT = {"id": Uuid, "product_id": Uuid, "title": Text, "position": Integer, "sku": Text, "barcode": Text,
            "weight_g": Integer, "requires_shipping": Boolean, "taxable": Boolean, "selected_options": Text,
            "media_id": Uuid}  # fmt: skip


async def write_plan(tx: AsyncConnection, plan: ProductPlan) -> tuple[str, datetime]:
    """Write what was planned and return the product's handle and the time of its update.

    The product's row is written first: it is the gate before everything that hangs on it.
    """
    handle, updated_at = await (_create(tx, plan) if plan.created else _update(tx, plan))
    if plan.media is not None:
        await _write_media(tx, plan)
    if plan.variants or plan.removed_variant_ids:
        await _write_variants(tx, plan)
    if plan.published is not None:
        await set_product_publication(tx, [plan.id], published=plan.published)
    if plan.collection_ids is not None:
        await _write_memberships(tx, plan.id, plan.collection_ids)
    await refresh_memberships(tx, product_ids=[plan.id])
    await publish(tx, ProductChanged(plan.id))
    return handle, updated_at


async def _create(tx: AsyncConnection, plan: ProductPlan) -> tuple[str, datetime]:
    handle = plan.handle
    for _ in range(HANDLE_ATTEMPTS_MAX):
        row = {**plan.values, "id": plan.id, "handle": handle}
        writing = insert(product).values(row).on_conflict_do_nothing(index_elements=["handle"])
        made = (await tx.execute(writing.returning(product.c.updated_at))).scalar_one_or_none()
        if made is not None:
            return handle, made
        if not plan.numbered:
            break
        handle = await free_handle(tx, product, plan.handle)
    raise Rejected(HANDLE_NOT_UNIQUE, ["handle"], f"another product has the handle `{handle}`")


async def _update(tx: AsyncConnection, plan: ProductPlan) -> tuple[str, datetime]:
    values = {**plan.values, "handle": plan.handle, "updated_at": func.now()}
    writing = update(product).where(product.c.id == plan.id).values(values).returning(product.c.updated_at)
    try:
        return plan.handle, (await tx.execute(writing)).scalar_one()
    except IntegrityError as wrong:
        if "uq_product_handle" not in str(wrong.orig):
            raise
        told = f"another product has the handle `{plan.handle}`"
        raise Rejected(HANDLE_NOT_UNIQUE, ["handle"], told) from None


async def _write_media(tx: AsyncConnection, plan: ProductPlan) -> None:
    rows = plan.media or ()
    kept = [row["id"] for row in rows]
    await tx.execute(delete(media).where(media.c.product_id == plan.id, ~among(media.c.id, kept)))
    source = given([[row[name] for name in _MEDIA] for row in rows], **_MEDIA)
    writing = insert(media).from_select(list(_MEDIA), select(source))
    changes = {name: writing.excluded[name] for name in _MEDIA if name not in ("id", "product_id")}
    await tx.execute(writing.on_conflict_do_update(index_elements=["id"], set_=changes))


async def _write_variants(tx: AsyncConnection, plan: ProductPlan) -> None:
    if plan.removed_variant_ids:
        await tx.execute(delete(variant).where(among(variant.c.id, plan.removed_variant_ids)))
    if plan.moved:
        # Variants may swap their options, and a unique index looks at every row on its own: step aside first.
        aside = func.jsonb_build_array(cast(variant.c.id, Text))
        await tx.execute(update(variant).where(among(variant.c.id, plan.moved)).values(selected_options=aside))
    # Options travel as JSON text: an array of lists would be taken for one array of two dimensions.
    rows = [{**row, "selected_options": orjson.dumps(row["selected_options"]).decode()} for row in plan.variants]
    source = given([[row[name] for name in _VARIANT] for row in rows], **_VARIANT)
    columns = [cast(each, JSONB) if each.name == "selected_options" else each for each in source.c]
    writing = insert(variant).from_select(list(_VARIANT), select(*columns))
    changes = {name: writing.excluded[name] for name in _VARIANT if name not in ("id", "product_id")}
    await tx.execute(writing.on_conflict_do_update(index_elements=["id"], set_={**changes, "updated_at": func.now()}))
    await refresh_availability(tx, [plan.id])


async def _write_memberships(tx: AsyncConnection, product_id: UUID, collection_ids: Sequence[UUID]) -> None:
    """Make the product a member of exactly these of the collections that are picked by hand."""
    by_hand = select(collection.c.id).where(~has_rules())
    gone = delete(collection_product).where(
        collection_product.c.product_id == product_id,
        collection_product.c.collection_id.in_(by_hand),
        ~among(collection_product.c.collection_id, collection_ids),
    )
    left = (await tx.execute(gone.returning(collection_product.c.collection_id))).scalars().all()
    last = (
        select(func.coalesce(func.max(collection_product.c.position), 0) + 1)
        .where(collection_product.c.collection_id == collection.c.id)
        .correlate(collection)
        .scalar_subquery()
    )
    members = select(collection.c.id, literal(product_id, Uuid), last).where(among(collection.c.id, collection_ids))
    come = insert(collection_product).from_select(["collection_id", "product_id", "position"], members)
    entering = come.on_conflict_do_nothing().returning(collection_product.c.collection_id)
    entered = (await tx.execute(entering)).scalars().all()
    await publish(tx, *(CollectionChanged(each) for each in sorted({*left, *entered})))
