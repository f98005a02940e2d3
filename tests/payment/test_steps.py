"""Payment steps: each outcome, each refusal, and that repeating a step changes nothing."""

from typing import Any
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


async def test_a_step_takes_four_statements_beside_the_provider(database: Database) -> None:
    order_id = await opened(database)
    for step in (service.authorize(database, order_id, "test_ok"), service.capture(database, order_id)):
        with count_statements() as seen:
            await step
        assert len(seen) == 4
    with count_statements() as seen:
        await service.capture(database, order_id)
    assert len(seen) == 2


async def recorded(db: Database, session: str | None = "test_ok", amount_minor: int = 5000) -> tuple[UUID, Any]:
    """Open the books of a new order together with its authorisation."""
    order_id = new_id()
    async with db.begin() as tx:
        return order_id, await service.open_balance(tx, order_id, amount_minor, "EUR", session)


@pytest.mark.parametrize(("session", "due"), [(None, 5000), ("nobody", 5000), ("test_ok", 0)])
async def test_books_are_opened_without_a_step_where_nobody_can_be_asked(
    database: Database, session: str | None, due: int
) -> None:
    order_id, step = await recorded(database, session, due)
    assert step is None
    assert await trail(database, order_id) == []
    assert (await balance_of(database, order_id)).due_minor == due


async def test_books_are_opened_with_their_authorisation_once(database: Database) -> None:
    order_id, step = await recorded(database)
    assert step is not None
    async with database.begin() as tx:
        with count_statements() as seen:
            assert await service.open_balance(tx, order_id, 4000, "USD", "test_ok") is None
    assert len(seen) == 1
    assert await trail(database, order_id) == [("AUTHORIZATION", "PENDING", 5000)]
    assert (await service.authorize(database, order_id, "test_ok")).status == "SUCCESS", "who lost the step finds it"
    with count_statements() as seen:
        assert (await service.authorize(database, order_id, "test_ok", step)).status == "SUCCESS"
    assert len(seen) == 2
    assert await trail(database, order_id) == [("AUTHORIZATION", "SUCCESS", 5000)]
    assert await providers_books(database) == [("AUTHORIZED", 5000, 0, 0)]


async def test_a_step_that_was_recorded_before_takes_one_statement(database: Database) -> None:
    order_id, step = await recorded(database)
    with count_statements() as seen:
        assert (await service.authorize(database, order_id, "test_ok", step)).status == "SUCCESS"
        async with database.begin() as tx:
            step = (await service.open_captures(tx, [order_id])).get(order_id)
        assert step is not None
        assert await trail(database, order_id) == [("AUTHORIZATION", "SUCCESS", 5000), ("CAPTURE", "PENDING", 5000)]
        assert (await service.capture(database, order_id, step)).status == "SUCCESS"
    assert len(seen) == 4
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, 5000, 0, 0)
    assert await providers_books(database) == [("AUTHORIZED", 5000, 5000, 0)]


async def test_a_recorded_step_that_was_let_go_of_is_refused(database: Database) -> None:
    order_id, step = await recorded(database)
    assert (await service.void(database, order_id)).status == "SUCCESS"
    assert (await service.authorize(database, order_id, "test_ok", step)).status == "FAILURE"
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 0, 0, 0, 0)
    assert await providers_books(database) == [("VOIDED", 0, 0, 0)]


async def test_a_capture_that_is_not_plain_is_left_to_capture(database: Database) -> None:
    async def open_capture(order_id: UUID) -> Any:
        async with database.begin() as tx:
            return (await service.open_captures(tx, [order_id])).get(order_id)

    order_id, step = await recorded(database)
    assert await open_capture(new_id()) is None
    assert await open_capture(order_id) is None, "nothing is held yet"
    await service.authorize(database, order_id, "test_ok", step)
    assert await open_capture(order_id) is not None
    assert await open_capture(order_id) is None, "it is recorded"
    assert (await service.void(database, order_id)).status == "SUCCESS"
    assert await trail(database, order_id) == [
        ("AUTHORIZATION", "SUCCESS", 5000), ("CAPTURE", "FAILURE", 5000), ("VOID", "SUCCESS", 5000),
    ]  # fmt: skip
    again = await opened(database)
    for session in ("test_declined", "test_ok"):
        await service.authorize(database, again, session)
    assert await open_capture(again) is None, "there is more than one step"
    assert (await service.capture(database, again)).status == "SUCCESS"
