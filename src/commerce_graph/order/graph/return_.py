"""Returns of an order: what was asked for, what came back, and how far it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from uuid import UUID

import strawberry

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.pages import Connection, Edge, page_arguments, slice_list
from commerce_graph.keys import OrderKey
from commerce_graph.order import loaders, rules
from commerce_graph.order.graph.line import LineItem, line_item
from commerce_graph.order.graph.order import READ_ORDERS


@strawberry.enum(description="How far a return is.")
class ReturnStatus(Enum):
    """Names of Admin and Customer Account."""

    CANCELED = "CANCELED"
    CLOSED = "CLOSED"
    DECLINED = "DECLINED"
    OPEN = "OPEN"
    REQUESTED = "REQUESTED"


@strawberry.enum(description="How far the returns of an order are.")
class OrderReturnStatus(Enum):
    """Names of Admin that orders here can have."""

    INSPECTION_COMPLETE = strawberry.enum_value(
        "INSPECTION_COMPLETE", description="All that was to come back has, and a return is not closed yet."
    )
    IN_PROGRESS = "IN_PROGRESS"
    NO_RETURN = "NO_RETURN"
    RETURNED = "RETURNED"
    RETURN_REQUESTED = "RETURN_REQUESTED"


@strawberry.enum(description="Why pieces are returned.")
class ReturnReason(Enum):
    """Names of Admin and Customer Account."""

    COLOR = "COLOR"
    DEFECTIVE = "DEFECTIVE"
    NOT_AS_DESCRIBED = "NOT_AS_DESCRIBED"
    OTHER = "OTHER"
    SIZE_TOO_LARGE = "SIZE_TOO_LARGE"
    SIZE_TOO_SMALL = "SIZE_TOO_SMALL"
    STYLE = "STYLE"
    UNKNOWN = "UNKNOWN"
    UNWANTED = "UNWANTED"
    WRONG_ITEM = "WRONG_ITEM"


@strawberry.enum(description="Why a return was declined.")
class ReturnDeclineReason(Enum):
    """Names of Admin and Customer Account."""

    FINAL_SALE = "FINAL_SALE"
    OTHER = "OTHER"
    RETURN_PERIOD_ENDED = "RETURN_PERIOD_ENDED"


@object_type
class ReturnDecline:
    """Why a return was declined."""

    reason: ReturnDeclineReason = strawberry.field(description="The reason.")
    note: str | None = strawberry.field(description="What the merchant wrote to the buyer.", default=None)


@object_type
class ReturnLineItem:
    """Returned pieces of a line."""

    row: strawberry.Private[loaders.ReturnLineRow]
    line_item: LineItem = strawberry.field(description="The order's line.")

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("ReturnLineItem", self.row.id))

    @field
    def quantity(self) -> int:
        """How many pieces are returned."""
        return self.row.quantity

    @field
    def processed_quantity(self) -> int:
        """How many of them came back and left the order."""
        return self.row.processed_quantity

    @field
    def unprocessed_quantity(self) -> int:
        """How many of them are still to come back."""
        return self.row.quantity - self.row.processed_quantity

    @field
    def return_reason(self) -> ReturnReason:
        """Why."""
        return ReturnReason[self.row.reason]

    @field(access=READ_ORDERS)
    def return_reason_note(self) -> str:
        """What the merchant noted about the reason."""
        return self.row.reason_note

    @field
    def customer_note(self) -> str | None:
        """What the buyer wrote."""
        return self.row.customer_note


@object_type
class ReturnLineItemEdge(Edge[ReturnLineItem]):
    """Returned pieces and their cursor."""


@object_type
class ReturnLineItemConnection(Connection[ReturnLineItem]):
    """A page of returned pieces."""


@object_type
class Return:
    """Pieces of an order that come back."""

    found: strawberry.Private[loaders.ReturnRow]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("Return", self.found.id))

    @field
    def name(self) -> str:
        """The return's name, such as #1001-R1."""
        return f"#{self.found.order_number}-R{self.found.number}"

    @field
    def status(self) -> ReturnStatus:
        """How far it is."""
        return ReturnStatus[self.found.status]

    @field
    def created_at(self) -> datetime:
        """When it was asked for or opened."""
        return self.found.created_at

    @field
    def updated_at(self) -> datetime:
        """When it last changed."""
        return self.found.updated_at

    @field
    def closed_at(self) -> datetime | None:
        """When it was closed; null while it is not."""
        return self.found.closed_at

    @field
    def total_quantity(self) -> int:
        """How many pieces are returned."""
        return sum(line.quantity for line in self.found.lines)

    @field
    def decline(self) -> ReturnDecline | None:
        """Why it was declined; null where it was not."""
        reason = self.found.decline_reason
        return ReturnDecline(reason=ReturnDeclineReason[reason], note=self.found.decline_note) if reason else None

    @batch_field
    async def order(parents: Sequence["Return"], ctx: Context) -> list[OrderKey | None]:
        """The order."""
        return await entities(ctx, OrderKey, [parent.found.order_id for parent in parents])

    @batch_field
    async def return_line_items(
        parents: Sequence["Return"],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[ReturnLineItemConnection]:
        """What comes back."""
        args = page_arguments(first, last, after, before, reverse)
        found = await ctx.load_many(loaders.lines, [parent.found.order_id for parent in parents])
        connections = []
        for parent, rows in zip(parents, found, strict=True):
            known = {row.id: row for row in rows}
            page = slice_list(parent.found.lines, args, lambda row: (row.id,))
            connections.append(
                page.connection(ReturnLineItemConnection, ReturnLineItemEdge, partial(_pieces, known, ctx))
            )
        return connections


def _pieces(known: Mapping[UUID, loaders.LineRow], ctx: Context, row: loaders.ReturnLineRow) -> ReturnLineItem:
    return ReturnLineItem(row=row, line_item=line_item(known[row.line_id], ctx))


@object_type
class ReturnEdge(Edge[Return]):
    """A return and its cursor."""


@object_type
class ReturnConnection(Connection[Return]):
    """A page of returns."""


def _status(made: Sequence[loaders.ReturnRow]) -> OrderReturnStatus:
    present = {each.status for each in made}
    if "REQUESTED" in present:
        return OrderReturnStatus.RETURN_REQUESTED
    if "OPEN" in present:
        left = any(x.quantity > x.processed_quantity for each in made if each.status == "OPEN" for x in each.lines)
        return OrderReturnStatus.IN_PROGRESS if left else OrderReturnStatus.INSPECTION_COMPLETE
    return OrderReturnStatus.RETURNED if "CLOSED" in present else OrderReturnStatus.NO_RETURN


@object_type
class ReturnableLineItem:
    """Pieces of a line that can be returned."""

    line_item: LineItem = strawberry.field(description="The order's line.")
    quantity: int = strawberry.field(description="How many pieces.")


@object_type
class ReturnableLineItemEdge(Edge[ReturnableLineItem]):
    """Pieces that can be returned and their cursor."""


@object_type
class ReturnableLineItemConnection(Connection[ReturnableLineItem]):
    """A page of pieces that can be returned."""


@object_type
class OrderReturnInformation:
    """What of an order can be returned."""

    order_id: strawberry.Private[UUID]

    @batch_field
    async def returnable_line_items(
        parents: Sequence["OrderReturnInformation"],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[ReturnableLineItemConnection]:
        """Pieces that were sent, are still the buyer's, and are in no return."""
        args = page_arguments(first, last, after, before, reverse)
        keys = [parent.order_id for parent in parents]
        lines = await ctx.load_many(loaders.lines, keys)
        opened = await ctx.load_many(fulfilment.fulfillment_orders, keys)
        made = await ctx.load_many(loaders.returns, keys)
        found = []
        for rows, to_send, returns in zip(lines, opened, made, strict=True):
            left = Counter({row.id: row.current_quantity for row in rows})
            for part in (part for each in to_send for part in each.lines):
                left[part.order_line_id] -= part.remaining
            for part in (part for each in returns if each.status in rules.RETURNING for part in each.lines):
                left[part.line_id] -= part.quantity - part.processed_quantity
            page = slice_list([row for row in rows if left[row.id] > 0], args, lambda row: (row.position, row.id))
            found.append(
                page.connection(ReturnableLineItemConnection, ReturnableLineItemEdge, partial(_returnable, left, ctx))
            )
        return found


def _returnable(left: Mapping[UUID, int], ctx: Context, row: loaders.LineRow) -> ReturnableLineItem:
    return ReturnableLineItem(line_item=line_item(row, ctx), quantity=left[row.id])


@object_type(name="Order")
class OrderReturns(OrderKey):
    """The returns of an order."""

    @batch_field
    async def returns(
        parents: Sequence[OrderKey],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[ReturnConnection]:
        """The returns, oldest first."""
        args = page_arguments(first, last, after, before, reverse)
        return [
            slice_list(made, args, lambda row: (row.number,)).connection(
                ReturnConnection, ReturnEdge, lambda row: Return(found=row)
            )
            for made in await ctx.load_many(loaders.returns, [parent.uuid for parent in parents])
        ]

    @batch_field
    async def return_information(parents: Sequence[OrderKey], ctx: Context) -> list[OrderReturnInformation]:
        """What can be returned."""
        return [OrderReturnInformation(order_id=parent.uuid) for parent in parents]

    @batch_field
    async def return_status(parents: Sequence[OrderKey], ctx: Context) -> list[OrderReturnStatus]:
        """How far the returns are."""
        return [_status(made) for made in await ctx.load_many(loaders.returns, [parent.uuid for parent in parents])]


async def read_return(ctx: Context, return_id: UUID) -> Return | None:
    """Return a return by its key, None where there is none."""
    order_id = await ctx.load(loaders.orders_of_returns, return_id)
    if order_id is None:
        return None
    return next(Return(found=each) for each in await ctx.load(loaders.returns, order_id) if each.id == return_id)
