"""Placing an order: once, with its trail and its facts."""

import asyncio

import pytest
from sqlalchemy import select

from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import count_statements
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.outbox import outbox
from commerce_graph.order import service
from commerce_graph.order.tables import event, line, order
from commerce_graph.payment import service as payment
from tests.order.conftest import place, purchase, reserve
from tests.shop import Shop, uid


async def facts(shop: Shop) -> list[tuple[str, str | None]]:
    async with shop.database.read() as conn:
        rows = await conn.execute(select(outbox.c.kind, outbox.c.payload).order_by(outbox.c.position))
        return [(row.kind, row.payload.get("change")) for row in rows if row.kind.startswith("Order")]


async def test_second_order_of_a_cart_is_refused(shop: Shop) -> None:
    cart_id = new_id()
    async with shop.database.begin() as tx:
        await service.place(tx, [purchase(("mug-variant", 1), cart_id=cart_id)])
    with pytest.raises(Rejected) as refused:
        async with shop.database.begin() as tx:
            await service.place(tx, [purchase(("mug-variant", 1), cart_id=cart_id)])
    assert refused.value.code == "ALREADY_PLACED"


async def test_unknown_order_has_no_payment_to_note(shop: Shop) -> None:
    with pytest.raises(Rejected) as refused:
        async with shop.database.begin() as tx:
            await service.note_payment(tx, new_id(), "paid")
    assert refused.value.code == "NOT_FOUND"


async def test_placed_twice_at_once_is_one_order(shop: Shop) -> None:
    new = purchase(("mug-variant", 1), ("shirt-S-White", 2), cart_id=new_id())

    async def once() -> None:
        async with shop.database.begin() as tx:
            await service.place(tx, [new])

    await asyncio.gather(*(once() for _ in range(5)))
    async with shop.database.read() as conn:
        rows = (await conn.execute(select(order))).all()
        lines = (await conn.execute(select(line.c.title).order_by(line.c.position))).scalars().all()
        kinds = (await conn.execute(select(event.c.kind))).scalars().all()
        sold = (await conn.execute(select(outbox.c.payload).where(outbox.c.kind == "OrderPlaced"))).scalars().all()
    assert [row.id for row in rows] == [new.id]
    assert rows[0].financial_status == "AUTHORIZED"
    assert rows[0].number >= 1001
    assert rows[0].email == "guest@example.com"
    assert lines == ["Stone Mug", "Linen Shirt"]
    assert kinds == ["placed"]
    assert sold == [{"order_id": str(new.id), "customer_id": None, "sold": {str(uid("mug")): 1, str(uid("shirt")): 2}}]
    assert await facts(shop) == [("OrderPlaced", None), ("OrderUpdated", "placed")]


async def test_where_nothing_is_due_the_order_is_paid(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1), free=True)
    data = await shop.data("query($id: ID!) { order(id: $id) { financialStatus } }", {"id": placed.capability})
    assert data["order"]["financialStatus"] == "PAID"


async def test_statements_do_not_grow_with_lines(shop: Shop) -> None:
    seen = []
    for number in (1, 50):
        with count_statements() as statements:
            async with shop.database.begin() as tx:
                await service.place(tx, [purchase(*[("guide-variant", 1)] * number)])
        seen.append(len(statements))
    assert seen == [1, 1]


async def test_payment_is_noted_once(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1))

    async def note() -> None:
        async with shop.database.begin() as tx:
            await service.note_payment(tx, placed.id, "paid")

    await asyncio.gather(note(), note())
    assert [change for kind, change in await facts(shop) if kind == "OrderUpdated"] == ["placed", "paid"]


async def test_a_payment_is_noted_in_three_statements(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1), capture=False)
    await payment.capture(shop.database, placed.id)
    with count_statements() as seen:
        async with shop.database.begin() as tx:
            await service.note_payment(tx, placed.id, "paid")
    assert len(seen) == 3
    data = await shop.data("query($id: ID!) { order(id: $id) { financialStatus } }", {"id": placed.capability})
    assert data["order"]["financialStatus"] == "PAID"


async def test_a_first_payment_is_noted_once_by_several_at_once(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1), capture=False)
    await payment.capture(shop.database, placed.id)

    async def note() -> None:
        async with shop.database.begin() as tx:
            await service.note_payment(tx, placed.id, "paid")

    await asyncio.gather(*(note() for _ in range(4)))
    assert [change for kind, change in await facts(shop) if kind == "OrderUpdated"] == ["placed", "paid"]


async def test_news_that_change_no_status_are_told_once(shop: Shop) -> None:
    placed = await place(shop, ("mug-variant", 1), capture=False)

    async def note() -> None:
        async with shop.database.begin() as tx:
            await service.note_payment(tx, placed.id, "capture_failed")

    await asyncio.gather(note(), note())
    assert [change for kind, change in await facts(shop) if kind == "OrderUpdated"] == ["placed", "capture_failed"]


async def test_reservation_of_the_helper_is_the_orders(shop: Shop) -> None:
    held = await reserve(shop, purchase(("mug-variant", 2)))
    assert [(part.location_id, part.quantity) for part in held] == [(uid("berlin"), 2)]
