"""How answers that come in parts are written into one HTTP response, and which way a client asks for."""

from dataclasses import dataclass

from commerce_graph.kernel.limits import ACCEPT_CHARS_MAX

EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Framing:
    """The bytes around the parts of a response."""

    content_type: str
    opening: bytes
    before: bytes
    after: bytes
    ending: bytes
    ping: bytes = b""
    """What is sent while nothing happens, so that nobody between us and the client takes the connection for dead."""

    def part(self, body: bytes) -> bytes:
        """Return one part."""
        return self.before + body + self.after

    def whole(self, body: bytes) -> bytes:
        """Return a response of one part."""
        return self.opening + self.part(body) + self.ending


def _multipart(boundary: str, spec: str) -> Framing:
    # A client knows that a part has ended when it sees the boundary that follows, so that is sent with the part.
    line = f"\r\n--{boundary}".encode()
    before = b"\r\nContent-Type: application/json\r\n\r\n"
    # In deferred answers an empty part would be an answer.
    ping = before + b"{}" + line if spec.startswith("subscription") else b""
    return Framing(f'multipart/mixed;boundary="{boundary}";{spec}', line, before, line, b"--\r\n", ping)


# A browser tells no event that has no `data`.
EVENTS = Framing(
    f"{EVENT_STREAM}; charset=utf-8", b":\n\n", b"event: next\ndata: ", b"\n\n", b"event: complete\ndata:\n\n", b":\n\n"
)
"""GraphQL over server-sent events, "distinct connections"."""
SUBSCRIPTION = _multipart("graphql", "subscriptionSpec=1.0")
"""Apollo's subscriptions over HTTP."""
DEFER = _multipart("-", "incrementalSpec=v0.2")
"""Deferred fragments as graphql-js 17 tells them: `pending`, `incremental`, `completed`."""
DEFER_2022 = _multipart("-", "deferSpec=20220824")
"""Deferred fragments as they were told before: each by its path and label."""

_ASKED = {
    (EVENT_STREAM, "", ""): EVENTS,
    ("multipart/mixed", "subscriptionspec", "1.0"): SUBSCRIPTION,
    ("multipart/mixed", "incrementalspec", "v0.2"): DEFER,
    ("multipart/mixed", "deferspec", "20220824"): DEFER_2022,
}


def framings(accept: str | None) -> list[Framing]:
    """Return the ways to stream that an Accept header names, the most wanted first; ties stay in its order.

    None is guessed: `*/*` and a bare `multipart/mixed` name no way. Limits: ACCEPT_CHARS_MAX; nothing for a longer one.
    """
    if not accept or len(accept) > ACCEPT_CHARS_MAX:
        return []
    found = []
    for part in accept.lower().split(","):
        name, *pieces = (piece.strip() for piece in part.split(";"))
        parameters = {key.strip(): value.strip(' "') for key, _, value in (piece.partition("=") for piece in pieces)}
        for (media, key, value), framing in _ASKED.items():
            if name == media and (not key or parameters.get(key) == value):
                found.append((_quality(parameters.get("q", "1")), framing))
    return [framing for quality, framing in sorted(found, key=lambda each: -each[0]) if quality > 0]


def _quality(told: str) -> float:
    try:
        return float(told)
    except ValueError:
        return 0.0
