"""Markets, prices and taxes as values, and the arithmetic of taxes and price ranges. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from commerce_graph.kernel.money import apply_bps, included_bps


@dataclass(frozen=True, slots=True)
class Market:
    """A market as it holds for one country. `countries` and `languages` are all of the market's."""

    id: UUID
    handle: str
    name: str
    currency: str
    language: str
    tax_included: bool
    country: str
    countries: Sequence[str]
    languages: Sequence[str]
    is_primary: bool = False

    def answer_language(self, wanted: str | None) -> str:
        """Return the language to answer in: the one asked for where the market speaks it, else its default."""
        return wanted if wanted in self.languages and wanted is not None else self.language


class Price(NamedTuple):
    """A variant's price in a market, in minor units of `currency`."""

    amount_minor: int
    compare_at_minor: int | None
    currency: str
    borrowed: bool = False
    """It is the primary market's, shown where the variant has none of its own: nobody can pay it."""


class PriceRange(NamedTuple):
    """The lowest and highest price of a product's variants, and of their prices before a reduction."""

    min_minor: int
    max_minor: int
    compare_at_min_minor: int | None
    compare_at_max_minor: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price to set, in minor units of the market's currency."""

    product_id: UUID
    variant_id: UUID
    market_id: UUID
    amount_minor: int
    compare_at_minor: int | None = None


def last_of_each(new: Sequence[NewPrice]) -> list[NewPrice]:
    """Return one price for each market and variant, the last given, in the order in which rows are locked."""
    chosen = {(price.market_id, price.variant_id): price for price in new}
    return [chosen[at] for at in sorted(chosen)]


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A tax of a place."""

    title: str
    rate_bps: int
    on_shipping: bool


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax on a purchase."""

    title: str
    rate_bps: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Taxes:
    """The taxes of a purchase: each line's share in order, the delivery's, and the total by rate."""

    by_line_minor: Sequence[int]
    shipping_minor: int
    total_minor: int
    lines: Sequence[TaxLine]


def tax(rate: TaxRate | None, lines: Sequence[tuple[int, bool]], shipping_minor: int, *, included: bool) -> Taxes:
    """Return the taxes on lines of (amount_minor, taxable) and on the delivery at one rate; None is a place untaxed.

    Each line is rounded half up by itself, so a receipt can be checked line by line and the total is their sum.
    """
    if rate is None or rate.rate_bps == 0:
        return Taxes([0] * len(lines), 0, 0, [])
    share = included_bps if included else apply_bps
    by_line = [share(amount, rate.rate_bps) if taxable else 0 for amount, taxable in lines]
    shipping = share(shipping_minor, rate.rate_bps) if rate.on_shipping else 0
    total = sum(by_line) + shipping
    return Taxes(by_line, shipping, total, [TaxLine(rate.title, rate.rate_bps, total)])
