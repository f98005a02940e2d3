"""Money that was set aside is taken or let go of, and given back; or it changed hands outside."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.gift_card import service as gift_cards
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.payment import errors, rules
from commerce_graph.payment.rules import GIFT_CARD, INSIDE, MANUAL, OPEN, UNKNOWN, Balance, Opened, Outcome, Step
from commerce_graph.payment.service import books, calls
from commerce_graph.payment.service.authorization import Answered, Voiding, carry_out, let_go, record
from commerce_graph.payment.service.provider import Answer


async def open_captures(tx: AsyncConnection, order_ids: Sequence[UUID]) -> dict[UUID, Opened]:
    """Record the captures of what was just authorised as PENDING, for `capture` to carry out after the commit.

    An order is left out where that takes more thought than one statement can give it; `capture` then records the step
    itself. The caller holds what decides whether the money is captured or let go of.
    Locks: the balances by order. 1 statement however many.
    """
    return await books.open_captures(tx, {each: rules.idempotency_key(each, "CAPTURE", 1) for each in order_ids})


async def capture(db: Database, order_id: UUID, opened: Opened | None = None) -> Outcome:
    """Take what was authorised and not yet captured, as `ask_capture` does, and record the provider's answer.

    Repeated calls have one effect. Limits, locks: as `authorize`.
    """
    return await record(db, await ask_capture(db, order_id, opened))


async def ask_capture(db: Database, order_id: UUID, opened: Opened | None = None) -> Outcome | Answered:
    """Ask the provider for what was authorised, and return its answer for the caller to record, or what is known.

    `opened`: the step that `open_captures` recorded, where the caller still has it.
    SUCCESS where all that is due was captured already; FAILURE(PAYMENT_ERROR) where nothing is held. Limits, locks: as
    `ask_authorization`.
    """
    if opened is not None:
        return await _ask(db, opened.step, opened.target, fresh=True)
    async with db.begin() as tx:
        balance, steps = await books.lock(tx, order_id)
        target = rules.newest(steps, "AUTHORIZATION")
        step = rules.newest(steps, "CAPTURE")
        fresh = step is None or step.status not in OPEN
        if step is None or fresh:
            if balance is not None and balance.captured_minor == balance.due_minor:
                return Outcome("SUCCESS")
            leaving = any(each.kind == "VOID" and each.status in OPEN for each in steps)
            if balance is None or target is None or leaving or rules.capturable_minor(balance, steps) == 0:
                return Outcome("FAILURE", errors.PAYMENT_ERROR, "There is no authorised payment to capture.")
            step = await _open_capture(tx, balance, steps, target)
    return await _ask(db, step, target, fresh=fresh)


async def _open_capture(tx: AsyncConnection, balance: Balance, steps: list[Step], target: Step) -> Step:
    key = rules.idempotency_key(target.order_id, "CAPTURE", rules.tries(steps, "CAPTURE") + 1)
    amount = rules.capturable_minor(balance, steps)
    return await books.open_step(tx, target.order_id, "CAPTURE", key, amount, target.provider, parent=target)


async def void(db: Database, order_id: UUID, opened: Voiding | None = None) -> Outcome:
    """Let go of what was authorised and not captured; SUCCESS where there is nothing to let go of.

    `opened`: what `open_void` recorded, where the caller still has it.
    After SUCCESS nothing is under way any more: an authorisation without an outcome has ended as FAILURE, and a capture
    has either succeeded before, so that its money is in the balance, or has failed.
    Limits, locks: as `authorize`.
    """
    gone = await (carry_out(db, opened) if opened else let_go(db, order_id))
    if gone.status != "SUCCESS":
        return gone
    async with db.begin() as tx:
        _, steps = await books.lock(tx, order_id)
    step = rules.newest(steps, "CAPTURE")
    if step is not None and step.status in OPEN:
        target = next((each for each in steps if each.id == step.parent_id), None)
        if (await _carry_out(db, step, target, fresh=False)).status == "UNKNOWN":
            return UNKNOWN
    return gone


async def go_on(db: Database, step_id: UUID) -> Outcome:
    """Go on with a capture or a void that was recorded before, by a caller who may be gone. Safe to repeat.

    Limits, locks: as `authorize`.
    """
    async with db.read() as conn:
        step = await books.step_of_id(conn, step_id)
        target = await books.step_of_id(conn, step.parent_id if step else None)
    if step is None or target is None:
        raise LookupError(f"there is no capture or void {step_id}")
    if step.status not in OPEN:
        return rules.outcome_of(step)
    if step.kind == "VOID":
        return await carry_out(db, Voiding(step, target, fresh=False))
    return await _carry_out(db, step, target, fresh=False)


async def refund(db: Database, order_id: UUID, amount_minor: int, key: str) -> Outcome:
    """Give captured money back the way it came. `key` names the refund: the same key has one effect.

    What came from gift cards goes back last, and after what a provider has to give back: if that refuses, nothing does.
    Limits: as `authorize`. Locks: the balance, then the gift cards.
    Raises: Rejected(INVALID) for more than was captured and not yet refunded, for nothing, and for a known key with
    another amount.
    """
    known = rules.idempotency_key(order_id, "REFUND", key)
    async with db.begin() as tx:
        balance, steps = await books.lock(tx, order_id)
        parts = rules.of_refund(steps, known)
        fresh = not parts
        if fresh:
            parts = await _open_refund(tx, balance, steps, amount_minor, known)
        elif sum(part.amount_minor for part in parts) != amount_minor:
            raise Rejected(errors.INVALID, None, "this refund was asked for with another amount")
        outside = [part for part in parts if part.provider not in INSIDE and part.status in OPEN]
        if not outside:
            return await _close_inside(tx, parts, steps)
    for part in outside:
        target = next((each for each in steps if each.id == part.parent_id), None)
        outcome = await _carry_out(db, part, target, fresh=fresh)
        if outcome.status not in ("SUCCESS", "FAILURE"):
            return outcome
    if len(parts) == 1:
        return outcome
    async with db.begin() as tx:
        _, steps = await books.lock(tx, order_id)
        return await _close_inside(tx, rules.of_refund(steps, known), steps)


async def _open_refund(
    tx: AsyncConnection, balance: Balance | None, steps: list[Step], amount_minor: int, key: str
) -> list[Step]:
    left = rules.refundable_minor(balance, steps) if balance else 0
    split = rules.refund_parts(steps, amount_minor) if 0 < amount_minor <= left else []
    if not split or sum(part for _, part in split) != amount_minor:
        raise Rejected(errors.INVALID, ["input"], f"the refund must be between 1 and {left} minor units")
    return [
        await books.open_step(
            tx, paid.order_id, "REFUND", key if index == 0 else f"{key}:{index + 1}", part, paid.provider, parent=paid
        )
        for index, (paid, part) in enumerate(split)
    ]


async def _close_inside(tx: AsyncConnection, parts: Sequence[Step], steps: Sequence[Step]) -> Outcome:
    """End the parts of a refund that nobody outside is asked for, as those ended that were.

    Locks: the balance, then the gift cards.
    """
    failed = next((part for part in parts if part.status == "FAILURE"), None)
    known = {step.id: step for step in steps}
    spent = []
    for part in (part for part in parts if part.status in OPEN):
        paid = known[part.parent_id] if part.parent_id else part
        if failed is not None:
            answer = Answer("FAILURE", 0, paid.reference, failed.error_code, failed.message)
        else:
            answer = Answer("SUCCESS", part.amount_minor, paid.reference)
            if part.provider == GIFT_CARD:
                spent.append(gift_cards.Spent(UUID(paid.reference), part.order_id, part.id, part.amount_minor))
        await books.close_step(tx, part, answer)
    await gift_cards.give_back(tx, spent)
    return rules.outcome_of(failed) if failed else Outcome("SUCCESS")


async def give_back(tx: AsyncConnection, order_id: UUID) -> None:
    """Give gift cards back what they paid of a purchase that came to nothing. Repeating it changes nothing.

    Locks: the balance, then the gift cards.
    """
    _, steps = await books.lock(tx, order_id)
    given = {step.parent_id for step in steps if step.kind == "REFUND"}
    paid = [s for s in steps if (s.kind, s.provider) == ("SALE", GIFT_CARD) and s.id not in given]
    parts = [
        await books.open_step(
            tx, order_id, "REFUND", rules.idempotency_key(order_id, "REFUND", each.reference), each.amount_minor,
            GIFT_CARD, parent=each,
        )
        for each in paid
    ]  # fmt: skip
    await _close_inside(tx, parts, steps)


async def _carry_out(db: Database, step: Step, target: Step | None, *, fresh: bool) -> Outcome:
    return await record(db, await _ask(db, step, target, fresh=fresh))


async def _ask(db: Database, step: Step, target: Step | None, *, fresh: bool) -> Outcome | Answered:
    answer = await calls.ask(db, step, target, fresh=fresh)
    return UNKNOWN if answer is None else Answered(step, answer)


async def mark_as_paid(tx: AsyncConnection, order_id: UUID) -> None:
    """Record that the amount due was paid outside (cash, bank transfer): a SALE by the provider `manual`.

    What a provider still holds is not touched: `void` lets go of it.
    Locks: the balance.
    Raises: Rejected(INVALID) where nothing is due, or while a capture is under way.
    """
    balance, steps = await books.lock(tx, order_id)
    left = balance.due_minor - balance.captured_minor if balance else 0
    if balance is None or left == 0:
        raise Rejected(errors.INVALID, ["id"], "nothing is due for this order")
    if any(step.kind == "CAPTURE" and step.status in OPEN for step in steps):
        raise Rejected(errors.INVALID, ["id"], "a capture is under way; try again when it is decided")
    key = rules.idempotency_key(order_id, "SALE", rules.tries(steps, "SALE") + 1)
    step = await books.open_step(tx, order_id, "SALE", key, left, MANUAL)
    await books.close_step(tx, step, Answer("SUCCESS", left))
