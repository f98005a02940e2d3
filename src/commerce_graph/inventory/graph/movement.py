"""The ledger of stock in the graph: why a quantity is what it is."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

import strawberry

from commerce_graph.inventory.graph.variant import READ_INVENTORY
from commerce_graph.inventory.loaders import MovementRow
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.pages import Connection, Edge
from commerce_graph.keys import LocationKey, OrderKey


@strawberry.enum(description="What happened to stock.")
class InventoryMovementKind(Enum):
    """The kinds of movements."""

    RECEIVE = strawberry.enum_value("RECEIVE", description="Goods came in.")
    RESERVE = strawberry.enum_value("RESERVE", description="It was held for a purchase under way.")
    RELEASE = strawberry.enum_value("RELEASE", description="What was held or sold was given back.")
    COMMIT = strawberry.enum_value("COMMIT", description="What was held was sold.")
    SHIP = strawberry.enum_value("SHIP", description="What was sold left the house.")
    RETURN = strawberry.enum_value("RETURN", description="What had left came back.")
    ADJUST = strawberry.enum_value("ADJUST", description="It was counted or decided anew.")
    TRANSFER = strawberry.enum_value("TRANSFER", description="It was moved to or from another location.")


@object_type(access=READ_INVENTORY)
class InventoryMovementQuantity:
    """By how much a movement changed one quantity."""

    name: str = strawberry.field(description="Which quantity, such as `on_hand` or `reserved`.")
    delta: int = strawberry.field(description="The difference.")


@object_type(access=READ_INVENTORY)
class InventoryMovement:
    """An entry of the ledger. Entries are never changed; all of a level's together are its quantities."""

    row: strawberry.Private[MovementRow]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("InventoryMovement", self.row.id))

    @field
    def kind(self) -> InventoryMovementKind:
        """What happened."""
        return InventoryMovementKind[self.row.kind]

    @field
    def created_at(self) -> datetime:
        """When it happened."""
        return self.row.created_at

    @field
    def quantities(self) -> list[InventoryMovementQuantity]:
        """What it changed, and by how much."""
        row = self.row
        moved = {
            "on_hand": row.on_hand, "reserved": row.reserved, "committed": row.committed, "safety_stock": row.safety,
            "incoming": row.incoming, "available": row.on_hand - row.reserved - row.committed - row.safety,
        }  # fmt: skip
        return [InventoryMovementQuantity(name=name, delta=delta) for name, delta in moved.items() if delta]

    @field
    def reason(self) -> str | None:
        """Why a merchant made it; null for what happened to a purchase."""
        return self.row.reason

    @field
    def reference_document_uri(self) -> str | None:
        """What a merchant made it for."""
        return self.row.reference_document_uri

    @batch_field
    async def location(parents: Sequence["InventoryMovement"], ctx: Context) -> list[LocationKey | None]:
        """Where it happened."""
        return await entities(ctx, LocationKey, [parent.row.location_id for parent in parents])

    @batch_field
    async def order(parents: Sequence["InventoryMovement"], ctx: Context) -> list[OrderKey | None]:
        """The order it happened for; null for a purchase that was not placed."""
        return await entities(ctx, OrderKey, [parent.row.owner_id for parent in parents])


@object_type(access=READ_INVENTORY)
class InventoryMovementEdge(Edge[InventoryMovement]):
    """A movement and its cursor."""


@object_type(access=READ_INVENTORY)
class InventoryMovementConnection(Connection[InventoryMovement]):
    """A page of movements."""
