"""Go through the steps of a payment, and stand before one of them."""

from uuid import UUID

from commerce_graph.kernel.database import Database
from commerce_graph.payment import service
from commerce_graph.payment.service import Outcome
from tests.payment.test_steps import opened

BEFORE = {"authorize": (), "capture": ("authorize",), "refund": ("authorize", "capture"), "void": ("authorize",)}


async def do(db: Database, order_id: UUID, step: str, session: str = "test_ok") -> Outcome:
    """Take a step of the payment of 50.00; a refund is of 20.00."""
    if step == "authorize":
        return await service.authorize(db, order_id, session)
    if step == "capture":
        return await service.capture(db, order_id)
    if step == "refund":
        return await service.refund(db, order_id, 2000, "broken")
    return await service.void(db, order_id)


async def ready(db: Database, step: str, session: str = "test_ok") -> UUID:
    """Return an order for which the step comes next."""
    order_id = await opened(db)
    for before in BEFORE[step]:
        assert (await do(db, order_id, before, session)).status == "SUCCESS"
    return order_id
