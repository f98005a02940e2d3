"""What a transaction has changed: the tables it wrote, and the facts it told."""

import re
from collections.abc import Awaitable
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

WRITING = re.compile(r'\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?\."?(\w+)"?')
AT = "changes"


class Changes:
    """What one transaction has changed so far."""

    __slots__ = ("events", "tables")

    def __init__(self) -> None:
        self.tables: set[str] = set()
        """Names with their schema, such as `catalog.product`."""
        self.events: list[Any] = []

    @classmethod
    def begin(cls, tx: AsyncConnection) -> "Changes":
        """Note from now on what a connection changes."""
        made: Changes = _info(tx).setdefault(AT, cls())
        return made

    @staticmethod
    def end(tx: AsyncConnection) -> None:
        """Note nothing any more: the connection goes back to the pool."""
        if tx.sync_connection is not None and not tx.sync_connection.invalidated:
            _info(tx).pop(AT, None)


class Watch(Protocol):
    """Who wants to know what transactions change."""

    def before_commit(self, tx: AsyncConnection, changes: Changes) -> Awaitable[None]:
        """Add to the transaction what has to be there exactly if it commits."""

    def committed(self, changes: Changes) -> Awaitable[None]:
        """Do what has to be done before the writer goes on. Must not raise."""


def tell(tx: AsyncConnection, *events: Any) -> None:
    """Note facts that a transaction tells."""
    changes = _info(tx).get(AT)
    if changes is not None:
        changes.events.extend(events)


def overlook(tx: AsyncConnection, table: str) -> None:
    """Forget that a table was written, where what was written in it may be shown as it was for a while."""
    changes = _info(tx).get(AT)
    if changes is not None:
        changes.tables.discard(table)


def note(connection: Any, statement: str) -> None:
    """Note the tables that a statement writes."""
    changes = connection.info.get(AT)
    if changes is not None:
        changes.tables.update(tables_written(statement))


@lru_cache(maxsize=2_048)
def tables_written(statement: str) -> frozenset[str]:
    """Return the tables that a statement writes, by their names with their schema."""
    return frozenset(f"{schema}.{table}" for schema, table in WRITING.findall(statement))


def _info(tx: AsyncConnection) -> dict[str, Any]:
    found: dict[str, Any] = tx.sync_connection.info if tx.sync_connection is not None else {}
    return found
