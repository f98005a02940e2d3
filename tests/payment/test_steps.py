"""Payment steps: each outcome, each refusal, and that repeating a step changes nothing."""

from uuid import UUID

import pytest
from sqlalchemy import select

from commerce_graph.kernel import limits
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.errors import Rejected
from commerce_graph.payment import service
from commerce_graph.payment.service import Balance, Outcome
from commerce_graph.payment.tables import test_charge as charges
from commerce_graph.payment.tables import test_operation as operations


async def opened(db: Database, amount_minor: int = 5000) -> UUID:
    """Open the books of a new order."""
    order_id = new_id()
    async with db.begin() as tx:
        await service.open_balance(tx, order_id, amount_minor, "EUR")
    return order_id


async def balance_of(db: Database, order_id: UUID) -> Balance:
    async with db.read() as conn:
        (found,) = await service.balances(conn, [order_id])
    assert found is not None
    return found


async def trail(db: Database, order_id: UUID) -> list[tuple[str, str, int]]:
    """Return kind, status and amount of each transaction, oldest first."""
    async with db.read() as conn:
        (steps,) = await service.transactions(conn, [order_id])
    return [(step.kind, step.status, step.amount_minor) for step in steps]


async def providers_books(db: Database) -> list[tuple[str, int, int, int]]:
    """Return status, amount, captured and refunded of each charge that the provider knows."""
    c = charges.c
    async with db.read() as conn:
        rows = await conn.execute(select(c.status, c.amount_minor, c.captured_minor, c.refunded_minor))
        return [tuple(row) for row in rows]


async def test_an_order_without_open_books_cannot_be_paid(database: Database) -> None:
    with pytest.raises(LookupError):
        await service.authorize(database, new_id(), "test_ok")


@pytest.mark.parametrize("session", ["", "test", "nobody_ok", "test_unheard", "test_" + "x" * 255])
async def test_an_unknown_session_is_refused(database: Database, session: str) -> None:
    order_id = await opened(database)
    outcome = await service.authorize(database, order_id, session)
    assert (outcome.status, outcome.code) == ("FAILURE", "PAYMENT_INVALID_PAYMENT_METHOD")
    assert await providers_books(database) == []


async def test_a_declined_card_stays_declined_and_another_one_is_tried(database: Database) -> None:
    order_id = await opened(database)
    for _ in range(2):
        outcome = await service.authorize(database, order_id, "test_declined")
        assert (outcome.status, outcome.code) == ("FAILURE", "PAYMENT_CARD_DECLINED")
    assert await trail(database, order_id) == [("AUTHORIZATION", "FAILURE", 5000)]
    assert await service.authorize(database, order_id, "test_ok") == Outcome("SUCCESS")
    assert await trail(database, order_id) == [("AUTHORIZATION", "FAILURE", 5000), ("AUTHORIZATION", "SUCCESS", 5000)]


async def test_nothing_due_needs_no_provider(database: Database) -> None:
    order_id = await opened(database, 0)
    assert (await service.authorize(database, order_id, "test_timeout")).status == "SUCCESS"
    assert (await service.capture(database, order_id)).status == "SUCCESS"
    assert await trail(database, order_id) == []


async def test_authorised_captured_and_refunded_in_parts(database: Database) -> None:
    order_id = await opened(database)
    assert (await service.capture(database, order_id)).code == "PAYMENT_ERROR"
    for _ in range(2):
        assert (await service.authorize(database, order_id, "test_ok")).status == "SUCCESS"
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 0, 0, 0)
    with pytest.raises(Rejected, match="between 1 and 0"):
        await service.refund(database, order_id, 1, "early")
    for _ in range(2):
        assert (await service.capture(database, order_id)).status == "SUCCESS"
    for _ in range(2):
        assert (await service.refund(database, order_id, 2000, "first")).status == "SUCCESS"
    for amount in (0, -1, 3001):
        with pytest.raises(Rejected) as refused:
            await service.refund(database, order_id, amount, "second")
        assert refused.value.code == "INVALID"
    with pytest.raises(Rejected, match="another amount"):
        await service.refund(database, order_id, 1, "first")
    assert (await service.refund(database, order_id, 3000, "second")).status == "SUCCESS"
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 5000, 5000, 0)
    assert await providers_books(database) == [("AUTHORIZED", 5000, 5000, 5000)]


async def test_void_lets_go_and_ends_the_payment(database: Database) -> None:
    order_id = await opened(database)
    assert (await service.void(database, order_id)).status == "SUCCESS"
    assert (await service.void(database, new_id())).status == "SUCCESS"
    assert await trail(database, order_id) == []
    await service.authorize(database, order_id, "test_ok")
    for _ in range(2):
        assert (await service.void(database, order_id)).status == "SUCCESS"
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 0, 0, 5000)
    assert await providers_books(database) == [("VOIDED", 5000, 0, 0)]
    assert (await service.capture(database, order_id)).status == "FAILURE"
    assert (await service.authorize(database, order_id, "test_ok:2")).code == "PAYMENT_ERROR"


async def test_void_after_capture_changes_nothing(database: Database) -> None:
    order_id = await opened(database)
    await service.authorize(database, order_id, "test_ok")
    await service.capture(database, order_id)
    assert (await service.void(database, order_id)).status == "SUCCESS"
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 5000, 0, 0)


async def test_paid_outside_and_given_back_outside(database: Database) -> None:
    order_id = await opened(database)
    async with database.begin() as tx:
        await service.mark_as_paid(tx, order_id)
    for order in (order_id, new_id()):
        with pytest.raises(Rejected) as refused:
            async with database.begin() as tx:
                await service.mark_as_paid(tx, order)
        assert refused.value.code == "INVALID"
    assert (await service.refund(database, order_id, 1500, "a")).status == "SUCCESS"
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 0, 5000, 1500, 0)
    assert await trail(database, order_id) == [("SALE", "SUCCESS", 5000), ("REFUND", "SUCCESS", 1500)]
    async with database.read() as conn:
        assert (await conn.execute(select(operations))).all() == []


async def test_what_is_held_can_be_let_go_after_cash(database: Database) -> None:
    order_id = await opened(database)
    await service.authorize(database, order_id, "test_ok")
    async with database.begin() as tx:
        await service.mark_as_paid(tx, order_id)
    assert (await service.capture(database, order_id)).status == "SUCCESS"
    assert (await service.void(database, order_id)).status == "SUCCESS"
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 5000, 0, 5000)
    assert await providers_books(database) == [("VOIDED", 5000, 0, 0)]


async def test_no_answer_is_unknown_until_another_card(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PROVIDER_TIMEOUT_S", 0.05)
    order_id = await opened(database)
    for _ in range(2):
        assert (await service.authorize(database, order_id, "test_timeout")).status == "UNKNOWN"
    assert await trail(database, order_id) == [("AUTHORIZATION", "PENDING", 5000)]
    assert await providers_books(database) == []
    monkeypatch.setattr(limits, "PROVIDER_TIMEOUT_S", 10)
    assert (await service.authorize(database, order_id, "test_ok")).status == "SUCCESS"
    assert sorted(await trail(database, order_id)) == [
        ("AUTHORIZATION", "FAILURE", 5000), ("AUTHORIZATION", "SUCCESS", 5000), ("VOID", "SUCCESS", 0),
    ]  # fmt: skip
    assert sorted(await providers_books(database)) == [("AUTHORIZED", 5000, 0, 0), ("VOIDED", 0, 0, 0)]


async def test_reads_take_one_statement_for_many_orders(database: Database) -> None:
    orders = [await opened(database, amount) for amount in (1, 2, 3)]
    unknown = new_id()
    async with database.begin() as tx:
        await service.mark_as_paid(tx, orders[1])
    async with database.read() as conn:
        found = await service.balances(conn, [orders[2], unknown, orders[0]])
        steps = await service.transactions(conn, [orders[0], orders[1], unknown])
    assert [b and b.due_minor for b in found] == [3, None, 1]
    assert [len(s) for s in steps] == [0, 1, 0]


async def test_a_step_takes_six_statements_beside_the_provider(database: Database) -> None:
    order_id = await opened(database)
    for step in (service.authorize(database, order_id, "test_ok"), service.capture(database, order_id)):
        with count_statements() as seen:
            await step
        assert len(seen) == 6
    with count_statements() as seen:
        await service.capture(database, order_id)
    assert len(seen) == 2
