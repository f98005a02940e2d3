"""Merchants' edits of synonyms, redirects and pinned products.

Every edit takes the one row of `edition` first. So edits come one after the other, a limit cannot be passed by two at
once, and processes learn from that one number whether anything has changed.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import (
    SEARCH_PIN_SETS_MAX,
    SEARCH_PINS_MAX,
    SEARCH_REDIRECTS_MAX,
    SYNONYM_GROUPS_MAX,
)
from commerce_graph.search import errors
from commerce_graph.search.rules.curation import checked_group, checked_query, checked_target
from commerce_graph.search.tables import edition, pin_set, redirect, synonym_group

_MOST = {synonym_group: SYNONYM_GROUPS_MAX, redirect: SEARCH_REDIRECTS_MAX, pin_set: SEARCH_PIN_SETS_MAX}


async def save_synonym_group(tx: AsyncConnection, id: UUID | None, terms: Sequence[str], source: str | None) -> Any:
    """Create a synonym group, or change the one with this id, and return its row.

    Limits: SYNONYM_GROUPS_MAX; see `checked_group`.
    Locks: the edition.
    Raises: Rejected(BLANK | NOT_FOUND | TOO_LONG | TOO_MANY).
    """
    kept, written = checked_group(terms, source)
    await _take_turn(tx)
    return await _save(tx, synonym_group, id, {"terms": kept, "source": written})


async def save_redirect(tx: AsyncConnection, id: UUID | None, query: str, target: str) -> Any:
    """Create a redirect, or change the one with this id, and return its row.

    Limits: SEARCH_REDIRECTS_MAX; see `checked_query` and `checked_target`.
    Locks: the edition.
    Raises: Rejected(BLANK | INVALID | NOT_FOUND | TAKEN | TOO_LONG | TOO_MANY).
    """
    written, compared = checked_query(query)
    leads_to = checked_target(target)
    await _take_turn(tx)
    await _refuse_taken(tx, redirect, id, compared)
    return await _save(tx, redirect, id, {"query": written, "normal": compared, "target": leads_to})


async def save_pin_set(tx: AsyncConnection, id: UUID | None, query: str, product_ids: Sequence[UUID]) -> Any:
    """Pin products to a query, or change what is pinned by this id, and return the row. The caller knows the products.

    Limits: SEARCH_PIN_SETS_MAX, SEARCH_PINS_MAX; see `checked_query`.
    Locks: the edition.
    Raises: Rejected(BLANK | NOT_FOUND | TAKEN | TOO_LONG | TOO_MANY).
    """
    written, compared = checked_query(query)
    pinned = list(dict.fromkeys(product_ids))
    if not pinned:
        raise Rejected(errors.BLANK, ["productIds"], "give a product")
    if len(pinned) > SEARCH_PINS_MAX:
        raise Rejected(errors.TOO_MANY, ["productIds"], f"{len(pinned)} products; the limit is {SEARCH_PINS_MAX}")
    await _take_turn(tx)
    await _refuse_taken(tx, pin_set, id, compared)
    return await _save(tx, pin_set, id, {"query": written, "normal": compared, "product_ids": pinned})


async def delete_synonym_group(tx: AsyncConnection, id: UUID) -> None:
    """Delete a synonym group. Locks: the edition. Raises: Rejected(NOT_FOUND)."""
    await _delete(tx, synonym_group, id)


async def delete_redirect(tx: AsyncConnection, id: UUID) -> None:
    """Delete a redirect. Locks: the edition. Raises: Rejected(NOT_FOUND)."""
    await _delete(tx, redirect, id)


async def delete_pin_set(tx: AsyncConnection, id: UUID) -> None:
    """Let the products of a query be found where they belong. Locks: the edition. Raises: Rejected(NOT_FOUND)."""
    await _delete(tx, pin_set, id)


async def _take_turn(tx: AsyncConnection) -> None:
    first = postgresql.insert(edition).values(single=True, number=1)
    next_one = {"number": edition.c.number + 1}
    await tx.execute(first.on_conflict_do_update(index_elements=["single"], set_=next_one))


async def _refuse_taken(tx: AsyncConnection, table: Table, id: UUID | None, compared: str) -> None:
    other = select(table.c.query).where(table.c.normal == compared, table.c.id.is_distinct_from(id))
    taken = (await tx.execute(other)).scalar()
    if taken is not None:
        raise Rejected(errors.TAKEN, ["query"], f"`{taken}` is the same query, and has one already")


async def _save(tx: AsyncConnection, table: Table, id: UUID | None, values: dict[str, Any]) -> Any:
    if id is None:
        number = (await tx.execute(select(func.count()).select_from(table))).scalar_one()
        if number >= _MOST[table]:
            raise Rejected(errors.TOO_MANY, None, f"there are {number} already, which is the limit")
        return (await tx.execute(insert(table).values(id=new_id(), **values).returning(table))).one()
    changing = update(table).where(table.c.id == id).values(**values, updated_at=func.now()).returning(table)
    row = (await tx.execute(changing)).one_or_none()
    if row is None:
        raise _missing()
    return row


async def _delete(tx: AsyncConnection, table: Table, id: UUID) -> None:
    await _take_turn(tx)
    gone = delete(table).where(table.c.id == id).returning(table.c.id)
    if (await tx.execute(gone)).one_or_none() is None:
        raise _missing()


def _missing() -> Rejected:
    return Rejected(errors.NOT_FOUND, ["id"], "there is none with this id")
