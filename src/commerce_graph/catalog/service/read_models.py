"""Read models that the domains above keep, each in the transaction of its own change."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection


async def note_price_ranges(tx: AsyncConnection, ranges: Sequence[tuple[UUID, UUID, int, int]]) -> None:
    """Keep the read model of prices: (product, market, min_minor, max_minor). Called in the price's transaction.

    Locks: the product's price rows, in order of product and market.
    """
    raise NotImplementedError


async def note_availability(tx: AsyncConnection, available: Mapping[UUID, bool]) -> None:
    """Keep the read model of availability, by variant. Called where stock crosses the line, in its transaction.

    Locks: the variants' rows, then their products', each in order of id.
    """
    raise NotImplementedError


async def note_sales(tx: AsyncConnection, sold: Mapping[UUID, int]) -> None:
    """Add sold quantities to products, for BEST_SELLING. Locks: the products' rows in order of id."""
    raise NotImplementedError
