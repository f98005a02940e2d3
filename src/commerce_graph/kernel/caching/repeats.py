"""Requests that were asked before, word for word: which answer they lead to is remembered for a moment."""

from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic

from starlette.types import Scope

from commerce_graph.kernel.limits import REPEATS_KEPT_MAX, REPEATS_S

WITHOUT_MEANING = frozenset(
    b"accept-encoding accept-language cache-control connection dnt host if-modified-since if-none-match keep-alive "
    b"origin pragma priority referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode "
    b"sec-fetch-site traceparent tracestate user-agent via x-forwarded-for x-forwarded-host x-forwarded-proto "
    b"x-request-id".split()
)
"""Headers that say nothing of who asks, nor for what: the layers around, or whoever shows the answer, read them. Any
other makes another request, so one that is new here is only slower."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a request led to."""

    key: str
    """Of the answer."""
    label: str
    """Of the operation, for the log."""
    media: str
    max_age_s: int


class Repeats:
    """Remembers where requests led to. One for a process.

    Who asked was known and allowed to then; a token that is revoked meanwhile shows what all shoppers see, for as long.
    Limits: REPEATS_KEPT_MAX, the first leaves first; REPEATS_S.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[object, ...], tuple[float, Way]] = OrderedDict()

    def find(self, scope: Scope) -> Way | None:
        """Return where a request leads to, None where it has to be read."""
        if scope["method"] != "GET":
            return None
        until, way = self._known.get(_asked(scope), (0.0, None))
        return way if until > monotonic() else None

    def note(self, scope: Scope, way: Way) -> None:
        """Remember where a request led to."""
        if scope["method"] != "GET":
            return
        asked = _asked(scope)
        self._known.pop(asked, None)
        self._known[asked] = (monotonic() + REPEATS_S, way)
        if len(self._known) > REPEATS_KEPT_MAX:
            self._known.popitem(last=False)


def _asked(scope: Scope) -> tuple[object, ...]:
    return (scope["query_string"], *(pair for pair in map(tuple, scope["headers"]) if pair[0] not in WITHOUT_MEANING))
