"""Discounts in the graph, as Admin has them: a node by its method, and in it a discount by its kind."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self, Union
from uuid import UUID

import strawberry

from commerce_graph.discount import loaders
from commerce_graph.discount.graph.terms import (
    READ_DISCOUNTS,
    DiscountClass,
    DiscountCombinesWith,
    DiscountContext,
    DiscountCustomerBuys,
    DiscountCustomerGets,
    DiscountMinimumRequirement,
    DiscountQuantity,
    DiscountShippingDestinationSelection,
    DiscountStatus,
    context_of,
    destination_of,
    gets_of,
    items_of,
    minimum_of,
)
from commerce_graph.discount.rules import Discount
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import field, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.pages import Connection, Edge, page_arguments, slice_list
from commerce_graph.kernel.scalars import UnsignedInt64
from commerce_graph.kernel.values import MoneyV2, money
from commerce_graph.keys import DiscountAutomaticNodeKey, DiscountCodeNodeKey
from commerce_graph.vocabulary import Count


@object_type(access=READ_DISCOUNTS)
class DiscountRedeemCode:
    """A code that brings a discount."""

    code: str = strawberry.field(description="The code; its case does not matter.")


@object_type(access=READ_DISCOUNTS)
class DiscountRedeemCodeEdge(Edge[DiscountRedeemCode]):
    """A code and its cursor."""


@object_type(access=READ_DISCOUNTS)
class DiscountRedeemCodeConnection(Connection[DiscountRedeemCode]):
    """A page of codes."""


@object_type(access=READ_DISCOUNTS)
class _Any:
    """What every discount says of itself."""

    row: strawberry.Private[loaders.DiscountRow]
    terms: strawberry.Private[Discount]

    @field
    def title(self) -> str:
        """What it is called."""
        return self.row.title

    @field
    def status(self) -> DiscountStatus:
        """Whether it runs now."""
        at = now()
        if self.row.ends_at is not None and self.row.ends_at <= at:
            return DiscountStatus.EXPIRED
        return DiscountStatus.SCHEDULED if self.row.starts_at > at else DiscountStatus.ACTIVE

    @field
    def starts_at(self) -> datetime:
        """When it begins."""
        return self.row.starts_at

    @field
    def ends_at(self) -> datetime | None:
        """When it ends; null where it does not."""
        return self.row.ends_at

    @field
    def created_at(self) -> datetime:
        """When it was created."""
        return self.row.created_at

    @field
    def updated_at(self) -> datetime:
        """When it was last changed."""
        return self.row.updated_at

    @field
    def discount_class(self) -> DiscountClass:
        """What it lowers the price of."""
        return DiscountClass[self.row.discount_class]

    @field
    def combines_with(self) -> DiscountCombinesWith:
        """Which others it goes with."""
        classes = self.terms.combines
        return DiscountCombinesWith(
            order_discounts="ORDER" in classes,
            product_discounts="PRODUCT" in classes,
            shipping_discounts="SHIPPING" in classes,
        )

    @field
    def priority(self) -> int:
        """Of those that are taken off together in one class, the lowest comes first; the oldest among equals."""
        return self.row.priority

    @field
    def async_usage_count(self) -> int:
        """How often it was used, by purchases that are under way too."""
        return self.row.uses


@object_type(access=READ_DISCOUNTS)
class _Code(_Any):
    """What every discount with codes says of itself."""

    @field
    def codes(
        self, first: int | None = None, last: int | None = None, after: str | None = None, before: str | None = None,
        reverse: bool | None = False,
    ) -> DiscountRedeemCodeConnection:  # fmt: skip
        """Its codes, the oldest first."""
        args = page_arguments(first, last, after, before, reverse)
        page = slice_list(list(enumerate(self.row.codes)), args, lambda at: (at[0],))
        made: DiscountRedeemCodeConnection = page.connection(
            DiscountRedeemCodeConnection, DiscountRedeemCodeEdge, lambda at: DiscountRedeemCode(code=at[1])
        )
        return made

    @field
    def codes_count(self) -> Count:
        """How many codes it has."""
        return Count(count=len(self.row.codes))

    @field
    def usage_limit(self) -> int | None:
        """How often it can be used by all together; null where that is not limited."""
        return self.row.usage_limit

    @field
    def applies_once_per_customer(self) -> bool:
        """Whether a customer can have it once."""
        return self.row.once_per_customer

    @field
    def context(self) -> DiscountContext:
        """Whom it is for."""
        return context_of(self.terms)


@object_type(access=READ_DISCOUNTS)
class _Basic(_Any):
    """An amount or a percentage off."""

    @field
    def customer_gets(self) -> DiscountCustomerGets:
        """What it takes off, and of which goods."""
        return gets_of(self.terms)

    @field
    def minimum_requirement(self) -> DiscountMinimumRequirement | None:
        """What a cart must hold at least."""
        return minimum_of(self.terms)


@object_type(access=READ_DISCOUNTS)
class _Bxgy(_Any):
    """Pieces given to whoever buys others."""

    @field
    def customer_buys(self) -> DiscountCustomerBuys:
        """What has to be bought."""
        quantity = DiscountQuantity(quantity=UnsignedInt64(self.terms.buys_quantity))
        return DiscountCustomerBuys(items=items_of(self.terms.buys), value=quantity)

    @field
    def customer_gets(self) -> DiscountCustomerGets:
        """What is given for it."""
        return gets_of(self.terms)

    @field
    def uses_per_order_limit(self) -> int | None:
        """How many times in one order; null where that is not limited."""
        return self.terms.uses_per_order_max


@object_type(access=READ_DISCOUNTS)
class _FreeShipping(_Any):
    """A delivery that costs nothing."""

    @field
    def minimum_requirement(self) -> DiscountMinimumRequirement | None:
        """What a cart must hold at least."""
        return minimum_of(self.terms)

    @field
    def destination_selection(self) -> DiscountShippingDestinationSelection:
        """Where the delivery may go."""
        return destination_of(self.terms)

    @field
    def maximum_shipping_price(self) -> MoneyV2 | None:
        """What the delivery may cost at most; null where that is not limited."""
        most, currency = self.terms.shipping_max_minor, self.terms.currency
        return None if most is None or currency is None else money(most, currency)


@object_type(access=READ_DISCOUNTS)
class DiscountCodeBasic(_Code, _Basic):
    """An amount or a percentage off, for who gives a code."""


@object_type(access=READ_DISCOUNTS)
class DiscountCodeBxgy(_Code, _Bxgy):
    """Pieces given to whoever buys others and gives a code."""


@object_type(access=READ_DISCOUNTS)
class DiscountCodeFreeShipping(_Code, _FreeShipping):
    """A delivery that costs nothing, for who gives a code."""


@object_type(access=READ_DISCOUNTS)
class DiscountAutomaticBasic(_Basic):
    """An amount or a percentage off, that applies by itself."""


@object_type(access=READ_DISCOUNTS)
class DiscountAutomaticBxgy(_Bxgy):
    """Pieces given to whoever buys others, that apply by themselves."""


@object_type(access=READ_DISCOUNTS)
class DiscountAutomaticFreeShipping(_FreeShipping):
    """A delivery that costs nothing, that applies by itself."""


DiscountCode = Annotated[
    Union[DiscountCodeBasic, DiscountCodeBxgy, DiscountCodeFreeShipping],  # noqa: UP007 (strawberry names unions by it)
    strawberry.union("DiscountCode", description="A discount that codes bring, by its kind."),
]
DiscountAutomatic = Annotated[
    Union[DiscountAutomaticBasic, DiscountAutomaticBxgy, DiscountAutomaticFreeShipping],  # noqa: UP007
    strawberry.union("DiscountAutomatic", description="A discount that applies by itself, by its kind."),
]

KINDS: dict[tuple[str, str], Any] = {
    ("CODE", "BASIC"): DiscountCodeBasic,
    ("CODE", "BXGY"): DiscountCodeBxgy,
    ("CODE", "FREE_SHIPPING"): DiscountCodeFreeShipping,
    ("AUTOMATIC", "BASIC"): DiscountAutomaticBasic,
    ("AUTOMATIC", "BXGY"): DiscountAutomaticBxgy,
    ("AUTOMATIC", "FREE_SHIPPING"): DiscountAutomaticFreeShipping,
}


def _of_kind(row: loaders.DiscountRow) -> Any:
    return KINDS[row.method, row.kind](row=row, terms=loaders.terms(row))


async def _rows(ctx: Context, method: str, uuids: Sequence[UUID]) -> list[loaders.DiscountRow | None]:
    if not ctx.principal.may(READ_DISCOUNTS):
        return [None] * len(uuids)
    rows = await ctx.load_many(loaders.discounts, uuids)
    return [row if row is not None and row.method == method else None for row in rows]


@object_type(access=READ_DISCOUNTS)
class DiscountCodeNode(DiscountCodeNodeKey):
    """A discount that codes bring."""

    row: strawberry.Private[loaders.DiscountRow]

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load discounts with codes, for who may read discounts."""
        return [None if row is None else cls(uuid=row.id, row=row) for row in await _rows(ctx, "CODE", uuids)]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("DiscountCodeNode", self.row.id))

    @field
    def code_discount(self) -> DiscountCode:
        """The discount, by its kind."""
        return _of_kind(self.row)  # type: ignore[no-any-return]


@object_type(access=READ_DISCOUNTS)
class DiscountAutomaticNode(DiscountAutomaticNodeKey):
    """A discount that applies by itself."""

    row: strawberry.Private[loaders.DiscountRow]

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load automatic discounts, for who may read discounts."""
        return [None if row is None else cls(uuid=row.id, row=row) for row in await _rows(ctx, "AUTOMATIC", uuids)]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid("DiscountAutomaticNode", self.row.id))

    @field
    def automatic_discount(self) -> DiscountAutomatic:
        """The discount, by its kind."""
        return _of_kind(self.row)  # type: ignore[no-any-return]
