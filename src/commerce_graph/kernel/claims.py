"""What clients did under an idempotency key: who, which request, and what it was answered, sealed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hmac import digest
from secrets import token_bytes
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    LargeBinary,
    Table,
    UniqueConstraint,
    and_,
    case,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel import limits
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.columns import key, moment, uuid, words
from commerce_graph.kernel.database import Database, metadata

NONCE_BYTES = 12

idempotency = Table(
    "idempotency",
    metadata,
    key(),
    words("caller"),
    words("key"),
    Column("request", LargeBinary, nullable=False),
    uuid("effect_id", null=True),  # what the deciding transaction of a mutation in steps made
    Column("answer", LargeBinary, nullable=True),
    moment("lease_until", null=True),
    moment("created_at", now=True),
    moment("expires_at"),
    UniqueConstraint("caller", "key"),
    CheckConstraint("octet_length(request) = 32", name="request_hashed"),
    CheckConstraint(f"length(key) BETWEEN 1 AND {limits.IDEMPOTENCY_KEY_CHARS_MAX}", name="key_bounded"),
    CheckConstraint("(answer IS NULL) = (lease_until IS NOT NULL)", name="runs_or_is_answered"),
    CheckConstraint("expires_at > created_at", name="kept_for_a_while"),
    Index("ix_idempotency_expires_at", "expires_at"),
    schema="kernel",
)
_T = idempotency.c


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under a key. `request` is a keyed hash, so that nobody can guess a password back from it."""

    caller: str
    key: str
    request: bytes

    @property
    def place(self) -> bytes:
        """Who may read the answer, and under which key; a sealed answer opens nowhere else."""
        return f"{self.caller}\n{self.key}".encode()


@dataclass(frozen=True, slots=True)
class Claim:
    """What `claim` found: `mine` to run, or an earlier request with its answer, None while it runs."""

    id: UUID
    mine: bool
    request: bytes
    answer: bytes | None


async def claim(tx: AsyncConnection, asked: Asked, lease_s: float) -> Claim:
    """Claim a key, or find who has it. 3 statements, 4 where it is taken.

    A key that has expired is free, and so is one whose holder's lease ended without an answer: the same request then
    goes on under the same claim.
    Limits: IDEMPOTENCY_WAIT_S for a twin whose holder is in a transaction, then Postgres' error 55P03.
    Locks: the key.
    """
    new = postgresql.insert(idempotency).values(
        id=new_id(),
        caller=asked.caller,
        key=asked.key,
        request=asked.request,
        lease_until=func.now() + _seconds(lease_s),
        created_at=func.now(),
        expires_at=func.now() + _seconds(limits.IDEMPOTENCY_TTL_S),
    )
    over = _T.expires_at <= func.now()
    left = and_(_T.request == new.excluded.request, _T.lease_until <= func.clock_timestamp())
    afresh: dict[str, Any] = {
        name: case((over, new.excluded[name]), else_=_T[name]) for name in ("id", "request", "created_at")
    }
    values = {**afresh, "effect_id": case((over, None), else_=_T.effect_id), "answer": None}
    values |= {"lease_until": new.excluded.lease_until, "expires_at": new.excluded.expires_at}
    taking = new.on_conflict_do_update(index_elements=[_T.caller, _T.key], set_=values, where=or_(over, left))
    # Only for the twin: what the mutation itself waits for is bounded by the whole request's time.
    await tx.execute(text(f"SET LOCAL lock_timeout = {limits.IDEMPOTENCY_WAIT_S * 1000:.0f}"))
    taken = (await tx.execute(taking.returning(_T.id))).scalar_one_or_none()
    await tx.execute(text("SET LOCAL lock_timeout = DEFAULT"))
    if taken is not None:
        return Claim(taken, True, asked.request, None)
    held = select(_T.id, _T.request, _T.answer).where(_T.caller == asked.caller, _T.key == asked.key)
    row = (await tx.execute(held)).one()  # the attempt to take it has locked it
    return Claim(row.id, False, row.request, row.answer)


async def keep(tx: AsyncConnection, claim_id: UUID, answer: bytes) -> bool:
    """Keep the answer, sealed; False where another has been kept before. 1 statement."""
    mine = update(idempotency).where(_T.id == claim_id, _T.answer.is_(None))
    return bool((await tx.execute(mine.values(answer=answer, lease_until=None))).rowcount)


async def let_go(tx: AsyncConnection, claim_id: UUID) -> None:
    """End the lease of a claim that came to no answer, so that its request can be repeated now. 1 statement."""
    mine = update(idempotency).where(_T.id == claim_id, _T.answer.is_(None))
    await tx.execute(mine.values(lease_until=func.clock_timestamp()))


async def first(db: Database, claim_id: UUID | None, work: Callable[[AsyncConnection], Awaitable[UUID]]) -> UUID:
    """Do the deciding transaction of a mutation in steps once a claim, and return what it made.

    The note that it was done is in the same transaction, so a repetition finds what was made and goes on from there.
    Without a claim it is done each time.
    Locks: the claim, before everything that `work` locks.
    """
    async with db.begin() as tx:
        if claim_id is None:
            return await work(tx)
        mine = select(_T.effect_id).where(_T.id == claim_id).with_for_update()
        made: UUID | None = (await tx.execute(mine)).scalar_one()
        if made is None:
            made = await work(tx)
            await tx.execute(update(idempotency).where(_T.id == claim_id).values(effect_id=made))
        return made


async def prune(db: Database) -> int:
    """Delete what has expired, and return how many rows. Safe to run twice at once."""
    old = select(_T.id).where(_T.expires_at <= func.now()).limit(limits.IDEMPOTENCY_PRUNED_BATCH_MAX)
    batch = old.with_for_update(skip_locked=True)
    async with db.begin() as tx:
        return (await tx.execute(delete(idempotency).where(_T.id.in_(batch)))).rowcount


def hashed(secret: bytes, *parts: bytes) -> bytes:
    """Return a hash of a request's parts that only who knows the shop's secret can compute."""
    return digest(_derived(secret, b"requests"), b"".join(len(part).to_bytes(8) + part for part in parts), "sha256")


def seal(secret: bytes, asked: Asked, answer: bytes) -> bytes:
    """Encrypt an answer: it may hold a customer's token, which is stored nowhere else."""
    nonce = token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_derived(secret, b"answers")).encrypt(nonce, answer, asked.place)


def unseal(secret: bytes, asked: Asked, sealed: bytes) -> bytes:
    """Decrypt an answer. Raises: cryptography's InvalidTag where it was sealed for another place or secret."""
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    return AESGCM(_derived(secret, b"answers")).decrypt(nonce, body, asked.place)


def _seconds(seconds: float) -> ColumnElement[Any]:
    return func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return digest(secret, b"commerce-graph idempotency: " + purpose, "sha256")
