"""Bring changes into the indices: a job that writes the documents of products that are marked as changed."""

from collections.abc import Sequence
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
from commerce_graph.search.service.pauses import with_pauses
from commerce_graph.search.tables import pending

log = structlog.get_logger()

INDEX_LOCK = 0x7365617263680001
"""Advisory lock key: one process writes changes to the indices at a time."""

_DUE = select(pending.c.product_id).where(pending.c.due_at <= func.now()).exists()


async def index_changes(resources: Resources) -> int:
    """Write changes into the indices and return how many; the job `search.index`.

    A lost index is made anew by `search.build`; until then its changes stay on the list.
    """
    return await with_pauses(
        resources, "search.indexing", lambda cluster: step(resources.database, cluster), (Unreachable, bulk.IndexLost)
    )


async def step(db: Database, cluster: Cluster) -> int:
    """Write one batch of changes into every index that is live or being built, and return how many.

    The version is taken after the list was read and before the products are: whoever took a lower one may know more
    only where a product was marked once more since, and then it is written again with a higher version.
    Limits: INDEX_BATCH_MAX products.
    Locks: INDEX_LOCK, of the session; no transaction is open while OpenSearch works.
    Raises: Unreachable; bulk.IndexLost. The list is kept then.
    """
    async with db.alone(INDEX_LOCK, _DUE) as conn:
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
