"""Whether a purchase may have a discount, by its terms alone."""

from enum import Enum

from commerce_graph.discount.rules.definition import FREE_SHIPPING, PRODUCT, Discount, Purchase


class Reason(Enum):
    """Why a discount was taken off or not, with what a shopper is told of it."""

    APPLIED = "It was taken off."
    CURRENTLY_INACTIVE = "It does not run now."
    USAGE_LIMIT_REACHED = "It was used as often as it may be."
    ELIGIBLE_CUSTOMER_MISSING = "It is for certain customers: sign in to have it."
    CUSTOMER_NOT_ELIGIBLE = "It is for other customers."
    CUSTOMER_USAGE_LIMIT_REACHED = "It can be had once, and was."
    CURRENCY_MISMATCH = "It is in another currency than the cart."
    NO_ENTITLED_LINE_ITEMS = "Nothing in the cart is what it is for."
    QUANTITY_NOT_IN_RANGE = "There is too little in the cart for it."
    PURCHASE_NOT_IN_RANGE = "The cart costs too little for it."
    NO_ENTITLED_SHIPPING_LINES = "The delivery is not one that it is for."
    DELIVERY_NOT_CHOSEN = "It is taken off as soon as a delivery is chosen."
    NOT_COMBINED = "It does not go with a better discount."
    NO_EFFECT = "It takes nothing off this cart."


def refused(discount: Discount, purchase: Purchase) -> Reason | None:
    """Return why a purchase may not have a discount, None where it may."""
    return _by_time_and_use(discount, purchase) or _by_buyer(discount, purchase) or _by_goods(discount, purchase)


def _by_time_and_use(discount: Discount, purchase: Purchase) -> Reason | None:
    if purchase.at < discount.starts_at or (discount.ends_at is not None and purchase.at >= discount.ends_at):
        return Reason.CURRENTLY_INACTIVE
    if discount.usage_limit is not None and discount.used >= discount.usage_limit:
        return Reason.USAGE_LIMIT_REACHED
    return None


def _by_buyer(discount: Discount, purchase: Purchase) -> Reason | None:
    if discount.customers is not None:
        if purchase.customer_id is None:
            return Reason.ELIGIBLE_CUSTOMER_MISSING
        if purchase.customer_id not in discount.customers:
            return Reason.CUSTOMER_NOT_ELIGIBLE
    if discount.once_per_customer and discount.used_before:
        return Reason.CUSTOMER_USAGE_LIMIT_REACHED
    # An amount is in one currency, and no rate is made up for the others.
    if discount.currency is not None and discount.currency != purchase.currency:
        return Reason.CURRENCY_MISMATCH
    return None


def _by_goods(discount: Discount, purchase: Purchase) -> Reason | None:
    entitled = [line for line in purchase.lines if discount.items.cover(line)]
    if not entitled:
        return Reason.NO_ENTITLED_LINE_ITEMS
    # Prices before discounts decide, so that no discount makes another one unreachable.
    counting = entitled if discount.discount_class == PRODUCT else list(purchase.lines)
    if sum(line.quantity for line in counting) < (discount.minimum_quantity or 0):
        return Reason.QUANTITY_NOT_IN_RANGE
    if sum(line.gross_minor for line in counting) < (discount.minimum_subtotal_minor or 0):
        return Reason.PURCHASE_NOT_IN_RANGE
    return _by_delivery(discount, purchase) if discount.kind == FREE_SHIPPING else None


def _by_delivery(discount: Discount, purchase: Purchase) -> Reason | None:
    if not purchase.delivered:
        return Reason.NO_ENTITLED_SHIPPING_LINES
    if discount.countries is not None and purchase.country is not None and purchase.country not in discount.countries:
        return Reason.NO_ENTITLED_SHIPPING_LINES
    if purchase.shipping_minor is None:
        return Reason.DELIVERY_NOT_CHOSEN
    if discount.shipping_max_minor is not None and purchase.shipping_minor > discount.shipping_max_minor:
        return Reason.NO_ENTITLED_SHIPPING_LINES
    return None
