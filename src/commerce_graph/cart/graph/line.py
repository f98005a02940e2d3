"""Cart lines in the graph: what they hold and cost."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Union

import strawberry

from commerce_graph.cart.graph.discount import CartDiscountAllocation, line_allocations
from commerce_graph.cart.service import QuotedLine
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import Node, batch_field, entities, field, input_type, interface, object_type
from commerce_graph.kernel.pages import Connection, Edge, PageArguments, slice_list
from commerce_graph.kernel.values import Attribute, AttributeInput, MoneyV2, money
from commerce_graph.keys import ProductVariantKey

Merchandise = Annotated[
    Union[ProductVariantKey],  # noqa: UP007 (a union of one member has no other notation)
    strawberry.union("Merchandise", description="What can be in a cart."),
]


def named(attributes: Sequence[tuple[str, str]]) -> list[Attribute]:
    """Return attributes in their order."""
    return [Attribute(key=key, value=value) for key, value in attributes]


@object_type
class CartLineCost:
    """What a cart line costs."""

    amount_per_quantity: MoneyV2
    compare_at_amount_per_quantity: MoneyV2 | None
    subtotal_amount: MoneyV2
    total_amount: MoneyV2


@object_type
class CartLineInstructions:
    """What a shopper may do to a cart line."""

    can_remove: bool = True
    can_update_quantity: bool = True


@interface
class BaseCartLine(Node):
    """A line of a cart: some of one thing, with the attributes that set it apart."""

    kind: ClassVar[str] = "CartLine"
    quoted: strawberry.Private[QuotedLine]

    @property
    def uuid(self) -> object:
        """The line's key."""
        return self.quoted.line.id

    @field
    def quantity(self) -> int:
        """How many the shopper means to buy."""
        return self.quoted.line.quantity

    @field
    def attributes(self) -> list[Attribute]:
        """What a client attached to the line, in order of the keys."""
        return named(self.quoted.line.attributes)

    @field
    def attribute(self, key: str) -> Attribute | None:
        """One of the line's attributes."""
        return next((each for each in named(self.quoted.line.attributes) if each.key == key), None)

    @field
    def cost(self) -> CartLineCost:
        """What the line costs now."""
        price = self.quoted.price
        compare = price.compare_at_minor
        return CartLineCost(
            amount_per_quantity=money(price.amount_minor, price.currency),
            compare_at_amount_per_quantity=None if compare is None else money(compare, price.currency),
            subtotal_amount=money(self.quoted.gross_minor, price.currency),
            total_amount=money(self.quoted.total_minor, price.currency),
        )

    @field
    def discount_allocations(self) -> list[CartDiscountAllocation]:
        """What discounts on products take off the line."""
        return line_allocations(self.quoted)

    @batch_field
    async def merchandise(parents: Sequence["BaseCartLine"], ctx: Context) -> list[Merchandise]:
        """What the shopper means to buy."""
        return await entities(ctx, ProductVariantKey, [each.quoted.line.variant_id for each in parents])


@object_type
class CartLineParentRelationship:
    """How a line depends on another of its cart."""

    parent: Annotated["CartLine", strawberry.lazy("commerce_graph.cart.graph.line")]


@object_type
class CartLine(BaseCartLine):
    """A line of a cart: some of one thing, with the attributes that set it apart."""

    @field
    def instructions(self) -> CartLineInstructions:
        """What a shopper may do to the line."""
        return CartLineInstructions()

    @field
    def parent_relationship(self) -> CartLineParentRelationship | None:
        """The line that this one depends on. No line depends on another yet."""
        return None


@object_type
class ComponentizableCartLine(BaseCartLine):
    """A line that is sold as several. Storefronts ask for it; none is sold yet."""

    @field(length=1)
    def line_components(self) -> list[CartLine]:
        """The parts of the line."""
        return []


@object_type
class BaseCartLineConnection(Connection[BaseCartLine]):
    """A page of cart lines."""


@object_type
class BaseCartLineEdge(Edge[BaseCartLine]):
    """A cart line and its cursor."""


@input_type
class CartLineInput:
    """A line to add to a cart."""

    merchandise_id: strawberry.ID
    quantity: int | None = 1
    attributes: list[AttributeInput] | None = None


@input_type
class CartLineUpdateInput:
    """A change of a cart line; what is left out stays as it is. A quantity of 0 removes the line."""

    id: strawberry.ID
    quantity: int | None = None
    merchandise_id: strawberry.ID | None = None
    attributes: list[AttributeInput] | None = None


def line_page(lines: Sequence[QuotedLine], args: PageArguments) -> BaseCartLineConnection:
    """Return a page of a cart's lines, in the order in which they were added."""
    page = slice_list(lines, args, key=lambda each: [each.line.position, each.line.id])
    made: BaseCartLineConnection = page.connection(
        BaseCartLineConnection, BaseCartLineEdge, lambda each: CartLine(quoted=each)
    )
    return made
