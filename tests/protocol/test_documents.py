"""Persisted operations over HTTP and WebSocket: what is refused and how, then what runs, and for whom."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import count
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from commerce_graph.embedded import Servers
from commerce_graph.kernel.documents import Store
from commerce_graph.kernel.limits import DOCUMENT_ID_CHARS_MAX, DOCUMENT_STORED_BYTES_MAX
from tests.protocol.served import serving
from tests.protocol.test_http import GRAPHQL, code, get, post
from tests.protocol.test_websocket import hear, send, socket, subscribe

TRUSTED = {"Authorization": "Bearer trusted"}
HELLO = {"data": {"hello": "hello world"}}
PUBLISHED = "query Published { hello }"
_numbers = count()


def fresh(selection: str = "hello", kind: str = "query") -> str:
    """Return a document that nobody has sent yet."""
    return f"{kind} Fresh{next(_numbers)} {{ {selection} }}"


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def automatic(hashed: Any, text: str | None = None, version: Any = 1) -> dict[str, Any]:
    """Return a request as Apollo's clients send it."""
    asked: dict[str, Any] = {"extensions": {"persistedQuery": {"version": version, "sha256Hash": hashed}}}
    return asked if text is None else {"query": text, **asked}


async def got(address: str, hashed: str, headers: dict[str, str] | None = None, **more: str) -> httpx.Response:
    """Ask by GET with a hash alone, as Apollo's clients do, or with the text."""
    return await get(address, headers, extensions=json.dumps(automatic(hashed)["extensions"]), **more)


@pytest.fixture(autouse=True)
async def store(redis: Redis) -> Store:
    """Return a store in which there is one published document, under its hash, MD5 and an id of its own."""
    made = Store(redis)
    ids = (sha(PUBLISHED), "8dd7d7ae4a8ba33d5b0bf3b4ee3f3a0c", "x-shop:hello")
    assert not await made.publish(dict.fromkeys(ids, PUBLISHED), lambda done: None)
    return made


@asynccontextmanager
async def modes(servers: Servers) -> AsyncIterator[dict[str, str]]:
    """Serve in each mode on the same Redis."""
    url = servers.redis_url
    async with serving(url) as o, serving(url, "known-only") as k, serving(url, "locked") as x:
        yield {"open": o, "known-only": k, "locked": x}


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": 1}, {"documentId": ""}, {"documentId": "sha256:"}, {"documentId": "sha256:" + "A" * 64},
        {"documentId": "sha256:" + "a" * 63}, {"documentId": "md5:" + "a" * 32}, {"documentId": "a b"},
        {"documentId": "x-:a"}, {"documentId": "x-a:"}, {"documentId": "a" * (DOCUMENT_ID_CHARS_MAX + 1)},
        {"documentId": "a\n"}, {"documentId": "é"},
        {"documentId": "a", "query": "{hello}"}, {"documentId": "a", **automatic("a")},
        automatic(None), automatic(5), automatic("a" * 64, version=2), automatic("a" * 64, version="1"),
        automatic("a" * 64, version=None), {"extensions": {"persistedQuery": "x"}},
        {"extensions": {"persistedQuery": {}}}, {"extensions": {"persistedQuery": []}},
        {"extensions": {"persistedQuery": None}}, {"query": 1, **automatic("a" * 64)},
        {"query": "{hello}", "extensions": {"persistedQuery": {"version": 1}}},
    ],
    ids=lambda body: json.dumps(body)[:70],
)  # fmt: skip
async def test_malformed_request_is_400(address: str, body: Any) -> None:
    response = await post(address, body)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_id_at_the_limit_is_looked_up(address: str) -> None:
    assert code(await post(address, {"documentId": "a" * DOCUMENT_ID_CHARS_MAX})) == "PERSISTED_DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize("headers", [{}, GRAPHQL])
async def test_automatic_query_is_missed_registered_and_hit(address: str, headers: dict[str, str]) -> None:
    text = fresh()
    for missed in (await got(address, sha(text), headers), await post(address, automatic(sha(text)), headers)):
        error = {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}
        assert (missed.status_code, missed.json()) == (200, {"errors": [error]})
        assert missed.headers["Cache-Control"] == "no-store"
    assert (await post(address, automatic(sha(text), text), headers)).json() == HELLO
    for hit in (await got(address, sha(text), headers), await post(address, automatic(sha(text)), headers)):
        assert (hit.status_code, hit.json()) == (200, HELLO)


async def test_query_is_registered_by_get(address: str) -> None:
    text = fresh()
    assert (await got(address, sha(text), query=text)).json() == HELLO
    assert (await got(address, sha(text))).json() == HELLO


async def test_variables_and_operation_name_go_with_a_hash(address: str) -> None:
    text = "query A($n: String!) { hello(name: $n) } query B { hello }"
    asked = {"variables": {"n": "Ada"}, "operationName": "A"}
    for body in (automatic(sha(text), text), automatic(sha(text))):
        assert (await post(address, {**body, **asked})).json()["data"]["hello"] == "hello Ada"
    assert (await got(address, sha(text), operationName="B")).json() == HELLO
    assert code(await got(address, sha(text))) == "OPERATION_RESOLUTION_FAILURE"


@pytest.mark.parametrize("hashed", ["a" * 64, sha("{ listed }"), sha(fresh()).upper(), "md5"])
async def test_text_with_another_hash_is_refused_and_poisons_nothing(address: str, hashed: str) -> None:
    text = fresh()
    for answer in (await post(address, automatic(hashed, text)), await got(address, hashed, query=text)):
        assert (answer.status_code, code(answer)) == (400, "PERSISTED_QUERY_HASH_MISMATCH")
        assert "SHA-256" in answer.text
    for unknown in (hashed, sha(text)):
        assert code(await post(address, automatic(unknown))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_hash_of_a_published_document_cannot_be_taken(address: str, redis: Redis) -> None:
    assert code(await post(address, automatic(sha(PUBLISHED), fresh("listed")))) == "PERSISTED_QUERY_HASH_MISMATCH"
    assert (await post(address, automatic(sha(PUBLISHED), PUBLISHED))).json() == HELLO
    assert await redis.keys("*registered*") == []


async def test_text_in_redis_that_is_not_its_hash_does_not_run(address: str, redis: Redis) -> None:
    await redis.set("{documents}:registered:" + "a" * 64, "{ hello }")
    await redis.hset("{documents}:published", "b" * 64, "{ hello }")
    for wrong in ("a" * 64, "b" * 64):
        assert code(await got(address, wrong)) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("query {", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query Secret { listed }", "ACCESS_DENIED"),
        ("{ __schema { types { " + "fields { type { " * 7 + "name" + " }" * 16 + " }", "DEPTH_LIMIT_EXCEEDED"),
    ],
)  # fmt: skip
async def test_what_does_not_run_is_not_registered(address: str, redis: Redis, text: str, told: str) -> None:
    assert code(await post(address, automatic(sha(text), text))) == told
    assert await redis.keys("*registered*") == []


async def test_registered_document_gives_nobody_what_they_may_not_see(address: str) -> None:
    text = fresh("listed")
    good = {"Authorization": "Bearer good"}
    assert (await post(address, automatic(sha(text), text), good)).json()["data"]["listed"] == "a thing"
    for headers in ({}, GRAPHQL):
        denied = await got(address, sha(text), headers)
        assert (denied.status_code, code(denied)) == (403 if headers else 200, "ACCESS_DENIED")


async def test_long_document_runs_and_is_not_registered(address: str) -> None:
    text = fresh()
    at, past = (text.ljust(size) for size in (DOCUMENT_STORED_BYTES_MAX, DOCUMENT_STORED_BYTES_MAX + 1))
    for body in (at, past):
        assert (await post(address, automatic(sha(body), body))).json() == HELLO
    assert (await post(address, automatic(sha(at)))).json() == HELLO
    assert code(await post(address, automatic(sha(past)))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_mutation_by_hash_is_405_by_get_and_runs_by_post(address: str) -> None:
    text = fresh("__typename", "mutation")
    refused = await got(address, sha(text), query=text)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
    assert code(await post(address, automatic(sha(text)))) == "PERSISTED_QUERY_NOT_FOUND"
    assert "data" in (await post(address, automatic(sha(text), text))).json()
    assert "data" in (await post(address, automatic(sha(text)))).json()
    assert (await got(address, sha(text))).status_code == 405


async def test_document_by_id(address: str) -> None:
    for id in ("x-shop:hello", "8dd7d7ae4a8ba33d5b0bf3b4ee3f3a0c", f"sha256:{sha(PUBLISHED)}", sha(PUBLISHED)):
        assert (await post(address, {"documentId": id})).json() == HELLO
        assert (await get(address, documentId=id)).json() == HELLO
        assert (await post(address, automatic(id))).json() == HELLO  # what Apollo Client does with its manifest's ids


async def test_registered_document_is_found_by_its_id(address: str) -> None:
    text = fresh()
    await post(address, automatic(sha(text), text))
    assert (await get(address, documentId=f"sha256:{sha(text)}")).json() == HELLO


@pytest.mark.parametrize(("headers", "status"), [({}, 200), (GRAPHQL, 400)])
async def test_unknown_id_is_one_error_that_tells_the_way_out(
    address: str, headers: dict[str, str], status: int
) -> None:
    for id in ("sha256:" + "0" * 64, "unknown"):
        for answer in (await post(address, {"documentId": id}, headers), await get(address, headers, documentId=id)):
            assert (answer.status_code, code(answer)) == (status, "PERSISTED_DOCUMENT_NOT_FOUND")
            assert "commerce-graph documents publish" in answer.text
            assert "send its text" in answer.text


async def test_open_registration_is_for_everyone_token_for_the_trusted_and_off_for_nobody(servers: Servers) -> None:
    url = servers.redis_url
    async with serving(url, "open", "token") as token, serving(url, "open", "off") as off:
        text = fresh()
        for address, headers in ((token, {}), (off, {}), (off, TRUSTED)):
            # The text runs, and the client is told not to ask by hash again.
            assert (await post(address, automatic(sha(text), text), headers)).json() == HELLO
            answer = await post(address, automatic(sha(text)), headers)
            assert (answer.status_code, code(answer)) == (200, "PERSISTED_QUERY_NOT_SUPPORTED")
            assert answer.json()["errors"][0]["message"] == "PersistedQueryNotSupported"
        assert code(await post(token, automatic(sha(text)), TRUSTED)) == "PERSISTED_QUERY_NOT_FOUND"
        assert (await post(token, automatic(sha(text), text), TRUSTED)).json() == HELLO
        assert (await post(token, automatic(sha(text)))).json() == HELLO
        assert (await post(off, automatic(sha(PUBLISHED)))).json() == HELLO


async def test_known_only_runs_what_was_published_and_the_text_of_the_trusted(servers: Servers) -> None:
    async with modes(servers) as at:
        text, anyones = fresh(), fresh()
        await post(at["open"], automatic(sha(anyones), anyones))
        address = at["known-only"]
        for headers, status in (({}, 200), (GRAPHQL, 403)):
            for body in ({"query": text}, automatic(sha(text), text)):
                refused = await post(address, body, headers)
                assert (refused.status_code, code(refused)) == (status, "PERSISTED_DOCUMENT_REQUIRED")
                assert "commerce-graph documents publish" in refused.text
                assert "write_documents" in refused.text
        assert code(await get(address, query=text)) == "PERSISTED_DOCUMENT_REQUIRED"
        # What was registered is text that came in two halves.
        for unknown in (text, anyones):
            assert code(await post(address, automatic(sha(unknown)))) == "PERSISTED_QUERY_NOT_FOUND"
            assert code(await post(address, {"documentId": sha(unknown)})) == "PERSISTED_DOCUMENT_NOT_FOUND"
        assert (await post(address, automatic(sha(anyones)), TRUSTED)).json() == HELLO
        for body in ({"query": text}, automatic(sha(text), text), automatic(sha(text))):
            assert (await post(address, body, TRUSTED)).json() == HELLO
        assert code(await post(address, automatic(sha(text)))) == "PERSISTED_QUERY_NOT_FOUND"
        for body in (automatic(sha(PUBLISHED)), {"documentId": "x-shop:hello"}, {"query": PUBLISHED},
                     automatic(sha(PUBLISHED), PUBLISHED)):  # fmt: skip
            assert (await post(address, body)).json() == HELLO


async def test_locked_runs_what_was_published_by_its_id_only(servers: Servers) -> None:
    async with modes(servers) as at:
        text = fresh()
        await post(at["open"], automatic(sha(text), text))
        for headers in ({}, TRUSTED):
            for body in (
                {"query": PUBLISHED},
                {"query": text},
                automatic(sha(text), text),
                {"query": "{ __typename }"},
            ):
                refused = await post(at["locked"], body, headers)
                assert code(refused) == "PERSISTED_DOCUMENT_REQUIRED"
                assert "commerce-graph documents publish" in refused.text
                assert "write_documents" not in refused.text
            assert code(await post(at["locked"], automatic(sha(text)), headers)) == "PERSISTED_QUERY_NOT_FOUND"
            unknown = await post(at["locked"], {"documentId": sha(text)}, headers)
            assert code(unknown) == "PERSISTED_DOCUMENT_NOT_FOUND"
            assert "send its text" not in unknown.text
            for body in (automatic(sha(PUBLISHED)), {"documentId": "x-shop:hello"}):
                assert (await post(at["locked"], body, headers)).json() == HELLO


async def test_what_one_server_registers_all_others_know(servers: Servers, address: str) -> None:
    async with serving(servers.redis_url) as other:
        text = fresh()
        assert (await post(address, automatic(sha(text), text))).json() == HELLO
        assert (await got(other, sha(text))).json() == HELLO


async def test_registered_by_many_at_once(servers: Servers, address: str, redis: Redis) -> None:
    async with serving(servers.redis_url) as other:
        text = fresh()
        asked = [post(where, automatic(sha(text), text)) for where in (address, other) * 10]
        wrong = [post(where, automatic(sha(text), fresh("listed"))) for where in (address, other) * 5]
        answers = await asyncio.gather(*asked, *wrong)
        assert [answer.json() for answer in answers[:20]] == [HELLO] * 20
        assert {code(answer) for answer in answers[20:]} == {"PERSISTED_QUERY_HASH_MISMATCH"}
        assert await redis.get(f"{{documents}}:registered:{sha(text)}") == text.encode()
        assert [(await got(where, sha(text))).json() for where in (address, other)] == [HELLO] * 2


async def test_operations_by_id_and_hash_over_a_socket(servers: Servers) -> None:
    async with serving(servers.redis_url) as address, socket(address) as opened:

        async def ask(payload: Any) -> Any:
            await send(opened, subscribe(payload))
            first = await hear(opened)
            if first["type"] == "next":
                assert (await hear(opened))["type"] == "complete"
                return first["payload"]
            (error,) = first["payload"]
            return error["extensions"]["code"]

        text, stream = fresh(), fresh("count(to: 1)", "subscription")
        assert await ask(automatic(sha(text))) == "PERSISTED_QUERY_NOT_FOUND"
        assert await ask(automatic("a" * 64, text)) == "PERSISTED_QUERY_HASH_MISMATCH"
        assert await ask(automatic(sha(text), text)) == HELLO
        assert await ask(automatic(sha(text))) == HELLO
        assert await ask({"documentId": "x-shop:hello"}) == HELLO
        assert await ask({"documentId": "unknown"}) == "PERSISTED_DOCUMENT_NOT_FOUND"
        for payload in (automatic(sha(stream), stream), automatic(sha(stream))):
            assert await ask(payload) == {"data": {"count": 0}}


async def test_text_over_a_socket_is_refused_where_only_published_documents_run(servers: Servers) -> None:
    async with serving(servers.redis_url, "locked") as address, socket(address) as opened:
        await send(opened, subscribe({"query": PUBLISHED}))
        told = await hear(opened)
        assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "PERSISTED_DOCUMENT_REQUIRED")
        await send(opened, subscribe({"documentId": sha(PUBLISHED)}))
        assert (await hear(opened))["payload"] == HELLO
