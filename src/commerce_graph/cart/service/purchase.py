"""What a purchase does to a cart: it is closed while the purchase is under way, then opened again or completed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Update, Uuid, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart.loaders import contents
from commerce_graph.cart.service.quotes import Quote, quotes
from commerce_graph.cart.tables import cart
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Reads
from commerce_graph.kernel.statements import Given, any_key, built_once, locked


async def lock(tx: AsyncConnection, cart_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Lock carts that are about to be bought and return the states of those that there are. 1 statement.

    Locks: the carts in order of id.
    """
    return {row.id: row.state for row in await tx.execute(_LOCKING, {"keys": list(cart_ids)})}


_LOCKING = select(cart.c.id, cart.c.state).where(cart.c.id == any_key()).order_by(cart.c.id).with_for_update()


async def quote(conn: AsyncConnection, cart_id: UUID) -> Quote | None:
    """Return the whole picture of a cart, None where there is none. At most 9 statements."""
    return (await quote_many(conn, [cart_id])).get(cart_id)


async def quote_many(conn: AsyncConnection, cart_ids: Sequence[UUID]) -> dict[UUID, Quote]:
    """Return the whole picture of the carts that there are. At most 9 statements for the carts of a market."""
    reads = Reads(conn)
    found = [each for each in await reads.load_many(contents, cart_ids) if each is not None]
    return {each.cart.id: each for each in await quotes(reads.load_many, found)} if found else {}


async def close(tx: AsyncConnection, cart_ids: Sequence[UUID]) -> None:
    """Close open carts for their purchase: nobody edits them now. 1 statement. The caller has locked them."""
    await tx.execute(_CLOSING, {"keys": list(cart_ids)})


_CLOSING = update(cart).where(cart.c.id == any_key(), cart.c.state == "OPEN").values(state="SUBMITTED")


async def reopen(tx: AsyncConnection, cart_id: UUID) -> None:
    """Open a cart whose purchase failed. Repeating it changes nothing. 1 statement. Locks: the cart's row."""
    opening = update(cart).where(cart.c.id == cart_id, cart.c.state == "SUBMITTED")
    await tx.execute(opening.values(state="OPEN", updated_at=now()))


async def complete(tx: AsyncConnection, orders: Mapping[UUID, UUID]) -> None:
    """Mark carts as bought, by the orders that they became. Repeating it changes nothing. 1 statement however many.

    Locks: the carts in order of id.
    """
    statement, bought = _completing()
    await tx.execute(statement, {**bought.values(list(orders.items())), "time": now()})


@built_once
def _completing() -> tuple[Update, Given]:
    bought = Given("bought", id=Uuid, order_id=Uuid)
    mine = select(cart.c.id, bought.c.order_id).join(bought.table, bought.c.id == cart.c.id).order_by(cart.c.id)
    found = locked(mine, cart)
    closing = update(cart).where(cart.c.id == found.c.id, cart.c.state == "SUBMITTED")
    at = bindparam("time", type_=cart.c.updated_at.type)
    return closing.values(state="COMPLETED", order_id=found.c.order_id, updated_at=at), bought


async def state(conn: AsyncConnection, cart_id: UUID) -> str | None:
    """Return a cart's state, None where there is no such cart. 1 statement."""
    found: str | None = (await conn.execute(select(cart.c.state).where(cart.c.id == cart_id))).scalar()
    return found
