"""The shop's own books: steps are opened before a provider is called and closed by what it answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.events import PaymentAnswered
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.outbox import publish
from commerce_graph.kernel.statements import Given, built_once, locked
from commerce_graph.payment import errors, rules
from commerce_graph.payment.rules import EFFECTS, GIFT_CARD, INSIDE, OPEN, Balance, Opened, Outcome, Step, outcome_of
from commerce_graph.payment.service.provider import Answer
from commerce_graph.payment.tables import balance, event, transaction

_STEP = [transaction.c[member.name] for member in fields(Step)]
_BALANCE = [balance.c[member.name] for member in fields(Balance)]
_LOCKED = select(*_BALANCE).where(balance.c.order_id == bindparam("order_id")).with_for_update()
_STEPS_OF = (
    select(*_STEP)
    .where(transaction.c.order_id == bindparam("order_id"))
    .order_by(transaction.c.created_at, transaction.c.id)
)
_STATUSES = {"SUCCESS": "SUCCESS", "FAILURE": "FAILURE", "ACTION": "AWAITING_RESPONSE"}


async def open_balances(
    tx: AsyncConnection,
    rows: Sequence[tuple[UUID, int, str, int, UUID, str, str | None, str | None, int]],
    sales: Sequence[tuple[UUID, UUID, str, int, str, str]] = (),
) -> list[Step]:
    """Open the books of orders, with their authorisations where a provider is named; returns those steps.

    `rows`: order_id, amount_minor, currency, what `sales` come to, and of the step id, idempotency key, provider,
    session and amount. `sales`: what gift cards pay, by id, order_id, idempotency key, amount_minor, currency and
    reference; they have succeeded. Books that are open stay as they are, and get no step. 1 statement however many.
    """
    if not sales:
        statement, opening = _opening()
        return [Step(*row) for row in await tx.execute(statement, opening.values(rows))]
    statement, opening, sold = _opening_sold()
    return [Step(*row) for row in await tx.execute(statement, {**opening.values(rows), **sold.values(sales)})]


@built_once
def _opening() -> tuple[Select[Any], Given]:
    opening = _given_books()
    return _adding(_asked(opening, _opened(opening))), opening


@built_once
def _opening_sold() -> tuple[Select[Any], Given, Given]:
    opening = _given_books()
    opened = _opened(opening)
    sales = Given("sales", id=Uuid, order_id=Uuid, key=Text, amount_minor=BigInteger, currency=Text, reference=Text)
    return _adding(_asked(opening, opened), *_sold(sales, opened)), opening, sales


def _given_books() -> Given:
    return Given(
        "books", order_id=Uuid, due_minor=BigInteger, currency=Text, captured_minor=BigInteger, id=Uuid, key=Text,
        provider=Text, session_id=Text, left_minor=BigInteger,
    )  # fmt: skip


def _opened(source: Given) -> CTE:
    """Return the part of a statement that opens books that are not open, and returns their orders."""
    names = ["order_id", "due_minor", "currency", "captured_minor"]
    adding = postgresql.insert(balance).from_select(names, select(*(source.c[name] for name in names)))
    return adding.on_conflict_do_nothing().returning(balance.c.order_id).cte("opened")


def _asked(source: Given, opened: CTE) -> Any:
    """Return what adds the authorisations of books that another part of the statement opens."""
    values = {
        "id": source.c.id,
        "order_id": source.c.order_id,
        "kind": literal("AUTHORIZATION", Text),
        "idempotency_key": source.c.key,
        "amount_minor": source.c.left_minor,
        "currency": source.c.currency,
        "provider": source.c.provider,
        "session_id": source.c.session_id,
        "created_at": func.clock_timestamp(),
    }
    asked = select(*values.values()).join(opened, opened.c.order_id == source.c.order_id)
    return insert(transaction).from_select(list(values), asked.where(source.c.provider.is_not(None)))


def _sold(source: Given, opened: CTE) -> tuple[CTE, CTE]:
    """Return the parts of a statement that record what gift cards pay of the orders whose books another part opens."""
    values = {
        "id": source.c.id,
        "order_id": source.c.order_id,
        "kind": literal("SALE", Text),
        "status": literal("SUCCESS", Text),
        "idempotency_key": source.c.key,
        "amount_minor": source.c.amount_minor,
        "currency": source.c.currency,
        "provider": literal(GIFT_CARD, Text),
        "reference": source.c.reference,
        "created_at": func.clock_timestamp(),
        "processed_at": func.now(),
    }
    taken = select(*values.values()).join(opened, opened.c.order_id == source.c.order_id)
    sold = insert(transaction).from_select(list(values), taken).returning(*_STEP).cte("sold")
    return sold, _happened(sold, "CAPTURED", "REQUEST", sold.c.amount_minor, name="captured")


def _adding(adding: Any, *parts: CTE) -> Select[Any]:
    """Return the statement that adds steps, if any, each with the event that it is."""
    added = adding.returning(*_STEP).cte("opened_step")
    return select(added).add_cte(_requested(added), *parts)


def _requested(added: CTE) -> CTE:
    return _happened(added, "REQUESTED", "REQUEST", added.c.amount_minor)


def _happened(step: CTE, kind: Any, source: Any, amount_minor: Any, name: str = "happened") -> CTE:
    """Return the part of a statement that notes what happened to the steps of another part, if there are any."""
    values = {
        "id": func.gen_random_uuid(),
        "order_id": step.c.order_id,
        "transaction_id": step.c.id,
        "kind": literal(kind, Text) if isinstance(kind, str) else kind,
        "source": literal(source, Text) if isinstance(source, str) else source,
        "amount_minor": amount_minor,
        "reference": step.c.reference,
        "message": step.c.message,
        "at": func.clock_timestamp(),
    }
    return insert(event).from_select(list(values), select(*values.values())).cte(name)


async def lock(tx: AsyncConnection, order_id: UUID) -> tuple[Balance | None, list[Step]]:
    """Lock an order's balance and return it with its steps, in the order in which they were opened.

    Two statements: steps read together with the lock could be older than the lock.
    """
    mine = {"order_id": order_id}
    row = (await tx.execute(_LOCKED, mine)).one_or_none()
    if row is None:
        return None, []
    return Balance(*row), [Step(*step) for step in await tx.execute(_STEPS_OF, mine)]


async def open_step(
    tx: AsyncConnection,
    order_id: UUID,
    kind: str,
    key: str,
    amount_minor: int,
    provider: str,
    *,
    session_id: str | None = None,
    parent: Step | None = None,
) -> Step:
    """Record a step as PENDING, before anyone outside hears of it. The caller holds the balance. 1 statement."""
    row = {
        "id": new_id(),
        "order_id": order_id,
        "kind": kind,
        "idempotency_key": key,
        "amount_minor": amount_minor,
        "currency": select(balance.c.currency).where(balance.c.order_id == order_id).scalar_subquery(),
        "provider": provider,
        "session_id": session_id,
        "parent_id": parent and parent.id,
        # Not the transaction's start: who waited longer for the lock would seem to have come first.
        "created_at": func.clock_timestamp(),
    }
    return Step(*(await tx.execute(_adding(insert(transaction).values(row)))).one())


async def open_captures(tx: AsyncConnection, keys_of: Mapping[UUID, str]) -> dict[UUID, Opened]:
    """Record CAPTUREs of all that orders' only steps so far, authorisations, hold; those are left out where it differs.

    `keys_of`: the idempotency keys by order. What gift cards paid does not count.
    1 statement however many. Its look at the steps can be as old as its start, so the caller must know that nobody
    opens another.
    Locks: the balances by order.
    """
    statement, asked = _capturing()
    rows = [(order_id, new_id(), key) for order_id, key in keys_of.items()]
    opened = [
        Opened(Step(*row[: len(_STEP)]), Step(*row[len(_STEP) :]))
        for row in await tx.execute(statement, asked.values(rows))
    ]
    return {each.step.order_id: each for each in opened}


@built_once
def _capturing() -> tuple[Select[Any], Given]:
    asked = Given("asked", order_id=Uuid, id=Uuid, key=Text)
    mine = select(balance.c.order_id).where(balance.c.order_id == asked.c.order_id, balance.c.voided_minor == 0)
    found = _locked(mine)
    held, other = transaction.alias("held"), transaction.alias("other")
    values = {
        "id": asked.c.id,
        "order_id": held.c.order_id,
        "kind": literal("CAPTURE", Text),
        "idempotency_key": asked.c.key,
        "amount_minor": held.c.amount_minor,
        "currency": held.c.currency,
        "provider": held.c.provider,
        "parent_id": held.c.id,
        "created_at": func.clock_timestamp(),
    }
    only = (
        select(*values.values())
        .join(found, found.c.order_id == held.c.order_id)
        .join(asked.table, asked.c.order_id == held.c.order_id)
        .where(held.c.kind == "AUTHORIZATION", held.c.status == "SUCCESS", held.c.amount_minor > 0)
        .where(
            ~exists().where(other.c.order_id == held.c.order_id, other.c.id != held.c.id, other.c.provider != GIFT_CARD)
        )
    )
    adding = postgresql.insert(transaction).from_select(list(values), only).on_conflict_do_nothing()
    opened = adding.returning(*_STEP).cte("opened")
    about = [held.c[member.name] for member in fields(Step)]
    opened_for = select(opened, *about).join(held, held.c.id == opened.c.parent_id)
    return opened_for.add_cte(_requested(opened)), asked


def _locked(of: Select[Any]) -> CTE:
    """Return balances, locked in their order."""
    return locked(of.order_by(balance.c.order_id), balance)


async def close_step(
    tx: AsyncConnection, step: Step, answer: Answer, *, source: str = "ANSWER", announce: bool = False
) -> Outcome:
    """Record what a provider answered, once: where another process was first, its record stands and is returned.

    As `close_steps` does, in 1 statement, and one more where another was first.
    Locks: the balance. Emits: PaymentAnswered where `announce` is set and the answer brought something new.
    """
    closed = (await close_steps(tx, [(step, answer)], source)).get(step.id)
    if closed is None:
        same = await step_of_id(tx, step.id)
        assert same is not None, "steps are not deleted"
        return outcome_of(same)
    if announce:
        await publish(tx, PaymentAnswered(step.order_id))
    return outcome_of(closed.step)


@dataclass(frozen=True, slots=True)
class Closed:
    """A step whose outcome was recorded a moment ago. `balance`: of its order after it, where it added to that."""

    step: Step
    balance: Balance | None


async def close_steps(
    tx: AsyncConnection, answers: Sequence[tuple[Step, Answer]], source: str = "ANSWER"
) -> dict[UUID, Closed]:
    """Record what providers answered to steps of one kind, each of another order; returns those that were open, by id.

    The events of it are added in the same statement. An authorisation of another amount than was asked for is recorded
    as FAILURE, for the caller to have it let go of.
    1 statement however many. It may wait for a balance: Postgres then looks again whether the step is still open, and
    adds to the balance as it is by then.
    Locks: the balances by order.
    """
    statement, asked = _closing(answers[0][0].kind)
    rows = await tx.execute(statement, {**asked.values([_answered(*each) for each in answers]), "source": source})
    size = len(_STEP)
    closed = [Closed(Step(*row[:size]), Balance(*row[size:]) if row[size] is not None else None) for row in rows]
    return {each.step.id: each for each in closed}


def _answered(step: Step, answer: Answer) -> tuple[Any, ...]:
    if answer.status == "SUCCESS" and not rules.is_what_was_asked(step, answer.amount_minor):
        told = f"The provider set {answer.amount_minor} aside, not {step.amount_minor}."
        answer = replace(answer, status="FAILURE", amount_minor=0, code=errors.PAYMENT_ERROR, message=told)
    amount = answer.amount_minor if answer.status == "SUCCESS" else None
    return (
        step.order_id, step.id, _STATUSES[answer.status], answer.reference, answer.action_url, answer.code,
        answer.message, amount,
    )  # fmt: skip


@built_once
def _closing(kind: str) -> tuple[Select[Any], Given]:
    asked = Given(
        "asked", order_id=Uuid, id=Uuid, status=Text, reference=Text, action_url=Text, code=Text, message=Text,
        amount_minor=BigInteger,
    )  # fmt: skip
    found = _locked(select(balance.c.order_id).where(balance.c.order_id == asked.c.order_id))
    values = {
        "status": asked.c.status,
        "reference": func.coalesce(asked.c.reference, transaction.c.reference),
        "action_url": asked.c.action_url,
        "error_code": asked.c.code,
        "message": asked.c.message,
        "processed_at": func.now(),
        "amount_minor": func.coalesce(asked.c.amount_minor, transaction.c.amount_minor),
    }
    mine = (transaction.c.id == asked.c.id, transaction.c.order_id == found.c.order_id)
    # An answer that is still ACTION changes nothing for a step that waits already.
    waits = and_(transaction.c.status == "AWAITING_RESPONSE", asked.c.status != "AWAITING_RESPONSE")
    closing = update(transaction).where(*mine, or_(transaction.c.status == "PENDING", waits)).values(values)
    closed = closing.returning(*_STEP).cte("closed")
    succeeded = closed.c.status == "SUCCESS"
    happened = case(*((closed.c.status == each, rules.happened(kind, each)) for each in _STATUSES.values()))
    moved = case((succeeded, closed.c.amount_minor), else_=0)
    column = balance.c[EFFECTS[kind]]
    # A CHECK refuses what would be too much.
    adding = update(balance).where(balance.c.order_id == closed.c.order_id, succeeded)
    added = (
        adding.values({column: column + closed.c.amount_minor}).returning(balance.c.order_id, *_BALANCE).cte("added")
    )
    after = [added.c[member.name] for member in fields(Balance)]
    record = select(closed, *after).outerjoin(added, added.c.order_id == closed.c.order_id)
    return record.add_cte(_happened(closed, happened, bindparam("source", type_=Text), moved)), asked


async def note(
    tx: AsyncConnection, step: Step, kind: str, source: str, amount_minor: int, reference: str | None, message: str
) -> None:
    """Note what happened to a payment that moves nothing in its balance. 1 statement."""
    row = {"id": new_id(), "order_id": step.order_id, "transaction_id": step.id, "kind": kind, "source": source,
           "amount_minor": amount_minor, "reference": reference, "message": message}  # fmt: skip
    await tx.execute(insert(event).values(row))


async def step_of_key(conn: AsyncConnection, key: str) -> Step | None:
    """Return the step that a provider knows under a key. 1 statement."""
    row = (await conn.execute(select(*_STEP).where(transaction.c.idempotency_key == key))).one_or_none()
    return Step(*row) if row else None


async def step_of_id(conn: AsyncConnection, step_id: UUID | None) -> Step | None:
    """Return a step by its id. 1 statement."""
    row = (await conn.execute(select(*_STEP).where(transaction.c.id == step_id))).one_or_none()
    return Step(*row) if row else None


async def open_steps(conn: AsyncConnection, older_than_s: float, after: UUID | None, size: int) -> Sequence[Step]:
    """Return steps without an outcome that a provider is to be asked for, in the order of their ids. 1 statement."""
    old = transaction.c.created_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, older_than_s)
    query = (
        select(*_STEP)
        .where(transaction.c.status.in_(OPEN), old, transaction.c.provider.not_in(INSIDE))
        .order_by(transaction.c.id)
        .limit(size)
    )
    if after is not None:
        query = query.where(transaction.c.id > after)
    return [Step(*row) for row in await conn.execute(query)]
