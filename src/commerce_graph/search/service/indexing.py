"""Bring changes into the indices: a job that writes the documents of products that are marked as changed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy import func, select

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.search.rules.document import INDEX_VERSION, Document
from commerce_graph.search.service import builds, bulk, marks
from commerce_graph.search.service.builds import Build
from commerce_graph.search.service.cluster import Cluster, Unreachable
from commerce_graph.search.service.documents import documents
from commerce_graph.search.service.solitude import INDEX_LOCK, alone
from commerce_graph.search.tables import pending

log = structlog.get_logger()

PAUSE_S_MIN = 0.5
PAUSE_S_MAX = 10.0
"""How long the job leaves OpenSearch alone when it does not answer: longer each time."""

_DUE = select(pending.c.product_id).where(pending.c.due_at <= func.now()).exists()


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
    kept: Cluster = resources.services.setdefault("search.background", cluster.beside())
    return kept


async def index_changes(resources: Resources) -> int:
    """Write changes into the indices and return how many; the job `search.index`.

    Without OpenSearch it does nothing. With OpenSearch gone it waits, longer each time, and the list is kept.
    """
    cluster = background_cluster(resources)
    if cluster is None:
        return 0
    pause: Pause = resources.services.setdefault("search.indexing", Pause())
    if not pause.over():
        return 0
    try:
        done = await step(resources.database, cluster)
    except (Unreachable, bulk.IndexLost) as fault:
        # A lost index is made anew by `search.build`; until then its changes stay on the list.
        log.warning("search.indexing_waits", fault=str(fault), again_in_s=pause.longer())
        return 0
    pause.length_s = 0.0
    return done


async def step(db: Database, cluster: Cluster) -> int:
    """Write one batch of changes into every index that is live or being built, and return how many.

    The version is taken after the list was read and before the products are: whoever took a lower one may know more
    only where a product was marked once more since, and then it is written again with a higher version.
    Limits: INDEX_BATCH_MAX products.
    Locks: INDEX_LOCK, of the session; no transaction is open while OpenSearch works.
    Raises: Unreachable; bulk.IndexLost. The list is kept then.
    """
    async with alone(db, INDEX_LOCK, _DUE) as conn:
        if conn is None:
            return 0
        targets = await builds.open_builds(conn)
        if not targets or any(each.index_version > INDEX_VERSION for each in targets):
            return 0  # a newer release is being rolled out: its workers know what its indices hold
        seen = await marks.due(conn)
        version = await builds.next_version(conn)
        ids = [each.product_id for each in seen]
        written = list(zip(ids, await documents(conn, ids), strict=True))
        refused = await _write(cluster, targets, version, written)
        async with db.begin() as tx:
            await marks.settle(tx, seen, refused)
    for product_id, kind in refused.items():
        log.error("search.document_refused", product_id=str(product_id), kind=kind)
    # What was refused waits: it is no reason to come back at once.
    return len(seen) - len(refused)


async def _write(
    cluster: Cluster, targets: Sequence[Build], version: int, written: Sequence[tuple[UUID, Document | None]]
) -> dict[UUID, str]:
    refused: dict[UUID, str] = {}
    for target in targets:
        told = await bulk.write(cluster, target.index_name, version, written)
        # An index of an older release may not know what this one writes; the new one is on its way.
        if target.index_version == INDEX_VERSION:
            refused |= told
    return refused
