"""The shop's own books: steps are opened before a provider is called and closed by what it answered."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.events import PaymentAnswered
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.outbox import publish
from commerce_graph.payment.rules import EFFECTS, OPEN, Balance, Outcome, Step, outcome_of
from commerce_graph.payment.service.provider import Answer
from commerce_graph.payment.tables import balance, transaction

_STEP = [transaction.c[member.name] for member in fields(Step)]
_BALANCE = [balance.c[member.name] for member in fields(Balance)]
_STATUSES = {"SUCCESS": "SUCCESS", "FAILURE": "FAILURE", "ACTION": "AWAITING_RESPONSE"}


async def open_balance(tx: AsyncConnection, order_id: UUID, amount_minor: int, currency: str) -> None:
    """Open the books of an order that is about to be paid. Repeating it changes nothing. 1 statement."""
    row = {"order_id": order_id, "due_minor": amount_minor, "currency": currency}
    await tx.execute(postgresql.insert(balance).values(row).on_conflict_do_nothing())


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
    return Step(*(await tx.execute(insert(transaction).values(row).returning(*_STEP))).one())


async def close_step(tx: AsyncConnection, step: Step, answer: Answer, *, announce: bool = False) -> Outcome:
    """Record what a provider answered, once: where another process was first, its record stands and is returned.

    Locks: the balance. Emits: PaymentAnswered where `announce` is set and the answer brought something new.
    """
    await tx.execute(select(balance.c.order_id).where(balance.c.order_id == step.order_id).with_for_update())
    values: dict[str, Any] = {
        "status": _STATUSES[answer.status],
        "reference": answer.reference,
        "action_url": answer.action_url,
        "error_code": answer.code,
        "message": answer.message,
        "processed_at": func.now(),
    }
    if answer.status == "SUCCESS":
        values["amount_minor"] = answer.amount_minor
    # An answer that is still ACTION changes nothing for a step that waits already.
    waiting = OPEN if answer.status != "ACTION" else ("PENDING",)
    still_open = (transaction.c.id == step.id, transaction.c.status.in_(waiting))
    closed = update(transaction).where(*still_open).values(values).returning(*_STEP)
    row = (await tx.execute(closed)).one_or_none()
    if row is None:
        same = select(*_STEP).where(transaction.c.id == step.id)
        return outcome_of(Step(*(await tx.execute(same)).one()))
    if answer.status == "SUCCESS":
        await add(tx, step.order_id, step.kind, answer.amount_minor)
    if announce:
        await publish(tx, PaymentAnswered(step.order_id))
    return outcome_of(Step(*row))


async def add(tx: AsyncConnection, order_id: UUID, kind: str, amount_minor: int) -> None:
    """Add a successful step to the balance; a CHECK refuses what would be too much. 1 statement."""
    column = balance.c[EFFECTS[kind]]
    await tx.execute(update(balance).where(balance.c.order_id == order_id).values({column: column + amount_minor}))


async def step_of_key(conn: AsyncConnection, key: str) -> Step | None:
    """Return the step that a provider knows under a key. 1 statement."""
    row = (await conn.execute(select(*_STEP).where(transaction.c.idempotency_key == key))).one_or_none()
    return Step(*row) if row else None


async def step_of_id(conn: AsyncConnection, step_id: UUID | None) -> Step | None:
    """Return a step by its id. 1 statement."""
    row = (await conn.execute(select(*_STEP).where(transaction.c.id == step_id))).one_or_none()
    return Step(*row) if row else None


async def open_steps(conn: AsyncConnection, older_than_s: float, after: UUID | None, size: int) -> Sequence[Step]:
    """Return steps without an outcome, in the order of their ids. 1 statement."""
    old = transaction.c.created_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, older_than_s)
    query = select(*_STEP).where(transaction.c.status.in_(OPEN), old).order_by(transaction.c.id).limit(size)
    if after is not None:
        query = query.where(transaction.c.id > after)
    return [Step(*row) for row in await conn.execute(query)]
