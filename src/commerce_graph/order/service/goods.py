"""The goods of an order under change: which pieces are still to be sent, and what a change does to stock."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, Uuid, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.columns import given
from commerce_graph.order import rules
from commerce_graph.order.tables import line


async def lines_of(tx: AsyncConnection, order_id: UUID) -> Mapping[UUID, Row[Any]]:
    """Return an order's lines by id, in their order. The caller holds the order's lock. 1 statement."""
    rows = await tx.execute(select(line).where(line.c.order_id == order_id).order_by(line.c.position, line.c.id))
    return {row.id: row for row in rows}


@dataclass(frozen=True, slots=True)
class Unsent:
    """What is left to be sent of an order: (line, location) to pieces; no location for what is not counted."""

    at: Mapping[tuple[UUID, UUID | None], int]

    def of(self, line_id: UUID) -> int:
        """Return how many pieces of a line are left to be sent."""
        return sum(quantity for (each, _), quantity in self.at.items() if each == line_id)

    @property
    def total(self) -> int:
        """How many pieces of the order are left to be sent."""
        return sum(self.at.values())


async def unsent(tx: AsyncConnection, order_id: UUID) -> Unsent:
    """Return what is left to be sent of an order. 1 statement."""
    (opened,) = await fulfilment.fulfillment_orders(tx, [order_id])
    left: defaultdict[tuple[UUID, UUID | None], int] = defaultdict(int)
    for each in opened:
        for part in each.lines:
            left[part.order_line_id, each.location_id] += part.remaining
    return Unsent({at: quantity for at, quantity in left.items() if quantity})


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Stock to give up, by (line, location, pieces): `back` can be sold again, `out` leaves the house."""

    back: Sequence[tuple[UUID, UUID, int]] = ()
    out: Sequence[tuple[UUID, UUID, int]] = ()


async def take_back(
    tx: AsyncConnection, order_id: UUID, released: Mapping[UUID, int], lost: Mapping[UUID, int], before: Unsent
) -> None:
    """Take pieces that will not be sent out of the fulfillment orders: `released` can be sold again, `lost` cannot.

    Locks: the order's fulfillment orders, then the stock's levels. Statements do not grow with the lines.
    """
    await give_up(tx, order_id, await reduce(tx, order_id, released, lost, before))


async def reduce(
    tx: AsyncConnection, order_id: UUID, released: Mapping[UUID, int], lost: Mapping[UUID, int], before: Unsent
) -> GivenUp:
    """Take pieces out of the fulfillment orders, and return which stock that gives up.

    Locks: the order's fulfillment orders. Statements do not grow with the lines.
    """
    wanted = {each: released.get(each, 0) + lost.get(each, 0) for each in {*released, *lost}}
    wanted = {each: quantity for each, quantity in wanted.items() if quantity}
    if not wanted:
        return GivenUp()
    await fulfilment.reduce(tx, order_id, list(wanted.items()))
    after = await unsent(tx, order_id)
    # A line may be sent from several places: the stock must be given up where the fulfillment order was reduced.
    gone = {at: quantity - after.at.get(at, 0) for at, quantity in before.at.items()}
    back: list[tuple[UUID, UUID, int]] = []
    out: list[tuple[UUID, UUID, int]] = []
    for each in wanted:
        places = [(place, count) for (line_id, place), count in gone.items() if line_id == each and place and count]
        kept = rules.spread(released.get(each, 0), places)
        back += [(each, place, quantity) for place, quantity in kept]
        rest = [(place, quantity - dict(kept).get(place, 0)) for place, quantity in places]
        out += [(each, place, quantity) for place, quantity in rules.spread(lost.get(each, 0), rest)]
    return GivenUp(back, out)


async def give_up(tx: AsyncConnection, order_id: UUID, stock: GivenUp) -> None:
    """Give up stock that an order holds. Locks: the stock's levels."""
    if stock.back:
        await inventory.release(tx, order_id, stock.back)
    if stock.out:
        await inventory.ship(tx, order_id, stock.out)


async def holdings(tx: AsyncConnection, order_id: UUID) -> dict[tuple[UUID, UUID], int]:
    """Return what an order holds of tracked stock: (line, location) to pieces. 1 statement."""
    return {
        (each.line_id, each.location_id): each.quantity
        for each in await inventory.allocations(tx, order_id)
        if each.location_id is not None and each.quantity
    }


async def add_quantities(tx: AsyncConnection, order_id: UUID, column: str, deltas: Iterable[tuple[UUID, int]]) -> None:
    """Add to a quantity column of an order's lines. 1 statement for all."""
    pairs = list(deltas)
    if not pairs:
        return
    by = given(pairs, id=Uuid, delta=Integer)
    changed = update(line).where(line.c.order_id == order_id, line.c.id == by.c.id)
    await tx.execute(changed.values({column: line.c[column] + by.c.delta}))
