"""Inventory items and their levels: what merchants count."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self, cast
from uuid import UUID

import strawberry

from commerce_graph.inventory import loaders
from commerce_graph.inventory.graph.movement import (
    InventoryMovement,
    InventoryMovementConnection,
    InventoryMovementEdge,
)
from commerce_graph.inventory.graph.variant import READ_INVENTORY
from commerce_graph.inventory.loaders import ItemRow, LevelRow
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import batch_field, entities, field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.keys import InventoryItemKey, LocationKey, ProductVariantKey

NAMES = (
    "available", "committed", "damaged", "incoming", "on_hand", "quality_control", "reserved", "safety_stock",
)  # fmt: skip
"""Shopify's names of quantities. Of `damaged` and `quality_control` this shop counts nothing."""


def level_gid(kind: str, item_id: UUID, location_id: UUID, more: str = "") -> strawberry.ID:
    """Return the id of what is named by item and location, in the form that Shopify's has."""
    return strawberry.ID(f"{to_gid(kind, location_id)}?inventory_item_id={item_id}{more}")


@object_type(access=READ_INVENTORY)
class InventoryQuantity:
    """A quantity of a level."""

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    name: str = strawberry.field(description="What is counted, such as `available` or `on_hand`.")
    quantity: int = strawberry.field(description="How many.")
    updated_at: datetime | None = strawberry.field(description="When the level last changed.")


@object_type(access=READ_INVENTORY)
class InventoryLevel:
    """What there is of an item at a location."""

    row: strawberry.Private[LevelRow]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return level_gid("InventoryLevel", self.row.item_id, self.row.location_id)

    @batch_field
    async def item(parents: Sequence["InventoryLevel"], ctx: Context) -> list[InventoryItemKey]:
        """What is counted."""
        return await entities(ctx, InventoryItemKey, [parent.row.item_id for parent in parents])

    @batch_field
    async def location(parents: Sequence["InventoryLevel"], ctx: Context) -> list[LocationKey]:
        """Where it is."""
        return await entities(ctx, LocationKey, [parent.row.location_id for parent in parents])

    @field
    def quantities(self, names: list[str]) -> list[InventoryQuantity]:
        """The quantities of these names.

        On hand is what is `available`, `reserved` for purchases under way, `committed` to orders and kept as
        `safety_stock`; what is `incoming` is not there yet.
        """
        unknown = [name for name in names if name not in NAMES]
        if unknown:
            raise RequestError("BAD_USER_INPUT", f"`{unknown[0][:50]}` is no quantity: give some of {', '.join(NAMES)}")
        row = self.row
        counted = {
            "available": row.on_hand - row.promised - row.safety, "committed": row.promised - row.reserved,
            "incoming": row.incoming, "on_hand": row.on_hand, "reserved": row.reserved, "safety_stock": row.safety,
        }  # fmt: skip
        return [
            InventoryQuantity(
                id=level_gid("InventoryQuantity", row.item_id, row.location_id, f"&name={name}"),
                name=name,
                quantity=counted.get(name, 0),
                updated_at=row.updated_at,
            )
            for name in dict.fromkeys(names)
        ]

    @field
    def updated_at(self) -> datetime:
        """When it last changed."""
        return self.row.updated_at


@object_type(access=READ_INVENTORY)
class InventoryLevelEdge(Edge[InventoryLevel]):
    """A level and its cursor."""


@object_type(access=READ_INVENTORY)
class InventoryLevelConnection(Connection[InventoryLevel]):
    """A page of levels."""


@object_type(access=READ_INVENTORY)
class InventoryItem(InventoryItemKey):
    """What is counted of a variant."""

    row: strawberry.Private[ItemRow]

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load inventory items, for those who may read stock."""
        if not ctx.principal.may(READ_INVENTORY):
            return [None] * len(uuids)
        rows = await ctx.load_many(loaders.items, uuids)
        return [row and cls(uuid=row.id, row=row) for row in rows]

    @field
    def tracked(self) -> bool:
        """Whether it is counted."""
        return self.row.tracked

    @batch_field
    async def variant(parents: Sequence["InventoryItem"], ctx: Context) -> list[ProductVariantKey | None]:
        """The variant it is of."""
        return await entities(ctx, ProductVariantKey, [parent.uuid for parent in parents])

    @batch_field
    async def inventory_level(
        parents: Sequence["InventoryItem"], ctx: Context, location_id: strawberry.ID
    ) -> list[InventoryLevel | None]:
        """What there is of it at a location; null where it is not stocked."""
        place = ctx.key_of(location_id, "Location")
        rows = await ctx.load_many(loaders.levels, [(parent.uuid, place) for parent in parents])
        return [row and InventoryLevel(row=row) for row in rows]

    @batch_field
    async def inventory_levels(
        parents: Sequence["InventoryItem"],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[InventoryLevelConnection]:
        """What there is of it at each location where it is stocked."""
        args = page_arguments(first, last, after, before, reverse)
        pages = await ctx.load_many(loaders.level_pages, [parent.uuid for parent in parents], args)
        found: Any = [
            page.connection(InventoryLevelConnection, InventoryLevelEdge, lambda row: InventoryLevel(row=row))
            for page in pages
        ]
        return cast(list[InventoryLevelConnection], found)

    @field
    def backorder_limit(self) -> int | None:
        """How many more than there are may be sold; null is no limit. It counts where the variant is sold on."""
        return self.row.backorder_limit

    @field
    def backorder_expected_at(self) -> datetime | None:
        """When what is sold beyond stock is expected."""
        return self.row.expected_at

    @batch_field
    async def movements(
        parents: Sequence["InventoryItem"],
        ctx: Context,
        location_id: strawberry.ID | None = None,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[InventoryMovementConnection]:
        """What happened to it, at a location or at all of them, the latest first: why its quantities are what they
        are."""
        args = page_arguments(first, last, after, before, reverse)
        place = None if location_id is None else ctx.key_of(location_id, "Location")
        pages = await ctx.load_many(loaders.movement_pages, [parent.uuid for parent in parents], args, place)
        found: Any = [
            page.connection(InventoryMovementConnection, InventoryMovementEdge, lambda row: InventoryMovement(row=row))
            for page in pages
        ]
        return cast(list[InventoryMovementConnection], found)


@object_type(access=READ_INVENTORY)
class InventoryItemQuery:
    """What merchants ask of stock."""

    @field
    async def inventory_item(self, info: strawberry.Info, id: strawberry.ID) -> InventoryItemKey | None:
        """An inventory item by its id."""
        (found,) = await entities(info.context, InventoryItemKey, [info.context.key_of(id, "InventoryItem")])
        return cast(InventoryItemKey | None, found)
