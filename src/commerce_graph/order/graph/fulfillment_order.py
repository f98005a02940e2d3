"""What each location has to send of an order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from uuid import UUID

import strawberry

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.pages import Connection, Edge, page_arguments, slice_list
from commerce_graph.keys import LocationKey, OrderKey
from commerce_graph.order import loaders
from commerce_graph.order.graph.line import LineItem, line_item
from commerce_graph.order.graph.order import READ_ORDERS


@strawberry.enum(description="How far a fulfillment order is.")
class FulfillmentOrderStatus(Enum):
    """Names of Admin that fulfillment orders here have."""

    CANCELLED = "CANCELLED"
    CLOSED = "CLOSED"
    IN_PROGRESS = "IN_PROGRESS"
    OPEN = "OPEN"


@object_type(access=READ_ORDERS)
class FulfillmentOrderAssignedLocation:
    """Where the goods are sent from."""

    location_id: strawberry.Private[UUID | None]

    @batch_field
    async def name(parents: Sequence["FulfillmentOrderAssignedLocation"], ctx: Context) -> list[str]:
        """The location's name; empty for goods that no location counts."""
        wanted = [parent.location_id for parent in parents]
        known = await ctx.load_many(inventory.locations, [key for key in wanted if key])
        names = {place.id: place.name for place in known if place}
        return [names.get(key, "") for key in wanted]

    @batch_field
    async def location(parents: Sequence["FulfillmentOrderAssignedLocation"], ctx: Context) -> list[LocationKey | None]:
        """The location; null for goods that no location counts."""
        return await entities(ctx, LocationKey, [parent.location_id for parent in parents])


@object_type(access=READ_ORDERS)
class FulfillmentOrderLineItem:
    """A part of an order line that one location has to send."""

    part: strawberry.Private[fulfilment.FulfillmentOrderLine]
    line_item: LineItem = strawberry.field(description="The order's line.")

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("FulfillmentOrderLineItem", self.part.id))

    @field
    def total_quantity(self) -> int:
        """How many pieces there are to send in all, sent ones included; what is cancelled is not."""
        return self.part.quantity

    @field
    def remaining_quantity(self) -> int:
        """How many pieces are left to send."""
        return self.part.remaining


@object_type(access=READ_ORDERS)
class FulfillmentOrderLineItemEdge(Edge[FulfillmentOrderLineItem]):
    """A part of a line and its cursor."""


@object_type(access=READ_ORDERS)
class FulfillmentOrderLineItemConnection(Connection[FulfillmentOrderLineItem]):
    """A page of parts of lines."""


@object_type(access=READ_ORDERS)
class FulfillmentOrder:
    """What one location has to send of an order."""

    opened: strawberry.Private[fulfilment.FulfillmentOrder]
    assigned_location: FulfillmentOrderAssignedLocation = strawberry.field(description="Where the goods are sent from.")

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("FulfillmentOrder", self.opened.id))

    @field
    def status(self) -> FulfillmentOrderStatus:
        """How far it is."""
        return FulfillmentOrderStatus[self.opened.status]

    @field
    def created_at(self) -> datetime:
        """When it was opened."""
        return self.opened.created_at

    @batch_field
    async def line_items(
        parents: Sequence["FulfillmentOrder"],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[FulfillmentOrderLineItemConnection]:
        """The parts of lines to send."""
        args = page_arguments(first, last, after, before, reverse)
        found = await ctx.load_many(loaders.lines, [parent.opened.order_id for parent in parents])
        connections = []
        for parent, rows in zip(parents, found, strict=True):
            known = {row.id: row for row in rows}
            page = slice_list(parent.opened.lines, args, lambda part: (part.id,))
            node = partial(_part, known, ctx)
            connections.append(page.connection(FulfillmentOrderLineItemConnection, FulfillmentOrderLineItemEdge, node))
        return connections


def _part(
    known: Mapping[UUID, loaders.LineRow], ctx: Context, part: fulfilment.FulfillmentOrderLine
) -> FulfillmentOrderLineItem:
    return FulfillmentOrderLineItem(part=part, line_item=line_item(known[part.order_line_id], ctx))


@object_type(access=READ_ORDERS)
class FulfillmentOrderEdge(Edge[FulfillmentOrder]):
    """A fulfillment order and its cursor."""


@object_type(access=READ_ORDERS)
class FulfillmentOrderConnection(Connection[FulfillmentOrder]):
    """A page of fulfillment orders."""


def _fulfillment_order(opened: fulfilment.FulfillmentOrder) -> FulfillmentOrder:
    place = FulfillmentOrderAssignedLocation(location_id=opened.location_id)
    return FulfillmentOrder(opened=opened, assigned_location=place)


@object_type(name="Order", access=READ_ORDERS)
class OrderFulfillmentOrders(OrderKey):
    """What is to be sent of an order."""

    @batch_field
    async def fulfillment_orders(
        parents: Sequence[OrderKey],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[FulfillmentOrderConnection]:
        """What each location has to send, oldest first."""
        args = page_arguments(first, last, after, before, reverse)
        found = await ctx.load_many(fulfilment.fulfillment_orders, [parent.uuid for parent in parents])
        return [
            slice_list(group, args, lambda opened: (opened.id,)).connection(
                FulfillmentOrderConnection, FulfillmentOrderEdge, _fulfillment_order
            )
            for group in found
        ]
