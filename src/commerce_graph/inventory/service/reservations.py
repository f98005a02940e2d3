"""Reservations: stock held for a purchase, then sold, shipped or given back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Text, Uuid, case, exists, func, literal, null, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory import rules
from commerce_graph.inventory.errors import OutOfStock
from commerce_graph.inventory.rules import Allocation, Held, Takes, Wanted
from commerce_graph.inventory.service import levels
from commerce_graph.inventory.tables import level, reservation
from commerce_graph.kernel.columns import given

_SWEEP_LOCK = 0x686F6C6473
"""Advisory lock key: one worker sweeps at a time, so that two do not queue for the same levels."""


async def reserve(
    tx: AsyncConnection, owner_id: UUID, wanted: Sequence[Wanted], country: str | None, expires_at: datetime
) -> Sequence[Allocation]:
    """Hold stock for a purchase until `expires_at`, from as few locations as can give it.

    Locations in the buyer's country come first, then by priority. A line may be split. Repeating it for the same owner
    returns what was allocated, unless all of it was given back meanwhile: then it is held anew. 2 statements however
    many lines, and 4 more where a variant sells out.
    Locks: the levels in order of item and location.
    Emits: StockChanged where a variant sells out.
    Raises: OutOfStock (inventory.errors), a Rejected(NOT_ENOUGH_STOCK) naming line and what is left.
    """
    items = await levels.lock(tx, (line.variant_id for line in wanted))
    short = rules.shortage(wanted, items)
    allocated = [] if short else rules.allocate(wanted, items, country)
    moves: dict[rules.At, tuple[int, int]] = {}
    for part in allocated:
        if part.location_id:
            at = part.variant_id, part.location_id
            moves[at] = 0, moves.get(at, (0, 0))[1] + part.quantity
    if moves and await _hold(tx, owner_id, allocated, expires_at):
        await levels.announce(tx, items, {key: rules.moved(each, moves) for key, each in items.items()})
        return allocated
    # Nothing was held by this call: too much is wanted, nothing is counted, or it was done before. Read after the
    # lock: a repeated call that waited for the first one must see what that one did.
    held = await _held(tx, owner_id)
    if any(part.state != "RELEASED" for part in held):
        return _allocated(held, wanted)
    if short:
        line, left = short
        raise OutOfStock(line.line_id, line.variant_id, left)
    return allocated


def _allocated(held: Sequence[Held], wanted: Sequence[Wanted]) -> list[Allocation]:
    counted = {part.line_id for part in held}
    return [
        Allocation(part.line_id, part.item_id, part.location_id, part.quantity) for part in held if part.quantity
    ] + [
        Allocation(line.line_id, line.variant_id, None, line.quantity) for line in wanted if line.line_id not in counted
    ]


async def _hold(tx: AsyncConnection, owner_id: UUID, allocated: Sequence[Allocation], expires_at: datetime) -> bool:
    """Take locked stock for an owner; False, and nothing changed, for one that holds some already. 1 statement."""
    parts = [(p.line_id, p.location_id, p.variant_id, p.quantity) for p in allocated if p.location_id]
    source = given(parts, line_id=Uuid, location_id=Uuid, item_id=Uuid, quantity=Integer)
    mine = exists().where(reservation.c.owner_id == owner_id, reservation.c.state != "RELEASED")
    columns = select(literal(owner_id, Uuid), *source.c, literal("HELD", Text), literal(expires_at)).where(~mine)
    names = ["owner_id", *(column.name for column in source.c), "state", "expires_at"]
    adding = postgresql.insert(reservation).from_select(names, columns)
    # Only what was given back before can be in the way.
    again = {name: adding.excluded[name] for name in ("item_id", "quantity", "state", "expires_at")}
    holding = adding.on_conflict_do_update(index_elements=["owner_id", "line_id", "location_id"], set_=again)
    held = holding.returning(reservation.c.item_id, reservation.c.location_id, reservation.c.quantity).cte("held")
    at = (held.c.item_id, held.c.location_id)
    sums = select(*at, func.sum(held.c.quantity).label("quantity")).group_by(*at).subquery("sums")
    taking = update(level).where(level.c.item_id == sums.c.item_id, level.c.location_id == sums.c.location_id)
    taken = await tx.execute(taking.values(committed=level.c.committed + sums.c.quantity, updated_at=func.now()))
    return bool(taken.rowcount)


async def _held(tx: AsyncConnection, owner_id: UUID, *, lock: bool = False) -> list[Held]:
    mine = (
        select(
            reservation.c.line_id,
            reservation.c.location_id,
            reservation.c.item_id,
            reservation.c.quantity,
            reservation.c.state,
        )
        .where(reservation.c.owner_id == owner_id)
        .order_by(reservation.c.line_id, reservation.c.location_id)
    )
    return [Held(*row) for row in await tx.execute(mine.with_for_update() if lock else mine)]


async def commit(tx: AsyncConnection, owner_id: UUID) -> bool:
    """Turn what an owner holds into a sale: it does not expire any more. False where a hold has expired.

    A hold whose end has passed, but which nobody has released, still counts: its stock is still there. An owner that
    holds nothing, because nothing of it is counted, has nothing to lose. 1 statement.
    Locks: the owner's reservations. A sweep takes an owner whole or not at all.
    """
    return await _keep(tx, owner_id, state="COMMITTED", expires_at=null())


async def renew(tx: AsyncConnection, owner_id: UUID, expires_at: datetime) -> bool:
    """Move the end of an owner's hold. False where it has expired. 1 statement. Locks: as `commit`."""
    return await _keep(tx, owner_id, expires_at=expires_at)


async def _keep(tx: AsyncConnection, owner_id: UUID, **values: Any) -> bool:
    """Change what an owner holds, and tell whether it still has it. The states are those after the lock."""
    key = (reservation.c.line_id, reservation.c.location_id)
    mine = select(*key, reservation.c.state).where(reservation.c.owner_id == owner_id).order_by(*key)
    found = mine.with_for_update().cte("found").prefix_with("MATERIALIZED")
    same = (reservation.c.line_id == found.c.line_id, reservation.c.location_id == found.c.location_id)
    keeping = update(reservation).where(reservation.c.owner_id == owner_id, *same, found.c.state == "HELD")
    states = (await tx.execute(select(found.c.state).add_cte(keeping.values(**values).cte("kept")))).scalars().all()
    return not states or any(state != "RELEASED" for state in states)


async def release(tx: AsyncConnection, owner_id: UUID, parts: Sequence[tuple[UUID, UUID, int]] | None = None) -> None:
    """Give back what an owner holds: all of it, or (line_id, location_id, quantity) of some lines.

    Repeating it changes nothing where all is given back. Lines that never held anything (untracked variants) are
    skipped.
    Locks: the levels in order of item and location, then the reservations.
    Emits: StockChanged where a variant can be bought again.
    Raises: Rejected(INVALID) for more than a line holds there.
    """
    items = await levels.lock(tx, [part.item_id for part in await _held(tx, owner_id)])
    held = await _held(tx, owner_id, lock=True)
    takes = rules.take_all(held) if parts is None else rules.take(held, parts, ("HELD", "COMMITTED"))
    await _end(tx, items, {owner_id: held}, {owner_id: takes}, "RELEASED")


async def ship(tx: AsyncConnection, owner_id: UUID, picks: Sequence[tuple[UUID, UUID, int]]) -> None:
    """Take sold stock out of the house: (line_id, location_id, quantity). On hand and committed fall together.

    Lines that never held anything (untracked variants) are skipped.
    Locks: the levels in order of item and location, then the reservations.
    Raises: Rejected(INVALID) for more than the line holds there, or for goods that are not sold yet.
    """
    items = await levels.lock(tx, [part.item_id for part in await _held(tx, owner_id)])
    held = await _held(tx, owner_id, lock=True)
    await _end(tx, items, {owner_id: held}, {owner_id: rules.take(held, picks, ("COMMITTED",))}, "SHIPPED")


async def _end(
    tx: AsyncConnection,
    items: dict[UUID, rules.Item],
    held: dict[UUID, list[Held]],
    takes: dict[UUID, Takes],
    state: str,
) -> None:
    """Lower what owners hold; a hold that reaches zero ends in `state`. 2 statements, and more where lines flip."""
    item_at = {(owner, part.line_id, part.location_id): part.item_id for owner in held for part in held[owner]}
    moves: dict[rules.At, tuple[int, int]] = {}
    rows = [(owner, *at, quantity) for owner in takes for at, quantity in takes[owner].items()]
    for owner, line_id, location_id, quantity in rows:
        at = item_at[owner, line_id, location_id], location_id
        on_hand, committed = moves.get(at, (0, 0))
        moves[at] = on_hand - (quantity if state == "SHIPPED" else 0), committed - quantity
    if not rows:
        return
    after = await levels.move(tx, items, moves)
    by = given(rows, owner_id=Uuid, line_id=Uuid, location_id=Uuid, quantity=Integer)
    ended = reservation.c.quantity == by.c.quantity
    await tx.execute(
        update(reservation)
        .values(
            quantity=reservation.c.quantity - by.c.quantity,
            state=case((ended, state), else_=reservation.c.state),
            expires_at=case((ended, null()), else_=reservation.c.expires_at),
        )
        .where(*(reservation.c[name] == by.c[name] for name in ("owner_id", "line_id", "location_id")))
    )
    await levels.announce(tx, items, after)


async def release_expired(tx: AsyncConnection, limit: int) -> int:
    """Release holds that have expired, at most `limit` owners, and return how many. Skips what others work on.

    Locks: an advisory lock (a second sweeper returns 0), the levels in order of item and location, then the
    reservations that nobody else has locked; an owner of which one is missing is left alone.
    """
    if not (await tx.execute(select(func.pg_try_advisory_xact_lock(_SWEEP_LOCK)))).scalar():
        return 0
    overdue = (reservation.c.state == "HELD", reservation.c.expires_at < func.now())
    owners = (
        select(reservation.c.owner_id)
        .where(*overdue)
        .group_by(reservation.c.owner_id)
        .order_by(func.min(reservation.c.expires_at))
        .limit(limit)
    )
    columns = ("owner_id", "line_id", "location_id", "item_id", "quantity", "state")
    rows = select(*(reservation.c[name] for name in columns))
    found = (await tx.execute(rows.where(reservation.c.state == "HELD", reservation.c.owner_id.in_(owners)))).all()
    if not found:
        return 0
    items = await levels.lock(tx, {row.item_id for row in found})
    mine = rows.where(*overdue, reservation.c.owner_id == func.any(list({row.owner_id for row in found})))
    order = (reservation.c.owner_id, reservation.c.line_id, reservation.c.location_id)
    locked = {tuple(row[:3]): row for row in await tx.execute(mine.order_by(*order).with_for_update(skip_locked=True))}
    left_alone = {row.owner_id for row in found if tuple(row[:3]) not in locked}
    held: dict[UUID, list[Held]] = {}
    for row in locked.values():
        if row.owner_id not in left_alone:
            held.setdefault(row.owner_id, []).append(Held(*row[1:]))
    await _end(tx, items, held, {owner: rules.take_all(parts) for owner, parts in held.items()}, "RELEASED")
    return len(held)
