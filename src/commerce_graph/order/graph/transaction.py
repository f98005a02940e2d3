"""The steps of an order's payment."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Optional

import strawberry

from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.keys import OrderKey
from commerce_graph.order.graph.money import MoneyBag, bag
from commerce_graph.payment import service as payment


@strawberry.enum(description="What a step of a payment does.")
class OrderTransactionKind(Enum):
    """Names of Customer Account and Admin that payments here have."""

    AUTHORIZATION = "AUTHORIZATION"
    CAPTURE = "CAPTURE"
    REFUND = "REFUND"
    SALE = "SALE"
    VOID = "VOID"


@strawberry.enum(description="What came of a step of a payment.")
class OrderTransactionStatus(Enum):
    """Names of Admin that payments here have."""

    AWAITING_RESPONSE = "AWAITING_RESPONSE"
    FAILURE = "FAILURE"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"


@object_type
class OrderTransaction:
    """A step of a payment, recorded before the provider is asked."""

    step: strawberry.Private[payment.Transaction]
    parent_transaction: Optional["OrderTransaction"] = strawberry.field(
        description="The step that it captures, refunds or voids.", default=None
    )

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("OrderTransaction", self.step.id))

    @field
    def kind(self) -> OrderTransactionKind:
        """What the step does."""
        return OrderTransactionKind[self.step.kind]

    @field
    def status(self) -> OrderTransactionStatus:
        """What came of it."""
        return OrderTransactionStatus[self.step.status]

    @field
    def amount_set(self) -> MoneyBag:
        """How much money it moves."""
        return bag(self.step.amount_minor, self.step.currency)

    @field
    def transaction_amount(self) -> MoneyBag:
        """How much money it moves."""
        return bag(self.step.amount_minor, self.step.currency)

    @field
    def gateway(self) -> str:
        """The payment provider."""
        return self.step.provider

    @field
    def payment_id(self) -> str | None:
        """The provider's name for the payment."""
        return self.step.reference

    @field
    def created_at(self) -> datetime:
        """When it was recorded."""
        return self.step.created_at

    @field
    def processed_at(self) -> datetime | None:
        """When the provider answered; null while it has not."""
        return self.step.processed_at

    @field
    def error_code(self) -> str | None:
        """Why it failed, as a code such as PAYMENT_CARD_DECLINED."""
        return self.step.error_code


@object_type(name="Order")
class OrderTransactions(OrderKey):
    """The payment of an order."""

    @batch_field
    async def transactions(
        parents: Sequence[OrderKey], ctx: Context, first: int | None = None
    ) -> list[list[OrderTransaction]]:
        """The steps of the payment, oldest first."""
        found = await ctx.load_many(payment.transactions, [parent.uuid for parent in parents])
        return [_transactions(steps)[:first] for steps in found]


def _transactions(steps: Sequence[payment.Transaction]) -> list[OrderTransaction]:
    known = {step.id: OrderTransaction(step=step) for step in steps}
    for each in known.values():
        each.parent_transaction = known.get(each.step.parent_id) if each.step.parent_id else None
    return list(known.values())
