"""Sold stock passes from one owner to another: an order takes over what an edit of it has bought."""

from uuid import UUID

from sqlalchemy import Uuid, delete, literal, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory.tables import reservation

_KEY = ("owner_id", "line_id", "location_id")


async def hand_over(tx: AsyncConnection, owner_id: UUID, to: UUID) -> None:
    """Add what an owner has bought to what another one holds, line by line. Levels stay as they are. 1 statement.

    Locks: the reservations of the first, in no order: only who made them can know of them.
    """
    mine = delete(reservation).where(reservation.c.owner_id == owner_id, reservation.c.state == "COMMITTED")
    gone = mine.returning(*(reservation.c[name] for name in ("line_id", "location_id", "item_id", "quantity", "state")))
    held = gone.cte("gone")
    names = ["owner_id", *(column.name for column in held.c)]
    adding = postgresql.insert(reservation).from_select(names, select(literal(to, Uuid), *held.c))
    more = {"quantity": reservation.c.quantity + adding.excluded.quantity, "state": adding.excluded.state}
    await tx.execute(adding.on_conflict_do_update(index_elements=list(_KEY), set_={**more, "expires_at": None}))
