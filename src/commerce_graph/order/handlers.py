"""How orders follow what becomes known of their payments."""

from uuid import UUID

from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import Fact
from commerce_graph.order import service


async def on_payment_answered(db: Database, fact: Fact) -> None:
    """Bring the order in line with its payment's books. Repeating it changes nothing."""
    await service.follow_payment(db, UUID(fact.payload["order_id"]))
