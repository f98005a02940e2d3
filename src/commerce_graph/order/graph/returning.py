"""How goods come back: buyers ask, merchants approve, decline, receive and close."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from uuid import UUID

import strawberry

from commerce_graph.kernel.auth import WRITE_CUSTOMERS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import field, mutation, object_type
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.values import user_error
from commerce_graph.order import loaders, service
from commerce_graph.order.errors import unknown_order
from commerce_graph.order.graph.fulfillment import content_key
from commerce_graph.order.graph.life import WRITE_ORDERS
from commerce_graph.order.graph.order import READ_ORDERS
from commerce_graph.order.graph.refund import ShippingRefundInput
from commerce_graph.order.graph.return_ import Return, ReturnReason, read_return
from commerce_graph.order.graph.return_input import (
    RequestedLineItemInput,
    ReturnApproveRequestInput,
    ReturnDeclineRequestInput,
    ReturnInput,
    ReturnProcessInput,
    ReturnRequestInput,
    ReverseFulfillmentOrderDispositionType,
)


@strawberry.enum(description="Why a return was not changed.")
class ReturnErrorCode(Enum):
    """Names of Admin and Customer Account, and PAYMENT_FAILED."""

    INVALID = "INVALID"
    INVALID_STATE = "INVALID_STATE"
    NOT_FOUND = "NOT_FOUND"
    PAYMENT_FAILED = strawberry.enum_value(
        "PAYMENT_FAILED", description="The goods are back, but the provider refuses to give the money back."
    )


ReturnUserError = user_error("ReturnUserError", ReturnErrorCode, "Why a return was not changed.")


@object_type
class _Changed:
    """What came of changing a return."""

    return_: Return | None = strawberry.field(name="return", description="The return.", default=None)
    user_errors: list[ReturnUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@object_type
class ReturnRequestPayload(_Changed):
    """A return that was asked for."""


@object_type
class OrderRequestReturnPayload(_Changed):
    """A return that its buyer asked for."""


@object_type
class ReturnCreatePayload(_Changed):
    """A return that was opened."""


@object_type
class ReturnApproveRequestPayload(_Changed):
    """A return that was approved."""


@object_type
class ReturnDeclineRequestPayload(_Changed):
    """A return that was declined."""


@object_type
class ReturnCancelPayload(_Changed):
    """A return that was cancelled."""


@object_type
class ReturnClosePayload(_Changed):
    """A return that was closed."""


@object_type
class ReturnReopenPayload(_Changed):
    """A return that was taken up again."""


@object_type
class ReturnProcessPayload(_Changed):
    """A return of which something came back."""


@object_type
class ReturnQuery:
    """Returns."""

    @field(access=READ_ORDERS, name="return")
    async def return_(self, info: strawberry.Info, id: strawberry.ID) -> Return | None:
        """A return by its id."""
        ctx: Context = info.context
        return await read_return(ctx, ctx.key_of(id, "Return"))


@object_type
class ReturnMutation:
    """How goods come back."""

    @mutation(access=WRITE_CUSTOMERS)
    async def order_request_return(
        self, info: strawberry.Info, order_id: strawberry.ID, requested_line_items: list[RequestedLineItemInput]
    ) -> OrderRequestReturnPayload:
        """Ask to return pieces of an order: for the customer who bought it, and who holds its capability id."""
        ctx: Context = info.context
        uuid = ctx.key_of(order_id, "Order")
        row = await ctx.load(loaders.orders, uuid)
        own = row is not None and row.customer_id is not None and row.customer_id == ctx.principal.customer_id
        if row is None or not (own or ("Order", uuid) in ctx.granted):
            raise unknown_order(("orderId",))
        lines = [
            service.ReturnedLine(
                ctx.key_of(each.line_item_id, "LineItem"), each.quantity, None, _reason(each.return_reason), "",
                each.customer_note,
            )
            for each in requested_line_items
        ]  # fmt: skip
        return OrderRequestReturnPayload(return_=await _open(ctx, uuid, lines, ("requestedLineItems",), requested=True))

    @mutation(access=WRITE_ORDERS)
    async def return_request(self, info: strawberry.Info, input: ReturnRequestInput) -> ReturnRequestPayload:
        """Record what a buyer asks to return; it waits to be approved or declined."""
        ctx: Context = info.context
        lines = [
            _returned(ctx, each.fulfillment_line_item_id, each.quantity, each.return_reason, "", each.customer_note)
            for each in input.return_line_items
        ]
        uuid = ctx.key_of(input.order_id, "Order")
        made = await _open(ctx, uuid, lines, ("input", "returnLineItems"), requested=True)
        return ReturnRequestPayload(return_=made)

    @mutation(access=WRITE_ORDERS)
    async def return_create(self, info: strawberry.Info, return_input: ReturnInput) -> ReturnCreatePayload:
        """Open a return that needs no approval."""
        ctx: Context = info.context
        lines = [
            _returned(
                ctx, each.fulfillment_line_item_id, each.quantity, each.return_reason, each.return_reason_note or "",
                each.customer_note,
            )
            for each in return_input.return_line_items
        ]  # fmt: skip
        uuid, notify = ctx.key_of(return_input.order_id, "Order"), bool(return_input.notify_customer)
        path = ("returnInput", "returnLineItems")
        return ReturnCreatePayload(return_=await _open(ctx, uuid, lines, path, requested=False, notify=notify))

    @mutation(access=WRITE_ORDERS)
    async def return_approve_request(
        self, info: strawberry.Info, input: ReturnApproveRequestInput
    ) -> ReturnApproveRequestPayload:
        """Approve a return that was asked for."""
        notify = bool(input.notify_customer)
        moved = await _move(info.context, input.id, "OPEN", ("input", "id"), ["REQUESTED"], notify=notify)
        return ReturnApproveRequestPayload(return_=moved)

    @mutation(access=WRITE_ORDERS)
    async def return_decline_request(
        self, info: strawberry.Info, input: ReturnDeclineRequestInput
    ) -> ReturnDeclineRequestPayload:
        """Decline a return that was asked for; its pieces can be asked for again."""
        why = (input.decline_reason.name, input.decline_note)
        notify = bool(input.notify_customer)
        moved = await _move(info.context, input.id, "DECLINED", ("input", "id"), ["REQUESTED"], why, notify=notify)
        return ReturnDeclineRequestPayload(return_=moved)

    @mutation(access=WRITE_ORDERS)
    async def return_cancel(self, info: strawberry.Info, id: strawberry.ID) -> ReturnCancelPayload:
        """Cancel a return of which nothing came back."""
        moved = await _move(info.context, id, "CANCELED", ("id",), ["REQUESTED", "OPEN"])
        return ReturnCancelPayload(return_=moved)

    @mutation(access=WRITE_ORDERS)
    async def return_close(self, info: strawberry.Info, id: strawberry.ID) -> ReturnClosePayload:
        """Close a return for which there is nothing more to do."""
        return ReturnClosePayload(return_=await _move(info.context, id, "CLOSED", ("id",), ["OPEN"]))

    @mutation(access=WRITE_ORDERS)
    async def return_reopen(self, info: strawberry.Info, id: strawberry.ID) -> ReturnReopenPayload:
        """Take up a return again that was closed."""
        return ReturnReopenPayload(return_=await _move(info.context, id, "OPEN", ("id",), ["CLOSED"]))

    @mutation(access=WRITE_ORDERS, once=Once.STEPS)
    async def return_process(self, info: strawberry.Info, input: ReturnProcessInput) -> ReturnProcessPayload:
        """Take pieces of a return back: they leave the order, are restocked or not, and their money goes back or not.

        Where the provider does not answer in time the refund is PENDING, and the server goes on with it.
        """
        ctx: Context = info.context
        await service.process_return(ctx.database, _processing(ctx, input), ctx.principal.name, ctx.claim_id)
        ctx.forget()
        return ReturnProcessPayload(return_=await read_return(ctx, ctx.key_of(input.return_id, "Return")))


def _reason(given: ReturnReason | None) -> str:
    return (given or ReturnReason.UNKNOWN).name


def _returned(
    ctx: Context, gid: str, quantity: int, reason: ReturnReason | None, reason_note: str, note: str | None
) -> service.ReturnedLine:
    parcel_id, line_id = content_key(ctx, gid)
    return service.ReturnedLine(line_id, quantity, parcel_id, _reason(reason), reason_note, note)


async def _open(
    ctx: Context, order_id: UUID, lines: Sequence[service.ReturnedLine], path: Sequence[str], *, requested: bool,
    notify: bool = False,
) -> Return | None:  # fmt: skip
    new = service.NewReturn(order_id, lines, requested, path, notify)
    async with ctx.database.begin() as tx:
        return_id = await service.open_return(tx, new, ctx.principal.name)
    ctx.forget()
    return await read_return(ctx, return_id)


async def _move(
    ctx: Context, gid: str, wanted: str, path: Sequence[str], from_: Sequence[str],
    decline: tuple[str, str | None] | None = None, *, notify: bool = False,
) -> Return | None:  # fmt: skip
    return_id = ctx.key_of(gid, "Return")
    async with ctx.database.begin() as tx:
        await service.move_return(
            tx, return_id, wanted, ctx.principal.name, path, from_=from_, decline=decline, notify_customer=notify
        )
    ctx.forget()
    return await read_return(ctx, return_id)


def _processing(ctx: Context, input: ReturnProcessInput) -> service.Processing:
    lines = [
        service.Received(
            ctx.key_of(each.id, "ReturnLineItem"),
            each.quantity,
            [
                service.Disposition(
                    part.quantity,
                    part.disposition_type is ReverseFulfillmentOrderDispositionType.RESTOCKED,
                    ctx.key_of(part.location_id, "Location") if part.location_id else None,
                )
                for part in each.dispositions or ()
            ],
        )
        for each in input.return_line_items
    ]
    shipping = input.refund_shipping or ShippingRefundInput()
    wanted = input.financial_transfer.issue_refund if input.financial_transfer else None
    steps = wanted.order_transactions if wanted else None
    return service.Processing(
        ctx.key_of(input.return_id, "Return"),
        lines,
        wanted is not None,
        sum((each.amount for each in steps), Decimal()) if steps else None,
        shipping.amount,
        bool(shipping.full_refund),
        input.note,
        bool(input.notify_customer),
    )
