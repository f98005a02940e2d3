"""How a cart is changed: locked, read, changed as a value, and what differs is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart.loaders import Contents, contents
from commerce_graph.cart.rules import Attributes, Notice
from commerce_graph.cart.tables import address, cart, line
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Reads
from commerce_graph.kernel.errors import Rejected


@dataclass(frozen=True, slots=True)
class Written:
    """A changed cart, what could not be done in full, and what the transaction read on the way."""

    cart: Contents
    reads: Reads
    notices: Sequence[Notice] = ()


async def locked(reads: Reads, cart_id: UUID) -> Contents:
    """Return a cart that may be changed, its row locked. 2 statements.

    Locks: the cart's row. The contents are read after it: in one statement they would be as old as its start.
    Raises: Rejected(INVALID) for a cart that there is not, or that is being bought or was.
    """
    state = (await reads.conn.execute(select(cart.c.state).where(cart.c.id == cart_id).with_for_update())).scalar()
    if state is None:
        raise no_such_cart()
    if state != "OPEN":
        told = "is being bought" if state == "SUBMITTED" else "was bought"
        raise Rejected("INVALID", ["cartId"], f"The cart {told} and cannot be changed.")
    (found,) = await reads.load_many(contents, [cart_id])
    assert isinstance(found, Contents)
    return found


def no_such_cart() -> Rejected:
    """Return the refusal of a cart that there is not, or that the caller has not shown the id of."""
    return Rejected("INVALID", ["cartId"], "The specified cart does not exist.")


async def save_new(reads: Reads, new: Contents, notices: Sequence[Notice] = ()) -> Written:
    """Write a new cart. At most 3 statements."""
    fixed = {"id": new.id, "created_at": new.created_at, "channel_id": new.channel_id}
    await reads.conn.execute(insert(cart).values(**fixed, **_columns(new)))
    if new.lines:
        await reads.conn.execute(insert(line).values(_line_rows(new)))
    if new.addresses:
        await reads.conn.execute(insert(address).values(_address_rows(new)))
    return _written(reads, new, notices)


async def save(reads: Reads, before: Contents, after: Contents, notices: Sequence[Notice] = ()) -> Written:
    """Write what differs. At most 5 statements, however many lines; the cart's row is locked already."""
    after = replace(after, updated_at=now())
    # A line that changed its key makes room first, else two lines could not swap their attributes.
    keys = {each.id: each.key for each in before.lines}
    kept = {each.id for each in after.lines if keys.get(each.id) == each.key}
    await _remove(reads.conn, line, [each.id for each in before.lines if each.id not in kept])
    stay = {each.id for each in after.addresses}
    await _remove(reads.conn, address, [each.id for each in before.addresses if each.id not in stay])
    touch = update(cart).where(cart.c.id == after.id).values(**_columns(after), version=cart.c.version + 1)
    lines = _differing(_line_rows(after), _line_rows(before))
    if lines:
        writing = postgresql.insert(line).values(lines)
        writing = writing.on_conflict_do_update(index_elements=["id"], set_={"quantity": writing.excluded.quantity})
        await reads.conn.execute(writing.add_cte(touch.returning(cart.c.id).cte("touched")))
    else:
        await reads.conn.execute(touch)
    addresses = _differing(_address_rows(after), _address_rows(before))
    if addresses:
        await _save_addresses(reads.conn, addresses)
    return _written(reads, after, notices)


def _written(reads: Reads, after: Contents, notices: Sequence[Notice]) -> Written:
    reads.seen[contents, ()] = {after.id: after}
    return Written(after, reads, notices)


async def _remove(tx: AsyncConnection, table: Any, ids: Sequence[UUID]) -> None:
    if ids:
        await tx.execute(delete(table).where(table.c.id.in_(ids)))


async def _save_addresses(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    # One address is selected at most, checked row by row: those that are not come first.
    writing = postgresql.insert(address).values(sorted(rows, key=lambda row: bool(row["selected"])))
    names = ("address", "selected", "one_time_use")
    await tx.execute(
        writing.on_conflict_do_update(index_elements=["id"], set_={name: writing.excluded[name] for name in names})
    )


def _differing(after: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {row["id"]: row for row in before}
    return [row for row in after if known.get(row["id"]) != row]


def _columns(of: Contents) -> dict[str, Any]:
    names = ("country", "language", "customer_id", "email", "phone", "note", "delivery_handle", "updated_at")
    return {name: getattr(of, name) for name in names} | {
        "attributes": _pairs(of.attributes),
        "discount_codes": list(of.discount_codes),
        "gift_cards": [str(each) for each in of.gift_card_ids],
        "payment": of.payment and of.payment.stored(),
    }


def _pairs(attributes: Attributes) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in attributes]


def _line_rows(of: Contents) -> list[dict[str, Any]]:
    return [
        {
            "id": each.id, "cart_id": of.id, "position": each.position, "variant_id": each.variant_id,
            "product_id": each.product_id, "quantity": each.quantity, "attributes": _pairs(each.attributes),
        }
        for each in of.lines
    ]  # fmt: skip


def _address_rows(of: Contents) -> list[dict[str, Any]]:
    return [
        {
            "id": each.id, "cart_id": of.id, "address": each.address.stored(), "selected": each.selected,
            "one_time_use": each.one_time_use,
        }
        for each in of.addresses
    ]  # fmt: skip
