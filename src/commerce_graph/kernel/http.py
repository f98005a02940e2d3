"""GraphQL over HTTP (the September 2025 draft, as `graphql-http` audits it), and headers that keep browsers safe."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
import structlog
from graphql import OperationType
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commerce_graph.kernel.auth import Authenticate
from commerce_graph.kernel.caching import Answers, Policy, Surrogates, fresh, key_of, represented, tags_of
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.documents import Documents
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine, Operation, Refused
from commerce_graph.kernel.idempotency import REPLAYED, Answered, Idempotency, keys_of
from commerce_graph.kernel.limits import ACCEPT_CHARS_MAX, BODY_BYTES_MAX
from commerce_graph.kernel.parameters import Parameters, load_json, read_parameters

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
HTML = "text/html"

STATUSES = {
    "ACCESS_DENIED": 403, "INTERNAL": 500, "TIMEOUT": 504, "PERSISTED_DOCUMENT_REQUIRED": 403,
    # A question to the client and no failure: Apollo's clients for iOS read no answer that is not 2xx.
    "PERSISTED_QUERY_NOT_FOUND": 200, "PERSISTED_QUERY_NOT_SUPPORTED": 200,
}  # fmt: skip
"""Statuses of answers without data to clients of GRAPHQL; all others are 400. Clients of JSON always get 200."""

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
        page: Callable[[Request], Response] | None = None,
        answers: Answers | None = None,
        surrogates: Surrogates = Surrogates(),
    ) -> None:
        """Answer; `answers` keeps those that are the same for many."""
        self._engine = engine
        self._documents = documents
        self._idempotency = Idempotency(engine)
        self._authenticate = authenticate
        self._page = page
        self._answers = answers
        self._surrogates = surrogates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        response = await self._respond(request)
        response.headers.add_vary_header("Accept")
        response.headers.setdefault("Cache-Control", "no-store")
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        accepted = accepts(request.headers.get("accept"), (JSON, GRAPHQL, HTML))
        if request.method in ("GET", "HEAD") and self._page and accepted[:1] == [HTML]:
            return self._page(request)
        media = next((kind for kind in accepted if kind != HTML), None)
        try:
            if media is None:
                raise RequestError("NOT_ACCEPTABLE", f"this address answers with {GRAPHQL} or {JSON}", status=406)
            parameters = await _parameters(request)
            principal = await self._authenticate(request.headers)
            request_id = getattr(request.state, "request_id", "-")
            ctx = Context(request.app.state.resources, principal, request_id=request_id)
            return await self._run(request, parameters, ctx, media)
        except RequestError as wrong:
            told = {"message": wrong.message, "extensions": {"code": wrong.code}}
            response = _answer({"errors": [told]}, wrong.status, media or JSON)
            if wrong.status == 405:
                response.headers["Allow"] = "POST" if request.method == "GET" else "GET, POST"
            if wrong.status in (409, 503):
                response.headers["Retry-After"] = "1"
            if wrong.status == 401:
                response.headers["WWW-Authenticate"] = "Bearer"
            return response

    async def _run(self, request: Request, asked: Parameters, ctx: Context, media: str) -> Response:
        parameters = await self._documents.find(asked, ctx.principal)
        if isinstance(parameters, Refused):
            return _answer({"errors": parameters.errors}, _status(parameters.errors, media), media)
        operation = self._engine.prepare(parameters.query, parameters.operation_name)
        if isinstance(operation, Refused):
            return _answer({"errors": operation.errors}, _status(operation.errors, media), media)
        structlog.contextvars.bind_contextvars(operation=operation.label)
        if request.method != "POST" and operation.kind is not OperationType.QUERY:
            raise RequestError("METHOD_NOT_ALLOWED", "GET runs queries only: send this by POST", status=405)
        if operation.kind is OperationType.SUBSCRIPTION:
            raise RequestError("BAD_REQUEST", "subscriptions run over WebSocket, at this same address", status=400)
        refused = self._engine.authorise(operation, ctx)
        if refused:
            return _answer({"errors": refused.errors}, _status(refused.errors, media), media)
        if parameters.document_id:
            await self._documents.keep(parameters, ctx.principal)
        policy = self._engine.policy(operation)
        if policy.max_age_s and self._answers and ctx.principal.channel_id:
            return await self._shown(request, operation, policy, parameters, ctx, media)
        keys = keys_of(request.headers)
        if keys and operation.kind is OperationType.MUTATION:
            return _once(await self._idempotency.run(operation, parameters, ctx, keys), media)
        work = self._engine.run(operation, parameters.variables, ctx)
        # A query whose client has left is of no use to anyone; a mutation is finished whatever happens.
        answer = await (_while_connected(request, work) if operation.kind is OperationType.QUERY else work)
        if answer is None:
            return Response(status_code=CLIENT_GONE)
        return _answer(answer, 200 if "data" in answer else _status(answer["errors"], media), media)

    async def _shown(
        self, request: Request, operation: Operation, policy: Policy, asked: Parameters, ctx: Context, media: str
    ) -> Response:
        """Answer what is the same for all shoppers of a channel, from the cache where it is there."""
        assert self._answers
        who = ctx.principal
        # Nothing that an identified caller asks for is kept, whatever the hints say.
        shared = who.customer_id is None

        async def ask() -> tuple[dict[str, Any], frozenset[str]]:
            ctx.entities = set()
            answer = await self._engine.run(operation, asked.variables, ctx)
            return answer, tags_of(policy, answer.get("data") or {}, ctx.entities)

        if shared:
            variables = orjson.dumps(asked.variables or {}, option=orjson.OPT_SORT_KEYS)
            named, scopes = asked.operation_name or "", " ".join(sorted(who.scopes))
            # Addresses of pictures begin with the public one.
            words = (asked.query, named, str(who.channel_id), scopes, ctx.resources.public_url)
            key = key_of(self._engine.version, variables, *(each.encode() for each in words))
            kept = await self._answers.answer(key, policy.max_age_s, ask)
        else:
            kept = fresh(*await ask(), policy.max_age_s)
        if kept.errors is not None or request.method == "POST":
            status = _status(kept.errors, media) if kept.errors and kept.status_by_errors else 200
            return Response(kept.body, status, {"Content-Type": f"{media}; charset=utf-8"})
        return represented(kept, request.headers, media, policy.max_age_s, self._surrogates, shared=shared)


def accepts(header: str | None, kinds: tuple[str, ...]) -> list[str]:
    """Return the kinds that an Accept header allows, the most wanted first; ties stay in the given order.

    Limits: ACCEPT_CHARS_MAX; a longer header is taken as `*/*`.
    """
    if not header or not header.strip() or len(header) > ACCEPT_CHARS_MAX:
        return [kind for kind in kinds if kind != HTML]
    ranges = dict(_range(part) for part in header.lower().split(",") if part.strip())
    found: list[tuple[float, str]] = []
    for kind in kinds:
        names = (kind, f"{kind.partition('/')[0]}/*", "*/*")
        quality = next((ranges[name] for name in names if name in ranges), 0.0)
        # A page is only for who names it: `*/*` alone is a program.
        if quality > 0 and (kind != HTML or HTML in ranges):
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


async def _while_connected(request: Request, work: Awaitable[dict[str, Any]]) -> dict[str, Any] | None:
    running = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait((running, gone), return_when=asyncio.FIRST_COMPLETED)
        return running.result() if running.done() else None
    finally:
        for task in (running, gone):
            task.cancel()
        await asyncio.gather(running, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _status(errors: list[dict[str, Any]], media: str) -> int:
    return 200 if media == JSON else STATUSES.get(errors[0]["extensions"]["code"], 400)


def _once(told: Answered, media: str) -> Response:
    response = Response(
        told.body, _status(told.errors, media) if told.errors else 200, {"Content-Type": f"{media}; charset=utf-8"}
    )
    if told.replayed:
        response.headers[REPLAYED] = "true"
    return response


def _answer(answer: dict[str, Any], status: int, media: str) -> Response:
    return Response(orjson.dumps(answer), status, {"Content-Type": f"{media}; charset=utf-8"})


class SecurityHeaders:
    """Add the headers that tell a browser to trust an answer with as little as possible, where it has none of its own.

    A page that needs more sets its own Content-Security-Policy.
    """

    def __init__(self, app: ASGIApp, https: bool = False) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        } | ({"Strict-Transport-Security": "max-age=31536000"} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, answer if scope["type"] == "http" else send)
