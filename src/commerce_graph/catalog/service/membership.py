"""Which products the collections with rules hold: worked out in SQL, kept in `collection_product`."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    Uuid,
    and_,
    case,
    column,
    delete,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.service.rows import among
from commerce_graph.catalog.tables import collection, collection_product, product, product_price
from commerce_graph.events import CollectionChanged
from commerce_graph.kernel.limits import FACT_PRODUCTS_MAX
from commerce_graph.kernel.outbox import publish


def has_rules() -> ColumnElement[bool]:
    """Return the condition that a collection goes by rules. JSON's null counts as none."""
    return func.coalesce(func.jsonb_typeof(collection.c.rule_set), "null") == "object"


def picked() -> ColumnElement[bool]:
    """Return the condition that the collection's rules pick the product, as `rules.picks` has it."""
    rule = (
        func.jsonb_to_recordset(collection.c.rule_set["rules"])
        .table_valued(
            column("column", Text),
            column("relation", Text),
            column("condition", Text),
            column("market_id", Uuid),
            column("amount_minor", BigInteger),
            name="rule",
        )
        .render_derived(with_types=True)
    )
    relation, wanted = rule.c.relation, _folded(rule.c.condition)

    def like(subject: ColumnElement[str]) -> ColumnElement[bool]:
        folded = _folded(subject)
        return case(
            (relation.in_(("EQUALS", "NOT_EQUALS")), folded == wanted),
            (relation.in_(("CONTAINS", "NOT_CONTAINS")), func.strpos(folded, wanted) > 0),
            (relation == "STARTS_WITH", func.starts_with(folded, wanted)),
            (relation == "ENDS_WITH", func.right(folded, func.length(wanted)) == wanted),
            else_=False,
        )

    tag = func.unnest(product.c.tags).table_valued(column("tag", Text), name="tags").render_derived()
    lowest, highest, amount = product_price.c.min_minor, product_price.c.max_minor, rule.c.amount_minor
    compares = case(
        (relation == "EQUALS", or_(lowest == amount, highest == amount)),
        (relation == "NOT_EQUALS", and_(lowest != amount, highest != amount)),
        (relation == "GREATER_THAN", highest > amount),
        (relation == "LESS_THAN", lowest < amount),
        else_=False,
    )
    price = (
        select(product_price.c.product_id)
        .where(product_price.c.product_id == product.c.id, product_price.c.market_id == rule.c.market_id, compares)
        .correlate(product, rule)
    )
    found = case(
        (rule.c.column == "TITLE", like(product.c.title)),
        (rule.c.column == "TYPE", like(product.c.product_type)),
        (rule.c.column == "VENDOR", like(product.c.vendor)),
        else_=select(tag.c.tag).where(like(tag.c.tag)).exists(),
    )
    met = case((rule.c.column == "VARIANT_PRICE", price.exists()), else_=found != relation.startswith("NOT_"))
    disjunctive = collection.c.rule_set["applied_disjunctively"].astext == "true"
    verdict = select(case((disjunctive, func.bool_or(met)), else_=func.bool_and(met))).select_from(rule)
    return func.coalesce(verdict.correlate(collection, product).scalar_subquery(), literal(False))


def _folded(text: ColumnElement[str]) -> ColumnElement[str]:
    # The C collation changes A to Z alone, on every server: what rules.py can say too.
    return func.lower(text.collate("C"))


async def refresh_memberships(
    tx: AsyncConnection, *, product_ids: Sequence[UUID] | None = None, collection_id: UUID | None = None
) -> list[UUID]:
    """Bring the members of collections with rules in line: of some products in all, or of all products in one.

    Returns the products that entered or left.

    The caller holds what `locks.hold_products` or `locks.hold_rules` takes, so that no change of the other side is
    missed. 2 statements, one more where members change.
    Emits: CollectionChanged, one a collection; for one collection the caller tells (`collection_changed`).
    """
    scope = [has_rules()]
    if product_ids is not None:
        scope.append(among(product.c.id, product_ids))
    if collection_id is not None:
        scope.append(collection.c.id == collection_id)
    gone = (
        delete(collection_product)
        .where(
            collection_product.c.collection_id == collection.c.id,
            collection_product.c.product_id == product.c.id,
            *scope,
            ~picked(),
        )
        .returning(collection_product.c.collection_id, collection_product.c.product_id)
    )
    pairs = select(collection.c.id, product.c.id).select_from(collection.join(product, true()))
    members = pairs.where(*scope, picked()).order_by(collection.c.id, product.c.id)
    come = (
        insert(collection_product)
        .from_select(["collection_id", "product_id"], members)
        .on_conflict_do_nothing()
        .returning(collection_product.c.collection_id, collection_product.c.product_id)
    )
    moved = [row for statement in (gone, come) for row in (await tx.execute(statement)).all()]
    if collection_id is None:
        changed = sorted({row.collection_id for row in moved})
        await publish(tx, *(CollectionChanged(each) for each in changed))
    return sorted({row.product_id for row in moved})


def collection_changed(collection_id: UUID, product_ids: Sequence[UUID] = ()) -> list[CollectionChanged]:
    """Return the facts of a collection's change: one, or as many as it takes to name who entered or left.

    Limits: FACT_PRODUCTS_MAX products a fact.
    """
    ids = [str(each) for each in product_ids]
    starts = range(0, max(len(ids), 1), FACT_PRODUCTS_MAX)
    return [CollectionChanged(collection_id, tuple(ids[start : start + FACT_PRODUCTS_MAX])) for start in starts]
