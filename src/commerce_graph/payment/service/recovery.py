"""Steps that were left open, by a crash or by a provider that did not answer, are brought to an end."""

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.payment.rules import Step
from commerce_graph.payment.service import books, calls
from commerce_graph.payment.service.authorization import close_void

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
    asked = calls.find(db, step) if step.kind == "AUTHORIZATION" else calls.ask(db, step, target, fresh=False)
    answer = await asked
    if answer is None or answer.status == "ACTION":
        return False
    async with db.begin() as tx:
        if step.kind == "VOID" and target is not None:
            await close_void(tx, step, target, answer, announce=True)
        else:
            await books.close_step(tx, step, answer, announce=True)
    return True
