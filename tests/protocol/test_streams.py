"""GraphQL over server-sent events, multipart subscriptions: framing, refusals, limits, and what stops when."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from commerce_graph.kernel import limits
from tests.protocol.served import Watch
from tests.protocol.test_http import JSON, code, get, post

SSE = {"Accept": "text/event-stream"}
MULTIPART = {"Accept": "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json;q=0.9"}
GOOD = {"Authorization": "Bearer good"}
COUNT = {"query": "subscription { count }"}
LONG = {"query": "subscription { count(to: 100000, delayMs: 5) }"}
PATIENCE_S = 20


@asynccontextmanager
async def streaming(address: str, body: Any, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
    """Send a request, and read of the answer what the test wants to."""
    asked: Any = ("POST", f"http://{address}")
    async with (
        httpx.AsyncClient(timeout=PATIENCE_S) as client,
        client.stream(*asked, json=body, headers=headers) as response,
    ):
        yield response


def events(text: str) -> list[tuple[str, Any]]:
    """Read server-sent events: their names with their data. Comments are passed by."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(":", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if fields:
            data = fields["data"].strip()
            found.append((fields["event"].strip(), json.loads(data) if data else None))
    return found


def parts(response: httpx.Response) -> list[Any]:
    """Read the parts of a multipart response, and check the form of the whole."""
    boundary = "--" + response.headers["Content-Type"].split('boundary="')[1].split('"')[0]
    before, *found, after = response.text.split(f"\r\n{boundary}")
    assert (before, after) == ("", "--\r\n")
    heads, bodies = zip(*(part.split("\r\n\r\n", 1) for part in found), strict=True)
    assert set(heads) == {"\r\nContent-Type: application/json"}
    return [json.loads(body) for body in bodies]


def numbers(upto: int) -> list[dict[str, Any]]:
    return [{"data": {"count": number}} for number in range(upto)]


async def settled(seen: Watch) -> None:
    """Wait until no stream is open any more."""
    async with asyncio.timeout(PATIENCE_S):
        await seen.idle.wait()


async def test_subscription_as_events(address: str) -> None:
    response = await post(address, COUNT, SSE)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert (response.headers["Cache-Control"], response.headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert events(response.text) == [*(("next", each) for each in numbers(3)), ("complete", None)]


async def test_subscription_as_events_by_get_as_browsers_ask(address: str) -> None:
    response = await get(address, SSE, query="subscription A($to: Int!) { count(to: $to) }", variables='{"to":1}')
    assert events(response.text) == [("next", numbers(1)[0]), ("complete", None)]


@pytest.mark.parametrize(
    ("query", "data"),
    [("{ hello }", {"hello": "hello world"}), ('mutation { note(text: "a") { text } }', {"note": {"text": "a"}})],
    ids=["query", "mutation"],
)
async def test_query_and_mutation_as_events(address: str, query: str, data: Any) -> None:
    response = await post(address, {"query": query}, SSE)
    assert events(response.text) == [("next", {"data": data}), ("complete", None)]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ listed }", "ACCESS_DENIED"),
        ("subscription A($n: Int!) { count(to: $n) }", "BAD_USER_INPUT"),
    ],
)
async def test_document_that_does_not_run_is_told_in_the_stream(address: str, query: str, told: str) -> None:
    response = await post(address, {"query": query}, SSE)
    assert response.status_code == 200
    (name, answer), end = events(response.text)
    assert (name, end) == ("next", ("complete", None))
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == told


@pytest.mark.parametrize("accept", [SSE, MULTIPART], ids=["events", "multipart"])
async def test_request_that_is_refused_gets_a_status_and_json(address: str, accept: dict[str, str]) -> None:
    unknown = await post(address, COUNT, {**accept, "Authorization": "Bearer bad"})
    assert (unknown.status_code, code(unknown)) == (401, "UNAUTHORIZED")
    assert unknown.headers["Content-Type"].startswith("application/json")
    malformed = await post(address, b"{", accept)
    assert (malformed.status_code, code(malformed)) == (400, "BAD_REQUEST")
    mutation = await get(address, accept, query="mutation { wait }")
    assert (mutation.status_code, mutation.headers["Allow"]) == (405, "POST")
    async with httpx.AsyncClient() as client:
        head = await client.head(f"http://{address}", params=COUNT, headers=accept)
    assert head.status_code == 405


@pytest.mark.parametrize(
    "accept",
    ["application/json", "*/*", "multipart/mixed, application/json", "text/*, application/json",
     "multipart/mixed;subscriptionSpec=2.0, */*", "text/event-stream;q=0, application/json",
     "text/event-stream;q=x, */*", "text/event-stream" + ", application/json" * 100],
)  # fmt: skip
async def test_subscription_is_refused_where_no_way_to_stream_is_named(address: str, accept: str) -> None:
    response = await post(address, COUNT, {"Accept": accept})
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert "text/event-stream" in response.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json, text/event-stream, multipart/mixed;subscriptionSpec=1.0", "text/event-stream"),
        ("text/event-stream;q=0.5, multipart/mixed;subscriptionSpec=1.0", "multipart/mixed"),
        ('multipart/mixed; subscriptionSpec="1.0", application/json', "multipart/mixed"),
        ("application/graphql-response+json, text/event-stream;q=0.1", "text/event-stream"),
    ],
)
async def test_the_way_to_stream_that_is_wanted_most(address: str, accept: str, kind: str) -> None:
    response = await post(address, COUNT, {"Accept": accept})
    assert response.headers["Content-Type"].startswith(kind)
    query = await post(address, {"query": "{ hello }"}, {"Accept": accept + ", application/json"})
    assert query.json() == {"data": {"hello": "hello world"}}, "a query is JSON wherever JSON is accepted"


async def test_subscription_in_parts(address: str) -> None:
    response = await post(address, COUNT, MULTIPART)
    assert response.headers["Content-Type"] == 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0'
    assert parts(response) == [{"payload": each} for each in numbers(3)]
    by_get = await get(address, MULTIPART, **COUNT)
    assert by_get.text == response.text


async def test_document_that_does_not_run_gets_no_parts(address: str) -> None:
    response = await post(address, {"query": "subscription { nothing }"}, MULTIPART)
    assert (response.headers["Content-Type"].split(";")[0], code(response)) == (
        "application/json", "GRAPHQL_VALIDATION_FAILED",
    )  # fmt: skip


@pytest.mark.parametrize(("expected", "told"), [("true", "RESUME_EXPIRED"), ("false", "INTERNAL")])
async def test_stream_that_breaks_ends_with_an_error(address: str, expected: str, told: str) -> None:
    body = {"query": f"subscription {{ fails(expected: {expected}) }}"}
    first = {"data": {"fails": 1}}
    told_events = events((await post(address, body, SSE)).text)
    assert [name for name, _ in told_events] == ["next", "next", "complete"]
    assert told_events[0][1] == first
    assert told_events[1][1]["errors"][0]["extensions"]["code"] == told
    response = await post(address, body, MULTIPART)
    began, broke = parts(response)
    assert began == {"payload": first}
    assert (broke["payload"], broke["errors"][0]["extensions"]["code"]) == (None, told)
    assert "inside story" not in response.text


async def test_variables_that_are_wrong_are_the_only_part(address: str) -> None:
    response = await post(address, {"query": "subscription A($n: Int!) { count(to: $n) }"}, MULTIPART)
    (only,) = parts(response)
    assert only["payload"]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("accept", [SSE, MULTIPART], ids=["events", "multipart"])
async def test_client_that_leaves_ends_its_stream(address: str, seen: Watch, accept: dict[str, str]) -> None:
    async with streaming(address, LONG, accept) as response:
        async for chunk in response.aiter_text():
            if '"count":2' in chunk:
                break
        assert seen.streams == 1
    await settled(seen)


async def test_revoked_token_ends_its_stream(address: str, seen: Watch) -> None:
    for accept in (SSE, MULTIPART):
        async with streaming(address, LONG, {**accept, **GOOD}) as response:
            text = ""
            async for chunk in response.aiter_text():
                text += chunk
                seen.revoked = True
        seen.revoked = False
        assert "UNAUTHORIZED" in text
        assert text.endswith("--graphql--\r\n" if accept is MULTIPART else "event: complete\ndata:\n\n")
    await settled(seen)


@pytest.mark.parametrize(
    ("accept", "ping"),
    [(SSE, ":\n\n"), (MULTIPART, "\r\nContent-Type: application/json\r\n\r\n{}\r\n--graphql")],
    ids=["events", "multipart"],
)
async def test_silence_is_filled_with_pings(
    address: str, seen: Watch, monkeypatch: pytest.MonkeyPatch, accept: dict[str, str], ping: str
) -> None:
    monkeypatch.setattr(limits, "STREAM_PING_S", 0.02)
    text = ""
    async with streaming(address, {"query": "subscription { silence }"}, accept) as response:
        async for chunk in response.aiter_text():
            text += chunk
            if text.count(ping) >= 4:
                seen.go_on.set()
    assert '{"data":{"silence":1}}' in text.replace('{"payload":', "")


@pytest.mark.parametrize("name", ["STREAMS_MAX", "STREAMS_PER_TOKEN_MAX"])
async def test_streams_at_the_limit_and_one_past_it(
    address: str, seen: Watch, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(limits, name, 2)
    body = {"query": "subscription { silence }"}
    async with streaming(address, body, SSE) as first, streaming(address, body, MULTIPART) as second:
        assert (first.status_code, second.status_code) == (200, 200)
        for accept in (SSE, MULTIPART):
            refused = await post(address, COUNT, accept)
            assert (refused.status_code, code(refused), refused.headers["Retry-After"]) == (
                503, "TOO_MANY_STREAMS", "1",
            )  # fmt: skip
        assert (await post(address, {"query": "{ hello }"}, SSE)).status_code == 200
    await settled(seen)
    assert (await post(address, COUNT, SSE)).status_code == 200


@pytest.mark.parametrize("accept", [SSE, MULTIPART], ids=["events", "multipart"])
async def test_client_that_reads_nothing_is_given_up(
    address: str, seen: Watch, monkeypatch: pytest.MonkeyPatch, accept: dict[str, str]
) -> None:
    monkeypatch.setattr(limits, "STREAM_SEND_S_MAX", 0.1)
    async with streaming(address, {"query": "subscription { flood }"}, accept) as response:
        assert response.status_code == 200
        async with asyncio.timeout(PATIENCE_S):
            await seen.idle.wait()  # the client still holds the connection
    assert seen.streams == 0


async def test_content_type_is_checked_as_for_json(address: str) -> None:
    response = await post(address, COUNT, {**SSE, "Content-Type": "text/plain"})
    assert (response.status_code, JSON["Content-Type"] in response.text) == (415, True)
