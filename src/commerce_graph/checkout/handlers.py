"""How purchases go on: by the buyer's answer, and by a worker that takes what nobody works on."""

from uuid import UUID

from commerce_graph.checkout import service
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import Fact


async def on_payment_answered(db: Database, fact: Fact) -> None:
    """Have a purchase that waited for its buyer taken by a worker. Repeating it changes nothing."""
    await service.wake(db, UUID(fact.payload["order_id"]))


async def resume(resources: Resources) -> int:
    """Drive on purchases that nobody works on; returns how many."""
    return await service.resume(resources)
