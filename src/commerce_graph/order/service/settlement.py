"""The money of refunds and cancellations is moved, outside of any transaction, once, whatever dies on the way."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Select, delete, func, select, update

from commerce_graph.kernel import claims
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import SETTLEMENT_BATCH_MAX
from commerce_graph.kernel.money import to_decimal
from commerce_graph.order import rules
from commerce_graph.order.errors import payment_failed
from commerce_graph.order.service import cancellation, edits, payments, refunds, returns, trail
from commerce_graph.order.tables import refund, settlement
from commerce_graph.payment import service as payment

log = structlog.get_logger()

SETTLE_AFTER_S = 30
"""How long the request that recorded a step is left alone with it before a worker takes over."""


async def create_refund(db: Database, new: refunds.NewRefund, actor: str, claim_id: UUID | None = None) -> UUID:
    """Refund pieces of an order and its delivery, and return the refund's key.

    Goods and refund are recorded in one transaction; then the provider is asked for the money. Without an answer the
    refund stays PENDING and a worker goes on with it. A refund that failed keeps its goods moved: its money can be
    given back by a refund with an amount. Once a claim, as each use case here that takes a `claim_id`.
    Emits: OrderUpdated(refund_created), then OrderUpdated(refunded | refund_failed).
    Raises: Rejected(NOT_FOUND | INVALID), nothing recorded; Rejected(PAYMENT_FAILED), recorded as failed.
    """
    refund_id = await claims.first(db, claim_id, lambda tx: refunds.record(tx, new, actor))
    await _give_back(db, refund_id)
    return refund_id


async def commit_edit(db: Database, wish: edits.Commit, actor: str, claim_id: UUID | None = None) -> UUID:
    """Commit an edit of an order, and return the order's key.

    Lines, stock and what is due change in one transaction, which records the refund too where money is to go back;
    then the provider is asked for it. Without an answer a worker goes on with the refund.
    Emits: OrderUpdated(edited), then OrderUpdated(refunded | refund_failed) where money goes back.
    Raises: Rejected(NOT_FOUND | INVALID | INVALID_STATE | ORDER_CHANGED | OUT_OF_STOCK), nothing changed;
    Rejected(PAYMENT_FAILED), committed, and the refund recorded as failed.
    """
    made = await claims.first(db, claim_id, lambda tx: edits.record(tx, wish, actor))
    async with db.read() as conn:
        order_id = await edits.order_of(conn, wish.edit_id)
    if made != order_id:
        await _give_back(db, made)
    return order_id


async def process_return(db: Database, wish: returns.Processing, actor: str, claim_id: UUID | None = None) -> UUID:
    """Take pieces of a return back, and return the key of their refund, whose money is asked for afterwards.

    Emits: OrderUpdated(return_processed, refund_created), then OrderUpdated(refunded | refund_failed).
    Raises: Rejected(NOT_FOUND | INVALID | INVALID_STATE), nothing recorded; Rejected(PAYMENT_FAILED), the goods are
    back, and the refund recorded as failed.
    """
    refund_id = await claims.first(db, claim_id, lambda tx: returns.process(tx, wish, actor))
    await _give_back(db, refund_id)
    return refund_id


async def _give_back(db: Database, refund_id: UUID) -> None:
    if await finish_refund(db, refund_id) == "FAILURE":
        raise payment_failed()


async def cancel(db: Database, wish: cancellation.Cancellation, actor: str, claim_id: UUID | None = None) -> bool:
    """Cancel an order of which nothing was sent: stock, fulfillment orders and money go back.

    Tells whether its money is settled already.

    The cancellation is recorded in one transaction; then the provider is asked. Without an answer a worker goes on.
    Emits: OrderUpdated(cancelled), then OrderUpdated(voided | refunded | refund_failed).
    Raises: Rejected(NOT_FOUND | INVALID_STATE | INVALID).
    """
    await claims.first(db, claim_id, lambda tx: cancellation.record(tx, wish, actor))
    return await settle(db, wish.order_id)


async def mark_as_paid(db: Database, order_id: UUID, actor: str, claim_id: UUID | None = None) -> None:
    """Record that an order was paid outside, in cash or by bank transfer; a provider's hold is let go of.

    Emits: OrderUpdated(paid).
    Raises: Rejected(NOT_FOUND | INVALID_STATE | INVALID).
    """
    await claims.first(db, claim_id, lambda tx: payments.record_paid(tx, order_id, actor))
    await settle(db, order_id)


async def finish_refund(db: Database, refund_id: UUID) -> str:
    """Move the money of a recorded refund, and return the refund's status. Safe to repeat and to run twice at once.

    The refund's key is the provider's idempotency key, so a repeated call has one effect.
    Locks: the order's row, after the call.
    Emits: OrderUpdated(refunded | refund_failed).
    """
    wanted = select(refund.c.order_id, refund.c.amount_minor, refund.c.status).where(refund.c.id == refund_id)
    async with db.read() as conn:
        found = (await conn.execute(wanted)).one()
    if found.status != "PENDING":
        return str(found.status)
    try:
        answer = await payment.refund(db, found.order_id, found.amount_minor, str(refund_id))
    except Rejected as refused:
        answer = payment.Outcome("FAILURE", refused.code, refused.message)
    if answer.status not in ("SUCCESS", "FAILURE"):
        return "PENDING"
    async with db.begin() as tx:
        row = await trail.lock(tx, found.order_id, [])
        mine = update(refund).where(refund.c.id == refund_id, refund.c.status == "PENDING")
        if not (await tx.execute(mine.values(status=answer.status))).rowcount:
            return answer.status
        values = trail.money_values(row, await trail.books(tx, row))
        if values:
            await trail.change(tx, row, **values)
        amount = f"{to_decimal(found.amount_minor, row.currency)} {row.currency}"
        if answer.status == "SUCCESS":
            change, told = "refunded", f"{amount} went back to the buyer."
        else:
            change, told = "refund_failed", f"{amount} could not be refunded: {answer.message or answer.code}."
        await trail.record(tx, row, change, told, refund_id=str(refund_id), amount_minor=found.amount_minor)
    return answer.status


async def settle(db: Database, order_id: UUID) -> bool:
    """Move the money of an order that was cancelled or paid outside; tells whether that is done.

    Safe to repeat and to run twice at once. Authorised money is let go of; captured money goes back where the
    cancellation says so, also money that was captured while the order was being cancelled.
    Emits: OrderUpdated(voided | refunded | refund_failed).
    """
    async with db.read() as conn:
        open_ = (await conn.execute(select(settlement).where(settlement.c.order_id == order_id))).one_or_none()
    if open_ is not None and not await _void(db, order_id):
        return False
    async with db.read() as conn:
        pending = select(refund.c.id).where(refund.c.order_id == order_id, refund.c.status == "PENDING")
        refund_ids = (await conn.execute(pending.order_by(refund.c.id))).scalars().all()
    return all([await finish_refund(db, refund_id) != "PENDING" for refund_id in refund_ids])


async def _void(db: Database, order_id: UUID) -> bool:
    answer = await payment.void(db, order_id)
    if answer.status not in ("SUCCESS", "FAILURE"):
        return False
    async with db.begin() as tx:
        row = await trail.lock(tx, order_id, [])
        if answer.status == "FAILURE":
            # After a success nothing is under way; after a failure money may come in that the books do not show yet.
            (steps,) = await payment.transactions(tx, [order_id])
            if any(step.kind == "CAPTURE" and step.status == "PENDING" for step in steps):
                return False
        gone = delete(settlement).where(settlement.c.order_id == order_id).returning(settlement.c.refund)
        wanted = (await tx.execute(gone)).scalar_one_or_none()
        if wanted is None:
            return True
        money = await trail.books(tx, row)
        _, promised = await refunds.given_back(tx, order_id)
        left = rules.refundable(money, promised)
        if wanted and left:
            await refunds.insert_refund(tx, order_id, left, 0, None)
        values = trail.money_values(row, money)
        if values:
            await trail.change(tx, row, **values)
        if answer.status == "FAILURE":
            told = f"The authorised payment could not be voided: {answer.message or answer.code}."
            await trail.record(tx, row, "void_failed", told)
        elif "financial_status" in values:
            await trail.record(tx, row, *payments.told(values["financial_status"].lower()))
    return True


async def finish_refunds(db: Database, older_than_s: float = SETTLE_AFTER_S) -> int:
    """Go on with refunds whose request did not live to see the provider's answer; returns how many were finished."""
    due = refund.c.created_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, older_than_s)
    pending = select(refund.c.id).where(refund.c.status == "PENDING", due)

    async def finish(refund_id: UUID) -> bool:
        return await finish_refund(db, refund_id) != "PENDING"

    return await _each(db, pending, refund.c.id, finish)


async def settle_orders(db: Database, older_than_s: float = SETTLE_AFTER_S) -> int:
    """Go on with orders whose money is not settled; returns how many were."""
    due = settlement.c.created_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, older_than_s)

    async def finish(order_id: UUID) -> bool:
        return await settle(db, order_id)

    return await _each(db, select(settlement.c.order_id).where(due), settlement.c.order_id, finish)


async def _each(db: Database, wanted: Select[Any], key: Any, finish: Callable[[UUID], Awaitable[bool]]) -> int:
    """Work through all keys in batches; one that fails does not hold up those after it."""
    done, last = 0, UUID(int=0)
    while True:
        async with db.read() as conn:
            batch = wanted.where(key > last).order_by(key).limit(SETTLEMENT_BATCH_MAX)
            keys = (await conn.execute(batch)).scalars().all()
        for each in keys:
            try:
                done += await finish(each)
            except Exception:
                log.exception("order.settlement_failed", key=str(each))
        if len(keys) < SETTLEMENT_BATCH_MAX:
            return done
        last = keys[-1]
