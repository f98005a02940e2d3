"""Metafields of products and variants, and their definitions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Row, Text, Uuid, and_, any_, cast, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.tables import metafield, metafield_definition
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page

MetafieldKey = tuple[str, UUID, str, str]
"""The owner's type and id, namespace and key."""


async def metafields(conn: AsyncConnection, keys: Sequence[MetafieldKey], everything: bool) -> list[Row[Any] | None]:
    """Return metafields, each with its definition's description. `everything`: also those that shoppers may not read.

    Shape: n keys → n results in input order, None where there is none; 1 statement.
    """
    rows = [
        (place, *((uuid, None) if owner == "PRODUCT" else (None, uuid)), owner, namespace, key)
        for place, (owner, uuid, namespace, key) in enumerate(keys)
    ]
    wanted = given(rows, place=Integer, product_id=Uuid, variant_id=Uuid, owner_type=Text, namespace=Text, key=Text).c
    at, told = metafield.c, metafield_definition.c
    owned = (
        and_(wanted.product_id == at.product_id, at.variant_id.is_(None)),
        wanted.variant_id == at.variant_id,
    )
    shown: list[ColumnElement[Any]] = [wanted.place, *at, told.description]
    parts = [
        select(*shown)
        .join(metafield, and_(mine, wanted.namespace == at.namespace, wanted.key == at.key))
        .join(
            metafield_definition,
            and_(
                told.owner_type == wanted.owner_type,
                told.namespace == wanted.namespace,
                told.key == wanted.key,
                *(() if everything else (told.public_read,)),
            ),
            isouter=everything,
        )
        for mine in owned
    ]
    found = {row.place: row for row in (await conn.execute(parts[0].union_all(parts[1]))).all()}
    return [found.get(place) for place in range(len(keys))]


async def definition_names(conn: AsyncConnection, keys: Sequence[tuple[str, str, str]]) -> list[str | None]:
    """Return the names of definitions by owner type, namespace and key.

    Shape: n keys → n results in input order, None where there is none; 1 statement.
    """
    at = metafield_definition.c
    wanted = select(*given(keys, owner_type=Text, namespace=Text, key=Text).c)
    named = select(at.owner_type, at.namespace, at.key, at.name).where(
        tuple_(at.owner_type, at.namespace, at.key).in_(wanted)
    )
    found = {(row.owner_type, row.namespace, row.key): row.name for row in (await conn.execute(named)).all()}
    return [found.get(key) for key in keys]


async def definitions(conn: AsyncConnection, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Return definitions. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    wanted = select(metafield_definition).where(metafield_definition.c.id == any_(cast(list(ids), ARRAY(Uuid))))
    found = {row.id: row for row in (await conn.execute(wanted)).all()}
    return [found.get(key) for key in ids]


async def definition_page(
    conn: AsyncConnection, owner_type: str, namespace: str | None, key: str | None, args: PageArguments
) -> Page:
    """Return a page of the definitions for an owner type, by id. 1 statement."""
    at = metafield_definition.c
    wanted = select(metafield_definition).where(at.owner_type == owner_type)
    for column, text in ((at.namespace, namespace), (at.key, key)):
        if text is not None:
            wanted = wanted.where(column == text)
    return await read_page(conn, wanted, Order((at.id,)), args)
