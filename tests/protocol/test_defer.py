"""`@defer` over HTTP: negotiated, what comes first and what later, who leaves, and who gets everything at once."""

import asyncio
import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from commerce_graph.embedded import Servers
from commerce_graph.kernel import limits
from commerce_graph.kernel.demand.buckets import Rate
from tests.protocol.served import Watch, serving
from tests.protocol.test_demand import merchant
from tests.protocol.test_http import GRAPHQL, post
from tests.protocol.test_streams import PATIENCE_S, SSE, parts, streaming

CURRENT = {"Accept": "multipart/mixed;incrementalSpec=v0.2,application/json;q=0.9"}
OLDER = {"Accept": "multipart/mixed;deferSpec=20220824,application/json;q=0.9"}
BOTH = pytest.mark.parametrize("accept", [CURRENT, OLDER], ids=["current", "2022"])
WAITING = {"query": '{ hello ... @defer(label: "late") { wait } }'}
HELLO = {"hello": "hello world"}


async def in_turns(address: str, body: Any, headers: dict[str, str], seen: Watch) -> httpx.Response:
    """Let what is deferred go on once the first part is there."""
    async with streaming(address, body, headers) as response:
        content = b""
        async for chunk in response.aiter_raw():
            content += chunk
            if content.count(b"\r\n---") == 2:  # the first part has come to its end
                assert not seen.go_on.is_set()
                async with asyncio.timeout(PATIENCE_S):
                    await seen.began.wait()
                seen.go_on.set()
        return httpx.Response(response.status_code, headers=response.headers, content=content)


async def test_current_format(address: str, seen: Watch) -> None:
    response = await in_turns(address, WAITING, CURRENT, seen)
    assert response.headers["Content-Type"] == 'multipart/mixed;boundary="-";incrementalSpec=v0.2'
    first, second = parts(response)
    assert first == {"data": HELLO, "pending": [{"id": "0", "path": [], "label": "late"}], "hasNext": True}
    assert second == {
        "incremental": [{"id": "0", "data": {"wait": True}}], "completed": [{"id": "0"}], "hasNext": False,
    }  # fmt: skip


async def test_format_of_2022(address: str, seen: Watch) -> None:
    response = await in_turns(address, WAITING, OLDER, seen)
    assert response.headers["Content-Type"] == 'multipart/mixed;boundary="-";deferSpec=20220824'
    first, second = parts(response)
    assert first == {"data": HELLO, "hasNext": True}
    late = {"data": {"wait": True}, "path": [], "label": "late"}
    assert second == {"incremental": [late], "hasNext": False}


@BOTH
async def test_error_in_a_fragment_is_told_there_and_the_fragment_may_fail(
    address: str, accept: dict[str, str]
) -> None:
    query = '{ hello ... @defer(label: "a") { fault } ... @defer(label: "b") { faultStrictly } }'
    response = await post(address, {"query": query}, {**accept, "X-Request-Id": "abc-123"})
    first, *rest = parts(response)
    assert (first["data"], "errors" in first) == (HELLO, False)
    told = json.dumps(rest)
    assert (told.count("abc-123"), told.count('"INTERNAL"'), "inside story" in told) == (2, 2, False)
    if accept is OLDER:
        data = {each["label"]: each["data"] for part in rest for each in part["incremental"]}
        assert data == {"a": {"fault": None}, "b": None}
    else:
        ended = {each["id"]: "errors" in each for part in rest for each in part["completed"]}
        labels = {each["id"]: each["label"] for each in first["pending"]}
        assert {labels[id]: failed for id, failed in ended.items()} == {"a": False, "b": True}


@pytest.mark.parametrize(
    "headers", [{}, GRAPHQL, {"Accept": "multipart/mixed, application/json"}, SSE], ids=["any", "json", "bare", "sse"]
)
async def test_who_names_no_format_gets_everything_at_once(address: str, seen: Watch, headers: dict[str, str]) -> None:
    seen.go_on.set()
    response = await post(address, WAITING, headers)
    assert json.dumps({"data": {**HELLO, "wait": True}}, separators=(",", ":")) in response.text
    assert "multipart" not in response.headers["Content-Type"]


@BOTH
@pytest.mark.parametrize(
    "query",
    ["{ hello }", "{ hello ... @defer(if: false) { hello } }", "{ hello ... @defer { hello } }",
     "query A($late: Boolean!) { hello ... @defer(if: $late) { __typename } }"],
)  # fmt: skip
async def test_answer_of_which_nothing_comes_later_is_json(address: str, accept: dict[str, str], query: str) -> None:
    response = await post(address, {"query": query, "variables": {"late": False}}, accept)
    assert response.json()["data"]["hello"] == "hello world"


@BOTH
async def test_variable_decides_whether_to_defer(address: str, accept: dict[str, str]) -> None:
    body = {"query": "query A($late: Boolean!) { hello ... @defer(if: $late) { __typename } }"}
    assert len(parts(await post(address, {**body, "variables": {"late": True}}, accept))) == 2
    at_once = await post(address, {**body, "variables": {"late": False}}, accept)
    assert at_once.json() == {"data": {**HELLO, "__typename": "Query"}}


@BOTH
async def test_document_that_does_not_run_gets_no_parts(address: str, accept: dict[str, str]) -> None:
    for query in ("{ ... @defer { nothing } }", "{ hello ... @defer { listed } }", "mutation { ... @defer { wait } }"):
        response = await post(address, {"query": query}, accept)
        assert "data" not in response.json()


@BOTH
async def test_what_is_deferred_of_a_mutation_is_read_after_it(
    address: str, seen: Watch, accept: dict[str, str]
) -> None:
    body = {"query": 'mutation { a: note(text: "a") { text ... @defer { wait } } b: note(text: "b") { text } }'}
    first, *rest = parts(await in_turns(address, body, accept, seen))
    assert first["data"] == {"a": {"text": "a"}, "b": {"text": "b"}}
    assert [each["data"] for part in rest for each in part["incremental"]] == [{"wait": True}]


@BOTH
async def test_client_that_leaves_ends_what_is_deferred(address: str, seen: Watch, accept: dict[str, str]) -> None:
    async with streaming(address, WAITING, accept):
        async with asyncio.timeout(PATIENCE_S):
            await seen.began.wait()
    assert await asyncio.wait_for(seen.ended.get(), PATIENCE_S) == "cancelled"


@BOTH
async def test_what_takes_too_long_is_told_and_the_answer_ends(
    address: str, seen: Watch, monkeypatch: pytest.MonkeyPatch, accept: dict[str, str]
) -> None:
    monkeypatch.setattr(limits, "REQUEST_TIMEOUT_S", 0.2)
    first, last = parts(await post(address, WAITING, accept))
    assert first["data"] == HELLO
    (told,) = last["incremental" if accept is OLDER else "completed"]
    assert told["errors"][0]["extensions"]["code"] == "TIMEOUT"
    assert last["hasNext"] is False
    assert await asyncio.wait_for(seen.ended.get(), PATIENCE_S) == "cancelled"


@BOTH
async def test_document_by_its_hash_is_deferred_as_well(address: str, accept: dict[str, str]) -> None:
    text = "{ hello ... @defer { __typename } }"
    hashed = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}}
    whole = parts(await post(address, {"query": text, **hashed}, accept))
    assert len(whole) == 2
    assert parts(await post(address, hashed, accept)) == whole


@BOTH
async def test_what_was_not_used_is_given_back_and_told_with_the_last_part(
    servers: Servers, seen: Watch, accept: dict[str, str]
) -> None:
    who = merchant()
    wanted = """mutation ($no: Boolean = false) {
      a: note(text: "a") { text ... @defer { wait } } b: note(text: "b") @include(if: $no) { text } }"""
    async with serving(servers.redis_url, rate=Rate(30, 1)) as address:
        first, *_, last = parts(await in_turns(address, {"query": wanted}, {**accept, **who}, seen))
        assert "extensions" not in first
        cost = last["extensions"]["cost"]
        assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (23, 12)
        after = (await post(address, {"query": "{ hello }"}, who)).json()["extensions"]["cost"]["throttleStatus"]
        assert after["currentlyAvailable"] >= 30 - 12 - 1
