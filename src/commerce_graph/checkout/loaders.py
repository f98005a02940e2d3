"""Batched reads of purchases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.checkout.tables import attempt
from commerce_graph.kernel.statements import any_key


@dataclass(frozen=True, slots=True)
class Attempt:
    """A purchase that is under way, done or given up."""

    id: UUID
    cart_id: UUID
    token: str
    order_id: UUID
    state: str
    amount_minor: int
    gift_card_minor: int
    currency: str
    session_id: str | None
    action_url: str | None
    error_code: str | None
    error_message: str | None
    tries: int
    held_until: datetime
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


COLUMNS = tuple(attempt.c[member.name] for member in fields(Attempt))
"""All but the snapshot, which only placing the order needs."""
_ATTEMPTS = select(*COLUMNS).where(attempt.c.id == any_key())
_ATTEMPTS_OF = select(*COLUMNS).where(attempt.c.cart_id == any_key()).order_by(attempt.c.id.desc())


def to_attempt(row: Mapping[Any, Any]) -> Attempt:
    """Return a row of COLUMNS as a purchase."""
    return Attempt(**{member.name: row[member.name] for member in fields(Attempt)})


async def attempts(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Attempt | None]:
    """Return purchases. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    rows = (await conn.execute(_ATTEMPTS, {"keys": list(ids)})).mappings()
    found = {row["id"]: to_attempt(row) for row in rows}
    return [found.get(each) for each in ids]


async def attempts_of(conn: AsyncConnection, cart_ids: Sequence[UUID]) -> Sequence[Sequence[Attempt]]:
    """Return carts' purchases, the latest first. Shape: n keys → n lists in input order; 1 statement."""
    found: dict[UUID, list[Attempt]] = {cart_id: [] for cart_id in cart_ids}
    for row in (await conn.execute(_ATTEMPTS_OF, {"keys": list(cart_ids)})).mappings():
        found[row["cart_id"]].append(to_attempt(row))
    return [found[cart_id] for cart_id in cart_ids]
