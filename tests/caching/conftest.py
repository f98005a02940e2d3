"""A server in this process whose answers are cached, as many as a test wants on one shop."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from commerce_graph.freshness import invalidation
from commerce_graph.kernel.auth import ANONYMOUS, Principal
from commerce_graph.kernel.caching import Answers, Repeated, Store, store
from commerce_graph.kernel.demand.buckets import Buckets, Rate
from commerce_graph.kernel.demand.door import Door
from commerce_graph.kernel.demand.gate import Gate
from commerce_graph.kernel.demand.throttle import Throttle
from commerce_graph.kernel.documents import Documents
from commerce_graph.kernel.documents import Store as DocumentStore
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.http import GraphQLOverHTTP
from tests.shop import PRINCIPALS, Shop, uid

Serve = Callable[[], httpx.AsyncClient]


async def caller(headers: Mapping[str, str]) -> Principal:
    """Return who `X-Test-Token` names, as the customer that `X-Test-Customer` names."""
    found = PRINCIPALS.get(headers.get("x-test-token", "storefront"), ANONYMOUS)
    customer = headers.get("x-test-customer")
    return replace(found, customer_id=uid(customer)) if customer else found


def open_door(redis: Redis) -> Door:
    """Return a door that everyone passes."""
    return Door(Gate(), Throttle(Buckets(redis), "off", Rate(1, 1)))


@pytest.fixture
async def serve(shop: Shop, redis: Redis, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serve]:
    """Return a function that starts one more server process, as far as its memory goes."""
    # The first query of a run is planned while Redis answers, which may take a busy machine longer than the limit.
    monkeypatch.setattr(store, "ANSWER_STORE_S_MAX", 30.0)
    shop.database.watch = invalidation(Store(redis))
    clients: list[httpx.AsyncClient] = []

    def another() -> httpx.AsyncClient:
        documents = Documents(DocumentStore(redis))
        answers = Answers(Store(redis))
        http = GraphQLOverHTTP(engine, caller, documents, open_door(redis), answers=answers)
        app = Starlette(routes=[Route("/graphql", http)], middleware=[Middleware(Repeated, answers=answers)])
        app.state.resources = shop.resources
        clients.append(httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test"))
        return clients[-1]

    yield another
    for client in clients:
        await client.aclose()


@pytest.fixture
def client(serve: Serve) -> httpx.AsyncClient:
    """Return one server."""
    return serve()


async def get(client: httpx.AsyncClient, query: str, headers: Any = None) -> httpx.Response:
    """Ask by GET."""
    return await client.get("/graphql", params={"query": query}, headers=headers)
