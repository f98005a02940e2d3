"""Money is set aside, and let go of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.gift_card import service as gift_cards
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database
from commerce_graph.payment import errors, rules
from commerce_graph.payment.rules import OPEN, UNKNOWN, Balance, Opened, Outcome, Step
from commerce_graph.payment.service import books, calls
from commerce_graph.payment.service.provider import Answer

CANCELLED = Outcome("FAILURE", errors.PAYMENT_ERROR, "The payment was cancelled.")


@dataclass(frozen=True, slots=True)
class Voiding:
    """A void that is recorded and has to be carried out."""

    step: Step
    target: Step
    fresh: bool


@dataclass(frozen=True, slots=True)
class Due:
    """What an order that is about to be paid costs, in minor units, and how it is paid.

    `gift_cards`: what cards pay of it, by their keys. The rest is paid with the session, if there is one.
    """

    order_id: UUID
    amount_minor: int
    currency: str
    session_id: str | None = None
    gift_cards: Sequence[tuple[UUID, int]] = ()

    @property
    def gift_card_minor(self) -> int:
        """What gift cards pay."""
        return sum(amount for _, amount in self.gift_cards)

    @property
    def left_minor(self) -> int:
        """What is left for the session to pay."""
        return self.amount_minor - self.gift_card_minor


async def open_balance(
    tx: AsyncConnection, order_id: UUID, amount_minor: int, currency: str, session_id: str | None = None
) -> Opened | None:
    """Open the books of one order, as `open_balances` does."""
    return (await open_balances(tx, [Due(order_id, amount_minor, currency, session_id)])).get(order_id)


async def open_balances(tx: AsyncConnection, dues: Sequence[Due]) -> dict[UUID, Opened]:
    """Open the books of orders that are about to be paid; with a session, an authorisation is recorded as PENDING.

    What gift cards pay is taken off them here: a SALE each, for there is nobody to ask. The caller has locked them.
    What is returned, by order, saves `authorize` a look into the books; it may be lost. Repeating it changes nothing
    and returns nothing, as does a session that is not known; but the books of an order that gift cards pay for are
    opened once. 1 statement however many orders, 1 more with gift cards.
    """
    rows, sales, spent = [], [], []
    for due in dues:
        provider = calls.provider_of_session(due.session_id) if due.session_id and due.left_minor else None
        key = rules.idempotency_key(due.order_id, "AUTHORIZATION", 1)
        asked = (new_id(), key, provider, due.session_id, due.left_minor)
        rows.append((due.order_id, due.amount_minor, due.currency, due.gift_card_minor, *asked))
        for card_id, amount_minor in due.gift_cards:
            step_id, name = new_id(), rules.idempotency_key(due.order_id, "SALE", card_id)
            sales.append((step_id, due.order_id, name, amount_minor, due.currency, str(card_id)))
            spent.append(gift_cards.Spent(card_id, due.order_id, step_id, amount_minor))
    opened = await books.open_balances(tx, rows, sales)
    await gift_cards.pay(tx, spent)
    return {step.order_id: Opened(step) for step in opened}


@dataclass(frozen=True, slots=True)
class Answered:
    """What a provider answered to a step, and nobody has recorded yet. Who loses it asks the provider again."""

    step: Step
    answer: Answer

    @property
    def plain(self) -> bool:
        """Whether all was done that was asked for, and nothing has to be done about it but to record it."""
        asked = self.answer.amount_minor == self.step.amount_minor and not rules.is_final(self.step)
        return self.answer.status == "SUCCESS" and asked


async def authorize(db: Database, order_id: UUID, session_id: str, opened: Opened | None = None) -> Outcome:
    """Ask the provider to set aside what is due and not paid yet, as `ask_authorization` does, and record its answer.

    Repeated calls have one effect and give the latest outcome.
    Locks: the balance, for the moment before and after the call; none during it.
    """
    return await record(db, await ask_authorization(db, order_id, session_id, opened))


async def ask_authorization(
    db: Database, order_id: UUID, session_id: str, opened: Opened | None = None
) -> Outcome | Answered:
    """Ask the provider to set aside what is due, and return its answer for the caller to record, or what is known.

    `opened`: the step that `open_balance` recorded for this session, where the caller still has it.
    A session that failed stays failed. Another session is tried anew; one that is still without an outcome ends for it
    and is let go of first.
    Limits: PROVIDER_TIMEOUT_S for an answer, then the provider is asked what it knows; still nothing: UNKNOWN.
    Locks: the balance, for the moment before the call.
    Raises: LookupError where the order's balance was not opened.
    """
    found: Outcome | Voiding | tuple[Step, bool]
    if opened is not None:
        # No look into the books: were the step ended meanwhile, the provider refuses it and what is recorded stands.
        found = opened.step, True
    else:
        async with db.begin() as tx:
            found = await _begin(tx, order_id, session_id)
    if isinstance(found, Outcome):
        return found
    if isinstance(found, Voiding):
        gone = await carry_out(db, found)
        return gone if gone.status != "SUCCESS" else await ask_authorization(db, order_id, session_id)
    step, fresh = found
    answer = await calls.ask(db, step, fresh=fresh)
    return UNKNOWN if answer is None else Answered(step, answer)


async def record(db: Database, asked: Outcome | Answered, *, source: str = "ANSWER", announce: bool = False) -> Outcome:
    """Record what came of an authorisation or a capture, and carry out the void that it leads to, if any.

    An outcome that is known already is returned as it is. Locks: the balance. Emits: as `books.close_step`.
    """
    if isinstance(asked, Outcome):
        return asked
    close = close_authorization if asked.step.kind == "AUTHORIZATION" else close_capture
    async with db.begin() as tx:
        outcome, void = await close(tx, asked.step, asked.answer, source=source, announce=announce)
    await carry_on(db, void)
    return outcome


async def record_together(tx: AsyncConnection, answered: Sequence[Answered]) -> dict[UUID, Balance]:
    """Record plain answers to steps of one kind, each of another order; return the balances after it, by order.

    An order is left out whose step has an outcome by now. 1 statement however many. Locks: the balances by order.
    """
    closed = await books.close_steps(tx, [(each.step, each.answer) for each in answered])
    return {each.step.order_id: each.balance for each in closed.values() if each.balance}


async def close_authorization(
    tx: AsyncConnection, step: Step, answer: Answer, *, source: str = "ANSWER", announce: bool = False
) -> tuple[Outcome, Voiding | None]:
    """Record what came of an authorisation; what the provider holds and this shop does not count is to be voided.

    So it is with another amount than was asked for, and with one that came after the payment was given up.
    Locks: the balance. Emits: as `books.close_step`.
    """
    outcome = await books.close_step(tx, step, answer, source=source, announce=announce)
    if answer.status != "SUCCESS" or outcome.status == "SUCCESS":
        return outcome, None
    return outcome, await open_orphans_void(tx, step, answer.reference)


async def close_capture(
    tx: AsyncConnection, step: Step, answer: Answer, *, source: str = "ANSWER", announce: bool = False
) -> tuple[Outcome, Voiding | None]:
    """Record what came of a capture; what a final one leaves is to be voided. Locks, emits: as `books.close_step`."""
    outcome = await books.close_step(tx, step, answer, source=source, announce=announce)
    # Less than was asked for is what somebody captured elsewhere, once: the provider holds nothing more.
    ends = rules.is_final(step) or answer.amount_minor < step.amount_minor
    if outcome.status != "SUCCESS" or not ends:
        return outcome, None
    _, steps = await books.lock(tx, step.order_id)
    return outcome, await _end(tx, steps, held_too=True)


async def open_orphans_void(
    tx: AsyncConnection, step: Step, reference: str | None, *, again: bool = False
) -> Voiding | None:
    """Record that an authorisation that does not count here is let go of; None where it counts, or was let go of.

    `again`: the provider holds it now, whatever was let go of before. Locks: the balance.
    """
    _, steps = await books.lock(tx, step.order_id)
    found = next(each for each in steps if each.id == step.id)
    if found.status == "SUCCESS":
        return None
    target = replace(found, reference=reference or found.reference)
    voids = [each for each in steps if each.kind == "VOID" and each.parent_id == step.id]
    under_way = next((each for each in voids if each.status in OPEN), None)
    if under_way is not None:
        return Voiding(under_way, target, fresh=False)
    if voids and not again:
        return None
    key = rules.idempotency_key(step.order_id, "VOID", rules.tries(steps, "VOID") + 1)
    void = await books.open_step(tx, step.order_id, "VOID", key, 0, step.provider, parent=target)
    return Voiding(void, target, fresh=True)


async def _begin(tx: AsyncConnection, order_id: UUID, session_id: str) -> Outcome | Voiding | tuple[Step, bool]:
    balance, steps = await books.lock(tx, order_id)
    if balance is None:
        raise LookupError(f"the balance of order {order_id} was not opened")
    due = balance.due_minor - balance.captured_minor  # less what gift cards pay
    if due == 0:
        return Outcome("SUCCESS")
    last = rules.newest(steps, "AUTHORIZATION")
    if last is not None and last.status in OPEN and last.session_id == session_id:
        return last, False
    if last is not None and last.status == "SUCCESS":
        return CANCELLED if balance.voided_minor else Outcome("SUCCESS")
    if last is not None and last.session_id == session_id:
        return rules.outcome_of(last)
    unfinished = await _end(tx, steps, held_too=False)
    if unfinished is not None:
        return unfinished
    provider = calls.provider_of_session(session_id)
    if provider is None:
        return Outcome("FAILURE", errors.INVALID_METHOD, "The payment session is not known.")
    key = rules.idempotency_key(order_id, "AUTHORIZATION", rules.tries(steps, "AUTHORIZATION") + 1)
    return await books.open_step(tx, order_id, "AUTHORIZATION", key, due, provider, session_id=session_id), True


async def open_void(tx: AsyncConnection, order_id: UUID) -> Voiding | None:
    """Record that the latest authorisation is let go of, or find where it is; None where nothing is held.

    An authorisation without an outcome ends as FAILURE. Locks: the balance.
    """
    _, steps = await books.lock(tx, order_id)
    return await _end(tx, steps, held_too=True)


async def let_go(db: Database, order_id: UUID) -> Outcome:
    """Have the latest authorisation voided; one without an outcome ends as FAILURE."""
    async with db.begin() as tx:
        found = await open_void(tx, order_id)
    return Outcome("SUCCESS") if found is None else await carry_out(db, found)


async def _end(tx: AsyncConnection, steps: list[Step], *, held_too: bool) -> Voiding | None:
    """Open a VOID for the latest authorisation, or find the one that is open; None where there is nothing to void.

    An authorisation without an outcome ends in our books first: nobody may be told of its success while it is let go
    of, and the provider refuses it should it still arrive. The caller holds the balance.
    """
    target, step = rules.newest(steps, "AUTHORIZATION"), rules.newest(steps, "VOID")
    if step is not None and step.status in OPEN:
        about = next(each for each in steps if each.id == step.parent_id)
        return Voiding(step, about, fresh=False)
    held = rules.held_minor(steps)
    if target is None or not (target.status in OPEN or (held_too and target.status == "SUCCESS" and held)):
        return None
    if target.status in OPEN:
        ended = Answer("FAILURE", 0, target.reference, CANCELLED.code, CANCELLED.message)
        await books.close_step(tx, target, ended)
        target = replace(target, status="FAILURE")
    key = rules.idempotency_key(target.order_id, "VOID", rules.tries(steps, "VOID") + 1)
    step = await books.open_step(tx, target.order_id, "VOID", key, held, target.provider, parent=target)
    return Voiding(step, target, fresh=True)


async def carry_out(db: Database, void: Voiding) -> Outcome:
    """Have a recorded void carried out. Limits: as `authorize`."""
    answer = await calls.ask(db, void.step, void.target, fresh=void.fresh)
    if answer is None:
        return UNKNOWN
    async with db.begin() as tx:
        return await close_void(tx, void.step, void.target, answer)


async def carry_on(db: Database, void: Voiding | None) -> None:
    """Carry out the void that recording an answer led to, if any; without an answer `settle` goes on with it."""
    if void is not None:
        await carry_out(db, void)


async def close_void(
    tx: AsyncConnection, step: Step, target: Step, answer: Answer, *, source: str = "ANSWER", announce: bool = False
) -> Outcome:
    """Record that an authorisation was let go. One that never counted as authorised here takes nothing off."""
    if target.status != "SUCCESS":
        answer = replace(answer, amount_minor=0)
    return await books.close_step(tx, step, answer, source=source, announce=announce)


async def note_answer(db: Database, key: str) -> None:
    """Record what the provider now says of an authorisation that waited for its buyer.

    Repeating it changes nothing. Emits: PaymentAnswered.
    """
    async with db.read() as conn:
        step = await books.step_of_key(conn, key)
    answer = await calls.find(db, step) if step else None
    if step is not None and answer is not None:
        await record(db, Answered(step, answer), announce=True)
