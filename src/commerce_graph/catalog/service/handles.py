"""Handles: what people read in an address, one for each product and each collection."""

from sqlalchemy import ARRAY, Table, Text, any_, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import rules
from commerce_graph.catalog.errors import INVALID_INPUT
from commerce_graph.kernel.errors import Rejected

HANDLE_NUMBERS_AT_ONCE = 100
"""How many numbered handles are looked up in one statement."""


def asked_handle(text: str) -> str:
    """Return a handle that was asked for, in the shape of handles. Raises: Rejected(INVALID_INPUT)."""
    handle = rules.handle_of(rules.checked(text, ["handle"]), "")
    if not handle:
        raise Rejected(INVALID_INPUT, ["handle"], "a handle needs a letter or a digit from A to Z and 0 to 9")
    return handle


async def free_handle(tx: AsyncConnection, table: Table, wanted: str) -> str:
    """Return a handle that is free in a table: the wanted one, or the first free number of it."""
    start = 0
    while True:
        names = [rules.numbered(wanted, number) for number in range(start, start + HANDLE_NUMBERS_AT_ONCE)]
        known = select(table.c.handle).where(table.c.handle == any_(cast(names, ARRAY(Text))))
        taken = set((await tx.execute(known)).scalars())
        free = next((name for name in names if name not in taken), None)
        if free is not None:
            return free
        start += HANDLE_NUMBERS_AT_ONCE
