"""Metafields of products and variants: set and delete them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, and_, cast, delete, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.errors import BLANK, INVALID, INVALID_TYPE, LESS_THAN_OR_EQUAL_TO
from commerce_graph.catalog.loaders.metafields import MetafieldKey
from commerce_graph.catalog.rules import metafields as rules
from commerce_graph.catalog.service.locks import hold_products
from commerce_graph.catalog.service.rows import among
from commerce_graph.catalog.tables import metafield, metafield_definition, product, variant
from commerce_graph.events import ProductChanged
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import METAFIELDS_DELETED_MAX, METAFIELDS_SET_MAX
from commerce_graph.kernel.outbox import publish

_BETWEEN = "\x1e"
"""Stands between terms that travel together; no value holds it."""
_COLUMNS = {"id": Uuid, "product_id": Uuid, "variant_id": Uuid, "namespace": Text, "key": Text, "type": Text,
            "value": Text}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewMetafield:
    """A metafield to write. `owner_type`: PRODUCT or PRODUCTVARIANT. `type`: None for that of its definition, else for
    the one it has."""

    owner_type: str
    owner_id: UUID
    namespace: str
    key: str
    value: str
    type: str | None = None

    @property
    def name(self) -> MetafieldKey:
        """What tells it from all others."""
        return self.owner_type, self.owner_id, self.namespace, self.key


async def set_metafields(tx: AsyncConnection, new: Sequence[NewMetafield]) -> list[MetafieldKey]:
    """Create or change metafields, all or none, and return which. Of several values for one the last counts.

    6 statements at most, one more where something changed.
    Limits: METAFIELDS_SET_MAX; names and values as `rules.metafields` has them.
    Locks: their products against other edits, before any row (so changes of definitions wait too).
    Emits: ProductChanged, one a product of which a metafield is another than before.
    Raises: Rejected(LESS_THAN_OR_EQUAL_TO | TOO_SHORT | TOO_LONG | INVALID_CHARACTER | INVALID | BLANK | INVALID_TYPE |
    INVALID_VALUE), in `metafields`, index, member.
    """
    if len(new) > METAFIELDS_SET_MAX:
        told = f"has {len(new)} members; the limit is {METAFIELDS_SET_MAX}"
        raise Rejected(LESS_THAN_OR_EQUAL_TO, ["metafields"], told)
    for index, each in enumerate(new):
        rules.check_name(each.namespace, each.key, ["metafields", str(index)])
    names = [each.name for each in new]
    owners = await _hold_owners(tx, names)
    types = await _defined_types(tx, names)
    had = await _types(tx, names)
    rows: dict[MetafieldKey, tuple[Any, ...]] = {}
    for index, each in enumerate(new):
        at = ["metafields", str(index)]
        if each.name not in owners:
            raise Rejected(INVALID, [*at, "ownerId"], "there is no such product or variant")
        defined = types.get((each.owner_type, each.namespace, each.key))
        kind = each.type or defined or had.get(each.name)
        if kind is None:
            raise Rejected(BLANK, [*at, "type"], "a metafield without a definition needs a type")
        if defined is not None and kind != defined:
            raise Rejected(INVALID_TYPE, [*at, "type"], f"must be `{defined}`, as its definition says")
        value = rules.settled(kind, each.value, at)
        variant_id = each.owner_id if each.owner_type == "PRODUCTVARIANT" else None
        rows[each.name] = (new_id(), owners[each.name], variant_id, each.namespace, each.key, kind, value)
    changed = [
        *await _write(tx, [row for row in rows.values() if row[2] is None], of_variants=False),
        *await _write(tx, [row for row in rows.values() if row[2] is not None], of_variants=True),
    ]
    await publish(tx, *(ProductChanged(each) for each in sorted(set(changed))))
    return list(rows)


async def delete_metafields(tx: AsyncConnection, names: Sequence[MetafieldKey]) -> list[bool]:
    """Delete metafields, and tell of each whether it was there. 3 statements, one more where something was.

    Limits: METAFIELDS_DELETED_MAX. Locks, emits: as `set_metafields`.
    Raises: Rejected(LESS_THAN_OR_EQUAL_TO).
    """
    if len(names) > METAFIELDS_DELETED_MAX:
        told = f"has {len(names)} members; the limit is {METAFIELDS_DELETED_MAX}"
        raise Rejected(LESS_THAN_OR_EQUAL_TO, ["metafields"], told)
    await _hold_owners(tx, names)
    at = metafield.c
    gone = delete(metafield).where(_named(names)).returning(at.product_id, at.variant_id, at.namespace, at.key)
    rows = (await tx.execute(gone)).all() if names else ()
    await publish(tx, *(ProductChanged(each) for each in sorted({row.product_id for row in rows})))
    found = {_name_of(row) for row in rows}
    return [name in found for name in names]


def _name_of(row: Any) -> MetafieldKey:
    owner = ("PRODUCT", row.product_id) if row.variant_id is None else ("PRODUCTVARIANT", row.variant_id)
    return *owner, row.namespace, row.key


def _named(names: Sequence[MetafieldKey]) -> Any:
    at = metafield.c
    mine, theirs = (
        given(
            [(uuid, namespace, key) for owner, uuid, namespace, key in names if owner == wanted],
            owner_id=Uuid, namespace=Text, key=Text,
        ).c
        for wanted in ("PRODUCT", "PRODUCTVARIANT")
    )  # fmt: skip
    return or_(
        and_(at.variant_id.is_(None), tuple_(at.product_id, at.namespace, at.key).in_(select(*mine))),
        tuple_(at.variant_id, at.namespace, at.key).in_(select(*theirs)),
    )


async def _hold_owners(tx: AsyncConnection, names: Sequence[MetafieldKey]) -> dict[MetafieldKey, UUID]:
    """Hold the products of metafields, and return which product each belongs to, of those whose owner is there."""
    mine = sorted({uuid for owner, uuid, _, _ in names if owner == "PRODUCT"})
    theirs = sorted({uuid for owner, uuid, _, _ in names if owner == "PRODUCTVARIANT"})
    owners = (
        select(product.c.id.label("owner_id"), product.c.id.label("product_id"))
        .where(among(product.c.id, mine))
        .union_all(select(variant.c.id, variant.c.product_id).where(among(variant.c.id, theirs)))
    )
    before = {row.product_id for row in (await tx.execute(owners)).all()}
    if not before:
        return {}
    await hold_products(tx, sorted(before))
    # A variant may have gone while this waited; it never goes to another product.
    found = {row.owner_id: row.product_id for row in (await tx.execute(owners)).all()}
    return {name: found[name[1]] for name in names if name[1] in found}


async def _defined_types(tx: AsyncConnection, names: Sequence[MetafieldKey]) -> dict[tuple[str, str, str], str]:
    at = metafield_definition.c
    wanted = sorted({(owner, namespace, key) for owner, _, namespace, key in names})
    source = given(wanted, owner_type=Text, namespace=Text, key=Text)
    named = tuple_(at.owner_type, at.namespace, at.key).in_(select(*source.c))
    rows = await tx.execute(select(at.owner_type, at.namespace, at.key, at.type).where(named))
    return {(row.owner_type, row.namespace, row.key): row.type for row in rows.all()}


async def _types(tx: AsyncConnection, names: Sequence[MetafieldKey]) -> dict[MetafieldKey, str]:
    rows = (await tx.execute(select(metafield).where(_named(names)))).all() if names else ()
    return {_name_of(row): row.type for row in rows}


async def _write(tx: AsyncConnection, rows: Sequence[tuple[Any, ...]], *, of_variants: bool) -> list[UUID]:
    """Write metafields and return the products of those that are another than before."""
    if not rows:
        return []
    # A row's terms travel beside it as one text: an array of lists would be taken for one array of two dimensions.
    terms = [
        _BETWEEN.join(rules.term(namespace, key, each) for each in rules.choices(kind, value))
        for *_, namespace, key, kind, value in rows
    ]
    source = given([(*row, told) for row, told in zip(rows, terms, strict=True)], **_COLUMNS, terms=Text)
    split = func.coalesce(func.string_to_array(func.nullif(source.c.terms, ""), _BETWEEN), cast([], ARRAY(Text)))
    columns = [source.c[name] for name in _COLUMNS]
    ordered = select(*columns, split).order_by(source.c.product_id, source.c.namespace, source.c.key)
    writing = insert(metafield).from_select([*_COLUMNS, "terms"], ordered)
    told, at = writing.excluded, metafield.c
    writing = writing.on_conflict_do_update(
        index_elements=["variant_id" if of_variants else "product_id", "namespace", "key"],
        index_where=at.variant_id.is_not(None) if of_variants else at.variant_id.is_(None),
        set_={"type": told.type, "value": told.value, "terms": told.terms, "updated_at": func.now()},
        where=or_(at.type != told.type, at.value != told.value),
    )
    return list((await tx.execute(writing.returning(at.product_id))).scalars())
