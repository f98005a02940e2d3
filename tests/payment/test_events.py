"""Each thing that happened to a payment is a row that stays as it is, and the balance is their sum."""

from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from commerce_graph.kernel.database import Database
from commerce_graph.payment import service
from commerce_graph.payment.service import Balance
from commerce_graph.payment.tables import event
from tests.payment.test_steps import balance_of, opened

COLUMNS = {"AUTHORIZED": "authorized_minor", "CAPTURED": "captured_minor", "REFUNDED": "refunded_minor",
           "VOIDED": "voided_minor"}  # fmt: skip


async def happened(db: Database, order_id: UUID) -> list[tuple[str, str, int]]:
    """Return kind, source and amount of what happened to an order's payment."""
    rows = select(event.c.kind, event.c.source, event.c.amount_minor).where(event.c.order_id == order_id)
    async with db.read() as conn:
        return [tuple(row) for row in await conn.execute(rows.order_by(event.c.at, event.c.id))]


async def check_sums(db: Database, order_id: UUID) -> None:
    """The balance is the sum of the events."""
    sums = select(event.c.kind, func.sum(event.c.amount_minor)).where(event.c.order_id == order_id)
    async with db.read() as conn:
        found = {row[0]: int(row[1]) for row in await conn.execute(sums.group_by(event.c.kind))}
    balance = await balance_of(db, order_id)
    assert {column: found.get(kind, 0) for kind, column in COLUMNS.items()} == {
        column: getattr(balance, column) for column in COLUMNS.values()
    }


async def test_a_payment_tells_its_story(database: Database) -> None:
    order_id = await opened(database)
    await service.authorize(database, order_id, "test_declined")
    await service.authorize(database, order_id, "test_ok")
    await service.capture(database, order_id)
    await service.refund(database, order_id, 2000, "first")
    assert await happened(database, order_id) == [
        ("REQUESTED", "REQUEST", 5000), ("FAILED", "ANSWER", 0),
        ("REQUESTED", "REQUEST", 5000), ("AUTHORIZED", "ANSWER", 5000),
        ("REQUESTED", "REQUEST", 5000), ("CAPTURED", "ANSWER", 5000),
        ("REQUESTED", "REQUEST", 2000), ("REFUNDED", "ANSWER", 2000),
    ]  # fmt: skip
    await check_sums(database, order_id)
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 5000, 2000, 0)


@pytest.mark.parametrize("table", ["event", "delivery"])
@pytest.mark.parametrize("change", ["UPDATE payment.{} SET at = at", "DELETE FROM payment.{}", "TRUNCATE payment.{}"])
async def test_what_happened_cannot_be_changed(database: Database, table: str, change: str) -> None:
    await opened(database)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.begin() as tx:
            await tx.execute(text(change.format(table)))
