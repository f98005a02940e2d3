"""The money of gift cards moves: each change is an entry of the ledger, in the statement that changes the balance."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Text, Uuid, any_, cast, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.gift_card.loaders import COLUMNS, to_card
from commerce_graph.gift_card.rules import Card
from commerce_graph.gift_card.tables import card, entry
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.columns import given

NAMES: dict[str, Any] = {
    "id": Uuid, "card_id": Uuid, "kind": Text, "amount_minor": BigInteger, "order_id": Uuid, "cause": Uuid,
    "note": Text, "processed_at": DateTime(timezone=True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A change of a card's balance; less than 0 takes off."""

    card_id: UUID
    kind: str
    amount_minor: int
    note: str | None = None
    processed_at: datetime | None = None
    order_id: UUID | None = None
    cause: UUID | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What a card pays of an order, or gets back from it: `amount_minor`, by the payment's step `cause`."""

    card_id: UUID
    order_id: UUID
    cause: UUID
    amount_minor: int


async def lock(tx: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Card]:
    """Lock gift cards and return those that there are, as they are by then. 1 statement, none for no ids.

    Locks: the cards in order of id.
    """
    if not ids:
        return {}
    wanted = select(*COLUMNS).where(card.c.id == any_(cast(list(ids), ARRAY(Uuid)))).order_by(card.c.id)
    return {row.id: to_card(row) for row in await tx.execute(wanted.with_for_update())}


async def pay(tx: AsyncConnection, some: Sequence[Spent]) -> None:
    """Take what cards pay of orders. 1 statement however many; the caller has locked the cards.

    A CHECK of the database refuses what a card does not have.
    """
    await enter(tx, [_entry("PAYMENT", each, -each.amount_minor) for each in some])


async def give_back(tx: AsyncConnection, some: Sequence[Spent]) -> None:
    """Give money of orders back to the cards that it came from, whatever became of them. At most 2 statements.

    Locks: the cards in order of id.
    """
    await lock(tx, [each.card_id for each in some])
    await enter(tx, [_entry("REFUND", each, each.amount_minor) for each in some])


def _entry(kind: str, of: Spent, amount_minor: int) -> Entry:
    return Entry(of.card_id, kind, amount_minor, order_id=of.order_id, cause=of.cause)


async def enter(tx: AsyncConnection, entries: Sequence[Entry]) -> list[UUID]:
    """Add entries to the ledger and to the balances, and return their ids. 1 statement, none for no entries.

    The caller has locked the cards.
    """
    if not entries:
        return []
    at = now()
    rows = [
        (new_id(), each.card_id, each.kind, each.amount_minor, each.order_id, each.cause, each.note,
         each.processed_at or at)
        for each in entries
    ]  # fmt: skip
    source = given(rows, **NAMES)
    added = insert(entry).from_select(list(NAMES), select(*source.c)).cte("added")
    sums = Counter[UUID]()
    for each in entries:
        sums[each.card_id] += each.amount_minor
    by = given(list(sums.items()), card_id=Uuid, amount_minor=BigInteger)
    changing = update(card).where(card.c.id == by.c.card_id)
    changed = changing.values(balance_minor=card.c.balance_minor + by.c.amount_minor, updated_at=func.now())
    await tx.execute(changed.add_cte(added))
    return [row[0] for row in rows]
