"""The circuit breaker: when it opens, whom it lets through, and what closes it."""

import pytest

from commerce_graph.kernel.circuit import Circuit, CircuitOpen
from commerce_graph.kernel.limits import CIRCUIT_CALLS, CIRCUIT_FAILURES_MAX, CIRCUIT_PAUSE_S_MAX, CIRCUIT_PAUSE_S_MIN


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit("test", clock)


def call(circuit: Circuit, well: bool) -> None:
    entry = circuit.enter()
    if well:
        circuit.succeed(entry)
    else:
        circuit.fail(entry, "timeout")
    circuit.leave(entry)


def broken(circuit: Circuit) -> None:
    for _ in range(CIRCUIT_FAILURES_MAX):
        call(circuit, False)


def refused(circuit: Circuit) -> bool:
    try:
        circuit.leave(circuit.enter())
    except CircuitOpen:
        return True
    return False


def test_opens_at_so_many_failures_and_not_before(circuit: Circuit) -> None:
    for _ in range(CIRCUIT_FAILURES_MAX - 1):
        call(circuit, False)
    assert not circuit.is_open
    call(circuit, False)
    assert circuit.is_open
    assert refused(circuit)


def test_failures_count_although_some_calls_are_answered_between(circuit: Circuit) -> None:
    for _ in range(CIRCUIT_FAILURES_MAX - 1):
        call(circuit, True)
        call(circuit, False)
    assert not circuit.is_open
    call(circuit, False)
    assert circuit.is_open


def test_failures_long_ago_are_forgotten(circuit: Circuit) -> None:
    for _ in range(10):
        for _ in range(CIRCUIT_FAILURES_MAX - 1):
            call(circuit, False)
        for _ in range(CIRCUIT_CALLS - CIRCUIT_FAILURES_MAX + 1):
            call(circuit, True)
    assert not circuit.is_open


def test_one_probe_at_a_time_after_the_pause(circuit: Circuit, clock: Clock) -> None:
    broken(circuit)
    clock.now += CIRCUIT_PAUSE_S_MIN - 0.001
    assert refused(circuit)
    clock.now += 0.001
    probe = circuit.enter()
    assert refused(circuit)
    circuit.succeed(probe)
    circuit.leave(probe)
    assert not circuit.is_open
    assert not refused(circuit)


def test_a_probe_that_nobody_waited_for_lets_another_in(circuit: Circuit, clock: Clock) -> None:
    broken(circuit)
    clock.now += CIRCUIT_PAUSE_S_MIN
    circuit.leave(circuit.enter())
    assert circuit.is_open
    probe = circuit.enter()
    assert refused(circuit)
    circuit.leave(probe)


def test_each_probe_that_fails_doubles_the_pause_up_to_a_limit(circuit: Circuit, clock: Clock) -> None:
    broken(circuit)
    pause_s = CIRCUIT_PAUSE_S_MIN
    for _ in range(8):
        clock.now += pause_s - 0.001
        assert refused(circuit)
        clock.now += 0.001
        call(circuit, False)
        pause_s = min(pause_s * 2, CIRCUIT_PAUSE_S_MAX)
    assert pause_s == CIRCUIT_PAUSE_S_MAX
    clock.now += pause_s
    call(circuit, True)
    broken(circuit)
    clock.now += CIRCUIT_PAUSE_S_MIN  # well again in between: the pause begins small
    assert not refused(circuit)


def test_what_began_before_it_opened_changes_nothing_afterwards(circuit: Circuit, clock: Clock) -> None:
    late = [circuit.enter() for _ in range(CIRCUIT_FAILURES_MAX * 2)]
    broken(circuit)
    circuit.succeed(late.pop())
    assert circuit.is_open
    clock.now += CIRCUIT_PAUSE_S_MIN
    call(circuit, True)
    for entry in late:
        circuit.fail(entry, "timeout")
        circuit.leave(entry)
    assert not circuit.is_open
