"""Products as an index of them needs them: everything that is looked for, filtered, counted or ranked by."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, ColumnElement, Uuid, and_, any_, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.tables import (
    collection_product,
    metafield,
    metafield_definition,
    product,
    product_price,
    publication,
    variant,
)

_COLUMNS: tuple[Column[Any], ...] = (
    product.c.id, product.c.handle, product.c.status, product.c.title, product.c.vendor, product.c.product_type,
    product.c.tags, product.c.description, product.c.options, product.c.available, product.c.sales,
    product.c.created_at, product.c.updated_at,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class IndexedVariant:
    """A variant: `options` in the product's order, `metafields` as `namespace.key`, U+001F, value."""

    available: bool
    sku: str | None
    barcode: str | None
    options: Sequence[tuple[str, str]]
    metafields: Sequence[str]


@dataclass(frozen=True, slots=True)
class IndexedProduct:
    """A product: `prices` by market as least and most in minor units, `metafields` those that filters may see."""

    id: UUID
    handle: str
    status: str
    title: str
    vendor: str
    product_type: str
    tags: Sequence[str]
    description: str
    options: Sequence[tuple[str, Sequence[str]]]
    available: bool
    sales: int
    created_at: datetime
    updated_at: datetime
    channel_ids: Sequence[UUID]
    collection_ids: Sequence[UUID]
    prices: Mapping[UUID, tuple[int, int]]
    variants: Sequence[IndexedVariant]
    metafields: Sequence[str]


async def index_rows(conn: AsyncConnection, product_ids: Sequence[UUID]) -> list[IndexedProduct | None]:
    """Load products with all that an index holds of them.

    Shape: n keys → n results in input order, None where there is no row; 6 statements. Each sees its own moment: what
    changes between two of them is announced, and so indexed again.
    """
    if not product_ids:
        return []
    ids = list(product_ids)

    def of(key: ColumnElement[Any]) -> ColumnElement[bool]:
        return key == any_(cast(ids, ARRAY(Uuid)))

    products = {row.id: row for row in (await conn.execute(select(*_COLUMNS).where(of(product.c.id)))).all()}
    metafields = await _metafields(conn, of(metafield.c.product_id))
    variants = await _variants(conn, of(variant.c.product_id), metafields)
    channels = await _grouped(conn, publication.c.product_id, publication.c.channel_id, of)
    collections = await _grouped(conn, collection_product.c.product_id, collection_product.c.collection_id, of)
    prices: dict[UUID, dict[UUID, tuple[int, int]]] = defaultdict(dict)
    at = product_price.c
    found = select(at.product_id, at.market_id, at.min_minor, at.max_minor).where(of(at.product_id))
    for product_id, market_id, least, most in (await conn.execute(found)).all():
        prices[product_id][market_id] = (least, most)
    made: list[IndexedProduct | None] = []
    for each in ids:
        row = products.get(each)
        if row is None:
            made.append(None)
            continue
        options = [(option["name"], [value["name"] for value in option["values"]]) for option in row.options]
        made.append(IndexedProduct(
            row.id, row.handle, row.status, row.title, row.vendor, row.product_type, row.tags, row.description,
            options, row.available, row.sales, row.created_at, row.updated_at, channels.get(each, ()),
            collections.get(each, ()), prices.get(each, {}), variants.get(each, ()), metafields.get(each, ()),
        ))  # fmt: skip
    return made


async def _variants(
    conn: AsyncConnection, condition: ColumnElement[bool], metafields: Mapping[UUID, Sequence[str]]
) -> dict[UUID, list[IndexedVariant]]:
    at = variant.c
    columns = (at.product_id, at.id, at.available, at.sku, at.barcode, at.selected_options)
    rows = await conn.execute(select(*columns).where(condition).order_by(at.product_id, at.position, at.id))
    made: dict[UUID, list[IndexedVariant]] = defaultdict(list)
    for product_id, id, available, sku, barcode, chosen in rows.all():
        options = [(option["name"], option["value"]) for option in chosen]
        made[product_id].append(IndexedVariant(available, sku, barcode, options, metafields.get(id, ())))
    return made


async def _metafields(conn: AsyncConnection, condition: ColumnElement[bool]) -> dict[UUID, list[str]]:
    """Return what filters may see, by the id of the variant or product that it belongs to."""
    owner = case((metafield.c.variant_id.is_(None), "PRODUCT"), else_="PRODUCTVARIANT")
    known = and_(
        metafield_definition.c.namespace == metafield.c.namespace,
        metafield_definition.c.key == metafield.c.key,
        metafield_definition.c.owner_type == owner,
        metafield_definition.c.filterable,
    )
    term = func.unnest(metafield.c.terms).column_valued("term", joins_implicitly=True)
    found = (
        select(func.coalesce(metafield.c.variant_id, metafield.c.product_id), term)
        .select_from(metafield.join(metafield_definition, known))
        .where(condition)
    )
    made: dict[UUID, list[str]] = defaultdict(list)
    for owner_id, text in (await conn.execute(found)).all():
        made[owner_id].append(text)
    return made


async def _grouped(
    conn: AsyncConnection, key: ColumnElement[UUID], value: ColumnElement[UUID], of: Any
) -> dict[UUID, list[UUID]]:
    made: dict[UUID, list[UUID]] = defaultdict(list)
    for product_id, other in (await conn.execute(select(key, value).where(of(key)))).all():
        made[product_id].append(other)
    return made


async def product_ids_after(conn: AsyncConnection, after: UUID | None, limit: int) -> list[UUID]:
    """Return the next products in order of key, whoever may see them. 1 statement."""
    found = select(product.c.id).order_by(product.c.id).limit(limit)
    if after is not None:
        found = found.where(product.c.id > after)
    return list((await conn.execute(found)).scalars())


async def products_total(conn: AsyncConnection) -> int:
    """Count all products, whoever may see them. 1 statement."""
    total: int = (await conn.execute(select(func.count()).select_from(product))).scalar_one()
    return total
