"""Sales channels: where shoppers find the shop."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.tables import channel


@dataclass(frozen=True, slots=True)
class Channel:
    """A sales channel."""

    id: UUID
    handle: str
    name: str


async def channels(conn: AsyncConnection) -> Sequence[Channel]:
    """Return all sales channels, the oldest first. 1 statement."""
    rows = await conn.execute(select(channel.c.id, channel.c.handle, channel.c.name).order_by(channel.c.id))
    return [Channel(*row) for row in rows]
