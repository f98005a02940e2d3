"""What has to be read anew after a transaction: known before it commits, logged before its writer goes on."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.caching.store import Store
from commerce_graph.kernel.changes import Changes
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import Event, Fact, publish
from commerce_graph.kernel.scripts import Unavailable

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Watched:
    """A table that cached answers show: the facts that tell of its changes, and the tags to use where none does."""

    facts: frozenset[str]
    tags: tuple[str, ...]


class Invalidation:
    """Watches all transactions, so that no way of writing can forget it.

    Who wrote logs it before going on. Where that fails, or its process dies before, the relay does it with the fact.
    """

    def __init__(
        self, store: Store, tags: Callable[[str, Mapping[str, Any]], set[str]], tables: Mapping[str, Watched],
        unsaid: Callable[[tuple[str, ...]], Event],
    ) -> None:  # fmt: skip
        """`tags` returns those of a fact by kind and payload; `unsaid` makes the fact that stands for one missing."""
        self._store = store
        self._tags = tags
        self._tables = tables
        self._unsaid = unsaid

    async def before_commit(self, tx: AsyncConnection, changes: Changes) -> None:
        """Tell what was written without a fact. At most 1 statement, none where facts told of it."""
        told = {type(event).__name__ for event in changes.events}
        silent = [self._tables[each] for each in changes.tables & self._tables.keys()]
        tags = sorted({tag for each in silent if not each.facts & told for tag in each.tags})
        if tags:
            await publish(tx, self._unsaid(tuple(tags)))

    async def committed(self, changes: Changes) -> None:
        """Log what has changed. At most 1 call; where Redis does not answer, the relay does it."""
        tags = {tag for event in changes.events for tag in self._tags(type(event).__name__, asdict(event))}
        if tags:
            try:
                await self._store.change(tags)
            except Unavailable:
                log.warning("answers.change_is_late", tags=len(tags))

    async def relayed(self, database: Database, fact: Fact) -> None:
        """On any fact with tags: log it again. It may be the first time. Raises: Unavailable; the relay tries again."""
        await self._store.change(self._tags(fact.kind, fact.payload))
