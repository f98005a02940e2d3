"""Prices of the demo shop as people write them: each currency has its own natural endings."""

from collections.abc import Mapping

CURRENCIES = ("EUR", "USD", "JPY")
RATES: Mapping[str, float] = {"EUR": 1.0, "USD": 1.12, "JPY": 163.0}


def price(euros: float, currency: str) -> int:
    """Return a price near `euros` in minor units of the currency, with an ending that shoppers are used to.

    EUR ends in .90, from 100 on in 9.00; USD in .95, from 100 on in 5.00 or 0.00; JPY in 80, from 10,000 on in 800.
    """
    amount = euros * RATES[currency]
    if currency == "JPY":
        step, less = (1_000, 200) if amount >= 10_000 else (100, 20)
        return max(round(amount / step), 1) * step - less
    if amount >= 100:
        step = 10 if currency == "EUR" else 5
        return (round(amount / step) * step - (1 if currency == "EUR" else 0)) * 100
    return max(round(amount), 1) * 100 - (10 if currency == "EUR" else 5)


def prices(euros: float) -> tuple[int, ...]:
    """Return the price in each of CURRENCIES."""
    return tuple(price(euros, currency) for currency in CURRENCIES)


def before(now: tuple[int, ...], euros: float, off_percent: int) -> tuple[int, ...]:
    """Return what it cost before `off_percent` was taken off; always more than `now`."""
    was = prices(euros * 100 / (100 - off_percent))
    least = {"EUR": 100, "USD": 100, "JPY": 100}
    return tuple(
        max(old, new + least[currency]) for old, new, currency in zip(was, now, CURRENCIES, strict=True)
    )  # fmt: skip
