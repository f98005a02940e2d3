"""Two engines as one: OpenSearch, and PostgreSQL within the same call where OpenSearch does not answer as it should."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

import structlog
from opensearchpy.exceptions import NotFoundError, TransportError
from sqlalchemy.exc import SQLAlchemyError

from commerce_graph.catalog.service import Audience, Counts, PriceMarket
from commerce_graph.kernel import limits
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import RequestError
from commerce_graph.search.service.cluster import Unreachable, within
from commerce_graph.search.service.engine import Engine, Found, Request

log = structlog.get_logger()

T = TypeVar("T")
TOLD = "search"


class Turns:
    """Lets few searches into PostgreSQL at once, so that a flood of them leaves its connections to checkout.

    Limits: SEARCH_FALLBACKS_AT_ONCE_MAX, SEARCH_FALLBACKS_WAITING_MAX; a turn comes within SEARCH_FALLBACK_TURN_S_MAX.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(limits.SEARCH_FALLBACKS_AT_ONCE_MAX)
        self._waiting = 0

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it. Raises: RequestError(THROTTLED)."""
        if self._waiting >= limits.SEARCH_FALLBACKS_WAITING_MAX:
            raise _throttled()
        self._waiting += 1
        try:
            async with asyncio.timeout(limits.SEARCH_FALLBACK_TURN_S_MAX):
                await self._free.acquire()
        except TimeoutError:
            raise _throttled() from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


class Journal:
    """Writes a line about falling back when it begins and then once a while, however many searches do."""

    def __init__(self) -> None:
        self._written_at: dict[str, float] = {}
        self._unwritten: dict[str, int] = {}

    def note(self, reason: str) -> None:
        """Note one fall back."""
        since = self._unwritten.get(reason, 0) + 1
        if monotonic() - self._written_at.get(reason, -limits.SEARCH_FALLBACK_LOG_S) < limits.SEARCH_FALLBACK_LOG_S:
            self._unwritten[reason] = since
            return
        log.warning("search.fallback", reason=reason, times=since)
        self._written_at[reason] = monotonic()
        self._unwritten[reason] = 0


@dataclass(frozen=True, slots=True)
class Resilient:
    """An engine that asks the first engine, and the other one within the same call where the first does not answer.

    What a client did wrong (RequestError) and what PostgreSQL could not do is no reason to ask again.
    Limits: SEARCH_S_MAX and SUGGEST_S_MAX for the first engine; Turns for the other one.
    Raises: RequestError(THROTTLED).
    """

    primary: Engine | None
    fallback: Engine
    told: MutableMapping[str, Any] | None = None
    turns: Turns = field(default_factory=Turns)
    journal: Journal = field(default_factory=Journal)

    @property
    def name(self) -> str:
        """The name of the engine that is asked first."""
        return (self.primary or self.fallback).name

    async def search(self, db: Database, request: Request) -> Found:
        """Find products."""
        return await self._ask(limits.SEARCH_S_MAX, lambda engine: engine.search(db, request))

    async def counts(self, db: Database, requests: Sequence[Request]) -> Sequence[Counts]:
        """Count facets of several lists. Shape: n requests → n results."""
        return await self._ask(limits.SEARCH_S_MAX, lambda engine: engine.counts(db, requests))

    async def suggest(self, db: Database, request: Request) -> Sequence[UUID]:
        """Find the few products to show while someone still types."""
        return await self._ask(limits.SUGGEST_S_MAX, lambda engine: engine.suggest(db, request))

    async def related(
        self, db: Database, product_ids: Sequence[UUID], audience: Audience, market: PriceMarket, size: int
    ) -> Sequence[Sequence[UUID]]:
        """Find products like others. Shape: n keys → n lists in input order."""
        return await self._ask(
            limits.SEARCH_S_MAX, lambda engine: engine.related(db, product_ids, audience, market, size)
        )

    async def _ask(self, budget_s: float, call: Callable[[Engine], Awaitable[T]]) -> T:
        if self.primary is None:
            found = await call(self.fallback)
            self._tell(self.fallback.name)
            return found
        try:
            async with within(budget_s):
                found = await call(self.primary)
        except (RequestError, SQLAlchemyError):
            raise
        except Exception as fault:
            reason = _reason(fault)
        else:
            self._tell(self.primary.name)
            return found
        # Not inside `except`: the fault may quote what was searched for, and would go into the log with the next one.
        self.journal.note(reason)
        async with self.turns.taken():
            found = await call(self.fallback)
        self._tell(self.fallback.name, reason)
        return found

    def _tell(self, engine: str, fallback: str | None = None) -> None:
        if self.told is None:
            return
        if fallback:
            self.told[TOLD] = {"engine": engine, "fallback": fallback}
        else:
            self.told.setdefault(TOLD, {"engine": engine})


def _reason(fault: Exception) -> str:
    match fault:
        case Unreachable():
            return str(fault)
        case TimeoutError():
            return "timeout"
        case NotFoundError():
            return "no index"
        case TransportError():
            # A query that the node does not take is a fault of ours. What the node says quotes it: keep it out.
            error = fault.info.get("error") if isinstance(fault.info, dict) else None
            kind = error.get("type") if isinstance(error, dict) else None
            log.error("search.refused", status=fault.status_code, kind=kind, at=_place(fault))
            return "refused"
    log.error("search.fault", kind=type(fault).__name__, at=_place(fault))
    return "unexpected answer"


def _place(fault: Exception) -> str:
    """Return the place of ours where it happened; the fault's message and variables may hold what people wrote."""
    place, step = "", fault.__traceback__
    while step:
        file = Path(step.tb_frame.f_code.co_filename)
        if "commerce_graph" in file.parts and file.name not in ("cluster.py", "connection.py"):
            place = f"{file.name}:{step.tb_lineno}"
        step = step.tb_next
    return place


def _throttled() -> RequestError:
    return RequestError("THROTTLED", "More is searched for than the shop can answer just now; try again in a moment.")
