"""What a purchase needs, and that every recorded state leads to an end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.checkout import rules
from commerce_graph.checkout.errors import CompletionErrorCode, SubmissionErrorCode
from commerce_graph.checkout.rules import Destination, Purchase, Step, Tender
from commerce_graph.checkout.tables import STATES
from commerce_graph.kernel.limits import (
    AUTHORIZE_TRIES_MAX,
    CHECKOUT_RETRY_S,
    CHECKOUT_RETRY_S_MAX,
    RESERVATION_RENEW_S,
    RESERVATION_S_MAX,
    RESERVATION_TTL_S,
)

GOOD = Purchase(
    lines=1, hidden_lines=0, email="ada@example.com", phone=None, needs_delivery=True,
    destination=Destination("Byron", "Hauptstr. 1", "Berlin", "DE", None), delivery_options=1, due_minor=2290,
    currency="EUR", tender=Tender("test_ok", 2290, "EUR"),
)  # fmt: skip
START = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"lines": 0, "tender": Tender("s", 2290, "EUR")}, ["ERROR"]),
        ({"email": None}, ["BUYER_IDENTITY_EMAIL_REQUIRED"]),
        ({"email": None, "phone": "+4930123456"}, []),
        ({"destination": None}, ["DELIVERY_ADDRESS_REQUIRED"]),
        ({"destination": None, "needs_delivery": False}, []),
        ({"destination": Destination("Byron", "Main St 1", "Los Angeles", "US", None)}, [
            "DELIVERY_ZONE_REQUIRED_FOR_COUNTRY",
        ]),
        ({"destination": Destination("Byron", "Main St 1", "Los Angeles", "US", "CA")}, []),
        ({"destination": Destination(None, None, None, None, None)}, [
            "DELIVERY_LAST_NAME_REQUIRED", "DELIVERY_ADDRESS1_REQUIRED", "DELIVERY_CITY_REQUIRED",
            "DELIVERY_COUNTRY_REQUIRED",
        ]),
        ({"delivery_options": 0}, ["DELIVERY_NO_DELIVERY_AVAILABLE"]),
        ({"tender": None}, ["PAYMENTS_METHOD_REQUIRED"]),
        ({"tender": Tender("s", 2289, "EUR")}, ["PAYMENTS_UNACCEPTABLE_PAYMENT_AMOUNT"]),
        ({"tender": Tender("s", 2290, "USD")}, ["PAYMENTS_UNACCEPTABLE_PAYMENT_AMOUNT"]),
        ({"tender": Tender("s", 4090, "EUR"), "hidden_lines": 1}, ["MERCHANDISE_PRODUCT_NOT_PUBLISHED"]),
        ({"tender": Tender(None, 2290, "EUR")}, ["PAYMENTS_METHOD_UNAVAILABLE"]),
        ({"tender": Tender(None, 0, "EUR"), "due_minor": 0}, []),
        ({"tender": None, "due_minor": 0}, []),
    ],
)  # fmt: skip
def test_problems(change: dict[str, object], codes: list[str]) -> None:
    found = rules.problems(replace(GOOD, **change))  # type: ignore[arg-type]
    assert [problem.code for problem in found] == codes
    assert all(problem.code in SubmissionErrorCode.__members__ for problem in found)


def test_shortages() -> None:
    found = rules.shortages([("Mug", 2, 1), ("Lamp", 1, 0), ("Print", 9, None), ("Shirt", 2, 2)])
    assert [each.code for each in found] == ["MERCHANDISE_NOT_ENOUGH_STOCK_AVAILABLE", "MERCHANDISE_OUT_OF_STOCK"]
    assert all(each.code in SubmissionErrorCode.__members__ for each in found)


@given(st.sampled_from(STATES), st.integers(0, 1), st.integers(0, 9), st.integers(0, 2 * RESERVATION_TTL_S))
def test_every_state_has_one_next_step(state: str, amount: int, tries: int, seconds: int) -> None:
    held_until = rules.hold_ends(START)
    step = rules.next_step(state, amount, tries, held_until, START + timedelta(seconds=seconds))
    over = seconds >= RESERVATION_TTL_S or tries >= AUTHORIZE_TRIES_MAX
    if state in ("COMPLETED", "FAILED"):
        assert step is Step.NOTHING
    elif state == "PLACED":
        assert step is Step.CAPTURE, "an order that stands is never given up"
    elif state == "VOIDING":
        assert step is Step.VOID
    elif over:
        assert step is Step.GIVE_UP
    else:
        assert step is (Step.AUTHORIZE if amount else Step.PLACE)


@given(st.integers(0, 2 * RESERVATION_S_MAX), st.integers(0, 2 * RESERVATION_S_MAX))
def test_a_hold_is_renewed_while_it_lasts_and_not_for_ever(held_s: int, at_s: int) -> None:
    held_until, at = START + timedelta(seconds=held_s), START + timedelta(seconds=at_s)
    until = rules.renewed(START, held_until, at)
    if until is None:
        late, soon = at >= held_until, held_s + RESERVATION_RENEW_S > min(at_s + RESERVATION_TTL_S, RESERVATION_S_MAX)
        assert late or soon
    else:
        assert at < held_until < until <= START + timedelta(seconds=RESERVATION_S_MAX)
        assert until <= at + timedelta(seconds=RESERVATION_TTL_S)


@pytest.mark.parametrize(
    ("state", "tries", "code"),
    [
        ("RESERVED", AUTHORIZE_TRIES_MAX, "PAYMENT_TRANSIENT_ERROR"),
        ("ACTION_REQUIRED", 0, "PAYMENT_ERROR"),
        ("RESERVED", 0, "INVENTORY_RESERVATION_ERROR"),
    ],
)
def test_why_given_up(state: str, tries: int, code: str) -> None:
    assert rules.why_given_up(state, tries)[0] == code
    assert code in CompletionErrorCode.__members__


def test_retries_take_twice_as_long_each_time() -> None:
    waits = [rules.retry_s(tries) for tries in range(30)]
    assert waits[:4] == [CHECKOUT_RETRY_S * n for n in (1, 2, 4, 8)]
    assert waits == sorted(waits)
    assert waits[-1] == CHECKOUT_RETRY_S_MAX
