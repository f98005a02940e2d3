"""Merchants write discounts: create, change, start, end and delete them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.discount.loaders import terms
from commerce_graph.discount.rules import Discount, check, class_of, to_document
from commerce_graph.discount.tables import code, discount, redemption
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import AUTOMATIC_DISCOUNTS_MAX

AUTOMATIC, CODE = "AUTOMATIC", "CODE"

COLUMNS = (
    "id", "kind", "title", "discount_class", "starts_at", "ends_at", "priority", "once_per_customer", "usage_limit",
)  # fmt: skip
APART = {*COLUMNS, "code", "used", "used_before", "version"}
"""What of a discount does not stand in its terms document."""

Change = Callable[[Discount], Discount]


async def create(tx: AsyncConnection, method: str, kind: str, change: Change) -> UUID:
    """Create a discount: `change` is given an empty one. At most 4 statements.

    Limits: as rules.check; AUTOMATIC_DISCOUNTS_MAX that apply by themselves.
    Raises: Rejected(TAKEN) for a code that there is, and as rules.check.
    """
    made = _checked(change(Discount(new_id(), kind, "", "ORDER", now())), method)
    await tx.execute(insert(discount).values(method=method, **_values(made)))
    if method == CODE:
        await _write_code(tx, made)
    else:
        await _check_number(tx)
    return made.id


async def update_discount(tx: AsyncConnection, discount_id: UUID, method: str, kind: str, change: Change) -> None:
    """Change a discount. A purchase that was priced with what it was before is refused. At most 6 statements.

    Locks: the discount. Limits, raises: as `create`, and Rejected(INVALID) for a discount that there is not.
    """
    row = await _lock(tx, discount_id, method)
    if row.kind != kind:
        raise Rejected("INVALID", ["id"], "it is a discount of another kind")
    before = terms(row)
    made = _checked(change(before), method, creating=False)
    limited = {}
    if made.usage_limit is not None:
        # Read after the lock: whoever uses the discount holds it until the use is written.
        uses = await _uses(tx, discount_id)
        if uses > made.usage_limit:
            raise Rejected("VALUE_OUTSIDE_RANGE", ["usageLimit"], f"it was used {uses} times already")
        limited["used"] = uses
    values = _values(made) | limited | {"version": discount.c.version + 1, "updated_at": now()}
    await tx.execute(update(discount).where(discount.c.id == discount_id).values(values))
    if method == CODE and made.code is not None:
        await tx.execute(delete(code).where(code.c.discount_id == discount_id))
        await _write_code(tx, made)
    if method == AUTOMATIC:
        await _check_number(tx)


async def activate(tx: AsyncConnection, discount_id: UUID, method: str) -> None:
    """Let a discount run from now on, or go on, without an end. Locks: the discount.

    Raises: Rejected(INVALID | EXCEEDED_MAX).
    """
    row = await _lock(tx, discount_id, method)
    await _span(tx, discount_id, min(row.starts_at, now()), None)
    if method == AUTOMATIC:
        await _check_number(tx)


async def deactivate(tx: AsyncConnection, discount_id: UUID, method: str) -> None:
    """Let a discount end now; one that has ended stays as it is. Locks: the discount. Raises: Rejected(INVALID)."""
    row, at = await _lock(tx, discount_id, method), now()
    if row.ends_at is None or row.ends_at > at:
        await _span(tx, discount_id, min(row.starts_at, at - timedelta(seconds=1)), at)


async def delete_discount(tx: AsyncConnection, discount_id: UUID, method: str) -> None:
    """Delete a discount with its codes; its uses stay in the ledger. Locks: the discount. Raises: Rejected(INVALID)."""
    await _lock(tx, discount_id, method)
    await tx.execute(delete(discount).where(discount.c.id == discount_id))


def _checked(made: Discount, method: str, *, creating: bool = True) -> Discount:
    if method == CODE and creating and made.code is None:
        raise Rejected("BLANK", ["code"], "must be given")
    made = replace(made, title=made.title.strip(), code=made.code and made.code.strip())
    check(made)
    return replace(made, discount_class=class_of(made))


def _values(made: Discount) -> dict[str, Any]:
    document = to_document(made)
    kept = {name: value for name, value in document.items() if name not in APART}
    return {**{name: getattr(made, name) for name in COLUMNS}, "terms": kept}


async def _lock(tx: AsyncConnection, discount_id: UUID, method: str) -> Any:
    wanted = select(discount).where(discount.c.id == discount_id, discount.c.method == method).with_for_update()
    row = (await tx.execute(wanted)).one_or_none()
    if row is None:
        raise Rejected("INVALID", ["id"], "there is no such discount")
    return row


async def _uses(tx: AsyncConnection, discount_id: UUID) -> int:
    held = (redemption.c.discount_id == discount_id, redemption.c.state != "RELEASED")
    return (await tx.execute(select(func.count()).select_from(redemption).where(*held))).scalar_one()


async def _span(tx: AsyncConnection, discount_id: UUID, starts_at: Any, ends_at: Any) -> None:
    values = {"starts_at": starts_at, "ends_at": ends_at, "version": discount.c.version + 1, "updated_at": now()}
    await tx.execute(update(discount).where(discount.c.id == discount_id).values(values))


async def _write_code(tx: AsyncConnection, made: Discount) -> None:
    assert made.code is not None
    row = {"id": new_id(), "discount_id": made.id, "code": made.code, "folded": made.code.casefold()}
    written = await tx.execute(postgresql.insert(code).values(row).on_conflict_do_nothing().returning(code.c.id))
    if written.one_or_none() is None:
        raise Rejected("TAKEN", ["code"], "another discount has this code")


async def _check_number(tx: AsyncConnection) -> None:
    """Refuse one automatic discount too many. Two at once wait for each other, so that they see each other."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('discount.automatic'))"))
    running = or_(discount.c.ends_at.is_(None), discount.c.ends_at > now())
    counted = select(func.count()).select_from(discount).where(discount.c.method == AUTOMATIC, running)
    if (await tx.execute(counted)).scalar_one() > AUTOMATIC_DISCOUNTS_MAX:
        told = f"at most {AUTOMATIC_DISCOUNTS_MAX} discounts that apply by themselves may run or be scheduled"
        raise Rejected("EXCEEDED_MAX", None, told)
