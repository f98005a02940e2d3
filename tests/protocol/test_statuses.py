"""Statuses by edition of GraphQL over HTTP: those that the audits expect, and those of September 2026."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from commerce_graph.embedded import Servers
from tests.protocol.served import serving
from tests.protocol.test_http import GRAPHQL, post

NUMBER = "query ($n: String!) { hello(name: $n) }"
CASES: list[tuple[str, Any, int, int, int]] = [
    # what is sent: audited to clients of JSON, audited to clients of GraphQL's type, edition of 2026
    ("fine", {"query": "{ hello }"}, 200, 200, 200),
    ("data and errors", {"query": "{ hello fault }"}, 200, 200, 294),
    ("no JSON", b"{", 400, 400, 400),
    ("no query", {}, 400, 400, 422),
    ("variables of a wrong kind", {"query": "{ hello }", "variables": [1]}, 400, 400, 422),
    ("no GraphQL", {"query": "{"}, 200, 400, 400),
    ("no field of the schema", {"query": "{ nothing }"}, 200, 400, 422),
    ("no operation of that name", {"query": "query A { hello }", "operationName": "B"}, 200, 400, 422),
    ("a variable that does not fit", {"query": NUMBER, "variables": {"n": 1}}, 200, 400, 422),
    ("too deep", {"query": "{ a " * 100 + "}" * 100}, 200, 400, 422),
    ("no scope", {"query": "{ listed }"}, 200, 403, 403),
]


@pytest.fixture(scope="module")
async def edition_2026(servers: Servers) -> AsyncIterator[str]:
    async with serving(servers.redis_url, codes="2026") as where:
        yield where


@pytest.mark.parametrize(
    ("body", "json", "graphql", "edition"), [each[1:] for each in CASES], ids=[c[0] for c in CASES]
)
async def test_status(address: str, edition_2026: str, body: Any, json: int, graphql: int, edition: int) -> None:
    assert (await post(address, body)).status_code == json
    assert (await post(address, body, GRAPHQL)).status_code == graphql
    strict, legacy = await post(edition_2026, body, GRAPHQL), await post(edition_2026, body)
    assert (strict.status_code, legacy.status_code) == (edition, edition)
    kinds = [response.headers["Content-Type"].partition(";")[0] for response in (strict, legacy)]
    mine = "application/json" if edition < 300 else "application/graphql-response+json"
    assert kinds == ["application/graphql-response+json", mine]


async def test_statuses_of_refused_requests_are_the_same_in_both(edition_2026: str) -> None:
    for headers, status in (
        ({"Content-Type": "text/plain"}, 415), ({"Accept": "text/html"}, 406), ({"Authorization": "Bearer bad"}, 401),
    ):  # fmt: skip
        assert (await post(edition_2026, {"query": "{ hello }"}, headers)).status_code == status
