"""A process that commits an edit and is killed on the way: `python -m tests.faults.killed_edit`."""

import asyncio
import os
import signal
from typing import Any
from uuid import UUID

from commerce_graph.kernel.database import Database
from commerce_graph.order import service
from commerce_graph.order.service import edits, settlement


async def die(*_: Any) -> None:
    """Die as a machine does: at once, saying goodbye to nobody."""
    os.kill(os.getpid(), signal.SIGKILL)


POINTS = {"committing": (edits, "_write_order"), "committed": (settlement, "finish_refund")}


async def main() -> None:
    """Commit the edit that the environment names."""
    database = Database(os.environ["KILLED_DATABASE_URL"], pool_size=2)
    module, name = POINTS[os.environ["KILLED_AT"]]
    setattr(module, name, die)
    await service.commit_edit(database, service.Commit(UUID(os.environ["KILLED_EDIT"])), "merchant")
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
