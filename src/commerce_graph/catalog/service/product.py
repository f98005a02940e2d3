"""Products: create and update them with their options, variants, media and memberships."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.service.handles import asked_handle
from commerce_graph.catalog.service.locks import hold_products
from commerce_graph.catalog.service.product_plan import (
    NewMedia,
    NewOption,
    NewProduct,
    NewVariant,
    ProductPlan,
    plan_product,
)
from commerce_graph.catalog.service.product_rows import write_plan
from commerce_graph.catalog.tables import product as product_table

__all__ = [
    "NewMedia", "NewOption", "NewProduct", "NewVariant", "ProductPlan", "SavedProduct", "plan_product", "product_id_of",
    "save_product", "update_variants", "write_product",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SavedProduct:
    """A written product with its variants in the order of the input."""

    id: UUID
    handle: str
    created: bool
    variant_ids: Sequence[UUID]
    removed_variant_ids: Sequence[UUID]
    updated_at: datetime


async def save_product(tx: AsyncConnection, product: NewProduct) -> SavedProduct:
    """Create or update a product with its options, variants, media and memberships.

    A product is found by id, else by handle. A handle is made from the title where none is given. A new product is
    ACTIVE and published in every channel unless told otherwise. The last writer wins; statements do not grow with the
    variants. Who writes stock or prices of the product in the same transaction uses `plan_product`, writes those of
    variants that were there, and then calls `write_product`, to keep to the order of locks.
    Limits: VARIANTS_PER_PRODUCT_MAX, OPTIONS_PER_PRODUCT_MAX, TITLE_CHARS_MAX, HANDLE_CHARS_MAX, TAGS_PER_PRODUCT_MAX,
    DESCRIPTION_CHARS_MAX, MEDIA_PER_PRODUCT_MAX.
    Locks: the product against other edits (before any row), then its row and what hangs on it.
    Emits: ProductChanged, and CollectionChanged for each collection it enters or leaves.
    Raises: Rejected(PRODUCT_DOES_NOT_EXIST | HANDLE_NOT_UNIQUE | INVALID_INPUT | INVALID_VARIANT |
    VARIANT_ALREADY_EXISTS | VARIANTS_INPUT_MISSING | VARIANTS_OVER_LIMIT | PRODUCT_VARIANT_DOES_NOT_EXIST |
    DUPLICATED_OPTION_NAME | DUPLICATED_OPTION_VALUE), `field` relative to the product, in Admin's names.
    """
    return await write_product(tx, await plan_product(tx, product))


async def write_product(tx: AsyncConnection, plan: ProductPlan) -> SavedProduct:
    """Write a planned product in the transaction that planned it. Locks, emits: as `save_product`.

    Raises: Rejected(HANDLE_NOT_UNIQUE).
    """
    handle, updated_at = await write_plan(tx, plan)
    return SavedProduct(plan.id, handle, plan.created, plan.variant_ids, plan.removed_variant_ids, updated_at)


async def product_id_of(conn: AsyncConnection, handle: str) -> UUID | None:
    """Return the product with a handle, None where there is none. 1 statement."""
    found: UUID | None = (
        await conn.execute(select(product_table.c.id).where(product_table.c.handle == asked_handle(handle)))
    ).scalar_one_or_none()
    return found


async def update_variants(tx: AsyncConnection, product_id: UUID, variants: Sequence[NewVariant]) -> None:
    """Update fields of existing variants of one product; None leaves a field as it is, "" empties a text.

    Locks: as `save_product`.
    Emits: ProductChanged.
    Raises: Rejected(PRODUCT_DOES_NOT_EXIST | PRODUCT_VARIANT_DOES_NOT_EXIST | INVALID_INPUT | INVALID_VARIANT |
    VARIANT_ALREADY_EXISTS), in `variants`, index, member.
    """
    await hold_products(tx, [product_id])
    plan = await plan_product(tx, NewProduct(id=product_id, variants=variants), partial=True)
    await write_plan(tx, replace(plan, removed_variant_ids=()))
