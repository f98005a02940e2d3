"""Markets, prices and taxes: use cases, and the only door for other domains."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection


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


async def markets_for(conn: AsyncConnection, countries: Sequence[str | None]) -> Sequence[Market]:
    """Return the market of each country; None, and a country that is in no market, get the primary market.

    Shape: n keys → n results in input order; 1 statement. Fits `Context.load`.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Price:
    """A variant's price in a market, in minor units of `currency`."""

    amount_minor: int
    compare_at_minor: int | None
    currency: str


async def prices(conn: AsyncConnection, variant_ids: Sequence[UUID], market_id: UUID) -> Sequence[Price | None]:
    """Return prices. Shape: n keys → n results in input order, None where it has no price there; 1 statement."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price to set, in minor units of the market's currency."""

    product_id: UUID
    variant_id: UUID
    market_id: UUID
    amount_minor: int
    compare_at_minor: int | None = None


async def set_prices(tx: AsyncConnection, new: Sequence[NewPrice]) -> None:
    """Set prices and keep the catalogue's price ranges in step.

    Locks: the price rows in order of market and variant, then the catalogue's ranges.
    Emits: PricesChanged, one a product.
    """
    raise NotImplementedError


async def remove_prices(tx: AsyncConnection, product_id: UUID, variant_ids: Sequence[UUID]) -> None:
    """Forget the prices of removed variants and keep the ranges in step. Emits: PricesChanged."""
    raise NotImplementedError


async def primary_market(conn: AsyncConnection) -> Market:
    """Return the primary market; merchants' plain prices are in its currency. 1 statement."""
    raise NotImplementedError


async def all_markets(conn: AsyncConnection) -> Sequence[Market]:
    """Return every market, the primary one first, each as for its default country. 1 statement."""
    raise NotImplementedError


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


async def taxes(
    conn: AsyncConnection,
    country: str | None,
    province: str | None,
    lines: Sequence[tuple[int, bool]],
    shipping_minor: int,
    *,
    included: bool,
) -> Taxes:
    """Return the taxes on lines of (amount_minor, taxable) and on the delivery.

    The province's rate stands before the country's; a place without a rate, or no country, is not taxed.
    `included`: prices hold the tax already; otherwise it is added. Rounded half up by line. 1 statement.
    """
    raise NotImplementedError
