"""A purchase survives whatever dies: one order, one charge, no stock lost, wherever it is interrupted."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, update

from commerce_graph.cart.tables import cart as cart_table
from commerce_graph.checkout import handlers, service
from commerce_graph.checkout.service import Attempt, Purchases, Submission
from commerce_graph.checkout.service.submission import Wish, submit_many
from commerce_graph.checkout.tables import attempt as attempt_table
from commerce_graph.fulfilment.tables import fulfillment_order, fulfillment_order_line
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.tables import level, reservation
from commerce_graph.kernel import limits
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.kernel.limits import AUTHORIZE_TRIES_MAX
from commerce_graph.kernel.outbox import Relay
from commerce_graph.order import service as orders
from commerce_graph.order.service import Cancellation
from commerce_graph.order.tables import order as order_table
from commerce_graph.payment.service import PROVIDERS, Answer, Held, Opened, ProviderUnavailable
from commerce_graph.payment.service.authorization import note_answer
from commerce_graph.payment.service.sandbox import SandboxProvider
from commerce_graph.payment.tables import balance, test_charge, transaction
from tests.cart.storefront import attempt, line, pay, ready, submit
from tests.shop import Shop

STEPS = ["reserved", "authorized", "placing", "placed", "captured", "completed"]
ROOT = Path(__file__).parents[2]


class Crash(BaseException):
    """The process dies: nothing of ours catches it."""


def stop_at(point: str, fault: Callable[[], BaseException] = Crash) -> Callable[[str], None]:
    """Return what interrupts a purchase at a point, once."""
    left = [point]

    def passing(name: str) -> None:
        if name in left:
            left.remove(name)
            raise fault()

    return passing


@asynccontextmanager
async def elsewhere(shop: Shop) -> AsyncIterator[Resources]:
    """Give the resources of another process: nothing of the first one's memory or connections."""
    database = Database(shop.database.url, pool_size=3)
    try:
        yield replace(shop.resources, database=database, services={})
    finally:
        await database.close()


async def killed(shop: Shop, begun: Attempt, point: str, **told: str) -> None:
    """Have a process drive a purchase on that is killed at a point."""
    told |= {"KILLED_AT": point, "KILLED_ATTEMPT": str(begun.id), "KILLED_DATABASE_URL": shop.database.url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.killed", cwd=ROOT,
        env={**os.environ, **told, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert await process.wait() == -signal.SIGKILL


async def end_leases(shop: Shop, **values: Any) -> None:
    """Let the time pass after which a purchase that nobody works on is taken by a worker."""
    async with shop.database.begin() as tx:
        await tx.execute(update(attempt_table).values(lease_until=now() - timedelta(seconds=1), **values))


async def resumed(shop: Shop) -> int:
    """Have a worker in another process take what is left, and return how much that was."""
    await end_leases(shop)
    async with elsewhere(shop) as resources:
        return await handlers.resume(resources)


async def submitted(shop: Shop, session: str = "test_ok") -> tuple[Any, Attempt, Opened | None]:
    """Submit a cart without driving its purchase on; the last of what is returned is lost if the process dies."""
    cart = await ready(shop, line("mug-variant", 2), line("guide-variant"), session=session)
    (came,) = await submit_many(shop.database, [Wish(parse_gid(cart["id"])[1], "first")])
    assert isinstance(came, Submission)
    assert came.attempt is not None
    return cart, came.attempt, came.opened


async def begin(shop: Shop, session: str = "test_ok") -> tuple[Any, Attempt]:
    """Submit a cart without driving its purchase on, as if the process died right after the commit."""
    cart, begun, _ = await submitted(shop, session)
    return cart, begun


async def scalars(shop: Shop, *columns: Any) -> list[Any]:
    async with shop.database.read() as conn:
        return [tuple(row) if len(columns) > 1 else row[0] for row in await conn.execute(select(*columns))]


async def check_stock(shop: Shop) -> None:
    """What is committed is what is reserved, level by level."""
    held = func.coalesce(func.sum(reservation.c.quantity), 0)
    mine = (reservation.c.item_id == level.c.item_id, reservation.c.location_id == level.c.location_id)
    wrong = select(level.c.item_id).where(level.c.committed != select(held).where(*mine).scalar_subquery())
    async with shop.database.read() as conn:
        assert (await conn.execute(wrong)).all() == []


async def check_bought(shop: Shop) -> None:
    """There is exactly one order of everything."""
    ((order_id, status, total),) = await scalars(
        shop, order_table.c.id, order_table.c.financial_status, order_table.c.total_minor
    )
    assert (status, total) == ("PAID", 5089)
    charges = await scalars(shop, test_charge.c.status, test_charge.c.amount_minor, test_charge.c.captured_minor)
    assert charges == [("AUTHORIZED", 5089, 5089)]
    steps = await scalars(shop, transaction.c.kind, transaction.c.status)
    assert sorted(steps) == [("AUTHORIZATION", "SUCCESS"), ("CAPTURE", "SUCCESS")]
    assert await scalars(shop, balance.c.captured_minor, balance.c.voided_minor) == [(5089, 0)]
    assert await scalars(shop, cart_table.c.state, cart_table.c.order_id) == [("COMPLETED", order_id)]
    assert await scalars(shop, attempt_table.c.state, attempt_table.c.order_id) == [("COMPLETED", order_id)]
    assert await scalars(shop, reservation.c.state, reservation.c.quantity) == [("COMMITTED", 2)]
    assert set(await scalars(shop, fulfillment_order.c.order_id)) == {order_id}
    assert sum(await scalars(shop, fulfillment_order_line.c.quantity)) == 3
    await check_stock(shop)


async def check_given_up(shop: Shop, code: str, charges: list[Any]) -> None:
    """There is nothing but the cart, open again."""
    assert await scalars(shop, attempt_table.c.state, attempt_table.c.error_code) == [("FAILED", code)]
    assert await scalars(shop, order_table.c.id) == []
    assert await scalars(shop, test_charge.c.status, test_charge.c.captured_minor) == charges
    assert await scalars(shop, cart_table.c.state) == ["OPEN"]
    assert await scalars(shop, func.sum(level.c.committed)) == [0]
    await check_stock(shop)


@pytest.mark.parametrize("point", STEPS)
async def test_a_process_that_dies_between_two_steps(shop: Shop, point: str) -> None:
    cart = await ready(shop, line("mug-variant", 2), line("guide-variant"))
    purchases = Purchases.of(shop.resources)
    purchases.passing = stop_at(point)
    result = await submit(shop, cart)
    await purchases.settle()
    assert await resumed(shop) == (0 if point == "completed" else 1)
    await check_bought(shop)
    assert (await attempt(shop, result["attemptId"]))["__typename"] == "CartCompletionSuccess"
    assert await resumed(shop) == 0


async def test_a_process_that_dies_after_each_step_in_turn(shop: Shop) -> None:
    _, begun = await begin(shop)
    for point in STEPS[:-1]:
        async with shop.database.read() as conn:
            (at,) = await service.attempts(conn, [begun.id])
        assert at is not None
        with pytest.raises(Crash):
            await service.drive(shop.database, at, stop_at(point))
        await check_stock(shop)
    assert await resumed(shop) == 1
    await check_bought(shop)


@pytest.mark.parametrize("point", STEPS)
async def test_a_fault_between_two_steps(shop: Shop, point: str) -> None:
    _, begun = await begin(shop)
    await service.drive(shop.database, begun, stop_at(point, lambda: ConnectionResetError("the connection died")))
    assert await resumed(shop) == (0 if point == "completed" else 1)
    await check_bought(shop)


@pytest.mark.parametrize("point", ["authorized", "placing", "captured"])
async def test_a_process_that_is_killed(shop: Shop, point: str) -> None:
    _, begun = await begin(shop)
    await killed(shop, begun, point)
    assert await resumed(shop) == 1
    await check_bought(shop)


async def test_several_workers_at_once(shop: Shop) -> None:
    await begin(shop)
    await end_leases(shop)
    async with elsewhere(shop) as one, elsewhere(shop) as two:
        taken = await asyncio.gather(*(handlers.resume(each) for each in (one, two, one, two)))
    assert sorted(taken) == [0, 0, 0, 1], "one takes it, nobody waits"
    await check_bought(shop)


@pytest.mark.parametrize("lost", [True, False])
async def test_two_that_both_believe_to_hold_the_lease(shop: Shop, lost: bool) -> None:
    _, begun, opened = await submitted(shop)
    opened = None if lost else opened
    await asyncio.gather(*(service.drive(shop.database, begun, opened=opened) for _ in range(4)))
    await resumed(shop)
    await check_bought(shop)


async def test_who_lost_the_lease_places_nothing_that_was_given_up(shop: Shop) -> None:
    _, begun = await begin(shop)
    with pytest.raises(Crash):
        await service.drive(shop.database, begun, stop_at("authorized"))
    late = replace(begun, tries=AUTHORIZE_TRIES_MAX)
    with pytest.raises(Crash):
        await service.drive(shop.database, late, stop_at("giving_up"))
    await service.drive(shop.database, begun)  # the money is still there, but no order may come of it
    assert await scalars(shop, attempt_table.c.state) == ["VOIDING"]
    assert await resumed(shop) == 1
    await check_given_up(shop, "PAYMENT_TRANSIENT_ERROR", [("VOIDED", 0)])


@pytest.mark.parametrize("point", ["giving_up", "voided"])
async def test_a_process_that_dies_while_giving_up(shop: Shop, point: str) -> None:
    _, begun = await begin(shop)
    with pytest.raises(Crash):
        await service.drive(shop.database, begun, stop_at("authorized"))
    await lose_the_hold(shop)
    with pytest.raises(Crash):
        await service.drive(shop.database, begun, stop_at(point))
    assert await resumed(shop) == 1
    await check_given_up(shop, "INVENTORY_RESERVATION_ERROR", [("VOIDED", 0)])


async def lose_the_hold(shop: Shop) -> None:
    """Let the hold's end pass, and have the sweep give its stock back."""
    async with shop.database.begin() as tx:
        held = update(reservation).where(reservation.c.state == "HELD")
        await tx.execute(held.values(expires_at=now() - timedelta(seconds=1)))
    async with shop.database.begin() as tx:
        assert await inventory.release_expired(tx, 10) == 1


async def test_stock_that_was_let_go_of_is_not_sold(shop: Shop) -> None:
    cart, begun = await begin(shop)
    await lose_the_hold(shop)
    await service.drive(shop.database, begun)
    await check_given_up(shop, "INVENTORY_RESERVATION_ERROR", [("VOIDED", 0)])
    assert await pay(shop, cart) == []
    again = await submit(shop, cart, "second")
    await Purchases.of(shop.resources).settle()
    assert (await attempt(shop, again["attemptId"]))["__typename"] == "CartCompletionSuccess"
    await check_stock(shop)


async def test_a_purchase_that_nobody_took_in_time_is_not_charged_late(shop: Shop) -> None:
    await begin(shop)
    await end_leases(shop, held_until=now() - timedelta(seconds=1))
    assert await resumed(shop) == 1
    # Nobody knows that the provider was never asked, so it is told to refuse what may still be on its way.
    await check_given_up(shop, "INVENTORY_RESERVATION_ERROR", [("VOIDED", 0)])


async def test_who_slept_until_its_purchase_was_given_up_charges_nothing(shop: Shop) -> None:
    _, begun, opened = await submitted(shop)
    await end_leases(shop, held_until=now() - timedelta(seconds=1))
    assert await resumed(shop) == 1
    await service.drive(shop.database, begun, opened=opened)
    await check_given_up(shop, "INVENTORY_RESERVATION_ERROR", [("VOIDED", 0)])


async def test_a_capture_is_decided_with_the_order(shop: Shop) -> None:
    _, begun = await begin(shop)
    with pytest.raises(Crash):
        await service.drive(shop.database, begun, stop_at("placing"))
    assert await scalars(shop, transaction.c.kind) == ["AUTHORIZATION"], "no order, no capture"
    with pytest.raises(Crash):
        await service.drive(shop.database, begun, stop_at("placed"))
    steps = await scalars(shop, transaction.c.kind, transaction.c.status)
    assert sorted(steps) == [("AUTHORIZATION", "SUCCESS"), ("CAPTURE", "PENDING")]
    assert await resumed(shop) == 1
    await check_bought(shop)


async def test_a_declined_payment(shop: Shop) -> None:
    _, begun = await begin(shop, "test_declined")
    with pytest.raises(Crash):
        await service.drive(shop.database, begun, stop_at("authorized"))
    assert await resumed(shop) == 1
    await check_given_up(shop, "PAYMENT_CARD_DECLINED", [("DECLINED", 0)])


async def answer(shop: Shop, *, approved: bool, redis: Redis) -> None:
    """Answer the provider's question as the buyer does, and let the fact reach the purchase."""
    ((reference, key),) = await scalars(shop, test_charge.c.reference, test_charge.c.idempotency_key)
    await SandboxProvider(shop.database).answer_challenge(reference, approved=approved)
    await note_answer(shop.database, key)
    await Relay(shop.database, redis, {"PaymentAnswered": [handlers.on_payment_answered]}).step()


async def test_a_payment_that_asks_its_buyer(shop: Shop, redis: Redis) -> None:
    cart = await ready(shop, line("mug-variant", 2), line("guide-variant"), session="test_action_required")
    result = await submit(shop, cart)
    await Purchases.of(shop.resources).settle()
    came = await attempt(shop, result["attemptId"])
    assert came["__typename"] == "CartCompletionActionRequired"
    assert came["action"]["redirectUrl"].startswith("http://shop.test/payments/test/challenge/")
    assert await scalars(shop, func.sum(level.c.committed)) == [2]
    assert await handlers.resume(shop.resources) == 0, "it waits for its buyer"
    await answer(shop, approved=True, redis=redis)
    assert await handlers.resume(shop.resources) == 1, "the answer woke it"
    await check_bought(shop)


async def test_a_payment_that_its_buyer_refuses(shop: Shop, redis: Redis) -> None:
    _, begun = await begin(shop, "test_action_required")
    await service.drive(shop.database, begun)
    await answer(shop, approved=False, redis=redis)
    assert await handlers.resume(shop.resources) == 1
    await check_given_up(shop, "PAYMENT_CARD_DECLINED", [("DECLINED", 0)])


async def test_an_answer_that_is_lost_is_found_by_asking(shop: Shop) -> None:
    _, begun = await begin(shop, "test_action_required")
    await service.drive(shop.database, begun)
    ((reference,),) = [(each,) for each in await scalars(shop, test_charge.c.reference)]
    await SandboxProvider(shop.database).answer_challenge(reference, approved=True)
    assert await resumed(shop) == 1
    await check_bought(shop)


async def test_a_buyer_who_never_answers(shop: Shop) -> None:
    _, begun = await begin(shop, "test_action_required")
    await service.drive(shop.database, begun)
    assert await resumed(shop) == 1
    assert await scalars(shop, attempt_table.c.state) == ["ACTION_REQUIRED"]
    await end_leases(shop, held_until=now() - timedelta(seconds=1))
    assert await resumed(shop) == 1
    await check_given_up(shop, "PAYMENT_ERROR", [("VOIDED", 0)])


async def test_a_provider_that_never_answers(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    _, begun = await begin(shop, "test_timeout")
    with monkeypatch.context() as impatient:
        impatient.setattr(limits, "PROVIDER_TIMEOUT_S", 0.05)
        await service.drive(shop.database, begun)
        assert await scalars(shop, attempt_table.c.state, attempt_table.c.tries) == [("RESERVED", 1)]
        assert await handlers.resume(shop.resources) == 0, "it is left alone for a while"
        for _ in range(AUTHORIZE_TRIES_MAX - 1):
            assert await resumed(shop) == 1
    assert await scalars(shop, attempt_table.c.state, attempt_table.c.tries) == [("RESERVED", AUTHORIZE_TRIES_MAX)]
    assert await resumed(shop) == 1
    await check_given_up(shop, "PAYMENT_TRANSIENT_ERROR", [("VOIDED", 0)])


class Forgetful(SandboxProvider):
    """A provider whose answers are lost on the way, a few times: the work is done, but nobody hears of it."""

    lost: dict[str, int]

    def _lose(self, what: str) -> None:
        if self.lost.get(what):
            self.lost[what] -= 1
            raise ProviderUnavailable(what)

    async def authorize(self, key: str, amount_minor: int, currency: str, session_id: str) -> Answer:
        done = await super().authorize(key, amount_minor, currency, session_id)
        self._lose("authorize")
        return done

    async def capture(self, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        done = await super().capture(key, reference, amount_minor, currency)
        self._lose("capture")
        return done

    async def void(self, key: str, held: Held) -> Answer:
        done = await super().void(key, held)
        self._lose("void")
        return done

    async def find(self, key: str, reference: str | None = None) -> Answer | None:
        self._lose("find")
        return await super().find(key, reference)


@pytest.mark.parametrize("lost", [{"authorize": 1, "find": 1}, {"capture": 1, "find": 1}, {"authorize": 2, "find": 3}])
async def test_an_answer_of_the_provider_that_is_lost(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, lost: dict[str, int]
) -> None:
    monkeypatch.setitem(PROVIDERS, "test", type("Here", (Forgetful,), {"lost": dict(lost)}))
    _, begun, opened = await submitted(shop)
    await service.drive(shop.database, begun, opened=opened)
    state = "PLACED" if "capture" in lost else "RESERVED"
    assert await scalars(shop, attempt_table.c.state, attempt_table.c.tries) == [(state, 1)]
    while await resumed(shop):
        await check_stock(shop)
    await check_bought(shop)


async def test_an_order_that_stands_is_a_success_while_its_capture_is_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROVIDERS, "test", type("Here", (Forgetful,), {"lost": {"capture": 1, "find": 1}}))
    result = await submit(shop, await ready(shop, line("mug-variant", 2), line("guide-variant")))
    await Purchases.of(shop.resources).settle()
    came = await attempt(shop, result["attemptId"])
    assert (came["__typename"], came["completedAt"]) == ("CartCompletionSuccess", None)
    assert await resumed(shop) == 1
    await check_bought(shop)


async def test_an_order_that_its_merchant_cancels_before_the_capture(shop: Shop) -> None:
    _, begun = await begin(shop)
    with pytest.raises(Crash):
        await service.drive(shop.database, begun, stop_at("placed"))
    wish = Cancellation(order_id=begun.order_id, reason="OTHER", restock=True, refund=True)
    await orders.cancel(shop.database, wish, "merchant")
    assert await resumed(shop) == 1
    assert await scalars(shop, attempt_table.c.state) == ["COMPLETED"]
    assert await scalars(shop, order_table.c.financial_status) == ["VOIDED"]
    assert await scalars(shop, test_charge.c.status, test_charge.c.captured_minor) == [("VOIDED", 0)]
    await check_stock(shop)


async def test_money_that_cannot_be_let_go_of_yet_keeps_the_cart_closed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROVIDERS, "test", type("Here", (Forgetful,), {"lost": {"void": 1, "find": 1}}))
    _, begun, opened = await submitted(shop)
    await lose_the_hold(shop)
    await service.drive(shop.database, begun, opened=opened)
    assert await scalars(shop, attempt_table.c.state) == ["VOIDING"]
    assert await scalars(shop, cart_table.c.state) == ["SUBMITTED"]
    assert await resumed(shop) == 1
    await check_given_up(shop, "INVENTORY_RESERVATION_ERROR", [("VOIDED", 0)])


async def test_a_fact_that_is_delivered_twice_changes_nothing(shop: Shop, redis: Redis) -> None:
    _, begun = await begin(shop, "test_action_required")
    await service.drive(shop.database, begun)
    await answer(shop, approved=True, redis=redis)
    await service.wake(shop.database, begun.order_id)
    await service.wake(shop.database, UUID(int=7))
    assert await resumed(shop) == 1
    await service.wake(shop.database, begun.order_id)
    assert await resumed(shop) == 0
    await check_bought(shop)
