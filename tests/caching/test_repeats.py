"""A request that repeats another, word for word, is shown what that was shown, for a moment and while it holds."""

from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from commerce_graph.kernel import limits
from commerce_graph.kernel.caching import SHOWN, Answers, Kept, Repeated, Shown, repeats
from commerce_graph.kernel.http import GraphQLOverHTTP
from tests.caching.conftest import get
from tests.merchandising.test_variants import WHITE
from tests.merchandising.test_variants import update as set_variants
from tests.shop import Shop

ASKED = {"type": "http", "method": "GET", "path": "/graphql", "query_string": b"query={shop{name}}",
         "headers": [(b"authorization", b"Bearer a"), (b"accept-encoding", b"gzip")]}  # fmt: skip
PRODUCTS = "{ products(first: 3) { nodes { title } } }"
SHIRT = '{ product(handle: "shirt") { variants(first: 9) { nodes { price { amount } } } } }'


class Reading:
    """A server that counts how often it reads, and shows what is kept under one key."""

    def __init__(self, kept: Kept | None) -> None:
        self.kept = kept
        self.times = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.times += 1
        if self.kept:
            scope["state"][SHOWN] = Shown("key", self.kept, "query Q", 60)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"age", b"0"), (b"a", b"b")]})
        await send({"type": "http.response.body", "body": b"%d" % self.times})


class Remembering(Answers):
    """Remembers one answer, proved to hold."""

    def __init__(self, kept: Kept) -> None:
        self.kept: Kept | None = kept

    async def remembered(self, key: str) -> Kept | None:
        assert key == "key"
        return self.kept


async def ask(layer: Repeated, **changed: Any) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("nothing is read of a GET")

    async def send(message: Message) -> None:
        sent.append(message)

    await layer({**ASKED, "state": {}, **changed}, receive, send)
    start, body = sent
    return body["body"], start["headers"]


def another(*more: tuple[bytes, bytes], without: bytes = b"") -> list[tuple[bytes, bytes]]:
    return [*(pair for pair in ASKED["headers"] if pair[0] != without), *more]  # type: ignore[attr-defined]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time in a list, to be changed."""
    at = [100.0]
    monkeypatch.setattr(repeats, "monotonic", lambda: at[0])
    return at


@pytest.mark.parametrize(
    "other",
    [
        {"method": "POST"},
        {"method": "HEAD"},
        {"path": "/other"},
        {"query_string": b"query={shop{id}}"},
        {"headers": another(without=b"authorization")},
        {"headers": another((b"authorization", b"Bearer b"), without=b"authorization")},
        {"headers": another(without=b"accept-encoding")},
        {"headers": another((b"if-none-match", b'"x"'))},
        {"headers": another((b"origin", b"https://shop.test"))},
        {"headers": another((b"accept", b"text/html"))},
        {"headers": another((b"x-new", b"1"))},
    ],
)
async def test_another_request_is_read(other: dict[str, Any]) -> None:
    kept = Kept(b"body", frozenset(), 160.0)
    layer = Repeated(server := Reading(kept), Remembering(kept))
    await ask(layer)
    assert (await ask(layer, **other))[0] == b"2"
    assert server.times == 2


async def test_what_says_nothing_of_the_question_makes_no_other_one(now: list[float]) -> None:
    kept = Kept(b"body", frozenset(), 160.0)
    layer = Repeated(server := Reading(kept), Remembering(kept))
    assert await ask(layer) == (b"1", [(b"age", b"0"), (b"a", b"b")])
    now[0] += 0.5
    told = [(b"host", b"a"), *another((b"user-agent", b"browser"))]
    assert await ask(layer, headers=told) == (b"1", [(b"a", b"b"), (b"age", b"0")])
    kept.ends_at = 155.0
    assert await ask(layer) == (b"1", [(b"a", b"b"), (b"age", b"5")])
    assert server.times == 1


async def test_only_what_holds_is_shown_again(now: list[float]) -> None:
    kept, changed = Kept(b"body", frozenset(), 160.0), Kept(b"body", frozenset(), 160.0)
    layer = Repeated(server := Reading(kept), remembering := Remembering(kept))
    await ask(layer)
    for remembering.kept in (None, changed):
        assert (await ask(layer))[0] == b"%d" % server.times
    assert server.times == 3
    server.kept = None  # what is kept nowhere is not shown again
    for times in (4, 5):
        assert (await ask(layer, query_string=b"query={other}"))[0] == b"%d" % times


async def test_it_is_forgotten_soon_and_the_first_makes_room(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(b"x" * 1_000, frozenset(), 160.0)
    layer = Repeated(server := Reading(kept), Remembering(kept))
    monkeypatch.setattr(repeats, "REPEATS_BYTES_MAX", 2_500)
    await ask(layer)
    now[0] += limits.REPEATS_S / 2
    await ask(layer)
    assert server.times == 1
    for number in (b"1", b"2", b"2"):
        await ask(layer, query_string=number)
    assert server.times == 3
    await ask(layer)
    assert server.times == 4, "it has made room"
    await ask(layer, query_string=b"2")
    assert server.times == 4
    now[0] += limits.REPEATS_S
    for times in (5, 5):
        await ask(layer, query_string=b"2")
        assert server.times == times


async def test_an_answer_that_was_not_read_again_is_the_same(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = await get(client, PRODUCTS)
    again = await get(client, PRODUCTS)
    has = {"If-None-Match": read.headers["ETag"]}
    same = await get(client, PRODUCTS, has)

    async def refuse(*_: Any) -> None:
        raise AssertionError("it was read again")

    monkeypatch.setattr(GraphQLOverHTTP, "_respond", refuse)
    repeated = await get(client, PRODUCTS)
    same_again = await get(client, PRODUCTS, has)
    assert (same_again.status_code, same_again.content) == (304, b"")
    for first, second in ((read, repeated), (again, repeated), (same, same_again)):
        assert second.content == first.content
        told = ({k: v for k, v in each.headers.items() if k != "age"} for each in (first, second))
        assert next(told) == next(told)


async def test_the_first_request_after_a_change_is_shown_what_was_written(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    for price in ("31.00", "32.00", "33.00"):
        await set_variants(shop, [{"id": WHITE, "price": price}])
        for _ in range(3):
            assert f'"amount":"{price}"' in (await get(client, SHIRT)).text
