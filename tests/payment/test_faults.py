"""What a provider did and what our books say agree, whatever got lost and whoever died between the two."""

import random
from uuid import UUID

import pytest
from sqlalchemy import func, select

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.outbox import outbox
from commerce_graph.payment import service
from commerce_graph.payment.rules import OPEN
from commerce_graph.payment.service import Balance
from commerce_graph.payment.service.recovery import settle
from commerce_graph.payment.tables import test_charge as charges
from commerce_graph.payment.tables import test_operation as operations
from commerce_graph.payment.tables import transaction
from tests.payment.faults import Crash, bad_line, good_line
from tests.payment.stepping import BEFORE, do, ready
from tests.payment.test_steps import balance_of, opened, providers_books

AFTER = {
    "authorize": (Balance("EUR", 5000, 5000, 0, 0, 0), ("AUTHORIZED", 5000, 0, 0)),
    "capture": (Balance("EUR", 5000, 5000, 5000, 0, 0), ("AUTHORIZED", 5000, 5000, 0)),
    "refund": (Balance("EUR", 5000, 5000, 5000, 2000, 0), ("AUTHORIZED", 5000, 5000, 2000)),
    "void": (Balance("EUR", 5000, 5000, 0, 0, 5000), ("VOIDED", 5000, 0, 0)),
}


async def agree(db: Database, order_id: UUID, step: str) -> None:
    balance, charge = AFTER[step]
    assert await balance_of(db, order_id) == balance
    assert await providers_books(db) == [charge]
    async with db.read() as conn:
        done = (await conn.execute(select(func.count()).select_from(operations))).scalar_one()
    assert done == len([*BEFORE[step], step]) - 1


@pytest.mark.parametrize("step", AFTER)
@pytest.mark.parametrize("fault", ["call lost", "answer lost"])
async def test_a_bad_line(database: Database, monkeypatch: pytest.MonkeyPatch, step: str, fault: str) -> None:
    order_id = await ready(database, step)
    bad_line(monkeypatch, lambda method: fault if method == step else "")
    # The provider is asked what became of the call: it knows, or it has never heard of it.
    outcome = await do(database, order_id, step)
    assert outcome.status == ("SUCCESS" if fault == "answer lost" else "UNKNOWN")
    bad_line(monkeypatch, lambda method: "call lost")
    assert (await do(database, order_id, step)).status == outcome.status
    good_line(monkeypatch)
    for _ in range(2):
        assert (await do(database, order_id, step)).status == "SUCCESS"
    await agree(database, order_id, step)


@pytest.mark.parametrize("step", AFTER)
@pytest.mark.parametrize("fault", ["dies before", "dies after"])
async def test_a_process_dies(database: Database, monkeypatch: pytest.MonkeyPatch, step: str, fault: str) -> None:
    order_id = await ready(database, step)
    bad_line(monkeypatch, lambda method: fault if method == step else "")
    with pytest.raises(Crash):
        await do(database, order_id, step)
    good_line(monkeypatch)
    assert (await do(database, order_id, step)).status == "SUCCESS"
    await agree(database, order_id, step)


@pytest.mark.parametrize("step", AFTER)
@pytest.mark.parametrize("fault", ["dies before", "dies after"])
async def test_what_nobody_comes_back_for_is_settled(
    database: Database, resources: Resources, monkeypatch: pytest.MonkeyPatch, step: str, fault: str
) -> None:
    order_id = await ready(database, step)
    bad_line(monkeypatch, lambda method: fault if method == step else "")
    with pytest.raises(Crash):
        await do(database, order_id, step)
    good_line(monkeypatch)
    assert await settle(resources) == 0  # it is too young: whoever opened it may be waiting
    # An authorisation that never reached the provider is not sent by the job: it may not be wanted any more.
    never_sent = (step, fault) == ("authorize", "dies before")
    assert await settle(resources, older_than_s=0) == (0 if never_sent else 1)
    assert await settle(resources, older_than_s=0) == 0
    async with database.read() as conn:
        told = (await conn.execute(select(outbox.c.kind, outbox.c.payload))).all()
    if never_sent:
        assert told == []
        assert (await do(database, order_id, step)).status == "SUCCESS"
    else:
        assert [(row.kind, row.payload) for row in told] == [("PaymentAnswered", {"order_id": str(order_id)})]
    await agree(database, order_id, step)


async def test_many_open_steps_are_settled(
    database: Database, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commerce_graph.payment.service.recovery.SETTLE_BATCH_MAX", 2)
    orders = [await ready(database, "capture") for _ in range(5)]
    bad_line(monkeypatch, lambda method: "call lost" if method in ("capture", "find") else "")
    for order_id in orders:
        assert (await service.capture(database, order_id)).status == "UNKNOWN"
    assert await settle(resources, older_than_s=0) == 0
    good_line(monkeypatch)
    assert await settle(resources, older_than_s=0) == 5


async def test_a_provider_that_was_taken_out_leaves_its_steps_unknown(
    database: Database, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await ready(database, "capture")
    monkeypatch.delitem(service.PROVIDERS, "test")
    assert (await service.authorize(database, await opened(database), "test_ok")).status == "FAILURE"
    assert (await service.capture(database, order_id)).status == "UNKNOWN"
    assert await settle(resources, older_than_s=0) == 0
    good_line(monkeypatch)
    assert await settle(resources, older_than_s=0) == 1


async def test_a_refund_whose_fate_is_not_known_counts_as_given(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await ready(database, "refund")
    bad_line(monkeypatch, lambda method: "call lost")
    assert (await service.refund(database, order_id, 3000, "a")).status == "UNKNOWN"
    good_line(monkeypatch)
    with pytest.raises(Rejected, match="between 1 and 2000"):
        await service.refund(database, order_id, 2001, "b")
    assert (await service.refund(database, order_id, 2000, "b")).status == "SUCCESS"
    assert (await service.refund(database, order_id, 3000, "a")).status == "SUCCESS"


async def test_void_settles_a_capture_whose_fate_is_not_known(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fault, captured in (("call lost", 0), ("answer lost", 5000)):
        order_id = await ready(database, "capture")
        bad_line(monkeypatch, lambda method, fault=fault: fault if method == "capture" else "call lost")  # type: ignore[misc]
        assert (await service.capture(database, order_id)).status == "UNKNOWN"
        with pytest.raises(Rejected, match="under way"):
            async with database.begin() as tx:
                await service.mark_as_paid(tx, order_id)
        good_line(monkeypatch)
        assert (await service.void(database, order_id)).status == "SUCCESS"
        assert await balance_of(database, order_id) == Balance("EUR", 5000, 5000, captured, 0, 5000 - captured)


async def test_a_payment_that_arrives_after_it_was_let_go_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await opened(database)
    bad_line(monkeypatch, lambda method: "call lost")
    assert (await service.authorize(database, order_id, "test_ok")).status == "UNKNOWN"
    async with database.read() as conn:
        key = (await conn.execute(select(transaction.c.idempotency_key))).scalar_one()
    good_line(monkeypatch)
    assert (await service.void(database, order_id)).status == "SUCCESS"
    late = await service.PROVIDERS["test"](database).authorize(key, 5000, "EUR", "test_ok")
    assert late.status == "FAILURE"
    assert (await service.authorize(database, order_id, "test_ok")).code == "PAYMENT_ERROR"
    assert await balance_of(database, order_id) == Balance("EUR", 5000, 0, 0, 0, 0)


@pytest.mark.parametrize("seed", range(12))
async def test_any_day_on_a_bad_line_ends_with_books_that_agree(
    database: Database, resources: Resources, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)
    faults = ["call lost", "answer lost", "dies before", "dies after", "", "", ""]
    bad_line(monkeypatch, lambda method: dice.choice(faults))
    orders = [await opened(database, dice.choice([1, 700, 5000])) for _ in range(3)]
    steps = ("authorize", "authorize", "capture", "capture", "refund", "void", "settle")
    for number in range(60):
        order_id, step = dice.choice(orders), dice.choice(steps)
        try:
            if step == "authorize":
                await service.authorize(database, order_id, dice.choice(["test_ok", "test_ok:2", "test_declined"]))
            elif step == "refund":
                await service.refund(database, order_id, dice.randint(1, 900), str(number % 7))
            elif step == "settle":
                await settle(resources, older_than_s=0)
            else:
                await do(database, order_id, step)
        except (Crash, Rejected):
            pass
    good_line(monkeypatch)
    for order_id in orders:
        await settle(resources, older_than_s=0)
        await service.void(database, order_id)
    charge = charges.c
    for order_id in orders:
        balance = await balance_of(database, order_id)
        async with database.read() as conn:
            theirs = charge.idempotency_key.startswith(f"{order_id}:")
            sums = select(
                func.coalesce(func.sum(charge.captured_minor), 0), func.coalesce(func.sum(charge.refunded_minor), 0)
            ).where(theirs)
            captured, refunded = (await conn.execute(sums)).one()
            held = select(func.sum(charge.amount_minor - charge.captured_minor)).where(
                theirs, charge.status.in_(["AUTHORIZED", "ACTION_REQUIRED"])
            )
            assert not (await conn.execute(held)).scalar_one()
            left = select(func.count()).where(transaction.c.status.in_(OPEN))
            assert (await conn.execute(left)).scalar_one() == 0
        assert (balance.captured_minor, balance.refunded_minor) == (captured, refunded)
        assert balance.authorized_minor == balance.captured_minor + balance.voided_minor
