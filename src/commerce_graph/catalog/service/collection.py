"""Collections: create and update them, and pick their products by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import rules
from commerce_graph.catalog.errors import COLLECTION_DOES_NOT_EXIST, HANDLE_NOT_UNIQUE, INVALID_INPUT
from commerce_graph.catalog.rules import Rule, RuleSet
from commerce_graph.catalog.service.handles import asked_handle
from commerce_graph.catalog.service.locks import hold_handle, hold_rules
from commerce_graph.catalog.service.membership import collection_changed, has_rules, refresh_memberships
from commerce_graph.catalog.service.publication import set_collection_publication
from commerce_graph.catalog.service.rows import among
from commerce_graph.catalog.tables import COLLECTION_ORDERS, collection, collection_product, product
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.handles import free_handle
from commerce_graph.kernel.limits import DESCRIPTION_CHARS_MAX, INPUT_LIST_MAX
from commerce_graph.kernel.outbox import publish


@dataclass(frozen=True, slots=True)
class NewCollection:
    """A collection to write; None leaves a field as it is (or at its default for a new one), "" empties a text."""

    title: str | None = None
    handle: str | None = None
    description_html: str | None = None
    image_url: str | None = None
    image_alt: str | None = None
    seo_title: str | None = None
    seo_description: str | None = None
    sort_order: str | None = None
    rule_set: RuleSet | None = None
    product_ids: Sequence[UUID] | None = None
    published: bool | None = None  # in every sales channel


async def create_collection(tx: AsyncConnection, new: NewCollection) -> UUID:
    """Create a collection of products picked by hand (`product_ids`) or by rules, published unless told otherwise.

    Members by rules are worked out over all products here, and kept from then on with every change of a product.
    Limits: TITLE_CHARS_MAX, HANDLE_CHARS_MAX, DESCRIPTION_CHARS_MAX, COLLECTION_RULES_MAX, INPUT_LIST_MAX products.
    Locks: for rules, edits of products wait.
    Emits: CollectionChanged.
    Raises: Rejected(INVALID_INPUT | HANDLE_NOT_UNIQUE), `field` in the names of Admin's CollectionInput.
    """
    values = _values(new)
    if "title" not in values:
        raise Rejected(INVALID_INPUT, ["title"], "a collection needs a title")
    if new.rule_set is not None and new.product_ids:
        raise Rejected(INVALID_INPUT, ["products"], "a collection with rules picks its products by itself")
    if new.rule_set is not None:
        await hold_rules(tx)
    handle = values.get("handle") or rules.handle_of(values["title"], "collection")
    await hold_handle(tx, f"collections/{handle}")
    if new.handle is None:
        handle = await free_handle(tx, collection, handle)
    collection_id = new_id()
    row = {**values, "id": collection_id, "handle": handle}
    writing = insert(collection).values(row).on_conflict_do_nothing(index_elements=["handle"])
    if (await tx.execute(writing.returning(collection.c.id))).one_or_none() is None:
        raise Rejected(HANDLE_NOT_UNIQUE, ["handle"], f"another collection has the handle `{handle}`")
    moved: Sequence[UUID] = ()
    if new.product_ids:
        moved = await _insert_members(tx, collection_id, await _known_products(tx, new.product_ids, ["products"]))
    if new.rule_set is not None:
        moved = await refresh_memberships(tx, collection_id=collection_id)
    if new.published is not False:
        await set_collection_publication(tx, [collection_id], published=True)
    await publish(tx, *collection_changed(collection_id, moved))
    return collection_id


async def update_collection(tx: AsyncConnection, collection_id: UUID, new: NewCollection) -> None:
    """Change a collection. New rules change its members at once; a collection picked by hand cannot get rules.

    Limits, as `create_collection`. Locks: for rules, edits of products wait; then the collection's row.
    Emits: CollectionChanged.
    Raises: Rejected(COLLECTION_DOES_NOT_EXIST | INVALID_INPUT | HANDLE_NOT_UNIQUE).
    """
    values = _values(new)
    if new.product_ids is not None:
        told = "products are given when a collection is created; later use collectionAddProducts"
        raise Rejected(INVALID_INPUT, ["products"], told)
    if new.rule_set is not None:
        await hold_rules(tx)
    by_rules = await _hold_collection(tx, collection_id)
    if new.rule_set is not None and not by_rules:
        raise Rejected(INVALID_INPUT, ["ruleSet"], "this collection's products are picked by hand")
    try:
        changed = {**values, "updated_at": func.now()}
        await tx.execute(update(collection).where(collection.c.id == collection_id).values(changed))
    except IntegrityError as wrong:
        if "uq_collection_handle" not in str(wrong.orig):
            raise
        told = f"another collection has the handle `{values.get('handle')}`"
        raise Rejected(HANDLE_NOT_UNIQUE, ["handle"], told) from None
    moved: Sequence[UUID] = ()
    if new.rule_set is not None:
        moved = await refresh_memberships(tx, collection_id=collection_id)
    if new.published is not None:
        await set_collection_publication(tx, [collection_id], published=new.published)
    await publish(tx, *collection_changed(collection_id, moved))


async def add_products(tx: AsyncConnection, collection_id: UUID, product_ids: Sequence[UUID]) -> None:
    """Put products at the end of a collection that is picked by hand; those in it already stay where they are.

    Limits: INPUT_LIST_MAX products at once. Locks: the collection's row. Emits: CollectionChanged.
    Raises: Rejected(COLLECTION_DOES_NOT_EXIST | INVALID_INPUT).
    """
    await _hold_by_hand(tx, collection_id, product_ids)
    if moved := await _insert_members(tx, collection_id, await _known_products(tx, product_ids, ["productIds"])):
        await _touched(tx, collection_id, moved)


async def remove_products(tx: AsyncConnection, collection_id: UUID, product_ids: Sequence[UUID]) -> None:
    """Take products out of a collection that is picked by hand; those not in it are ignored.

    Limits, locks, emits, raises: as `add_products`.
    """
    await _hold_by_hand(tx, collection_id, product_ids)
    gone = delete(collection_product).where(
        collection_product.c.collection_id == collection_id, among(collection_product.c.product_id, product_ids)
    )
    if moved := (await tx.execute(gone.returning(collection_product.c.product_id))).scalars().all():
        await _touched(tx, collection_id, sorted(moved))


def _values(new: NewCollection) -> dict[str, Any]:
    """Return the columns that change."""
    values: dict[str, Any] = {}
    if new.title is not None:
        values["title"] = rules.checked(new.title, ["title"])
        if not values["title"]:
            raise Rejected(INVALID_INPUT, ["title"], "a collection needs a title")
    if new.handle is not None:
        values["handle"] = asked_handle(new.handle)
    if new.description_html is not None:
        html = rules.checked(new.description_html, ["descriptionHtml"], DESCRIPTION_CHARS_MAX)
        values |= {"description_html": html, "description": rules.text_of(html)}
    if new.image_url is not None:
        values["image_url"] = rules.checked_url(new.image_url, ["image", "src"]) if new.image_url else None
    for name, text, path in (
        ("image_alt", new.image_alt, ["image", "altText"]),
        ("seo_title", new.seo_title, ["seo", "title"]),
        ("seo_description", new.seo_description, ["seo", "description"]),
    ):
        if text is not None:
            values[name] = rules.checked(text, path, DESCRIPTION_CHARS_MAX) or None
    if new.sort_order is not None:
        if new.sort_order not in COLLECTION_ORDERS:
            raise Rejected(INVALID_INPUT, ["sortOrder"], f"the order is one of {', '.join(COLLECTION_ORDERS)}")
        values["sort_order"] = new.sort_order
    if new.rule_set is not None:
        values["rule_set"] = stored_rules(rules.check_rule_set(new.rule_set))
    return values


def stored_rules(rule_set: RuleSet) -> dict[str, Any]:
    """Return a rule set as it is stored. A price rule keeps its market and amount beside what was written."""
    return {
        "applied_disjunctively": rule_set.applied_disjunctively,
        "rules": [_stored_rule(rule) for rule in rule_set.rules],
    }


def _stored_rule(rule: Rule) -> Mapping[str, Any]:
    told: dict[str, Any] = {"column": rule.column, "relation": rule.relation, "condition": rule.condition}
    if rule.column == "VARIANT_PRICE":
        told |= {"market_id": str(rule.market_id), "amount_minor": rule.amount_minor}
    return told


async def _hold_collection(tx: AsyncConnection, collection_id: UUID) -> bool:
    """Lock a collection's row and tell whether it goes by rules."""
    row = select(has_rules().label("by_rules")).where(collection.c.id == collection_id)
    found = (await tx.execute(row.with_for_update(key_share=True))).one_or_none()
    if found is None:
        raise Rejected(COLLECTION_DOES_NOT_EXIST, ["id"], "there is no such collection")
    return bool(found.by_rules)


async def _hold_by_hand(tx: AsyncConnection, collection_id: UUID, product_ids: Sequence[UUID]) -> None:
    if len(product_ids) > INPUT_LIST_MAX:
        raise Rejected(INVALID_INPUT, ["productIds"], f"there can be {INPUT_LIST_MAX} products at once")
    if await _hold_collection(tx, collection_id):
        raise Rejected(INVALID_INPUT, ["id"], "this collection's products are picked by its rules")


async def _known_products(tx: AsyncConnection, product_ids: Sequence[UUID], path: list[str]) -> Sequence[UUID]:
    if len(product_ids) > INPUT_LIST_MAX:
        raise Rejected(INVALID_INPUT, path, f"there can be {INPUT_LIST_MAX} products at once")
    found = set((await tx.execute(select(product.c.id).where(among(product.c.id, product_ids)))).scalars())
    for index, product_id in enumerate(product_ids):
        if product_id not in found:
            raise Rejected(INVALID_INPUT, [*path, str(index)], "there is no such product")
    return list(dict.fromkeys(product_ids))


async def _insert_members(tx: AsyncConnection, collection_id: UUID, product_ids: Sequence[UUID]) -> list[UUID]:
    """Add products at the end and return those that are new. The collection's row is held, so places stay apart."""
    source = given([(each, place) for place, each in enumerate(product_ids, 1)], product_id=Uuid, place=Integer)
    last = (
        select(func.coalesce(func.max(collection_product.c.position), 0))
        .where(collection_product.c.collection_id == collection_id)
        .scalar_subquery()
    )
    rows = select(literal(collection_id, Uuid), source.c.product_id, last + source.c.place)
    writing = insert(collection_product).from_select(["collection_id", "product_id", "position"], rows)
    added = writing.on_conflict_do_nothing().returning(collection_product.c.product_id)
    return sorted((await tx.execute(added)).scalars())


async def _touched(tx: AsyncConnection, collection_id: UUID, moved: Sequence[UUID]) -> None:
    await tx.execute(update(collection).where(collection.c.id == collection_id).values(updated_at=func.now()))
    await publish(tx, *collection_changed(collection_id, moved))
