"""GraphQL over WebSocket: the graphql-transport-ws protocol, for queries, mutations and subscriptions."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
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
from commerce_graph.kernel.demand.door import Door
from commerce_graph.kernel.demand.throttle import Visitor
from commerce_graph.kernel.documents import Documents
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine, Refused
from commerce_graph.kernel.parameters import Parameters, load_json, read_parameters
from commerce_graph.kernel.streams import refused, subscribed

log = structlog.get_logger()

PROTOCOL = "graphql-transport-ws"

MESSAGE_TOO_BIG = 1009
TOO_SLOW = 1013
BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
SUBPROTOCOL_NOT_ACCEPTABLE = 4406
INITIALISATION_TIMEOUT = 4408
SUBSCRIBER_ALREADY_EXISTS = 4409
TOO_MANY_INITIALISATION_REQUESTS = 4429
TERMINATED = 4499

REASON_BYTES_MAX = 123
"""What RFC 6455 leaves for the reason in a close frame."""


class GraphQLOverWebSocket:
    """Answers one path: each socket authenticates once, then runs operations side by side."""

    def __init__(
        self, engine: Engine, authenticate: Authenticate, documents: Documents, door: Door, origins: Sequence[str] = ()
    ) -> None:
        self._engine = engine
        self._authenticate = authenticate
        self._documents = documents
        self._door = door
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
        await _Conversation(socket, self._engine, self._authenticate, self._documents, self._door).hold()

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

    def __init__(
        self, socket: WebSocket, engine: Engine, authenticate: Authenticate, documents: Documents, door: Door
    ) -> None:
        self._socket = socket
        self._engine = engine
        self._authenticate = authenticate
        self._documents = documents
        self._door = door
        self._asked = False
        self._principal: Principal | None = None
        self._shown: dict[str, str] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._mutating: set[asyncio.Task[None]] = set()
        self._patience = asyncio.timeout(None)
        self._verdict: _Closed | None = None
        self._heard = asyncio.Event()
        self._pinging: asyncio.Task[None] | None = None

    async def hold(self) -> None:
        """Talk until the socket closes, then stop every operation but mutations, which are finished."""
        deadline = asyncio.get_running_loop().call_later(limits.WEBSOCKET_INIT_TIMEOUT_S, self._expire)
        try:
            async with self._patience:
                while True:
                    await self._hear(await self._socket.receive())
        except _Closed as wrong:
            await self._close(wrong)
        except (TimeoutError, WebSocketDisconnect) as ended:
            if self._verdict:
                await self._close(self._verdict)
            elif isinstance(ended, TimeoutError):
                raise
        finally:
            deadline.cancel()
            doomed = [task for task in self._running.values() if task not in self._mutating]
            doomed += [self._pinging] if self._pinging else []
            for task in doomed:
                task.cancel()
            await asyncio.gather(*doomed, *self._mutating, return_exceptions=True)

    def _end(self, code: int, reason: str) -> None:
        """Stop listening and close, from wherever it is found that the socket has to end."""
        if self._verdict is None:
            self._verdict = _Closed(code, reason)
            with suppress(RuntimeError):  # it has ended already
                self._patience.reschedule(asyncio.get_running_loop().time())

    def _expire(self) -> None:
        if self._principal is None:
            self._end(INITIALISATION_TIMEOUT, "Connection initialisation timeout")

    async def _ping(self) -> None:
        """Ask a silent client whether it is there. Limits: WEBSOCKET_PING_S of silence, WEBSOCKET_PONG_S_MAX more."""
        while True:
            self._heard.clear()
            await asyncio.sleep(limits.WEBSOCKET_PING_S)
            if self._heard.is_set():
                continue
            await self._send({"type": "ping"})
            try:
                async with asyncio.timeout(limits.WEBSOCKET_PONG_S_MAX):
                    await self._heard.wait()
            except TimeoutError:
                self._end(TERMINATED, f"Terminated: no pong within {limits.WEBSOCKET_PONG_S_MAX} s")

    async def _close(self, wrong: _Closed) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            fits = wrong.reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
            # Whoever reads nothing any more does not read this either; the server closes the connection then.
            with suppress(TimeoutError, WebSocketDisconnect):
                async with asyncio.timeout(limits.WEBSOCKET_CLOSE_S_MAX):
                    await self._socket.close(wrong.code, fits)

    async def _hear(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1000))
        self._heard.set()
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
        self._pinging = asyncio.create_task(self._ping())

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
                        errors = _errors(answer)
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
            yield refused(wrong)
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
        denied = self._engine.authorise(operation, ctx)
        if denied:
            yield {"errors": denied.errors}
            return
        await self._documents.keep(parameters, principal)
        try:
            cost = self._engine.cost(operation, parameters.variables)
            visitor = Visitor.of(self._socket, self._shown)
            door = self._door.let_in(self._engine.rank(operation), cost, principal, visitor)
            async with door as ctx.charge:
                if operation.kind is OperationType.MUTATION:
                    self._mutating.add(task)
                # A stream has a turn to begin; its events are charged as they come.
                streaming = operation.kind is OperationType.SUBSCRIPTION
                alone = None if streaming else await self._engine.run(operation, parameters.variables, ctx)
        except RequestError as wrong:
            yield refused(wrong)
            return
        if alone is not None:
            yield alone
            return
        again = partial(self._authenticate, self._shown)
        async with aclosing(subscribed(self._engine, operation, parameters.variables, ctx, again)) as answers:
            async for answer in answers:
                yield answer

    @property
    def _request_id(self) -> str:
        return str(getattr(self._socket.state, "request_id", "-"))

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect  # we closed it ourselves
        try:
            async with asyncio.timeout(limits.WEBSOCKET_SEND_S_MAX):
                await self._socket.send_text(orjson.dumps(message).decode())
        except TimeoutError:
            self._end(TOO_SLOW, f"a message was not taken within {limits.WEBSOCKET_SEND_S_MAX} s")
            raise WebSocketDisconnect from None
        except RuntimeError:  # the server itself has closed it, as on a broken frame, and the news is on its way
            raise WebSocketDisconnect from None


def _object(payload: Any) -> dict[str, Any]:
    if payload is not None and not isinstance(payload, dict):
        raise _Closed(BAD_REQUEST, "`payload` must be an object")
    return payload or {}


def _errors(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the errors alone, as `error` has no place beside them: the first tells what is told beside all."""
    first, *others = answer["errors"]
    return [first | {"extensions": {**first.get("extensions", {}), **answer.get("extensions", {})}}, *others]


def _id(message: dict[str, Any]) -> str:
    id = message.get("id")
    if not isinstance(id, str) or not 0 < len(id) <= limits.WEBSOCKET_ID_CHARS_MAX:
        raise _Closed(BAD_REQUEST, f"`id` must be a string of 1 to {limits.WEBSOCKET_ID_CHARS_MAX} characters")
    return id
