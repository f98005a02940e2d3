"""What strangers learn: the schema where it is told, and no name of it from messages."""

from collections.abc import AsyncIterator

import httpx
import pytest

from commerce_graph.embedded import Servers
from commerce_graph.kernel.execution.engine import Introspection
from tests.protocol.served import serving
from tests.protocol.test_http import GRAPHQL, code, post
from tests.protocol.test_websocket import hear, send, socket, subscribe

SCHEMA = [
    "{ __schema { queryType { name } } }", '{ __type(name: "Query") { name } }', "{ _service { sdl } }",
    "{ ...f } fragment f on Query { a: __schema { queryType { name } } }",
]  # fmt: skip
GOOD = {"Authorization": "Bearer good"}
TRUSTED = {"Authorization": "Bearer trusted"}
TYPOS = [
    ("{ helo }", None),
    ('{ hello(nam: "a") }', None),
    ("{ ... on Quer { hello } }", None),
    ("query ($n: Strin) { hello(name: $n) }", None),
]


@pytest.fixture(scope="module")
async def by_token(servers: Servers) -> AsyncIterator[str]:
    async with serving(servers.redis_url, introspection="token") as where:
        yield where


@pytest.fixture(scope="module")
async def closed(servers: Servers) -> AsyncIterator[str]:
    async with serving(servers.redis_url, introspection="off") as where:
        yield where


@pytest.mark.parametrize("query", SCHEMA)
async def test_schema_is_told_to_nobody(closed: str, query: str) -> None:
    for headers in ({}, GOOD, TRUSTED):
        plain, strict = (
            await post(closed, {"query": query}, headers),
            await post(closed, {"query": query}, {**headers, **GRAPHQL}),
        )
        assert (plain.status_code, strict.status_code, code(strict)) == (200, 403, "INTROSPECTION_DISABLED")
        assert "data" not in plain.json()


@pytest.mark.parametrize("query", SCHEMA)
async def test_schema_is_told_to_tokens_that_may_send_any_document(by_token: str, query: str) -> None:
    for headers in ({}, GOOD):
        assert code(await post(by_token, {"query": query}, headers)) == "INTROSPECTION_DISABLED"
    assert "errors" not in (await post(by_token, {"query": query}, TRUSTED)).json()


@pytest.mark.parametrize("query", SCHEMA)
async def test_schema_is_told_to_all(address: str, query: str) -> None:
    assert "errors" not in (await post(address, {"query": query})).json()


async def test_schema_is_not_told_over_a_socket_either(closed: str) -> None:
    async with socket(closed) as opened:
        await send(opened, subscribe({"query": SCHEMA[0]}))
        (error,) = (await hear(opened))["payload"]
    assert error["extensions"]["code"] == "INTROSPECTION_DISABLED"


async def test_names_of_types_in_answers_are_no_introspection(closed: str) -> None:
    assert (await post(closed, {"query": "{ __typename }"})).json() == {"data": {"__typename": "Query"}}


async def suggested(address: str, headers: dict[str, str]) -> list[bool]:
    answers = [await post(address, {"query": query, "variables": given}, headers) for query, given in TYPOS]
    assert all("errors" in answer.json() for answer in answers)
    return ["Did you mean" in answer.text for answer in answers]


async def test_no_name_of_the_schema_is_suggested_to_strangers(address: str) -> None:
    assert await suggested(address, {}) == [False] * len(TYPOS)
    assert await suggested(address, GOOD) == [True] * len(TYPOS)


@pytest.mark.parametrize(("mode", "told"), [("token", [False, True]), ("off", [False, False])])
async def test_names_are_suggested_to_those_who_may_read_the_schema(
    servers: Servers, mode: Introspection, told: list[bool]
) -> None:
    async with serving(servers.redis_url, introspection=mode) as where:
        assert [all(await suggested(where, headers)) for headers in (GOOD, TRUSTED)] == told
        assert [any(await suggested(where, headers)) for headers in (GOOD, TRUSTED)] == told


async def test_no_name_is_suggested_over_a_socket(address: str) -> None:
    async with socket(address) as opened:
        await send(opened, subscribe({"query": TYPOS[0][0]}))
        assert "Did you mean" not in str(await hear(opened))


async def test_browser_headers_part_an_answer_from_other_pages(address: str) -> None:
    async with httpx.AsyncClient() as client:
        headers = (await client.get(f"http://{address}", params={"query": "{ hello }"})).headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
