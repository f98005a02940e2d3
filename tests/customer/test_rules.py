"""Properties of what a customer's details must look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.customer import rules
from commerce_graph.kernel.errors import Rejected


@given(st.emails())
def test_what_is_stored_is_lower_case_and_stays_as_it_is(email: str) -> None:
    stored = rules.email_of(email)
    if stored is not None:
        assert stored == email.lower()
        assert rules.email_of(stored) == stored
        assert 3 <= len(stored) <= rules.EMAIL_CHARS_MAX


@given(st.text())
def test_no_text_breaks_a_check(text: str) -> None:
    for name in ("email", "password", "first_name", "last_name", "phone"):
        try:
            stored = rules.checked({name: text}, "input")[name]
        except Rejected:
            continue
        assert stored is None or (stored == stored.strip() and "\x00" not in stored) or name == "password"


@pytest.mark.parametrize(
    "email", ["a@b.co", "x.y+z@sub.example.com", "o'neil@example.co.uk", "a@xn--bcher-kva.example"]
)
def test_usual_addresses_are_accepted(email: str) -> None:
    assert rules.email_of(email) == email


@pytest.mark.parametrize(
    "email",
    ["", "a", "@b.co", "a@", "a@b", "a@-b.co", "a@b-.co", "a..b@c.co", ".a@b.co", "a.@b.co", "a b@c.co", "a@b..co",
     "a@b.c", "a\n@b.co", "a@b.co\n.", "<a@b.co>", f"a@{'b' * 64}.co", "a@" + "b." * 130 + "co", "ä@b.co"],
)  # fmt: skip
def test_what_is_no_address_is_not(email: str) -> None:
    assert rules.email_of(email) is None


def test_accepts_marketing_is_kept_where_it_is_null() -> None:
    assert rules.checked({"accepts_marketing": None}, "input") == {}
    assert rules.checked({"accepts_marketing": False}, "input") == {"accepts_marketing": False}


@pytest.mark.parametrize(
    ("first", "last", "shown"), [("A", "B", "A B"), (None, "B", "B"), ("A", None, "A"), (None, None, "a@b.co")]
)
def test_display_name(first: str | None, last: str | None, shown: str) -> None:
    assert rules.display_name(first, last, "a@b.co") == shown
