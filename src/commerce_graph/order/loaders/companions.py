"""What was bought together."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.limits import BOUGHT_TOGETHER_ORDERS_MAX, BOUGHT_TOGETHER_ORDERS_MIN
from commerce_graph.order.tables import line


async def bought_together(conn: AsyncConnection, product_ids: Sequence[UUID], size: int) -> list[list[UUID]]:
    """Return the products that most of a product's latest orders held besides, those of most orders first.

    Shape: n keys → n lists of at most `size` in input order; 1 statement, by indexes.
    Limits: BOUGHT_TOGETHER_ORDERS_MAX orders are looked at; fewer than BOUGHT_TOGETHER_ORDERS_MIN say nothing, and
    would tell what one buyer bought.
    """
    wanted = func.unnest(cast(list(product_ids), ARRAY(Uuid))).table_valued("id", with_ordinality="ord")
    wanted = wanted.render_derived()
    latest = (
        select(line.c.order_id)
        .where(line.c.product_id == wanted.c.id)
        .order_by(line.c.id.desc())
        .limit(BOUGHT_TOGETHER_ORDERS_MAX)
        .correlate(wanted)
        .subquery("latest")
    )
    other = line.alias("other")
    orders = func.count(other.c.order_id.distinct())
    companions = (
        select(other.c.product_id, orders.label("orders"))
        .where(other.c.order_id.in_(select(latest.c.order_id)), other.c.product_id != wanted.c.id)
        .group_by(other.c.product_id)
        .having(orders >= BOUGHT_TOGETHER_ORDERS_MIN)
        .order_by(orders.desc(), other.c.product_id)
        .limit(size)
        .correlate(wanted)
        .lateral("companions")
    )
    listed = select(wanted.c.ord, companions.c.product_id).select_from(wanted.join(companions, true()))
    made: list[list[UUID]] = [[] for _ in product_ids]
    ordered = listed.order_by(wanted.c.ord, companions.c.orders.desc(), companions.c.product_id)
    for row in (await conn.execute(ordered)).all():
        made[row.ord - 1].append(row.product_id)
    return made
