"""Setting money aside, and letting go of it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.database import Database
from commerce_graph.payment import errors, rules
from commerce_graph.payment.rules import OPEN, Outcome, Step
from commerce_graph.payment.service import books, calls
from commerce_graph.payment.service.provider import Answer

OPEN_OR_DONE = (*OPEN, "SUCCESS")
UNKNOWN = Outcome("UNKNOWN", message="The payment provider has not answered yet.")


async def authorize(db: Database, order_id: UUID, session_id: str) -> Outcome:
    """Ask the provider to set the amount due aside. Repeated calls have one effect and give the latest outcome.

    A session that failed stays failed; a new one is tried anew, after what an earlier one left open was let go.
    Limits: PROVIDER_TIMEOUT_S for an answer, then the provider is asked what it knows; still nothing: UNKNOWN.
    Locks: the balance, for the moment before and after the call; none during it.
    Raises: LookupError where the order's balance was not opened.
    """
    async with db.begin() as tx:
        found = await _begin(tx, order_id, session_id)
    if isinstance(found, Outcome):
        return found
    step, fresh = found
    if step.session_id != session_id:
        let_go = await _let_go(db, order_id, OPEN)  # a payment that was decided meanwhile stays
        return let_go if let_go.status != "SUCCESS" else await authorize(db, order_id, session_id)
    answer = await calls.ask(db, step, fresh=fresh)
    if answer is None:
        return UNKNOWN
    async with db.begin() as tx:
        return await books.close_step(tx, step, answer)


async def _begin(tx: AsyncConnection, order_id: UUID, session_id: str) -> Outcome | tuple[Step, bool]:
    balance, steps = await books.lock(tx, order_id)
    if balance is None:
        raise LookupError(f"the balance of order {order_id} was not opened")
    if balance.due_minor == 0:
        return Outcome("SUCCESS")
    last = rules.newest(steps, "AUTHORIZATION")
    if last is not None and last.status in OPEN:
        return last, False
    if last is not None and last.status == "SUCCESS" and balance.voided_minor:
        return Outcome("FAILURE", errors.PAYMENT_ERROR, "The payment was cancelled.")
    if last is not None and (last.status == "SUCCESS" or last.session_id == session_id):
        return rules.outcome_of(last)
    provider = calls.provider_of_session(session_id)
    if provider is None:
        return Outcome("FAILURE", errors.INVALID_METHOD, "The payment session is not known.")
    key = rules.idempotency_key(order_id, "AUTHORIZATION", rules.tries(steps, "AUTHORIZATION") + 1)
    due = balance.due_minor
    return await books.open_step(tx, order_id, "AUTHORIZATION", key, due, provider, session_id=session_id), True


async def void(db: Database, order_id: UUID) -> Outcome:
    """Let go of what was authorised and not captured; SUCCESS where there is nothing to let go of.

    An authorisation without an outcome ends as FAILURE, and the provider refuses it should it still arrive.
    Limits, locks: as `authorize`.
    """
    return await _let_go(db, order_id, OPEN_OR_DONE)


async def _let_go(db: Database, order_id: UUID, statuses: tuple[str, ...]) -> Outcome:
    async with db.begin() as tx:
        _, steps = await books.lock(tx, order_id)
        target = rules.newest(steps, "AUTHORIZATION")
        held = rules.held_minor(steps)
        if target is None or target.status not in statuses or (target.status == "SUCCESS" and held == 0):
            return Outcome("SUCCESS")
        step = rules.newest(steps, "VOID")
        fresh = step is None or step.status not in OPEN
        if step is None or fresh:
            key = rules.idempotency_key(order_id, "VOID", rules.tries(steps, "VOID") + 1)
            step = await books.open_step(tx, order_id, "VOID", key, held, target.provider, parent=target)
    answer = await calls.ask(db, step, target, fresh=fresh)
    if answer is None:
        return UNKNOWN
    async with db.begin() as tx:
        return await close_void(tx, step, target, answer)


async def close_void(
    tx: AsyncConnection, step: Step, target: Step, answer: Answer, *, announce: bool = False
) -> Outcome:
    """Record that an authorisation was let go, whatever our books said of it while the provider was asked."""
    await books.lock(tx, step.order_id)
    now = await books.step_of_id(tx, target.id)
    if answer.status == "SUCCESS" and now is not None and now.status in OPEN:
        # It never counted as authorised here, so nothing is taken off; it only ends.
        ended = Answer("FAILURE", 0, answer.reference, errors.PAYMENT_ERROR, "The payment was cancelled.")
        await books.close_step(tx, target, ended)
        answer = Answer("SUCCESS", 0, answer.reference)
    return await books.close_step(tx, step, answer, announce=announce)


async def note_answer(db: Database, key: str) -> None:
    """Record what the provider now says of an authorisation that waited for its buyer.

    Repeating it changes nothing. Emits: PaymentAnswered.
    """
    async with db.read() as conn:
        step = await books.step_of_key(conn, key)
    answer = await calls.find(db, step) if step else None
    if step is None or answer is None:
        return
    async with db.begin() as tx:
        await books.close_step(tx, step, answer, announce=True)
