"""Steps that were left open, by a crash or by a provider that did not answer, are brought to an end."""

from datetime import timedelta

import structlog

from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import RESERVATION_TTL_S
from commerce_graph.payment.rules import Step
from commerce_graph.payment.service import books, calls
from commerce_graph.payment.service.authorization import Answered, carry_out, close_void, open_orphans_void, record
from commerce_graph.payment.service.provider import Held

log = structlog.get_logger()

SOURCE = "RECONCILIATION"
ORPHAN_AFTER_S = RESERVATION_TTL_S + 900
"""How old a hold must be: by then its purchase has become an order or was given up."""
ORPHANS_LOOK_BACK_S = 6 * 3_600

SETTLE_AFTER_S = 60.0
"""How old an open step must be: whoever opened it may still be waiting for the answer."""
SETTLE_BATCH_MAX = 100


async def settle(resources: Resources, *, older_than_s: float = SETTLE_AFTER_S) -> int:
    """Ask the providers about open steps, and return how many were decided. Safe to run twice at once.

    Captures, refunds and voids that a provider has never heard of are sent again under their keys: they were decided
    here. An authorisation is only asked about: whether it is still wanted, checkout knows.
    Emits: PaymentAnswered for each.
    """
    decided, after = 0, None
    while True:
        async with resources.database.read() as conn:
            steps = await books.open_steps(conn, older_than_s, after, SETTLE_BATCH_MAX)
        for step in steps:
            decided += await _settle(resources.database, step)
        if len(steps) < SETTLE_BATCH_MAX:
            return decided
        after = steps[-1].id


async def _settle(db: Database, step: Step) -> bool:
    async with db.read() as conn:
        target = await books.step_of_id(conn, step.parent_id)
    asking = calls.find(db, step) if step.kind == "AUTHORIZATION" else calls.ask(db, step, target, fresh=False)
    answer = await asking
    if answer is None or answer.status == "ACTION":
        return False
    if step.kind == "VOID" and target is not None:
        async with db.begin() as tx:
            await close_void(tx, step, target, answer, source=SOURCE, announce=True)
    else:
        await record(db, Answered(step, answer), source=SOURCE, announce=True)
    return True


async def void_orphans(resources: Resources, *, older_than_s: float = ORPHAN_AFTER_S) -> int:
    """Let go of what providers hold for this shop though it counts for no order; returns how much was.

    An authorisation counts where our books have it as SUCCESS. One without an outcome is left to whoever drives its
    purchase, for its order may still come. Safe to run twice at once.
    Limits: what is ORPHAN_AFTER_S old, and ORPHANS_LOOK_BACK_S more; then webhooks alone tell of it.
    """
    until = now() - timedelta(seconds=older_than_s)
    since = until - timedelta(seconds=ORPHANS_LOOK_BACK_S)
    gone = 0
    for name in list(calls.PROVIDERS):
        for held in await calls.holds(resources.database, name, since, until):
            gone += await _void_orphan(resources.database, name, held)
    return gone


async def _void_orphan(db: Database, provider: str, held: Held) -> bool:
    async with db.read() as conn:
        step = await books.step_of_key(conn, held.key)
    if step is None:
        # Books that were lost, or restored from before: nothing can be written into them, and no order will come.
        log.warning("payment.unknown_hold", provider=provider, reference=held.reference)
        return await calls.void_unknown(db, provider, held)
    if step.status != "FAILURE":
        return False
    async with db.begin() as tx:
        void = await open_orphans_void(tx, step, held.reference, again=True)
    return void is not None and (await carry_out(db, void)).status == "SUCCESS"
