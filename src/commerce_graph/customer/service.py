"""Customers: use cases, and the only door for other domains."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.address import PostalAddress


@dataclass(frozen=True, slots=True)
class Profile:
    """What other domains may know of a customer."""

    id: UUID
    email: str
    phone: str | None
    first_name: str | None
    last_name: str | None
    default_address: PostalAddress | None


async def customer_of_token(conn: AsyncConnection, token: str) -> UUID | None:
    """Return whose access token it is, None where it is unknown or has expired. 1 statement."""
    raise NotImplementedError


async def profiles(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Profile | None]:
    """Return customers. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    raise NotImplementedError
