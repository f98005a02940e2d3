"""What a gift card can pay, and what a code looks like. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import GIFT_CARD_CODE_CHARS_MAX, GIFT_CARD_CODE_CHARS_MIN

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""What codes are made of: nothing that a person reads as something else."""


@dataclass(frozen=True, slots=True)
class Card:
    """A gift card. Amounts: minor units of its currency. `expires_on` is its last day, in UTC."""

    id: UUID
    last_characters: str
    currency: str
    initial_minor: int
    balance_minor: int
    expires_on: date | None
    deactivated_at: datetime | None
    note: str | None
    customer_id: UUID | None
    order_id: UUID | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """What a gift card pays of a purchase, in minor units; it can be nothing, where others pay all."""

    card: Card
    amount_minor: int


def folded(code: str) -> str:
    """Return a code as it is compared: case, spaces and dashes do not matter."""
    return "".join(code.split()).replace("-", "").upper()


def check_code(code: str) -> None:
    """Raise Rejected(TOO_SHORT | TOO_LONG | INVALID) for a folded code that a merchant may not choose."""
    if len(code) < GIFT_CARD_CODE_CHARS_MIN:
        raise Rejected("TOO_SHORT", ["code"], f"must have at least {GIFT_CARD_CODE_CHARS_MIN} characters")
    if len(code) > GIFT_CARD_CODE_CHARS_MAX:
        raise Rejected("TOO_LONG", ["code"], f"must have at most {GIFT_CARD_CODE_CHARS_MAX} characters")
    if not (code.isascii() and code.isalnum()):
        raise Rejected("INVALID", ["code"], "must be letters and digits")


def why_not(card: Card, currency: str, on: date) -> str | None:
    """Return why a card can pay nothing of a purchase in a currency on a day, None where it can."""
    if card.deactivated_at is not None:
        return "is not active any more"
    if card.expires_on is not None and card.expires_on < on:
        return f"expired on {card.expires_on}"
    if card.currency != currency:
        return f"is in {card.currency}, not in {currency}"
    return None if card.balance_minor > 0 else "is used up"


def parts(total_minor: int, cards: Sequence[Card], currency: str, on: date) -> tuple[Part, ...]:
    """Return what each card that can be used pays of a total, in the order in which they were applied."""
    paid = []
    for card in cards:
        if why_not(card, currency, on) is None:
            amount = min(card.balance_minor, total_minor)
            total_minor -= amount
            paid.append(Part(card, amount))
    return tuple(paid)


def lacking(held: Mapping[UUID, Card], wanted: Sequence[Part], currency: str, on: date) -> str | None:
    """Return why cards, as they are now, do not pay what was agreed; None where they do."""
    for part in wanted:
        card = held.get(part.card.id)
        if card is None or why_not(card, currency, on) is not None or card.balance_minor < part.amount_minor:
            return f"The gift card that ends with {part.card.last_characters} has changed."
    return None
