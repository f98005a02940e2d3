"""GraphQL over WebSocket: the graphql-transport-ws protocol, for queries, mutations and subscriptions."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog
from graphql import OperationType
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import Authenticate, Principal
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.documents import Documents
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine, Refused
from commerce_graph.kernel.parameters import Parameters, load_json, read_parameters

log = structlog.get_logger()

PROTOCOL = "graphql-transport-ws"

MESSAGE_TOO_BIG = 1009
BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
SUBPROTOCOL_NOT_ACCEPTABLE = 4406
INITIALISATION_TIMEOUT = 4408
SUBSCRIBER_ALREADY_EXISTS = 4409
TOO_MANY_INITIALISATION_REQUESTS = 4429

REASON_BYTES_MAX = 123
"""What RFC 6455 leaves for the reason in a close frame."""


class GraphQLOverWebSocket:
    """Answers one path: each socket authenticates once, then runs operations side by side."""

    def __init__(
        self, engine: Engine, authenticate: Authenticate, documents: Documents, origins: Sequence[str] = ()
    ) -> None:
        self._engine = engine
        self._authenticate = authenticate
        self._documents = documents
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it closes."""
        socket = WebSocket(scope, receive, send)
        if not self._welcome(socket.headers):
            await socket.close()  # before the handshake: the client sees 403
            return
        if PROTOCOL not in socket.scope["subprotocols"]:
            await socket.accept()
            await socket.close(SUBPROTOCOL_NOT_ACCEPTABLE, f"Subprotocol not acceptable: speak {PROTOCOL}")
            return
        await socket.accept(PROTOCOL)
        await _Conversation(socket, self._engine, self._authenticate, self._documents).hold()

    def _welcome(self, headers: Mapping[str, str]) -> bool:
        # Browsers let any page open a socket to any server, and CORS does not apply to it.
        origin = headers.get("origin")
        if origin is None or origin in self._origins or "*" in self._origins:
            return True
        return urlsplit(origin).netloc == headers.get("host")


class _Closed(Exception):
    """The client broke the protocol; the socket closes with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Conversation:
    """One socket: its caller, once known, and its running operations by id."""

    def __init__(self, socket: WebSocket, engine: Engine, authenticate: Authenticate, documents: Documents) -> None:
        self._socket = socket
        self._engine = engine
        self._authenticate = authenticate
        self._documents = documents
        self._asked = False
        self._principal: Principal | None = None
        self._shown: dict[str, str] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._mutating: set[asyncio.Task[None]] = set()

    async def hold(self) -> None:
        """Talk until the socket closes, then stop every operation but mutations, which are finished."""
        deadline = asyncio.get_running_loop().call_later(limits.WEBSOCKET_INIT_TIMEOUT_S, self._expire)
        self._overdue: asyncio.Task[None] | None = None
        try:
            while True:
                await self._hear(await self._socket.receive())
        except _Closed as wrong:
            await self._close(wrong.code, wrong.reason)
        except WebSocketDisconnect:
            pass
        finally:
            deadline.cancel()
            doomed = [task for task in self._running.values() if task not in self._mutating]
            for task in doomed:
                task.cancel()
            rest = [*doomed, *self._mutating, *([self._overdue] if self._overdue else [])]
            await asyncio.gather(*rest, return_exceptions=True)

    def _expire(self) -> None:
        if self._principal is None:
            reason = "Connection initialisation timeout"
            self._overdue = asyncio.create_task(self._close(INITIALISATION_TIMEOUT, reason))

    async def _close(self, code: int, reason: str) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            fits = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
            await self._socket.close(code, fits)

    async def _hear(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1000))
        text = event.get("text")
        if text is None:
            raise _Closed(BAD_REQUEST, "messages are text frames")
        if len(text) > limits.WEBSOCKET_MESSAGE_BYTES_MAX:
            raise _Closed(MESSAGE_TOO_BIG, f"messages are limited to {limits.WEBSOCKET_MESSAGE_BYTES_MAX} bytes")
        try:
            message = load_json(text)
        except RequestError:
            raise _Closed(BAD_REQUEST, "the message is not JSON") from None
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "connection_init":
            await self._initialise(_object(message.get("payload")))
        elif kind == "ping":
            payload = _object(message.get("payload"))
            await self._send({"type": "pong"} | ({"payload": payload} if payload else {}))
        elif kind == "pong":
            _object(message.get("payload"))
        elif kind == "subscribe":
            await self._subscribe(_id(message), message.get("payload"))
        elif kind == "complete":
            self._stop(_id(message))
        else:
            raise _Closed(BAD_REQUEST, "the message must be an object with a `type` of the protocol")

    async def _initialise(self, payload: dict[str, Any]) -> None:
        if self._asked:
            raise _Closed(TOO_MANY_INITIALISATION_REQUESTS, "Too many initialisation requests")
        self._asked = True
        self._shown = {name.lower(): value for name, value in payload.items() if isinstance(value, str)}
        try:
            self._principal = await self._authenticate(self._shown)
        except RequestError as wrong:
            raise _Closed(FORBIDDEN, f"Forbidden: {wrong.message}") from None
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, id: str, payload: Any) -> None:
        if self._principal is None:
            raise _Closed(UNAUTHORIZED, "Unauthorized: send connection_init and wait for connection_ack")
        if id in self._running:
            raise _Closed(SUBSCRIBER_ALREADY_EXISTS, f"Subscriber for {id} already exists")
        try:
            parameters = read_parameters(payload)
        except RequestError as wrong:
            raise _Closed(BAD_REQUEST, wrong.message) from None
        # A mutation that the client has completed is finished all the same, and counts until it is.
        running = len(self._mutating.union(self._running.values()))
        if running >= limits.WEBSOCKET_SUBSCRIPTIONS_MAX:
            told = f"this socket runs {running} operations already, the limit"
            error = {"message": told, "extensions": {"code": "TOO_MANY_OPERATIONS"}}
            await self._send({"id": id, "type": "error", "payload": [error]})
        else:
            self._running[id] = asyncio.create_task(self._operate(id, parameters))

    def _stop(self, id: str) -> None:
        task = self._running.pop(id, None)
        if task and task not in self._mutating:
            task.cancel()

    async def _operate(self, id: str, parameters: Parameters) -> None:
        """Run one operation; what it sends after the client completed it is dropped."""
        task = asyncio.current_task()
        assert task
        errors: list[dict[str, Any]] | None = None
        try:
            async with aclosing(self._answers(parameters, task)) as answers:
                async for answer in answers:
                    if self._running.get(id) is not task:
                        return
                    if "data" not in answer:
                        errors = answer["errors"]
                        break
                    await self._send({"id": id, "type": "next", "payload": answer})
        except WebSocketDisconnect:
            return  # the socket closed while an answer was under way
        except Exception as fault:
            request_id = self._request_id
            log.error("socket.fault", exc_info=fault)
            message = f"Something went wrong on our side. Tell us this request id: {request_id}"
            errors = [{"message": message, "extensions": {"code": "INTERNAL"}}]
        finally:
            self._mutating.discard(task)
            ended = self._running.get(id) is task
            if ended:
                del self._running[id]
        if ended:
            told = {"id": id, "type": "error", "payload": errors} if errors else {"id": id, "type": "complete"}
            with suppress(WebSocketDisconnect):
                await self._send(told)

    async def _answers(self, asked: Parameters, task: asyncio.Task[None]) -> AsyncGenerator[dict[str, Any]]:
        # Asked again for each operation and each event: a token may be revoked while its socket is open.
        try:
            principal = await self._authenticate(self._shown)
            parameters = await self._documents.find(asked, principal)
        except RequestError as wrong:
            yield _refused(wrong)
            return
        if isinstance(parameters, Refused):
            yield {"errors": parameters.errors}
            return
        operation = self._engine.prepare(
            parameters.query, parameters.operation_name, explain=self._engine.explains(principal)
        )
        if isinstance(operation, Refused):
            yield {"errors": operation.errors}
            return
        ctx = Context(self._socket.app.state.resources, principal, request_id=self._request_id)
        refused = self._engine.authorise(operation, ctx)
        if not refused:
            await self._documents.keep(parameters, principal)
        if refused:
            yield {"errors": refused.errors}
        elif operation.kind is OperationType.SUBSCRIPTION:
            async with aclosing(self._engine.stream(operation, parameters.variables, ctx)) as answers:
                async for answer in answers:
                    try:
                        await self._authenticate(self._shown)
                    except RequestError as wrong:
                        yield _refused(wrong)
                        return
                    yield answer
        else:
            if operation.kind is OperationType.MUTATION:
                self._mutating.add(task)
            yield await self._engine.run(operation, parameters.variables, ctx)

    @property
    def _request_id(self) -> str:
        return str(getattr(self._socket.state, "request_id", "-"))

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect  # we closed it ourselves
        try:
            await self._socket.send_text(orjson.dumps(message).decode())
        except RuntimeError:  # the server itself has closed it, as on a broken frame, and the news is on its way
            raise WebSocketDisconnect from None


def _refused(wrong: RequestError) -> dict[str, Any]:
    return {"errors": [{"message": wrong.message, "extensions": {"code": wrong.code}}]}


def _object(payload: Any) -> dict[str, Any]:
    if payload is not None and not isinstance(payload, dict):
        raise _Closed(BAD_REQUEST, "`payload` must be an object")
    return payload or {}


def _id(message: dict[str, Any]) -> str:
    id = message.get("id")
    if not isinstance(id, str) or not 0 < len(id) <= limits.WEBSOCKET_ID_CHARS_MAX:
        raise _Closed(BAD_REQUEST, f"`id` must be a string of 1 to {limits.WEBSOCKET_ID_CHARS_MAX} characters")
    return id
