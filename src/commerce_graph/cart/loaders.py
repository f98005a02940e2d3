"""Batched reads of carts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from commerce_graph.cart.rules import Attributes, Line
from commerce_graph.cart.tables import address, cart, line
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.kernel.statements import any_key, built_once


@dataclass(frozen=True, slots=True)
class Address:
    """A delivery address of a cart; at most one is selected."""

    id: UUID
    address: PostalAddress
    selected: bool
    one_time_use: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """How the buyer means to pay: a session with the provider, or nothing because nothing is due."""

    session_id: str | None
    amount_minor: int
    currency: str
    billing_address: PostalAddress
    source_identifier: str | None = None

    def stored(self) -> dict[str, Any]:
        """Return the payment as a JSON document."""
        return {
            "session_id": self.session_id,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
            "billing_address": self.billing_address.stored(),
            "free": self.session_id is None,
            "source_identifier": self.source_identifier,
        }


@dataclass(frozen=True, slots=True)
class Contents:
    """A cart as it is stored: no price is in it."""

    id: UUID
    channel_id: UUID | None
    state: str
    country: str | None
    language: str | None
    customer_id: UUID | None
    email: str | None
    phone: str | None
    note: str
    attributes: Attributes
    discount_codes: tuple[str, ...]
    gift_card_ids: tuple[UUID, ...]
    delivery_handle: str | None
    payment: Payment | None
    order_id: UUID | None
    created_at: datetime
    updated_at: datetime
    lines: tuple[Line, ...] = ()
    addresses: tuple[Address, ...] = ()

    @property
    def delivered_to(self) -> Address | None:
        """The selected delivery address."""
        return next((each for each in self.addresses if each.selected), None)


async def contents(conn: AsyncConnection, cart_ids: Sequence[UUID]) -> Sequence[Contents | None]:
    """Return carts with lines and addresses. Shape: n keys → n results in input order, None where there is no row;
    1 statement.
    """
    rows = (await conn.execute(_whole(), {"keys": list(cart_ids)})).all()
    found = {row.id: _contents(row._mapping) for row in rows}
    return [found.get(cart_id) for cart_id in cart_ids]


@built_once
def _whole() -> Select[Any]:
    lines = _documents(line, ("id", "variant_id", "product_id", "quantity", "attributes", "position"), "position")
    addresses = _documents(address, ("id", "address", "selected", "one_time_use"))
    return select(cart, lines.label("lines"), addresses.label("addresses")).where(cart.c.id == any_key())


def _documents(table: Table, names: Sequence[str], *order: str) -> ColumnElement[Any]:
    members = [part for name in names for part in (name, table.c[name])]
    rows = aggregate_order_by(func.jsonb_build_object(*members), *(table.c[name] for name in (*order, "id")))
    gathered = func.coalesce(func.jsonb_agg(rows), cast([], JSONB), type_=JSONB)
    return select(gathered).where(table.c.cart_id == cart.c.id).scalar_subquery()


def _contents(row: Mapping[Any, Any]) -> Contents:
    plain = (
        "id", "channel_id", "state", "country", "language", "customer_id", "email", "phone", "note",
        "delivery_handle", "order_id", "created_at", "updated_at",
    )  # fmt: skip
    return Contents(
        **{name: row[name] for name in plain},
        attributes=_attributes(row["attributes"]),
        discount_codes=tuple(row["discount_codes"]),
        gift_card_ids=tuple(UUID(each) for each in row["gift_cards"]),
        payment=_payment(row["payment"]) if row["payment"] else None,
        lines=tuple(
            Line(
                UUID(each["id"]), UUID(each["variant_id"]), UUID(each["product_id"]), each["quantity"],
                _attributes(each["attributes"]), each["position"],
            )
            for each in row["lines"]
        ),
        addresses=tuple(
            Address(UUID(each["id"]), PostalAddress.read(each["address"]), each["selected"], each["one_time_use"])
            for each in row["addresses"]
        ),
    )  # fmt: skip


def _attributes(stored: Sequence[Mapping[str, str]]) -> Attributes:
    return tuple((pair["key"], pair["value"]) for pair in stored)


def _payment(stored: Mapping[str, Any]) -> Payment:
    return Payment(
        stored["session_id"],
        stored["amount_minor"],
        stored["currency"],
        PostalAddress.read(stored["billing_address"]),
        stored["source_identifier"],
    )
