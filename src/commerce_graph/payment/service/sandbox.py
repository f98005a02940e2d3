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

from sqlalchemy import BigInteger, Executable, Text, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.database import Database
from commerce_graph.kernel.statements import built_once
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
            row = (await tx.execute(_CHARGING, charge)).one_or_none()
            if row is None:  # it was asked for before
                row = (await tx.execute(_CHARGED, {"key": charge["idempotency_key"]})).one()
        return _said(row)

    async def capture(self, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Take money of an authorised charge."""
        return await _elsewhere(self._move("CAPTURE", key, reference, amount_minor))

    async def refund(self, key: str, reference: str, amount_minor: int, currency: str) -> Answer:
        """Give money of a captured charge back."""
        return await _elsewhere(self._move("REFUND", key, reference, amount_minor))

    async def _move(self, kind: str, key: str, reference: str, amount_minor: int) -> Answer:
        async with self._database.begin() as tx:
            row = (await tx.execute(_LOCKING, {"about": reference})).one_or_none()
            done = await _operation(tx, key)
            if done:
                return done
            if row is None:
                return _refused(errors.PAYMENT_ERROR, "There is no such charge.")
            if kind == "CAPTURE":
                left = row.amount_minor - row.captured_minor
                if row.status != "AUTHORIZED":
                    left = 0
            else:
                left = row.captured_minor - row.refunded_minor
            if amount_minor > left:
                return _refused(errors.PAYMENT_ERROR, f"Only {left} of the charge is left.")
            return await _carry_out(tx, kind, key, reference, amount_minor)

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
            await tx.execute(_CHARGING, unknown)
            row = (await tx.execute(_CHARGED.with_for_update(), {"key": authorization_key})).one()
            done = await _operation(tx, key)
            if done:
                return done
            waiting = row.status in ("AUTHORIZED", "ACTION_REQUIRED")
            left = row.amount_minor - row.captured_minor if row.status == "AUTHORIZED" else 0
            changes = waiting and row.captured_minor < row.amount_minor
            return await _carry_out(tx, "VOID", key, row.reference, left, changes=changes)

    async def find(self, key: str, reference: str | None = None) -> Answer | None:
        """Look a key up in the books."""
        return await _elsewhere(self._find(key))

    async def _find(self, key: str) -> Answer | None:
        async with self._database.read() as conn:
            row = (await conn.execute(_CHARGED, {"key": key})).one_or_none()
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
    row = (await conn.execute(_DONE, {"key": key})).one_or_none()
    return Answer("SUCCESS", row.amount_minor, row.reference) if row else None


async def _carry_out(
    tx: AsyncConnection, kind: str, key: str, reference: str, amount_minor: int, *, changes: bool = True
) -> Answer:
    """Note an operation on a locked charge, and change the charge by it where it `changes` anything."""
    operation = {"key": key, "about": reference, "kind": kind, "amount": amount_minor}
    await tx.execute(_carrying_out(kind if changes else None), operation)
    return Answer("SUCCESS", amount_minor, reference)


_ABOUT = bindparam("about", type_=Text)
_CHARGING = (
    postgresql.insert(test_charge)
    .values(
        {
            name: bindparam(name)
            for name in ("reference", "idempotency_key", "session_id", "amount_minor", "currency", "status")
        }
    )
    .on_conflict_do_nothing()
    .returning(test_charge)
)
_CHARGED = select(test_charge).where(test_charge.c.idempotency_key == bindparam("key"))
_LOCKING = select(test_charge).where(test_charge.c.reference == _ABOUT).with_for_update()
_DONE = select(test_operation).where(test_operation.c.idempotency_key == bindparam("key"))


@built_once
def _carrying_out(change: str | None) -> Executable:
    """Return the statement that notes an operation and makes its change."""
    amount = bindparam("amount", type_=BigInteger)
    noting = insert(test_operation).values(
        idempotency_key=bindparam("key"), reference=_ABOUT, kind=bindparam("kind"), amount_minor=amount
    )
    if change is None:
        return noting
    charge = test_charge.c
    changes: dict[str, dict[str, Any]] = {
        "CAPTURE": {"captured_minor": charge.captured_minor + amount},
        "REFUND": {"refunded_minor": charge.refunded_minor + amount},
        "VOID": {"status": "VOIDED"},
    }
    changing = update(test_charge).where(charge.reference == _ABOUT).values(changes[change])
    return changing.add_cte(noting.returning(test_operation.c.reference).cte("noted"))
