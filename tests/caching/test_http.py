"""What is told to browsers and to CDNs: how long, whether it changed, what it is about, and whose it is."""

import asyncio
import gzip
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from graphql import build_client_schema, get_introspection_query
from starlette.datastructures import Headers

from commerce_graph.kernel.auth import WRITE_DOCUMENTS
from commerce_graph.kernel.caching import Kept, Surrogates, represented
from commerce_graph.kernel.database import count_statements
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.limits import ANSWER_PACKED_BYTES_MIN, SURROGATE_KEYS_BYTES_MAX
from tests.caching.conftest import Serve, get
from tests.merchandising.test_variants import WHITE
from tests.merchandising.test_variants import update as set_variants
from tests.shop import PRINCIPALS, Shop, uid

LIST = "{ products(first: 10) { nodes { id title } } }"
LONG = (
    "{ products(first: 10) { nodes { id title descriptionHtml handle vendor productType createdAt updatedAt tags "
    "seo { title description } } } }"
)
SHIRT = '{ product(handle: "shirt") { title variants(first: 9) { nodes { price { amount } } } } }'


async def test_the_least_of_all_hints_counts(client: httpx.AsyncClient) -> None:
    for query, age in (
        ("{ pages(first: 1) { nodes { title } } }", 300),
        ("{ pages(first: 1) { nodes { title } } products(first: 1) { nodes { title } } }", 60),
    ):
        headers = (await get(client, query)).headers
        assert headers["Cache-Control"] == f"public, max-age=0, s-maxage={age}"
        assert headers["Age"] == "0"


@pytest.mark.parametrize(
    "query",
    [
        '{ product(handle: "mug") { variants(first: 1) { nodes { quantityAvailable } } } }',
        "{ products(first: 1) { filters { id } } }",
        '{ node(id: "gid://shopify/Product/1") { id } }',
        "{ __typename }",
        '{ customer(customerAccessToken: "x") { id } }',
        'query { products(first: 1) { nodes { id } } cart(id: "x") { id } }',
    ],
)
async def test_what_nobody_has_said_may_be_shown_again_is_not(client: httpx.AsyncClient, query: str) -> None:
    assert (await get(client, query)).headers["Cache-Control"] == "no-store"


async def test_the_schema_is_told_once(serve: Serve, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    run, runs = engine.run, 0

    async def counted(*given: Any) -> dict[str, Any]:
        nonlocal runs
        runs += 1
        return await run(*given)

    monkeypatch.setattr(engine, "run", counted)
    client, whole = serve(), {"query": get_introspection_query()}
    at_once = await asyncio.gather(*(client.post("/graphql", json=whole) for _ in range(10)))
    assert (runs, len({each.content for each in at_once})) == (1, 1)
    build_client_schema(at_once[0].json()["data"])
    named = '{ shop { name } __type(name: "Cart") { name } }'
    found = [(await get(each, named)).headers["Cache-Control"] for each in (client, serve())]
    assert (runs, found) == (2, ["public, max-age=0, s-maxage=300"] * 2)


async def test_a_schema_that_is_for_some_is_not_shown_to_others(
    serve: Serve, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "introspection", "token")
    shopper = PRINCIPALS["storefront"]
    monkeypatch.setitem(PRINCIPALS, "publisher", replace(shopper, scopes=shopper.scopes | WRITE_DOCUMENTS))
    client, query = serve(), "{ __schema { queryType { name } } }"
    trusted = {"X-Test-Token": "publisher"}
    for _ in range(2):
        for headers, told in ((trusted, True), ({}, False)):
            assert ("data" in (await get(client, query, headers)).json()) == told


async def test_posts_are_stored_by_nobody_else(client: httpx.AsyncClient) -> None:
    first = await client.post("/graphql", json={"query": LIST})
    with count_statements() as seen:
        again = await client.post("/graphql", json={"query": LIST})
    assert seen == []
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "no-store"
    assert "ETag" not in again.headers


async def test_a_client_that_has_it_is_told_so_until_it_changes(client: httpx.AsyncClient, shop: Shop) -> None:
    first = await get(client, SHIRT)
    has = {"If-None-Match": f'"other", W/{first.headers["ETag"]}'}
    with count_statements() as seen:
        same = await get(client, SHIRT, has)
    assert (same.status_code, same.content, seen) == (304, b"", [])
    for name in ("ETag", "Vary", "Cache-Control", "Surrogate-Key"):
        assert same.headers[name] == first.headers[name]
    await set_variants(shop, [{"id": WHITE, "price": "31.00"}])
    changed = await get(client, SHIRT, has)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


async def test_each_form_has_a_tag_of_its_own(client: httpx.AsyncClient) -> None:
    ways = [{"Accept": media, "Accept-Encoding": coding} for media in
            ("application/json", "application/graphql-response+json") for coding in ("gzip", "identity")]  # fmt: skip
    found = [await get(client, LONG, way) for way in ways]
    assert len({each.headers["ETag"] for each in found}) == 4
    assert len({each.text for each in found}) == 1
    assert [each.headers.get("Content-Encoding") for each in found] == ["gzip", None, "gzip", None]


def answer(size: int, tags: Iterable[str] = ()) -> Kept:
    return Kept(b"x" * size, frozenset(tags), 0.0)


@pytest.mark.parametrize(
    ("size", "accepted", "packed"),
    [
        (ANSWER_PACKED_BYTES_MIN, "gzip", True), (ANSWER_PACKED_BYTES_MIN - 1, "gzip", False),
        (ANSWER_PACKED_BYTES_MIN, "gzip;q=0", False), (ANSWER_PACKED_BYTES_MIN, "br, GZIP;q=0.5", True),
        (ANSWER_PACKED_BYTES_MIN, "", False), (ANSWER_PACKED_BYTES_MIN, "br", False),
    ],
)  # fmt: skip
def test_compressed_where_it_is_asked_for_and_worth_it(size: int, accepted: str, packed: bool) -> None:
    told = represented(answer(size), Headers({"accept-encoding": accepted}), "m", 60, Surrogates(), shared=True)
    assert (told.headers.get("content-encoding") == "gzip") is packed
    assert (gzip.decompress(bytes(told.body)) if packed else told.body) == b"x" * size


def test_what_is_one_persons_is_private_and_names_nothing() -> None:
    told = represented(answer(9_999), Headers({"accept-encoding": "gzip"}), "m", 60, Surrogates(), shared=False)
    assert told.headers["cache-control"] == "private, no-cache"
    assert "surrogate-key" not in told.headers


@pytest.mark.parametrize("query", [LONG, "mutation { cartCreate { cart { id } } }"])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_posts_are_compressed_where_it_is_worth_it(client: httpx.AsyncClient, query: str, coding: str) -> None:
    ways = {"Accept-Encoding": coding, "X-Test-Customer": "ada"}, {"Accept-Encoding": coding}
    for headers in (*ways, ways[1]):  # read, read, and from the cache
        told = await client.post("/graphql", json={"query": query}, headers=headers)
        long = len(told.content) >= ANSWER_PACKED_BYTES_MIN
        assert long is (query is LONG)
        assert (told.headers.get("Content-Encoding") == "gzip") is (long and coding == "gzip")
        assert "Accept-Encoding" in told.headers["Vary"]
        assert "data" in told.json()


async def test_every_entity_is_named(client: httpx.AsyncClient) -> None:
    told = (await get(client, SHIRT)).headers["Surrogate-Key"].split()
    assert f"Product-{uid('shirt').hex}" in told
    assert f"ProductVariant-{uid('shirt-S-White').hex}" in told
    assert "Product" not in told, "a change of another product would purge it"
    assert "Product" in (await get(client, LIST)).headers["Surrogate-Key"].split()


def test_too_many_entities_are_named_by_their_kind() -> None:
    ways = Surrogates.of("fastly")
    many = [f"Product-{number:032x}" for number in range(SURROGATE_KEYS_BYTES_MAX // 41)]
    assert len(ways.value(many)) <= SURROGATE_KEYS_BYTES_MAX
    assert ways.value(many) == " ".join(many)
    assert ways.value([*many, "Collection-1", *(f"Product-{number}" for number in range(100))]) == "Collection Product"


def test_each_cdn_is_told_in_its_own_header() -> None:
    for cdn, header, value in (
        ("fastly", "surrogate-key", "A B"), ("cloudflare", "cache-tag", "A,B"), ("varnish", "xkey", "A B"),
    ):  # fmt: skip
        ways = Surrogates.of(cdn)  # type: ignore[arg-type]
        told = represented(answer(1, "AB"), Headers(), "m", 60, ways, shared=True).headers
        assert told[header] == value
        assert "stale-while-revalidate" in told["cache-control"]


def test_without_a_cdn_nobody_is_told_and_nobody_shows_old_answers() -> None:
    told = represented(answer(1, "AB"), Headers(), "m", 60, Surrogates.of("none"), shared=True).headers
    assert set(told) == {"etag", "vary", "cache-control", "age", "content-type", "content-length"}
    assert "stale-while-revalidate" not in told["cache-control"]


async def test_nothing_of_an_identified_caller_is_shared(client: httpx.AsyncClient) -> None:
    mine = {"X-Test-Customer": "ada"}
    first = await get(client, LIST, mine)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Surrogate-Key" not in first.headers
    with count_statements() as seen:
        assert (await get(client, LIST, mine | {"If-None-Match": first.headers["ETag"]})).status_code == 304
    assert seen, "what an identified caller asks for is read each time"


async def test_all_that_tells_callers_apart_is_in_vary(client: httpx.AsyncClient) -> None:
    told = (await get(client, LIST)).headers["Vary"].lower()
    for name in ("accept", "accept-encoding", "authorization", "origin", "x-shopify-storefront-access-token",
                 "shopify-storefront-private-token", "x-shopify-access-token"):  # fmt: skip
        assert name in told.replace(" ", "").split(",")
