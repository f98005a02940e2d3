"""The test provider: a real provider in all but the card network, with books of its own.

It stands for a machine elsewhere. Its transactions are its own, it honours idempotency keys, and its books
(`payment.test_charge`, `payment.test_operation`) survive a crash of the server, so they can be held against the
shop's. Session ids: `test_ok`, `test_declined`, `test_action_required`, `test_timeout`; what follows a colon
(`test_ok:2`) only tells sessions apart.
"""

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.database import Database
from commerce_graph.payment import errors
from commerce_graph.payment.service.provider import Answer, Held
from commerce_graph.payment.tables import test_charge, test_operation

T = TypeVar("T")

CHALLENGE_PATH = "/payments/test/challenge/"
STATUSES = {"test_ok": "AUTHORIZED", "test_declined": "DECLINED", "test_action_required": "ACTION_REQUIRED"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """A payment that asks its buyer, as the challenge page shows it."""

    reference: str
    idempotency_key: str
    amount_minor: int
    currency: str
    status: str


class SandboxProvider:
    """The test provider on a database."""

    captures_in_parts = True

    def __init__(self, database: Database) -> None:
        self._database = database

    async def authorize(self, key: str, amount_minor: int, currency: str, session_id: str) -> Answer:
        """Open a charge as the session id says."""
        session = session_id.partition(":")[0]
        if session == "test_timeout":
            await asyncio.Event().wait()
        status = STATUSES.get(session)
        if status is None:
            return _refused(errors.INVALID_METHOD, "The payment session is not known.")
        charge = {
            "reference": f"test_{secrets.token_hex(16)}",
            "idempotency_key": key,
            "session_id": session_id,
            "amount_minor": amount_minor,
            "currency": currency,
            "status": status,
        }
        return await _elsewhere(self._charge(charge))

    async def _charge(self, charge: dict[str, Any]) -> Answer:
        async with self._database.begin() as tx:
            await tx.execute(postgresql.insert(test_charge).values(charge).on_conflict_do_nothing())
            row = (await tx.execute(select(test_charge).where(_key_is(charge["idempotency_key"])))).one()
        return _said(row)

    async def capture(self, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Take money of an authorised charge."""
        return await _elsewhere(self._move("CAPTURE", key, reference, amount_minor))

    async def refund(self, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Give money of a captured charge back."""
        return await _elsewhere(self._move("REFUND", key, reference, amount_minor))

    async def _move(self, kind: str, key: str, reference: str, amount_minor: int) -> Answer:
        async with self._database.begin() as tx:
            locked = select(test_charge).where(test_charge.c.reference == reference).with_for_update()
            row = (await tx.execute(locked)).one_or_none()
            done = await _operation(tx, key)
            if done:
                return done
            if row is None:
                return _refused(errors.PAYMENT_ERROR, "There is no such charge.")
            if kind == "CAPTURE":
                column, left = test_charge.c.captured_minor, row.amount_minor - row.captured_minor
                if row.status != "AUTHORIZED":
                    left = 0
            else:
                column, left = test_charge.c.refunded_minor, row.captured_minor - row.refunded_minor
            if amount_minor > left:
                return _refused(errors.PAYMENT_ERROR, f"Only {left} of the charge is left.")
            return await _carry_out(tx, kind, key, reference, amount_minor, {column: column + amount_minor})

    async def void(self, key: str, held: Held) -> Answer:
        """Void a charge, or refuse in advance one that has not arrived."""
        return await _elsewhere(self._void(key, held.key))

    async def _void(self, key: str, authorization_key: str) -> Answer:
        async with self._database.begin() as tx:
            unknown = {
                "reference": f"test_{secrets.token_hex(16)}",
                "idempotency_key": authorization_key,
                "session_id": "",
                "amount_minor": 0,
                "currency": "XXX",
                "status": "VOIDED",
            }
            await tx.execute(postgresql.insert(test_charge).values(unknown).on_conflict_do_nothing())
            row = (await tx.execute(select(test_charge).where(_key_is(authorization_key)).with_for_update())).one()
            done = await _operation(tx, key)
            if done:
                return done
            waiting = row.status in ("AUTHORIZED", "ACTION_REQUIRED")
            left = row.amount_minor - row.captured_minor if row.status == "AUTHORIZED" else 0
            changes = {test_charge.c.status: "VOIDED"} if waiting and row.captured_minor < row.amount_minor else {}
            return await _carry_out(tx, "VOID", key, row.reference, left, changes)

    async def find(self, key: str, reference: str | None = None) -> Answer | None:
        """Look a key up in the books."""
        return await _elsewhere(self._find(key))

    async def _find(self, key: str) -> Answer | None:
        async with self._database.read() as conn:
            row = (await conn.execute(select(test_charge).where(_key_is(key)))).one_or_none()
            return _said(row) if row else await _operation(conn, key)

    async def holds(self, since: datetime, until: datetime) -> Sequence[Held]:
        """Look up what is held."""
        return await _elsewhere(self._holds(since, until))

    async def _holds(self, since: datetime, until: datetime) -> Sequence[Held]:
        c = test_charge.c
        held = select(c.idempotency_key, c.amount_minor - c.captured_minor, c.currency, c.reference)
        open_ = (c.status == "AUTHORIZED", c.amount_minor > c.captured_minor, c.created_at.between(since, until))
        async with self._database.read() as conn:
            return [Held(*row) for row in await conn.execute(held.where(*open_).order_by(c.created_at))]

    async def challenge(self, reference: str) -> Challenge | None:
        """Return the payment that a challenge page is about."""
        columns = (test_charge.c[name] for name in Challenge.__slots__)
        async with self._database.read() as conn:
            row = (await conn.execute(select(*columns).where(test_charge.c.reference == reference))).one_or_none()
        return Challenge(*row) if row else None

    async def answer_challenge(self, reference: str, *, approved: bool) -> None:
        """Take the buyer's answer; the first one counts."""
        asked = (test_charge.c.reference == reference, test_charge.c.status == "ACTION_REQUIRED")
        status = "AUTHORIZED" if approved else "DECLINED"
        async with self._database.begin() as tx:
            await tx.execute(update(test_charge).where(*asked).values(status=status))


async def _elsewhere(work: Coroutine[Any, Any, T]) -> T:
    # As on another machine: nothing of the caller's context comes along, such as its log fields or statement count.
    return await asyncio.create_task(work, context=Context())


def _key_is(key: str) -> Any:
    return test_charge.c.idempotency_key == key


def _refused(code: str, message: str) -> Answer:
    return Answer("FAILURE", code=code, message=message)


def _said(row: Any) -> Answer:
    if row.status == "AUTHORIZED":
        return Answer("SUCCESS", row.amount_minor, row.reference)
    if row.status == "ACTION_REQUIRED":
        return Answer("ACTION", 0, row.reference, action_url=f"{CHALLENGE_PATH}{row.reference}")
    if row.status == "DECLINED":
        return Answer("FAILURE", 0, row.reference, errors.DECLINED, "The card was declined.")
    return Answer("FAILURE", 0, row.reference, errors.PAYMENT_ERROR, "The payment was cancelled.")


async def _operation(conn: AsyncConnection, key: str) -> Answer | None:
    done = select(test_operation).where(test_operation.c.idempotency_key == key)
    row = (await conn.execute(done)).one_or_none()
    return Answer("SUCCESS", row.amount_minor, row.reference) if row else None


async def _carry_out(
    tx: AsyncConnection, kind: str, key: str, reference: str, amount_minor: int, changes: dict[Any, Any]
) -> Answer:
    operation = {"idempotency_key": key, "reference": reference, "kind": kind, "amount_minor": amount_minor}
    await tx.execute(insert(test_operation).values(operation))
    if changes:
        await tx.execute(update(test_charge).where(test_charge.c.reference == reference).values(changes))
    return Answer("SUCCESS", amount_minor, reference)
