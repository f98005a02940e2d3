"""What a payment provider must be able to do. An adapter for a real one implements this and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider says of a call.

    `status`: SUCCESS, FAILURE (with a CompletionErrorCode member as `code`), or ACTION (the buyer must visit
    `action_url` first). `amount_minor` is what really moved.
    """

    status: str
    amount_minor: int = 0
    reference: str | None = None
    code: str | None = None
    message: str | None = None
    action_url: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An authorisation under the key that it was asked for with.

    `reference` is the provider's name for it where that is known. `amount_minor` is what was asked for, or what is
    held where the provider tells of it.
    """

    key: str
    amount_minor: int
    currency: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund as its provider has it.

    `key` is None for one that was made there. `status`: SUCCESS, FAILURE or PENDING.
    """

    key: str | None
    reference: str
    amount_minor: int
    status: str


@dataclass(frozen=True, slots=True)
class Report:
    """How a payment stands at its provider, whoever brought it there. `answer` is None while it is not decided."""

    asked: Held
    answer: Answer | None
    held_minor: int
    captured_minor: int
    released_minor: int
    refunds: Sequence[Refunded]


class ProviderUnavailable(Exception):
    """The provider could not be reached or answered nonsense: what came of the call is not known."""


class Provider(Protocol):
    """A payment provider. `key` is an idempotency key: the same key has one effect and gives one answer.

    Amounts: minor units as ISO 4217 has them. Every method may hang or raise ProviderUnavailable; the caller sets the
    time limit.
    """

    captures_in_parts: bool
    """Whether a payment can be captured more than once; else its first capture lets go of the rest."""

    async def authorize(self, key: str, amount_minor: int, currency: str, session_id: str) -> Answer:
        """Set an amount aside with what the buyer entered under `session_id`."""

    async def capture(self, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Take money that was set aside."""

    async def refund(self, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Give captured money back."""

    async def void(self, key: str, held: Held) -> Answer:
        """Let go of what was set aside and not captured.

        An authorisation that is still on its way (asked for, never answered) must be refused when it arrives.
        """

    async def find(self, key: str, reference: str | None = None) -> Answer | None:
        """Return what came of a call made earlier, None where the provider has never heard of it.

        `reference` is the provider's name for the payment that the call is about, where it is known.
        """

    async def holds(self, since: datetime, until: datetime) -> Sequence[Held]:
        """Return what is set aside for this shop now, of what was asked for between two moments."""
