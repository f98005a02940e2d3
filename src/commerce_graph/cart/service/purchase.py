"""What a purchase does to a cart: it is closed while the purchase is under way, then opened again or completed."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart.loaders import contents
from commerce_graph.cart.service.quotes import Quote, quotes
from commerce_graph.cart.tables import cart
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Reads


async def submit(tx: AsyncConnection, cart_id: UUID) -> Quote | None:
    """Close an open cart for a purchase and return the whole picture of it; None where it is not open.

    At most 9 statements. A refusal of the purchase rolls the closing back with everything else.
    Locks: the cart's row.
    """
    closing = update(cart).where(cart.c.id == cart_id, cart.c.state == "OPEN").values(state="SUBMITTED")
    if not (await tx.execute(closing)).rowcount:
        return None
    return await quote(tx, cart_id)


async def quote(tx: AsyncConnection, cart_id: UUID) -> Quote | None:
    """Return the whole picture of a cart whose row the caller has locked, None where there is none."""
    reads = Reads(tx)
    (found,) = await reads.load_many(contents, [cart_id])
    return None if found is None else (await quotes(reads.load_many, [found]))[0]


async def reopen(tx: AsyncConnection, cart_id: UUID) -> None:
    """Open a cart whose purchase failed. Repeating it changes nothing. 1 statement. Locks: the cart's row."""
    opening = update(cart).where(cart.c.id == cart_id, cart.c.state == "SUBMITTED")
    await tx.execute(opening.values(state="OPEN", updated_at=now()))


async def complete(tx: AsyncConnection, cart_id: UUID, order_id: UUID) -> None:
    """Mark a cart as bought. Repeating it changes nothing. 1 statement. Locks: the cart's row."""
    closing = update(cart).where(cart.c.id == cart_id, cart.c.state == "SUBMITTED")
    await tx.execute(closing.values(state="COMPLETED", order_id=order_id, updated_at=now()))


async def state(conn: AsyncConnection, cart_id: UUID) -> str | None:
    """Return a cart's state, None where there is no such cart. 1 statement."""
    found: str | None = (await conn.execute(select(cart.c.state).where(cart.c.id == cart_id))).scalar()
    return found
