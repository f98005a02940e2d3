"""A small graph behind the real protocols and a real server, for the suites and clients of others."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import strawberry
import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import ANONYMOUS, LISTINGS, OPEN, SHOPPER_SCOPES, WRITE_DOCUMENTS, Principal
from commerce_graph.kernel.connection import Socket
from commerce_graph.kernel.demand.buckets import Buckets, Rate
from commerce_graph.kernel.demand.door import Door
from commerce_graph.kernel.demand.gate import Gate
from commerce_graph.kernel.demand.throttle import Mode as RateLimit
from commerce_graph.kernel.demand.throttle import Throttle
from commerce_graph.kernel.documents import Documents, Mode, Registration, Store
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.execution.engine import Introspection
from commerce_graph.kernel.graph import Graph, field, object_type
from commerce_graph.kernel.http import GraphQLOverHTTP, SecurityHeaders
from commerce_graph.kernel.module import Module
from commerce_graph.kernel.statuses import StatusCodes
from commerce_graph.kernel.telemetry import Telemetry
from commerce_graph.kernel.websocket import GraphQLOverWebSocket

ORIGIN = "https://shop.example"
GENEROUS = Rate(limits.RATE_LIMIT_POINTS, limits.RATE_LIMIT_RESTORE_PER_S)


class Watch:
    """What happened inside the resolvers."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended: asyncio.Queue[str] = asyncio.Queue()
        self.streams = 0
        self.idle = asyncio.Event()
        """Set when the last stream has ended."""
        self.revoked = False

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Count a stream until the block ends."""
        self.streams += 1
        self.idle.clear()
        try:
            yield
        finally:
            self.streams -= 1
            if not self.streams:
                self.idle.set()


watch = Watch()


@asynccontextmanager
async def watched() -> AsyncIterator[None]:
    """Note how the block ends."""
    watch.began.set()
    try:
        await watch.go_on.wait()
    except asyncio.CancelledError:
        watch.ended.put_nowait("cancelled")
        raise
    watch.ended.put_nowait("finished")
    yield


@object_type(access=OPEN)
class Query:
    """Queries."""

    @field
    def hello(self, name: str = "world") -> str:
        """Greet."""
        return f"hello {name}"

    @field(access=LISTINGS)
    def listed(self) -> str:
        """Only for shoppers."""
        return "a thing"

    @field
    async def wait(self) -> bool:
        """Wait until the test says go on."""
        async with watched():
            return True

    @field
    async def later(self) -> str:
        """Answer after other work has had its turn."""
        await asyncio.sleep(0.02)
        return "later"

    @field
    def fault(self) -> str | None:
        """Fail unexpectedly."""
        raise ZeroDivisionError("the inside story")

    @field
    def fault_strictly(self) -> str:
        """Fail where null is no answer."""
        raise ZeroDivisionError("the inside story")


@object_type(access=OPEN)
class Note:
    """What a mutation wrote."""

    text: str

    @field
    async def wait(self) -> bool:
        """Wait until the test says go on."""
        async with watched():
            return True


@object_type(access=OPEN)
class Mutation:
    """Mutations."""

    @field
    def note(self, text: str) -> Note:
        """Write a note."""
        return Note(text=text)

    @field
    async def wait(self) -> bool:
        """Wait until the test says go on."""
        async with watched():
            return True


@object_type(access=OPEN)
class Subscription:
    """Subscriptions."""

    @strawberry.subscription(description="Count.")
    async def count(self, to: int = 3, delay_ms: int = 0) -> AsyncIterator[int]:
        with watch.streaming():
            for number in range(to):
                yield number
                await asyncio.sleep(delay_ms / 1_000)

    @strawberry.subscription(description="Tell more than any buffer between us and the client holds.")
    async def flood(self) -> AsyncIterator[str]:
        with watch.streaming():
            while True:
                yield "x" * 500_000
                await asyncio.sleep(0)

    @strawberry.subscription(description="Tell nothing until the test says go on.")
    async def silence(self) -> AsyncIterator[int]:
        with watch.streaming():
            await watch.go_on.wait()
            yield 1

    @strawberry.subscription(description="Fail after one event, the way that is asked for.")
    async def fails(self, expected: bool = False) -> AsyncIterator[int]:
        yield 1
        raise RequestError("RESUME_EXPIRED", "start anew") if expected else ZeroDivisionError("the inside story")


async def authenticate(headers: Mapping[str, str]) -> Principal:
    """Know a shopper's token, one that may send any document, and merchants' tokens."""
    token = headers.get("authorization")
    if token is None:
        return ANONYMOUS
    if token == "Bearer trusted":
        return Principal(WRITE_DOCUMENTS)
    if token.startswith("Bearer merchant-"):
        return Principal(SHOPPER_SCOPES, name="merchant", token_id=uuid5(NAMESPACE_URL, token))
    if token != "Bearer good" or watch.revoked:
        raise RequestError("UNAUTHORIZED", "the token in `Authorization` is unknown or was revoked", status=401)
    return Principal(SHOPPER_SCOPES)


@asynccontextmanager
async def listening(app: Starlette, **more: Any) -> AsyncIterator[str]:
    """Serve an app on a free port, told `more`, and tell `127.0.0.1:port`."""
    config = uvicorn.Config(
        app, port=0, ws=Socket, ws_max_size=limits.WEBSOCKET_MESSAGE_BYTES_MAX, log_config=None,
        proxy_headers=False, **more,
    )  # fmt: skip
    server = uvicorn.Server(config)
    opened = config.bind_socket()
    opened.listen()  # so that clients can connect at once: what they send waits for the server
    running = asyncio.create_task(server._serve([opened]))
    try:
        yield f"127.0.0.1:{opened.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        opened.close()


@asynccontextmanager
async def serving(
    redis_url: str, mode: Mode = "open", registration: Registration = "open", *, rate_limit: RateLimit = "tokens",
    rate: Rate = GENEROUS, gate: Gate | None = None,
    introspection: Introspection = "on", codes: StatusCodes = "audited",
) -> AsyncIterator[str]:  # fmt: skip
    """Serve the small graph, and tell the address."""
    engine = Engine(Graph([Module("small", Query, Mutation, Subscription)]), introspection=introspection)
    redis: Redis = Redis.from_url(redis_url)
    documents = Documents(Store(redis), mode, registration)
    door = Door(gate or Gate(), Throttle(Buckets(redis), rate_limit, rate))
    app = Starlette(
        routes=[
            Route("/graphql", GraphQLOverHTTP(engine, authenticate, documents, door, codes=codes)),
            WebSocketRoute("/graphql", GraphQLOverWebSocket(engine, authenticate, documents, door, [ORIGIN])),
        ],
        middleware=[Middleware(Telemetry), Middleware(SecurityHeaders)],
    )
    app.state.resources = SimpleNamespace()
    try:
        async with listening(app) as where:
            yield f"{where}/graphql"
    finally:
        await redis.aclose()
