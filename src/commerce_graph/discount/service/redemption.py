"""The uses of discounts: held while a purchase is under way, used once it is an order, released where it fails."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Text, Uuid, any_, cast, func, insert, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.discount.rules import Discount
from commerce_graph.discount.tables import discount, redemption
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.columns import given


@dataclass(frozen=True, slots=True)
class Redemption:
    """The discounts that a purchase takes, by the id that its order will have."""

    order_id: UUID
    customer_id: UUID | None
    contact: str | None
    discounts: Sequence[Discount]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a purchase cannot have what it was priced with."""

    discount_id: UUID
    message: str


USED_UP = "was used as often as it may be"
HAD = "can be had once, and was"
CHANGED = "was changed just now"


def contact_of(email: str | None, phone: str | None) -> str | None:
    """Return what a buyer without an account is known by: a hash, for the ledger outlives the cart."""
    said = (email or "").strip().lower() or "".join(char for char in phone or "" if char.isdigit())
    return sha256(said.encode()).hexdigest() if said else None


async def redeem(tx: AsyncConnection, redemptions: Sequence[Redemption]) -> list[Refusal | None]:
    """Hold the discounts of purchases, each whole or not at all. Shape: n redemptions → n refusals in input order.

    Who comes first in the list has the first claim. 2 statements however many purchases, 3 where one of the discounts
    can be had once per customer, none where nothing is to be held.
    Locks: the discounts by id, those whose uses are counted against each other, the others against a change only.
    """
    wanted = [each for one in redemptions for each in one.discounts]
    if not wanted:
        return [None] * len(redemptions)
    left = await _locked(tx, wanted)
    had = await _had(tx, redemptions)
    refusals: list[Refusal | None] = []
    rows: list[list[Any]] = []
    for one in redemptions:
        refusal = next((why for each in one.discounts if (why := _refusal(one, each, left, had))), None)
        refusals.append(refusal)
        if refusal is None:
            for each in one.discounts:
                at = (each.id, each.version)
                left[at] = None if (rest := left[at]) is None else rest - 1
                had |= {(each.id, who) for who in _who(one)} if each.once_per_customer else set()
                rows.append([new_id(), each.id, one.order_id, each.code, one.customer_id, one.contact,
                             each.once_per_customer])  # fmt: skip
    if rows:
        await _write(tx, rows)
    return refusals


def _who(one: Redemption) -> list[str]:
    return [who for who in (one.customer_id and str(one.customer_id), one.contact) if who]


def _refusal(
    one: Redemption, each: Discount, left: Mapping[tuple[UUID, int], int | None], had: set[tuple[UUID, str]]
) -> Refusal | None:
    why, at = None, (each.id, each.version)
    if at not in left:
        why = CHANGED
    elif (rest := left[at]) is not None and rest < 1:
        why = USED_UP
    elif each.once_per_customer and any((each.id, who) in had for who in _who(one)):
        why = HAD
    return None if why is None else Refusal(each.id, f"The discount `{each.code or each.title}` {why}.")


async def _locked(tx: AsyncConnection, wanted: Sequence[Discount]) -> dict[tuple[UUID, int], int | None]:
    """Lock discounts and return how often each, in the version that it has, can still be used; None for no limit."""
    counted = sorted({each.id for each in wanted if each.counted})
    others = sorted({each.id for each in wanted} - set(counted))
    columns = (discount.c.id, discount.c.version, discount.c.usage_limit, discount.c.used)
    parts = []
    for name, ids, free in (("counted", counted, False), ("others", others, True)):
        if ids:
            rows = select(*columns).where(discount.c.id == any_(cast(ids, ARRAY(Uuid)))).order_by(discount.c.id)
            # Without a limit nobody has to wait for anybody: only a change of the discount has to.
            parts.append(select(rows.with_for_update(read=free, key_share=free).cte(name)))
    found = (await tx.execute(union_all(*parts) if len(parts) > 1 else parts[0])).all()
    return {(row.id, row.version): None if row.usage_limit is None else row.usage_limit - row.used for row in found}


async def _had(tx: AsyncConnection, redemptions: Sequence[Redemption]) -> set[tuple[UUID, str]]:
    """Return who has had what can be had once. Read after the lock, not with it."""
    once = sorted({each.id for one in redemptions for each in one.discounts if each.once_per_customer})
    if not once:
        return set()
    customers = [one.customer_id for one in redemptions if one.customer_id]
    contacts = [one.contact for one in redemptions if one.contact]
    at = redemption.c
    uses = select(at.discount_id, at.customer_id, at.contact).where(
        at.discount_id == any_(cast(once, ARRAY(Uuid))),
        at.state != "RELEASED",
        at.once_per_customer,
        or_(at.customer_id == any_(cast(customers, ARRAY(Uuid))), at.contact == any_(cast(contacts, ARRAY(Text)))),
    )
    rows = (await tx.execute(uses)).all()
    return {(row.discount_id, str(who)) for row in rows for who in (row.customer_id, row.contact) if who}


NAMES = {
    "id": Uuid, "discount_id": Uuid, "order_id": Uuid, "code": Text, "customer_id": Uuid, "contact": Text,
    "once_per_customer": Boolean,
}  # fmt: skip


async def _write(tx: AsyncConnection, rows: Sequence[Sequence[Any]]) -> None:
    source = given(rows, **{name: kind() for name, kind in NAMES.items()})
    added = insert(redemption).from_select(list(NAMES), select(*source.c)).cte("added")
    uses = sorted(Counter(row[1] for row in rows).items())
    number = given(uses, discount_id=Uuid(), uses=discount.c.used.type)
    counted = (
        update(discount)
        .where(discount.c.id == number.c.discount_id, discount.c.usage_limit.is_not(None))
        .values(used=discount.c.used + number.c.uses)
    )
    await tx.execute(counted.add_cte(added))


async def use(tx: AsyncConnection, order_ids: Sequence[UUID]) -> None:
    """Note that purchases became orders, so that what they held is used. Repeating it changes nothing. 1 statement."""
    held = (redemption.c.order_id == any_(cast(list(order_ids), ARRAY(Uuid))), redemption.c.state == "HELD")
    await tx.execute(update(redemption).where(*held).values(state="USED", updated_at=now()))


async def release(tx: AsyncConnection, order_ids: Sequence[UUID]) -> None:
    """Give back what purchases held that came to nothing. Repeating it changes nothing. 1 statement.

    Locks: the discounts by id.
    """
    held = (redemption.c.order_id == any_(cast(list(order_ids), ARRAY(Uuid))), redemption.c.state == "HELD")
    counted = discount.c.usage_limit.is_not(None)
    theirs = select(redemption.c.discount_id).where(*held)
    locked = select(discount.c.id).where(discount.c.id.in_(theirs), counted).order_by(discount.c.id)
    locks = locked.with_for_update().cte("locks")
    freeing = update(redemption).where(*held, select(func.count()).select_from(locks).scalar_subquery() >= 0)
    freed = freeing.values(state="RELEASED", updated_at=now()).returning(redemption.c.discount_id).cte("freed")
    number = select(freed.c.discount_id, func.count().label("uses")).group_by(freed.c.discount_id).cte("number")
    back = update(discount).where(discount.c.id == number.c.discount_id, counted)
    await tx.execute(back.values(used=discount.c.used - number.c.uses))
