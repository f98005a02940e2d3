"""A merchant takes a part of what is held, and may let go of the rest."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.payment import errors, rules
from commerce_graph.payment.rules import OPEN, Balance, Opened, Step
from commerce_graph.payment.service import books, calls

PARENT = ("parentTransactionId",)


async def open_part(
    tx: AsyncConnection, db: Database, order_id: UUID, parent_id: UUID, amount_minor: int, final: bool | None
) -> Opened:
    """Record the capture of a part of an authorisation, for `capture` to carry out after the commit.

    `final` lets go of the rest as soon as the part was taken; None does so where the provider cannot do otherwise.
    Locks: the balance.
    Raises: Rejected(INVALID) for what is no authorisation of the order that holds so much, while another capture is
    under way, and for a first of several captures where the provider takes one.
    """
    balance, steps = await books.lock(tx, order_id)
    target = next((each for each in steps if each.id == parent_id and each.kind == "AUTHORIZATION"), None)
    if balance is None or target is None or target.status != "SUCCESS":
        raise Rejected(errors.INVALID, PARENT, "this is not an authorised payment of the order")
    if any(each.kind in ("CAPTURE", "VOID") and each.status in OPEN for each in steps):
        raise Rejected(errors.INVALID, PARENT, "a capture or a void is under way; try again when it is decided")
    _check(balance, steps, amount_minor)
    once = not calls.captures_in_parts(db, target.provider)
    if once and final is False and amount_minor < rules.held_minor(steps):
        raise Rejected(errors.INVALID, ("finalCapture",), "this payment is captured once: the rest is let go of")
    number = rules.tries(steps, "CAPTURE") + 1
    ends = once if final is None else final
    key = rules.idempotency_key(order_id, "CAPTURE", rules.final(number) if ends else number)
    step = await books.open_step(tx, order_id, "CAPTURE", key, amount_minor, target.provider, parent=target)
    return Opened(step, target)


def _check(balance: Balance, steps: list[Step], amount_minor: int) -> None:
    left = rules.capturable_minor(balance, steps)
    if not 1 <= amount_minor <= left:
        raise Rejected(errors.INVALID, ("amount",), f"must be between 1 and {left} minor units")
