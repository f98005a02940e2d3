"""Reservations: stock held for a purchase, then sold, shipped or given back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    Integer,
    Result,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.inventory import rules
from commerce_graph.inventory.errors import OutOfStock
from commerce_graph.inventory.rules import Allocation, Delta, Held, Takes, Wanted
from commerce_graph.inventory.service import levels
from commerce_graph.inventory.service.levels import Movement
from commerce_graph.inventory.tables import reservation
from commerce_graph.kernel.columns import given
from commerce_graph.kernel.statements import Given, any_key, built_once, locked

_SWEEP_LOCK = 0x686F6C6473
"""Advisory lock key: one worker sweeps at a time, so that two do not queue for the same levels."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an owner, a purchase or an order, wants held."""

    owner_id: UUID
    wanted: Sequence[Wanted]
    country: str | None


async def reserve(
    tx: AsyncConnection, owner_id: UUID, wanted: Sequence[Wanted], country: str | None, expires_at: datetime
) -> Sequence[Allocation]:
    """Hold stock for one owner, as `reserve_many` does.

    Raises: OutOfStock (inventory.errors), a Rejected(NOT_ENOUGH_STOCK) naming line and what is left.
    """
    (held,) = await reserve_many(tx, [Claim(owner_id, wanted, country)], expires_at)
    if isinstance(held, OutOfStock):
        raise held
    return held


async def reserve_many(
    tx: AsyncConnection, claims: Sequence[Claim], expires_at: datetime
) -> list[Sequence[Allocation] | OutOfStock]:
    """Hold stock for owners until `expires_at`, first come, first served: each gets all it wants, or nothing.

    From as few locations as can give it: those in the buyer's country come first, then by priority. A line may be
    split. A line that its owner holds already is not held twice. 2 statements however many claims and lines, 1 more
    where a line was held before, and 4 more where a variant sells out.
    Shape: n claims → n allocations or refusals, in input order.
    Locks: the levels in order of item and location.
    Emits: StockChanged where a variant sells out.
    """
    items = await levels.lock(tx, (line.variant_id for claim in claims for line in claim.wanted))
    left, given_to = dict(items), list[Sequence[Allocation] | OutOfStock]()
    for claim in claims:
        short = rules.shortage(claim.wanted, left)
        if short is not None:
            given_to.append(OutOfStock(short[0].line_id, short[0].variant_id, short[1]))
            continue
        allocated = rules.allocate(claim.wanted, left, claim.country)
        given_to.append(allocated)
        left |= _less(left, claim.owner_id, allocated)
    parts = {
        (claim.owner_id, part.line_id, part.location_id): part
        for claim, allocated in zip(claims, given_to, strict=True)
        if not isinstance(allocated, OutOfStock)
        for part in allocated
        if part.location_id
    }
    taken = await _hold(tx, parts, expires_at)
    movements = [_reserving(key[0], parts[key]) for key in taken]
    await levels.announce(tx, items, levels.after(items, movements))
    # Where not all was taken, or something is refused, a call that came before may have got it. Read after the lock:
    # who waited for the first one must see what that one did.
    repeated = {key[0] for key in parts.keys() - taken}
    repeated |= {c.owner_id for c, each in zip(claims, given_to, strict=True) if isinstance(each, OutOfStock)}
    held = await _held_by(tx, repeated) if repeated else {}
    return [
        _held_before(held.get(claim.owner_id, ()), claim.wanted, items) or allocated
        for claim, allocated in zip(claims, given_to, strict=True)
    ]


def _less(items: dict[UUID, rules.Item], owner_id: UUID, allocated: Sequence[Allocation]) -> dict[UUID, rules.Item]:
    """Return the items that a claim takes from, as they are for the next one."""
    mine = {part.variant_id: items[part.variant_id] for part in allocated if part.location_id}
    return levels.after(mine, [_reserving(owner_id, part) for part in allocated if part.location_id])


def _reserving(owner_id: UUID, part: Allocation) -> Movement:
    assert part.location_id is not None
    return Movement((part.variant_id, part.location_id), "RESERVE", Delta(reserved=part.quantity), owner_id)


def _held_before(
    held: Sequence[Held], wanted: Sequence[Wanted], items: Mapping[UUID, rules.Item]
) -> list[Allocation] | None:
    """Return what an owner holds for all that it wants; None where some of it is not held."""
    counted = {line.line_id for line in wanted if line.variant_id in items and items[line.variant_id].tracked}
    mine = [part for part in held if part.line_id in counted and part.quantity]
    if not mine or counted - {part.line_id for part in mine}:
        return None
    return [Allocation(part.line_id, part.item_id, part.location_id, part.quantity) for part in mine] + [
        Allocation(line.line_id, line.variant_id, None, line.quantity) for line in wanted if line.line_id not in counted
    ]


async def _hold(
    tx: AsyncConnection, parts: Mapping[tuple[UUID, UUID, UUID], Allocation], expires_at: datetime
) -> set[tuple[UUID, UUID, UUID]]:
    """Take locked stock for owners, and return what was taken: not what a line holds already. 1 statement."""
    if not parts:
        return set()
    statement, held = _holding()
    rows = held.values([(*key, part.variant_id, part.quantity) for key, part in parts.items()])
    return {tuple(row) for row in await tx.execute(statement, {**rows, "until": expires_at})}


@built_once
def _holding() -> tuple[Select[Any], Given]:
    source = Given("wanted", owner_id=Uuid, line_id=Uuid, location_id=Uuid, item_id=Uuid, quantity=Integer)
    same = (reservation.c.owner_id == source.c.owner_id, reservation.c.line_id == source.c.line_id)
    before = exists().where(*same, reservation.c.state != "RELEASED")
    names = ["owner_id", "line_id", "location_id", "item_id", "quantity"]
    until = bindparam("until", type_=reservation.c.expires_at.type)
    columns = select(*(source.c[name] for name in names), literal("HELD", Text), until).where(~before)
    adding = postgresql.insert(reservation).from_select([*names, "state", "expires_at"], columns)
    # Only what was given back before can be in the way.
    again = {name: adding.excluded[name] for name in ("item_id", "quantity", "state", "expires_at")}
    holding = adding.on_conflict_do_update(index_elements=["owner_id", "line_id", "location_id"], set_=again)
    held = holding.returning(*(reservation.c[name] for name in _HELD)).cte("held")
    entered = levels.entered(held, "RESERVE", reserved=held.c.quantity)
    changed = levels.levelled(entered).cte("levelled")
    return select(held.c.owner_id, held.c.line_id, held.c.location_id).add_cte(changed), source


_HELD = ("owner_id", "line_id", "location_id", "item_id", "quantity", "state")


async def _held_by(tx: AsyncConnection, owner_ids: Collection[UUID]) -> dict[UUID, list[Held]]:
    """Return what owners hold that is not all given back. 1 statement."""
    mine = select(*(reservation.c[name] for name in _HELD)).where(reservation.c.owner_id == func.any(list(owner_ids)))
    found: dict[UUID, list[Held]] = {}
    for row in await tx.execute(mine.where(reservation.c.state != "RELEASED").order_by(*mine.selected_columns[:3])):
        found.setdefault(row.owner_id, []).append(Held(*row[1:]))
    return found


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
    """Turn what one owner holds into a sale, as `commit_many` does. False where its hold has expired."""
    return not await commit_many(tx, [owner_id])


async def commit_many(tx: AsyncConnection, owner_ids: Sequence[UUID]) -> set[UUID]:
    """Turn what owners hold into sales: it does not expire any more. Returns those whose hold has expired.

    A hold whose end has passed, but which nobody has released, still counts: its stock is still there. An owner that
    holds nothing, because nothing of it is counted, has nothing to lose. 1 statement however many.
    Locks: the owners' reservations, no level. A sweep takes an owner whole or not at all.
    """
    return _lost(await tx.execute(_committing(), {"keys": list(owner_ids)}))


async def renew(tx: AsyncConnection, owner_id: UUID, expires_at: datetime) -> bool:
    """Move the end of an owner's hold. False where it has expired. 1 statement. Locks: as `commit`."""
    return not _lost(await tx.execute(_renewing(), {"keys": [owner_id], "until": expires_at}))


@built_once
def _committing() -> Select[Any]:
    found, kept = _keeping(state="COMMITTED", expires_at=null())
    entered = levels.entered(kept, "COMMIT", reserved=-kept.c.quantity, committed=kept.c.quantity)
    return select(found.c.owner_id, found.c.state).add_cte(entered)


@built_once
def _renewing() -> Select[Any]:
    found, kept = _keeping(expires_at=bindparam("until", type_=reservation.c.expires_at.type))
    return select(found.c.owner_id, found.c.state).add_cte(kept)


def _keeping(**values: Any) -> tuple[CTE, CTE]:
    """Return the parts of a statement that lock what owners, its `keys`, hold, and change what is still held."""
    key = (reservation.c.owner_id, reservation.c.line_id, reservation.c.location_id)
    mine = select(*key, reservation.c.state).where(reservation.c.owner_id == any_key()).order_by(*key)
    found = locked(mine, name="found")
    same = (each == found.c[each.name] for each in key)
    keeping = update(reservation).where(*same, found.c.state == "HELD")
    return found, keeping.values(**values).returning(*(reservation.c[name] for name in _HELD)).cte("kept")


def _lost(found: Result[Any]) -> set[UUID]:
    """Return the owners that have nothing any more of what they held, by the states after the lock."""
    states: dict[UUID, set[str]] = {}
    for row in found:
        states.setdefault(row.owner_id, set()).add(row.state)
    return {owner_id for owner_id, each in states.items() if each == {"RELEASED"}}


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
    parts = {(owner, part.line_id, part.location_id): part for owner in held for part in held[owner]}
    rows = [(owner, *at, quantity) for owner in takes for at, quantity in takes[owner].items()]
    if not rows:
        return
    after = await levels.record(tx, items, [_ending(parts[row[:3]], row[0], row[3], state) for row in rows])
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


def _ending(part: Held, owner_id: UUID, quantity: int, state: str) -> Movement:
    """Return what happens to a level when so much of a hold ends."""
    at = part.item_id, part.location_id
    if state == "SHIPPED":
        return Movement(at, "SHIP", Delta(on_hand=-quantity, committed=-quantity), owner_id)
    let_go = Delta(reserved=-quantity) if part.state == "HELD" else Delta(committed=-quantity)
    return Movement(at, "RELEASE", let_go, owner_id)


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
