"""Locks that come before any row: who edits a product, and who edits the rules of collections.

An edit touches stock, prices and the catalogue, whose rows have their own order (docs/reliability.md). With the
product held first, two edits of it never meet in the middle, and what one has read of it stays true while it writes.
"""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

RULES_LOCK = 0x636F6C6C656374
"""Advisory lock key: shared by whoever changes what rules look at, exclusive to whoever changes rules."""


def _number(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)


async def hold_products(tx: AsyncConnection, product_ids: Sequence[UUID]) -> None:
    """Keep other edits of these products, and changes of collections' rules, waiting until the transaction ends.

    Call it before any row is locked. Repeating it in the transaction is free. 1 statement.
    Locks: advisory, in a fixed order.
    """
    await _hold(tx, [f"product {product_id}" for product_id in product_ids])


async def hold_handle(tx: AsyncConnection, handle: str) -> None:
    """Keep other creations under this handle waiting until the transaction ends. 1 statement."""
    await _hold(tx, [f"handle {handle}"])


async def _hold(tx: AsyncConnection, names: Sequence[str]) -> None:
    numbers = sorted({_number(name) for name in names})
    key = func.unnest(cast(numbers, ARRAY(BigInteger))).column_valued("key")
    await tx.execute(select(func.pg_advisory_xact_lock_shared(RULES_LOCK), func.pg_advisory_xact_lock(key)))


async def hold_rules(tx: AsyncConnection) -> None:
    """Keep edits of products and of other collections' rules waiting until the transaction ends. 1 statement."""
    await tx.execute(select(func.pg_advisory_xact_lock(RULES_LOCK)))
