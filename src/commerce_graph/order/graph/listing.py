"""Orders by id, all orders for merchants, and a customer's own."""

from collections.abc import Sequence
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.kernel.auth import OPEN, READ_CUSTOMERS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import batch_field, entities, field, object_type
from commerce_graph.kernel.limits import ORDERS_COUNTED_MAX
from commerce_graph.kernel.pages import Connection, Edge, Page, page_arguments
from commerce_graph.kernel.scalars import UnsignedInt64
from commerce_graph.keys import CustomerKey, OrderKey
from commerce_graph.order import loaders
from commerce_graph.order.graph.order import READ_ORDERS, Order, order_of
from commerce_graph.vocabulary import Count, CountPrecision


@strawberry.enum(description="What a list of orders is sorted by.")
class OrderSortKeys(Enum):
    """Names of all three APIs."""

    CREATED_AT = "CREATED_AT"
    ID = "ID"
    ORDER_NUMBER = "ORDER_NUMBER"
    PROCESSED_AT = "PROCESSED_AT"
    TOTAL_PRICE = "TOTAL_PRICE"
    UPDATED_AT = "UPDATED_AT"


@object_type
class OrderEdge(Edge[Order]):
    """An order and its cursor."""


@object_type
class OrderConnection(Connection[Order]):
    """A page of orders."""

    customer_id: strawberry.Private[UUID | None]
    query: strawberry.Private[str | None]

    @batch_field
    async def total_count(parents: Sequence["OrderConnection"], ctx: Context) -> list[UnsignedInt64]:
        """How many orders the whole list has; a list of all orders is counted up to 10,000."""
        counts: list[Any] = []
        for parent in parents:
            # Siblings of one place have one `query`, so this is one batch: gather what each needs, then await.
            if parent.customer_id is None:
                counts.append(ctx.load(loaders.count_all, parent.query, ORDERS_COUNTED_MAX))
            else:
                counts.append(ctx.load(loaders.count_customers_orders, parent.customer_id, parent.query))
        return [UnsignedInt64(await count) for count in counts]


def _connection(page: Page, ctx: Context, customer_id: UUID | None, query: str | None) -> OrderConnection:
    made: OrderConnection = page.connection(
        OrderConnection, OrderEdge, lambda row: order_of(row, ctx), customer_id=customer_id, query=query
    )
    return made


@object_type
class OrderQuery:
    """Orders."""

    @field(access=OPEN)
    async def order(self, info: strawberry.Info, id: strawberry.ID) -> OrderKey | None:
        """An order by its id: for who bought it, who holds its capability id, and who may read all orders."""
        ctx: Context = info.context
        (found,) = await entities(ctx, OrderKey, [ctx.key_of(id, "Order")])
        return found  # type: ignore[no-any-return]

    @field(access=READ_ORDERS)
    async def orders(
        self,
        info: strawberry.Info,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
        sort_key: OrderSortKeys | None = OrderSortKeys.PROCESSED_AT,
        query: str | None = None,
    ) -> OrderConnection:
        """All orders.

        `query` knows created_at, customer_id, email, financial_status, fulfillment_status, id, name, processed_at,
        sku, status (open, closed, cancelled, any) and updated_at; words are looked for in names and emails.
        """
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        page = await ctx.load(loaders.all_orders, query, (sort_key or OrderSortKeys.PROCESSED_AT).name, args)
        return _connection(page, ctx, None, query)

    @field(access=READ_ORDERS)
    async def orders_count(
        self, info: strawberry.Info, query: str | None = None, limit: int | None = ORDERS_COUNTED_MAX
    ) -> Count:
        """How many orders match a `query`, counted up to `limit`, which is 10,000 at most."""
        most = ORDERS_COUNTED_MAX if limit is None else limit
        if not 1 <= most <= ORDERS_COUNTED_MAX:
            raise RequestError("BAD_USER_INPUT", f"`limit` must be between 1 and {ORDERS_COUNTED_MAX}, not {most}")
        found = await info.context.load(loaders.count_all, query, most + 1)
        return Count(
            count=min(found, most), precision=CountPrecision.AT_LEAST if found > most else CountPrecision.EXACT
        )  # fmt: skip


@object_type(name="Customer", access=READ_CUSTOMERS)
class CustomerOrders(CustomerKey):
    """What a customer bought."""

    @batch_field
    async def orders(
        parents: Sequence[CustomerKey],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
        sort_key: OrderSortKeys | None = OrderSortKeys.ID,
        query: str | None = None,
    ) -> list[OrderConnection]:
        """The customer's orders; `query` as in the list of all orders, and confirmation_number."""
        keys = _own(parents, ctx)
        args = page_arguments(first, last, after, before, reverse)
        name = (sort_key or OrderSortKeys.ID).name
        pages = await ctx.load_many(loaders.customers_orders, keys, name, args, query)
        return [_connection(page, ctx, key, query) for page, key in zip(pages, keys, strict=True)]

    @batch_field
    async def number_of_orders(parents: Sequence[CustomerKey], ctx: Context) -> list[UnsignedInt64]:
        """How many orders the customer has placed."""
        counts = await ctx.load_many(loaders.count_customers_orders, _own(parents, ctx), None)
        return [UnsignedInt64(count) for count in counts]


def _own(parents: Sequence[CustomerKey], ctx: Context) -> list[UUID]:
    """Return the customers' keys, refusing another's than the caller's own without `read_orders`."""
    keys = [parent.uuid for parent in parents]
    if any(key != ctx.principal.customer_id for key in keys) and not ctx.principal.may(READ_ORDERS):
        raise RequestError("ACCESS_DENIED", "another customer's orders need the scope read_orders")
    return keys
