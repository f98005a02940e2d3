"""Variants: by key, of products in pages, and all of a product for choosing among its options."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, true

from commerce_graph.catalog.loaders.audience import Audience, product_seen
from commerce_graph.catalog.tables import product, variant
from commerce_graph.kernel.context import straight
from commerce_graph.kernel.database import Source, rows
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_pages
from commerce_graph.kernel.projection import Columns, projected
from commerce_graph.kernel.statements import Prepared, any_key, built_once, keys

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "ID": (variant.c.id,),
    "POSITION": (variant.c.position, variant.c.id),
    "SKU": (func.coalesce(variant.c.sku, ""), variant.c.id),
    "TITLE": (variant.c.title, variant.c.id),
}


@straight
async def variants(source: Source, ids: Sequence[UUID], audience: Audience) -> list[Any]:
    """Return variants of products that the audience sees.

    Shape: n keys → n results in input order, None where there is none; 1 statement.
    """
    found = {row.id: row for row in await rows(source, _variants(audience), keys=list(ids))}
    return [found.get(key) for key in ids]


@built_once
def _variants(audience: Audience) -> Prepared:
    wanted = select(variant).where(variant.c.id == any_key())
    if not audience.everything:
        wanted = wanted.join(product, product.c.id == variant.c.product_id).where(*product_seen(audience))
    return Prepared(wanted)


@built_once
def _of_product(columns: Columns) -> Callable[[ColumnElement[UUID]], Select[Any]]:
    shown = select(*projected(variant.c, columns))
    return lambda product_id: shown.where(variant.c.product_id == product_id)


VARIANTS_OF = Prepared(_of_product(None)(any_key()).order_by(variant.c.product_id, variant.c.position, variant.c.id))


@straight
async def variant_pages(
    source: Source, product_ids: Sequence[UUID], order: str, args: PageArguments, columns: Columns
) -> list[Page]:
    """Return a page of each product's variants. Shape: n keys → n pages in input order; 1 statement."""
    return await read_pages(source, product_ids, _of_product(columns), Order(ORDERS[order]), args)


@straight
async def variants_of(source: Source, product_ids: Sequence[UUID]) -> list[list[Any]]:
    """Return all variants of products, by position. Shape: n keys → n lists in input order; 1 statement."""
    found: dict[UUID, list[Any]] = {}
    for row in await rows(source, VARIANTS_OF, keys=list(product_ids)):
        found.setdefault(row.product_id, []).append(row)
    return [found.get(key, []) for key in product_ids]


@straight
async def first_available(source: Source, product_ids: Sequence[UUID]) -> list[Any]:
    """Return each product's first variant that can be bought, else its first.

    Shape: n keys → n results in input order, None for a product without variants; 1 statement.
    """
    found = {row.product_id: row for row in await rows(source, _first_available(), keys=list(product_ids))}
    return [found.get(key) for key in product_ids]


@built_once
def _first_available() -> Prepared:
    ids = func.unnest(keys()).table_valued("id").render_derived()
    best = (variant.c.available.desc(), variant.c.position, variant.c.id)
    first = _of_product(None)(ids.c.id).order_by(*best).limit(1).lateral("first")
    return Prepared(select(first).select_from(ids.join(first, true())))
