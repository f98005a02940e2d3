"""Batched reads of payments."""

from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.payment import tables
from commerce_graph.payment.rules import Balance, Transaction

_BALANCE = [tables.balance.c[member.name] for member in fields(Balance)]
_TRANSACTION = [tables.transaction.c[member.name] for member in fields(Transaction)]


async def balances(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[Balance | None]:
    """Return balances. Shape: n keys → n results in input order, None where there is none; 1 statement."""
    table = tables.balance
    query = select(table.c.order_id, *_BALANCE).where(table.c.order_id == any_(cast(list(order_ids), ARRAY(Uuid))))
    found = {row.order_id: Balance(*row[1:]) for row in await conn.execute(query)}
    return [found.get(order_id) for order_id in order_ids]


async def transactions(conn: AsyncConnection, order_ids: Sequence[UUID]) -> Sequence[Sequence[Transaction]]:
    """Return transactions, oldest first. Shape: n keys → n lists in input order; 1 statement."""
    table = tables.transaction
    query = select(*_TRANSACTION).where(table.c.order_id == any_(cast(list(order_ids), ARRAY(Uuid))))
    groups: dict[UUID, list[Transaction]] = {order_id: [] for order_id in order_ids}
    for row in await conn.execute(query.order_by(table.c.created_at, table.c.id)):
        groups[row.order_id].append(Transaction(*row))
    return [groups[order_id] for order_id in order_ids]
