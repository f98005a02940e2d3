"""Work on OpenSearch in the background, which leaves it alone for a while when it does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from commerce_graph.kernel.context import Resources
from commerce_graph.search.service.cluster import Cluster

log = structlog.get_logger()

PAUSE_S_MIN = 0.5
PAUSE_S_MAX = 10.0
"""How long the job leaves OpenSearch alone when it does not answer: longer each time."""


@dataclass(slots=True)
class Pause:
    """When this process may ask again after OpenSearch did not answer."""

    until: float = 0.0
    length_s: float = field(default=0.0)

    def over(self) -> bool:
        """Tell whether it is time."""
        return asyncio.get_running_loop().time() >= self.until

    def longer(self, most_s: float = PAUSE_S_MAX) -> float:
        """Begin a pause, longer than the one before, and return its length in seconds."""
        self.length_s = min(max(self.length_s * 2, PAUSE_S_MIN), most_s)
        self.until = asyncio.get_running_loop().time() + self.length_s
        return self.length_s


def background_cluster(resources: Resources) -> Cluster | None:
    """Return the connection for work in the background, None for a shop without OpenSearch."""
    cluster: Cluster | None = resources.services.get("opensearch")
    if cluster is None:
        return None
    kept: Cluster | None = resources.services.get("search.background")
    if kept is None:
        kept = resources.services["search.background"] = cluster.beside()
    return kept


async def with_pauses(
    resources: Resources,
    name: str,
    run: Callable[[Cluster], Awaitable[int]],
    faults: tuple[type[Exception], ...],
    most_s: float = PAUSE_S_MAX,
) -> int:
    """Run a job's work on OpenSearch and return how much it did: nothing without OpenSearch, or within a pause.

    `name`: of the work, such as `search.indexing`. After one of `faults` it pauses, longer each time and at most
    `most_s`; what is to be done stays noted.
    """
    cluster = background_cluster(resources)
    if cluster is None:
        return 0
    pause: Pause = resources.services.setdefault(name, Pause())
    if not pause.over():
        return 0
    try:
        done = await run(cluster)
    except faults as fault:
        log.warning(f"{name}_waits", fault=str(fault), again_in_s=pause.longer(most_s))
        return 0
    pause.length_s = 0.0
    return done
