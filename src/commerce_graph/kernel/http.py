"""GraphQL over HTTP, as `graphql-http` audits it or as its 2026 edition says, and headers that keep browsers safe."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, TypeVar

import orjson
import structlog
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commerce_graph.kernel.auth import Authenticate
from commerce_graph.kernel.caching import (
    SHOWN,
    Answers,
    Policy,
    Shown,
    Surrogates,
    compress,
    fresh,
    key_of,
    represented,
    tags_of,
)
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.demand.charge import Charge
from commerce_graph.kernel.demand.door import Door
from commerce_graph.kernel.demand.throttle import Visitor
from commerce_graph.kernel.documents import Documents
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import August2022, Current, Engine, Format, Operation, Refused, run_in_parts
from commerce_graph.kernel.framing import DEFER, DEFER_2022, EVENT_STREAM, EVENTS, SUBSCRIPTION, Framing, framings
from commerce_graph.kernel.idempotency import REPLAYED, Answered, Idempotency, keys_of
from commerce_graph.kernel.limits import ACCEPT_CHARS_MAX, BODY_BYTES_MAX
from commerce_graph.kernel.parameters import NotWellFormed, Parameters, load_json, read_parameters
from commerce_graph.kernel.statuses import GRAPHQL, JSON, UNPROCESSABLE, StatusCodes, media_of, status_of
from commerce_graph.kernel.streams import OpenStreams, Streamed, as_event, disconnected, refused, subscribed

T = TypeVar("T")

HTML = "text/html"
NAMED = (HTML, EVENT_STREAM)
"""What only who names it gets: `*/*` alone is a program that reads JSON."""

FORMATS: dict[Framing, Format] = {DEFER: Current(), DEFER_2022: August2022()}
"""How deferred fragments are told."""

CLIENT_GONE = 499
"""The status in the log of a query whose client left; nobody receives it."""


class GraphQLOverHTTP:
    """Answers one path: POST with JSON, GET for queries, and for browsers a page.

    A simple request of a foreign web page cannot carry `application/json`, and GET runs no mutation, so no page can
    make a visitor's browser change anything.
    """

    def __init__(
        self,
        engine: Engine,
        authenticate: Authenticate,
        documents: Documents,
        door: Door,
        page: Callable[[Request], Response] | None = None,
        codes: StatusCodes = "audited",
        answers: Answers | None = None,
        surrogates: Surrogates = Surrogates(),
    ) -> None:
        """Answer; `answers` keeps those that are the same for many."""
        self._engine = engine
        self._documents = documents
        self._door = door
        self._idempotency = Idempotency(engine)
        self._authenticate = authenticate
        self._page = page
        self._answers = answers
        self._surrogates = surrogates
        self._codes = codes
        self._streams = OpenStreams()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        response = await self._respond(request)
        if type(response) is Response:  # neither a page nor a stream
            compress(response, request.headers)
        response.headers.setdefault("Vary", "Accept, Accept-Encoding")
        response.headers.setdefault("Cache-Control", "no-store")
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        accepted = accepts(request.headers.get("accept"), (JSON, GRAPHQL, EVENT_STREAM, HTML))
        if request.method in ("GET", "HEAD") and self._page and accepted[:1] == [HTML]:
            return self._page(request)
        streamed = framings(request.headers.get("accept"))
        # Who names a way to stream alone gets JSON where there is nothing to stream.
        wanted = next((kind for kind in accepted if kind != HTML), JSON if streamed else None)
        media = JSON if wanted == EVENT_STREAM else wanted
        try:
            if media is None:
                raise RequestError("NOT_ACCEPTABLE", f"this address answers with {GRAPHQL} or {JSON}", status=406)
            parameters = await _parameters(request)
            principal = await self._authenticate(request.headers)
            request_id = getattr(request.state, "request_id", "-")
            ctx = Context(request.app.state.resources, principal, request_id=request_id)
            response = await self._run(request, parameters, ctx, media, streamed)
            return as_event(response) if wanted == EVENT_STREAM else response
        except RequestError as wrong:
            answer = refused(wrong)
            status = status_of(answer, media, self._codes) if wrong.status == 200 and media else wrong.status
            if self._codes == "2026" and isinstance(wrong, NotWellFormed):
                status = UNPROCESSABLE
            response = self._response(orjson.dumps(answer), status, media or JSON)
            if wrong.status == 405:
                response.headers["Allow"] = "POST" if request.method == "GET" else "GET, POST"
            if wrong.status in (409, 503) or wrong.retry_after_s:
                response.headers["Retry-After"] = str(wrong.retry_after_s or 1)
            if wrong.status == 413:
                response.headers["Connection"] = "close"  # what may still come of the body is not waited for
            if wrong.status == 401:
                response.headers["WWW-Authenticate"] = "Bearer"
            return response

    async def _run(
        self, request: Request, asked: Parameters, ctx: Context, media: str, streamed: list[Framing]
    ) -> Response:
        parameters = await self._documents.find(asked, ctx.principal)
        if isinstance(parameters, Refused):
            return self._answer({"errors": parameters.errors}, media)
        operation = self._engine.prepare(
            parameters.query, parameters.operation_name, explain=self._engine.explains(ctx.principal)
        )
        if isinstance(operation, Refused):
            return self._answer({"errors": operation.errors}, media)
        structlog.contextvars.bind_contextvars(operation=operation.label)
        _check_method(request.method, operation)
        denied = self._engine.authorise(operation, ctx)
        if denied:
            return self._answer({"errors": denied.errors}, media)
        if parameters.document_id:
            await self._documents.keep(parameters, ctx.principal)
        policy = self._engine.policy(operation)
        visitor = Visitor.of(request)
        cost = self._engine.cost(operation, parameters.variables)
        door = self._door.let_in(self._engine.rank(operation), cost, ctx.principal, visitor)
        framing = next((each for each in streamed if each in FORMATS), None) if operation.deferring else None
        # What an answer cost is of its caller's, not of all who get it.
        kept = policy.max_age_s and self._answers and ctx.principal.channel_id and not visitor.debug
        if kept and framing is None and EVENTS not in streamed:
            return await self._shown(request, operation, policy, parameters, ctx, media, door)
        async with door as ctx.charge:
            if operation.kind is OperationType.SUBSCRIPTION:  # has a turn to begin; its events are charged as they come
                return self._subscribe(request, operation, parameters, ctx, streamed)
            return await self._let_in(request, operation, parameters, ctx, media, framing)

    async def _let_in(
        self, request: Request, operation: Operation, parameters: Parameters, ctx: Context, media: str,
        framing: Framing | None,
    ) -> Response:  # fmt: skip
        keys = keys_of(request.headers)
        if keys and operation.kind is OperationType.MUTATION:
            return self._once(await self._idempotency.run(operation, parameters, ctx, keys), media)
        if framing:
            return await self._in_parts(request, operation, parameters, ctx, media, framing)
        work = self._engine.run(operation, parameters.variables, ctx)
        # A query whose client has left is of no use to anyone; a mutation is finished whatever happens.
        answer = await (_while_connected(request, work) if operation.kind is OperationType.QUERY else work)
        if answer is None:
            return Response(status_code=CLIENT_GONE)
        return self._answer(answer, media)

    def _once(self, told: Answered, media: str) -> Response:
        kept: dict[str, Any] = {"errors": told.errors} if told.errors else {"data": None}
        if told.body.startswith(b'{"errors"'):  # errors come first, also beside data
            kept.setdefault("errors", [])
        response = self._response(told.body, status_of(kept, media, self._codes), media)
        if told.replayed:
            response.headers[REPLAYED] = "true"
        return response

    def _answer(self, answer: dict[str, Any], media: str) -> Response:
        return self._response(orjson.dumps(answer), status_of(answer, media, self._codes), media)

    def _response(self, body: bytes, status: int, media: str) -> Response:
        return Response(body, status, {"Content-Type": f"{media_of(status, media, self._codes)}; charset=utf-8"})

    async def _shown(
        self, request: Request, operation: Operation, policy: Policy, asked: Parameters, ctx: Context, media: str,
        door: AbstractAsyncContextManager[Charge],
    ) -> Response:  # fmt: skip
        """Answer what is the same for all shoppers of a channel, from the cache where it is there.

        Only what is executed passes the door.
        """
        assert self._answers
        who = ctx.principal
        # Nothing that an identified caller asks for is kept, whatever the hints say.
        shared = who.customer_id is None

        async def ask() -> tuple[dict[str, Any], frozenset[str]]:
            ctx.entities = set()
            async with door as ctx.charge:
                answer = await self._engine.run(operation, asked.variables, ctx)
            return answer, tags_of(policy, answer.get("data") or {}, ctx.entities)

        if shared:
            variables = orjson.dumps(asked.variables or {}, option=orjson.OPT_SORT_KEYS)
            named, scopes = asked.operation_name or "", " ".join(sorted(who.scopes))
            # Addresses of pictures begin with the public one.
            words = (asked.query, named, str(who.channel_id), scopes, ctx.resources.public_url)
            key = key_of(self._engine.version, variables, *(each.encode() for each in words))
            kept = await self._answers.answer(key, policy.max_age_s, ask)
            if kept.errors is None:
                request.scope.setdefault("state", {})[SHOWN] = Shown(key, kept, operation.label, policy.max_age_s)
        else:
            kept = fresh(*await ask(), policy.max_age_s)
        if kept.errors is not None or request.method == "POST":
            told: dict[str, Any] = {"errors": kept.errors} if kept.errors else {}
            told |= {} if kept.status_by_errors else {"data": None}
            response = self._response(kept.body, status_of(told, media, self._codes), media)
            compress(response, request.headers, kept)
            return response
        return represented(kept, request.headers, media, policy.max_age_s, self._surrogates, shared=shared)

    async def _in_parts(
        self, request: Request, operation: Operation, parameters: Parameters, ctx: Context, media: str, framing: Framing
    ) -> Response:
        """Answer at once what is not deferred. What is deferred of a mutation is read after all of it has happened."""
        work = run_in_parts(self._engine, operation, parameters.variables, ctx, FORMATS[framing])
        done = await (_while_connected(request, work) if operation.kind is OperationType.QUERY else work)
        if done is None:
            return Response(status_code=CLIENT_GONE)
        answer, parts = done
        return self._answer(answer, media) if parts is None else Streamed(parts, framing)

    def _subscribe(
        self, request: Request, operation: Operation, parameters: Parameters, ctx: Context, streamed: list[Framing]
    ) -> Response:
        framing = next((each for each in streamed if each in (EVENTS, SUBSCRIPTION)), None)
        if framing is None:
            told = (
                "subscriptions run over WebSocket, at this same address, or as a stream: accept `text/event-stream` or "
                "`multipart/mixed;subscriptionSpec=1.0`"
            )
            raise RequestError("BAD_REQUEST", told, status=400)
        again = partial(self._authenticate, request.headers)
        events = subscribed(self._engine, operation, parameters.variables, ctx, again)
        return self._streams.response(events, framing, ctx.principal)


def _check_method(method: str, operation: Operation) -> None:
    allowed = {
        OperationType.QUERY: ("GET", "HEAD", "POST"),
        OperationType.SUBSCRIPTION: ("GET", "POST"),
        OperationType.MUTATION: ("POST",),
    }
    if method not in allowed[operation.kind]:
        told = "GET runs queries and subscriptions only: send this by POST"
        raise RequestError("METHOD_NOT_ALLOWED", told, status=405)


def accepts(header: str | None, kinds: tuple[str, ...]) -> list[str]:
    """Return the kinds that an Accept header allows, the most wanted first; ties stay in the given order.

    Limits: ACCEPT_CHARS_MAX; a longer header is taken as `*/*`.
    """
    if not header or not header.strip() or len(header) > ACCEPT_CHARS_MAX:
        return [kind for kind in kinds if kind not in NAMED]
    ranges = dict(_range(part) for part in header.lower().split(",") if part.strip())
    found: list[tuple[float, str]] = []
    for kind in kinds:
        names = (kind, f"{kind.partition('/')[0]}/*", "*/*")
        quality = next((ranges[name] for name in names if name in ranges), 0.0)
        if quality > 0 and (kind not in NAMED or kind in ranges):
            found.append((quality, kind))
    return [kind for _, kind in sorted(found, key=lambda each: -each[0])]


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    quality = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
    charset = next((p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
    try:
        return name, float(quality) if charset in ("utf-8", "utf8") else 0.0
    except ValueError:
        return name, 0.0


async def _parameters(request: Request) -> Parameters:
    if request.method == "POST":
        _check_content_type(request.headers)
        return read_parameters(load_json(await _body(request)))
    if request.method not in ("GET", "HEAD"):
        raise RequestError("METHOD_NOT_ALLOWED", "use POST, or GET for a query", status=405)
    given: dict[str, Any] = {name: value for name, value in request.query_params.items() if value}
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = load_json(given[name].encode())
    return read_parameters(given)


def _check_content_type(headers: Mapping[str, str]) -> None:
    kind, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    charset = next((p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
    if kind != JSON or charset not in ("utf-8", "utf8"):
        raise RequestError("UNSUPPORTED_MEDIA_TYPE", f"send the request as {JSON}, in UTF-8", status=415)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestError("UNSUPPORTED_MEDIA_TYPE", "compressed requests are not supported", status=415)


async def _body(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    body = bytearray()
    if length.isdecimal() and int(length) <= BODY_BYTES_MAX:
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    break
            else:
                return bytes(body)
        except ClientDisconnect:
            raise RequestError("BAD_REQUEST", "the body ended early", status=400) from None
    raise RequestError("PAYLOAD_TOO_LARGE", f"the body is over the limit of {BODY_BYTES_MAX} bytes", status=413)


async def _while_connected(request: Request, work: Awaitable[T]) -> T | None:
    """Do the work of a request; None where the client left before it was done, which cancels it."""
    mine = asyncio.current_task()
    assert mine is not None
    left = False

    async def watch() -> None:
        nonlocal left
        await disconnected(request.receive)
        left = True
        mine.cancel()

    watching = asyncio.get_running_loop().create_task(watch())
    try:
        return await work
    except asyncio.CancelledError:
        if left and not mine.uncancel():  # nobody else has cancelled it
            return None
        raise
    finally:
        watching.cancel()


class SecurityHeaders:
    """Add the headers that tell a browser to trust an answer with as little as possible, where it has none of its own.

    A page that needs more sets its own Content-Security-Policy.
    """

    def __init__(self, app: ASGIApp, https: bool = False) -> None:
        self.app = app
        headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            # Storefronts read answers by CORS, which this does not touch; no page can pull one in as a picture.
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        } | ({"Strict-Transport-Security": "max-age=31536000"} if https else {})
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                names = {name for name, _ in own}
                message = {**message, "headers": [*own, *(each for each in self.headers if each[0] not in names)]}
            await send(message)

        await self.app(scope, receive, answer if scope["type"] == "http" else send)
