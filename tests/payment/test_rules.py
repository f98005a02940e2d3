"""Properties of the books' arithmetic."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.payment import rules
from commerce_graph.payment.rules import EFFECTS, OPEN, Balance, Step

ORDER = UUID(int=7)
STATUSES = [*OPEN, "SUCCESS", "FAILURE"]


def step(kind: str, status: str, amount_minor: int) -> Step:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Step(
        ORDER, ORDER, kind, status, amount_minor, "EUR", "test", None, None, "CODE", "why", at, None, None, "key", "url"
    )


steps = st.lists(st.builds(step, st.sampled_from(sorted(EFFECTS)), st.sampled_from(STATUSES), st.integers(0, 10_000)))


@given(steps, st.integers(0, 10_000), st.integers(0, 10_000))
def test_never_more_is_captured_than_is_held_or_due(past: list[Step], due: int, captured: int) -> None:
    balance = Balance("EUR", due, due, min(captured, due), 0, 0)
    left = rules.capturable_minor(balance, past)
    assert 0 <= left <= max(0, rules.held_minor(past))
    assert balance.captured_minor + left <= due


@given(steps)
def test_only_what_succeeded_counts_as_held(past: list[Step]) -> None:
    assert rules.held_minor(past) == rules.held_minor([each for each in past if each.status == "SUCCESS"])


@given(steps, st.integers(0, 10_000))
def test_a_refund_under_way_counts_as_given(past: list[Step], captured: int) -> None:
    balance = Balance("EUR", captured, 0, captured, 0, 0)
    before = rules.refundable_minor(balance, past)
    assert rules.refundable_minor(balance, [*past, step("REFUND", "PENDING", 5)]) == before - 5
    assert rules.refundable_minor(balance, [*past, step("REFUND", "FAILURE", 5)]) == before


@given(steps)
def test_every_recorded_step_has_an_outcome(past: list[Step]) -> None:
    told = {rules.outcome_of(each).status for each in past}
    assert told <= {"SUCCESS", "FAILURE", "ACTION", "UNKNOWN"}


@given(st.lists(st.tuples(st.sampled_from(sorted(EFFECTS)), st.integers(1, 5)), unique=True))
def test_each_step_has_a_key_of_its_own(named: list[tuple[str, int]]) -> None:
    assert len({rules.idempotency_key(ORDER, *each) for each in named}) == len(named)
