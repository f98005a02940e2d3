"""Merchants write gift cards: create and change them, put money on or take it off, and end them for good."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import func, insert, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.gift_card.rules import Card, check_code, folded
from commerce_graph.gift_card.service.codes import fingerprint, new_code
from commerce_graph.gift_card.service.ledger import Entry, enter, lock
from commerce_graph.gift_card.tables import card, entry
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import GIFT_CARD_MINOR_MAX, MOMENT_YEAR_MIN, TEXT_CHARS_MAX


@dataclass(frozen=True, slots=True)
class NewCard:
    """A gift card to create; without a code it gets a random one."""

    initial_minor: int
    currency: str
    code: str | None = field(default=None, repr=False)
    expires_on: date | None = None
    note: str | None = None
    customer_id: UUID | None = None


class Change(TypedDict, total=False):
    """What of a gift card changes; a member that is missing stays as it is, None empties it."""

    expires_on: date | None
    note: str | None
    customer_id: UUID | None


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Money to put on a card, or to take off it."""

    amount_minor: int
    currency: str
    note: str | None = None
    processed_at: datetime | None = None


async def create(tx: AsyncConnection, secret: bytes, new: NewCard) -> tuple[UUID, str]:
    """Create a gift card, and return its key and its code, which nobody can read again. 2 statements.

    Limits: 1..GIFT_CARD_MINOR_MAX; GIFT_CARD_CODE_CHARS_MIN..GIFT_CARD_CODE_CHARS_MAX; TEXT_CHARS_MAX.
    Raises: Rejected(GREATER_THAN | INVALID | TAKEN | TOO_LONG | TOO_SHORT).
    """
    if new.initial_minor <= 0:
        raise Rejected("GREATER_THAN", ["initialValue"], "must be greater than 0")
    if new.initial_minor > GIFT_CARD_MINOR_MAX:
        raise Rejected("INVALID", ["initialValue"], f"must be at most {GIFT_CARD_MINOR_MAX} minor units")
    _check_note(new.note, "TOO_LONG")
    code = new_code() if new.code is None else folded(new.code)
    check_code(code)
    card_id = new_id()
    row = {
        "id": card_id, "hash": fingerprint(secret, code), "last_characters": code[-4:], "currency": new.currency,
        "initial_minor": new.initial_minor, "balance_minor": new.initial_minor, "expires_on": new.expires_on,
        "note": new.note, "customer_id": new.customer_id,
    }  # fmt: skip
    adding = postgresql.insert(card).values(row).on_conflict_do_nothing().returning(card.c.id)
    if (await tx.execute(adding)).one_or_none() is None:
        raise Rejected("TAKEN", ["code"], "another gift card has this code")
    issued = {"id": new_id(), "card_id": card_id, "kind": "ISSUE", "amount_minor": new.initial_minor}
    await tx.execute(insert(entry).values(issued))
    return card_id, code


async def change(tx: AsyncConnection, card_id: UUID, values: Change) -> None:
    """Change what a gift card says. 2 statements. Limits: TEXT_CHARS_MAX.

    Locks: the card. Raises: Rejected(GIFT_CARD_NOT_FOUND | INVALID).
    """
    _check_note(values.get("note"), "INVALID")
    await _locked(tx, card_id)
    await _write(tx, card_id, **values)


async def deactivate(tx: AsyncConnection, card_id: UUID) -> None:
    """Let a gift card pay nothing any more, for good; its balance stays. Repeating it changes nothing.

    Locks: the card. Raises: Rejected(GIFT_CARD_NOT_FOUND).
    """
    if (await _locked(tx, card_id)).deactivated_at is None:
        await _write(tx, card_id, deactivated_at=now())


async def credit(tx: AsyncConnection, card_id: UUID, by: Adjustment) -> UUID:
    """Put money on a gift card, and return the entry's key. 2 statements. Limits: GIFT_CARD_MINOR_MAX on it.

    Locks: the card. Raises: Rejected(GIFT_CARD_NOT_FOUND | GIFT_CARD_LIMIT_EXCEEDED | INVALID | MISMATCHING_CURRENCY |
    NEGATIVE_OR_ZERO_AMOUNT).
    """
    found = await _adjustable(tx, card_id, by, "creditAmount")
    if found.balance_minor + by.amount_minor > GIFT_CARD_MINOR_MAX:
        told = f"a gift card holds at most {GIFT_CARD_MINOR_MAX} minor units"
        raise Rejected("GIFT_CARD_LIMIT_EXCEEDED", ["creditAmount"], told)
    return await _adjust(tx, card_id, by, "CREDIT", by.amount_minor)


async def debit(tx: AsyncConnection, card_id: UUID, by: Adjustment) -> UUID:
    """Take money off a gift card, and return the entry's key. 2 statements.

    Locks: the card. Raises: Rejected(GIFT_CARD_NOT_FOUND | INSUFFICIENT_FUNDS | INVALID | MISMATCHING_CURRENCY |
    NEGATIVE_OR_ZERO_AMOUNT).
    """
    found = await _adjustable(tx, card_id, by, "debitAmount")
    if found.balance_minor < by.amount_minor:
        raise Rejected("INSUFFICIENT_FUNDS", ["debitAmount"], "the gift card does not hold so much")
    return await _adjust(tx, card_id, by, "DEBIT", -by.amount_minor)


async def _adjust(tx: AsyncConnection, card_id: UUID, by: Adjustment, kind: str, amount_minor: int) -> UUID:
    (entry_id,) = await enter(tx, [Entry(card_id, kind, amount_minor, by.note, by.processed_at)])
    return entry_id


async def _adjustable(tx: AsyncConnection, card_id: UUID, by: Adjustment, name: str) -> Card:
    _check_note(by.note, "INVALID")
    if by.amount_minor <= 0:
        raise Rejected("NEGATIVE_OR_ZERO_AMOUNT", [name], "must be greater than 0")
    if by.processed_at is not None and not (by.processed_at.year >= MOMENT_YEAR_MIN and by.processed_at <= now()):
        raise Rejected("INVALID", ["processedAt"], f"must lie between {MOMENT_YEAR_MIN} and now")
    found = await _locked(tx, card_id)
    if found.currency != by.currency:
        raise Rejected("MISMATCHING_CURRENCY", [name], f"the gift card is in {found.currency}")
    if found.deactivated_at is not None:
        raise Rejected("INVALID", ["id"], "the gift card is not active any more")
    return found


async def _locked(tx: AsyncConnection, card_id: UUID) -> Card:
    found = (await lock(tx, [card_id])).get(card_id)
    if found is None:
        raise Rejected("GIFT_CARD_NOT_FOUND", ["id"], "there is no such gift card")
    return found


async def _write(tx: AsyncConnection, card_id: UUID, **values: Any) -> None:
    await tx.execute(update(card).where(card.c.id == card_id).values(**values, updated_at=func.now()))


def _check_note(note: str | None, code: str) -> None:
    if note is not None and len(note) > TEXT_CHARS_MAX:
        raise Rejected(code, ["note"], f"longer than {TEXT_CHARS_MAX} characters")
