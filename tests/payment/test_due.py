"""What is due changes with the order: never below what was paid, is being paid, or was authorised."""

import pytest
from sqlalchemy import select

from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.payment import service
from commerce_graph.payment.service.due import lower_due, raise_due
from commerce_graph.payment.tables import transaction
from tests.payment.test_steps import balance_of, opened


async def test_nothing_is_due_without_books(database: Database) -> None:
    async with database.begin() as tx:
        assert await lower_due(tx, new_id(), 1) == 0
        with pytest.raises(Rejected, match="no books"):
            await raise_due(tx, new_id(), 1)


async def test_what_is_not_paid_is_not_due_any_more(database: Database) -> None:
    order_id = await opened(database)
    await service.authorize(database, order_id, "test_ok")
    await service.capture(database, order_id)
    async with database.begin() as tx:
        assert await lower_due(tx, order_id, 1) == 0, "all of it was paid"
        await raise_due(tx, order_id, 300)
        assert await lower_due(tx, order_id, 100) == 100
        assert await lower_due(tx, order_id, 500) == 200, "5000 were paid"
        await raise_due(tx, order_id, 300)
    assert (await balance_of(database, order_id)).due_minor == 5300
    async with database.begin() as tx:
        await service.mark_as_paid(tx, order_id)
        assert await lower_due(tx, order_id, 300) == 0
    assert (await balance_of(database, order_id)).captured_minor == 5300


async def test_what_is_authorised_or_being_captured_stays_due(database: Database) -> None:
    order_id = await opened(database)
    await service.authorize(database, order_id, "test_ok")
    async with database.begin() as tx:
        assert await service.open_captures(tx, [order_id])
        await raise_due(tx, order_id, 300)
        assert await lower_due(tx, order_id, 1000) == 300
        (pending,) = (await tx.execute(select(transaction).where(transaction.c.kind == "CAPTURE"))).all()
    assert pending.amount_minor == 5000
    assert (await service.capture(database, order_id)).status == "SUCCESS"
