"""Global ids are checked at the door, and capabilities cannot be guessed or carried over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.ids import parse_gid, to_gid

SECRET = b"s"


@given(st.uuids(), st.sampled_from(["Cart", "Order"]))
def test_a_capability_is_valid_under_its_secret_only(key: object, kind: str) -> None:
    sealed = to_gid(kind, key, SECRET)  # type: ignore[arg-type]
    assert parse_gid(sealed, SECRET) == (kind, key, True)
    assert parse_gid(sealed, b"another") == (kind, key, False)
    assert parse_gid(to_gid(kind, key), SECRET) == (kind, key, False)  # type: ignore[arg-type]


def test_a_key_does_not_open_another_entity() -> None:
    one, other = new_id(), new_id()
    stolen = to_gid("Cart", other) + "?" + to_gid("Cart", one, SECRET).partition("?")[2]
    assert parse_gid(stolen, SECRET)[2] is False
    crossed = to_gid("Order", one) + "?" + to_gid("Cart", one, SECRET).partition("?")[2]
    assert parse_gid(crossed, SECRET)[2] is False


@given(st.text(max_size=200))
def test_any_other_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_gid(text, SECRET)
    assert refused.value.code == "INVALID_ID"


@pytest.mark.parametrize("query", ["?key=", "?key=é", "?other=1", "?key=00?key=11", "?"])
def test_a_broken_key_is_no_key(query: str) -> None:
    assert parse_gid(to_gid("Cart", new_id()) + query, SECRET)[2] is False
