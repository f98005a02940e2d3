"""GraphQL over HTTP: what is refused and how, then what is answered."""

import asyncio
import gzip
import json
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.http import accepts
from commerce_graph.kernel.limits import BODY_BYTES_MAX, JSON_DEPTH_MAX
from commerce_graph.kernel.parameters import load_json, read_parameters
from tests.protocol.served import Watch

JSON = {"Content-Type": "application/json"}
GRAPHQL = {"Accept": "application/graphql-response+json"}


async def post(address: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx.AsyncClient() as client:
        return await client.post(f"http://{address}", content=content, headers={**JSON, **(headers or {})})


async def get(address: str, headers: dict[str, str] | None = None, **query: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://{address}", params=query, headers=headers)


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"1", b'"text"', b"[]", b'[{"query":"{hello}"}]', b"{", b'{"query": "\xff"}', b"\xef\xbb\xbf{}",
        b'{"query": NaN}', b"[" * 100_000, b'{"variables":' * 500 + b"1" + b"}" * 500, {}, {"query": ""},
        {"query": 1}, {"query": "{hello}", "variables": []}, {"query": "{hello}", "variables": "{}"},
        {"query": "{hello}", "operationName": 1}, {"query": "{hello}", "extensions": []},
        {"query": "subscription { count }"},
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("headers", [{}, GRAPHQL])
async def test_malformed_request_is_400(address: str, body: Any, headers: dict[str, str]) -> None:
    response = await post(address, body, headers)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


def test_json_at_the_limit_of_depth_and_one_past_it() -> None:
    at, past = ("[" * depth + "]" * depth for depth in (JSON_DEPTH_MAX, JSON_DEPTH_MAX + 1))
    assert load_json(at)
    assert load_json(f"[{'[],' * JSON_DEPTH_MAX}[]]")  # wide is not deep
    with pytest.raises(RequestError, match="deeper than"):
        load_json(past.encode())


SCALARS = st.none() | st.booleans() | st.integers() | st.text()
NAMES = st.sampled_from(["query", "variables", "operationName", "extensions"]) | st.text()


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner)))
def test_any_json_is_read_or_refused(body: Any) -> None:
    with suppress(RequestError):
        assert read_parameters(body).query


async def test_body_at_the_limit_and_one_past_it(address: str) -> None:
    for size, status in ((BODY_BYTES_MAX, 200), (BODY_BYTES_MAX + 1, 413)):
        body = b'{"query": "{hello}"}'.ljust(size)
        assert (await post(address, body)).status_code == status

        async def chunks(body: bytes = body) -> Any:
            for at in range(0, len(body), 100_000):
                yield body[at : at + 100_000]

        async with httpx.AsyncClient() as client:  # without Content-Length
            assert (await client.post(f"http://{address}", content=chunks(), headers=JSON)).status_code == status


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql",
     "application/json; charset=latin-1", ""],
)  # fmt: skip
async def test_what_a_foreign_page_can_send_is_415(address: str, kind: str) -> None:
    response = await post(address, {"query": "mutation { __typename }"}, {"Content-Type": kind})
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_compressed_body_is_415(address: str) -> None:
    body = gzip.compress(b'{"query": "{hello}"}')
    assert (await post(address, body, {"Content-Encoding": "gzip"})).status_code == 415


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "application/json;q=0", "application/json;charset=latin-1"]
)
async def test_kind_that_is_not_spoken_is_406(address: str, accept: str) -> None:
    assert (await post(address, {"query": "{hello}"}, {"Accept": accept})).status_code == 406


async def test_method_that_is_not_allowed_is_405(address: str) -> None:
    response = await get(address, query="mutation { __typename }")
    assert (response.status_code, code(response), response.headers["Allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")
    async with httpx.AsyncClient() as client:
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
            response = await client.request(method, f"http://{address}")
            assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")


async def test_unknown_token_is_401_and_says_which_header(address: str) -> None:
    response = await post(address, {"query": "{hello}"}, {"Authorization": "Bearer stolen"})
    assert (response.status_code, code(response)) == (401, "UNAUTHORIZED")
    assert "Authorization" in response.text
    assert "stolen" not in response.text


async def test_field_that_needs_a_token_is_refused_without_running_anything(address: str) -> None:
    body = {"query": "{ hello listed }"}
    plain, strict = await post(address, body), await post(address, body, GRAPHQL)
    assert (plain.status_code, strict.status_code, code(plain)) == (200, 403, "ACCESS_DENIED")
    assert "data" not in plain.json()
    assert (await post(address, body, {"Authorization": "Bearer good"})).json()["data"]["listed"] == "a thing"


async def test_only_the_chosen_operation_asks_for_scopes(address: str) -> None:
    document = "query A { hello } query B { ...part } fragment part on Query { listed }"
    assert "data" in (await post(address, {"query": document, "operationName": "A"})).json()
    assert code(await post(address, {"query": document, "operationName": "B"})) == "ACCESS_DENIED"
    assert code(await post(address, {"query": document})) == "OPERATION_RESOLUTION_FAILURE"


async def test_fault_is_masked_and_told_by_request_id(address: str) -> None:
    response = await post(address, {"query": "{ fault }"}, {"X-Request-Id": "abc-123"})
    assert (response.status_code, code(response)) == (200, "INTERNAL")
    assert "abc-123" in response.text
    assert "inside story" not in response.text


@pytest.mark.parametrize("bad", ["", "with space", "x" * 129, 'quote"', "a\tb"])
async def test_request_id_without_the_form_of_one_is_replaced(address: str, bad: str) -> None:
    given, replaced = [
        (await post(address, {"query": "{hello}"}, {"X-Request-Id": each})).headers["X-Request-Id"]
        for each in ("mine.1", bad)
    ]
    assert (given, len(replaced)) == ("mine.1", 32)


async def test_query_by_get_with_all_parameters(address: str) -> None:
    document = "query A($n: String!) { hello(name: $n) } query B { hello }"
    response = await get(address, query=document, variables='{"n": "Ada"}', operationName="A", extensions="{}")
    assert response.json() == {"data": {"hello": "hello Ada"}}
    assert (await get(address, query=document, variables="{", operationName="A")).status_code == 400


async def test_headers_for_browsers_and_caches(address: str) -> None:
    headers = (await post(address, {"query": "{hello}"})).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (headers["Cache-Control"], headers["Vary"]) == ("no-store", "Accept, Accept-Encoding")


@pytest.mark.parametrize(("kind", "ending"), [("query", "cancelled"), ("mutation", "finished")])
async def test_client_that_leaves_ends_its_query_but_not_its_mutation(
    address: str, seen: Watch, kind: str, ending: str
) -> None:
    asking = asyncio.create_task(post(address, {"query": f"{kind} {{ wait }}"}))
    await seen.began.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    if kind == "mutation":
        await get(address, query="{hello}")  # a round trip later the server knows that the client has left
        seen.go_on.set()
    assert await seen.ended.get() == ending


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, ["json", "graphql"]),
        ("*/*", ["json", "graphql"]),
        ("application/*", ["json", "graphql"]),
        ("graphql, json;q=0.9", ["graphql", "json"]),
        ("json;q=0.1, graphql;q=0.2", ["graphql", "json"]),
        ("html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", ["html", "json", "graphql"]),
        ("html;q=0.1, json", ["json", "html"]),
        ("json;q=x", []),
        (", ,", []),
        ("x" * 2_000, ["json", "graphql"]),
    ],
)
def test_accept(header: str | None, wanted: list[str]) -> None:
    kinds = {"json": "application/json", "graphql": "application/graphql-response+json", "html": "text/html"}
    for short, full in kinds.items():
        header = header and ",".join(full + part[len(short) :] if part.strip().startswith(short) else part
                                     for part in header.replace(", ", ",").split(","))  # fmt: skip
    assert accepts(header, tuple(kinds.values())) == [kinds[each] for each in wanted]
