"""What the books of an order allow: pure arithmetic over its balance and the steps so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

OPEN = ("PENDING", "AWAITING_RESPONSE")
"""The statuses of a step whose outcome is not known yet."""

MANUAL = "manual"
"""The provider of money that changed hands outside, such as cash."""

GIFT_CARD = "gift_card"
"""The provider of money that was on gift cards: the shop itself, so it moves in the transaction that records it."""

INSIDE = (MANUAL, GIFT_CARD)
"""The providers of which there is nobody outside to ask."""

EFFECTS = {
    "AUTHORIZATION": "authorized_minor",
    "CAPTURE": "captured_minor",
    "SALE": "captured_minor",
    "REFUND": "refunded_minor",
    "VOID": "voided_minor",
}
"""The column of the balance that a successful step adds to."""


HAPPENED = {
    "AUTHORIZATION": "AUTHORIZED", "CAPTURE": "CAPTURED", "SALE": "CAPTURED", "REFUND": "REFUNDED", "VOID": "VOIDED",
}  # fmt: skip
"""The event that a successful step is; the balance's columns are the sums of these."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a payment step.

    `status`: SUCCESS; FAILURE (`code` is a CompletionErrorCode member, such as PAYMENT_CARD_DECLINED); ACTION (the
    buyer must visit `action_url`); UNKNOWN (no answer: ask again later, never assume). `action_url` may be relative
    to this server: show it as `urljoin(public_url, action_url)`.
    """

    status: str
    code: str | None = None
    message: str | None = None
    action_url: str | None = None


UNKNOWN = Outcome("UNKNOWN", message="The payment provider has not answered yet.")


@dataclass(frozen=True, slots=True)
class Balance:
    """What has happened to an order's money."""

    currency: str
    due_minor: int
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    voided_minor: int

    @property
    def paid(self) -> bool:
        """Whether all that was due was taken, and nothing given back."""
        return self.captured_minor == self.due_minor and not self.refunded_minor


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


@dataclass(frozen=True, slots=True)
class Step(Transaction):
    """A transaction with what only the payment domain needs to know of it."""

    session_id: str | None
    idempotency_key: str
    action_url: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A step that was recorded a moment ago, and that its provider has not been asked for yet.

    `target`: the step that it captures. Whoever lost it finds the step in the books again.
    """

    step: Step
    target: Step | None = None


def idempotency_key(order_id: UUID, kind: str, which: object) -> str:
    """Return what the provider is told, so that one step of one order has one effect however often it is asked for."""
    return f"{order_id}:{kind.lower()}:{which}"


def order_of(key: str) -> UUID | None:
    """Return the order that an idempotency key is about, None for what is no key of ours."""
    try:
        return UUID(key.partition(":")[0])
    except ValueError:
        return None


def begun_at(key: str) -> datetime:
    """Return when the order of an idempotency key was begun: a UUIDv7 begins with its moment in milliseconds."""
    return datetime.fromtimestamp((UUID(key.partition(":")[0]).int >> 80) / 1000, UTC)


def kind_of(key: str) -> str:
    """Return the kind of step that an idempotency key is about."""
    return key.split(":")[1].upper()


def happened(kind: str, status: str) -> str:
    """Return which event it is when a step of a kind comes to a status."""
    if status == "SUCCESS":
        return HAPPENED[kind]
    return "FAILED" if status == "FAILURE" else "ACTION_REQUIRED"


def is_what_was_asked(step: Step, amount_minor: int) -> bool:
    """Tell whether a provider's success is the one that was asked for.

    An authorisation of another amount is none: less does not pay for the order, more is not the shop's to hold.
    """
    return step.kind != "AUTHORIZATION" or amount_minor == step.amount_minor


def final(number: int) -> str:
    """Return which capture it is, of one after which the rest is let go of; its key says so for good."""
    return f"{number}:final"


def is_final(step: Step) -> bool:
    """Tell whether the rest of a payment is let go of when this capture succeeded."""
    return step.kind == "CAPTURE" and step.idempotency_key.endswith(":final")


def newest(steps: Sequence[Step], kind: str) -> Step | None:
    """Return the latest step of a kind; `steps` are in the order in which they were opened."""
    return next((step for step in reversed(steps) if step.kind == kind), None)


def tries(steps: Sequence[Step], kind: str) -> int:
    """Return how many steps of a kind there have been."""
    return sum(step.kind == kind for step in steps)


def held_minor(steps: Sequence[Transaction]) -> int:
    """Return what the provider holds for the shop: authorised, and neither captured nor let go."""
    sums = dict.fromkeys(EFFECTS, 0)
    for step in steps:
        if step.status == "SUCCESS":
            sums[step.kind] += step.amount_minor
    return sums["AUTHORIZATION"] - sums["CAPTURE"] - sums["VOID"]


def capturable_minor(balance: Balance, steps: Sequence[Step]) -> int:
    """Return what can be captured: what is held, but never more than is still due."""
    return max(0, min(held_minor(steps), balance.due_minor - balance.captured_minor))


def refundable_minor(balance: Balance, steps: Sequence[Step]) -> int:
    """Return what can be refunded. A refund under way counts as given, for its money may be gone already."""
    under_way = sum(step.amount_minor for step in steps if step.kind == "REFUND" and step.status in OPEN)
    return balance.captured_minor - balance.refunded_minor - under_way


def of_refund(steps: Sequence[Step], key: str) -> list[Step]:
    """Return the steps of the refund that was opened under a key: one for each way that its money came."""
    return [
        s for s in steps if s.kind == "REFUND" and (s.idempotency_key == key or s.idempotency_key.startswith(f"{key}:"))
    ]


def refund_parts(steps: Sequence[Step], amount_minor: int) -> list[tuple[Step, int]]:
    """Split a refund over the ways that money came: what was paid last goes back first, so gift cards come last.

    Returns the latest step of each way with its part. The parts come to less where there is less to give back.
    """
    known = {step.id: step for step in steps}
    ways: dict[tuple[str, str | None], Step] = {}
    left: dict[tuple[str, str | None], int] = {}
    for step in reversed(steps):
        if step.kind in ("CAPTURE", "SALE") and step.status == "SUCCESS":
            ways.setdefault(_way(step), step)
            left[_way(step)] = left.get(_way(step), 0) + step.amount_minor
    for step in steps:
        if step.kind == "REFUND" and step.status != "FAILURE":
            way = _way(known.get(step.parent_id, step) if step.parent_id else step)
            left[way] = left.get(way, 0) - step.amount_minor
    parts = []
    for way, step in ways.items():
        part = min(amount_minor, max(0, left[way]))
        amount_minor -= part
        if part:
            parts.append((step, part))
    return parts


def _way(step: Step) -> tuple[str, str | None]:
    """Return by which way money came: a provider's steps are one, each gift card is its own."""
    return step.provider, step.reference if step.provider == GIFT_CARD else None


def outcome_of(step: Step) -> Outcome:
    """Return a recorded step as its outcome."""
    if step.status == "SUCCESS":
        return Outcome("SUCCESS")
    if step.status == "FAILURE":
        return Outcome("FAILURE", step.error_code, step.message)
    if step.status == "AWAITING_RESPONSE":
        return Outcome("ACTION", action_url=step.action_url)
    return UNKNOWN
