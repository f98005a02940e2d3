"""An owner takes over what another one has bought; levels and all sums stay as they are."""

from datetime import timedelta

from sqlalchemy import select

from commerce_graph.inventory import service
from commerce_graph.inventory.service.ownership import hand_over
from commerce_graph.inventory.tables import level
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.database import Database
from tests.shop import uid


async def test_pieces_are_added_line_by_line(database: Database) -> None:
    order, edit, line, other = new_id(), new_id(), new_id(), new_id()
    shirt, place = uid("shirt-S-White"), uid("berlin")
    soon = now() + timedelta(minutes=1)
    async with database.begin() as tx:
        await service.reserve(tx, order, [service.Wanted(line, shirt, 2)], "DE", soon)
        await service.commit(tx, order)
        await service.ship(tx, order, [(line, place, 2)])
        await service.reserve(tx, edit, [service.Wanted(line, shirt, 1), service.Wanted(other, shirt, 3)], "DE", soon)
        await hand_over(tx, edit, order)
        assert await service.allocations(tx, order) == [], "what is only held stays with who holds it"
        await service.commit(tx, edit)
        (before,) = await service.stock(tx, [shirt])
        await hand_over(tx, edit, order)
        await hand_over(tx, edit, order)
        assert (await service.stock(tx, [shirt]))[0] == before
        assert await service.allocations(tx, edit) == []
        held = {(each.line_id, each.location_id): each.quantity for each in await service.allocations(tx, order)}
        assert held == {(line, place): 1, (other, place): 3}
        await service.ship(tx, order, [(line, place, 1)])
        await service.release(tx, order)
        (at,) = await tx.execute(select(level).where(level.c.item_id == shirt, level.c.location_id == place))
    assert (at.on_hand, at.committed) == (7, 0)
