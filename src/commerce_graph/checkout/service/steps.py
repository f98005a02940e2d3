"""The steps of a purchase that it does with others: what comes to one meanwhile shares its next transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import DateTime, Executable, Text, Uuid, bindparam, case, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart import service as carts
from commerce_graph.checkout import rules
from commerce_graph.checkout.loaders import Attempt
from commerce_graph.checkout.service import snapshot
from commerce_graph.checkout.tables import attempt
from commerce_graph.discount import service as discounts
from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import CHECKOUT_LEASE_S, SUBMISSIONS_GROUP_MAX
from commerce_graph.kernel.statements import Given, any_key, built_once, locked
from commerce_graph.kernel.together import Together
from commerce_graph.order import service as orders
from commerce_graph.payment import service as payment
from commerce_graph.payment.service import Answered, Opened

Passing = Callable[[str], None]
"""Called with the name of each point between two steps; a test stops a purchase there."""


@dataclass(frozen=True, slots=True)
class At:
    """Where a purchase is. `opened`: the payment step that was recorded on the way here, and not asked for yet."""

    attempt: Attempt
    opened: Opened | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """A purchase that comes to a step, and what its provider answered, where that is not recorded yet."""

    attempt: Attempt
    passing: Passing
    answered: Answered | None = None


class Apart(Exception):
    """Rolls a step back: something else happened to the payment meanwhile. Its answer is to be recorded by itself."""


class HoldExpired(Exception):
    """Rolls the placing of an order back, whose stock was let go of meanwhile."""


class Steps:
    """The steps that purchases do together on one database. `group_max`: how many in a transaction.

    A step that cannot be done for one of a group is undone for all, and each does it alone.
    """

    def __init__(self, database: Database, group_max: int = SUBMISSIONS_GROUP_MAX) -> None:
        self._database = database
        self._placing = Together(self._place, group_max)
        self._finishing = Together(self._finish, group_max)

    async def place(self, coming: Coming) -> At | None:
        """Place the order, commit its stock, open its fulfilment and complete the cart; None where another has.

        What was authorised is captured next, which is recorded here too: whoever goes on finds it decided.
        Locks: attempts, carts, orders, payment balances, fulfillment orders, reservations, each in order.
        At most 7 statements for all, and 1 more with discounts.
        Raises: Apart, HoldExpired.
        """
        return await self._placing.ask(coming)

    async def finish(self, coming: Coming) -> None:
        """Record that what was captured is there, and that the order is paid.

        Locks: attempts, orders, payment balances, each in order. At most 4 statements for all.
        Raises: Apart.
        """
        await self._finishing.ask(coming)

    async def _place(self, coming: Sequence[Coming]) -> list[At | None]:
        async with self._database.begin() as tx:
            placed = await _placed(tx, coming)
            for each in coming:
                each.passing("placing")
        return [placed.get(each.attempt.id) for each in coming]

    async def _finish(self, coming: Sequence[Coming]) -> list[None]:
        async with self._database.begin() as tx:
            await _finished(tx, coming)
        return [None] * len(coming)


def _distinct(coming: Sequence[Coming]) -> dict[Any, Coming]:
    """Return the purchases by their keys. Raises: Apart where two drive the same."""
    found = {each.attempt.id: each for each in coming}
    if len(found) < len(coming):
        raise Apart
    return found


async def _placed(tx: AsyncConnection, coming: Sequence[Coming]) -> dict[Any, At]:
    by_id = _distinct(coming)
    captured = {key: each.attempt.amount_minor > 0 and payment.POLICY.captures_at_once for key, each in by_id.items()}
    time = now()
    statement, given = _placing()
    # Where nothing is captured, nothing is left to do after this.
    states = given.values([(key, "PLACED" if captured[key] else "COMPLETED") for key in by_id])
    times = {"time": time, "lease": time + timedelta(seconds=CHECKOUT_LEASE_S)}
    mine = {row.id: row for row in await tx.execute(statement, {**states, **times})}
    if mine:  # else another process was first, and goes on with it
        taken = {key: snapshot.read(row.snapshot) for key, row in mine.items()}
        await carts.complete(tx, {by_id[key].attempt.cart_id: by_id[key].attempt.order_id for key in mine})
        if discounted := [each.order.id for each in taken.values() if each.order.discount_minor]:
            await discounts.use(tx, discounted)
        await orders.place(tx, [each.order for each in taken.values()])
    await _record(tx, coming)
    if not mine:
        return {}
    # Nobody else opens a step now: that this purchase is not given up, and that it has an order, is decided here.
    capturing = [by_id[key].attempt.order_id for key in mine if captured[key]]
    opened = await payment.open_captures(tx, capturing) if capturing else {}
    await fulfilment.open_orders(tx, {each.order.id: each.parts for each in taken.values()})
    if await inventory.commit_many(tx, [each.order.id for each in taken.values()]):
        raise HoldExpired
    return {
        key: At(replace(by_id[key].attempt, state=row.state, tries=0), opened.get(by_id[key].attempt.order_id))
        for key, row in mine.items()
    }


async def _record(tx: AsyncConnection, coming: Sequence[Coming]) -> dict[Any, payment.Balance]:
    """Record what providers answered. Raises: Apart where something else happened to one of the payments."""
    answered = [each.answered for each in coming if each.answered]
    recorded = await payment.record_together(tx, answered) if answered else {}
    if len(recorded) < len(answered):
        raise Apart
    return recorded


async def _finished(tx: AsyncConnection, coming: Sequence[Coming]) -> None:
    by_id = _distinct(coming)
    mine = (await tx.execute(_finishing(), {"keys": list(by_id), "time": now()})).scalars().all()
    order_ids = [by_id[key].attempt.order_id for key in mine]
    # Locks go from the orders to the books, so the orders come first; what the books say then must be the same.
    noted = await orders.note_paid(tx, order_ids) if order_ids else set()
    recorded = await _record(tx, coming)
    if len(noted) < len(order_ids) or not all(recorded[each].paid for each in order_ids):
        raise Apart


@built_once
def _placing() -> tuple[Executable, Given]:
    coming = Given("coming", id=Uuid, state=Text)
    mine = select(attempt.c.id, coming.c.state).join(coming.table, coming.c.id == attempt.c.id).order_by(attempt.c.id)
    found = locked(mine, attempt)
    time = bindparam("time", type_=DateTime(timezone=True))
    values = {
        "state": found.c.state,
        "tries": 0,
        "lease_until": bindparam("lease", type_=DateTime(timezone=True)),
        "completed_at": case((found.c.state == "COMPLETED", time), else_=null()),
        "updated_at": time,
    }
    moving = update(attempt).where(attempt.c.id == found.c.id, attempt.c.state.in_(rules.UNDECIDED)).values(values)
    return moving.returning(attempt.c.id, attempt.c.state, attempt.c.snapshot), coming


@built_once
def _finishing() -> Executable:
    mine = select(attempt.c.id).where(attempt.c.id == any_key()).order_by(attempt.c.id)
    time = bindparam("time", type_=DateTime(timezone=True))
    moving = update(attempt).where(attempt.c.id == locked(mine).c.id, attempt.c.state == "PLACED")
    return moving.values(state="COMPLETED", completed_at=time, updated_at=time).returning(attempt.c.id)
