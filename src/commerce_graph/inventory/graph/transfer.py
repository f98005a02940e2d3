"""Moves of quantities, and what is sold beyond stock, by merchants."""

from datetime import datetime
from enum import Enum
from typing import Any, cast

import strawberry

from commerce_graph.inventory import service
from commerce_graph.inventory.graph.adjustment import WRITE_INVENTORY, InventoryAdjustmentGroup
from commerce_graph.inventory.service import MoveQuantity, Terminal, Why
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import entities, input_type, mutation, object_type
from commerce_graph.kernel.values import UserError, user_error
from commerce_graph.keys import InventoryItemKey


@strawberry.enum(description="Why quantities were not moved.")
class InventoryMoveQuantitiesUserErrorCode(Enum):
    """Shopify's InventoryMoveQuantitiesUserErrorCode, with INVALID_QUANTITY_TOO_LOW and TOO_MANY_CHANGES."""

    INVALID_INVENTORY_ITEM = "INVALID_INVENTORY_ITEM"
    INVALID_LOCATION = "INVALID_LOCATION"
    INVALID_QUANTITY_NAME = "INVALID_QUANTITY_NAME"
    INVALID_QUANTITY_NEGATIVE = "INVALID_QUANTITY_NEGATIVE"
    INVALID_QUANTITY_TOO_HIGH = "INVALID_QUANTITY_TOO_HIGH"
    INVALID_QUANTITY_TOO_LOW = "INVALID_QUANTITY_TOO_LOW"
    INVALID_REASON = "INVALID_REASON"
    INVALID_REFERENCE_DOCUMENT = "INVALID_REFERENCE_DOCUMENT"
    SAME_QUANTITY_NAME = "SAME_QUANTITY_NAME"
    TOO_MANY_CHANGES = "TOO_MANY_CHANGES"


InventoryMoveQuantitiesUserError: Any = user_error(
    "InventoryMoveQuantitiesUserError", InventoryMoveQuantitiesUserErrorCode, "Why quantities were not moved."
)


@input_type
class InventoryMoveQuantityTerminalInput:
    """Where a quantity comes from or goes to, and what it is there: `available`, `on_hand`, `safety_stock` or
    `incoming`."""

    location_id: strawberry.ID
    name: str


@input_type
class InventoryMoveQuantityChange:
    """So many to move from one quantity to another, at one location or between two."""

    inventory_item_id: strawberry.ID
    quantity: int
    from_: InventoryMoveQuantityTerminalInput = strawberry.field(name="from")
    to: InventoryMoveQuantityTerminalInput


@input_type
class InventoryMoveQuantitiesInput:
    """Quantities to move, one after another."""

    reason: str
    changes: list[InventoryMoveQuantityChange]
    reference_document_uri: str | None = None


@object_type
class InventoryMoveQuantitiesPayload:
    """What came of moving quantities."""

    inventory_adjustment_group: InventoryAdjustmentGroup | None = strawberry.field(
        description="What changed.", default=None
    )
    user_errors: list[InventoryMoveQuantitiesUserError] = strawberry.field(
        description="Why nothing changed.", default_factory=list
    )


@input_type
class InventoryItemUpdateInput:
    """How an item is counted, and sold beyond its stock where its variant's inventory policy is CONTINUE.

    What is left out stays as it is. A `backorderLimit` of null is no limit.
    """

    tracked: bool | None = None
    backorder_limit: int | None = strawberry.UNSET
    backorder_expected_at: datetime | None = strawberry.UNSET


@object_type
class InventoryItemUpdatePayload:
    """What came of changing how an item is counted."""

    inventory_item: InventoryItemKey | None = strawberry.field(description="The item.", default=None)
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed.", default_factory=list)


@object_type(access=WRITE_INVENTORY)
class InventoryTransferMutation:
    """What merchants do to stock between places."""

    @mutation(access=WRITE_INVENTORY)
    async def inventory_move_quantities(
        self, info: strawberry.Info, input: InventoryMoveQuantitiesInput
    ) -> InventoryMoveQuantitiesPayload:
        """Move quantities, all or none: keep some from sale, receive what was incoming, or send them elsewhere."""
        ctx: Context = info.context
        moves = [
            MoveQuantity(
                ctx.key_of(each.inventory_item_id, "InventoryItem"),
                each.quantity,
                Terminal(ctx.key_of(each.from_.location_id, "Location"), each.from_.name),
                Terminal(ctx.key_of(each.to.location_id, "Location"), each.to.name),
            )
            for each in input.changes
        ]
        why = Why(input.reason, input.reference_document_uri, ctx.principal.name)
        async with ctx.database.begin() as tx:
            made = await service.move_quantities(tx, moves, why)
        ctx.forget()
        return InventoryMoveQuantitiesPayload(inventory_adjustment_group=InventoryAdjustmentGroup(row=made))

    @mutation(access=WRITE_INVENTORY)
    async def inventory_item_update(
        self, info: strawberry.Info, id: strawberry.ID, input: InventoryItemUpdateInput
    ) -> InventoryItemUpdatePayload:
        """Change whether an item is counted, and how many may be sold beyond its stock and when they are expected."""
        ctx: Context = info.context
        key = ctx.key_of(id, "InventoryItem")
        given = {
            "tracked": strawberry.UNSET if input.tracked is None else input.tracked,
            "backorder_limit": input.backorder_limit, "expected_at": input.backorder_expected_at,
        }  # fmt: skip
        changes = {name: value for name, value in given.items() if value is not strawberry.UNSET}
        async with ctx.database.begin() as tx:
            await service.update_item(tx, key, changes)
        ctx.forget()
        (found,) = await entities(ctx, InventoryItemKey, [key])
        return InventoryItemUpdatePayload(inventory_item=cast(InventoryItemKey | None, found))
