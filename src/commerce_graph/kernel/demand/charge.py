"""What one operation is charged: its cost before it runs, and what of that was used once it has run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Status:
    """A caller's bucket after the charge, in points."""

    maximum: int
    available: int
    restore_rate: int
    """Points a second."""

    def told(self, unused: int = 0) -> dict[str, float]:
        """Return it as Shopify's Admin API tells it, with what was not used given back."""
        available = min(self.available + unused, self.maximum)
        return {
            "maximumAvailable": float(self.maximum), "currentlyAvailable": available,
            "restoreRate": float(self.restore_rate),
        }  # fmt: skip


@dataclass(slots=True)
class Charge:
    """One operation's charge. Settled once at most, by whoever runs it; a stream is charged for each event."""

    requested: int
    """Points."""
    status: Status | None = None
    """None where nobody counts."""
    shown: bool = False
    """Whether the answer tells its cost."""
    give_back: Callable[[int], None] = lambda points: None
    """Takes what was charged and not used; less than nothing where more was."""
    answered: list[tuple[Any, int]] = field(default_factory=list)
    """Plans of objects with how many of them were answered."""
    settled: bool = False
    goes_on: bool = False
    """Whether parts of the answer are still to come, and the last of them settles."""

    def settle(self, actual: int) -> None:
        """Give back what was charged and not used, once."""
        if not self.settled:
            self.settled = True
            self.give_back(self.requested - min(actual, self.requested))

    def leave(self) -> None:
        """Take all of it as used where nobody has settled or will: whoever left in the middle of it has used it."""
        if not self.goes_on:
            self.settle(self.requested)

    def spend(self, actual: int) -> None:
        """Charge for an event of a stream that has begun."""
        self.give_back(-actual)
        self.answered.clear()

    def told(self, actual: int | None) -> dict[str, Any]:
        """Return `extensions.cost`, as Shopify's Admin API has it; `actual` is None for what did not run."""
        told: dict[str, Any] = {"requestedQueryCost": self.requested, "actualQueryCost": actual}
        if self.status is not None:
            told["throttleStatus"] = self.status.told(0 if actual is None else self.requested - actual)
        return told
