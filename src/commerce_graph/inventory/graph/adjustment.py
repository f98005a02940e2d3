"""Changes of quantities by merchants."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from commerce_graph.inventory import service
from commerce_graph.inventory.graph.variant import READ_INVENTORY
from commerce_graph.inventory.service import Adjustment, AdjustQuantity, Change, SetQuantity
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.graph import batch_field, entities, field, input_type, mutation, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.values import user_error
from commerce_graph.keys import InventoryItemKey, LocationKey

WRITE_INVENTORY = scopes("write_inventory")


@object_type(access=READ_INVENTORY)
class InventoryChange:
    """What a group of changes did to one quantity."""

    row: strawberry.Private[Change]

    @field
    def name(self) -> str:
        """Which quantity: `available` or `on_hand`."""
        return self.row.name

    @field
    def delta(self) -> int:
        """The difference."""
        return self.row.delta

    @field
    def quantity_after_change(self) -> int | None:
        """What it was then."""
        return self.row.quantity_after

    @batch_field
    async def item(parents: Sequence["InventoryChange"], ctx: Context) -> list[InventoryItemKey | None]:
        """What was counted."""
        return await entities(ctx, InventoryItemKey, [parent.row.item_id for parent in parents])

    @batch_field
    async def location(parents: Sequence["InventoryChange"], ctx: Context) -> list[LocationKey | None]:
        """Where."""
        return await entities(ctx, LocationKey, [parent.row.location_id for parent in parents])


@object_type(access=READ_INVENTORY)
class InventoryAdjustmentGroup:
    """Changes that were made together."""

    row: strawberry.Private[Adjustment]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("InventoryAdjustmentGroup", self.row.id))

    @field
    def created_at(self) -> datetime:
        """When they were made."""
        return self.row.created_at

    @field
    def reason(self) -> str:
        """Why they were made."""
        return self.row.reason

    @field
    def reference_document_uri(self) -> str | None:
        """What they were made for."""
        return self.row.reference_document_uri

    @field
    def changes(self, quantity_names: list[str] | None = None) -> list[InventoryChange]:
        """What changed, of all quantities or of these."""
        return [
            InventoryChange(row=change)
            for change in self.row.changes
            if quantity_names is None or change.name in quantity_names
        ]


@strawberry.enum(description="Why quantities were not set.")
class InventorySetQuantitiesUserErrorCode(Enum):
    """Shopify's InventorySetQuantitiesUserErrorCode, with TOO_MANY_CHANGES."""

    CHANGE_FROM_QUANTITY_STALE = "CHANGE_FROM_QUANTITY_STALE"
    COMPARE_QUANTITY_REQUIRED = "COMPARE_QUANTITY_REQUIRED"
    COMPARE_QUANTITY_STALE = "COMPARE_QUANTITY_STALE"
    INVALID_INVENTORY_ITEM = "INVALID_INVENTORY_ITEM"
    INVALID_LOCATION = "INVALID_LOCATION"
    INVALID_NAME = "INVALID_NAME"
    INVALID_QUANTITY_NEGATIVE = "INVALID_QUANTITY_NEGATIVE"
    INVALID_QUANTITY_TOO_HIGH = "INVALID_QUANTITY_TOO_HIGH"
    INVALID_QUANTITY_TOO_LOW = "INVALID_QUANTITY_TOO_LOW"
    INVALID_REASON = "INVALID_REASON"
    INVALID_REFERENCE_DOCUMENT = "INVALID_REFERENCE_DOCUMENT"
    NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
    TOO_MANY_CHANGES = "TOO_MANY_CHANGES"


@strawberry.enum(description="Why quantities were not adjusted.")
class InventoryAdjustQuantitiesUserErrorCode(Enum):
    """Shopify's InventoryAdjustQuantitiesUserErrorCode, with TOO_MANY_CHANGES."""

    CHANGE_FROM_QUANTITY_STALE = "CHANGE_FROM_QUANTITY_STALE"
    INVALID_INVENTORY_ITEM = "INVALID_INVENTORY_ITEM"
    INVALID_LOCATION = "INVALID_LOCATION"
    INVALID_QUANTITY_NAME = "INVALID_QUANTITY_NAME"
    INVALID_QUANTITY_TOO_HIGH = "INVALID_QUANTITY_TOO_HIGH"
    INVALID_QUANTITY_TOO_LOW = "INVALID_QUANTITY_TOO_LOW"
    INVALID_REASON = "INVALID_REASON"
    INVALID_REFERENCE_DOCUMENT = "INVALID_REFERENCE_DOCUMENT"
    NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
    TOO_MANY_CHANGES = "TOO_MANY_CHANGES"


InventorySetQuantitiesUserError: Any = user_error(
    "InventorySetQuantitiesUserError", InventorySetQuantitiesUserErrorCode, "Why quantities were not set."
)
InventoryAdjustQuantitiesUserError: Any = user_error(
    "InventoryAdjustQuantitiesUserError", InventoryAdjustQuantitiesUserErrorCode, "Why quantities were not adjusted."
)


@input_type
class InventoryQuantityInput:
    """A quantity to set. `changeFromQuantity` is what the present one must be, an explicit null does not ask; where it
    is left out, `compareQuantity` counts."""

    inventory_item_id: strawberry.ID
    location_id: strawberry.ID
    quantity: int
    change_from_quantity: int | None = strawberry.UNSET
    compare_quantity: int | None = None


@input_type
class InventorySetQuantitiesInput:
    """Quantities to set: `available` or `on_hand`."""

    name: str
    reason: str
    quantities: list[InventoryQuantityInput]
    reference_document_uri: str | None = None
    ignore_compare_quantity: bool | None = False


@input_type
class InventoryChangeInput:
    """A difference to make. `changeFromQuantity` is what the present quantity must be, null does not ask."""

    inventory_item_id: strawberry.ID
    location_id: strawberry.ID
    delta: int
    change_from_quantity: int | None = None


@input_type
class InventoryAdjustQuantitiesInput:
    """Differences to make to quantities: `available` or `on_hand`."""

    name: str
    reason: str
    changes: list[InventoryChangeInput]
    reference_document_uri: str | None = None


@object_type
class InventorySetQuantitiesPayload:
    """What came of setting quantities."""

    inventory_adjustment_group: InventoryAdjustmentGroup | None = strawberry.field(
        description="What changed.", default=None
    )
    user_errors: list[InventorySetQuantitiesUserError] = strawberry.field(
        description="Why nothing changed.", default_factory=list
    )


@object_type
class InventoryAdjustQuantitiesPayload:
    """What came of adjusting quantities."""

    inventory_adjustment_group: InventoryAdjustmentGroup | None = strawberry.field(
        description="What changed.", default=None
    )
    user_errors: list[InventoryAdjustQuantitiesUserError] = strawberry.field(
        description="Why nothing changed.", default_factory=list
    )


def _wanted(ctx: Context, given: InventorySetQuantitiesInput) -> list[SetQuantity]:
    return [
        SetQuantity(
            ctx.key_of(each.inventory_item_id, "InventoryItem"),
            ctx.key_of(each.location_id, "Location"),
            each.quantity,
            *_compared(each, index, ignored=bool(given.ignore_compare_quantity)),
        )
        for index, each in enumerate(given.quantities)
    ]


def _compared(each: InventoryQuantityInput, index: int, *, ignored: bool) -> tuple[int | None, str]:
    """Return what the present quantity must be, and what the client calls it."""
    if each.change_from_quantity is not strawberry.UNSET:
        return each.change_from_quantity, "changeFromQuantity"
    if not ignored and each.compare_quantity is None:
        path = ["input", "quantities", str(index), "compareQuantity"]
        raise Rejected("COMPARE_QUANTITY_REQUIRED", path, "say what the quantity is now, or set ignoreCompareQuantity")
    return None if ignored else each.compare_quantity, "compareQuantity"


@object_type(access=WRITE_INVENTORY)
class InventoryMutation:
    """What merchants do to stock."""

    @mutation(access=WRITE_INVENTORY)
    async def inventory_set_quantities(
        self, info: strawberry.Info, input: InventorySetQuantitiesInput
    ) -> InventorySetQuantitiesPayload:
        """Set quantities, all or none, each only where the present one is what the caller believes."""
        ctx: Context = info.context
        wanted = _wanted(ctx, input)
        async with ctx.database.begin() as tx:
            made = await service.set_quantities(
                tx, input.name, wanted, input.reason, input.reference_document_uri, ctx.principal.name
            )
        ctx.forget()
        return InventorySetQuantitiesPayload(inventory_adjustment_group=InventoryAdjustmentGroup(row=made))

    @mutation(access=WRITE_INVENTORY)
    async def inventory_adjust_quantities(
        self, info: strawberry.Info, input: InventoryAdjustQuantitiesInput
    ) -> InventoryAdjustQuantitiesPayload:
        """Add to or take from quantities, all or none."""
        ctx: Context = info.context
        changes = [
            AdjustQuantity(
                ctx.key_of(each.inventory_item_id, "InventoryItem"),
                ctx.key_of(each.location_id, "Location"),
                each.delta,
                each.change_from_quantity,
            )
            for each in input.changes
        ]
        async with ctx.database.begin() as tx:
            made = await service.adjust_quantities(
                tx, input.name, changes, input.reason, input.reference_document_uri, ctx.principal.name
            )
        ctx.forget()
        return InventoryAdjustQuantitiesPayload(inventory_adjustment_group=InventoryAdjustmentGroup(row=made))
