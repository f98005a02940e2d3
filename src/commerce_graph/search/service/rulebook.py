"""What a process knows of merchants' decisions about search: a copy, at most SEARCH_RULEBOOK_S old."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.limits import SEARCH_RULEBOOK_S
from commerce_graph.search.loaders import decisions
from commerce_graph.search.rules.curation import normal
from commerce_graph.search.rules.planning import Synonyms


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Synonyms, redirects and pinned products. Looking up never asks the database."""

    number: int = 0
    synonyms: Synonyms = field(default_factory=Synonyms)
    redirects: Mapping[str, str] = field(default_factory=dict)
    pins: Mapping[str, tuple[UUID, ...]] = field(default_factory=dict)

    def redirect(self, query: str) -> str | None:
        """Return where a query leads instead of to results."""
        return self.redirects.get(normal(query)) if self.redirects else None

    def pinned(self, query: str) -> tuple[UUID, ...]:
        """Return what comes first for a query."""
        return self.pins.get(normal(query), ()) if self.pins else ()


class Rulebooks:
    """One for a process. Safe for concurrent use: one task reads, the others go on with what is known."""

    def __init__(self, resources: Resources) -> None:
        self._database = resources.database
        self._known: Rulebook | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def current(self) -> Rulebook:
        """Return the decisions. 1 short statement every SEARCH_RULEBOOK_S; all is read only after an edit."""
        known = self._known
        if known is not None and (self._fresh() or self._reading.locked()):
            return known
        async with self._reading:
            if self._known is not None and self._fresh():
                return self._known
            asked_at = time.monotonic()
            number = self._known.number if self._known else 0
            async with self._database.read() as conn:
                newer = await decisions(conn, number)
            if newer is not None:
                # A thousand groups take a moment to fold, in which others shall be answered.
                synonyms = await asyncio.to_thread(Synonyms.of, newer.groups)
                self._known = Rulebook(newer.number, synonyms, newer.redirects, newer.pins)
            self._known = self._known or Rulebook()
            self._read_at = asked_at
            return self._known

    def forget(self) -> None:
        """Read again before the next answer: a decision was made here."""
        self._read_at = 0.0

    def _fresh(self) -> bool:
        return self._read_at > 0 and time.monotonic() - self._read_at < SEARCH_RULEBOOK_S


def rulebooks(resources: Resources) -> Rulebooks:
    """Return the process's copy of the decisions."""
    found = resources.services.get("search_rulebooks")
    if not isinstance(found, Rulebooks):
        found = resources.services["search_rulebooks"] = Rulebooks(resources)
    return found
