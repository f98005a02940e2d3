"""Handles: what people read in an address, one for each thing of a kind."""

from sqlalchemy import ARRAY, ColumnElement, Table, Text, any_, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.texts import numbered

HANDLE_NUMBERS_AT_ONCE = 100
"""How many numbered handles are looked up in one statement."""


async def free_handle(tx: AsyncConnection, table: Table, wanted: str, *within: ColumnElement[bool]) -> str:
    """Return a handle that is free among a table's rows (`within` a part of them): the wanted one, or the first free
    number of it. Another transaction may take it at the same time."""
    start = 0
    while True:
        names = [numbered(wanted, number) for number in range(start, start + HANDLE_NUMBERS_AT_ONCE)]
        known = select(table.c.handle).where(table.c.handle == any_(cast(names, ARRAY(Text))), *within)
        taken = set((await tx.execute(known)).scalars())
        free = next((name for name in names if name not in taken), None)
        if free is not None:
            return free
        start += HANDLE_NUMBERS_AT_ONCE
