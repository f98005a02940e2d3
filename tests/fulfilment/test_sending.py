"""Fulfilment: what is sent once is not sent twice, and every refusal."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from commerce_graph.fulfilment import service, tables
from commerce_graph.fulfilment.service import FulfillmentOrder, Picked, ToSend, Tracking
from commerce_graph.kernel import limits
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.errors import Rejected
from tests.shop import uid

SHIRT, MUG = uid("line-shirt"), uid("line-mug")


async def opened(db: Database, *parts: ToSend) -> UUID:
    """Open an order's fulfillment orders: 3 shirts and 1 mug from Berlin, 2 shirts from Newark, unless told."""
    order_id = new_id()
    usual = (
        ToSend(SHIRT, uid("shirt-S-White"), uid("berlin"), 3),
        ToSend(MUG, None, uid("berlin"), 1),
        ToSend(SHIRT, uid("shirt-S-White"), uid("newark"), 2),
    )
    async with db.begin() as tx:
        await service.open_orders(tx, {order_id: parts or usual})
    return order_id


async def orders_of(db: Database, order_id: UUID) -> dict[UUID | None, FulfillmentOrder]:
    async with db.read() as conn:
        (found,) = await service.fulfillment_orders(conn, [order_id])
    return {order.location_id: order for order in found}


async def fulfill(
    db: Database, fulfillment_order_id: UUID, lines: Sequence[tuple[UUID, int]] | None, tracking: Tracking = Tracking()
) -> Picked:
    async with db.begin() as tx:
        return await service.fulfill(tx, fulfillment_order_id, lines, tracking)


async def test_one_fulfillment_order_for_each_location(database: Database) -> None:
    order_id = await opened(database)
    async with database.begin() as tx:
        await service.open_orders(tx, {order_id: [ToSend(SHIRT, None, uid("berlin"), 9)]})
        await service.open_orders(tx, {order_id: []})
    found = await orders_of(database, order_id)
    assert {at: sorted((x.order_line_id, x.quantity, x.remaining) for x in o.lines) for at, o in found.items()} == {
        uid("berlin"): sorted([(SHIRT, 3, 3), (MUG, 1, 1)]),
        uid("newark"): [(SHIRT, 2, 2)],
    }
    assert {order.status for order in found.values()} == {"OPEN"}


async def test_goods_that_no_location_counts_open_one_order_too(database: Database) -> None:
    order_id = await opened(database, ToSend(SHIRT, None, None, 1), ToSend(SHIRT, None, None, 2))
    async with database.begin() as tx:
        await service.open_orders(tx, {order_id: [ToSend(SHIRT, None, None, 3)]})
    found = await orders_of(database, order_id)
    assert [line.quantity for line in found[None].lines] == [3]


async def test_opened_by_two_at_once_is_opened_once(database: Database) -> None:
    order_id = new_id()
    parts = [ToSend(SHIRT, None, uid("berlin"), 1), ToSend(MUG, None, None, 1)]

    async def open_it() -> None:
        async with database.begin() as tx:
            await service.open_orders(tx, {order_id: parts})

    await asyncio.gather(*(open_it() for _ in range(5)))
    found = await orders_of(database, order_id)
    assert [len(order.lines) for order in found.values()] == [1, 1]


async def test_statements_do_not_grow_with_parts(database: Database) -> None:
    counts = []
    for size in (1, 50):
        with count_statements() as seen:
            parts = [ToSend(new_id(), None, uid("berlin"), 1) for _ in range(size)]
            order_id = await opened(database, *parts)
            order = (await orders_of(database, order_id))[uid("berlin")]
            await fulfill(database, order.id, None)
            async with database.begin() as tx:
                await service.reduce(tx, order_id, None)
        counts.append(len(seen))
    assert counts[0] == counts[1]


async def test_what_cannot_be_sent(database: Database) -> None:
    order_id = await opened(database)
    other = await orders_of(database, await opened(database))
    found = await orders_of(database, order_id)
    berlin = found[uid("berlin")]
    shirt = next(line for line in berlin.lines if line.order_line_id == SHIRT)
    for lines in (
        [(shirt.id, 4)],
        [(shirt.id, 2), (shirt.id, 2)],
        [(shirt.id, 0)],
        [(shirt.id, -1)],
        [],
        [(found[uid("newark")].lines[0].id, 1)],
        [(other[uid("berlin")].lines[0].id, 1)],
    ):
        with pytest.raises(Rejected) as refused:
            await fulfill(database, berlin.id, lines)
        assert refused.value.code == "INVALID"
    with pytest.raises(Rejected, match="no such"):
        await fulfill(database, new_id(), None)
    await fulfill(database, berlin.id, None)
    with pytest.raises(Rejected, match="closed"):
        await fulfill(database, berlin.id, None)


@pytest.mark.parametrize(
    "tracking",
    [
        Tracking(urls=["javascript:alert(1)"]),
        Tracking(urls=["https://"]),
        Tracking(urls=["https://[/"]),
        Tracking(numbers=["1"] * (limits.TRACKING_NUMBERS_MAX + 1)),
        Tracking(company="x" * (limits.TRACKING_CHARS_MAX + 1)),
        Tracking(numbers=["1\n2"]),
    ],
)
async def test_tracking_that_cannot_be_shown(database: Database, tracking: Tracking) -> None:
    found = await orders_of(database, await opened(database))
    with pytest.raises(Rejected) as refused:
        await fulfill(database, found[uid("berlin")].id, None, tracking)
    assert refused.value.field == ["fulfillment", "trackingInfo"]


async def test_sent_in_parcels(database: Database) -> None:
    order_id = await opened(database)
    found = await orders_of(database, order_id)
    berlin, newark = found[uid("berlin")], found[uid("newark")]
    shirt = next(line for line in berlin.lines if line.order_line_id == SHIRT)
    tracking = Tracking(" DHL ", ["00340", ""], ["https://dhl.test/00340"])
    first = await fulfill(database, berlin.id, [(shirt.id, 1), (shirt.id, 1)], tracking)
    assert first.lines == [(SHIRT, uid("shirt-S-White"), 2)]
    assert (first.order_id, first.location_id) == (order_id, uid("berlin"))
    assert (await orders_of(database, order_id))[uid("berlin")].status == "IN_PROGRESS"
    await fulfill(database, berlin.id, None)
    await fulfill(database, newark.id, None)
    found = await orders_of(database, order_id)
    assert {order.status for order in found.values()} == {"CLOSED"}
    assert {line.remaining for order in found.values() for line in order.lines} == {0}
    async with database.read() as conn:
        sent, nothing = await service.parcels(conn, [order_id, new_id()])
        assert await service.order_of_fulfillment_order(conn, newark.id) == order_id
        assert await service.order_of_fulfillment_order(conn, new_id()) is None
    assert nothing == []
    assert [(parcel.number, sorted(q for _, q in parcel.lines)) for parcel in sent] == [(1, [2]), (2, [1, 1]), (3, [2])]
    assert sent[0].id == first.fulfillment_id
    assert sent[0].tracking == Tracking("DHL", ["00340"], ["https://dhl.test/00340"])


async def test_the_last_piece_is_sent_once(database: Database) -> None:
    order_id = await opened(database, ToSend(SHIRT, None, uid("berlin"), 1))
    order = (await orders_of(database, order_id))[uid("berlin")]
    tried = await asyncio.gather(
        *(fulfill(database, order.id, [(order.lines[0].id, 1)]) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in tried) == ["Picked", "Rejected", "Rejected", "Rejected"]
    async with database.read() as conn:
        (sent,) = await service.parcels(conn, [order_id])
    assert len(sent) == 1


async def test_sent_or_taken_off_never_both(database: Database) -> None:
    order_id = await opened(database, ToSend(SHIRT, None, uid("berlin"), 1))
    order = (await orders_of(database, order_id))[uid("berlin")]

    async def reduce() -> None:
        async with database.begin() as tx:
            await service.reduce(tx, order_id, [(SHIRT, 1)])

    tried = await asyncio.gather(fulfill(database, order.id, None), reduce(), return_exceptions=True)
    assert sum(isinstance(each, Rejected) for each in tried) == 1


async def test_taken_off(database: Database) -> None:
    order_id = await opened(database)
    for lines in ([(SHIRT, 6)], [(SHIRT, 0)], [(new_id(), 1)], [(SHIRT, 5), (SHIRT, 1)]):
        with pytest.raises(Rejected):
            async with database.begin() as tx:
                await service.reduce(tx, order_id, lines)
    async with database.begin() as tx:
        await service.reduce(tx, order_id, [(SHIRT, 4)])
        await service.reduce(tx, order_id, [])
    found = await orders_of(database, order_id)
    left = {(at, line.order_line_id): (line.remaining, line.quantity) for at, o in found.items() for line in o.lines}
    # Berlin was opened first, so it gives first.
    assert left == {(uid("berlin"), SHIRT): (0, 0), (uid("berlin"), MUG): (1, 1), (uid("newark"), SHIRT): (1, 1)}
    await fulfill(database, found[uid("berlin")].id, None)
    for _ in range(2):
        async with database.begin() as tx:
            await service.reduce(tx, order_id, None)
    statuses = {at: order.status for at, order in (await orders_of(database, order_id)).items()}
    assert statuses == {uid("berlin"): "CLOSED", uid("newark"): "CANCELLED"}


async def test_a_cancelled_order_sends_nothing(database: Database) -> None:
    order_id = await opened(database)
    async with database.begin() as tx:
        await service.reduce(tx, order_id, None)
    found = await orders_of(database, order_id)
    assert {order.status for order in found.values()} == {"CANCELLED"}
    with pytest.raises(Rejected, match="cancelled"):
        await fulfill(database, found[uid("berlin")].id, None)


async def test_the_database_refuses_to_send_more_than_there_is(database: Database) -> None:
    await opened(database)
    for remaining in (-1, 99):
        with pytest.raises(IntegrityError, match="remaining_range"):
            async with database.begin() as tx:
                await tx.execute(update(tables.fulfillment_order_line).values(remaining=remaining))
