"""What merchants do with the payment of an order: take it, whole or in parts, or let go of it."""

from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.codes import CurrencyCode
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import input_type, mutation, object_type
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.values import user_error
from commerce_graph.order import service
from commerce_graph.order.graph.transaction import OrderTransaction
from commerce_graph.payment import service as payment

WRITE_ORDERS = scopes("write_orders")


@input_type
class OrderCaptureInput:
    """What to capture of an authorised payment."""

    id: strawberry.ID = strawberry.field(description="The order's id.")
    parent_transaction_id: strawberry.ID = strawberry.field(description="The authorisation's id.")
    amount: Decimal = strawberry.field(description="How much to take, in the order's currency.")
    currency: CurrencyCode | None = strawberry.field(
        description="The order's currency, where it is named again.", default=None
    )
    final_capture: bool | None = strawberry.field(
        description="Whether what is left is let go of. Without it, where the provider captures a payment once.",
        default=None,
    )


@strawberry.enum(description="Why a payment was not captured.")
class OrderCaptureUserErrorCode(Enum):
    """Codes of orderCapture."""

    INVALID = "INVALID"
    INVALID_STATE = "INVALID_STATE"
    NOT_FOUND = "NOT_FOUND"
    PAYMENT_FAILED = strawberry.enum_value("PAYMENT_FAILED", description="The provider refused.")


OrderCaptureUserError = user_error(
    "OrderCaptureUserError", OrderCaptureUserErrorCode, "Why a payment was not captured."
)


@object_type
class OrderCapturePayload:
    """The capture; it is PENDING where the provider has not answered yet, and the server goes on with it."""

    transaction: OrderTransaction | None = None
    user_errors: list[OrderCaptureUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@strawberry.enum(description="Why a payment was not voided.")
class TransactionVoidUserErrorCode(Enum):
    """Codes of transactionVoid."""

    AUTH_NOT_SUCCESSFUL = "AUTH_NOT_SUCCESSFUL"
    AUTH_NOT_VOIDABLE = "AUTH_NOT_VOIDABLE"
    GENERIC_ERROR = "GENERIC_ERROR"
    TRANSACTION_NOT_FOUND = "TRANSACTION_NOT_FOUND"


TransactionVoidUserError = user_error(
    "TransactionVoidUserError", TransactionVoidUserErrorCode, "Why a payment was not voided."
)


@object_type
class TransactionVoidPayload:
    """The void; it is PENDING where the provider has not answered yet, and the server goes on with it."""

    transaction: OrderTransaction | None = None
    user_errors: list[TransactionVoidUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@object_type
class CaptureMutation:
    """What merchants do with what is held for an order."""

    @mutation(access=WRITE_ORDERS, once=Once.STEPS)
    async def order_capture(
        self,
        info: strawberry.Info,
        input: Annotated[OrderCaptureInput, strawberry.argument(description="What to capture.")],
    ) -> OrderCapturePayload:
        """Take money that is held for an order. It is never more than is held, nor more than is due."""
        ctx: Context = info.context
        new = service.NewCapture(
            ctx.key_of(input.id, "Order"),
            ctx.key_of(input.parent_transaction_id, "OrderTransaction"),
            input.amount,
            input.currency.name if input.currency else None,
            input.final_capture,
        )
        step_id = await service.capture(ctx.database, new, ctx.principal.name, ctx.claim_id)
        return OrderCapturePayload(transaction=await _step(ctx, step_id))

    @mutation(access=WRITE_ORDERS, once=Once.STEPS)
    async def transaction_void(
        self,
        info: strawberry.Info,
        parent_transaction_id: Annotated[strawberry.ID, strawberry.argument(description="The authorisation's id.")],
    ) -> TransactionVoidPayload:
        """Let go of what an authorisation still holds."""
        ctx: Context = info.context
        key = ctx.key_of(parent_transaction_id, "OrderTransaction")
        step_id = await service.void(ctx.database, key, ctx.principal.name, ctx.claim_id)
        return TransactionVoidPayload(transaction=await _step(ctx, step_id))


async def _step(ctx: Context, step_id: UUID) -> OrderTransaction | None:
    ctx.forget()
    async with ctx.read() as conn:
        step = await payment.transaction_of_id(conn, step_id)
        parent = await payment.transaction_of_id(conn, step.parent_id) if step and step.parent_id else None
    if step is None:
        return None
    return OrderTransaction(step=step, parent_transaction=OrderTransaction(step=parent) if parent else None)
