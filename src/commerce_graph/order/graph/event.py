"""The trail of an order: what happened to it, oldest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.keys import OrderKey
from commerce_graph.order import loaders
from commerce_graph.order.graph.order import READ_ORDERS


@object_type(access=READ_ORDERS)
class Event:
    """Something that happened to an order."""

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    created_at: datetime = strawberry.field(description="When it happened.")
    action: str = strawberry.field(description="What happened, such as placed, paid, fulfilled, refunded or cancelled.")
    message: str = strawberry.field(description="What happened, in words.")
    app_title: str | None = strawberry.field(
        description="Whose token did it; null for the server itself.", default=None
    )


@object_type(access=READ_ORDERS)
class EventEdge(Edge[Event]):
    """An event and its cursor."""


@object_type(access=READ_ORDERS)
class EventConnection(Connection[Event]):
    """A page of events."""


def _event(row: Any) -> Event:
    gid = strawberry.ID(to_gid("Event", row.id))
    return Event(
        id=gid, created_at=row.occurred_at, action=row.kind, message=row.message, app_title=row.actor or None
    )  # fmt: skip


@object_type(name="Order", access=READ_ORDERS)
class OrderTrail(OrderKey):
    """The trail of an order."""

    @batch_field
    async def events(
        parents: Sequence[OrderKey],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[EventConnection]:
        """What happened to the order, oldest first; `action` is such as placed, paid or cancelled."""
        args = page_arguments(first, last, after, before, reverse)
        pages = await ctx.load_many(loaders.events, [parent.uuid for parent in parents], args)
        return [page.connection(EventConnection, EventEdge, _event) for page in pages]
