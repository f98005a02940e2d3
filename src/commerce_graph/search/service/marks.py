"""The list of products whose documents are to be written: marked when they change, crossed off when it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, delete, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import service as catalog
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import INDEX_BATCH_MAX, INDEX_RETRY_S_MAX
from commerce_graph.search.tables import build, marks, pending

_OPEN = build.c.state.in_(("BUILDING", "LIVE"))


@dataclass(frozen=True, slots=True)
class Mark:
    """A product on the list, as it was seen there."""

    product_id: UUID
    number: int


async def mark_changed(db: Database, product_ids: Sequence[UUID]) -> None:
    """Put products on the list, if there is any index; a shop without one pays a look at an empty table.

    No change is lost where an index is only just being laid out: it is in the table before its first product is read,
    so what this statement does not see yet is read later than what is marked here.
    """
    if product_ids and await _any_index(db):
        async with db.begin() as tx:
            await mark(tx, product_ids)


async def mark_all(db: Database) -> None:
    """Put every product on the list, if there is any index: for who wrote them without telling of each."""
    after: UUID | None = None
    while await _any_index(db):
        async with db.begin() as tx:
            ids = await catalog.product_ids_after(tx, after, INDEX_BATCH_MAX)
            if not ids:
                return
            await mark(tx, ids)
        after = ids[-1]


async def _any_index(db: Database) -> bool:
    async with db.read() as conn:
        found: bool = (await conn.execute(select(exists().where(_OPEN)))).scalar_one()
    return found


async def mark(tx: AsyncConnection, product_ids: Sequence[UUID]) -> None:
    """Put products on the list, or mark them anew. 1 statement. Locks: their rows, in order of key."""
    wanted = given([(each,) for each in sorted(set(product_ids))], product_id=Uuid)
    writing = insert(pending).from_select(["product_id"], select(wanted.c.product_id).order_by(wanted.c.product_id))
    # It changed: what the index did not take may be right by now.
    again = {"mark": marks.next_value(), "tries": 0, "due_at": func.least(pending.c.due_at, func.now())}
    await tx.execute(writing.on_conflict_do_update(index_elements=["product_id"], set_=again))


async def due(conn: AsyncConnection) -> list[Mark]:
    """Return what is to be written now, what waits longest first. 1 statement. Limits: INDEX_BATCH_MAX."""
    at = pending.c
    oldest = select(at.product_id, at.mark).where(at.due_at <= func.now()).order_by(at.due_at, at.product_id)
    return [Mark(*row) for row in (await conn.execute(oldest.limit(INDEX_BATCH_MAX))).all()]


async def settle(tx: AsyncConnection, seen: Sequence[Mark], refused: Mapping[UUID, str]) -> None:
    """Cross off what was written, unless it was marked again meanwhile; what was refused is due again later.

    2 statements at most. Locks: the rows, in order of key.
    """
    told = given([(each.product_id, each.number) for each in seen], product_id=Uuid, number=BigInteger)
    same = (
        select(pending.c.product_id)
        .join(told, (told.c.product_id == pending.c.product_id) & (told.c.number == pending.c.mark))
        .order_by(pending.c.product_id)
        .with_for_update(of=pending)
        .cte("same")
    )
    if refused:
        gone = given([(each,) for each in refused], product_id=Uuid)
        wait_s = func.least(func.power(2, pending.c.tries), INDEX_RETRY_S_MAX)
        later = update(pending).where(pending.c.product_id == same.c.product_id, same.c.product_id == gone.c.product_id)
        due_at = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, wait_s)
        await tx.execute(later.values(tries=pending.c.tries + 1, due_at=due_at))
        done = [each for each in seen if each.product_id not in refused]
        if done:
            await settle(tx, done, {})
        return
    await tx.execute(delete(pending).where(pending.c.product_id == same.c.product_id))


async def waiting(conn: AsyncConnection, until: int | None = None) -> int:
    """Count what is on the list and was not refused; `until`: no later mark than this. 1 statement."""
    counted = select(func.count()).select_from(pending).where(pending.c.tries == 0)
    if until is not None:
        counted = counted.where(pending.c.mark <= until)
    total: int = (await conn.execute(counted)).scalar_one()
    return total


async def listed(conn: AsyncConnection) -> int:
    """Count all that is on the list. 1 statement."""
    total: int = (await conn.execute(select(func.count()).select_from(pending))).scalar_one()
    return total


async def newest_mark(conn: AsyncConnection) -> int:
    """Return a number that no earlier mark exceeds, and no later one falls below. 1 statement."""
    number: int = (await conn.execute(select(marks.next_value()))).scalar_one()
    return number


async def refuse(tx: AsyncConnection, product_ids: Sequence[UUID]) -> None:
    """Put products on the list that an index would not take; they are due again in a second. 1 statement."""
    wanted = given([(each,) for each in sorted(product_ids)], product_id=Uuid)
    soon = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, 1.0)
    rows = select(wanted.c.product_id, literal(1), soon).order_by(wanted.c.product_id)
    writing = insert(pending).from_select(["product_id", "tries", "due_at"], rows)
    await tx.execute(writing.on_conflict_do_nothing())
