"""What merchants do with an order as a whole: cancel it, mark it as paid, put it away."""

from enum import Enum
from typing import Annotated

import strawberry

from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import entities, input_type, mutation, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.values import user_error
from commerce_graph.keys import OrderKey
from commerce_graph.order import service
from commerce_graph.order.graph.order import OrderCancelReason

WRITE_ORDERS = scopes("write_orders")


@input_type
class OrderCancelRefundMethodInput:
    """How captured money goes back."""

    original_payment_methods_refund: bool | None = strawberry.field(
        description="Whether captured money goes back the way it came.", default=None
    )


@strawberry.enum(description="Why an order was not cancelled.")
class OrderCancelUserErrorCode(Enum):
    """Codes of orderCancel."""

    INVALID = "INVALID"
    INVALID_STATE = "INVALID_STATE"
    NOT_FOUND = "NOT_FOUND"


OrderCancelUserError = user_error("OrderCancelUserError", OrderCancelUserErrorCode, "Why an order was not cancelled.")


@object_type
class Job:
    """Work that may go on after the answer."""

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    done: bool = strawberry.field(description="Whether it is finished.")


@object_type
class OrderCancelPayload:
    """An order that was cancelled; the job is done once its money is settled."""

    job: Job | None = None
    order: OrderKey | None = None
    order_cancel_user_errors: list[OrderCancelUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]
    user_errors: list[OrderCancelUserError] = strawberry.field(  # type: ignore[valid-type]
        default_factory=list, deprecation_reason="Use `orderCancelUserErrors` instead."
    )


@strawberry.enum(description="Why an order was not changed.")
class OrderUserErrorCode(Enum):
    """Codes of orderMarkAsPaid, orderClose and orderOpen."""

    INVALID = "INVALID"
    INVALID_STATE = "INVALID_STATE"
    NOT_FOUND = "NOT_FOUND"


OrderUserError = user_error("OrderUserError", OrderUserErrorCode, "Why an order was not changed.")


@input_type
class OrderMarkAsPaidInput:
    """The order that was paid."""

    id: strawberry.ID = strawberry.field(description="The order's id.")


@object_type
class OrderMarkAsPaidPayload:
    """An order that was marked as paid."""

    order: OrderKey | None = None
    user_errors: list[OrderUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@input_type
class OrderCloseInput:
    """The order to put away."""

    id: strawberry.ID = strawberry.field(description="The order's id.")


@object_type
class OrderClosePayload:
    """An order that was put away."""

    order: OrderKey | None = None
    user_errors: list[OrderUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@input_type
class OrderOpenInput:
    """The order to take out again."""

    id: strawberry.ID = strawberry.field(description="The order's id.")


@object_type
class OrderOpenPayload:
    """An order that was taken out again."""

    order: OrderKey | None = None
    user_errors: list[OrderUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@object_type
class OrderMutation:
    """What merchants do with orders."""

    @mutation(access=WRITE_ORDERS, once=Once.STEPS)
    async def order_cancel(
        self,
        info: strawberry.Info,
        order_id: strawberry.ID,
        reason: OrderCancelReason,
        restock: Annotated[bool, strawberry.argument(description="Whether what was not sent can be sold again.")],
        refund: Annotated[
            bool | None, strawberry.argument(description="Whether captured money goes back; as `refundMethod` says it.")
        ] = None,
        refund_method: OrderCancelRefundMethodInput | None = None,
        staff_note: Annotated[str | None, strawberry.argument(description="What to keep with the event.")] = None,
        notify_customer: Annotated[
            bool | None, strawberry.argument(description="Kept with the event; the shop itself sends no mail.")
        ] = False,
    ) -> OrderCancelPayload:
        """Cancel an order of which nothing was sent. Money that was only authorised is let go of in any case."""
        ctx: Context = info.context
        uuid = ctx.key_of(order_id, "Order")
        back = bool(refund or (refund_method and refund_method.original_payment_methods_refund))
        wish = service.Cancellation(uuid, reason.name, back, restock, staff_note, bool(notify_customer))
        done = await service.cancel(ctx.database, wish, ctx.principal.name, ctx.claim_id)
        ctx.forget()
        (order,) = await entities(ctx, OrderKey, [uuid])
        return OrderCancelPayload(job=Job(id=strawberry.ID(to_gid("Job", uuid)), done=done), order=order)

    @mutation(access=WRITE_ORDERS, once=Once.STEPS)
    async def order_mark_as_paid(self, info: strawberry.Info, input: OrderMarkAsPaidInput) -> OrderMarkAsPaidPayload:
        """Record that an order was paid outside, in cash or by bank transfer."""
        ctx: Context = info.context
        uuid = ctx.key_of(input.id, "Order")
        await service.mark_as_paid(ctx.database, uuid, ctx.principal.name, ctx.claim_id)
        ctx.forget()
        (order,) = await entities(ctx, OrderKey, [uuid])
        return OrderMarkAsPaidPayload(order=order)

    @mutation(access=WRITE_ORDERS)
    async def order_close(self, info: strawberry.Info, input: OrderCloseInput) -> OrderClosePayload:
        """Put an order away for which there is nothing more to do."""
        ctx: Context = info.context
        uuid = ctx.key_of(input.id, "Order")
        async with ctx.database.begin() as tx:
            await service.close(tx, uuid, ctx.principal.name)
        ctx.forget()
        (order,) = await entities(ctx, OrderKey, [uuid])
        return OrderClosePayload(order=order)

    @mutation(access=WRITE_ORDERS)
    async def order_open(self, info: strawberry.Info, input: OrderOpenInput) -> OrderOpenPayload:
        """Take an order out again that was put away."""
        ctx: Context = info.context
        uuid = ctx.key_of(input.id, "Order")
        async with ctx.database.begin() as tx:
            await service.reopen(tx, uuid, ctx.principal.name)
        ctx.forget()
        (order,) = await entities(ctx, OrderKey, [uuid])
        return OrderOpenPayload(order=order)
