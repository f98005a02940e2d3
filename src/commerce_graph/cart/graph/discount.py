"""Discounts of a cart in the graph: codes, and what is taken off which part."""

from commerce_graph.cart.rules import APPLICABLE
from commerce_graph.cart.service import Quote, QuotedLine
from commerce_graph.discount.service import Outcome
from commerce_graph.kernel.graph import interface, object_type
from commerce_graph.kernel.values import MoneyV2, money
from commerce_graph.vocabulary import (
    DiscountApplicationAllocationMethod,
    DiscountApplicationTargetSelection,
    DiscountApplicationTargetType,
    PriceBreakdown,
    PricingValue,
    price_breakdown,
    pricing_value,
)


@object_type
class CartDiscountCode:
    """A discount code that a shopper gave, and whether it lowers the price."""

    applicable: bool
    code: str


@object_type
class CartDiscountApplication:
    """A discount as it holds for a cart."""

    allocation_method: DiscountApplicationAllocationMethod
    target_selection: DiscountApplicationTargetSelection
    target_type: DiscountApplicationTargetType
    value: PricingValue


@interface
class CartDiscountAllocation:
    """A share of a discount."""

    discount_application: CartDiscountApplication
    discounted_amount: MoneyV2
    target_type: DiscountApplicationTargetType


@object_type
class CartAutomaticDiscountAllocation(CartDiscountAllocation):
    """A share of a discount that applies by itself."""

    title: str


@object_type
class CartCodeDiscountAllocation(CartDiscountAllocation):
    """A share of a discount that a code brought."""

    code: str


def _allocation(outcome: Outcome, amount_minor: int, currency: str) -> CartDiscountAllocation:
    target = DiscountApplicationTargetType[outcome.target_type]
    application = CartDiscountApplication(
        allocation_method=DiscountApplicationAllocationMethod[outcome.allocation_method],
        target_selection=DiscountApplicationTargetSelection[outcome.target_selection],
        target_type=target,
        value=pricing_value(outcome.percentage_bps, outcome.value_minor, currency),
    )
    amount = money(amount_minor, currency)
    if outcome.code is not None:
        return CartCodeDiscountAllocation(
            discount_application=application, discounted_amount=amount, target_type=target, code=outcome.code
        )
    return CartAutomaticDiscountAllocation(
        discount_application=application, discounted_amount=amount, target_type=target, title=outcome.title
    )


def line_allocations(quoted: QuotedLine) -> list[CartDiscountAllocation]:
    """Return what discounts on products take off a line."""
    key = str(quoted.line.id)
    return [
        _allocation(each, each.by_line_minor[key], quoted.price.currency)
        for each in quoted.outcomes
        if not each.on_whole_order and key in each.by_line_minor
    ]


def cart_allocations(quote: Quote) -> list[CartDiscountAllocation]:
    """Return what discounts on the order as a whole and on the delivery take off."""
    return [
        _allocation(each, each.amount_minor, quote.currency)
        for each in quote.outcomes
        if each.applied and each.on_whole_order
    ]


def discount_codes(quote: Quote) -> list[CartDiscountCode]:
    """Return the codes that the shopper gave, and whether each lowers the price."""
    applicable = {each.code.casefold() for each in quote.outcomes if each.code and each.reason in APPLICABLE}
    return [CartDiscountCode(code=code, applicable=code.casefold() in applicable) for code in quote.cart.discount_codes]


def breakdown(quote: Quote) -> PriceBreakdown:
    """Return how the total of a cart comes about."""
    return price_breakdown(
        quote.outcomes,
        quote.currency,
        gross_minor=quote.sums.gross_minor,
        discount_minor=quote.sums.discount_minor,
        shipping_minor=quote.shipping_minor,
        tax_minor=quote.taxes.total_minor,
        total_minor=quote.total_minor,
        tax_included=quote.market.tax_included,
    )
