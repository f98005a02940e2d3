"""Payments: every call to a provider is recorded before it is made, safe to repeat, and never inside a transaction.

The only door for other domains. Amounts: minor units of the order's currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.database import Database


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a payment step.

    `status`: SUCCESS; FAILURE (`code` is a CompletionErrorCode member, such as PAYMENT_CARD_DECLINED); ACTION (the
    buyer must visit `action_url`); UNKNOWN (no answer: ask again later, never assume).
    """

    status: str
    code: str | None = None
    message: str | None = None
    action_url: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What has happened to an order's money."""

    currency: str
    due_minor: int
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    voided_minor: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """One step with a provider, as Admin's OrderTransaction."""

    id: UUID
    order_id: UUID
    kind: str
    status: str
    amount_minor: int
    currency: str
    provider: str
    reference: str | None
    parent_id: UUID | None
    error_code: str | None
    message: str | None
    created_at: datetime
    processed_at: datetime | None


async def open_balance(tx: AsyncConnection, order_id: UUID, amount_minor: int, currency: str) -> None:
    """Open the books of an order that is about to be paid. Repeating it changes nothing. 1 statement."""
    raise NotImplementedError


async def authorize(db: Database, order_id: UUID, session_id: str) -> Outcome:
    """Ask the provider to set the amount due aside. Repeated calls have one effect and give the latest outcome.

    Limits: PROVIDER_TIMEOUT_S for an answer, then the provider is asked what it knows; still nothing: UNKNOWN.
    Locks: the balance, for the moment before and after the call; none during it.
    """
    raise NotImplementedError


async def capture(db: Database, order_id: UUID) -> Outcome:
    """Take what was authorised and not yet captured. Repeated calls have one effect. Limits, locks: as `authorize`."""
    raise NotImplementedError


async def void(db: Database, order_id: UUID) -> Outcome:
    """Let go of what was authorised and not captured; SUCCESS where there is nothing to let go of."""
    raise NotImplementedError


async def refund(db: Database, order_id: UUID, amount_minor: int, key: str) -> Outcome:
    """Give captured money back. `key` names the refund: the same key has one effect.

    Raises: Rejected(INVALID) for more than was captured and not yet refunded.
    """
    raise NotImplementedError


async def mark_as_paid(tx: AsyncConnection, order_id: UUID) -> None:
    """Record that the amount due was paid outside (cash, bank transfer): a SALE by the provider `manual`.

    Locks: the balance.
    Raises: Rejected(INVALID) where nothing is due.
    """
    raise NotImplementedError


async def balances(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[Balance | None]:
    """Return balances. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    raise NotImplementedError


async def transactions(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[Sequence[Transaction]]:
    """Return transactions, oldest first. Shape: n keys → n lists in input order; 1 statement."""
    raise NotImplementedError
