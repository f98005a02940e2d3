"""Requests that were asked before, word for word: what they were answered is shown again, where it still holds."""

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commerce_graph.kernel.caching.answers import Answers, Kept
from commerce_graph.kernel.limits import REPEATS_BYTES_MAX, REPEATS_S

SHOWN = "shown"
"""Where the state of a request tells which kept answer it was shown: see `Shown`."""
WITHOUT_MEANING = frozenset(
    b"accept-language cache-control connection dnt host if-modified-since keep-alive pragma priority referer sec-ch-ua "
    b"sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site traceparent tracestate "
    b"user-agent via x-forwarded-for x-forwarded-host x-forwarded-proto x-request-id".split()
)
"""Headers that say nothing of who asks, for what, nor in which form. Any other makes another request, so one that is
new here is only slower."""

Asked = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Which answer a request was shown: that under `key`, of the operation `label`, for at most `max_age_s`."""

    key: str
    kept: Kept
    label: str
    max_age_s: int


@dataclass(frozen=True, slots=True)
class _Seen:
    until: float
    shown: Shown
    start: dict[str, Any]
    """The ASGI message that begins the answer, without its age."""
    body: bytes

    @property
    def size(self) -> int:
        headers = self.start["headers"]
        return len(self.body) + len(self.shown.kept.body) + sum(len(name) + len(value) for name, value in headers)


class Repeated:
    """Shows repeated requests what was answered, proved to hold, and passes others on: a layer around all that reads.

    It stands outside of whatever adds headers, so that they are there without being worked out again.

    Who asked was known and allowed to then; a token that is revoked meanwhile shows what all shoppers see, for as long.
    Limits: REPEATS_S; REPEATS_BYTES_MAX, the first leaves first.
    """

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self.app = app
        self._answers = answers
        self._seen: OrderedDict[Asked, _Seen] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. At most 1 call of Redis, shared with others, where it repeats another."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        asked = _asked(scope)
        seen = self._seen.get(asked)
        if seen and seen.until > monotonic() and await self._answers.remembered(seen.shown.key) is seen.shown.kept:
            structlog.contextvars.bind_contextvars(operation=seen.shown.label)
            await send({**seen.start, "headers": [*seen.start["headers"], _age(seen.shown)]})
            await send({"type": "http.response.body", "body": seen.body})
            return
        sent: list[Message] = []

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append({**message, "headers": [pair for pair in message["headers"] if pair[0] != b"age"]})
            else:
                sent.append(message)
            await send(message)

        state = scope.setdefault("state", {})
        await self.app(scope, receive, noting)
        if shown := state.get(SHOWN):
            start, body = sent
            self._note(asked, _Seen(monotonic() + REPEATS_S, shown, dict(start), body["body"]))

    def _note(self, asked: Asked, seen: _Seen) -> None:
        if before := self._seen.pop(asked, None):
            self._bytes -= before.size
        self._seen[asked] = seen
        self._bytes += seen.size
        while self._bytes > REPEATS_BYTES_MAX:
            self._bytes -= self._seen.popitem(last=False)[1].size


def _age(shown: Shown) -> tuple[bytes, bytes]:
    return b"age", b"%d" % max(0, shown.max_age_s - ceil(shown.kept.ends_at - monotonic()))


def _asked(scope: Scope) -> Asked:
    meant = (pair for pair in map(tuple, scope["headers"]) if pair[0] not in WITHOUT_MEANING)
    return (scope["path"], scope["query_string"], *meant)
