"""Write rows that have a handle, and tell apart what can go wrong with them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.content.errors import NOT_FOUND, TAKEN
from commerce_graph.content.rules import publication
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.handles import free_handle
from commerce_graph.kernel.texts import handle_of


async def create_row(
    tx: AsyncConnection, table: Table, values: Mapping[str, Any], *within: ColumnElement[bool]
) -> UUID:
    """Write a new row and return its id. Without a handle it gets one of its title, numbered where that is taken.

    `within`: the part of the table in which handles differ.
    Raises: Rejected(TAKEN) for a handle that another row has; IntegrityError for a parent that there is not.
    """
    row_id = new_id()
    asked = values.get("handle")
    wanted = asked or handle_of(values["title"], table.name)
    # Each round that fails has met a row that another transaction has committed meanwhile, so the next one sees it.
    while True:
        handle = asked or await free_handle(tx, table, wanted, *within)
        writing = insert(table).values({**values, "id": row_id, "handle": handle}).on_conflict_do_nothing()
        if (await tx.execute(writing.returning(table.c.id))).one_or_none() is not None:
            return row_id
        if asked:
            raise _taken(table, asked)


async def change_row(tx: AsyncConnection, table: Table, row_id: UUID, values: Mapping[str, Any]) -> None:
    """Change a row.

    Locks: the row.
    Raises: Rejected(NOT_FOUND | TAKEN); IntegrityError for a parent that there is not.
    """
    changing = update(table).where(table.c.id == row_id).values({**values, "updated_at": func.now()})
    try:
        changed = (await tx.execute(changing.returning(table.c.id))).one_or_none()
    except IntegrityError as wrong:
        if f"uq_{table.name}" in str(wrong.orig):
            raise _taken(table, values.get("handle")) from None
        raise
    if changed is None:
        raise _missing(table)


async def delete_row(tx: AsyncConnection, table: Table, row_id: UUID) -> None:
    """Delete a row. Locks: the row. Raises: Rejected(NOT_FOUND)."""
    gone = delete(table).where(table.c.id == row_id).returning(table.c.id)
    if (await tx.execute(gone)).one_or_none() is None:
        raise _missing(table)


def published_at(table: Table, published: bool | None, date: datetime | None, *, new: bool) -> dict[str, Any]:
    """Return the column that says when a row is published, empty where it stays as it is. A new row is at once.

    Raises: Rejected(INVALID_PUBLISH_DATE).
    """
    wanted = True if new and published is None and date is None else published
    told = publication(wanted, date, now())
    if told is None:
        return {}
    # Postgres' least passes over NULL.
    earlier = told.or_before and not new
    return {"published_at": func.least(table.c.published_at, told.at) if earlier else told.at}


def _taken(table: Table, handle: str | None) -> Rejected:
    told = f"another {table.name} has the handle `{handle}`" if handle else f"another {table.name} has its handle"
    return Rejected(TAKEN, ["handle"], told)


def _missing(table: Table) -> Rejected:
    return Rejected(NOT_FOUND, ["id"], f"there is no such {table.name}")
