"""Purchases that come to the same step share its transaction, and none is harmed by another."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from commerce_graph.app import MODULES
from commerce_graph.checkout.service import Submission, drive, resume
from commerce_graph.checkout.service.steps import Coming, Steps
from commerce_graph.checkout.service.submission import Wish, submit_many
from commerce_graph.checkout.tables import attempt
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.tables import reservation
from commerce_graph.kernel.audit import audit
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.database import count_statements
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.order.tables import order
from commerce_graph.payment import service as payment
from commerce_graph.payment.service import Answered
from commerce_graph.payment.service.authorization import note_answer
from tests.cart.storefront import line, ready
from tests.inventory.stock import put
from tests.shop import Shop


class Crash(BaseException):
    """The process dies."""


def go_on(point: str) -> None:
    """Stop nowhere."""


async def begun(shop: Shop, count: int) -> list[Submission]:
    """Submit so many carts, and drive none on."""
    await put(shop.database, "mug-variant", berlin=100)
    carts = [await ready(shop, line("mug-variant")) for _ in range(count)]
    found = await submit_many(shop.database, [Wish(parse_gid(cart["id"])[1], "first") for cart in carts])
    return [each for each in found if isinstance(each, Submission) and each.attempt]


async def driven(shop: Shop, purchases: list[Submission], passing: Any = go_on) -> list[BaseException | None]:
    """Drive purchases on together, each until it ends or raises."""
    steps = Steps(shop.database)
    going = [drive(shop.database, p.attempt, passing, p.opened, steps) for p in purchases if p.attempt]
    return await asyncio.gather(*going, return_exceptions=True)


async def ended(shop: Shop, purchases: list[Submission]) -> list[tuple[str, str | None]]:
    """Return the purchases' states and the payment status of their orders, and see that all books agree."""
    found = select(attempt.c.id, attempt.c.state, order.c.financial_status)
    async with shop.database.read() as conn:
        rows = {
            row[0]: tuple(row[1:])
            for row in await conn.execute(found.outerjoin(order, order.c.id == attempt.c.order_id))
        }
    async for each in audit(shop.database, [check for module in MODULES for check in module.checks]):
        assert not each.broken, each.check.rule
    return [rows[each.attempt.id] for each in purchases if each.attempt]  # type: ignore[misc]


async def authorized(shop: Shop, purchase: Submission) -> Coming:
    """Have the provider set the money of a purchase aside, without recording it."""
    assert purchase.attempt
    at = purchase.attempt
    answered = await payment.ask_authorization(shop.database, at.order_id, at.session_id or "", purchase.opened)
    assert isinstance(answered, Answered)
    return Coming(at, go_on, answered)


async def test_many_cost_the_statements_of_one(shop: Shop) -> None:
    purchases = await begun(shop, 31)
    coming = [await authorized(shop, each) for each in purchases]
    steps = Steps(shop.database)
    counts = []
    for group in (coming[:1], coming[1:]):
        with count_statements() as seen:
            placed = await steps._place(group)
        finishing = []
        for each in placed:
            assert each
            captured = await payment.ask_capture(shop.database, each.attempt.order_id, each.opened)
            assert isinstance(captured, Answered)
            finishing.append(Coming(each.attempt, go_on, captured))
        with count_statements() as finished:
            await steps._finish(finishing)
        counts.append((len(seen), len(finished)))
    assert counts == [(7, 4), (7, 4)]
    assert await ended(shop, purchases) == [("COMPLETED", "PAID")] * 31


async def test_those_that_come_meanwhile_are_one_transaction(shop: Shop) -> None:
    purchases = await begun(shop, 12)
    coming = [await authorized(shop, each) for each in purchases]
    steps = Steps(shop.database)
    with count_statements() as seen:
        placed = await asyncio.gather(*(steps.place(each) for each in coming))
        assert sum(sql.startswith("WITH placed AS") for sql in seen) <= 2, "the first alone, the others with each other"
    assert [each and each.attempt.state for each in placed] == ["PLACED"] * 12


async def test_a_hold_that_has_expired_is_not_the_others_loss(shop: Shop) -> None:
    purchases = await begun(shop, 4)
    assert purchases[2].attempt
    lost = reservation.c.owner_id == purchases[2].attempt.order_id
    async with shop.database.begin() as tx:
        await tx.execute(update(reservation).where(lost).values(expires_at=now() - timedelta(seconds=1)))
    async with shop.database.begin() as tx:
        assert await inventory.release_expired(tx, 10) == 1
    await driven(shop, purchases)
    bought = ("COMPLETED", "PAID")
    assert await ended(shop, purchases) == [bought, bought, ("FAILED", None), bought]


async def test_a_payment_that_a_webhook_tells_of_first(shop: Shop) -> None:
    purchases = await begun(shop, 4)
    told = purchases[1].opened
    assert told
    await authorized(shop, purchases[1])
    await note_answer(shop.database, told.step.idempotency_key)
    await driven(shop, purchases)
    assert await ended(shop, purchases) == [("COMPLETED", "PAID")] * 4


async def test_an_order_that_was_noted_as_paid_meanwhile(shop: Shop) -> None:
    purchases = await begun(shop, 3)
    steps = Steps(shop.database)
    placed = await asyncio.gather(*[steps.place(await authorized(shop, each)) for each in purchases])
    assert placed[1]
    assert placed[1].opened
    at = placed[1]
    captured = await payment.ask_capture(shop.database, at.attempt.order_id, at.opened)
    assert isinstance(captured, Answered)
    await payment.record(shop.database, captured)
    async with shop.database.begin() as tx:
        await tx.execute(update(order).where(order.c.id == at.attempt.order_id).values(financial_status="PAID"))
    going = [drive(shop.database, each.attempt, go_on, each.opened, steps) for each in placed if each]
    await asyncio.gather(*going)
    assert await ended(shop, purchases) == [("COMPLETED", "PAID")] * 3


async def test_two_that_drive_the_same_purchase(shop: Shop) -> None:
    purchases = await begun(shop, 3)
    await driven(shop, [*purchases, *purchases])
    async with shop.database.begin() as tx:
        await tx.execute(update(attempt).values(lease_until=now() - timedelta(seconds=1)))
    await resume(shop.resources)
    assert await ended(shop, purchases) == [("COMPLETED", "PAID")] * 3


@pytest.mark.parametrize("point", ["placing", "placed", "captured"])
async def test_a_process_that_dies_with_a_group(shop: Shop, point: str) -> None:
    purchases = await begun(shop, 6)
    came: list[str] = []

    def passing(name: str) -> None:
        came.append(name)
        if name == point and came.count(point) == 4:
            raise Crash

    stopped = await driven(shop, purchases, passing)
    assert any(isinstance(each, Crash) for each in stopped)
    await ended(shop, purchases)  # the books agree, wherever it stopped
    async with shop.database.begin() as tx:
        await tx.execute(update(attempt).values(lease_until=now() - timedelta(seconds=1)))
    assert await resume(shop.resources) == sum(isinstance(each, Crash) for each in stopped)
    assert await ended(shop, purchases) == [("COMPLETED", "PAID")] * 6


async def test_a_fault_of_one_is_tried_again_and_is_not_the_others(shop: Shop) -> None:
    purchases = await begun(shop, 5)
    assert purchases[3].attempt
    async with shop.database.begin() as tx:  # its snapshot cannot be read
        broken = attempt.c.id == purchases[3].attempt.id
        kept = (await tx.execute(select(attempt.c.snapshot).where(broken))).scalar_one()
        await tx.execute(update(attempt).where(broken).values(snapshot={}))
    await driven(shop, purchases)
    async with shop.database.begin() as tx:
        states = {row.id: row.state for row in await tx.execute(select(attempt.c.id, attempt.c.state))}
        await tx.execute(update(attempt).where(broken).values(snapshot=kept))
        await tx.execute(update(attempt).values(lease_until=now() - timedelta(seconds=1)))
    assert [states[each.attempt.id] == "RESERVED" for each in purchases if each.attempt] == [False] * 3 + [True, False]
    while await resume(shop.resources):
        pass
    assert await ended(shop, purchases) == [("COMPLETED", "PAID")] * 5
