"""A process that drives a purchase on and is killed at a point between two steps: `python -m tests.faults.killed`."""

import asyncio
import os
import signal
from uuid import UUID

from commerce_graph.checkout.service import attempts, drive
from commerce_graph.kernel.database import Database
from commerce_graph.payment.service import PROVIDERS, Stripe, close_providers


def passing(point: str) -> None:
    """Die at the point that the environment names, as a machine does: at once, saying goodbye to nobody."""
    if point == os.environ["KILLED_AT"]:
        os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    """Drive the purchase that the environment names."""
    database = Database(os.environ["KILLED_DATABASE_URL"], pool_size=2)
    if stripe := os.environ.get("KILLED_STRIPE"):
        PROVIDERS["stripe"] = Stripe("sk_test_123", "http://shop.test", api_base=stripe)
    async with database.read() as conn:
        (found,) = await attempts(conn, [UUID(os.environ["KILLED_ATTEMPT"])])
    assert found is not None
    await drive(database, found, passing)
    await close_providers()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
