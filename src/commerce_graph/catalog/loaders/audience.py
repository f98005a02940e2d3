"""Who reads the catalogue, and so which products and collections there are for them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from commerce_graph.catalog.tables import collection, collection_publication, product, publication


@dataclass(frozen=True, slots=True)
class Audience:
    """A merchant sees everything; others what is ACTIVE and published in their channel (None: in any channel)."""

    everything: bool = False
    channel_id: UUID | None = None


def product_seen(audience: Audience) -> list[ColumnElement[bool]]:
    """Return the conditions on `product` under which the audience sees it."""
    if audience.everything:
        return []
    published = select(publication.c.product_id).where(publication.c.product_id == product.c.id)
    if audience.channel_id is not None:
        published = published.where(publication.c.channel_id == audience.channel_id)
    return [product.c.status == "ACTIVE", _any(published)]


def collection_seen(audience: Audience) -> list[ColumnElement[bool]]:
    """Return the conditions on `collection` under which the audience sees it."""
    if audience.everything:
        return []
    at = collection_publication.c
    published = select(at.collection_id).where(at.collection_id == collection.c.id)
    if audience.channel_id is not None:
        published = published.where(at.channel_id == audience.channel_id)
    return [_any(published)]


def _any(rows: Select[Any]) -> ColumnElement[bool]:
    """Return whether there is a row: looked up for each row that is shown.

    Postgres turns EXISTS into a join, and may then read all that is published to show one page of it.
    """
    return rows.limit(1).scalar_subquery().is_not(None)
