"""Lists of orders: sorted, filtered in Shopify's search syntax, paged by cursor, counted."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, any_, cast, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel import query_syntax as syntax
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page, read_pages
from commerce_graph.order.tables import FINANCIAL_STATUSES, FULFILLMENT_STATUSES, line, order

SORTS: Mapping[str, tuple[ColumnElement[Any], ...]] = {
    "CREATED_AT": (order.c.created_at, order.c.id),
    "ID": (order.c.id,),
    "ORDER_NUMBER": (order.c.number,),
    "PROCESSED_AT": (order.c.processed_at, order.c.id),
    "TOTAL_PRICE": (order.c.total_minor, order.c.id),
    "UPDATED_AT": (order.c.updated_at, order.c.id),
}
"""What lists of orders can be sorted by; each has an index."""


def _name(term: syntax.Term) -> ColumnElement[bool] | None:
    """An order's name is `#` and its number."""
    name = term.value.removeprefix("#")
    if term.exists:
        return literal(True)
    if not name.isascii() or not name.isdigit() or len(name) > 18:
        return literal(False)
    return order.c.number == int(name)


def _email(term: syntax.Term) -> ColumnElement[bool]:
    if term.exists:
        return order.c.email.is_not(None)
    return order.c.email.in_([value.lower() for value in term.values])


def _sku(term: syntax.Term) -> ColumnElement[bool]:
    return order.c.id.in_(select(line.c.order_id).where(line.c.sku.in_(term.values)))


def _status(term: syntax.Term) -> ColumnElement[bool]:
    opened = (order.c.cancelled_at.is_(None), order.c.closed_at.is_(None))
    meanings = {
        "any": literal(True),
        "open": opened[0] & opened[1],
        "not_closed": opened[1],
        "closed": order.c.closed_at.is_not(None),
        "cancelled": order.c.cancelled_at.is_not(None),
    }
    return meanings.get(term.value.lower(), literal(False))


def _words(term: syntax.Term) -> ColumnElement[bool]:
    name = _name(term)
    found = order.c.email == term.value.lower()
    return found if name is None else or_(name, found)


def _confirmation(term: syntax.Term) -> ColumnElement[bool]:
    # The end of the id (rules.confirmation_number). Nothing indexes it, so it is asked of one customer's orders only.
    return func.right(func.upper(cast(order.c.id, Text)), 9).in_([value.upper() for value in term.values])


FILTERS: Mapping[str, syntax.Meaning] = {
    "created_at": syntax.moment_field(order.c.created_at),
    "customer_id": syntax.id_field(order.c.customer_id, "Customer"),
    "email": _email,
    "financial_status": syntax.choice_field(
        order.c.financial_status, {name.lower(): name for name in FINANCIAL_STATUSES}
    ),
    "fulfillment_status": syntax.choice_field(
        order.c.fulfillment_status,
        # Admin's search also says it in these words.
        {"shipped": "FULFILLED", "partial": "PARTIALLY_FULFILLED", "unshipped": "UNFULFILLED"}
        | {name.lower(): name for name in FULFILLMENT_STATUSES},
    ),
    "id": syntax.id_field(order.c.id, "Order"),
    "name": _name,
    "order_number": _name,
    "processed_at": syntax.moment_field(order.c.processed_at),
    "sku": _sku,
    "status": _status,
    "updated_at": syntax.moment_field(order.c.updated_at),
}
CUSTOMER_FILTERS = {**FILTERS, "confirmation_number": _confirmation}


def _condition(query: str | None, filters: Mapping[str, syntax.Meaning]) -> ColumnElement[bool]:
    return syntax.condition(syntax.parse(query), filters, _words)


async def all_orders(
    conn: AsyncConnection, queries: Sequence[str | None], sort: str, args: PageArguments
) -> Sequence[Page]:
    """Read a page of all orders that match each query. Shape: n keys → n pages in input order; 1 statement a query."""
    return [
        await read_page(conn, select(order).where(_condition(query, FILTERS)), Order(SORTS[sort]), args)
        for query in queries
    ]


async def customers_orders(
    conn: AsyncConnection, customer_ids: Sequence[UUID], sort: str, args: PageArguments, query: str | None
) -> Sequence[Page]:
    """Read a page of each customer's orders. Shape: n keys → n pages in input order; 1 statement."""
    wanted = _condition(query, CUSTOMER_FILTERS)
    return await read_pages(
        conn,
        customer_ids,
        lambda key: select(order).where(order.c.customer_id == key, wanted),
        Order(SORTS[sort]),
        args,
    )


async def count_all(conn: AsyncConnection, queries: Sequence[str | None], most: int) -> Sequence[int]:
    """Count orders that match each query, at most `most`. Shape: n keys → n counts in input order; 1 statement each."""
    return [
        (
            await conn.execute(
                select(func.count()).select_from(
                    select(true()).select_from(order).where(_condition(query, FILTERS)).limit(most).subquery()
                )
            )
        ).scalar_one()
        for query in queries
    ]


async def count_customers_orders(
    conn: AsyncConnection, customer_ids: Sequence[UUID], query: str | None
) -> Sequence[int]:
    """Count each customer's orders. Shape: n keys → n counts in input order; 1 statement."""
    mine = order.c.customer_id == any_(literal(list(customer_ids), ARRAY(Uuid)))
    counted = (
        select(order.c.customer_id, func.count().label("number"))
        .where(mine, _condition(query, CUSTOMER_FILTERS))
        .group_by(order.c.customer_id)
    )
    found = {row.customer_id: row.number for row in await conn.execute(counted)}
    return [found.get(key, 0) for key in customer_ids]
