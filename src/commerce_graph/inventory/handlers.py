"""What a worker does for stock from time to time."""

from commerce_graph.inventory import service
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.limits import EXPIRED_HOLDS_BATCH_MAX


async def release_expired(resources: Resources) -> int:
    """Give back what purchases hold past their time, and return how many there were.

    Limits: EXPIRED_HOLDS_BATCH_MAX purchases at once.
    """
    async with resources.database.begin() as tx:
        return await service.release_expired(tx, EXPIRED_HOLDS_BATCH_MAX)
