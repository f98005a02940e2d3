"""Access tokens of customers: given out for a password, hashed at rest, and bounded in time and number."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.customer import rules
from commerce_graph.customer.loaders import Credentials, credentials, customer_of_token
from commerce_graph.customer.service import passwords
from commerce_graph.customer.tables import access_token, customer
from commerce_graph.kernel import attempts, limits
from commerce_graph.kernel.auth import new_token, token_hash
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected, RequestError

EXPIRED_BATCH_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Session:
    """A customer's access token and until when it is good."""

    customer_id: UUID
    token: str
    expires_at: datetime


async def sign_in(db: Database, redis: Redis, email: str, password: str) -> Session:
    """Give out an access token for an email and password. Nothing tells whether there is such an account.

    Limits: SIGN_IN_ATTEMPTS_MAX for an email in SIGN_IN_WINDOW_S (not counted while Redis is gone);
    CUSTOMER_TOKENS_MAX, the oldest make room; CUSTOMER_TOKEN_TTL_S.
    Locks: the customer.
    Raises: Rejected(UNIDENTIFIED_CUSTOMER), RequestError(THROTTLED).
    """
    known = rules.email_of(email)
    await _count_attempt(redis, known)
    found = None
    if known is not None:
        async with db.read() as conn:
            found = await credentials(conn, known)
    stored = found.password_hash if found else None
    if not await passwords.matches(stored, password) or found is None or stored is None:
        raise _unidentified()
    renewed = await passwords.hashed(password) if passwords.needs_renewal(stored) else None
    async with db.begin() as tx:
        await _hold(tx, found, renewed)
        session = await new_session(tx, found.customer_id)
    await _forget_attempts(redis, known)
    return session


async def _hold(tx: AsyncConnection, seen: Credentials, renewed: str | None) -> None:
    """Hold the customer, unless the password was changed since it was verified: that revokes what it would give."""
    same = (customer.c.id == seen.customer_id, customer.c.password_hash == seen.password_hash)
    held = select(customer.c.id).where(*same).with_for_update()
    if (await tx.execute(held)).one_or_none() is None:
        raise _unidentified()
    if renewed is not None:
        await tx.execute(update(customer).where(*same).values(password_hash=renewed))


def _unidentified() -> Rejected:
    return Rejected("UNIDENTIFIED_CUSTOMER", None, "Unidentified customer")


async def new_session(tx: AsyncConnection, customer_id: UUID) -> Session:
    """Give out an access token. The caller holds the customer. 2 statements. Limits: as `sign_in`."""
    tokens = access_token.c
    kept = (
        select(tokens.hash)
        .where(tokens.customer_id == customer_id)
        .order_by(tokens.created_at.desc(), tokens.hash)
        .limit(limits.CUSTOMER_TOKENS_MAX - 1)
    )
    await tx.execute(delete(access_token).where(tokens.customer_id == customer_id, tokens.hash.not_in(kept)))
    session = Session(customer_id, new_token("customer"), now() + timedelta(seconds=limits.CUSTOMER_TOKEN_TTL_S))
    row = {"hash": token_hash(session.token), "customer_id": customer_id, "expires_at": session.expires_at}
    await tx.execute(insert(access_token).values(row))
    return session


async def renew(tx: AsyncConnection, token: str) -> Session:
    """Move a token's expiry to CUSTOMER_TOKEN_TTL_S from now; the token stays the same. 1 statement.

    Raises: Rejected(TOKEN_INVALID) for one that is unknown or has expired.
    """
    until = now() + timedelta(seconds=limits.CUSTOMER_TOKEN_TTL_S)
    valid = (access_token.c.hash == token_hash(token), access_token.c.expires_at > func.now())
    renewed = update(access_token).where(*valid).values(expires_at=until).returning(access_token.c.customer_id)
    row = (await tx.execute(renewed)).one_or_none()
    if row is None:
        raise invalid_token()
    return Session(row.customer_id, token, until)


async def sign_out(tx: AsyncConnection, token: str) -> None:
    """Delete a token. 1 statement.

    Raises: Rejected(TOKEN_INVALID) for one that is unknown or has expired.
    """
    gone = delete(access_token).where(access_token.c.hash == token_hash(token))
    row = (await tx.execute(gone.returning(access_token.c.expires_at))).one_or_none()
    if row is None or row.expires_at <= now():
        raise invalid_token()


async def signed_in(conn: AsyncConnection, token: str) -> UUID:
    """Return whose token it is. 1 statement.

    Raises: Rejected(TOKEN_INVALID).
    """
    found = await customer_of_token(conn, token)
    if found is None:
        raise invalid_token()
    return found


def invalid_token() -> Rejected:
    """Return the refusal of a token that is unknown, was deleted or has expired."""
    return Rejected("TOKEN_INVALID", ["customerAccessToken"], "Customer access token is not valid")


async def delete_expired_tokens(resources: Resources) -> int:
    """Delete expired access tokens, and return how many. Safe to run twice at once."""
    old = select(access_token.c.hash).where(access_token.c.expires_at <= func.now())
    batch = old.limit(EXPIRED_BATCH_MAX).with_for_update(skip_locked=True)
    deleted = 0
    while True:
        async with resources.database.begin() as tx:
            size = (await tx.execute(delete(access_token).where(access_token.c.hash.in_(batch)))).rowcount
        deleted += size
        if size < EXPIRED_BATCH_MAX:
            return deleted


async def _count_attempt(redis: Redis, email: str | None) -> None:
    # Counted before the password is looked at, so that a thousand guesses sent at once are a thousand attempts.
    if email is None:
        return
    most = {_counter(email): limits.SIGN_IN_ATTEMPTS_MAX}
    if await attempts.too_many(redis, most, limits.SIGN_IN_WINDOW_S, "customer.attempts_not_counted"):
        minutes = limits.SIGN_IN_WINDOW_S // 60
        raise RequestError("THROTTLED", f"Too many sign-in attempts for this email; try again in {minutes} minutes.")


async def _forget_attempts(redis: Redis, email: str | None) -> None:
    await attempts.forget(redis, _counter(email or ""), "customer.attempts_not_forgotten")


def _counter(email: str) -> str:
    return f"commerce-graph:sign-in:{sha256(email.encode()).hexdigest()}"
