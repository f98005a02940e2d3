"""Fulfilments of an order: parcels that were sent, and how they can be followed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from itertools import zip_longest
from typing import Annotated
from uuid import UUID

import strawberry

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.graph import batch_field, field, input_type, mutation, object_type
from commerce_graph.kernel.ids import PREFIX, to_gid
from commerce_graph.kernel.limits import ORDER_INPUT_LINES_MAX
from commerce_graph.kernel.pages import Connection, Edge, page_arguments, slice_list
from commerce_graph.kernel.scalars import URL
from commerce_graph.kernel.values import user_error
from commerce_graph.keys import OrderKey
from commerce_graph.order import loaders, service
from commerce_graph.order.graph.line import LineItem, line_item

UUID_CHARS = 36


@strawberry.enum(description="What became of a parcel.")
class FulfillmentStatus(Enum):
    """Names of all three APIs that fulfilments here can have."""

    CANCELLED = "CANCELLED"
    SUCCESS = "SUCCESS"


@object_type
class TrackingInformation:
    """How a parcel can be followed."""

    company: str | None = strawberry.field(description="Who carries it.", default=None)
    number: str | None = strawberry.field(description="The carrier's number for it.", default=None)
    url: URL | None = strawberry.field(description="Where it can be followed.", default=None)


@object_type
class FulfillmentTrackingInfo:
    """How a parcel can be followed."""

    company: str | None = strawberry.field(description="Who carries it.", default=None)
    number: str | None = strawberry.field(description="The carrier's number for it.", default=None)
    url: URL | None = strawberry.field(description="Where it can be followed.", default=None)


@object_type
class FulfillmentLineItem:
    """A line in a parcel."""

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    line_item: LineItem = strawberry.field(description="The order's line.")
    quantity: int = strawberry.field(description="How many pieces of it are in the parcel.")


@object_type
class FulfillmentLineItemEdge(Edge[FulfillmentLineItem]):
    """A line in a parcel and its cursor."""


@object_type
class FulfillmentLineItemConnection(Connection[FulfillmentLineItem]):
    """A page of lines in a parcel."""


@object_type
class Fulfillment:
    """A parcel that was sent."""

    parcel: strawberry.Private[fulfilment.Parcel]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("Fulfillment", self.parcel.id))

    @field
    def name(self) -> str:
        """The parcel's number within its order."""
        return f"F{self.parcel.number}"

    @field
    def status(self) -> FulfillmentStatus:
        """What became of the parcel."""
        return FulfillmentStatus[self.parcel.status]

    @field
    def created_at(self) -> datetime:
        """When it was sent."""
        return self.parcel.created_at

    @field
    def updated_at(self) -> datetime:
        """When what is known of it last changed."""
        return self.parcel.updated_at

    @field
    def total_quantity(self) -> int:
        """How many pieces are in it."""
        return sum(quantity for _, quantity in self.parcel.lines)

    @field
    def tracking_company(self) -> str | None:
        """Who carries it."""
        return self.parcel.tracking.company

    @field
    def tracking_information(self) -> list[TrackingInformation]:
        """How it can be followed."""
        return [TrackingInformation(company=c, number=n, url=u) for c, n, u in _tracking(self.parcel)]

    @field
    def tracking_info(self, first: int | None = None) -> list[FulfillmentTrackingInfo]:
        """How it can be followed."""
        return [FulfillmentTrackingInfo(company=c, number=n, url=u) for c, n, u in _tracking(self.parcel)][:first]

    @batch_field
    async def fulfillment_line_items(
        parents: Sequence["Fulfillment"],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[FulfillmentLineItemConnection]:
        """What is in it."""
        args = page_arguments(first, last, after, before, reverse)
        found = await ctx.load_many(loaders.lines, [parent.parcel.order_id for parent in parents])
        connections = []
        for parent, rows in zip(parents, found, strict=True):
            known = {row.id: row for row in rows}
            page = slice_list(parent.parcel.lines, args, lambda content: (content[0],))
            node = partial(_content, parent.parcel, known, ctx)
            connections.append(page.connection(FulfillmentLineItemConnection, FulfillmentLineItemEdge, node))
        return connections


def _tracking(parcel: fulfilment.Parcel) -> list[tuple[str | None, str | None, URL | None]]:
    known = parcel.tracking
    pairs = list(zip_longest(known.numbers, known.urls))
    if not pairs and known.company:
        pairs = [(None, None)]
    return [(known.company, number, URL(url) if url else None) for number, url in pairs]


def _content(
    parcel: fulfilment.Parcel, known: Mapping[UUID, loaders.LineRow], ctx: Context, content: tuple[UUID, int]
) -> FulfillmentLineItem:
    line_id, quantity = content
    gid = content_gid(parcel.id, line_id)
    return FulfillmentLineItem(id=gid, line_item=line_item(known[line_id], ctx), quantity=quantity)


def content_gid(parcel_id: UUID, line_id: UUID) -> strawberry.ID:
    """Return the global id of a line in a parcel: a parcel holds a line once, so the two keys together name it."""
    return strawberry.ID(f"{to_gid('FulfillmentLineItem', parcel_id)}-{line_id}")


def content_key(ctx: Context, gid: str) -> tuple[UUID, UUID]:
    """Return the keys of parcel and line in such an id. Raises: RequestError(INVALID_ID)."""
    return (
        ctx.key_of(gid[: -1 - UUID_CHARS], "FulfillmentLineItem"),
        ctx.key_of(f"{PREFIX}LineItem/{gid[-UUID_CHARS:]}", "LineItem"),
    )


@object_type
class FulfillmentEdge(Edge[Fulfillment]):
    """A fulfilment and its cursor."""


@object_type
class FulfillmentConnection(Connection[Fulfillment]):
    """A page of fulfilments."""


@object_type(name="Order")
class OrderFulfillments(OrderKey):
    """The parcels of an order."""

    @batch_field
    async def fulfillments(
        parents: Sequence[OrderKey],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[FulfillmentConnection]:
        """The parcels that were sent, oldest first."""
        args = page_arguments(first, last, after, before, reverse)
        return [
            slice_list(parcels, args, lambda parcel: (parcel.number,)).connection(
                FulfillmentConnection, FulfillmentEdge, lambda parcel: Fulfillment(parcel=parcel)
            )
            for parcels in await ctx.load_many(fulfilment.parcels, [parent.uuid for parent in parents])
        ]

    @batch_field
    async def successful_fulfillments(
        parents: Sequence[OrderKey], ctx: Context, first: int | None = None
    ) -> list[list[Fulfillment]]:
        """The parcels that were sent, oldest first."""
        found = await ctx.load_many(fulfilment.parcels, [parent.uuid for parent in parents])
        return [[Fulfillment(parcel=each) for each in parcels if each.status == "SUCCESS"][:first] for parcels in found]


@input_type
class FulfillmentOrderLineItemInput:
    """How many pieces of a fulfillment order's line to send."""

    id: strawberry.ID = strawberry.field(description="The id of the fulfillment order's line.")
    quantity: int = strawberry.field(description="How many pieces.")


@input_type
class FulfillmentOrderLineItemsInput:
    """What to send of a fulfillment order; without lines all that is left."""

    fulfillment_order_id: strawberry.ID = strawberry.field(description="The fulfillment order's id.")
    fulfillment_order_line_items: list[FulfillmentOrderLineItemInput] | None = strawberry.field(
        description="What to send; without it all that is left.", default=None
    )


@input_type
class FulfillmentTrackingInput:
    """How a parcel can be followed: one number and address, or several."""

    company: str | None = strawberry.field(description="Who carries it.", default=None)
    number: str | None = strawberry.field(description="The carrier's number for it.", default=None)
    numbers: list[str] | None = strawberry.field(description="Its numbers where it has several.", default=None)
    url: URL | None = strawberry.field(description="Where it can be followed.", default=None)
    urls: list[URL] | None = strawberry.field(
        description="Where each number can be followed, in the order of the numbers.", default=None
    )


@input_type
class FulfillmentInput:
    """A parcel to send. `notifyCustomer` is kept with the event; the shop itself sends no mail."""

    line_items_by_fulfillment_order: list[FulfillmentOrderLineItemsInput] = strawberry.field(
        description="What to send of exactly one fulfillment order."
    )
    tracking_info: FulfillmentTrackingInput | None = strawberry.field(
        description="How it can be followed.", default=None
    )
    notify_customer: bool | None = strawberry.field(description="Kept with the event.", default=False)


@strawberry.enum(description="Why a parcel was not sent.")
class FulfillmentCreateUserErrorCode(Enum):
    """Codes of fulfillmentCreate."""

    INVALID = "INVALID"
    INVALID_STATE = "INVALID_STATE"
    NOT_FOUND = "NOT_FOUND"


FulfillmentCreateUserError = user_error(
    "FulfillmentCreateUserError", FulfillmentCreateUserErrorCode, "Why a parcel was not sent."
)


@object_type
class FulfillmentCreatePayload:
    """A parcel that was sent."""

    fulfillment: Fulfillment | None = None
    user_errors: list[FulfillmentCreateUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@object_type
class FulfillmentMutation:
    """What merchants do with parcels."""

    @mutation(access=scopes("write_fulfillments"))
    async def fulfillment_create(
        self,
        info: strawberry.Info,
        fulfillment: Annotated[FulfillmentInput, strawberry.argument(description="What to send.")],
        message: Annotated[str | None, strawberry.argument(description="What to note in the order's trail.")] = None,
    ) -> FulfillmentCreatePayload:
        """Send a parcel of an order: all or a part of what one location has to send. Its stock leaves the house."""
        ctx: Context = info.context
        path = ["fulfillment", "lineItemsByFulfillmentOrder"]
        if len(fulfillment.line_items_by_fulfillment_order) != 1:
            raise Rejected("INVALID", path, "a parcel is of one fulfillment order: name exactly one")
        (chosen,) = fulfillment.line_items_by_fulfillment_order
        opened = ctx.key_of(chosen.fulfillment_order_id, "FulfillmentOrder")
        lines = chosen.fulfillment_order_line_items
        if lines is not None and len(lines) > ORDER_INPUT_LINES_MAX:
            raise Rejected("INVALID", path, f"more than {ORDER_INPUT_LINES_MAX} lines")
        async with ctx.database.begin() as tx:
            order_id, fulfillment_id = await service.fulfill(
                tx,
                opened,
                [(ctx.key_of(each.id, "FulfillmentOrderLineItem"), each.quantity) for each in lines] if lines else None,
                _tracking_of(fulfillment.tracking_info),
                ctx.principal.name,
                message,
                notify_customer=bool(fulfillment.notify_customer),
            )
        ctx.forget()
        parcels = await ctx.load(fulfilment.parcels, order_id)
        (sent,) = [parcel for parcel in parcels if parcel.id == fulfillment_id]
        return FulfillmentCreatePayload(fulfillment=Fulfillment(parcel=sent))


def _tracking_of(given: FulfillmentTrackingInput | None) -> fulfilment.Tracking:
    if given is None:
        return fulfilment.Tracking()
    numbers = given.numbers or ([given.number] if given.number else [])
    urls = given.urls or ([given.url] if given.url else [])
    return fulfilment.Tracking(given.company, numbers, urls)
