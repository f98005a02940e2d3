"""Live updates of orders."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from commerce_graph.events import OrderUpdated
from commerce_graph.kernel.auth import OPEN
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import ACCESS, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.outbox import Fact
from commerce_graph.order import loaders, rules
from commerce_graph.order.graph.order import READ_ORDERS, Order, may_see, order_of


@object_type
class OrderUpdate:
    """Something that happened to an order, and the order as it is by now.

    The same `id` may be told twice after a fault; then it is the same update.
    """

    id: strawberry.ID = strawberry.field(description="Names the update; a repetition has the same.")
    change: str = strawberry.field(description="What happened, such as placed, paid, fulfilled, refunded or cancelled.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    order: Order = strawberry.field(description="The order as it is by now.")


async def _order_updated(
    info: strawberry.Info,
    order_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only this order; needed by who may not watch others.")
    ] = None,
) -> AsyncGenerator[OrderUpdate, None]:
    ctx: Context = info.context
    uuid = ctx.key_of(order_id, "Order") if order_id else None
    await _refuse_strangers(ctx, uuid)
    # Subscribed before this returns: what happens from now on is told.
    stack = AsyncExitStack()
    facts = await stack.enter_async_context(ctx.resources.bus.subscribe())
    return _updates(ctx, uuid, facts, stack)


async def _refuse_strangers(ctx: Context, uuid: UUID | None) -> None:
    if uuid is None:
        if ctx.principal.customer_id is None and not ctx.principal.may(READ_ORDERS):
            told = "watching all orders needs the scope read_orders; give `orderId` to watch one of yours"
            raise RequestError("ACCESS_DENIED", told)
        return
    row = await ctx.load(loaders.orders, uuid)
    if row is None or not may_see(ctx, row):
        raise RequestError("ACCESS_DENIED", "there is no such order, or you may not watch it")


async def _updates(
    ctx: Context, uuid: UUID | None, facts: AsyncIterator[Fact], stack: AsyncExitStack
) -> AsyncGenerator[OrderUpdate, None]:
    async with stack:
        async for fact in facts:
            if fact.kind != OrderUpdated.__name__ or not _concerns(ctx, uuid, fact):
                continue
            # One context serves the whole subscription: what it read for the event before is old by now.
            ctx.forget()
            row = await ctx.load(loaders.orders, UUID(fact.payload["order_id"]))
            if row is not None and may_see(ctx, row):
                yield OrderUpdate(
                    id=strawberry.ID(to_gid("OrderUpdate", fact.id)), change=fact.payload["change"],
                    occurred_at=rules.moment_of(fact.id), order=order_of(row, ctx),
                )  # fmt: skip


def _concerns(ctx: Context, uuid: UUID | None, fact: Fact) -> bool:
    if uuid is not None:
        return bool(fact.payload["order_id"] == str(uuid))
    return ctx.principal.may(READ_ORDERS) or bool(fact.payload["customer_id"] == str(ctx.principal.customer_id))


@object_type
class OrderSubscription:
    """Live updates of orders."""

    order_updated: OrderUpdate = strawberry.subscription(
        resolver=_order_updated,
        description="Be told when orders change: one by its id, a customer's own, or with read_orders all.",
        metadata={ACCESS: OPEN},
    )
