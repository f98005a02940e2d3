"""Amounts and weights as merchants write them."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.money import to_minor
from commerce_graph.merchandising.errors import INVALID_INPUT, NEGATIVE_PRICE_VALUE

GRAMS = {
    "GRAMS": Decimal(1),
    "KILOGRAMS": Decimal(1000),
    "OUNCES": Decimal("28.349523125"),
    "POUNDS": Decimal("453.59237"),
}
WEIGHT_G_MAX = 2**31 - 1
PRICE_DIGITS_MAX = 9
"""Digits before the decimal point: a cart full of the dearest goods still fits into 64 bits of minor units."""


def price_minor(amount: Decimal, currency: str, path: Sequence[str]) -> int:
    """Return a price in minor units of its currency.

    Raises: Rejected(NEGATIVE_PRICE_VALUE | INVALID_INPUT) for what is below zero, has more decimal places than the
    currency, more than PRICE_DIGITS_MAX digits, or is no number.
    """
    if not amount.is_finite() or amount.adjusted() >= PRICE_DIGITS_MAX:
        raise Rejected(INVALID_INPUT, path, "is not an amount that a price can have")
    if amount < 0:
        raise Rejected(NEGATIVE_PRICE_VALUE, path, "a price is zero or more")
    try:
        return to_minor(amount, currency)
    except ValueError as wrong:
        raise Rejected(INVALID_INPUT, path, str(wrong)) from None


def weight_g(value: float | Decimal, unit: str, path: Sequence[str]) -> int:
    """Return a weight in whole grams, rounded half up.

    Raises: Rejected(INVALID_INPUT) for less than nothing, or more than WEIGHT_G_MAX.
    """
    try:
        grams = (Decimal(str(value)) * GRAMS[unit]).to_integral_value(ROUND_HALF_UP)
    except InvalidOperation:
        grams = Decimal(-1)
    if not 0 <= grams <= WEIGHT_G_MAX:
        raise Rejected(INVALID_INPUT, path, "is not a weight that a product can have")
    return int(grams)
