"""Two processes that do the same at once have one effect, and the database refuses what slips through."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.payment import service
from commerce_graph.payment.service import Balance, books
from commerce_graph.payment.service.sandbox import SandboxProvider
from commerce_graph.payment.tables import balance
from tests.payment.test_steps import balance_of, opened, providers_books, trail
from tests.waiting import until_blocked


@pytest.fixture
async def both(database: Database) -> AsyncIterator[tuple[Database, Database]]:
    """Return the same database as two processes see it."""
    other = Database(database.url, pool_size=10)
    yield database, other
    await other.close()


async def test_one_order_is_charged_once(both: tuple[Database, Database]) -> None:
    order_id = await opened(both[0])
    for step in (lambda db: service.authorize(db, order_id, "test_ok"), lambda db: service.capture(db, order_id)):
        outcomes = await asyncio.gather(*(step(db) for db in both * 4))
        assert {outcome.status for outcome in outcomes} == {"SUCCESS"}
    assert await trail(both[0], order_id) == [("AUTHORIZATION", "SUCCESS", 5000), ("CAPTURE", "SUCCESS", 5000)]
    assert await providers_books(both[0]) == [("AUTHORIZED", 5000, 5000, 0)]
    assert await balance_of(both[0], order_id) == Balance("EUR", 5000, 5000, 5000, 0, 0)


async def test_two_cards_at_once_set_the_amount_aside_once(both: tuple[Database, Database]) -> None:
    order_id = await opened(both[0])
    await asyncio.gather(*(service.authorize(db, order_id, f"test_ok:{n}") for n, db in enumerate(both * 2)))
    await asyncio.gather(*(service.authorize(db, order_id, "test_ok:last") for db in both))
    held = [amount for status, amount, *_ in await providers_books(both[0]) if status == "AUTHORIZED"]
    assert held == [5000]
    assert await balance_of(both[0], order_id) == Balance("EUR", 5000, 5000, 0, 0, 0)


async def test_refunds_at_once_never_give_more_than_was_captured(both: tuple[Database, Database]) -> None:
    order_id = await opened(both[0])
    await service.authorize(both[0], order_id, "test_ok")
    await service.capture(both[0], order_id)
    tried = await asyncio.gather(
        *(service.refund(db, order_id, 1500, str(n)) for n, db in enumerate(both * 4)), return_exceptions=True
    )
    assert sum(isinstance(each, Rejected) for each in tried) == 5
    assert await providers_books(both[0]) == [("AUTHORIZED", 5000, 5000, 4500)]
    assert (await balance_of(both[0], order_id)).refunded_minor == 4500


async def test_one_refund_asked_for_twice_at_once_is_given_once(both: tuple[Database, Database]) -> None:
    order_id = await opened(both[0])
    await service.authorize(both[0], order_id, "test_ok")
    await service.capture(both[0], order_id)
    outcomes = await asyncio.gather(*(service.refund(db, order_id, 1500, "same") for db in both * 3))
    assert {outcome.status for outcome in outcomes} == {"SUCCESS"}
    assert await providers_books(both[0]) == [("AUTHORIZED", 5000, 5000, 1500)]


async def test_money_is_captured_or_let_go_never_both(both: tuple[Database, Database]) -> None:
    for _ in range(5):
        order_id = await opened(both[0])
        await service.authorize(both[0], order_id, "test_ok")
        await asyncio.gather(service.capture(both[0], order_id), service.void(both[1], order_id))
        found = await balance_of(both[0], order_id)
        assert found.captured_minor + found.voided_minor == 5000
        assert 0 in (found.captured_minor, found.voided_minor)
    books = await providers_books(both[0])
    assert all((status == "VOIDED") == (captured == 0) for status, _, captured, _ in books)


async def test_a_payment_let_go_while_it_is_asked_for_is_not_held(both: tuple[Database, Database]) -> None:
    for _ in range(5):
        order_id = await opened(both[0])
        await asyncio.gather(service.authorize(both[0], order_id, "test_ok"), service.void(both[1], order_id))
        await service.void(both[1], order_id)
        found = await balance_of(both[0], order_id)
        assert found.authorized_minor == found.voided_minor
    assert {status for status, *_ in await providers_books(both[0])} == {"VOIDED"}


async def test_a_slow_answer_loses_against_a_recorded_one(
    both: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first process has its answer, but the second records a void before the first gets to write it down."""
    order_id = await opened(both[0])
    answered, go_on = asyncio.Event(), asyncio.Event()

    class Slow(SandboxProvider):
        async def authorize(self, key: str, amount_minor: int, currency: str, session_id: str) -> service.Answer:
            answer = await super().authorize(key, amount_minor, currency, session_id)
            answered.set()
            await go_on.wait()
            return answer

    monkeypatch.setitem(service.PROVIDERS, "test", Slow)
    slow = asyncio.create_task(service.authorize(both[0], order_id, "test_ok"))
    await answered.wait()
    assert (await service.void(both[1], order_id)).status == "SUCCESS"
    go_on.set()
    assert (await slow).code == "PAYMENT_ERROR"
    assert await balance_of(both[0], order_id) == Balance("EUR", 5000, 0, 0, 0, 0)
    assert await providers_books(both[0]) == [("VOIDED", 5000, 0, 0)]


async def test_an_answer_that_waits_for_the_books_is_recorded_once(both: tuple[Database, Database]) -> None:
    """Whoever holds the balance records its answer first; the other finds the step closed and adds nothing."""
    order_id = await opened(both[0])
    async with both[0].begin() as tx:
        step = await books.open_step(tx, order_id, "CAPTURE", f"{order_id}", 5000, "test")
    answer = service.Answer("SUCCESS", 2000, "charge")

    async def second() -> service.Outcome:
        async with both[1].begin() as tx:
            return await books.close_step(tx, step, service.Answer("SUCCESS", 5000, "charge"))

    async with both[0].begin() as tx:
        await books.lock(tx, order_id)
        waiting = asyncio.create_task(second())
        await until_blocked(both[0])
        # The other holds no lock of the step while it waits, so this one does not run into a deadlock.
        assert (await books.close_step(tx, step, answer)).status == "SUCCESS"
    assert (await waiting).status == "SUCCESS"
    assert await trail(both[0], order_id) == [("CAPTURE", "SUCCESS", 2000)]
    assert await balance_of(both[0], order_id) == Balance("EUR", 5000, 0, 2000, 0, 0)


async def test_paid_outside_twice_at_once_is_paid_once(both: tuple[Database, Database]) -> None:
    order_id = await opened(both[0])

    async def pay(db: Database) -> None:
        async with db.begin() as tx:
            await service.mark_as_paid(tx, order_id)

    tried = await asyncio.gather(*(pay(db) for db in both * 2), return_exceptions=True)
    assert sum(isinstance(each, Rejected) for each in tried) == 3
    assert (await balance_of(both[0], order_id)).captured_minor == 5000


@pytest.mark.parametrize(
    ("values", "check"),
    [
        ({"authorized_minor": 5001}, "never_over_authorized"),
        ({"captured_minor": 5001}, "never_over_captured"),
        ({"captured_minor": 100, "refunded_minor": 101}, "never_over_refunded"),
        ({"authorized_minor": 100, "voided_minor": 101}, "never_over_voided"),
        ({"authorized_minor": -1}, "never_over_authorized"),
    ],
)
async def test_the_database_is_the_last_defence(database: Database, values: dict[str, int], check: str) -> None:
    order_id = await opened(database)
    with pytest.raises(IntegrityError, match=check):
        async with database.begin() as tx:
            await tx.execute(update(balance).where(balance.c.order_id == order_id).values(values))
