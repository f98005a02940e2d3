"""Definitions of metafields: what they are called and hold, who may read them, and whether lists filter by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, false, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.errors import (
    BLANK,
    INCLUSION,
    INVALID_CHARACTER,
    NOT_FOUND,
    RESOURCE_TYPE_LIMIT_EXCEEDED,
    TAKEN,
    TOO_LONG,
    UNSTRUCTURED_ALREADY_EXISTS,
)
from commerce_graph.catalog.rules import metafields as rules
from commerce_graph.catalog.service.locks import hold_rules
from commerce_graph.catalog.tables import metafield, metafield_definition
from commerce_graph.events import ProductChanged
from commerce_graph.kernel.batches import batches
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import METAFIELD_DEFINITIONS_MAX, TITLE_CHARS_MAX
from commerce_graph.kernel.outbox import publish
from commerce_graph.kernel.texts import storable

DESCRIPTION_CHARS_MAX = 100
FACTS_AT_ONCE = 1_000

DefinitionKey = tuple[str, str, str]
"""Owner type (PRODUCT or PRODUCTVARIANT), namespace and key."""


@dataclass(frozen=True, slots=True)
class NewDefinition:
    """A definition to write; None leaves a member as it is (or at its default for a new one)."""

    name: str | None = None
    type: str | None = None
    description: str | None = None
    public_read: bool | None = None
    admin_filterable: bool | None = None


async def create_definition(tx: AsyncConnection, key: DefinitionKey, new: NewDefinition) -> UUID:
    """Define a metafield. Those that are there already must be of its type.

    Limits: METAFIELD_DEFINITIONS_MAX an owner type, TITLE_CHARS_MAX, DESCRIPTION_CHARS_MAX, `rules.check_name`.
    Locks: edits of products wait, so that no metafield of another type comes in between.
    Emits: ProductChanged, one a product that lists may now filter by it.
    Raises: Rejected(TOO_SHORT | TOO_LONG | INVALID_CHARACTER | BLANK | INCLUSION | RESOURCE_TYPE_LIMIT_EXCEEDED | TAKEN
    | UNSTRUCTURED_ALREADY_EXISTS).
    """
    owner_type, namespace, name = key
    rules.check_name(namespace, name, [])
    values = _values(new)
    if "name" not in values:
        raise Rejected(BLANK, ["name"], "a definition needs a name")
    if new.type not in rules.TYPES:
        raise Rejected(INCLUSION, ["type"], f"is none of the types {', '.join(rules.TYPES)}")
    await hold_rules(tx)
    at = metafield_definition.c
    many = (await tx.execute(select(func.count()).where(at.owner_type == owner_type))).scalar_one()
    if many >= METAFIELD_DEFINITIONS_MAX:
        told = f"there can be {METAFIELD_DEFINITIONS_MAX} definitions for an owner type"
        raise Rejected(RESOURCE_TYPE_LIMIT_EXCEEDED, None, told)
    other = select(metafield.c.id).where(_of(key), metafield.c.type != new.type).limit(1)
    if (await tx.execute(other)).one_or_none() is not None:
        raise Rejected(UNSTRUCTURED_ALREADY_EXISTS, ["type"], "there are metafields of another type under this key")
    row = {"id": new_id(), "owner_type": owner_type, "namespace": namespace, "key": name, "type": new.type, **values}
    writing = insert(metafield_definition).values(row).on_conflict_do_nothing()
    made = (await tx.execute(writing.returning(at.id, at.filterable))).one_or_none()
    if made is None:
        raise Rejected(TAKEN, ["key"], f"`{namespace}.{name}` is defined already")
    if made.filterable:
        await _tell(tx, (await tx.execute(select(metafield.c.product_id).where(_of(key)).distinct())).scalars().all())
    return made.id  # type: ignore[no-any-return]


async def update_definition(tx: AsyncConnection, key: DefinitionKey, new: NewDefinition) -> UUID:
    """Change a definition, all but its type. Limits, locks: as `create_definition`.

    Emits: ProductChanged, one a product with the metafield, where lists may filter by it from now on, or no longer.
    Raises: Rejected(NOT_FOUND | BLANK | TOO_LONG | INVALID_CHARACTER).
    """
    values = _values(new)
    await hold_rules(tx)
    before = await _stored(tx, _defined(key))
    at = metafield_definition.c
    writing = update(metafield_definition).where(_defined(key)).values({**values, "updated_at": func.now()})
    after = (await tx.execute(writing.returning(at.filterable))).scalar_one()
    if after != before.filterable:
        await _tell(tx, (await tx.execute(select(metafield.c.product_id).where(_of(key)).distinct())).scalars().all())
    return before.id  # type: ignore[no-any-return]


async def delete_definition(
    tx: AsyncConnection, key: DefinitionKey | UUID, *, with_metafields: bool = False
) -> tuple[UUID, DefinitionKey]:
    """Delete a definition, by its id or its key, and its metafields if told so; return its id and key.

    Locks: edits of products wait. Emits: ProductChanged, one a product with the metafield.
    Raises: Rejected(NOT_FOUND).
    """
    await hold_rules(tx)
    which = metafield_definition.c.id == key if isinstance(key, UUID) else _defined(key)
    row = await _stored(tx, which)
    named = (row.owner_type, row.namespace, row.key)
    await tx.execute(delete(metafield_definition).where(metafield_definition.c.id == row.id))
    if with_metafields:
        gone = delete(metafield).where(_of(named)).returning(metafield.c.product_id)
        await _tell(tx, (await tx.execute(gone)).scalars().all())
    elif row.filterable:
        held = select(metafield.c.product_id).where(_of(named)).distinct()
        await _tell(tx, (await tx.execute(held)).scalars().all())
    return row.id, named


def _values(new: NewDefinition) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for member, text, most in (
        ("name", new.name, TITLE_CHARS_MAX),
        ("description", new.description, DESCRIPTION_CHARS_MAX),
    ):
        if text is None:
            continue
        if len(text) > most:
            raise Rejected(TOO_LONG, [member], f"is longer than {most} characters")
        if not storable(text):
            raise Rejected(INVALID_CHARACTER, [member], "holds a character that cannot be stored")
        values[member] = text.strip() or None
    if "name" in values and values["name"] is None:
        raise Rejected(BLANK, ["name"], "a definition needs a name")
    for member, told in (("public_read", new.public_read), ("admin_filterable", new.admin_filterable)):
        if told is not None:
            values[member] = told
    return values


def _defined(key: DefinitionKey) -> ColumnElement[bool]:
    at = metafield_definition.c
    # What cannot be stored names nothing, and PostgreSQL would not take it.
    named = at.namespace == key[1], at.key == key[2]
    return and_(at.owner_type == key[0], *(named if storable(key[1] + key[2]) else (false(),)))


def _of(key: DefinitionKey) -> ColumnElement[bool]:
    """Return the condition that a metafield is one of those that are defined together."""
    at = metafield.c
    owned = at.variant_id.is_(None) if key[0] == "PRODUCT" else at.variant_id.is_not(None)
    return and_(at.namespace == key[1], at.key == key[2], owned)


async def _stored(tx: AsyncConnection, which: ColumnElement[bool]) -> Row[Any]:
    row = (await tx.execute(select(metafield_definition).where(which))).one_or_none()
    if row is None:
        raise Rejected(NOT_FOUND, None, "there is no such definition")
    return row


async def _tell(tx: AsyncConnection, product_ids: Sequence[UUID]) -> None:
    """Announce that products changed: what filters find of them is another. 1 statement for FACTS_AT_ONCE."""
    for some in batches(sorted(set(product_ids)), FACTS_AT_ONCE):
        await publish(tx, *map(ProductChanged, some))
