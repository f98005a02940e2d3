"""Batched reads of customers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, LargeBinary, Select, Uuid, any_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.customer.tables import access_token, address, customer
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.kernel.auth import token_hash
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_pages

_PLACE = [member.name for member in fields(PostalAddress)]


@dataclass(frozen=True, slots=True)
class Profile:
    """What other domains may know of a customer."""

    id: UUID
    email: str
    phone: str | None
    first_name: str | None
    last_name: str | None
    default_address: PostalAddress | None


@dataclass(frozen=True, slots=True)
class Account(Profile):
    """A customer as the customer sees it."""

    default_address_id: UUID | None
    accepts_marketing: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is held against."""

    customer_id: UUID
    password_hash: str | None


async def accounts(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Account | None]:
    """Return customers. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    columns = [column for column in customer.c if column.name != "password_hash"]
    places = [address.c[name].label(f"place_{name}") for name in _PLACE]
    query = (
        select(*columns, address.c.id.label("place_id"), *places)
        .outerjoin(address, address.c.id == customer.c.default_address_id)
        .where(customer.c.id == any_(cast(list(ids), ARRAY(Uuid))))
    )
    found: dict[UUID, Account] = {}
    for row in (await conn.execute(query)).mappings():
        place = PostalAddress(*(row[f"place_{name}"] for name in _PLACE))
        found[row["id"]] = Account(
            id=row["id"],
            email=row["email"],
            phone=row["phone"],
            first_name=row["first_name"],
            last_name=row["last_name"],
            default_address=place if row["place_id"] else None,
            default_address_id=row["place_id"],
            accepts_marketing=row["accepts_marketing"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )
    return [found.get(each) for each in ids]


async def profiles(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Profile | None]:
    """Return customers. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    return await accounts(conn, ids)


async def customer_of_token(conn: AsyncConnection, token: str) -> UUID | None:
    """Return whose access token it is, None where it is unknown or has expired. 1 statement."""
    (found,) = await customers_of_tokens(conn, [token])
    return found


async def customers_of_tokens(conn: AsyncConnection, tokens: Sequence[str]) -> Sequence[UUID | None]:
    """Return whose access tokens they are.

    Shape: n tokens → n results in input order, None for one that is unknown or has expired; 1 statement.
    """
    hashes = [token_hash(token) for token in tokens]
    known = access_token.c.hash == any_(cast(hashes, ARRAY(LargeBinary)))
    query = select(access_token.c.hash, access_token.c.customer_id).where(known, access_token.c.expires_at > func.now())
    found = {row.hash: row.customer_id for row in await conn.execute(query)}
    return [found.get(each) for each in hashes]


async def credentials(conn: AsyncConnection, email: str) -> Credentials | None:
    """Return what a sign-in with a (lower-cased) email is held against. 1 statement."""
    query = select(customer.c.id, customer.c.password_hash).where(customer.c.email == email)
    row = (await conn.execute(query)).one_or_none()
    return Credentials(*row) if row else None


async def addresses(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[tuple[UUID, PostalAddress] | None]:
    """Return addresses with their ids. Shape: n keys → n results in input order, None without a row; 1 statement."""
    query = select(address).where(address.c.id == any_(cast(list(ids), ARRAY(Uuid))))
    found = {row["id"]: (row["id"], PostalAddress.read(row)) for row in (await conn.execute(query)).mappings()}
    return [found.get(each) for each in ids]


async def address_pages(conn: AsyncConnection, customer_ids: Sequence[UUID], args: PageArguments) -> Sequence[Page]:
    """Return a page of each customer's addresses, oldest first. Shape: n keys → n pages in order; 1 statement."""

    def theirs(customer_id: ColumnElement[UUID]) -> Select[Any]:
        return select(address).where(address.c.customer_id == customer_id)

    return await read_pages(conn, customer_ids, theirs, Order((address.c.id,)), args)
