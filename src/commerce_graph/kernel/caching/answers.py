"""Answers that this process remembers, each proved to hold by the log in Redis before it is shown."""

import asyncio
import gzip
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from time import monotonic
from typing import Any, cast

import orjson

from commerce_graph.kernel.caching.store import Found, Miss, Store
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import ANSWER_BYTES_MAX, ANSWER_LEASE_S, ANSWERS_REMEMBERED_BYTES_MAX
from commerce_graph.kernel.scripts import Unavailable


@dataclass(slots=True)
class Kept:
    """An answer as it is sent. Shared: change nothing."""

    body: bytes
    tags: frozenset[str]
    """Its surrogate keys."""
    ends_at: float
    """When it is to be read anew, on the process' own clock."""
    errors: list[dict[str, Any]] | None = None
    """What went wrong; then the answer is for who waits for it, and kept nowhere."""
    status_by_errors: bool = False
    """Whether there is no data, so that the errors say the status."""
    forms: dict[str, Any] = field(default_factory=dict)
    """What is made of the body, such as its compressed form, once each."""

    def once(self, name: str, make: Callable[[bytes], Any]) -> Any:
        """Return what is made of the body, made once."""
        if name not in self.forms:
            self.forms[name] = make(self.body)
        return self.forms[name]

    @property
    def packed(self) -> bytes:
        """The body as gzip packs it."""
        return cast(bytes, self.once("gzip", gzipped))


GZIP_LEVEL = 3
"""Of those that cost next to nothing the one that packs best: 0.13 ms for 35 kB, of which 5 kB are left."""

LOOKED_AGAIN_S = 0.005
LOOKED_AGAIN_S_MAX = 0.1
"""How long a process that waits for another's answer lets it be before it looks; twice as long each time."""

Ask = Callable[[], Awaitable[tuple[dict[str, Any], frozenset[str]]]]
"""Executes the operation: the answer, and its tags."""


class Answers:
    """Finds answers in the process, then in Redis, then executes. One for a process.

    An answer is shown only after Redis has told, later than the request came, that nothing it is about has changed:
    who asks after a write was logged gets what was written. One call of Redis serves all requests that wait for it.

    Limits: ANSWERS_REMEMBERED_BYTES_MAX; the least recently used leaves first. An answer longer than ANSWER_BYTES_MAX
    is not kept. Without Redis everything is executed. What several processes miss at once one of them executes; the
    others wait for it, ANSWER_LEASE_S at most.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = 0
        self._known: OrderedDict[str, Kept] = OrderedDict()
        self._by_tag: defaultdict[str, set[str]] = defaultdict(set)
        self._bytes = 0
        self._next: asyncio.Future[int | None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._flights: dict[tuple[str, int], asyncio.Task[Kept]] = {}

    async def answer(self, key: str, max_age_s: int, ask: Ask) -> Kept:
        """Return the answer under a key, executing it at most once at a time.

        At most 3 calls, 1 for what is known; more while another process executes it.
        """
        moment = await self.moment()
        if moment is None:
            return fresh(*await ask(), max_age_s)
        known = self._known.get(key)
        if known is not None and known.ends_at > monotonic():
            self._known.move_to_end(key)
            return known
        # Who came after a change does not wait with those who came before it.
        at = (key, moment)
        flight = self._flights.get(at)
        if flight is not None:
            try:
                return await asyncio.shield(flight)
            except RequestError:  # whoever took off was turned away, which says nothing of others
                return fresh(*await ask(), max_age_s)
        flight = self._flights[at] = asyncio.create_task(self._fill(key, moment, max_age_s, ask))
        flight.add_done_callback(lambda _: self._flights.pop(at, None))
        return await asyncio.shield(flight)

    async def remembered(self, key: str) -> Kept | None:
        """Return what this process remembers under a key, proved to hold; None where it has to be asked for. 1 call."""
        if await self.moment() is None:
            return None
        known = self._known.get(key)
        return known if known is not None and known.ends_at > monotonic() else None

    async def moment(self) -> int | None:
        """Return a moment of the log no earlier than now, when what was forgotten since is gone; None without Redis.

        It joins the next call of Redis, never one that is under way: that may have missed what came before now.
        """
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read())
        return await asyncio.shield(self._next)

    async def _read(self) -> None:
        while (waiting := self._next) is not None:
            self._next = None
            try:
                now, changed = await self._store.since(self._seen)
            except Unavailable:
                waiting.set_result(None)
                continue
            except BaseException:
                waiting.cancel()
                raise
            if changed is None:
                self._forget_all()
            for key in [key for tag in changed or () for key in self._by_tag.get(tag, ())]:
                self._forget(key)
            self._seen = now
            waiting.set_result(now)

    async def _fill(self, key: str, moment: int, max_age_s: int, ask: Ask) -> Kept:
        miss = Miss(key, moment)
        try:
            found = await self._found(miss)
        except Unavailable:
            return fresh(*await ask(), max_age_s)
        if found is not None:
            kept = Kept(found.body, found.tags, monotonic() + found.ttl_s)
            self._remember(key, kept, found.moment)
            return kept
        try:
            kept = fresh(*await ask(), max_age_s)
        except Exception as fault:
            await self._give_up(miss, again=isinstance(fault, RequestError))  # that one was turned away, others may not
            raise
        if kept.errors is not None or len(kept.body) > ANSWER_BYTES_MAX:
            await self._give_up(miss, again=False)
            return kept
        with suppress(Unavailable):
            now = await self._store.keep(miss, kept.tags, kept.body, max_age_s)
            if now is not None:
                self._remember(key, kept, now)
        return kept

    async def _found(self, miss: Miss) -> Found | None:
        """Return what is kept, or will be by who executes it now; None to execute it here. Raises: Unavailable."""
        ends_at = monotonic() + ANSWER_LEASE_S
        pause_s = LOOKED_AGAIN_S
        while isinstance(found := await self._store.find(miss), float):
            if monotonic() >= ends_at:
                return None
            await asyncio.sleep(min(pause_s, found))
            pause_s = min(2 * pause_s, LOOKED_AGAIN_S_MAX)
        return found

    async def _give_up(self, miss: Miss, *, again: bool) -> None:
        with suppress(Unavailable):  # it ends by itself
            await self._store.give_up(miss, again=again)

    def _remember(self, key: str, kept: Kept, moment: int) -> None:
        # It held at its moment. What was read of the log since has passed it by.
        if self._seen > moment:
            return
        self._forget(key)
        self._known[key] = kept
        self._bytes += len(kept.body)
        for tag in kept.tags:
            self._by_tag[tag].add(key)
        while self._bytes > ANSWERS_REMEMBERED_BYTES_MAX:
            self._forget(next(iter(self._known)))

    def _forget(self, key: str) -> None:
        kept = self._known.pop(key, None)
        if kept is None:
            return
        self._bytes -= len(kept.body)
        for tag in kept.tags:
            keys = self._by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._by_tag[tag]

    def _forget_all(self) -> None:
        self._known.clear()
        self._by_tag.clear()
        self._bytes = 0


def key_of(*parts: bytes) -> str:
    """Return the key of what is made of these parts."""
    made = sha256()
    for part in parts:
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    return made.hexdigest()


def gzipped(body: bytes) -> bytes:
    """Return a body as gzip packs it."""
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


def fresh(answer: dict[str, Any], tags: frozenset[str], max_age_s: int) -> Kept:
    """Return an answer that was just read."""
    errors = answer.get("errors")
    return Kept(orjson.dumps(answer), tags, monotonic() + max_age_s, errors, "data" not in answer)
