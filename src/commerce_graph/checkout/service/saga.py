"""A purchase is driven from step to step, each short, recorded and safe to repeat, by whoever holds its lease."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart import service as carts
from commerce_graph.checkout import rules
from commerce_graph.checkout.loaders import COLUMNS, Attempt, to_attempt
from commerce_graph.checkout.rules import Step
from commerce_graph.checkout.service.steps import Apart, At, Coming, HoldExpired, Passing, Steps
from commerce_graph.checkout.tables import attempt
from commerce_graph.discount import service as discounts
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import (
    CHECKOUT_ACTION_POLL_S,
    CHECKOUT_LEASE_S,
    CHECKOUT_RESUME_BATCH_MAX,
    CHECKOUTS_DRIVEN_MAX,
    CHECKOUTS_RUNNING_MAX,
    SUBMISSIONS_GROUP_MAX,
)
from commerce_graph.order import service as orders
from commerce_graph.payment import service as payment
from commerce_graph.payment.service import Answered, Opened, Outcome

log = structlog.get_logger()


def _pass(point: str) -> None:
    """Go on."""


@dataclass(slots=True)
class Purchases:
    """The purchases that this process drives on beside its requests. One for a process, in `Resources.services`.

    `group_max`: how many take a step in one transaction.
    """

    passing: Passing = _pass
    group_max: int = SUBMISSIONS_GROUP_MAX
    _steps: dict[Database, Steps] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CHECKOUTS_DRIVEN_MAX))

    @classmethod
    def of(cls, resources: Resources) -> "Purchases":
        """Return the process's purchases."""
        found = resources.services.setdefault("checkout", cls())
        assert isinstance(found, cls)
        return found

    @property
    def busy(self) -> bool:
        """Whether no more should be begun here now. Limits: CHECKOUTS_RUNNING_MAX."""
        return len(self._tasks) >= CHECKOUTS_RUNNING_MAX

    def start(
        self,
        db: Database,
        begun: Attempt,
        opened: Opened | None = None,
        afterwards: Coroutine[Any, Any, None] | None = None,
    ) -> None:
        """Drive a purchase on in a task of its own, then do what comes afterwards.

        Limits: CHECKOUTS_DRIVEN_MAX at once, the others wait in order.
        Should the process end, a worker goes on from what is recorded.
        """
        self.keep(self._drive(drive(db, begun, self.passing, opened, self.steps(db)), afterwards))

    def steps(self, db: Database) -> Steps:
        """Return what purchases on a database do together."""
        return self._steps.get(db) or self._steps.setdefault(db, Steps(db, self.group_max))

    async def _drive(self, driving: Coroutine[Any, Any, None], afterwards: Coroutine[Any, Any, None] | None) -> None:
        try:
            async with self._turns:
                await driving
        finally:
            driving.close()
            if afterwards is not None:
                await afterwards

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Do some work in a task of its own, which `settle` waits for."""
        task = asyncio.create_task(work)
        # The event loop holds tasks weakly: without this one could vanish half-way.
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("checkout.stopped", exc_info=task.exception())

    async def settle(self) -> None:
        """Wait until every purchase that was begun here has come to rest."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


async def resume(resources: Resources) -> int:
    """Take purchases that nobody works on and drive them on; returns how many. Several workers may run at once.

    Limits: CHECKOUT_RESUME_BATCH_MAX at a time.
    """
    async with resources.database.begin() as tx:
        taken = await _claim(tx)
    db, purchases = resources.database, Purchases.of(resources)
    await asyncio.gather(*(drive(db, each, purchases.passing, steps=purchases.steps(db)) for each in taken))
    return len(taken)


async def _claim(tx: AsyncConnection) -> list[Attempt]:
    at = now()
    free = (
        select(attempt.c.id)
        .where(attempt.c.state.in_(rules.UNFINISHED), attempt.c.lease_until < at)
        .order_by(attempt.c.lease_until)
        .limit(CHECKOUT_RESUME_BATCH_MAX)
        .with_for_update(skip_locked=True)  # what another worker is taking is not waited for
    )
    lease = at + timedelta(seconds=CHECKOUT_LEASE_S)
    claiming = update(attempt).where(attempt.c.id.in_(free)).values(lease_until=lease)
    return [to_attempt(row) for row in (await tx.execute(claiming.returning(*COLUMNS))).mappings()]


async def wake(db: Database, order_id: UUID) -> None:
    """End the lease of a purchase that waits for its buyer, so that a worker takes it now. 1 statement."""
    waiting = update(attempt).where(attempt.c.order_id == order_id, attempt.c.state == "ACTION_REQUIRED")
    async with db.begin() as tx:
        await tx.execute(waiting.values(lease_until=now()))


async def stay(db: Database, waiting: Attempt) -> None:
    """Hold the stock of a purchase longer whose buyer, who still has to act, is seen to be there.

    At most 2 statements, and none oftener than every RESERVATION_RENEW_S.
    Limits: RESERVATION_TTL_S from now, RESERVATION_S_MAX in all.
    Locks: attempt, reservations.
    """
    until = rules.renewed(waiting.created_at, waiting.held_until, now())
    if waiting.state != "ACTION_REQUIRED" or until is None:
        return
    async with db.begin() as tx:
        mine = update(attempt).where(attempt.c.id == waiting.id, attempt.c.state == "ACTION_REQUIRED")
        later = mine.where(attempt.c.held_until < until).values(held_until=until)
        if (await tx.execute(later)).rowcount:
            await inventory.renew(tx, waiting.order_id, until)


async def drive(
    db: Database,
    begun: Attempt,
    passing: Passing = _pass,
    opened: Opened | None = None,
    steps: Steps | None = None,
) -> None:
    """Drive a purchase on until it is done, given up, or has to wait. The caller holds its lease.

    `opened`: the authorisation that the submission recorded, where the caller comes from there. `steps`: what it does
    together with others.
    Nothing is lost where it stops, and nothing doubled where two do it at once: every step is guarded by the
    recorded state and repeatable. A fault counts as a try that brought nothing.
    """
    at, going = At(begun, opened), True
    by = _Driven(db, steps or Steps(db), passing)
    try:
        while going:
            next_ = await _step(by, at)
            at, going = next_ or at, next_ is not None
    except Exception:
        log.exception("checkout.fault", attempt_id=str(begun.id), order_id=str(begun.order_id))
        try:
            await _put_off(db, at.attempt)
        except (SQLAlchemyError, OSError):
            log.warning("checkout.lease_left_to_end", attempt_id=str(begun.id))


@dataclass(frozen=True, slots=True)
class _Driven:
    """What a purchase is driven on with."""

    db: Database
    steps: Steps
    passing: Passing


async def _step(by: _Driven, where: At) -> At | None:
    """Do the next step; None where there is none for now."""
    at = where.attempt
    step = rules.next_step(at.state, at.amount_minor, at.tries, at.held_until, now())
    if step is Step.AUTHORIZE:
        return await _authorize(by, at, where.opened)
    if step is Step.PLACE:
        return await _place(by, at)
    if step is Step.CAPTURE:
        await _capture(by, at, where.opened)
    if step is Step.VOID:
        await _void(by.db, at, by.passing)
    if step is Step.GIVE_UP:
        return await _give_up(by.db, at, *rules.why_given_up(at.state, at.tries))
    return None


async def _authorize(by: _Driven, at: Attempt, opened: Opened | None) -> At | None:
    """Have the money set aside. What came of it is recorded with the order, or by itself where there is none."""
    by.passing("reserved")
    asked = await payment.ask_authorization(by.db, at.order_id, at.session_id or "", opened)
    by.passing("authorized")
    if isinstance(asked, Answered) and asked.plain:
        try:
            return await _place(by, at, asked)
        except Apart:
            pass
    outcome = await payment.record(by.db, asked)
    if outcome.status == "SUCCESS":
        return await _place(by, at)
    if outcome.status == "FAILURE":
        await _fail(by.db, at, outcome.code or "PAYMENT_ERROR", outcome.message or "The payment failed.")
    elif outcome.status == "ACTION":
        await _wait_for_buyer(by.db, at, outcome)
    else:
        await _put_off(by.db, at)
    return None


async def _wait_for_buyer(db: Database, at: Attempt, outcome: Outcome) -> None:
    """Keep the hold until its end; PaymentAnswered wakes the purchase, and the provider is asked from time to time."""
    await _write(
        db,
        at,
        rules.UNDECIDED,
        state="ACTION_REQUIRED",
        action_url=outcome.action_url,
        lease_until=now() + timedelta(seconds=CHECKOUT_ACTION_POLL_S),
    )


async def _put_off(db: Database, at: Attempt) -> None:
    """Leave a purchase alone for a while, longer after each try."""
    lease = now() + timedelta(seconds=rules.retry_s(at.tries))
    await _write(db, at, rules.UNFINISHED, tries=at.tries + 1, lease_until=lease)


async def _write(db: Database, at: Attempt, states: tuple[str, ...], **values: Any) -> bool:
    """Write into a purchase that is still in one of `states`, and tell whether it was."""
    async with db.begin() as tx:
        mine = update(attempt).where(attempt.c.id == at.id, attempt.c.state.in_(states))
        return bool((await tx.execute(mine.values(**values, updated_at=now()))).rowcount)


async def _place(by: _Driven, at: Attempt, answered: Answered | None = None) -> At | None:
    """Place the order, with what the provider answered. Raises: Apart, where there was an answer."""
    try:
        placed = await by.steps.place(Coming(at, by.passing, answered))
    except HoldExpired:
        if answered is not None:
            await payment.record(by.db, answered)
        return await _give_up(by.db, at, *rules.out_of_time())
    by.passing("placed")
    return placed


async def _capture(by: _Driven, at: Attempt, opened: Opened | None) -> None:
    asked = await payment.ask_capture(by.db, at.order_id, opened)
    by.passing("captured")
    if isinstance(asked, Answered) and asked.plain:
        try:
            await by.steps.finish(Coming(at, by.passing, asked))
        except Apart:
            pass
        else:
            by.passing("completed")
            return
    outcome = await payment.record(by.db, asked)
    if outcome.status not in ("SUCCESS", "FAILURE"):
        await _put_off(by.db, at)  # the order stands; the money is asked for until the provider answers
        return
    async with by.db.begin() as tx:
        time = now()
        mine = update(attempt).where(attempt.c.id == at.id, attempt.c.state == "PLACED")
        done = await tx.execute(mine.values(state="COMPLETED", completed_at=time, updated_at=time))
        if done.rowcount:
            # A capture that was refused (the merchant voided it, say) is on the order for the merchant to see.
            await orders.note_payment(tx, at.order_id, "paid" if outcome.status == "SUCCESS" else "capture_failed")
    by.passing("completed")


async def _give_up(db: Database, at: Attempt, code: str, message: str) -> At | None:
    """Record that no order can be placed any more. A process that lost its lease but works on is stopped by it."""
    lease = now() + timedelta(seconds=CHECKOUT_LEASE_S)
    why = {"state": "VOIDING", "error_code": code, "error_message": message}
    if not await _write(db, at, rules.UNDECIDED, **why, tries=0, lease_until=lease):
        return None
    return At(replace(at, state="VOIDING", error_code=code, error_message=message, tries=0))


async def _void(db: Database, at: Attempt, passing: Passing) -> None:
    """Let go of the money first, then of the stock: a purchase that failed has nothing of its buyer's."""
    passing("giving_up")
    outcome = await payment.void(db, at.order_id)
    passing("voided")
    if outcome.status in ("SUCCESS", "FAILURE"):
        await _fail(db, at, at.error_code or "ERROR", at.error_message or "The purchase failed.")
    else:
        await _put_off(db, at)


async def _fail(db: Database, at: Attempt, code: str, message: str) -> None:
    """Record why, open the cart again and give back what it held.

    Locks: attempt, cart, discounts, payment balance, gift cards, levels, reservations.
    """
    async with db.begin() as tx:
        mine = update(attempt).where(attempt.c.id == at.id, attempt.c.state.in_((*rules.UNDECIDED, "VOIDING")))
        failed = mine.values(state="FAILED", error_code=code, error_message=message, updated_at=now())
        if (await tx.execute(failed)).rowcount:
            await carts.reopen(tx, at.cart_id)
            await discounts.release(tx, [at.order_id])
            if at.gift_card_minor:
                await payment.give_back(tx, at.order_id)
            await inventory.release(tx, at.order_id)
