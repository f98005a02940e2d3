"""The composition root: who calls, what is served, and what happens when a server below is gone."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text, update
from tools.opensearch import Node
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from commerce_graph import app as root
from commerce_graph.app import (
    EXAMPLES,
    MODULES,
    choose_providers,
    close_resources,
    create,
    graph,
    open_resources,
    select,
)
from commerce_graph.callers import Callers
from commerce_graph.embedded import Servers
from commerce_graph.events import OrderUpdated
from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import ANONYMOUS
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.graphiql import ASSETS, Example, read_examples
from commerce_graph.kernel.outbox import publish
from commerce_graph.kernel.tokens import api_token
from commerce_graph.payment.service import POLICY, PROVIDERS, Stripe
from commerce_graph.settings import Settings, SettingsError
from tests.protocol.served import listening
from tests.shop import PASSWORD, PRINCIPALS, TOKENS, Shop, uid

SECRET = "a secret of the test server, 32 or more"
STOREFRONT = {"X-Shopify-Storefront-Access-Token": TOKENS["storefront"]}
ADMIN = {"X-Shopify-Access-Token": TOKENS["merchant"]}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def settings(database: Database, redis: Redis, servers: Servers) -> Settings:
    return Settings.read(
        database_url=database.url, redis_url=servers.redis_url, secret=SECRET, background=False, database_pool_size=5
    )


@asynccontextmanager
async def client(settings: Settings, engine: Engine, **given: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        listening(create(settings, engine=engine, **given)) as where,
        httpx.AsyncClient(base_url=f"http://{where}") as opened,
    ):
        yield opened


async def ask(opened: httpx.AsyncClient, query: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return await opened.post("/graphql", json={"query": query}, headers=headers)


async def session(shop: Shop) -> str:
    """Sign Ada in, and return her access token."""
    created = await shop.data(
        "mutation($e: String!, $p: String!) { customerAccessTokenCreate(input: {email: $e, password: $p}) "
        "{ customerAccessToken { accessToken } customerUserErrors { message } } }",
        {"e": "ada@example.com", "p": PASSWORD},
    )
    token: str = created["customerAccessTokenCreate"]["customerAccessToken"]["accessToken"]
    return token


# Domains


def test_unknown_domain_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"no domain named price\. Known: catalog, gift_card, pricing, "):
        select(["catalog", "price"])


def test_domains_are_selected_in_the_order_of_their_layers() -> None:
    assert [module.name for module in select(["cart", "catalog"])] == ["catalog", "cart"]
    assert select([]) == MODULES


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_each_domain_is_a_graph_of_its_own(module: Any) -> None:
    assert graph([module.name]).as_str()


# Callers


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-Shopify-Storefront-Access-Token": "nope"}, "`X-Shopify-Storefront-Access-Token` is unknown"),
        ({"Shopify-Storefront-Private-Token": "nope"}, "`Shopify-Storefront-Private-Token` is unknown"),
        ({"X-Shopify-Access-Token": "nope"}, "`X-Shopify-Access-Token` is unknown"),
        ({"Authorization": "Bearer nope"}, "`Authorization` is unknown"),
        ({"Authorization": "customer_nope"}, "`Authorization` is unknown"),
        ({**STOREFRONT, "Authorization": "Bearer nope"}, "`Authorization` is unknown"),
        ({"X-Shopify-Access-Token": TOKENS["storefront"]}, "is a storefront token"),
        ({"X-Shopify-Storefront-Access-Token": TOKENS["merchant"]}, "is an admin token"),
    ],
)
async def test_token_that_does_not_fit_is_refused(
    settings: Settings, engine: Engine, headers: dict[str, str], told: str
) -> None:
    async with client(settings, engine) as opened:
        response = await ask(opened, "{ __typename }", headers)
    assert response.status_code == 401
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHORIZED"
    assert told in error["message"]


async def test_revoked_token_is_refused(settings: Settings, engine: Engine, database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(update(api_token).values(revoked_at=api_token.c.created_at))
    async with client(settings, engine) as opened:
        assert (await ask(opened, "{ __typename }", ADMIN)).status_code == 401


async def test_caller_without_token_sees_the_schema_and_nothing_of_the_shop(settings: Settings, engine: Engine) -> None:
    async with client(settings, engine) as opened:
        assert (await ask(opened, "{ __typename }")).json() == {"data": {"__typename": "Query"}}
        (error,) = (await ask(opened, "{ products(first: 1) { nodes { id } } }")).json()["errors"]
    assert error["extensions"]["code"] == "ACCESS_DENIED"


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({}, None),
        (STOREFRONT, "storefront"),
        ({"Shopify-Storefront-Private-Token": TOKENS["storefront"]}, "storefront"),
        (ADMIN, "merchant"),
        ({"X-Shopify-Access-Token": TOKENS["partner"]}, "partner"),
        ({"Authorization": f"Bearer {TOKENS['storefront']}"}, "storefront"),
        ({"Authorization": f"bearer  {TOKENS['merchant']}"}, "merchant"),
        ({"Authorization": TOKENS["partner"]}, "partner"),
    ],
)
async def test_token_says_who_calls(settings: Settings, engine: Engine, headers: dict[str, str], name: str) -> None:
    app = create(settings, engine=engine)
    callers = Callers(app.state.resources)
    found = await callers({key.lower(): value for key, value in headers.items()})
    assert found == (PRINCIPALS[name] if name else ANONYMOUS)
    await root.close_resources(app.state.resources)


async def test_customer_is_added_to_the_storefront_or_shops_in_the_oldest_channel(
    settings: Settings, shop: Shop
) -> None:
    token = await session(shop)
    app = create(settings, engine=shop.engine)
    callers = Callers(app.state.resources)
    with_storefront = {"x-shopify-storefront-access-token": TOKENS["storefront"], "authorization": f"Bearer {token}"}
    for headers in (with_storefront, {"authorization": token}):
        found = await callers(headers)
        assert (found.customer_id, found.channel_id) == (uid("ada"), uid("online"))
        assert found.scopes == PRINCIPALS["storefront"].scopes
    await root.close_resources(app.state.resources)


async def test_customer_who_signed_out_is_refused(settings: Settings, shop: Shop) -> None:
    token = await session(shop)
    sign_out = "mutation($t: String!) { customerAccessTokenDelete(customerAccessToken: $t) { deletedAccessToken } }"
    await shop.data(sign_out, {"t": token})
    async with client(settings, shop.engine) as opened:
        assert (await ask(opened, "{ __typename }", {"Authorization": f"Bearer {token}"})).status_code == 401


# Pages


async def test_pictures_of_the_demo_shop_are_drawn(settings: Settings, engine: Engine) -> None:
    async with client(settings, engine) as opened:
        response = await opened.get("/media/print-plum-plain-a2.svg")
    assert response.headers["Content-Type"].startswith("image/svg+xml")


# Health


async def test_ready_and_healthy(settings: Settings, engine: Engine) -> None:
    async with client(settings, engine) as opened:
        assert (await opened.get("/healthz")).status_code == 200
        response = await opened.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"database": "ok", "redis": "ok"})


@pytest.mark.parametrize(
    ("gone", "url"),
    [("redis", "redis://127.0.0.1:9"), ("database", "postgresql+asyncpg://nobody@127.0.0.1:9/none")],
)
async def test_not_ready_without_a_server_but_alive(settings: Settings, engine: Engine, gone: str, url: str) -> None:
    broken = settings.model_copy(update={f"{gone}_url": url})
    async with client(broken, engine) as opened:
        response = await opened.get("/readyz")
        assert (await opened.get("/healthz")).status_code == 200
    assert (response.status_code, response.json()[gone]) == (503, "unreachable")


async def test_a_rush_on_redis_waits_for_connections(settings: Settings, redis: Redis) -> None:
    resources = open_resources(settings)
    before = len(await redis.client_list())
    asked = [resources.redis.ping() for _ in range(3 * limits.REDIS_CONNECTIONS_MAX)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    more = len(await redis.client_list()) - before
    await close_resources(resources)
    assert answers == [True] * len(asked)
    assert more <= limits.REDIS_CONNECTIONS_MAX


async def test_shop_without_its_opensearch_is_ready_and_says_so(settings: Settings, engine: Engine) -> None:
    without = settings.model_copy(update={"opensearch_url": SecretStr("http://127.0.0.1:9")})
    async with client(without, engine) as opened:
        response = await opened.get("/readyz")
    told = {"database": "ok", "redis": "ok", "search": "unreachable"}
    assert (response.status_code, response.json()) == (200, told)


async def test_opensearch_is_ready_once_it_has_an_index(settings: Settings, engine: Engine, opensearch: Node) -> None:
    name = f"app-{uuid4().hex}"
    searching = settings.model_copy(
        update={"opensearch_url": SecretStr(opensearch.url), "opensearch_index": name, "database_pool_size": 1}
    )
    app = create(searching, engine=engine)
    async with listening(app) as where, httpx.AsyncClient(base_url=f"http://{where}") as opened:
        assert (await opened.get("/readyz")).json()["search"] == "no index"
        cluster = app.state.resources.services["opensearch"]
        await cluster.client.indices.create(index=f"{name}-1", body={"aliases": {name: {}}})
        assert (await opened.get("/readyz")).json()["search"] == "ok"
        assert cluster.client.transport.get_connection().session
    assert cluster.client.transport.get_connection().session is None  # closed with the server


# Browsers


async def test_only_allowed_origins_may_read_answers(settings: Settings, engine: Engine) -> None:
    allowed = settings.model_copy(update={"allowed_origins": ("https://shop.example",)})
    names = "content-type,x-shopify-storefront-access-token"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": names}
    async with client(allowed, engine) as opened:
        for origin, status in (("https://shop.example", 200), ("https://evil.example", 400)):
            response = await opened.options("/graphql", headers={"Origin": origin, **asked})
            assert response.status_code == status
            assert response.headers.get("Access-Control-Allow-Origin") == (origin if status == 200 else None)


async def test_development_lets_local_storefronts_in(settings: Settings, engine: Engine) -> None:
    async with client(settings, engine, tokens={"shopper": "t"}) as opened:
        for origin, allowed in (("http://localhost:3000", True), ("http://localhost.evil.example", False)):
            response = await ask(opened, "{ __typename }", {"Origin": origin})
            assert (response.headers.get("Access-Control-Allow-Origin") == origin) is allowed


async def test_no_page_unless_it_is_asked_for(settings: Settings, engine: Engine) -> None:
    async with client(settings, engine) as opened:
        assert (await opened.get("/graphql", headers=BROWSER)).status_code == 400
        assert (await opened.get("/graphql", headers={"Accept": "text/html"})).status_code == 406
        assert (await opened.get("/")).status_code == 404


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return static files as they are after GraphiQL has been fetched, whether it has or not."""
    for path in root.STATIC.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "graphiql").mkdir()
    for name in ASSETS:
        (tmp_path / "graphiql" / name).touch()
    monkeypatch.setattr(root, "STATIC", tmp_path)
    return tmp_path


async def test_page_of_a_server_holds_no_tokens(settings: Settings, engine: Engine, static: Path) -> None:
    served = settings.model_copy(update={"graphiql": True})
    async with client(served, engine) as opened:
        response = await opened.get("/graphql", headers=BROWSER)
        assert (await opened.get("/")).headers["Location"] == "/graphql"
    assert response.headers["Content-Type"].startswith("text/html")
    assert "your shopper" in response.text
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


async def test_page_of_development_holds_its_tokens_for_this_machine_only(
    settings: Settings, engine: Engine, static: Path
) -> None:
    served = settings.model_copy(update={"graphiql": True})
    async with client(served, engine, tokens={"shopper": "storefront_1", "merchant": "merchant_1"}) as opened:
        assert "merchant_1" in (await opened.get("/graphql", headers=BROWSER)).text
        # A site that lets its own name point at this machine could read the page in the developer's browser.
        assert "_1" not in (await opened.get("/graphql", headers={**BROWSER, "Host": "evil.example:8000"})).text


async def test_example_cannot_break_out_of_the_page(settings: Settings, engine: Engine, static: Path) -> None:
    served = settings.model_copy(update={"graphiql": True})
    examples = [Example("shopper", "evil", "{ __typename } # </script><script>alert(1)</script>")]
    async with client(served, engine, examples=examples) as opened:
        assert "<script>alert" not in (await opened.get("/graphql", headers=BROWSER)).text


async def test_page_without_its_assets_says_how_to_get_them(settings: Settings, engine: Engine, static: Path) -> None:
    (static / "graphiql" / ASSETS[0]).unlink()
    served = settings.model_copy(update={"graphiql": True})
    async with client(served, engine) as opened:
        response = await opened.get("/graphql", headers=BROWSER)
        assert (await ask(opened, "{ __typename }")).status_code == 200
    assert response.status_code == 200
    assert "tools/graphiql_assets.py" in response.text
    assert f"Missing: {ASSETS[0]}" in response.text


@pytest.mark.parametrize("example", read_examples(EXAMPLES), ids=lambda example: str(example.name))
def test_example_fits_the_schema(engine: Engine, example: Example) -> None:
    operation = engine.prepare(example.query)
    assert isinstance(operation, Operation), operation
    assert isinstance(json.loads(example.variables or "{}"), dict)
    assert set().union(*operation.access.values()) <= PRINCIPALS[example.caller.replace("shopper", "storefront")].scopes


async def test_subgraph_shows_the_examples_that_it_can_run(settings: Settings, static: Path) -> None:
    part = settings.model_copy(update={"graphiql": True, "only": ("catalog", "cart")})
    async with client(part, Engine(graph(part.only))) as opened:
        page = (await opened.get("/graphql", headers=BROWSER)).text
    assert "mutation CreateCart" in page
    assert "query Orders" not in page


# Background


async def test_published_fact_reaches_the_subscribers_of_a_served_process(
    settings: Settings, engine: Engine, database: Database
) -> None:
    app = create(settings.model_copy(update={"background": True}), engine=engine)
    async with listening(app), app.state.resources.bus.subscribe() as facts:
        async with database.begin() as tx:
            await publish(tx, OrderUpdated(uid("order")))
        async with asyncio.timeout(20):
            fact = await anext(aiter(facts))
    assert (fact.kind, fact.payload["order_id"]) == ("OrderUpdated", str(uid("order")))


async def test_worker_relays_what_a_server_without_background_publishes(
    settings: Settings, database: Database, redis: Redis
) -> None:
    stop = asyncio.Event()
    working = asyncio.create_task(root.work(settings, stop))
    async with database.begin() as tx:
        await publish(tx, OrderUpdated(uid("order")))
    async with asyncio.timeout(20):
        while not await redis.xread({"commerce-graph:events": "0"}, block=1_000):
            pass
    stop.set()
    await working


async def test_socket_knows_the_caller_by_the_names_of_the_headers(settings: Settings, engine: Engine) -> None:
    async with listening(create(settings, engine=engine)) as where:
        url, protocols = f"ws://{where}/graphql", [Subprotocol("graphql-transport-ws")]
        for headers, kind in ((STOREFRONT, "next"), ({}, "error")):
            async with connect(url, subprotocols=protocols) as socket:
                await socket.send(json.dumps({"type": "connection_init", "payload": headers}))
                assert json.loads(await socket.recv()) == {"type": "connection_ack"}
                query = "{ products(first: 1) { nodes { id } } }"
                await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": query}}))
                assert json.loads(await socket.recv())["type"] == kind


def test_a_real_shop_takes_no_test_payments(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROVIDERS, "test", PROVIDERS["test"])  # so that it is there again afterwards
    choose_providers(settings.model_copy(update={"test_payments": True}))
    assert "test" in PROVIDERS
    choose_providers(settings)
    assert "test" not in PROVIDERS


async def test_a_shop_with_a_key_takes_payments_with_stripe(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("test", "stripe"):
        monkeypatch.setitem(PROVIDERS, name, PROVIDERS["test"])  # so that they are as before afterwards
    monkeypatch.delitem(PROVIDERS, "stripe")
    monkeypatch.setattr(POLICY, "captures_at_once", True)
    choose_providers(settings)
    assert ("stripe" in PROVIDERS, POLICY.captures_at_once) == (False, True)
    keys = {"stripe_secret_key": SecretStr("sk_test_hidden"), "stripe_webhook_secret": SecretStr("whsec_hidden")}
    chosen = settings.model_copy(update={**keys, "payment_capture": "manual"})
    choose_providers(chosen)
    assert isinstance(PROVIDERS["stripe"], Stripe)
    assert (PROVIDERS["stripe"].webhook_secret, POLICY.captures_at_once) == ("whsec_hidden", False)
    assert "hidden" not in repr(chosen) + repr(PROVIDERS["stripe"])


async def test_postgres_ends_a_statement_that_nobody_waits_for(settings: Settings) -> None:
    resources = open_resources(settings)
    async with resources.database.read() as conn:
        allowed = (await conn.execute(text("SHOW statement_timeout"))).scalar()
    await close_resources(resources)
    assert allowed == f"{limits.REQUEST_TIMEOUT_S}s"
