"""Discounts of an order in the graph: what was taken off, where, and how the total came about."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from commerce_graph.discount import service as discounts
from commerce_graph.discount.service import Outcome
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, interface, object_type
from commerce_graph.kernel.limits import DISCOUNTS_WEIGHED_MAX
from commerce_graph.kernel.pages import Connection, Edge, PageArguments, page_arguments, slice_list
from commerce_graph.kernel.values import MoneyV2, money
from commerce_graph.keys import OrderKey
from commerce_graph.order import loaders
from commerce_graph.order.graph.money import MoneyBag, bag
from commerce_graph.vocabulary import (
    DiscountApplicationAllocationMethod,
    DiscountApplicationTargetSelection,
    DiscountApplicationTargetType,
    PriceBreakdown,
    PricingValue,
    price_breakdown,
    pricing_value,
)


@interface
class DiscountApplication:
    """A discount as it was taken off."""

    allocation_method: DiscountApplicationAllocationMethod
    target_selection: DiscountApplicationTargetSelection
    target_type: DiscountApplicationTargetType
    value: PricingValue


@object_type
class AutomaticDiscountApplication(DiscountApplication):
    """A discount that applied by itself."""

    title: str


@object_type
class DiscountCodeApplication(DiscountApplication):
    """A discount that a code brought."""

    applicable: bool = True
    code: str


@object_type
class DiscountAllocation:
    """What a discount took off a line."""

    allocated_amount: MoneyV2
    allocated_amount_set: MoneyBag
    discount_application: DiscountApplication


@object_type
class DiscountApplicationEdge(Edge[DiscountApplication]):
    """A discount and its cursor."""


@object_type
class DiscountApplicationConnection(Connection[DiscountApplication]):
    """A page of discounts."""


def _application(told: Outcome, currency: str) -> DiscountApplication:
    method = DiscountApplicationAllocationMethod[told.allocation_method]
    selection = DiscountApplicationTargetSelection[told.target_selection]
    target = DiscountApplicationTargetType[told.target_type]
    value = pricing_value(told.percentage_bps, told.value_minor, currency)
    if told.code is None:
        return AutomaticDiscountApplication(
            allocation_method=method, target_selection=selection, target_type=target, value=value, title=told.title
        )
    return DiscountCodeApplication(
        allocation_method=method, target_selection=selection, target_type=target, value=value, code=told.code
    )


def _applied(stored: Mapping[str, Any] | None) -> list[Outcome]:
    told = discounts.from_documents(stored["outcomes"]) if stored else ()
    return [each for each in told if each.applied]


def line_allocations(stored: Mapping[str, Any] | None, line_id: UUID, currency: str) -> list[DiscountAllocation]:
    """Return what each discount took off a line, from what its order keeps."""
    key = str(line_id)
    return [
        DiscountAllocation(
            allocated_amount=money(each.by_line_minor[key], currency),
            allocated_amount_set=bag(each.by_line_minor[key], currency),
            discount_application=_application(each, currency),
        )
        for each in _applied(stored)
        if key in each.by_line_minor
    ]


def _breakdown(stored: Mapping[str, Any], currency: str) -> PriceBreakdown:
    amounts = ("gross_minor", "discount_minor", "shipping_minor", "tax_minor", "total_minor")
    return price_breakdown(
        discounts.from_documents(stored["outcomes"]),
        currency,
        tax_included=stored["factors"]["tax_included"],
        **{name: stored[name] for name in amounts},
    )


def _page(told: Sequence[Outcome], currency: str, args: PageArguments) -> DiscountApplicationConnection:
    page = slice_list(list(enumerate(told)), args, lambda at: (at[0],))
    made: DiscountApplicationConnection = page.connection(
        DiscountApplicationConnection, DiscountApplicationEdge, lambda at: _application(at[1], currency)
    )
    return made


@object_type(name="Order")
class OrderDiscounts(OrderKey):
    """What was taken off an order."""

    @batch_field(length=DISCOUNTS_WEIGHED_MAX)
    async def discount_codes(parents: Sequence[OrderKey], ctx: Context) -> list[list[str]]:
        """The codes that lowered the price."""
        return [[each.code for each in told if each.code] for told in await _told(parents, ctx)]

    @batch_field
    async def total_discounts_set(parents: Sequence[OrderKey], ctx: Context) -> list[MoneyBag]:
        """All that discounts took off, of the delivery too."""
        rows = await ctx.load_many(loaders.orders, [parent.uuid for parent in parents])
        return [bag(row.discount_minor, row.currency) for row in rows]

    @batch_field
    async def discount_applications(
        parents: Sequence[OrderKey],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
    ) -> list[DiscountApplicationConnection]:
        """The discounts that were taken off, in the order in which they were."""
        args = page_arguments(first, last, after, before, reverse)
        rows = await ctx.load_many(loaders.orders, [parent.uuid for parent in parents])
        return [_page(told, row.currency, args) for told, row in zip(await _told(parents, ctx), rows, strict=True)]

    @batch_field
    async def price_breakdown(parents: Sequence[OrderKey], ctx: Context) -> list[PriceBreakdown | None]:
        """How the total came about: each discount that was considered, whether it was taken off, and why.

        Null where the order was not placed from a cart.
        """
        ids = [parent.uuid for parent in parents]
        rows = await ctx.load_many(loaders.orders, ids)
        kept = await ctx.load_many(loaders.breakdowns, ids)
        return [
            _breakdown(stored, row.currency) if stored and row else None for stored, row in zip(kept, rows, strict=True)
        ]


async def _told(orders: Sequence[OrderKey], ctx: Context) -> list[list[Outcome]]:
    return [_applied(stored) for stored in await ctx.load_many(loaders.breakdowns, [each.uuid for each in orders])]
