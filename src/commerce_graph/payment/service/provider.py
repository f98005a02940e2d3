"""What a payment provider must be able to do. An adapter for a real one implements this and nothing else."""

from dataclasses import dataclass
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


class ProviderUnavailable(Exception):
    """The provider could not be reached or answered nonsense: what came of the call is not known."""


class Provider(Protocol):
    """A payment provider. `key` is an idempotency key: the same key has one effect and gives one answer.

    Amounts: minor units. Every method may hang or raise ProviderUnavailable; the caller sets the time limit.
    """

    async def authorize(self, key: str, amount_minor: int, currency: str, session_id: str) -> Answer:
        """Set an amount aside with what the buyer entered under `session_id`."""

    async def capture(self, key: str, reference: str, amount_minor: int) -> Answer:
        """Take money that was set aside."""

    async def refund(self, key: str, reference: str, amount_minor: int) -> Answer:
        """Give captured money back."""

    async def void(self, key: str, authorization_key: str) -> Answer:
        """Let go of what was set aside under `authorization_key` and not captured.

        An authorisation that is still on its way (asked for, never answered) must be refused when it arrives.
        """

    async def find(self, key: str) -> Answer | None:
        """Return what came of a call made earlier, None where the provider has never heard of it."""
