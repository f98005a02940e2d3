"""A process that builds an index, and may die at a point between two steps: `python -m tests.search.rebuilding`."""

import asyncio
import os
import resource
import signal
import sys
import tracemalloc

from commerce_graph.kernel.database import Database
from commerce_graph.search.service.cluster import Cluster
from commerce_graph.search.service.reindex import reindex


def passing(point: str) -> None:
    """Die at the point that the environment names, when it is passed for the so manieth time."""
    if point == os.environ.get("KILLED_AT"):
        left = int(os.environ["KILLED_AFTER"]) - 1
        os.environ["KILLED_AFTER"] = str(left)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    """Build, and print the most memory that Python's objects and the whole process took, in bytes and KB."""
    database = Database(os.environ["KILLED_DATABASE_URL"], pool_size=4)
    cluster = Cluster(os.environ["KILLED_OPENSEARCH_URL"], os.environ["KILLED_ALIAS"])
    if "MEASURE" in os.environ:
        tracemalloc.start()
    await reindex(database, cluster, passing=passing)
    peak = tracemalloc.get_traced_memory()[1] if tracemalloc.is_tracing() else 0
    sys.stdout.write(f"{peak} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n")
    await cluster.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
