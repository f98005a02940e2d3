"""Compare the live index with the database, and repair what differs. Both are read in order of key, page by page."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from opensearchpy.exceptions import NotFoundError

from commerce_graph.catalog import service as catalog
from commerce_graph.kernel.batches import batches
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import INDEX_BATCH_MAX, INDEX_DIFFERENCES_MAX
from commerce_graph.search.service import builds, indexing, marks
from commerce_graph.search.service.builds import Build
from commerce_graph.search.service.cluster import Cluster
from commerce_graph.search.service.documents import documents

CALL_TIMEOUT_S = 30.0
SETTLES_S = 5.0
"""How long a difference may last that is only a change on its way into the index."""
REPAIR_S = 120.0

Tell = Callable[[int, int], None]
Held = tuple[UUID, str, int]
"""What an index holds of a product: its key, the digest of its document, its version."""


class NoIndex(Exception):
    """There is nothing to compare with; the message says what to do."""


class NotRepaired(Exception):
    """Differences are left; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What is wrong in an index of `total` products: missing, stale (another state) and extra (no such product).

    `complete`: whether all of the index was read; there are at most INDEX_DIFFERENCES_MAX.
    """

    total: int
    missing: Sequence[UUID]
    stale: Sequence[UUID]
    extra: Sequence[UUID]
    complete: bool = True

    @property
    def all(self) -> list[UUID]:
        """Return every product that is wrong in the index."""
        return [*self.missing, *self.stale, *self.extra]

    def __str__(self) -> str:
        named = (("missing", self.missing), ("stale", self.stale), ("extra", self.extra))
        lines = [
            f"{name}: {len(some):,} products, such as {', '.join(str(each) for each in some[:3])}"
            for name, some in named
            if some
        ]
        return "\n".join(lines) or f"the index holds all {self.total:,} products as they are"


async def check(db: Database, cluster: Cluster, tell: Tell = lambda done, total: None) -> Differences:
    """Compare the live index with the database while both are changing: what is only on its way is no difference.

    Limits: INDEX_DIFFERENCES_MAX differences; memory does not grow with the shop.
    Raises: NoIndex; Unreachable.
    """
    live = await _live(db, cluster)
    async with db.read() as conn:
        total = await catalog.products_total(conn)
    suspects: list[UUID] = []
    done, complete = 0, True
    after: UUID | None = None
    while complete:
        async with db.read() as conn:
            ids = await catalog.product_ids_after(conn, after, INDEX_BATCH_MAX)
        last = ids[-1] if ids else None
        wanted = await _digests(db, ids)
        found = {key: digest async for key, digest, _ in _between(cluster, live, after, last)}
        suspects += [key for key in sorted({*wanted, *found}) if wanted.get(key) != found.get(key)]
        done, after = done + len(ids), last
        tell(done, max(done, total))
        if last is None:
            break
        complete = len(suspects) <= INDEX_DIFFERENCES_MAX
    told = await _settled(db, cluster, live, suspects[:INDEX_DIFFERENCES_MAX])
    if (await _live(db, cluster)).id != live.id:
        return await check(db, cluster, tell)  # another took its place meanwhile
    return Differences(done, *told, complete)


async def repair(db: Database, cluster: Cluster, wrong: Differences) -> None:
    """Write what is missing or stale, delete what is extra, and return when the index is right.

    A worker does it, or this process where there is none.
    Raises: NoIndex; Unreachable; IndexLost; NotRepaired.
    """
    live = await _live(db, cluster)
    highest = max([version async for _, _, version in _versions(cluster, live, wrong.all)], default=0)
    async with db.begin() as tx:
        # A database that came from a backup would take its versions from before, and never win again.
        await builds.raise_versions(tx, highest)
    for some in batches(wrong.all, INDEX_BATCH_MAX):
        async with db.begin() as tx:
            await marks.mark(tx, some)
    clock = asyncio.get_running_loop().time
    began = clock()
    left = wrong.all
    while left and clock() - began < REPAIR_S:
        if not await indexing.step(db, cluster):
            await asyncio.sleep(0.1)
        left = await _differing(db, cluster, live, left)
    if left:
        raise NotRepaired(
            f"{len(left):,} products still differ, such as {left[0]}: the log says why their documents are refused, "
            "as `search.document_refused`. A new index may help: commerce-graph reindex"
        )


async def _live(db: Database, cluster: Cluster) -> Build:
    async with db.read() as conn:
        live = await builds.find(conn, cluster.alias, "LIVE")
    if live is None:
        raise NoIndex(f"there is no index behind {cluster.alias} yet. Build one: commerce-graph reindex")
    async with cluster.guarded(CALL_TIMEOUT_S) as client:
        try:
            await client.indices.refresh(index=live.index_name)
        except NotFoundError:
            raise NoIndex(f"the index {live.index_name} is gone. Build a new one: commerce-graph reindex") from None
    return live


async def _digests(db: Database, product_ids: Sequence[UUID]) -> dict[UUID, str]:
    async with db.read() as conn:
        read = await documents(conn, product_ids)
    return {key: document["digest"] for key, document in zip(product_ids, read, strict=True) if document}


async def _between(cluster: Cluster, live: Build, after: UUID | None, last: UUID | None) -> AsyncIterator[Held]:
    """Yield what the index holds after a key, up to another; None is either end."""
    bounds = {"gt": after.hex if after else None, "lte": last.hex if last else None}
    query = {"range": {"id": {name: value for name, value in bounds.items() if value}}}
    body = {
        "size": INDEX_BATCH_MAX,
        "query": query,
        "sort": [{"id": "asc"}],
        "_source": False,
        "docvalue_fields": ["digest"],
        "version": True,
        "track_total_hits": False,
    }
    while True:
        async with cluster.guarded(CALL_TIMEOUT_S) as client:
            answer = await client.search(index=live.index_name, body=body)
        hits = answer["hits"]["hits"]
        for hit in hits:
            yield UUID(hit["_id"]), hit.get("fields", {}).get("digest", [""])[0], hit["_version"]
        if len(hits) < INDEX_BATCH_MAX:
            return
        body["search_after"] = hits[-1]["sort"]


async def _versions(cluster: Cluster, live: Build, product_ids: Sequence[UUID]) -> AsyncIterator[Held]:
    """Yield what the index holds of these products at this very moment, findable or not yet."""
    for some in batches(product_ids, INDEX_BATCH_MAX):
        wanted = {"ids": [each.hex for each in some]}
        async with cluster.guarded(CALL_TIMEOUT_S) as client:
            answer = await client.mget(index=live.index_name, body=wanted, params={"_source": "digest"})
        for found in answer["docs"]:
            if found.get("found"):
                yield UUID(found["_id"]), found["_source"].get("digest", ""), found["_version"]


async def _differing(db: Database, cluster: Cluster, live: Build, product_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of some products that differ at this moment."""
    wrong: list[UUID] = []
    for some in batches(product_ids, INDEX_BATCH_MAX):
        held = {key: digest async for key, digest, _ in _versions(cluster, live, some)}
        wanted = await _digests(db, some)
        wrong += [each for each in some if wanted.get(each) != held.get(each)]
    return wrong


async def _settled(
    db: Database, cluster: Cluster, live: Build, suspects: Sequence[UUID]
) -> tuple[list[UUID], list[UUID], list[UUID]]:
    """Return what is missing, stale and extra among products that differed, and still do when changes have arrived."""
    clock = asyncio.get_running_loop().time
    began = clock()
    while suspects := await _differing(db, cluster, live, suspects):
        if clock() - began > SETTLES_S:
            break
        await asyncio.sleep(0.5)
    held = {key async for key, _, _ in _versions(cluster, live, suspects)}
    known: set[UUID] = set()
    for some in batches(suspects, INDEX_BATCH_MAX):
        known |= (await _digests(db, some)).keys()
    missing = [each for each in suspects if each in known and each not in held]
    stale = [each for each in suspects if each in known and each in held]
    return missing, stale, [each for each in suspects if each not in known and each in held]
