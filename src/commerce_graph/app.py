"""Composition root: settings → resources → graph → engine → server or worker. Nothing below knows the deployment."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from commerce_graph import (
    cart,
    catalog,
    checkout,
    content,
    customer,
    discount,
    fulfilment,
    gift_card,
    inventory,
    merchandising,
    order,
    payment,
    pricing,
    search,
)
from commerce_graph.callers import ADMIN_HEADER, STOREFRONT_HEADERS, Callers
from commerce_graph.checkout.service import Submissions
from commerce_graph.demo import pictures
from commerce_graph.freshness import FACTS, invalidation
from commerce_graph.kernel import caching, claims, limits
from commerce_graph.kernel.background import Work, endless, repeated, working
from commerce_graph.kernel.caching.purge import CLOUDFLARE, FASTLY
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.demand.buckets import Buckets, Rate
from commerce_graph.kernel.demand.door import Door
from commerce_graph.kernel.demand.gate import Gate
from commerce_graph.kernel.demand.throttle import COST_DEBUG, Throttle, networks
from commerce_graph.kernel.documents import Documents, Store
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.garbage import collect_less
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.graphiql import Example, Page, read_examples
from commerce_graph.kernel.http import GraphQLOverHTTP, SecurityHeaders
from commerce_graph.kernel.idempotency import HEADER, REPLAYED
from commerce_graph.kernel.module import Job, Module
from commerce_graph.kernel.outbox import Bus, Handler, Relay
from commerce_graph.kernel.telemetry import Telemetry, configure_logging
from commerce_graph.kernel.websocket import GraphQLOverWebSocket
from commerce_graph.payment import service as payment_service
from commerce_graph.search.service.cluster import Cluster
from commerce_graph.settings import EXAMPLES as SETTINGS
from commerce_graph.settings import Settings, SettingsError

MODULES: tuple[Module, ...] = (
    catalog.module,
    gift_card.module,
    pricing.module,
    inventory.module,
    content.module,
    customer.module,
    discount.module,
    payment.module,
    fulfilment.module,
    order.module,
    cart.module,
    checkout.module,
    merchandising.module,
    search.module,
)
"""Every domain, the lower layers first."""

PURGE_S = 0.5
"""How often a CDN is told what has changed."""
PRUNING = Job("kernel.prune_claims", 60, lambda resources: claims.prune(resources.database))

HERE = Path(__file__).parent
STATIC = HERE / "static"
EXAMPLES = HERE / "examples"

LOCAL_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
"""Storefronts under development, which `dev` lets in."""


def select(names: Sequence[str]) -> tuple[Module, ...]:
    """Return the named domains in the order of their layers; all of them for no names.

    Raises: SettingsError for a name that no domain has.
    """
    known = [module.name for module in MODULES]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(f"there is no domain named {', '.join(unknown)}. Known: {', '.join(known)}")
    return tuple(module for module in MODULES if not names or module.name in names)


def graph(names: Sequence[str] = ()) -> Graph:
    """Return the graph of the named domains; services of the others are there all the same."""
    return Graph(select(names), dict(pair for module in MODULES for pair in module.services))


def open_resources(settings: Settings) -> Resources:
    """Return what the process shares. Nothing connects before it is used."""
    # One that waits: a rush for more connections than there are is no fault of Redis'.
    pool = BlockingConnectionPool.from_url(
        settings.redis_url, max_connections=limits.REDIS_CONNECTIONS_MAX, timeout=limits.REDIS_CONNECTION_WAIT_S,
        socket_connect_timeout=2, socket_timeout=10, health_check_interval=30,
    )  # fmt: skip
    redis: Redis = Redis.from_pool(pool)
    services: dict[str, Any] = {}
    if cdn := cdn_of(settings):
        services["cdn"] = caching.Purger(redis, cdn)
    if settings.opensearch_url:
        services["opensearch"] = Cluster(settings.opensearch_url.get_secret_value(), settings.opensearch_index)
    database = Database(
        settings.database_url, pool_size=settings.database_pool_size, statement_timeout_s=limits.REQUEST_TIMEOUT_S
    )
    database.watch = invalidation(caching.Store(redis))
    resources = Resources(
        database=database,
        redis=redis,
        secret=settings.secret.get_secret_value().encode(),
        bus=Bus(redis),
        public_url=settings.address,
        services=services,
    )
    Submissions.open(resources, settings.checkout_group_max)
    return resources


def cdn_of(settings: Settings) -> caching.Purgeable | None:
    """Return the CDN that is told of changes. Raises: SettingsError where it lacks what it is reached by."""
    url, service, token = settings.cdn_purge_url, settings.cdn_service, settings.cdn_token
    if settings.cdn == "none":
        return None
    if settings.cdn == "varnish":
        if url is None:
            raise SettingsError(f"CDN_PURGE_URL is not set. For example: {SETTINGS['CDN_PURGE_URL']}")
        return caching.Varnish(url)
    if service is None or token is None:
        raise SettingsError(f"CDN={settings.cdn} needs CDN_SERVICE and CDN_TOKEN")
    made, there = (caching.Fastly, FASTLY) if settings.cdn == "fastly" else (caching.Cloudflare, CLOUDFLARE)
    return made(service, token.get_secret_value(), url or there)


async def _purge(resources: Resources) -> int:
    purger: caching.Purger = resources.services["cdn"]
    return await purger.step()


async def close_resources(resources: Resources) -> None:
    """Close connections."""
    if cluster := resources.services.get("opensearch"):
        await cluster.close()
    await payment_service.close_providers()
    await resources.redis.aclose()
    await resources.database.close()


def background(resources: Resources) -> list[Work]:
    """Return what a worker does: relay facts to Redis and to all domains' handlers, and run all domains' jobs."""
    handlers: dict[str, list[Handler]] = defaultdict(list)
    for kind, handler in (pair for module in MODULES for pair in module.handlers):
        handlers[kind].append(handler)
    watch = invalidation(caching.Store(resources.redis))
    for kind in FACTS:
        handlers[kind].append(watch.relayed)
    relay = Relay(resources.database, resources.redis, handlers)
    purging = [Job("answers.purge", PURGE_S, _purge)] if "cdn" in resources.services else []
    jobs = [PRUNING, *purging, *(job for module in MODULES for job in module.jobs)]
    return [endless("relay", relay.run), *(repeated(job, resources) for job in jobs)]


def from_environment() -> Starlette:
    """Return the server that the environment describes; how each process of `serve` begins."""
    settings = Settings.read()
    configure_logging(settings.log_format, settings.log_level)
    choose_providers(settings)
    made = create(settings)
    collect_less()
    return made


def choose_providers(settings: Settings) -> None:
    """Take payments with Stripe where there is an account, and with the test provider only where it is asked for.

    With the test provider anyone buys without paying.
    It is about the process as a whole, so only where a process begins calls it.
    """
    if not settings.test_payments:
        payment_service.PROVIDERS.pop("test", None)
    payment_service.POLICY.captures_at_once = settings.payment_capture == "automatic"
    if settings.stripe_secret_key is not None:
        webhook = settings.stripe_webhook_secret
        payment_service.PROVIDERS["stripe"] = payment_service.Stripe(
            settings.stripe_secret_key.get_secret_value(),
            settings.address,
            webhook_secret=webhook.get_secret_value() if webhook else None,
            api_base=settings.stripe_api_base,
        )


def create(
    settings: Settings,
    *,
    tokens: Mapping[str, str] | None = None,
    examples: Sequence[Example] | None = None,
    engine: Engine | None = None,
) -> Starlette:
    """Return the server. `tokens` (caller → token) is what a development server puts into GraphiQL."""
    resources = open_resources(settings)
    engine = engine or Engine(graph(settings.only), settings.executor, settings.introspection)
    callers = Callers(resources)
    documents = Documents(Store(resources.redis), settings.documents, settings.documents_registration)
    answers = caching.Answers(caching.Store(resources.redis)) if settings.answers else None
    rate = Rate(settings.rate_limit_points, settings.rate_limit_restore)
    proxies = networks(settings.trusted_proxies)
    door = Door(Gate(), Throttle(Buckets(resources.redis), settings.rate_limit, rate, proxies))
    examples = read_examples(EXAMPLES) if examples is None else examples
    # A subgraph cannot run them all.
    fitting = [example for example in examples if isinstance(engine.prepare(example.query), Operation)]
    page = _page(settings, tokens or {}, fitting)
    origins = list(settings.allowed_origins)
    over_http = GraphQLOverHTTP(
        engine, callers, documents, door, page, settings.status_codes, answers, caching.Surrogates.of(settings.cdn)
    )
    routes: list[BaseRoute] = [
        Route("/graphql", over_http),
        WebSocketRoute("/graphql", GraphQLOverWebSocket(engine, callers, documents, door, origins)),
        Route("/healthz", _healthy),
        Route("/readyz", _ready),
        *(route for module in select(settings.only) for route in module.routes),
        *pictures.ROUTES,
        Mount("/static", StaticFiles(directory=STATIC)),
        *([Route("/", lambda request: RedirectResponse("/graphql"))] if page else []),
    ]
    stack = [
        Middleware(Telemetry, quiet=("/healthz", "/readyz", "/static/", "/media/")),
        *([Middleware(caching.Repeated, answers=answers)] if answers else []),
        Middleware(SecurityHeaders, https=settings.address.startswith("https:")),
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_origin_regex=LOCAL_ORIGIN if tokens else None,
            allow_methods=["GET", "POST"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                HEADER,
                "X-Request-Id",
                *STOREFRONT_HEADERS,
                ADMIN_HEADER,
                COST_DEBUG,
            ],
            expose_headers=[REPLAYED, "Retry-After", "X-Request-Id"],
        ),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        works = [endless("bus", resources.bus.run), *(background(resources) if settings.background else [])]
        try:
            async with working(works):
                yield
        finally:
            await close_resources(resources)

    app = Starlette(routes=routes, middleware=stack, lifespan=lifespan)
    app.state.resources = resources
    return app


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Be a worker until `stop` is set: the background work without the server."""
    resources = open_resources(settings)
    try:
        async with working(background(resources)):
            await stop.wait()
    finally:
        await close_resources(resources)


def _page(settings: Settings, tokens: Mapping[str, str], examples: Sequence[Example]) -> Page | None:
    if not settings.graphiql:
        return None
    names = {"shopper": STOREFRONT_HEADERS[0], "merchant": ADMIN_HEADER, "partner": ADMIN_HEADER}
    headers = {caller: {name: tokens.get(caller, "")} for caller, name in names.items()}
    hosts = ("localhost", "127.0.0.1", "::1") if tokens else ()
    return Page(STATIC, examples, headers, hosts)


async def _healthy(request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _ready(request: Request) -> Response:
    """Tell whether the server can do its work: 200 when the database and Redis answer, else 503.

    How OpenSearch is, where there is one, is told beside it: without it PostgreSQL searches.
    """
    resources: Resources = request.app.state.resources

    async def database() -> None:
        async with resources.database.read() as conn:
            await conn.execute(text("SELECT 1"))

    async def redis() -> None:
        await resources.redis.ping()

    told = {}
    for name, asks in (("database", database), ("redis", redis)):
        try:
            async with asyncio.timeout(limits.READINESS_TIMEOUT_S):
                await asks()
            told[name] = "ok"
        except (SQLAlchemyError, RedisError, OSError):  # a TimeoutError is an OSError
            told[name] = "unreachable"
    status = 200 if set(told.values()) == {"ok"} else 503
    if cluster := resources.services.get("opensearch"):
        told["search"] = await cluster.state()
    return JSONResponse(told, status)
