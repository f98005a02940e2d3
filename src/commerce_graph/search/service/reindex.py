"""Build a new index while the old one is being searched, and put it in the old one's place."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

import structlog
from opensearchpy.exceptions import NotFoundError
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import service as catalog
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import INDEX_BATCH_MAX
from commerce_graph.pricing import service as pricing
from commerce_graph.search.rules.document import INDEX_VERSION
from commerce_graph.search.service import builds, bulk, indexing, indices, marks
from commerce_graph.search.service.builds import Build
from commerce_graph.search.service.bulk import IndexLost
from commerce_graph.search.service.cluster import Cluster, Unreachable
from commerce_graph.search.service.documents import documents
from commerce_graph.search.service.pauses import with_pauses

log = structlog.get_logger()

BUILD_LOCK = 0x7365617263680002
"""Advisory lock key: one process builds an index at a time."""
IN_FLIGHT = 2
"""Batches that OpenSearch is given at once: while it works on one, the next is read."""
PATIENCE_S = 120.0
"""How long a build waits for OpenSearch to answer again before it gives up for now."""
CATCH_UP_S = 60.0
"""How long a build waits for the changes that came meanwhile; what is left is written right after the swap."""
PAUSE_S_MAX = 60.0
"""How long the job waits where an index cannot be built: longer each time."""
RETIRED_S = 300.0
"""How long an index is kept after the swap, for lists that are being read in it."""

VERIFY_TRIES_MAX = 5
VERIFY_PAUSE_S = 1.0

Tell = Callable[[int, int], None]
Passing = Callable[[str], None]


class ReindexRefused(Exception):
    """The index cannot be built now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did: `written` here of `total`, after `resumed` by an earlier run; `refused` documents."""

    index_name: str
    total: int
    written: int
    resumed: int
    refused: int


async def reindex(
    db: Database,
    cluster: Cluster,
    tell: Tell = lambda done, total: None,
    passing: Passing = lambda point: None,
    *,
    wanted: bool = True,
) -> Report | None:
    """Build an index, or go on with one that was not finished, and swap it in; searches and changes go on meanwhile.

    `wanted` False: only where the shop needs it: there is none, the live one is of an older release or lacks a
    language, or a build was left unfinished; returns None where it does not. `tell` hears of the progress, `passing`
    of the points between steps.
    Limits: IN_FLIGHT batches of INDEX_BATCH_MAX products in memory.
    Locks: BUILD_LOCK, of the session.
    Raises: ReindexRefused; Unreachable after PATIENCE_S; IndexLost. What was done stays done, and the next run goes on.
    """
    async with db.alone(BUILD_LOCK) as conn:
        if conn is None:
            if not wanted:
                return None
            async with db.read() as reading:
                other = await builds.find(reading, cluster.alias, "BUILDING")
            far = f" ({other.done:,} of {other.total:,} products done)" if other else ""
            raise ReindexRefused(f"another process is building an index already{far}. Wait for it, or stop it first")
        await _sweep(db, conn, cluster)
        await _give_up_lost(db, conn, cluster)
        unfinished = await builds.find(conn, cluster.alias, "BUILDING")
        languages = await _languages(conn)
        if not wanted and unfinished is None and not await _needed(conn, cluster, languages):
            return None
        await indices.drop_orphans(cluster, await builds.names(conn))
        made = await _begin(db, conn, cluster, unfinished, languages)
        passing("begun")
        resumed = made.done
        made = await _Stream(db, conn, cluster, made, tell, passing).run()
        await _finish(db, conn, cluster, made, passing)
        log.info("search.index_built", index=made.index_name, products=made.done, refused=made.refused)
        return Report(made.index_name, made.total, made.done - resumed, resumed, made.refused)


async def build_where_needed(resources: Resources) -> int:
    """Build an index where the shop needs one, and delete those that nobody reads any more; the job `search.build`."""

    async def build(cluster: Cluster) -> int:
        report = await reindex(resources.database, cluster, wanted=False)
        return report.written if report else 0

    return await with_pauses(resources, "search.building", build, (Unreachable, IndexLost, ReindexRefused), PAUSE_S_MAX)


async def _languages(conn: AsyncConnection) -> list[str]:
    found = await pricing.all_markets(conn)
    return sorted({each.lower() for market in found for each in (market.language, *market.languages)})


async def _needed(conn: AsyncConnection, cluster: Cluster, languages: list[str]) -> bool:
    live = await builds.find(conn, cluster.alias, "LIVE")
    there = await indices.behind(cluster)
    if there and (live is None or live.index_name not in there):
        # Perhaps another shop's. Who asks for a reindex takes the alias over; nobody takes it by accident.
        raise ReindexRefused(
            f"the alias {cluster.alias} leads to an index that this database does not know. "
            "Name another in OPENSEARCH_INDEX, or take it over with: commerce-graph reindex"
        )
    return live is None or not there or live.index_version < INDEX_VERSION or not set(languages) <= set(live.languages)


async def _sweep(db: Database, conn: AsyncConnection, cluster: Cluster) -> None:
    """Delete indices whose time is over."""
    for each in await builds.retired(conn, cluster.alias, RETIRED_S):
        await indices.drop(cluster, each.index_name)
        async with db.begin() as tx:
            await builds.forget(tx, each.id)


async def _give_up_lost(db: Database, conn: AsyncConnection, cluster: Cluster) -> None:
    """Give up indices that are not there any more: the list of changes is kept as long as one cannot be written to."""
    for each in await builds.open_builds(conn):
        if not await indices.exists(cluster, each.index_name):
            log.warning("search.index_lost", index=each.index_name)
            async with db.begin() as tx:
                await builds.retire(tx, each.id)


async def _begin(
    db: Database, conn: AsyncConnection, cluster: Cluster, unfinished: Build | None, languages: list[str]
) -> Build:
    """Return the build to go on with, or a new one: laid out in OpenSearch first, since changes are written to it."""
    if unfinished is not None:
        if unfinished.fits(languages):
            return unfinished
        async with db.begin() as tx:
            await builds.retire(tx, unfinished.id)
    there = await indices.behind(cluster)
    if not there and await indices.exists(cluster, cluster.alias):
        raise ReindexRefused(f"{cluster.alias} is the name of an index. Name another in OPENSEARCH_INDEX")
    build_id = new_id()
    name = indices.name_of(cluster.alias, build_id)
    total = await catalog.products_total(conn)
    made = Build(build_id, cluster.alias, name, INDEX_VERSION, languages, "BUILDING", None, total, 0, 0)
    await indices.create(cluster, name, languages)
    async with db.begin() as tx:
        await builds.insert(tx, made)
    return made


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch on its way: up to which product, and how many."""

    last: UUID
    size: int
    writing: asyncio.Task[dict[UUID, str]]


class _Stream:
    """Writes all products in order of key. What is done is noted batch by batch, and only when it is."""

    def __init__(
        self, db: Database, conn: AsyncConnection, cluster: Cluster, made: Build, tell: Tell, passing: Passing
    ) -> None:
        self._db, self._conn, self._cluster = db, conn, cluster
        self._made, self._tell, self._passing = made, tell, passing
        self._sent: deque[_Sent] = deque()

    async def run(self) -> Build:
        """Write what is left and return how far it is. Raises: Unreachable; IndexLost."""
        after = self._made.cursor
        self._tell(self._made.done, self._made.total)
        try:
            while ids := await catalog.product_ids_after(self._conn, after, INDEX_BATCH_MAX):
                after = ids[-1]
                # Taken before the products are read: see `indexing.step`.
                version = await builds.next_version(self._conn)
                written = list(zip(ids, await documents(self._conn, ids), strict=True))

                send = partial(bulk.write, self._cluster, self._made.index_name, version, written)
                self._sent.append(_Sent(after, len(ids), asyncio.create_task(_patiently(send))))
                if len(self._sent) >= IN_FLIGHT:
                    await self._done()
            while self._sent:
                await self._done()
        finally:
            for each in self._sent:
                each.writing.cancel()
            await asyncio.gather(*(each.writing for each in self._sent), return_exceptions=True)
        return self._made

    async def _done(self) -> None:
        """Wait for the oldest batch and note that it is done."""
        sent = self._sent[0]
        refused = await sent.writing
        self._sent.popleft()
        async with self._db.begin() as tx:
            if refused:
                await marks.refuse(tx, list(refused))
            await builds.advance(tx, self._made.id, sent.last, sent.size, len(refused))
        done, bad = self._made.done + sent.size, self._made.refused + len(refused)
        self._made = replace(self._made, cursor=sent.last, done=done, refused=bad)
        self._tell(done, max(done, self._made.total))
        self._passing("batch")


async def _patiently(call: Callable[[], Awaitable[dict[UUID, str]]]) -> dict[UUID, str]:
    """Call until OpenSearch answers. Raises: Unreachable after PATIENCE_S."""
    clock = asyncio.get_running_loop().time
    began, pause_s = clock(), 0.25
    while True:
        try:
            return await call()
        except Unreachable:
            if clock() - began > PATIENCE_S:
                raise
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, 5.0)


async def _finish(db: Database, conn: AsyncConnection, cluster: Cluster, made: Build, passing: Passing) -> None:
    """Bring in what changed meanwhile, see that nothing is missing, and swap."""
    try:
        await _catch_up(db, conn, cluster)
        missing = await _missing(conn, cluster, made)
    except NotFoundError:
        raise IndexLost(made.index_name) from None
    passing("caught up")
    if missing > 0:
        async with db.begin() as tx:
            await builds.retire(tx, made.id)
        raise ReindexRefused(f"the new index lacks {missing:,} products, and was given up. Try again")
    await indices.swap(cluster, made.index_name)
    passing("swapped")
    async with db.begin() as tx:
        await builds.go_live(tx, made)


async def _missing(conn: AsyncConnection, cluster: Cluster, made: Build) -> int:
    """Return how many products the index lacks, beside those on the list. New ones take a moment to get there."""
    missing = 0
    for _ in range(VERIFY_TRIES_MAX):
        wanted = await catalog.products_total(conn)
        missing = wanted - await indices.ready(cluster, made.index_name) - await marks.listed(conn)
        if missing <= 0:
            break
        await asyncio.sleep(VERIFY_PAUSE_S)
    return missing


async def _catch_up(db: Database, conn: AsyncConnection, cluster: Cluster) -> None:
    """Wait until what is on the list by now is written, by a worker or by ourselves where there is none."""
    clock = asyncio.get_running_loop().time
    began = clock()
    until = await marks.newest_mark(conn)
    while await marks.waiting(conn, until) and clock() - began < CATCH_UP_S:
        try:
            if not await indexing.step(db, cluster):
                await asyncio.sleep(0.1)
        except Unreachable:
            await asyncio.sleep(0.5)
