"""The addresses that a customer keeps."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.customer.tables import address, customer
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import CUSTOMER_ADDRESSES_MAX


async def create_address(tx: AsyncConnection, customer_id: UUID, place: PostalAddress) -> UUID:
    """Add an address; the first one becomes the default.

    Limits: CUSTOMER_ADDRESSES_MAX.
    Locks: the customer.
    Raises: Rejected(BLANK | TAKEN | INVALID).
    """
    default, kept = await _lock(tx, customer_id)
    if len(kept) >= CUSTOMER_ADDRESSES_MAX:
        raise Rejected("INVALID", ["address"], f"A customer keeps at most {CUSTOMER_ADDRESSES_MAX} addresses")
    _check(place, kept)
    made = new_id()
    await tx.execute(insert(address).values(id=made, customer_id=customer_id, **place.stored()))
    await _touch(tx, customer_id, default or made)
    return made


async def update_address(
    tx: AsyncConnection, customer_id: UUID, address_id: UUID, changes: Mapping[str, str | None]
) -> None:
    """Change the given members of an address.

    Locks: the customer.
    Raises: Rejected(NOT_FOUND | BLANK | TAKEN).
    """
    default, kept = await _lock(tx, customer_id)
    place = replace(_own(kept, address_id, "id"), **changes)
    _check(place, {key: other for key, other in kept.items() if key != address_id})
    await tx.execute(update(address).where(address.c.id == address_id).values(place.stored()))
    await _touch(tx, customer_id, default)


async def delete_address(tx: AsyncConnection, customer_id: UUID, address_id: UUID) -> None:
    """Delete an address; where it was the default, the oldest of the others becomes it.

    Locks: the customer.
    Raises: Rejected(NOT_FOUND).
    """
    default, kept = await _lock(tx, customer_id)
    _own(kept, address_id, "id")
    await tx.execute(delete(address).where(address.c.id == address_id))
    if default == address_id:
        default = next((key for key in kept if key != address_id), None)
    await _touch(tx, customer_id, default)


async def set_default_address(tx: AsyncConnection, customer_id: UUID, address_id: UUID) -> None:
    """Make an address the default.

    Locks: the customer.
    Raises: Rejected(NOT_FOUND).
    """
    _, kept = await _lock(tx, customer_id)
    _own(kept, address_id, "addressId")
    await _touch(tx, customer_id, address_id)


async def _lock(tx: AsyncConnection, customer_id: UUID) -> tuple[UUID | None, dict[UUID, PostalAddress]]:
    """Lock a customer, and return the default address's id and all addresses, oldest first. 2 statements."""
    held = select(customer.c.default_address_id).where(customer.c.id == customer_id).with_for_update()
    default: UUID | None = (await tx.execute(held)).scalar_one()
    theirs = select(address).where(address.c.customer_id == customer_id).order_by(address.c.id)
    rows = (await tx.execute(theirs)).mappings()
    return default, {row["id"]: PostalAddress.read(row) for row in rows}


def _own(kept: Mapping[UUID, PostalAddress], address_id: UUID, argument: str) -> PostalAddress:
    if address_id not in kept:
        raise Rejected("NOT_FOUND", [argument], "Address does not exist")
    return kept[address_id]


def _check(place: PostalAddress, others: Mapping[UUID, PostalAddress]) -> None:
    if not any(place.stored().values()):
        raise Rejected("BLANK", ["address"], "Address can't be blank")
    if place in others.values():
        raise Rejected("TAKEN", ["address"], "Address already exists")


async def _touch(tx: AsyncConnection, customer_id: UUID, default: UUID | None) -> None:
    values = {"default_address_id": default, "updated_at": func.now()}
    await tx.execute(update(customer).where(customer.c.id == customer_id).values(values))
