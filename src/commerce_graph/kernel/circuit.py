"""A circuit breaker: what keeps failing is left alone for a while, then tried by one call at a time."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import structlog

from commerce_graph.kernel.limits import CIRCUIT_CALLS, CIRCUIT_FAILURES_MAX, CIRCUIT_PAUSE_S_MAX, CIRCUIT_PAUSE_S_MIN

log = structlog.get_logger()


class CircuitOpen(Exception):
    """It failed too often lately and is not tried."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One call that was let through: `era` counts how often the circuit has opened and closed before it."""

    era: int
    probe: bool


class Circuit:
    """One for each server that a process calls: `enter`, then at most one of `succeed` and `fail`, then `leave`.

    Limits: opens when CIRCUIT_FAILURES_MAX of the last CIRCUIT_CALLS failed, for CIRCUIT_PAUSE_S_MIN; each probe that
    fails doubles the pause, up to CIRCUIT_PAUSE_S_MAX.
    """

    def __init__(self, name: str, clock: Callable[[], float] = monotonic) -> None:
        self.name = name
        self._clock = clock
        self._failed: deque[bool] = deque(maxlen=CIRCUIT_CALLS)
        self._era = 0
        self._again_at: float | None = None
        self._pause_s = CIRCUIT_PAUSE_S_MIN
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether it has failed too often, and no probe has succeeded since."""
        return self._again_at is not None

    def enter(self) -> Entry:
        """Let a call through. Raises: CircuitOpen."""
        if self._again_at is None:
            return Entry(self._era, probe=False)
        if self._probing or self._clock() < self._again_at:
            raise CircuitOpen
        self._probing = True
        return Entry(self._era, probe=True)

    def succeed(self, entry: Entry) -> None:
        """Note that a call was answered."""
        if self._is_late(entry):
            return
        self._failed.append(False)
        if entry.probe:
            log.info("circuit.closed", circuit=self.name)
            self._again_at = None
            self._turn()

    def fail(self, entry: Entry, reason: str) -> None:
        """Note that a call was not answered as it should."""
        if self._is_late(entry):
            return
        self._failed.append(True)
        if entry.probe:
            self._pause_s = min(self._pause_s * 2, CIRCUIT_PAUSE_S_MAX)
            self._again_at = self._clock() + self._pause_s
            self._turn()
        elif sum(self._failed) >= CIRCUIT_FAILURES_MAX:
            log.warning("circuit.opened", circuit=self.name, reason=reason)
            self._pause_s = CIRCUIT_PAUSE_S_MIN
            self._again_at = self._clock() + self._pause_s
            self._turn()

    def leave(self, entry: Entry) -> None:
        """End a call, whether or not it told anything; where it did not, another may probe."""
        if not self._is_late(entry) and entry.probe:
            self._probing = False

    def _is_late(self, entry: Entry) -> bool:
        # What began before it opened says nothing about how things are since.
        return entry.era != self._era

    def _turn(self) -> None:
        self._era += 1
        self._probing = False
        self._failed.clear()
