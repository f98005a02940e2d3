"""The shop's own books: steps are opened before a provider is called and closed by what it answered."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, BigInteger, Select, Text, Uuid, exists, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.events import PaymentAnswered
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.outbox import publish
from commerce_graph.payment import errors, rules
from commerce_graph.payment.rules import EFFECTS, GIFT_CARD, INSIDE, OPEN, Balance, Opened, Outcome, Step, outcome_of
from commerce_graph.payment.service.provider import Answer
from commerce_graph.payment.tables import balance, event, transaction

_STEP = [transaction.c[member.name] for member in fields(Step)]
_BALANCE = [balance.c[member.name] for member in fields(Balance)]
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
    source = given(
        rows, order_id=Uuid, due_minor=BigInteger, currency=Text, captured_minor=BigInteger, id=Uuid, key=Text,
        provider=Text, session_id=Text, left_minor=BigInteger,
    )  # fmt: skip
    names = ["order_id", "due_minor", "currency", "captured_minor"]
    adding = postgresql.insert(balance).from_select(names, select(*(source.c[name] for name in names)))
    opened = adding.on_conflict_do_nothing().returning(balance.c.order_id).cte("opened")
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
    adding_steps = insert(transaction).from_select(list(values), asked.where(source.c.provider.is_not(None)))
    return await _add(tx, adding_steps, *(_sold(sales, opened) if sales else ()))


def _sold(sales: Sequence[tuple[UUID, UUID, str, int, str, str]], opened: CTE) -> tuple[CTE, CTE]:
    """Return the parts of a statement that record what gift cards pay of the orders whose books another part opens."""
    source = given(sales, id=Uuid, order_id=Uuid, key=Text, amount_minor=BigInteger, currency=Text, reference=Text)
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


async def _add(tx: AsyncConnection, adding: Any, *parts: CTE) -> list[Step]:
    """Add steps, if any, each with the event that it is. 1 statement."""
    added = adding.returning(*_STEP).cte("opened_step")
    return [Step(*row) for row in await tx.execute(select(added).add_cte(_requested(added), *parts))]


def _requested(added: CTE) -> CTE:
    return _happened(added, "REQUESTED", "REQUEST", added.c.amount_minor)


def _happened(step: CTE, kind: str, source: str, amount_minor: Any, name: str = "happened") -> CTE:
    """Return the part of a statement that notes what happened to the step of another part, if there is one."""
    values = {
        "id": func.gen_random_uuid(),
        "order_id": step.c.order_id,
        "transaction_id": step.c.id,
        "kind": literal(kind, Text),
        "source": literal(source, Text),
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
    locked = select(*_BALANCE).where(balance.c.order_id == order_id).with_for_update()
    row = (await tx.execute(locked)).one_or_none()
    if row is None:
        return None, []
    steps = (
        select(*_STEP).where(transaction.c.order_id == order_id).order_by(transaction.c.created_at, transaction.c.id)
    )
    return Balance(*row), [Step(*step) for step in await tx.execute(steps)]


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
    (step,) = await _add(tx, insert(transaction).values(row))
    return step


async def open_capture(tx: AsyncConnection, order_id: UUID, key: str) -> Opened | None:
    """Record a CAPTURE of all that an order's only step so far, an authorisation, holds; None where it is not so.

    What gift cards paid does not count.
    1 statement. Its look at the steps can be as old as its start, so the caller must know that nobody opens another.
    Locks: the balance.
    """
    locked = _locked(select(balance.c.order_id).where(balance.c.order_id == order_id, balance.c.voided_minor == 0))
    held, other = transaction.alias("held"), transaction.alias("other")
    values = {
        "id": literal(new_id(), Uuid),
        "order_id": held.c.order_id,
        "kind": literal("CAPTURE", Text),
        "idempotency_key": literal(key, Text),
        "amount_minor": held.c.amount_minor,
        "currency": held.c.currency,
        "provider": held.c.provider,
        "parent_id": held.c.id,
        "created_at": func.clock_timestamp(),
    }
    only = (
        select(*values.values())
        .join(locked, locked.c.order_id == held.c.order_id)
        .where(held.c.kind == "AUTHORIZATION", held.c.status == "SUCCESS", held.c.amount_minor > 0)
        .where(
            ~exists().where(other.c.order_id == held.c.order_id, other.c.id != held.c.id, other.c.provider != GIFT_CARD)
        )
    )
    adding = postgresql.insert(transaction).from_select(list(values), only).on_conflict_do_nothing()
    opened = adding.returning(*_STEP).cte("opened")
    about = [held.c[member.name] for member in fields(Step)]
    opened_for = select(opened, *about).join(held, held.c.id == opened.c.parent_id).add_cte(_requested(opened))
    row = (await tx.execute(opened_for)).one_or_none()
    return Opened(Step(*row[: len(_STEP)]), Step(*row[len(_STEP) :])) if row else None


def _locked(of: Select[Any]) -> CTE:
    """Return rows, locked before the rest of the statement can touch anything that is joined with them."""
    return of.with_for_update().cte("locked").prefix_with("MATERIALIZED")


async def close_step(
    tx: AsyncConnection, step: Step, answer: Answer, *, source: str = "ANSWER", announce: bool = False
) -> Outcome:
    """Record what a provider answered, once: where another process was first, its record stands and is returned.

    The event of it is added in the same statement. An authorisation of another amount than was asked for is recorded
    as FAILURE, for the caller to have it let go of.
    1 statement, and one more where another was first. It may wait for the balance: Postgres then looks again whether
    the step is still open, and adds to the balance as it is by then.
    Locks: the balance. Emits: PaymentAnswered where `announce` is set and the answer brought something new.
    """
    if answer.status == "SUCCESS" and not rules.is_what_was_asked(step, answer.amount_minor):
        told = f"The provider set {answer.amount_minor} aside, not {step.amount_minor}."
        answer = replace(answer, status="FAILURE", amount_minor=0, code=errors.PAYMENT_ERROR, message=told)
    values: dict[str, Any] = {
        "status": _STATUSES[answer.status],
        "reference": func.coalesce(answer.reference, transaction.c.reference),
        "action_url": answer.action_url,
        "error_code": answer.code,
        "message": answer.message,
        "processed_at": func.now(),
    }
    if answer.status == "SUCCESS":
        values["amount_minor"] = answer.amount_minor
    # An answer that is still ACTION changes nothing for a step that waits already.
    waiting = OPEN if answer.status != "ACTION" else ("PENDING",)
    locked = _locked(select(balance.c.order_id).where(balance.c.order_id == step.order_id))
    still_open = (transaction.c.id == step.id, transaction.c.status.in_(waiting))
    closing = update(transaction).where(transaction.c.order_id == locked.c.order_id, *still_open).values(values)
    closed = closing.returning(*_STEP).cte("closed")
    amount = closed.c.amount_minor if answer.status == "SUCCESS" else literal(0, BigInteger)
    kind = rules.happened(step.kind, values["status"])
    record = select(closed).add_cte(_happened(closed, kind, source, amount))
    if answer.status == "SUCCESS":
        record = record.add_cte(_added(closed, EFFECTS[step.kind]))
    row = (await tx.execute(record)).one_or_none()
    if row is None:
        same = select(*_STEP).where(transaction.c.id == step.id)
        return outcome_of(Step(*(await tx.execute(same)).one()))
    if announce:
        await publish(tx, PaymentAnswered(step.order_id))
    return outcome_of(Step(*row))


def _added(closed: CTE, name: str) -> CTE:
    """Add a successful step to the balance; a CHECK refuses what would be too much."""
    column = balance.c[name]
    adding = update(balance).where(balance.c.order_id == closed.c.order_id)
    return adding.values({column: column + closed.c.amount_minor}).cte("added")


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
