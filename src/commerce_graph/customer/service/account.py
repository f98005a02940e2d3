"""Accounts: opened by an email and password, changed by who is signed in."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.customer import rules
from commerce_graph.customer.service import passwords
from commerce_graph.customer.service.sign_in import Session, new_session, signed_in
from commerce_graph.customer.tables import access_token, customer
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected


async def create_customer(db: Database, details: Mapping[str, Any]) -> UUID:
    """Open an account with `email` and `password`, and whatever else `rules.checked` knows.

    Raises: Rejected(TAKEN) for a known email, and what `rules.checked` refuses.
    """
    values = rules.checked({"email": None, "password": None, **details}, "input")
    values["password_hash"] = await passwords.hashed(values.pop("password"))
    new = postgresql.insert(customer).values(id=new_id(), **values).on_conflict_do_nothing()
    async with db.begin() as tx:
        made: UUID | None = (await tx.execute(new.returning(customer.c.id))).scalar_one_or_none()
    if made is None:
        raise _taken("input")
    return made


async def update_customer(db: Database, token: str, details: Mapping[str, Any]) -> tuple[UUID, Session | None]:
    """Change the account of who is signed in; only what is given. A new password revokes every token and gives one.

    Locks: the customer.
    Raises: Rejected(TOKEN_INVALID | TAKEN), and what `rules.checked` refuses.
    """
    values = rules.checked(details, "customer")
    async with db.read() as conn:
        customer_id = await signed_in(conn, token)
    password = values.pop("password", None)
    if password is not None:
        values["password_hash"] = await passwords.hashed(password)
    try:
        async with db.begin() as tx:
            return customer_id, await _update(tx, customer_id, token, values)
    except IntegrityError as broken:
        if "uq_customer_email" in str(broken.orig):
            raise _taken("customer") from None
        raise


async def _update(tx: AsyncConnection, customer_id: UUID, token: str, values: dict[str, Any]) -> Session | None:
    theirs = update(customer).where(customer.c.id == customer_id)
    await tx.execute(theirs.values(**values, updated_at=func.now()))
    # Asked again now that the row is held: a change of password in the meantime has revoked the token.
    await signed_in(tx, token)
    if "password_hash" not in values:
        return None
    await tx.execute(delete(access_token).where(access_token.c.customer_id == customer_id))
    return await new_session(tx, customer_id)


def _taken(path: str) -> Rejected:
    return Rejected("TAKEN", [path, "email"], "Email has already been taken")
