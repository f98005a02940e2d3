"""What a discount's terms must be."""

from commerce_graph.discount.rules.definition import BXGY, FREE_SHIPPING, ORDER, PRODUCT, SHIPPING, Discount, Items
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import (
    ATTRIBUTE_KEY_CHARS_MAX,
    CART_LINE_QUANTITY_MAX,
    DISCOUNT_CUSTOMERS_MAX,
    DISCOUNT_ITEMS_MAX,
    DISCOUNT_USES_MAX,
    TITLE_CHARS_MAX,
)

AMOUNT_MINOR_MAX = 2**53


def class_of(discount: Discount) -> str:
    """Return what a discount lowers the price of: with all goods and no amount for each, the order as a whole."""
    if discount.kind == FREE_SHIPPING:
        return SHIPPING
    whole = discount.kind != BXGY and discount.items.everything and not discount.each_item
    return ORDER if whole else PRODUCT


def text(value: str, field: str, chars_max: int) -> str:
    """Return a name without spaces around it. Raises: Rejected(BLANK | TOO_LONG | INVALID)."""
    value = value.strip()
    if not value:
        raise Rejected("BLANK", [field], "must not be empty")
    if len(value) > chars_max:
        raise Rejected("TOO_LONG", [field], f"must be at most {chars_max} characters long")
    if not value.isprintable():
        raise Rejected("INVALID", [field], "holds a character that is not printable")
    return value


def check(discount: Discount) -> None:
    """Refuse terms that cannot be.

    Limits: TITLE_CHARS_MAX, DISCOUNT_ITEMS_MAX, DISCOUNT_CUSTOMERS_MAX, DISCOUNT_USES_MAX.
    Raises: Rejected(BLANK | TOO_LONG | INVALID | VALUE_OUTSIDE_RANGE | EXCEEDED_MAX | MISSING_ARGUMENT |
    TOO_MANY_ARGUMENTS | CONFLICT).
    """
    text(discount.title, "title", TITLE_CHARS_MAX)
    if discount.code is not None:
        text(discount.code, "code", ATTRIBUTE_KEY_CHARS_MAX)
    for name, moment in (("startsAt", discount.starts_at), ("endsAt", discount.ends_at)):
        # At the ends of the calendar a time cannot be written in every zone.
        if moment is not None and not 1 < moment.year < 9999:
            raise Rejected("VALUE_OUTSIDE_RANGE", [name], "must be in the years 2 to 9998")
    if discount.ends_at is not None and discount.ends_at <= discount.starts_at:
        raise Rejected("INVALID", ["endsAt"], "must be after `startsAt`")
    _within(discount.usage_limit, ["usageLimit"], DISCOUNT_USES_MAX)
    _within(discount.minimum_quantity, ["minimumRequirement", "quantity"], DISCOUNT_USES_MAX)
    _within(discount.minimum_subtotal_minor, ["minimumRequirement", "subtotal"], AMOUNT_MINOR_MAX)
    if discount.minimum_quantity is not None and discount.minimum_subtotal_minor is not None:
        raise Rejected("CONFLICT", ["minimumRequirement"], "give a quantity or a subtotal, not both")
    if discount.customers is not None and not 0 < len(discount.customers) <= DISCOUNT_CUSTOMERS_MAX:
        told = f"name 1 to {DISCOUNT_CUSTOMERS_MAX} customers, or all"
        raise Rejected("VALUE_OUTSIDE_RANGE", ["context", "customers"], told)
    _check_items(discount.items, "customerGets")
    if discount.kind == FREE_SHIPPING:
        _check_shipping(discount)
    else:
        _check_value(discount)
    if discount.kind == BXGY:
        _check_gifts(discount)


def _within(value: int | None, field: list[str], most: int, least: int = 1) -> None:
    if value is not None and not least <= value <= most:
        raise Rejected("VALUE_OUTSIDE_RANGE", field, f"must be {least} to {most}")


def _check_items(items: Items, field: str) -> None:
    number = len(items.products) + len(items.variants) + len(items.collections)
    if items.everything and number:
        raise Rejected("CONFLICT", [field, "items"], "give all items or some of them, not both")
    if not items.everything and not number:
        raise Rejected("MISSING_ARGUMENT", [field, "items"], "say which items: all, products or collections")
    if number > DISCOUNT_ITEMS_MAX:
        told = f"names {number} items; at most {DISCOUNT_ITEMS_MAX} can be"
        raise Rejected("EXCEEDED_MAX", [field, "items"], told)


def _check_value(discount: Discount) -> None:
    at = ["customerGets", "value"]
    if (discount.percentage_bps is None) == (discount.amount_minor is None):
        raise Rejected("MISSING_ARGUMENT", at, "give a percentage or an amount, exactly one")
    if discount.kind != BXGY and discount.gets_quantity:
        raise Rejected("INVALID", [*at, "discountOnQuantity"], "is for what is given to whoever buys something else")
    if discount.percentage_bps is not None and not 1 <= discount.percentage_bps <= 10_000:
        raise Rejected("VALUE_OUTSIDE_RANGE", [*at, "percentage"], "must be over 0 and at most 1, which is everything")
    _within(discount.amount_minor, [*at, "discountAmount"], AMOUNT_MINOR_MAX)


def _check_gifts(discount: Discount) -> None:
    _check_items(discount.buys, "customerBuys")
    _within(discount.buys_quantity, ["customerBuys", "value", "quantity"], CART_LINE_QUANTITY_MAX)
    _within(discount.gets_quantity, ["customerGets", "value", "discountOnQuantity", "quantity"], CART_LINE_QUANTITY_MAX)
    _within(discount.uses_per_order_max, ["usesPerOrderLimit"], CART_LINE_QUANTITY_MAX)
    if discount.percentage_bps is None:
        at = ["customerGets", "value", "discountOnQuantity", "effect"]
        raise Rejected("MISSING_ARGUMENT", at, "give the percentage that the pieces are lowered by")


def _check_shipping(discount: Discount) -> None:
    if SHIPPING in discount.combines:
        raise Rejected("CONFLICT", ["combinesWith"], "what is free already cannot be lowered by another discount")
    _within(discount.shipping_max_minor, ["maximumShippingPrice"], AMOUNT_MINOR_MAX, 0)
    if discount.countries is not None and not discount.countries:
        raise Rejected("MISSING_ARGUMENT", ["destination"], "name a country, or all")
