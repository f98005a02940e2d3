"""The lines of an order, as they were sold."""

from collections.abc import Sequence

import strawberry

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.limits import DISCOUNTS_WEIGHED_MAX
from commerce_graph.kernel.links import at_public_url
from commerce_graph.kernel.pages import Connection, Edge, page_arguments, slice_list
from commerce_graph.kernel.values import Attribute, Image, MoneyV2, attributes, money
from commerce_graph.keys import OrderKey, ProductKey, ProductVariantKey
from commerce_graph.order import loaders, rules
from commerce_graph.order.graph.discount import DiscountAllocation, line_allocations
from commerce_graph.order.graph.money import MoneyBag, bag


@object_type
class LineItem:
    """A line of an order: so many pieces of one variant, as they were sold."""

    row: strawberry.Private[loaders.LineRow]
    image: Image | None = strawberry.field(description="The variant's picture when it was sold.", default=None)

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("LineItem", self.row.id))

    @field
    def title(self) -> str:
        """The product's title when it was sold."""
        return self.row.title

    @field
    def name(self) -> str:
        """The titles of product and variant in one."""
        return f"{self.row.title} - {self.row.variant_title}" if self.row.variant_title else self.row.title

    @field
    def variant_title(self) -> str | None:
        """The variant's title when it was sold."""
        return self.row.variant_title

    @field
    def sku(self) -> str | None:
        """The variant's stock keeping unit when it was sold."""
        return self.row.sku

    @field
    def vendor(self) -> str | None:
        """The product's vendor when it was sold."""
        return self.row.vendor

    @field
    def quantity(self) -> int:
        """How many pieces were ordered."""
        return self.row.quantity

    @field
    def current_quantity(self) -> int:
        """How many pieces are left after cancellations and refunds."""
        return self.row.current_quantity

    @field
    def refundable_quantity(self) -> int:
        """How many pieces can still be refunded."""
        return self.row.current_quantity

    @batch_field
    async def unfulfilled_quantity(parents: Sequence["LineItem"], ctx: Context) -> list[int]:
        """How many pieces are still to be sent."""
        return await _unsent(parents, ctx)

    @batch_field
    async def fulfillable_quantity(parents: Sequence["LineItem"], ctx: Context) -> list[int]:
        """How many pieces are still to be sent."""
        return await _unsent(parents, ctx)

    @field
    def price(self) -> MoneyV2:
        """What one piece costs before discounts."""
        return money(self.row.unit_price_minor, self.row.currency)

    @field
    def total_price(self) -> MoneyV2:
        """What all pieces that were ordered cost after discounts."""
        return money(self.row.total_minor, self.row.currency)

    @field
    def current_total_price(self) -> MoneyV2:
        """What the pieces cost after discounts that are left after cancellations and refunds."""
        gone = self.row.quantity - self.row.current_quantity
        left = rules.share_of(self.row.total_minor, self.row.quantity, gone, self.row.current_quantity)
        return money(left, self.row.currency)

    @field
    def original_total_price(self) -> MoneyV2:
        """What all pieces cost before discounts."""
        return money(self._gross(), self.row.currency)

    @field
    def discounted_total_price(self) -> MoneyV2:
        """What all pieces cost after discounts."""
        return money(self.row.total_minor, self.row.currency)

    @field
    def total_discount(self) -> MoneyV2:
        """All that discounts took off, of the order's own the line's share."""
        return money(self.row.discount_minor, self.row.currency)

    @field
    def original_unit_price_set(self) -> MoneyBag:
        """What one piece costs before discounts."""
        return bag(self.row.unit_price_minor, self.row.currency)

    @field
    def original_total_set(self) -> MoneyBag:
        """What all pieces cost before discounts."""
        return bag(self._gross(), self.row.currency)

    @field
    def discounted_total_set(self) -> MoneyBag:
        """What all pieces cost after discounts."""
        return bag(self.row.total_minor, self.row.currency)

    @field
    def total_discount_set(self) -> MoneyBag:
        """All that discounts took off, of the order's own the line's share."""
        return bag(self.row.discount_minor, self.row.currency)

    def _gross(self) -> int:
        return self.row.unit_price_minor * self.row.quantity

    @batch_field(length=DISCOUNTS_WEIGHED_MAX)
    async def discount_allocations(parents: Sequence["LineItem"], ctx: Context) -> list[list[DiscountAllocation]]:
        """What each discount took off the line, of the order's own its share."""
        kept = await ctx.load_many(loaders.breakdowns, [parent.row.order_id for parent in parents])
        return [
            line_allocations(stored, parent.row.id, parent.row.currency)
            for parent, stored in zip(parents, kept, strict=True)
        ]

    @field
    def custom_attributes(self) -> list[Attribute]:
        """Keys and values that the cart line carried."""
        return attributes(self.row.attributes)

    @field
    def requires_shipping(self) -> bool:
        """Whether it is sent to the buyer."""
        return self.row.requires_shipping

    @batch_field
    async def product(parents: Sequence["LineItem"], ctx: Context) -> list[ProductKey | None]:
        """The product as it is today; null where it is gone or not sold any more."""
        return await entities(ctx, ProductKey, [parent.row.product_id for parent in parents])

    @batch_field
    async def variant(parents: Sequence["LineItem"], ctx: Context) -> list[ProductVariantKey | None]:
        """The variant as it is today; null where it is gone or not sold any more."""
        return await entities(ctx, ProductVariantKey, [parent.row.variant_id for parent in parents])


async def _unsent(parents: Sequence[LineItem], ctx: Context) -> list[int]:
    order_ids = [parent.row.order_id for parent in parents]
    opened = await ctx.load_many(fulfilment.fulfillment_orders, order_ids)
    return [
        sum(part.remaining for each in group for part in each.lines if part.order_line_id == parent.row.id)
        for parent, group in zip(parents, opened, strict=True)
    ]


def line_item(row: loaders.LineRow, ctx: Context) -> LineItem:
    """Return a row as the graph's line."""
    if row.image_url is None:
        return LineItem(row=row)
    source = at_public_url(ctx.resources.public_url, row.image_url)
    return LineItem(row=row, image=Image(source=source, alt_text=row.title))


@object_type
class LineItemEdge(Edge[LineItem]):
    """A line and its cursor."""


@object_type
class LineItemConnection(Connection[LineItem]):
    """A page of lines."""


@object_type(name="Order")
class OrderLines(OrderKey):
    """The lines of an order."""

    @batch_field
    async def line_items(
        parents: Sequence[OrderKey],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[LineItemConnection]:
        """The lines, in the order of the cart."""
        args = page_arguments(first, last, after, before, reverse)
        return [
            slice_list(rows, args, lambda row: (row.position, row.id)).connection(
                LineItemConnection, LineItemEdge, lambda row: line_item(row, ctx)
            )
            for rows in await ctx.load_many(loaders.lines, [parent.uuid for parent in parents])
        ]

    @batch_field
    async def requires_shipping(parents: Sequence[OrderKey], ctx: Context) -> list[bool]:
        """Whether any line is sent to the buyer."""
        found = await ctx.load_many(loaders.lines, [parent.uuid for parent in parents])
        return [any(row.requires_shipping for row in rows) for rows in found]
