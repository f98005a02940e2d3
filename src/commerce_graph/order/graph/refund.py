"""Refunds of an order: which pieces came back, and how much money went back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry

from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.graph import batch_field, entities, field, input_type, mutation, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.pages import Connection, Edge, page_arguments, slice_list
from commerce_graph.kernel.values import MoneyV2, money, user_error
from commerce_graph.keys import LocationKey, OrderKey
from commerce_graph.order import loaders, rules, service
from commerce_graph.order.graph.line import LineItem, line_item
from commerce_graph.order.graph.money import MoneyBag, bag
from commerce_graph.order.graph.order import READ_ORDERS
from commerce_graph.order.graph.return_ import Return
from commerce_graph.order.graph.transaction import OrderTransactionKind
from commerce_graph.payment import service as payment


@strawberry.enum(description="What becomes of refunded pieces.")
class RefundLineItemRestockType(Enum):
    """Names of Admin."""

    CANCEL = strawberry.enum_value(
        "CANCEL", description="They were not sent and will not be; they can be sold again at once."
    )
    NO_RESTOCK = strawberry.enum_value(
        "NO_RESTOCK",
        description="They do not come back into stock: the buyer keeps them, or what was not sent is written off.",
    )
    RETURN = strawberry.enum_value("RETURN", description="They were sent and are back in a location's stock.")


@strawberry.enum(description="Whether the money of a refund has arrived at the provider.")
class RefundStatus(Enum):
    """The states of a refund's money."""

    FAILURE = "FAILURE"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"


@object_type
class RefundLineItem:
    """Refunded pieces of a line."""

    row: strawberry.Private[loaders.RefundLineRow]
    currency: strawberry.Private[str]
    line_item: LineItem = strawberry.field(description="The order's line.")

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("RefundLineItem", self.row.id))

    @field
    def quantity(self) -> int:
        """How many pieces."""
        return self.row.quantity

    @field
    def restock_type(self) -> RefundLineItemRestockType:
        """What became of them."""
        return RefundLineItemRestockType[self.row.restock_type]

    @field
    def restocked(self) -> bool:
        """Whether they can be sold again."""
        return self.row.restock_type != "NO_RESTOCK"

    @field
    def subtotal(self) -> MoneyV2:
        """What they cost, with taxes where prices include them."""
        return money(self.row.subtotal_minor, self.currency)

    @field
    def subtotal_set(self) -> MoneyBag:
        """What they cost, with taxes where prices include them."""
        return bag(self.row.subtotal_minor, self.currency)

    @batch_field(access=READ_ORDERS)
    async def location(parents: Sequence["RefundLineItem"], ctx: Context) -> list[LocationKey | None]:
        """Where they are back in stock."""
        return await entities(ctx, LocationKey, [parent.row.location_id for parent in parents])


@object_type
class RefundLineItemEdge(Edge[RefundLineItem]):
    """Refunded pieces and their cursor."""


@object_type
class RefundLineItemConnection(Connection[RefundLineItem]):
    """A page of refunded pieces."""


@object_type
class Refund:
    """A refund: pieces that left the order, and money that went back."""

    found: strawberry.Private[loaders.RefundRow]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("Refund", self.found.id))

    @field
    def created_at(self) -> datetime:
        """When it was made."""
        return self.found.created_at

    @field(access=READ_ORDERS)
    def note(self) -> str | None:
        """What the merchant noted."""
        return self.found.note

    @field
    def status(self) -> RefundStatus:
        """Whether its money has arrived at the provider."""
        return RefundStatus[self.found.status]

    @field
    def total_refunded(self) -> MoneyV2:
        """How much money went back, or is on its way."""
        return money(self.found.amount_minor, self.found.currency)

    @field
    def total_refunded_set(self) -> MoneyBag:
        """How much money went back, or is on its way."""
        return bag(self.found.amount_minor, self.found.currency)

    @batch_field
    async def refund_line_items(
        parents: Sequence["Refund"],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[RefundLineItemConnection]:
        """The pieces that left the order."""
        args = page_arguments(first, last, after, before, reverse)
        found = await ctx.load_many(loaders.lines, [parent.found.order_id for parent in parents])
        connections = []
        for parent, rows in zip(parents, found, strict=True):
            known = {row.id: row for row in rows}
            page = slice_list(parent.found.lines, args, lambda row: (row.id,))
            node = partial(_pieces, parent.found.currency, known, ctx)
            connections.append(page.connection(RefundLineItemConnection, RefundLineItemEdge, node))
        return connections

    @batch_field(name="return")
    async def return_(parents: Sequence["Refund"], ctx: Context) -> list[Return | None]:
        """The return that it is of; null for other refunds."""
        made = await ctx.load_many(loaders.returns, [parent.found.order_id for parent in parents])
        known = {each.id: Return(found=each) for group in made for each in group}
        return [known.get(parent.found.return_id) for parent in parents]


def _pieces(
    currency: str, known: Mapping[UUID, loaders.LineRow], ctx: Context, row: loaders.RefundLineRow
) -> RefundLineItem:
    return RefundLineItem(row=row, currency=currency, line_item=line_item(known[row.line_id], ctx))


@object_type(name="Order")
class OrderRefunds(OrderKey):
    """The refunds of an order."""

    @batch_field
    async def refunds(parents: Sequence[OrderKey], ctx: Context, first: int | None = None) -> list[list[Refund]]:
        """What went back, oldest first."""
        found = await ctx.load_many(loaders.refunds, [parent.uuid for parent in parents])
        return [[Refund(found=each) for each in group][:first] for group in found]

    @batch_field
    async def refundable(parents: Sequence[OrderKey], ctx: Context) -> list[bool]:
        """Whether money can still be given back."""
        keys = [parent.uuid for parent in parents]
        balances = await ctx.load_many(payment.balances, keys)
        made = await ctx.load_many(loaders.refunds, keys)
        return [
            balance is not None
            and rules.refundable(
                rules.Books(balance.due_minor, 0, balance.captured_minor, balance.refunded_minor),
                sum(each.amount_minor for each in group if each.status != "FAILURE"),
            )
            > 0
            for balance, group in zip(balances, made, strict=True)
        ]


@input_type
class RefundLineItemInput:
    """Pieces to refund; `locationId` says where a RETURN goes, without it where the pieces were sent from."""

    line_item_id: strawberry.ID = strawberry.field(description="The id of the order's line.")
    quantity: int = strawberry.field(description="How many pieces.")
    restock_type: RefundLineItemRestockType | None = strawberry.field(
        description="What becomes of them.", default=RefundLineItemRestockType.NO_RESTOCK
    )
    location_id: strawberry.ID | None = strawberry.field(description="Where a RETURN goes.", default=None)


@input_type
class ShippingRefundInput:
    """How much of the delivery to give back, its taxes included: an amount, or all that is left of it."""

    amount: Decimal | None = strawberry.field(description="An amount in the order's currency.", default=None)
    full_refund: bool | None = strawberry.field(description="All that is left.", default=None)


@input_type
class OrderTransactionInput:
    """How much money to give back; it goes the way it came."""

    amount: Decimal = strawberry.field(description="An amount in the order's currency.")
    kind: OrderTransactionKind | None = strawberry.field(
        description="Always REFUND.", default=OrderTransactionKind.REFUND
    )
    order_id: strawberry.ID | None = strawberry.field(
        description="The order of the refund, where it is named again.", default=None
    )
    gateway: str | None = strawberry.field(
        description="For information: the provider is the one that was paid.", default=None
    )
    parent_id: strawberry.ID | None = strawberry.field(
        description="For information: the payment is the one of the order.", default=None
    )


@input_type
class RefundInput:
    """A refund to make. Without `transactions`, what the pieces and the delivery come to goes back."""

    order_id: strawberry.ID = strawberry.field(description="The order's id.")
    refund_line_items: list[RefundLineItemInput] | None = strawberry.field(
        description="Which pieces to refund.", default=None
    )
    shipping: ShippingRefundInput | None = strawberry.field(
        description="How much of the delivery to refund.", default=None
    )
    transactions: list[OrderTransactionInput] | None = strawberry.field(
        description="How much money to give back; their sum counts.", default=None
    )
    note: str | None = strawberry.field(description="What to note for the merchant.", default=None)
    notify: bool | None = strawberry.field(
        description="Kept with the event; the shop itself sends no mail.", default=None
    )


@strawberry.enum(description="Why a refund was not made.")
class RefundCreateUserErrorCode(Enum):
    """Codes of refundCreate."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    PAYMENT_FAILED = strawberry.enum_value(
        "PAYMENT_FAILED", description="The goods moved, but the provider refuses to give the money back."
    )


RefundCreateUserError = user_error("RefundCreateUserError", RefundCreateUserErrorCode, "Why a refund was not made.")


@object_type
class RefundCreatePayload:
    """A refund that was made."""

    refund: Refund | None = None
    order: OrderKey | None = None
    user_errors: list[RefundCreateUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@object_type
class RefundMutation:
    """What merchants give back."""

    @mutation(access=scopes("write_orders"), once=Once.STEPS)
    async def refund_create(
        self,
        info: strawberry.Info,
        input: Annotated[RefundInput, strawberry.argument(description="What to refund.")],
    ) -> RefundCreatePayload:
        """Refund pieces of an order and its delivery, and move what belongs into stock.

        The amount is never more than was captured and not yet given back. Where the provider does not answer in time
        the refund is PENDING, and the server goes on with it.
        """
        ctx: Context = info.context
        order_id = ctx.key_of(input.order_id, "Order")
        new = _new_refund(input, ctx)
        refund_id = await service.create_refund(ctx.database, new, ctx.principal.name, ctx.claim_id)
        ctx.forget()
        (made,) = [each for each in await ctx.load(loaders.refunds, order_id) if each.id == refund_id]
        (order,) = await entities(ctx, OrderKey, [order_id])
        return RefundCreatePayload(refund=Refund(found=made), order=order)


def _new_refund(input: RefundInput, ctx: Context) -> service.NewRefund:
    lines = [
        service.RefundedLine(
            ctx.key_of(each.line_item_id, "LineItem"),
            each.quantity,
            (each.restock_type or RefundLineItemRestockType.NO_RESTOCK).name,
            ctx.key_of(each.location_id, "Location") if each.location_id else None,
        )
        for each in input.refund_line_items or ()
    ]
    shipping = input.shipping or ShippingRefundInput()
    return service.NewRefund(
        ctx.key_of(input.order_id, "Order"),
        lines,
        shipping.amount,
        bool(shipping.full_refund),
        _amount(input, ctx),
        input.note,
        bool(input.notify),
    )


def _amount(input: RefundInput, ctx: Context) -> Decimal | None:
    if not input.transactions:
        return None
    path = ["input", "transactions"]
    for index, each in enumerate(input.transactions):
        if each.kind not in (None, OrderTransactionKind.REFUND):
            raise Rejected("INVALID", [*path, str(index), "kind"], "must be REFUND")
        if each.order_id and ctx.key_of(each.order_id, "Order") != ctx.key_of(input.order_id, "Order"):
            raise Rejected("INVALID", [*path, str(index), "orderId"], "is another order")
    return sum((each.amount for each in input.transactions), Decimal())
