"""Answers that come in parts: kept open, kept alive and bounded, whatever their framing."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext
from typing import Any

import orjson
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import Principal
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.framing import EVENTS, SUBSCRIPTION, Framing

log = structlog.get_logger()

Answers = AsyncGenerator[dict[str, Any]]


async def subscribed(
    engine: Engine,
    operation: Operation,
    variables: dict[str, Any] | None,
    ctx: Context,
    authenticate: Callable[[], Awaitable[Principal]],
) -> Answers:
    """Execute a subscription: one answer an event, then perhaps errors alone, which end it.

    The caller is asked for anew at each event: a token may be revoked while its stream is open.
    """
    async with aclosing(engine.stream(operation, variables, ctx)) as answers:
        async for answer in answers:
            try:
                await authenticate()
            except RequestError as wrong:
                yield refused(wrong)
                return
            yield answer


def refused(wrong: RequestError) -> dict[str, Any]:
    """Return the response map of a request that was refused."""
    errors = [{"message": wrong.message, "extensions": {"code": wrong.code, **wrong.hints}}]
    return {"errors": errors} | ({"extensions": wrong.extensions} if wrong.extensions else {})


async def enveloped(answers: Answers) -> Answers:
    """Put answers into the envelopes of Apollo's protocol.

    Errors that end a stream that had begun are told beside a `payload` of null, as errors of the stream.
    """
    began = False
    async with aclosing(answers):
        async for answer in answers:
            if began and "data" not in answer:
                yield {"payload": None, "errors": answer["errors"]}
            else:
                yield {"payload": answer}
            began = True


class OpenStreams:
    """How many streams this process holds open, in all and by token."""

    def __init__(self) -> None:
        self._by_token: Counter[Any] = Counter()

    def check(self, caller: Principal) -> None:
        """Refuse a stream too many.

        Limits: STREAMS_MAX, and STREAMS_PER_TOKEN_MAX, so that one storefront leaves room for the others.
        Raises: RequestError(TOO_MANY_STREAMS) with status 503.
        """
        if self._by_token.total() >= limits.STREAMS_MAX:
            told = f"this process streams to {limits.STREAMS_MAX} clients, the limit: try again in a moment"
        elif self._by_token[caller.token_id] >= limits.STREAMS_PER_TOKEN_MAX:
            told = f"{limits.STREAMS_PER_TOKEN_MAX} streams are open for this token, the limit: try again in a moment"
        else:
            return
        raise RequestError("TOO_MANY_STREAMS", told, status=503)

    @contextmanager
    def counted(self, caller: Principal) -> Iterator[None]:
        """Count a stream until the block ends."""
        self._by_token[caller.token_id] += 1
        try:
            yield
        finally:
            self._by_token[caller.token_id] -= 1
            self._by_token += Counter()  # forgets who holds none

    def response(self, answers: Answers, framing: Framing, caller: Principal) -> "Streamed":
        """Return the response that streams a subscription. Raises: as `check`."""
        self.check(caller)
        wrapped = enveloped(answers) if framing is SUBSCRIPTION else answers
        return Streamed(wrapped, framing, self.counted(caller))


class Streamed(Response):
    """One response of many parts, each sent when it is there.

    Ends with the answers, when the client leaves, or when it reads too slowly. What makes the answers is closed then.
    Limits: STREAM_PING_S of silence, where the framing knows a ping; STREAM_SEND_S_MAX for the client to take a part.
    """

    def __init__(self, answers: Answers, framing: Framing, held: AbstractContextManager[None] | None = None) -> None:
        super().__init__(headers={"Content-Type": framing.content_type, "X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self._answers = answers
        self._framing = framing
        self._held = held or nullcontext()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        with self._held:
            sending = asyncio.ensure_future(self._stream(send))
            gone = asyncio.ensure_future(disconnected(receive))
            try:
                await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, gone):
                    task.cancel()
                await asyncio.gather(sending, gone, return_exceptions=True)
                await self._answers.aclose()
            if not sending.cancelled():
                sending.result()

    async def _stream(self, send: Send) -> None:
        async def put(body: bytes, more: bool = True) -> None:
            async with asyncio.timeout(limits.STREAM_SEND_S_MAX):
                await send({"type": "http.response.body", "body": body, "more_body": more})

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            await put(self._framing.opening)
            async with aclosing(self._bodies()) as bodies:
                async for body in bodies:
                    await put(self._framing.part(body) if body else self._framing.ping)
            await put(self._framing.ending, more=False)
        except TimeoutError:
            # The server closes the connection of a response that has no end.
            log.warning("stream.slow", told=f"a client took no part within {limits.STREAM_SEND_S_MAX} s")

    async def _bodies(self) -> AsyncGenerator[bytes]:
        """Return the parts, and an empty one where it is time for a ping."""
        arriving: asyncio.Future[dict[str, Any] | None] | None = None
        try:
            while True:
                arriving = arriving or asyncio.ensure_future(anext(self._answers, None))
                idle_s = limits.STREAM_PING_S if self._framing.ping else None
                done, _ = await asyncio.wait((arriving,), timeout=idle_s)
                if not done:
                    yield b""
                    continue
                answer = arriving.result()
                arriving = None
                if answer is None:
                    return
                yield orjson.dumps(answer)
        finally:
            if arriving:
                arriving.cancel()
                await asyncio.gather(arriving, return_exceptions=True)


def as_event(response: Response) -> Response:
    """Return an answer that came at once as a stream of one event; the status of a stream is always 200."""
    if not response.body:  # it streams already, or the client has left
        return response
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    headers["content-type"] = EVENTS.content_type
    return Response(EVENTS.whole(bytes(response.body)), 200, headers)


async def disconnected(receive: Receive) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
