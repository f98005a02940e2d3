"""Batched reads of gift cards: n keys in, n results in input order, one statement a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, DateTime, Uuid, any_, cast, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.gift_card.rules import Card
from commerce_graph.gift_card.tables import card, entry
from commerce_graph.kernel import query_syntax as syntax
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page, read_pages

COLUMNS = [card.c[member.name] for member in fields(Card)]

SORTS: Mapping[str, tuple[ColumnElement[Any], ...]] = {
    "AMOUNT_SPENT": (card.c.initial_minor - card.c.balance_minor,),
    "BALANCE": (card.c.balance_minor,),
    "CREATED_AT": (card.c.created_at,),
    "ID": (),
    "INITIAL_VALUE": (card.c.initial_minor,),
    "UPDATED_AT": (card.c.updated_at,),
}
"""What lists can be ordered by; the id decides between equals."""


class EntryRow(Protocol):
    """A row of the ledger."""

    id: UUID
    card_id: UUID
    kind: str
    amount_minor: int
    order_id: UUID | None
    note: str | None
    processed_at: datetime


def to_card(row: Any) -> Card:
    """Return a row that begins with COLUMNS as a card."""
    return Card(*row[: len(COLUMNS)])


async def cards(conn: AsyncConnection, ids: Sequence[UUID]) -> list[Card | None]:
    """Return gift cards. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    wanted = select(*COLUMNS).where(card.c.id == any_(cast(list(ids), ARRAY(Uuid))))
    found = {row.id: to_card(row) for row in await conn.execute(wanted)}
    return [found.get(each) for each in ids]


async def entries(conn: AsyncConnection, ids: Sequence[UUID]) -> list[EntryRow | None]:
    """Return entries of the ledger. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    rows: dict[UUID, Any] = {
        row.id: row for row in await conn.execute(select(entry).where(entry.c.id == any_(cast(list(ids), ARRAY(Uuid)))))
    }
    return [rows.get(each) for each in ids]


async def entry_pages(conn: AsyncConnection, card_ids: Sequence[UUID], args: PageArguments) -> list[Page]:
    """Return a page of each card's ledger, oldest first. Shape: n keys → n pages in input order; 1 statement."""
    return await read_pages(
        conn, card_ids, lambda card_id: select(entry).where(entry.c.card_id == card_id), Order((entry.c.id,)), args
    )


def _status(term: syntax.Term) -> ColumnElement[bool]:
    ended = card.c.expires_on.is_not(None) & (card.c.expires_on < now().date())
    meanings = {
        "enabled": card.c.deactivated_at.is_(None),
        "disabled": card.c.deactivated_at.is_not(None),
        "expired": ended,
    }
    return meanings.get(term.value.lower(), literal(False))


def _balance_status(term: syntax.Term) -> ColumnElement[bool]:
    empty, full = card.c.balance_minor == 0, card.c.balance_minor == card.c.initial_minor
    meanings = {
        "empty": empty,
        "full": full,
        "partial": ~empty & ~full,
        "full_or_partial": ~empty,
    }
    return meanings.get(term.value.lower(), literal(False))


FILTERS: Mapping[str, syntax.Meaning] = {
    "balance_status": _balance_status,
    "created_at": syntax.moment_field(card.c.created_at),
    "customer_id": syntax.id_field(card.c.customer_id, "Customer"),
    "expires_on": syntax.moment_field(cast(card.c.expires_on, DateTime(timezone=True))),
    "id": syntax.id_field(card.c.id, "GiftCard"),
    "status": _status,
    "updated_at": syntax.moment_field(card.c.updated_at),
}


def _words(term: syntax.Term) -> ColumnElement[bool]:
    return card.c.last_characters == term.value.upper()[-4:]


async def page(conn: AsyncConnection, query: str | None, sort: str, args: PageArguments) -> Page:
    """Return a page of gift cards; words of the query are the end of a code. 1 statement."""
    asked = syntax.condition(syntax.parse(query), FILTERS, _words)
    return await read_page(conn, select(*COLUMNS).where(asked), Order((*SORTS[sort], card.c.id)), args)
