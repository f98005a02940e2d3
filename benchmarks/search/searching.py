"""How long searches take and what they cost: over HTTP, in turn with what the node is asked for them."""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from benchmarks import machine
from benchmarks.load import document
from benchmarks.operations import Wrong
from benchmarks.report import percentile
from benchmarks.search.operations import DOCUMENTS, variables
from benchmarks.search.place import Place, Shop
from benchmarks.search.recorded import Call
from benchmarks.wire import Wire, wires

CONNECTIONS = 8
WARMUP_S = 2.0
FALLBACKS_MAX = 0.1
"""The part of all answers that may be another engine's, since the node was too late for them."""
EXTENSIONS_BYTES = 200
"""Where in an answer is said who answered: at its end."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long something took, in ms."""

    count: int
    p50_ms: float
    p95_ms: float

    @classmethod
    def of(cls, durations_s: Sequence[float]) -> "Latency":
        """Return the percentiles of durations."""
        ordered = sorted(durations_s)
        p50, p95 = (round(percentile(ordered, percent) * 1_000, 2) for percent in (50, 95))
        return cls(len(ordered), p50, p95)


@dataclass(frozen=True, slots=True)
class Cost:
    """What many searches at once cost: how many a second, and processor seconds for a thousand, by process.

    `fallbacks` were answered by PostgreSQL because the node was too late, here and one by one.
    """

    count: int
    per_second: float
    cpu_s: Mapping[str, float]
    fallbacks: int = 0

    @property
    def all_cpu_s(self) -> float:
        """Processor seconds for a thousand, of all processes."""
        return sum(self.cpu_s.values())


@dataclass(frozen=True, slots=True)
class Searching:
    """One operation: `graph` over HTTP and `bare` on the node, in turn; then many at once. `bare` None: no node."""

    operation: str
    engine: str
    graph: Latency
    bare: Latency | None
    cost: Cost
    answer_bytes: int = field(default=0)

    @property
    def times_bare_p95(self) -> float | None:
        """How many times the bare query's p95 the search's is."""
        return self.graph.p95_ms / self.bare.p95_ms if self.bare else None

    @property
    def times_bare_p50(self) -> float | None:
        """How many times the bare query's p50 the search's is."""
        return self.graph.p50_ms / self.bare.p50_ms if self.bare else None


async def measured(
    place: Place, shop: Shop, server: tuple[int, int], operation: str, texts: Sequence[str], seconds: float,
    calls: Sequence[Sequence[Call]] | None,
) -> Searching:  # fmt: skip
    """Measure one operation on a server (its port and pid). `calls`: what the node is asked for each text, if any.

    Raises: Wrong for an answer with errors, or from another engine than the one that is measured.
    """
    port, pid = server
    engine = "postgresql" if calls is None else "opensearch"
    async with wires(port, CONNECTIONS) as served, wires(place.node.port, CONNECTIONS) as nodes:
        asked = [request(served[0], shop, operation, text) for text in texts]
        bare = [[call.ready(nodes[0]) for call in each] for each in calls or ()]
        await _warmed(nodes, bare)
        late: list[str] = []
        graph, node, size = await _in_turn(served[0], asked, nodes[0], bare, seconds, engine, late)
        cost = await _cost(place, served, port, pid, asked, seconds, engine, late)
    if len(late) > FALLBACKS_MAX * (graph.count + cost.count):
        raise Wrong(f"{len(late)} of {graph.count + cost.count} answers are not by {engine}, the first {late[0]}")
    return Searching(operation, engine, graph, node, replace(cost, fallbacks=len(late)), size)


async def _warmed(nodes: Sequence[Wire], bare: Sequence[Sequence[bytes]]) -> None:
    """Ask the node as many at once as will be measured: one that has just started compiles what it is asked for."""
    until = time.monotonic() + WARMUP_S if bare else 0

    async def ask(start: int, node: Wire) -> None:
        for number in itertools.count(start, len(nodes)):
            if time.monotonic() > until:
                return
            for each in bare[number % len(bare)]:
                await node.send(each)

    await asyncio.gather(*(ask(start, node) for start, node in enumerate(nodes)))


async def _in_turn(
    wire: Wire, asked: Sequence[bytes], node: Wire, bare: Sequence[Sequence[bytes]], seconds: float, engine: str,
    late: list[str],
) -> tuple[Latency, Latency | None, int]:  # fmt: skip
    """Ask the server and the node in turn; returns how long each took, and how many bytes an answer has."""
    took: dict[str, list[float]] = {"graph": [], "bare": []}
    size = 0
    warm_until = time.monotonic() + min(WARMUP_S, seconds)
    until = warm_until + seconds
    for number in itertools.count():
        at = number % len(asked)
        # Each goes first every other time: who goes second finds the processor's caches warm.
        for name in ("graph", "bare") if number % 2 else ("bare", "graph"):
            requests = [asked[at]] if name == "graph" else bare[at] if bare else []
            began = time.perf_counter()
            for each in requests:
                answer = await (wire if name == "graph" else node).send(each)
            if time.monotonic() > warm_until:
                took[name].append(time.perf_counter() - began)
            if name == "graph":
                size += len(answer)
                late += other_engine(answer, engine)
        if time.monotonic() > until:
            break
    return Latency.of(took["graph"]), Latency.of(took["bare"]) if bare else None, size // (number + 1)


def request(wire: Wire, shop: Shop, operation: str, text: str) -> bytes:
    """Return the HTTP request of an operation."""
    body = document(DOCUMENTS[operation], variables(operation, text))
    return wire.ready("POST", "/graphql", body, {"X-Shopify-Storefront-Access-Token": shop.token})


def check(answer: bytes, engine: str) -> None:
    """See that a search was answered, and by the engine that is measured. Raises: Wrong."""
    for by in other_engine(answer, engine):
        raise Wrong(f"answered by {by}, not by {engine}")


def other_engine(answer: bytes, engine: str) -> list[str]:
    """Return what is said of the engine that answered, where it is not the one that is measured. Raises: Wrong."""
    told = orjson.loads(answer)
    if "errors" in told:
        raise Wrong(str(told["errors"])[:1_000])
    by = told.get("extensions", {}).get("search", {})
    return [] if by.get("engine") == engine else [str(by)]


async def _cost(
    place: Place, served: Sequence[Wire], port: int, pid: int, asked: Sequence[bytes], seconds: float, engine: str,
    late: list[str],
) -> Cost:  # fmt: skip
    numbers = itertools.count()
    done = 0

    async def ask(wire: Wire, until: float) -> None:
        nonlocal done
        while time.monotonic() < until:
            answer = await wire.send(asked[next(numbers) % len(asked)])
            done += 1
            # Reading an answer costs the processor time of who asks, not of who is measured.
            if engine.encode() not in answer[-EXTENSIONS_BYTES:]:
                late.extend(other_engine(answer, engine))

    before = {name: machine.cpu_s(each) for name, each in place.pids(pid).items()}
    began = time.monotonic()
    await asyncio.gather(*(ask(wire, began + seconds) for wire in served))
    took = time.monotonic() - began
    spent = {name: machine.cpu_s(each) - before[name] for name, each in place.pids(pid).items()}
    return Cost(done, done / took, {name: each * 1_000 / done for name, each in spent.items()})
