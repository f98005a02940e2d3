"""Money: integer minor units inside, decimal text outside (ISO 4217 exponents)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cache

from iso4217 import Currency


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of an ISO 4217 currency."""

    amount_minor: int
    currency: str


@cache
def exponent(currency: str) -> int:
    """Return the number of decimal places of a currency (JPY 0, EUR 2, KWD 3).

    Raises: ValueError for a code that ISO 4217 does not list.
    """
    places = Currency(currency).exponent
    if places is None:
        raise ValueError(f"{currency} has no minor unit")
    return places


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """Return the amount in major units, with exactly the currency's decimal places."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def to_minor(amount: Decimal, currency: str) -> int:
    """Return the amount in minor units.

    Raises: ValueError where the amount has more decimal places than the currency, is not finite, or is far too large.
    """
    if not amount.is_finite():
        raise ValueError("an amount must be a finite number")
    if amount.adjusted() > 18:  # `1E+999999` is short to write and long to compute
        raise ValueError("the amount is too large")
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{currency} has {exponent(currency)} decimal places")
    return int(scaled)


def apply_bps(amount_minor: int, rate_bps: int) -> int:
    """Return `rate_bps` hundredths of a percent of the amount, rounded half up."""
    return int((Decimal(amount_minor) * rate_bps / 10_000).to_integral_value(ROUND_HALF_UP))


def included_bps(gross_minor: int, rate_bps: int) -> int:
    """Return the tax contained in a gross amount at `rate_bps`, rounded half up."""
    return int((Decimal(gross_minor) * rate_bps / (10_000 + rate_bps)).to_integral_value(ROUND_HALF_UP))


def allocate(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Split an amount over weights so that the parts sum to it exactly (largest remainder method)."""
    total = sum(weights)
    if total == 0:
        weights, total = [1] * len(weights), len(weights)
    parts = [amount_minor * weight // total for weight in weights]
    remainders = [amount_minor * weight % total for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    for index in order[: amount_minor - sum(parts)]:
        parts[index] += 1
    return parts


def convert(amount_minor: int, source: str, target: str, rate: Decimal) -> int:
    """Return the amount in the target currency's minor units, rounded half to even."""
    major = to_decimal(amount_minor, source) * rate
    return int(major.scaleb(exponent(target)).to_integral_value(ROUND_HALF_EVEN))
