"""Edits of an order: a draft that shows what it would come to, and its commit."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, field, mutation, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.links import at_public_url
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.pages import Connection, Edge, page_arguments, slice_list
from commerce_graph.kernel.values import Image, user_error
from commerce_graph.keys import OrderKey, ProductVariantKey
from commerce_graph.order import service
from commerce_graph.order.graph.life import WRITE_ORDERS
from commerce_graph.order.graph.money import MoneyBag, bag
from commerce_graph.order.graph.order import READ_ORDERS


@object_type(access=READ_ORDERS)
class CalculatedLineItem:
    """A line of an order as it would be after an edit."""

    line: strawberry.Private[service.DraftLine]
    currency: strawberry.Private[str]
    image: Image | None = strawberry.field(description="The variant's picture.", default=None)

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("CalculatedLineItem", self.line.id))

    @field
    def title(self) -> str:
        """The product's title."""
        return str(self.line.sold["title"])

    @field
    def variant_title(self) -> str | None:
        """The variant's title."""
        return self.line.sold["variant_title"]  # type: ignore[no-any-return]

    @field
    def sku(self) -> str | None:
        """The variant's stock keeping unit."""
        return self.line.sold["sku"]  # type: ignore[no-any-return]

    @field
    def quantity(self) -> int:
        """How many pieces the buyer would have, sent ones included."""
        return self.line.quantity

    @field
    def editable_quantity(self) -> int:
        """How many of them can be taken off: those that were not sent."""
        return self.line.quantity - self.line.kept

    @field
    def editable_quantity_before_changes(self) -> int:
        """How many pieces could be taken off before the edit."""
        return self.line.before - self.line.kept

    @field
    def restocking(self) -> bool:
        """Whether pieces that are taken off can be sold again."""
        return self.line.removed > 0 and self.line.restock

    @field
    def original_unit_price_set(self) -> MoneyBag:
        """What a piece costs before discounts."""
        return bag(self.line.unit_price_minor, self.currency)

    @field
    def discounted_unit_price_set(self) -> MoneyBag:
        """What a piece costs."""
        return bag(self.line.unit_price_minor, self.currency)

    @field
    def editable_subtotal_set(self) -> MoneyBag:
        """What the pieces cost that can be taken off."""
        return bag(self.line.unit_price_minor * (self.line.quantity - self.line.kept), self.currency)

    @field
    def uneditable_subtotal_set(self) -> MoneyBag:
        """What the pieces cost that were sent."""
        return bag(self.line.unit_price_minor * self.line.kept, self.currency)

    @batch_field
    async def variant(parents: Sequence["CalculatedLineItem"], ctx: Context) -> list[ProductVariantKey | None]:
        """The variant as it is today; null where it is gone or not sold any more."""
        return await entities(ctx, ProductVariantKey, [parent.line.sold["variant_id"] for parent in parents])


@object_type(access=READ_ORDERS)
class CalculatedLineItemEdge(Edge[CalculatedLineItem]):
    """A line and its cursor."""


@object_type(access=READ_ORDERS)
class CalculatedLineItemConnection(Connection[CalculatedLineItem]):
    """A page of lines."""


@object_type(access=READ_ORDERS)
class CalculatedOrder:
    """An order as it would be after an edit. Nothing of it holds before the edit is committed."""

    draft: strawberry.Private[service.Draft]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id: that of the edit."""
        return strawberry.ID(to_gid("CalculatedOrder", self.draft.id))

    @field
    def committed(self) -> bool:
        """Whether the edit was committed."""
        return self.draft.state == "COMMITTED"

    @field
    def subtotal_line_items_quantity(self) -> int:
        """How many pieces the buyer would have."""
        return sum(line.quantity for line in self.draft.lines)

    @field
    def subtotal_price_set(self) -> MoneyBag:
        """What the goods would cost."""
        total = sum(line.unit_price_minor * line.quantity for line in self.draft.lines)
        return bag(total, self.draft.order.currency)

    @field
    def total_price_set(self) -> MoneyBag:
        """What the order would come to: goods, delivery and taxes, less what was refunded."""
        return bag(self.draft.total_minor, self.draft.order.currency)

    @field
    def total_outstanding_set(self) -> MoneyBag:
        """What the buyer would have to pay still."""
        return bag(self.draft.outstanding_minor, self.draft.order.currency)

    @batch_field
    async def original_order(parents: Sequence["CalculatedOrder"], ctx: Context) -> list[OrderKey | None]:
        """The order as it is."""
        return await entities(ctx, OrderKey, [parent.draft.order.id for parent in parents])

    @batch_field
    async def line_items(
        parents: Sequence["CalculatedOrder"],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[CalculatedLineItemConnection]:
        """The lines as they would be; one that is taken off whole has the quantity 0."""
        args = page_arguments(first, last, after, before, reverse)
        return [
            slice_list(parent.draft.lines, args, lambda line: (line.id,)).connection(
                CalculatedLineItemConnection, CalculatedLineItemEdge, _shown(parent.draft, ctx)
            )
            for parent in parents
        ]

    @batch_field
    async def added_line_items(
        parents: Sequence["CalculatedOrder"],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[CalculatedLineItemConnection]:
        """The lines that the edit adds."""
        args = page_arguments(first, last, after, before, reverse)
        return [
            slice_list(
                [line for line in parent.draft.lines if line.row is None], args, lambda line: (line.id,)
            ).connection(CalculatedLineItemConnection, CalculatedLineItemEdge, _shown(parent.draft, ctx))
            for parent in parents
        ]


def _shown(draft: service.Draft, ctx: Context):  # type: ignore[no-untyped-def]
    def show(line: service.DraftLine) -> CalculatedLineItem:
        url, image = line.sold["image_url"], None
        if url is not None:
            image = Image(source=at_public_url(ctx.resources.public_url, url), alt_text=line.sold["title"])
        return CalculatedLineItem(line=line, currency=draft.order.currency, image=image)

    return show


@strawberry.enum(description="Why an order was not edited.")
class OrderEditUserErrorCode(Enum):
    """Codes of the mutations that edit orders."""

    INVALID = "INVALID"
    INVALID_STATE = strawberry.enum_value(
        "INVALID_STATE", description="The order cannot be edited as it is, or the edit was committed already."
    )
    NOT_FOUND = "NOT_FOUND"
    ORDER_CHANGED = strawberry.enum_value(
        "ORDER_CHANGED", description="The order is not as it was when the edit began: begin another one."
    )
    OUT_OF_STOCK = "OUT_OF_STOCK"
    PAYMENT_FAILED = strawberry.enum_value(
        "PAYMENT_FAILED", description="The edit was committed, but the provider refuses to give the money back."
    )


OrderEditUserError = user_error("OrderEditUserError", OrderEditUserErrorCode, "Why an order was not edited.")


@object_type
class OrderEditBeginPayload:
    """An edit that was begun."""

    calculated_order: CalculatedOrder | None = None
    user_errors: list[OrderEditUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@object_type
class OrderEditAddVariantPayload:
    """A line that the edit adds."""

    calculated_line_item: CalculatedLineItem | None = None
    calculated_order: CalculatedOrder | None = None
    user_errors: list[OrderEditUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@object_type
class OrderEditSetQuantityPayload:
    """A line of which the edit changes the quantity."""

    calculated_line_item: CalculatedLineItem | None = None
    calculated_order: CalculatedOrder | None = None
    user_errors: list[OrderEditUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


@object_type
class OrderEditCommitPayload:
    """An order that was edited."""

    order: OrderKey | None = None
    success_messages: list[str] = strawberry.field(default_factory=list)
    user_errors: list[OrderEditUserError] = strawberry.field(default_factory=list)  # type: ignore[valid-type]


CALCULATED = strawberry.argument(description="The edit: the id of the calculated order.")


@object_type
class OrderEditMutation:
    """How merchants change what was ordered."""

    @mutation(access=WRITE_ORDERS)
    async def order_edit_begin(
        self, info: strawberry.Info, id: Annotated[strawberry.ID, strawberry.argument(description="The order's id.")]
    ) -> OrderEditBeginPayload:
        """Begin an edit of an order. The order stays as it is until the edit is committed."""
        ctx: Context = info.context
        async with ctx.database.begin() as tx:
            edit_id = await service.begin_edit(tx, ctx.key_of(id, "Order"), ctx.principal.name)
            draft = await service.draft_of(tx, edit_id)
        return OrderEditBeginPayload(calculated_order=CalculatedOrder(draft=draft))

    @mutation(access=WRITE_ORDERS)
    async def order_edit_add_variant(
        self,
        info: strawberry.Info,
        id: Annotated[strawberry.ID, CALCULATED],
        variant_id: strawberry.ID,
        quantity: int,
        allow_duplicates: Annotated[
            bool | None, strawberry.argument(description="Whether to add a line where the order has the variant.")
        ] = False,
    ) -> OrderEditAddVariantPayload:
        """Add a line of a variant, at its price of today in the market where the order was placed."""
        ctx: Context = info.context
        edit_id, variant = ctx.key_of(id, "CalculatedOrder"), ctx.key_of(variant_id, "ProductVariant")
        async with ctx.database.begin() as tx:
            line_id = await service.add_variant(tx, edit_id, variant, quantity, allow_duplicates=bool(allow_duplicates))
            draft = await service.draft_of(tx, edit_id)
        return OrderEditAddVariantPayload(
            calculated_line_item=_line(draft, line_id, ctx), calculated_order=CalculatedOrder(draft=draft)
        )

    @mutation(access=WRITE_ORDERS)
    async def order_edit_set_quantity(
        self,
        info: strawberry.Info,
        id: Annotated[strawberry.ID, CALCULATED],
        line_item_id: Annotated[
            strawberry.ID, strawberry.argument(description="The id of the calculated line, or of the order's.")
        ],
        quantity: Annotated[
            int, strawberry.argument(description="How many pieces the buyer is to have, sent ones included.")
        ],
        restock: Annotated[
            bool | None, strawberry.argument(description="Whether pieces that are taken off can be sold again.")
        ] = False,
    ) -> OrderEditSetQuantityPayload:
        """Set the quantity of a line; 0 takes it off. Pieces that were sent stay."""
        ctx: Context = info.context
        edit_id = ctx.key_of(id, "CalculatedOrder")
        line_id = ctx.key_of(line_item_id, "CalculatedLineItem", "LineItem")
        async with ctx.database.begin() as tx:
            await service.set_quantity(tx, edit_id, line_id, quantity, restock=bool(restock))
            draft = await service.draft_of(tx, edit_id)
        return OrderEditSetQuantityPayload(
            calculated_line_item=_line(draft, line_id, ctx), calculated_order=CalculatedOrder(draft=draft)
        )

    @mutation(access=WRITE_ORDERS, once=Once.STEPS)
    async def order_edit_commit(
        self,
        info: strawberry.Info,
        id: Annotated[strawberry.ID, CALCULATED],
        notify_customer: Annotated[
            bool | None, strawberry.argument(description="Kept with the event; the shop itself sends no mail.")
        ] = False,
        staff_note: Annotated[str | None, strawberry.argument(description="What to keep with the event.")] = None,
    ) -> OrderEditCommitPayload:
        """Commit an edit: stock is bought and given up, and the difference becomes due or goes back.

        Refused as a whole where stock is short, or where the order changed since the edit began.
        """
        ctx: Context = info.context
        wish = service.Commit(ctx.key_of(id, "CalculatedOrder"), staff_note, bool(notify_customer))
        order_id = await service.commit_edit(ctx.database, wish, ctx.principal.name, ctx.claim_id)
        ctx.forget()
        (order,) = await entities(ctx, OrderKey, [order_id])
        return OrderEditCommitPayload(order=order, success_messages=["The order was edited."])


def _line(draft: service.Draft, line_id: UUID, ctx: Context) -> CalculatedLineItem:
    shown: CalculatedLineItem = _shown(draft, ctx)(next(line for line in draft.lines if line.id == line_id))
    return shown
