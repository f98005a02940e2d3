"""How fast an index is built, beside a bare bulk load of the same documents in the same run, and in how much memory."""

import asyncio
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psutil
import uvloop

from benchmarks import machine
from benchmarks.operations import Wrong
from benchmarks.search.place import Place, Shop
from benchmarks.wire import Wire, wires
from commerce_graph.catalog import service as catalog
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import INDEX_BATCH_MAX
from commerce_graph.pricing import service as pricing
from commerce_graph.search.rules.mapping import index_body
from commerce_graph.search.service.documents import documents
from commerce_graph.search.service.reindex import IN_FLIGHT

SAMPLE_S = 0.2
_RATE = re.compile(r"([\d,]+) a second")


@dataclass(frozen=True, slots=True)
class Indexing:
    """A build of the index beside bare loads before and after it. Memory in MB, rates in documents a second."""

    documents: int
    document_bytes: int
    per_second: float
    bare_per_second: float
    cpu_s: float
    memory_mb_quarters: tuple[float, ...]

    @property
    def of_the_rate(self) -> float:
        """The reindexer's rate as a part of the bare load's."""
        return self.per_second / self.bare_per_second

    @property
    def memory_growth(self) -> float:
        """The most memory in the last quarter, over the most in the second: 1 is flat. The first fills the pools."""
        return self.memory_mb_quarters[-1] / self.memory_mb_quarters[1]


def measured(place: Place, shop: Shop) -> Indexing:
    """Load the documents bare, build the index as `commerce-graph reindex` does, and load them bare once more."""
    folder = place.folder / f"documents-{shop.products}"
    folder.mkdir()
    languages, count = uvloop.run(_export(shop, folder))
    bodies = sorted(folder.iterdir())
    size = sum(body.stat().st_size for body in bodies) // max(count, 1)
    first = uvloop.run(_bare(place, bodies, languages, count))
    rate, cpu, memory = _reindex(place, shop)
    second = uvloop.run(_bare(place, bodies, languages, count))
    for body in bodies:
        body.unlink()
    return Indexing(count, size, rate, (first + second) / 2, cpu, memory)


async def _export(shop: Shop, folder: Path) -> tuple[list[str], int]:
    """Write all documents as bodies of bulk requests, as many in each as the reindexer sends."""
    database = Database(shop.database_url, pool_size=1)
    count = 0
    try:
        async with database.read() as conn:
            markets = await pricing.all_markets(conn)
            languages = sorted({each.lower() for market in markets for each in (market.language, *market.languages)})
            async for batch in _batches(conn):
                lines = [
                    orjson.dumps(each) for document in batch for each in ({"index": {"_id": document["id"]}}, document)
                ]
                (folder / f"{count:09}").write_bytes(b"\n".join([*lines, b""]))
                count += len(batch)
    finally:
        await database.close()
    return languages, count


async def _batches(conn: Any) -> AsyncIterator[list[dict[str, Any]]]:
    after = None
    while ids := await catalog.product_ids_after(conn, after, INDEX_BATCH_MAX):
        after = ids[-1]
        yield [document for document in await documents(conn, ids) if document is not None]


async def _bare(place: Place, bodies: Sequence[Path], languages: list[str], count: int) -> float:
    """Load the bodies into an index of the same mapping and return documents a second."""
    left = iter(bodies)

    async def load(wire: Wire) -> None:
        for body in left:
            told = await _patiently(wire, body.read_bytes())
            if not told.endswith(b'"errors":false}'):
                raise machine.DidNotStart(f"the bare load was refused: {told[:500]!r}")

    async with wires(place.node.port, IN_FLIGHT) as nodes:
        await nodes[0].ask("PUT", "/bare", orjson.dumps(index_body(languages)))
        began = time.monotonic()
        await asyncio.gather(*(load(wire) for wire in nodes))
        await nodes[0].ask("POST", "/bare/_refresh")
        took = time.monotonic() - began
        await nodes[0].ask("DELETE", "/bare")
    return count / took


async def _patiently(wire: Wire, body: bytes) -> bytes:
    """Send a bulk request, again after a moment where the node has too much to do, as any loader would."""
    for pause_s in (0.05, 0.1, 0.2, 0.5, 1, 2, 4):
        try:
            return await wire.ask("POST", "/bare/_bulk?filter_path=took,errors", body)
        except Wrong as fault:
            if not str(fault).startswith("status 429"):
                raise
        await asyncio.sleep(pause_s)
    return await wire.ask("POST", "/bare/_bulk?filter_path=took,errors", body)


def _reindex(place: Place, shop: Shop) -> tuple[float, float, tuple[float, ...]]:
    """Run the command; returns its rate, its processor time, and the most memory in each quarter of its time."""
    process = subprocess.Popen(
        [sys.executable, "-m", "commerce_graph", "reindex"], cwd=machine.ROOT, text=True,
        env={**os.environ, **shop.environment(place)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    seen: list[tuple[float, float]] = []
    watch = threading.Thread(target=_watch, args=(process.pid, seen))
    watch.start()
    told, _ = process.communicate()
    watch.join()
    rate = _RATE.search(told)
    if process.returncode != 0 or rate is None:
        raise machine.DidNotStart(f"reindex ended with status {process.returncode}:\n{told[-3_000:]}")
    memory = [rss / 2**20 for rss, _ in seen]
    quarter = max(1, len(memory) // 4)
    quarters = tuple(round(max(memory[at * quarter : (at + 1) * quarter] or memory[-1:]), 1) for at in range(4))
    return float(rate[1].replace(",", "")), seen[-1][1], quarters


def _watch(pid: int, seen: list[tuple[float, float]]) -> None:
    """Note memory and processor time of a process until it ends."""
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            times = process.cpu_times()
            seen.append((process.memory_info().rss, times.user + times.system))
            time.sleep(SAMPLE_S)
    except psutil.NoSuchProcess:
        return
