"""Which hits of a list are read for a page of it: from a place on by the values of its keys, or by its position.

A list may be read from its end, in reverse. Where a place was made by another engine, its position alone says where to
go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from commerce_graph.kernel.errors import RequestError
from commerce_graph.search.rules.mapping import RESULT_WINDOW
from commerce_graph.search.service.engine import Found, Hit, Paging, Place
from commerce_graph.search.service.opensearch.ranking import WAYS, Key

NAME = "opensearch"
_SCORE_MAX = 3e38


@dataclass(frozen=True, slots=True)
class Window:
    """What is read. `reverse`: from the end on. `start`: the values after which, else `skip` hits are passed over.

    `stop`: the values at which to end, `room`: after how many hits, if known. `edge`: how many hits come before what is
    read; of a list read from its end, how many it has up to there, None where its total is to tell that.
    """

    reverse: bool
    size: int
    start: tuple[Any, ...] | None
    skip: int
    stop: tuple[Any, ...] | None
    room: int | None
    edge: int | None


def way_of(paging: Paging) -> str | None:
    """Return the way that a list was begun in to look for its words, None where its places do not say."""
    for place in (paging.before, paging.after) if paging.backward else (paging.after, paging.before):
        if place is not None and place.engine == NAME and place.values and place.values[0] in WAYS:
            return str(place.values[0])
    return None


def window(paging: Paging, keys: Sequence[Key]) -> Window:
    """Return what to read for a page. Raises: RequestError(BAD_USER_INPUT) for a place in a list of another order."""
    after, before = _values(paging.after, keys), _values(paging.before, keys)
    first = max(paging.after.position, 0) if paging.after else 0
    last = max(paging.before.position - 1, 0) if paging.before else None
    room = None if last is None else max(last - first, 0)
    if not paging.backward:
        return Window(False, paging.size, after, 0 if after else first, before, None if before else room, first)
    if last is not None and before is None:
        # Not from the end, whose distance nobody knows: the hits just before it are read from the start.
        skip = max(first, last - paging.size)
        return Window(False, last - skip, None, skip, None, last - skip, skip)
    return Window(True, paging.size, before, 0, after, None if after else room, last)


def _values(place: Place | None, keys: Sequence[Key]) -> tuple[Any, ...] | None:
    """Return the values to go on from; a client may send any cursor to any list."""
    if place is None or place.engine != NAME:
        return None
    values = place.values[1:]
    if len(values) != len(keys) or not all(map(_fits, keys, values)):
        raise RequestError("BAD_USER_INPUT", "the cursor belongs to a list in another order")
    return values


def _fits(key: Key, value: Any) -> bool:
    if key.field == "id":
        return isinstance(value, str) and len(value) == 32
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and (abs(value) < _SCORE_MAX if key.field == "_score" else isinstance(value, int))


def reading(asked: Window, keys: Sequence[Key]) -> dict[str, Any]:
    """Return the part of a search that says what to read: a hit more than the page, to know of it."""
    wanted = asked.size + 1 if asked.room is None else min(asked.size + 1, asked.room)
    made: dict[str, Any] = {
        "size": max(min(wanted, RESULT_WINDOW - asked.skip), 0),
        "sort": [key.sort(asked.reverse) for key in keys],
    }
    if asked.start is not None:
        made["search_after"] = list(asked.start)
    elif asked.skip:
        made["from"] = min(asked.skip, RESULT_WINDOW)
    return made


def page(
    rows: Sequence[Sequence[Any]],
    asked: Window,
    paging: Paging,
    keys: Sequence[Key],
    total: int,
    way: str,
    snapshot: str,
) -> Found:
    """Return the page made of the keys of the hits that were read. `total`: needed where `asked.edge` is None."""
    known = list(rows)
    first = max(paging.after.position, 0) if paging.after else 0
    if asked.stop is not None:
        known = [row for row in known if _precedes(row, asked.stop, keys, asked.reverse)]
    elif asked.edge is None:
        known = known[: max(total - first, 0)]
    shown = known[: asked.size]
    more = len(known) > asked.size
    edge = total if asked.edge is None else asked.edge
    if asked.reverse:
        shown.reverse()
        edge -= len(shown)
    elif paging.backward:
        more = asked.skip > first
    hits = [
        Hit(UUID(row[-1]), Place(NAME, edge + number, (way, *row), snapshot)) for number, row in enumerate(shown, 1)
    ]
    if paging.backward:
        return Found(hits, has_next=paging.before is not None, has_previous=more)
    return Found(hits, has_next=more, has_previous=paging.after is not None)


def _precedes(row: Sequence[Any], stop: Sequence[Any], keys: Sequence[Key], reverse: bool) -> bool:
    for value, bound, key in zip(row, stop, keys, strict=True):
        if value != bound:
            return bool((value > bound) if key.descending ^ reverse else (value < bound))
    return False
