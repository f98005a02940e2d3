"""Products like others: of the same type, vendor and collections, with the same tags, at a similar price."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    FromClause,
    Select,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
    tuple_,
    union,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.loaders.audience import Audience, product_seen
from commerce_graph.catalog.loaders.filters import PriceMarket
from commerce_graph.catalog.tables import collection_product, product, product_price
from commerce_graph.kernel.limits import RELATED_CANDIDATES_MAX, RELATED_COLLECTIONS_MAX

SAME_TYPE, SAME_VENDOR, SAME_COLLECTION, SAME_TAGS, SAME_PRICE, SOLD, BUYABLE = 3.0, 1.0, 1.0, 3.0, 1.0, 0.1, 1.5


async def related_products(
    conn: AsyncConnection, product_ids: Sequence[UUID], audience: Audience, market: PriceMarket, size: int
) -> list[list[UUID]]:
    """Find products like others, the likest first.

    They are chosen from a bounded neighbourhood in the indices of types, vendors and collections, on both sides of the
    product, so that what it costs does not grow with the shop and old products do not recommend the oldest alone.
    Shape: n keys → n lists in input order, empty where there is no such product; 1 statement.
    Limits: RELATED_CANDIDATES_MAX of each kind and side, RELATED_COLLECTIONS_MAX collections.
    """
    asked = func.unnest(cast(list(product_ids), ARRAY(Uuid))).table_valued("id", with_ordinality="at").render_derived()
    own, own_price = product.alias("own"), product_price.alias("own_price")
    near = union(*_neighbours(own)).lateral("near")
    at = product_price.c
    buyable = and_(product.c.available, at.product_id.is_not(None))
    likeness = _likeness(own, own_price.c.min_minor, buyable)
    likest = (
        select(product.c.id, likeness.label("likeness"))
        .select_from(
            near.join(product, product.c.id == near.c.id).outerjoin(
                product_price, and_(at.product_id == product.c.id, at.market_id == market.id)
            )
        )
        .where(product.c.id != own.c.id, *product_seen(audience))
        .order_by(likeness.desc(), product.c.id)
        .limit(size)
        .lateral("likest")
    )
    priced = and_(own_price.c.product_id == own.c.id, own_price.c.market_id == market.id)
    joined = asked.join(own, own.c.id == asked.c.id).outerjoin(own_price, priced).join(likest, true())
    statement = select(asked.c.at, likest.c.id).select_from(joined)
    found: list[list[UUID]] = [[] for _ in product_ids]
    for row in (await conn.execute(statement.order_by(asked.c.at, likest.c.likeness.desc(), likest.c.id))).all():
        found[row.at - 1].append(row.id)
    return found


def _neighbours(own: FromClause) -> list[Select[Any]]:
    """Return where to look for products like one: beside it in the indices of what they have in common."""
    made: list[Select[Any]] = []
    for name in ("product_type", "vendor"):
        other = product.alias(f"same_{name}")
        same = select(other.c.id).where(other.c[name] == own.c[name], own.c[name] != "")
        made += _both_sides(name, same.correlate(own), other.c.id, own.c.id)
    mine = collection_product.alias("mine")
    place = select(mine).where(mine.c.product_id == own.c.id).limit(RELATED_COLLECTIONS_MAX).correlate(own)
    mates = collection_product.alias("mates")
    places = place.lateral("places")
    key, own_key = _place(mates), _place(places)
    together = select(mates.c.product_id.label("id")).where(mates.c.collection_id == places.c.collection_id)
    for number, side in enumerate((tuple_(*key) > tuple_(*own_key), tuple_(*key) < tuple_(*own_key))):
        # By the columns one after the other: a row of them is not what the index is ordered by.
        order = [each.desc() if number else each.asc() for each in key]
        beside = together.where(side).order_by(*order).limit(RELATED_CANDIDATES_MAX).correlate(places)
        lateral = beside.lateral(f"beside{number}")
        made.append(select(lateral.c.id).select_from(places.join(lateral, true())))
    return made


def _place(of: FromClause) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return of.c.position, of.c.product_id


def _both_sides(name: str, same: Select[Any], key: ColumnElement[UUID], own: ColumnElement[UUID]) -> list[Select[Any]]:
    sides = ((key > own, key.asc()), (key < own, key.desc()))
    # Lateral, so that they may speak of the product that they stand beside.
    found = [same.where(side).order_by(order).limit(RELATED_CANDIDATES_MAX) for side, order in sides]
    return [select(each.lateral(f"{name}_{number}").c.id) for number, each in enumerate(found)]


def _likeness(own: FromClause, price: ColumnElement[int], buyable: ColumnElement[bool]) -> ColumnElement[float]:
    mine = func.unnest(product.c.tags).table_valued("tag", name="mine").render_derived()
    alike = select(func.count()).where(mine.c.tag == func.any(own.c.tags)).select_from(mine)
    shared = alike.correlate(own, product).scalar_subquery()
    tags = func.cardinality(own.c.tags) + func.cardinality(product.c.tags)
    together = collection_product.alias("together")
    theirs = collection_product.alias("theirs")
    # Looked up for each: Postgres turns EXISTS into a hash of whole collections.
    met = (
        select(literal(1))
        .select_from(together.join(theirs, theirs.c.collection_id == together.c.collection_id))
        .where(together.c.product_id == own.c.id, theirs.c.product_id == product.c.id)
        .limit(1)
        .correlate(own, product)
        .scalar_subquery()
        .is_not(None)
    )
    ratio = func.abs(func.ln(cast(1 + product_price.c.min_minor, Double) / (1 + price)))
    return (
        _if(and_(own.c.product_type == product.c.product_type, own.c.product_type != ""), SAME_TYPE)
        + _if(and_(own.c.vendor == product.c.vendor, own.c.vendor != ""), SAME_VENDOR)
        + _if(met, SAME_COLLECTION)
        + SAME_TAGS * 2 * cast(shared, Double) / func.greatest(tags, 1)
        + SAME_PRICE * func.coalesce(func.greatest(1 - ratio, 0), 0)
        + SOLD * func.log(1 + cast(product.c.sales, Double))
        + _if(buyable, BUYABLE)
    )


def _if(condition: ColumnElement[bool], worth: float) -> ColumnElement[float]:
    return case((condition, literal(worth, Double)), else_=literal(0.0, Double))
