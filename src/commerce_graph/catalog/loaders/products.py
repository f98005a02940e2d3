"""Products by key and by handle."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Select, Text, func, select

from commerce_graph.catalog.loaders.audience import Audience, product_seen
from commerce_graph.catalog.tables import media, product, publication, variant
from commerce_graph.kernel.context import straight
from commerce_graph.kernel.database import Source, rows
from commerce_graph.kernel.projection import Columns, projected
from commerce_graph.kernel.statements import Prepared, any_key, any_of, built_once

PICTURE = "picture"
"""A product's first picture, as `id`, `url`, `alt`, `width` and `height`: a column that only lists read."""


def product_columns(audience: Audience, columns: Columns = None) -> list[ColumnElement[Any]]:
    """Return what a product is shown with: its columns without the search vector, and when it was published.

    `columns`: those that are looked at, PICTURE perhaps among them.
    """
    at = publication.c
    published = select(func.min(at.published_at)).where(at.product_id == product.c.id)
    if audience.channel_id is not None:
        published = published.where(at.channel_id == audience.channel_id)
    shown = [column for column in product.c if column.name != "search"]
    found = projected([*shown, published.scalar_subquery().label("published_at")], columns)
    return found if columns is None or PICTURE not in columns else [*found, _picture()]


def _picture() -> ColumnElement[Any]:
    at = media.c
    told = func.json_build_array(at.id, at.url, at.alt, at.width, at.height, type_=JSON)
    first = select(told).where(at.product_id == product.c.id).order_by(at.position, at.id).limit(1)
    # Postgres works out a value, unlike a join, for the rows of the page alone.
    return first.scalar_subquery().label(PICTURE)


@built_once
def _seen(audience: Audience) -> Select[Any]:
    return select(*product_columns(audience)).where(*product_seen(audience))


@built_once
def _products(audience: Audience) -> Prepared:
    return Prepared(_seen(audience).where(product.c.id == any_key()))


@built_once
def _products_by_handle(audience: Audience) -> Prepared:
    return Prepared(_seen(audience).where(product.c.handle == any_of("handles", Text)))


@straight
async def products(source: Source, ids: Sequence[UUID], audience: Audience) -> list[Any]:
    """Return products. Shape: n keys → n results in input order, None where the audience sees none; 1 statement."""
    found = {row.id: row for row in await rows(source, _products(audience), keys=list(ids))}
    return [found.get(key) for key in ids]


@straight
async def products_by_handle(source: Source, handles: Sequence[str], audience: Audience) -> list[Any]:
    """Return products. Shape: n handles → n results in input order, None where the audience sees none; 1 statement."""
    found = {row.handle: row for row in await rows(source, _products_by_handle(audience), handles=list(handles))}
    return [found.get(handle) for handle in handles]


COUNTED = Prepared(
    select(variant.c.product_id, func.count().label("count"))
    .where(variant.c.product_id == any_key())
    .group_by(variant.c.product_id)
)


@straight
async def variant_counts(source: Source, product_ids: Sequence[UUID]) -> list[int]:
    """Return how many variants products have. Shape: n keys → n results in input order; 1 statement."""
    found: dict[UUID, int] = dict(await rows(source, COUNTED, keys=list(product_ids)))
    return [found.get(key, 0) for key in product_ids]
