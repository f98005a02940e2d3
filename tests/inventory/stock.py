"""What the tests of stock ask about rows, and how they buy."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory import service
from commerce_graph.inventory.service import Allocation, SetQuantity, Wanted
from commerce_graph.inventory.service.checks import CHECKS
from commerce_graph.inventory.tables import item, level, movement, reservation
from commerce_graph.kernel.audit import audit
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import outbox
from tests.shop import uid

HOUR = timedelta(hours=1)


def want(variant: str, quantity: int, line: UUID | None = None) -> Wanted:
    """Return a line that wants so many of a variant."""
    return Wanted(line or new_id(), uid(variant), quantity)


async def hold(
    database: Database,
    *wanted: Wanted,
    owner: UUID | None = None,
    country: str | None = "DE",
    ends_in: timedelta = HOUR,
) -> tuple[UUID, Sequence[Allocation]]:
    """Reserve in a transaction of its own; return the owner and what was allocated."""
    owner = owner or new_id()
    async with database.begin() as tx:
        return owner, await service.reserve(tx, owner, wanted, country, now() + ends_in)


async def quantities(database: Database, variant: str) -> dict[str, tuple[int, int]]:
    """Return (on_hand, committed) of a variant by location."""
    places = {uid(name): name for name in ("berlin", "newark")}
    async with database.read() as conn:
        rows = await conn.execute(
            select(level.c.location_id, level.c.on_hand, level.c.committed).where(level.c.item_id == uid(variant))
        )
        return {places[row.location_id]: (row.on_hand, row.committed) for row in rows}


async def states(database: Database, owner: UUID) -> list[tuple[str, int]]:
    """Return state and quantity of an owner's reservations, in order of line and location."""
    async with database.read() as conn:
        rows = await conn.execute(
            select(reservation.c.state, reservation.c.quantity)
            .where(reservation.c.owner_id == owner)
            .order_by(reservation.c.line_id, reservation.c.location_id)
        )
        return [tuple(row) for row in rows]


async def put(database: Database, variant: str, **on_hand: int) -> None:
    """Set what is on hand, by location."""
    wanted = [SetQuantity(uid(variant), uid(place), quantity) for place, quantity in on_hand.items()]
    async with database.begin() as tx:
        await service.set_quantities(tx, "on_hand", wanted, "correction", None, "")
        await tx.execute(delete(outbox))


async def published(conn: AsyncConnection) -> list[tuple[str, str]]:
    """Return kind and product of the facts in the outbox, oldest first."""
    rows = await conn.execute(select(outbox.c.kind, outbox.c.payload).order_by(outbox.c.position))
    return [(row.kind, row.payload["product_id"]) for row in rows]


async def make(database: Database, count: int, on_hand: int) -> list[str]:
    """Make variants `extra-0`, ... of a product `extra`, with so much on hand in Berlin."""
    names = [f"extra-{index}" for index in range(count)]
    items: list[dict[str, Any]] = [{"id": uid(name), "product_id": uid("extra")} for name in names]
    rows = [{"item_id": uid(name), "location_id": uid("berlin"), "on_hand": on_hand} for name in names]
    async with database.begin() as tx:
        await tx.execute(insert(item).values(items))
        await tx.execute(insert(level).values(rows))
        if on_hand:
            await tx.execute(insert(movement).values([{**row, "kind": "RECEIVE"} for row in rows]))
    return names


async def assert_sound(database: Database) -> None:
    """Check what must hold after every step: levels hold what is reserved and what the ledger says, none oversold."""
    assert [each async for each in audit(database, CHECKS) if each.broken] == []
