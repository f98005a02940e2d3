"""What a request led to is remembered for the same request alone, and for a moment."""

from typing import Any

import httpx
import pytest

from commerce_graph.kernel import limits
from commerce_graph.kernel.caching import Repeats, Way, repeats
from commerce_graph.kernel.http import GraphQLOverHTTP
from tests.caching.conftest import get

WAY = Way("key", "query Q", "application/json", 60)
ASKED = {"method": "GET", "query_string": b"query={shop{name}}", "headers": [(b"authorization", b"Bearer a")]}
PRODUCTS = "{ products(first: 3) { nodes { title } } }"


def another(**changed: Any) -> dict[str, Any]:
    return {**ASKED, **changed}


@pytest.mark.parametrize(
    "other",
    [
        another(method="POST"),
        another(method="HEAD"),
        another(query_string=b"query={shop{id}}"),
        another(headers=[]),
        another(headers=[(b"authorization", b"Bearer b")]),
        another(headers=[(b"authorization", b"Bearer a"), (b"x-new", b"1")]),
    ],
)
def test_another_request_leads_elsewhere(other: dict[str, Any]) -> None:
    known = Repeats()
    known.note(ASKED, WAY)
    assert known.find(other) is None


def test_what_says_nothing_of_the_question_makes_no_other_one() -> None:
    known = Repeats()
    known.note(ASKED, WAY)
    told = [(b"host", b"a"), (b"authorization", b"Bearer a"), (b"if-none-match", b'"x"'), (b"accept-encoding", b"gzip")]
    assert known.find(another(headers=told)) == WAY


def test_it_is_forgotten_soon_and_the_first_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(repeats, "monotonic", lambda: now)
    monkeypatch.setattr(repeats, "REPEATS_KEPT_MAX", 2)
    known = Repeats()
    known.note(ASKED, WAY)
    now += limits.REPEATS_S / 2
    assert known.find(ASKED) == WAY
    for number in (b"1", b"2"):
        known.note(another(query_string=number), WAY)
    assert known.find(ASKED) is None
    assert known.find(another(query_string=b"2")) == WAY
    now += limits.REPEATS_S
    assert known.find(another(query_string=b"2")) is None


async def test_an_answer_that_was_not_read_again_is_the_same(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = await get(client, PRODUCTS)
    again = await get(client, PRODUCTS)

    async def refuse(*_: Any) -> None:
        raise AssertionError("it was read again")

    monkeypatch.setattr(GraphQLOverHTTP, "_respond", refuse)
    repeated = await get(client, PRODUCTS)
    ages = {"age"}
    for other in (read, again):
        assert repeated.content == other.content
        assert {k: v for k, v in repeated.headers.items() if k not in ages} == {
            k: v for k, v in other.headers.items() if k not in ages
        }
    same = await get(client, PRODUCTS, {"If-None-Match": repeated.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
