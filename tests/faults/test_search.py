"""Search when OpenSearch is slow, broken, wrong or gone: PostgreSQL answers within the same call, and nobody waits."""

import asyncio
import itertools
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from opensearchpy import exceptions
from sqlalchemy import text
from tools.opensearch import Node

from commerce_graph.catalog.service import Audience, Counts, PriceMarket
from commerce_graph.kernel import limits
from commerce_graph.kernel.circuit import Circuit
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.query_syntax.words import Plan, Slot
from commerce_graph.kernel.telemetry import configure_logging
from commerce_graph.search.service.cluster import Cluster, Unreachable
from commerce_graph.search.service.engine import Found, Hit, Place, Request
from commerce_graph.search.service.resilient import Resilient
from tests.faults.proxy import Proxy, answer, proxied
from tests.kernel.test_circuit import Clock

KNOWN = UUID(int=7)
MARKET = PriceMarket(None, "EUR")
WORDS = "a very private wish"


class Asking:
    """An engine that asks for all of an index, by way of the real cluster."""

    name = "opensearch"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def search(self, db: Database, request: Request) -> Found:
        """Find what a match_all finds, with the words of the request in the call."""
        (slot,) = request.plan.slots
        query = {"bool": {"must": {"match_all": {}}, "should": {"match": {"title": " ".join(slot.phrases[0])}}}}
        async with self.cluster.guarded(10) as client:
            told = await client.search(index=self.cluster.alias, body={"query": query})
        return Found([Hit(UUID(hit["_id"]), Place(self.name, 1, ())) for hit in told["hits"]["hits"]], False, False)

    async def suggest(self, db: Database, request: Request) -> Sequence[UUID]:
        """Find the same."""
        return [hit.product_id for hit in (await self.search(db, request)).hits]

    async def counts(self, db: Database, requests: Sequence[Request]) -> Sequence[Counts]:
        """Ask for what no node takes."""
        async with self.cluster.guarded(10) as client:
            await client.search(index=self.cluster.alias, body={"query": {WORDS: {}}})
        return []

    async def related(
        self, db: Database, product_ids: Sequence[UUID], audience: Audience, market: PriceMarket, size: int
    ) -> Sequence[Sequence[UUID]]:
        """Refuse what the client asked for."""
        raise RequestError("INVALID_CURSOR", "this is no cursor")


class Reading:
    """An engine that holds a connection to PostgreSQL while it answers that nothing was found."""

    name = "postgresql"

    def __init__(self) -> None:
        self.at_once = 0
        self.at_once_most = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def search(self, db: Database, request: Request) -> Found:
        """Find nothing."""
        async with db.read() as conn:
            self.at_once += 1
            self.at_once_most = max(self.at_once_most, self.at_once)
            await conn.execute(text("SELECT 1"))
            await self.go_on.wait()
            self.at_once -= 1
        return Found([], False, False)

    async def suggest(self, db: Database, request: Request) -> Sequence[UUID]:
        """Find nothing."""
        return []

    async def counts(self, db: Database, requests: Sequence[Request]) -> Sequence[Counts]:
        """Count nothing."""
        return []

    async def related(
        self, db: Database, product_ids: Sequence[UUID], audience: Audience, market: PriceMarket, size: int
    ) -> Sequence[Sequence[UUID]]:
        """Find nothing."""
        return [[] for _ in product_ids]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Run a node that these tests may harm."""
    node = Node(tmp_path_factory.mktemp("opensearch"), heap="256m")
    node.start()
    yield node
    node.stop()


@pytest.fixture
async def proxy(node: Node) -> AsyncIterator[Proxy]:
    async with proxied(node.port) as running:
        yield running


@pytest.fixture
async def alias(node: Node) -> str:
    """Return the alias of an index with one product."""
    name = f"shop-{uuid4().hex}"
    cluster = Cluster(node.url, name)
    async with cluster.guarded(20) as client:
        body = {"aliases": {name: {}}, "settings": {"number_of_replicas": 0}}
        await client.indices.create(index=f"{name}-1", body=body)
        await client.index(index=name, id=str(KNOWN), body={"title": "Mug"}, refresh=True)
    await cluster.close()
    return name


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def opened(url: str, alias: str, clock: Clock) -> AsyncIterator[Cluster]:
    """Return a cluster whose circuit goes by the test's clock."""
    cluster = Cluster(url, alias)
    cluster.circuit = Circuit("opensearch", clock)
    yield cluster
    await cluster.close()


@pytest.fixture
async def cluster(proxy: Proxy, alias: str, clock: Clock) -> AsyncIterator[Cluster]:
    async with opened(proxy.url, alias, clock) as made:
        yield made


def asked() -> Request:
    return Request(Plan((Slot(((WORDS,),)),)), Audience(), MARKET, "en")


class Shopper:
    """Someone who searches, and sees which engine answered."""

    def __init__(self, cluster: Cluster, database: Database) -> None:
        self.database = database
        self.reading = Reading()
        self.engine = Resilient(Asking(cluster), self.reading)

    async def search(self) -> str:
        """Search, and return `opensearch` or why it was not."""
        told: dict[str, Any] = {}
        engine = Resilient(self.engine.primary, self.reading, told, self.engine.turns, self.engine.journal)
        found = await engine.search(self.database, asked())
        how: dict[str, str] = told["search"]
        assert [hit.product_id for hit in found.hits] == ([KNOWN] if how["engine"] == "opensearch" else [])
        assert how["engine"] == ("postgresql" if "fallback" in how else "opensearch")
        return how.get("fallback", "opensearch")

    async def searches(self, count: int) -> set[str]:
        """Search so often at once, and return how they were answered."""
        return set(await asyncio.gather(*[self.search() for _ in range(count)]))


@pytest.fixture
def shopper(cluster: Cluster, database: Database) -> Shopper:
    return Shopper(cluster, database)


class Patience:
    """How long searches wait: longer than this machine may take, or, where a test has them use it up, hardly."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.long()

    def long(self) -> None:
        """Wait for what comes for sure."""
        self._set(20)

    def short(self) -> None:
        """Wait for what never comes."""
        self._set(0.5)

    def _set(self, seconds: float) -> None:
        self._patch.setattr(limits, "SEARCH_FALLBACK_TURN_S_MAX", 20)
        for name in ("SEARCH_S_MAX", "SUGGEST_S_MAX", "OPENSEARCH_TURN_S_MAX", "OPENSEARCH_CONNECT_S_MAX"):
            self._patch.setattr(limits, name, seconds)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    return Patience(monkeypatch)


# What a node or a network can do to a call


@pytest.mark.parametrize(
    ("canned", "reason"),
    [
        (answer(200, b'{"hits": {"hits": ['), "unexpected answer"),
        (answer(200, b"\xff\xfe"), "no connection"),
        (answer(200, b"<html></html>", "text/html"), "unexpected answer"),
        (answer(200, b"welcome", "text/plain"), "unexpected answer"),
        (answer(200, b'{"hello": "world"}'), "unexpected answer"),
        (answer(200, b"[]"), "unexpected answer"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "no connection"),
        (answer(429), "overloaded"),
        (answer(500), "status 500"),
        (answer(502, b"<html>", "text/html"), "status 502"),
        (answer(503, b'{"error": {"type": "all shards failed"}}'), "status 503"),
        (answer(401), "wrong credentials"),
        (answer(400), "refused"),
        (answer(403), "refused"),
        (answer(404), "no index"),
    ],
)
async def test_answer_that_is_none_is_given_by_postgres(
    shopper: Shopper, proxy: Proxy, canned: bytes, reason: str
) -> None:
    proxy.use("answer", canned)
    assert await shopper.search() == reason
    proxy.use("pass")
    assert await shopper.search() == "opensearch"


@pytest.mark.parametrize(("way", "reason"), [("reset", "no connection"), ("cut", "no connection"), ("hold", "timeout")])
async def test_call_that_breaks_off_is_answered_by_postgres(
    shopper: Shopper, proxy: Proxy, patience: Patience, way: Any, reason: str
) -> None:
    proxy.use(way)
    if way == "hold":
        patience.short()
    assert await shopper.search() == reason
    proxy.use("pass")
    patience.long()
    assert await shopper.search() == "opensearch"


async def test_connection_that_was_closed_while_idle_costs_no_answer(shopper: Shopper, proxy: Proxy) -> None:
    assert await shopper.searches(8) == {"opensearch"}
    assert proxy.open
    proxy.drop()
    assert await shopper.searches(8) == {"opensearch"}


async def test_connection_that_is_closed_just_as_it_is_used_costs_no_answer(shopper: Shopper, proxy: Proxy) -> None:
    assert await shopper.search() == "opensearch"
    proxy.use("stale")
    for _ in range(3):
        assert await shopper.search() == "opensearch"
    assert proxy.calls == 1 + 3 * 2


async def test_call_that_breaks_off_twice_is_not_made_a_third_time(shopper: Shopper, proxy: Proxy) -> None:
    proxy.use("reset")
    assert await shopper.search() == "no connection"
    assert proxy.calls == 2


async def test_missing_index_is_no_fault_of_the_node(shopper: Shopper, cluster: Cluster, proxy: Proxy) -> None:
    cluster.alias = "none-such"
    for _ in range(limits.CIRCUIT_CALLS):
        assert await shopper.search() == "no index"
    assert not cluster.circuit.is_open
    assert await cluster.state() == "no index"


async def test_nothing_listens(shopper: Shopper, alias: str, database: Database, clock: Clock) -> None:
    async with opened("http://127.0.0.1:9", alias, clock) as cluster:
        shopper = Shopper(cluster, database)
        assert await shopper.searches(20) <= {"no connection", "circuit open"}
        assert cluster.circuit.is_open
        assert await cluster.state() == "unreachable"


# The circuit


async def test_wrong_credentials_are_not_tried_for_long(
    shopper: Shopper, cluster: Cluster, proxy: Proxy, clock: Clock
) -> None:
    proxy.use("answer", answer(401, b"Unauthorized", "text/plain"))
    for _ in range(limits.CIRCUIT_FAILURES_MAX):
        assert await shopper.search() == "wrong credentials"
    assert await shopper.searches(50) == {"circuit open"}
    assert proxy.calls == limits.CIRCUIT_FAILURES_MAX


async def test_open_circuit_lets_one_probe_in_at_a_time(
    shopper: Shopper, cluster: Cluster, proxy: Proxy, clock: Clock, patience: Patience
) -> None:
    proxy.use("hold")
    patience.short()
    assert await shopper.searches(limits.CIRCUIT_FAILURES_MAX) == {"timeout"}
    assert await shopper.searches(50) == {"circuit open"}
    assert proxy.calls == limits.CIRCUIT_FAILURES_MAX
    clock.now += limits.CIRCUIT_PAUSE_S_MIN
    assert await shopper.searches(50) == {"circuit open", "timeout"}
    assert proxy.calls == limits.CIRCUIT_FAILURES_MAX + 1
    proxy.use("pass")
    patience.long()
    assert await shopper.search() == "circuit open"
    clock.now += limits.CIRCUIT_PAUSE_S_MIN * 2
    assert await shopper.search() == "opensearch"
    assert await shopper.searches(50) == {"opensearch"}


async def test_client_that_goes_away_is_no_fault_of_the_node(
    shopper: Shopper, cluster: Cluster, proxy: Proxy, clock: Clock
) -> None:
    proxy.use("hold")
    for count in range(limits.CIRCUIT_CALLS):
        search = asyncio.create_task(shopper.search())
        await proxy.come(count + 1)
        search.cancel()
        with pytest.raises(asyncio.CancelledError):
            await search
    assert not cluster.circuit.is_open
    proxy.use("pass")
    assert await shopper.searches(limits.OPENSEARCH_CALLS_MAX) == {"opensearch"}  # no turn was lost


async def test_probe_whose_client_goes_away_lets_another_in(shopper: Shopper, proxy: Proxy, clock: Clock) -> None:
    proxy.use("answer", answer(503))
    await shopper.searches(limits.CIRCUIT_FAILURES_MAX)
    clock.now += limits.CIRCUIT_PAUSE_S_MIN
    proxy.use("hold")
    calls = proxy.calls
    probe = asyncio.create_task(shopper.search())
    await proxy.come(calls + 1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    proxy.use("pass")
    assert await shopper.search() == "opensearch"


# Bounds


async def test_calls_at_once_are_bounded_and_no_connection_is_left(
    shopper: Shopper, cluster: Cluster, proxy: Proxy
) -> None:
    for _ in range(3):
        assert await shopper.searches(200) == {"opensearch"}
    assert await shopper.search() == "opensearch"
    assert 1 < proxy.open_most <= limits.OPENSEARCH_CALLS_MAX
    await cluster.close()
    await proxy.quiet()


async def test_call_that_gets_no_turn_is_answered_by_postgres_and_blames_nobody(
    shopper: Shopper, cluster: Cluster, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OPENSEARCH_TURN_S_MAX", 0.01)
    proxy.use("hold")
    holding = [asyncio.create_task(shopper.search()) for _ in range(limits.OPENSEARCH_CALLS_MAX)]
    await proxy.come(limits.OPENSEARCH_CALLS_MAX)
    assert await shopper.searches(limits.CIRCUIT_CALLS) == {"busy"}
    assert proxy.calls == limits.OPENSEARCH_CALLS_MAX
    assert not cluster.circuit.is_open
    proxy.use("pass")
    assert set(await asyncio.gather(*holding)) == {"opensearch"}


async def test_all_calls_of_one_search_share_its_time_and_the_circuit_learns_who_used_it_up(
    cluster: Cluster, proxy: Proxy, database: Database, patience: Patience
) -> None:
    engine = Resilient(Twice(cluster), Reading())
    patience.short()
    proxy.use("hold")
    for count in range(1, limits.CIRCUIT_FAILURES_MAX + 1):
        assert not cluster.circuit.is_open
        assert await engine.suggest(database, asked()) == []
        assert proxy.calls == count
    assert cluster.circuit.is_open


class Twice(Asking):
    """An engine that asks again when the first call was too slow."""

    async def suggest(self, db: Database, request: Request) -> Sequence[UUID]:
        """Ask twice."""
        for _ in range(2):
            try:
                await self.search(db, request)
            except Unreachable as fault:
                reason = fault
        raise reason


async def test_flood_of_searches_leaves_connections_to_others(
    shopper: Shopper, proxy: Proxy, database: Database
) -> None:
    proxy.use("answer", answer(503))
    shopper.reading.go_on.clear()
    flood = [asyncio.create_task(shopper.search()) for _ in range(200)]
    room = limits.SEARCH_FALLBACKS_AT_ONCE_MAX + limits.SEARCH_FALLBACKS_WAITING_MAX
    async with asyncio.timeout(20):
        for throttled in itertools.islice(asyncio.as_completed(flood), len(flood) - room):
            with pytest.raises(RequestError) as refused:
                await throttled
            assert refused.value.code == "THROTTLED"
    async with asyncio.timeout(10), database.begin() as tx:
        await tx.execute(text("SELECT 1"))
    assert sum(each.done() for each in flood) == len(flood) - room
    shopper.reading.go_on.set()
    told = await asyncio.gather(*flood, return_exceptions=True)
    assert {each for each in told if not isinstance(each, RequestError)} <= {"status 503", "circuit open"}
    assert shopper.reading.at_once_most == limits.SEARCH_FALLBACKS_AT_ONCE_MAX


async def test_turn_that_does_not_come_is_refused(
    shopper: Shopper, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SEARCH_FALLBACK_TURN_S_MAX", 0.01)
    proxy.use("answer", answer(503))
    shopper.reading.go_on.clear()
    holding = [asyncio.create_task(shopper.search()) for _ in range(limits.SEARCH_FALLBACKS_AT_ONCE_MAX)]
    told = await asyncio.gather(*[shopper.search() for _ in range(8)], return_exceptions=True)
    shopper.reading.go_on.set()
    told += await asyncio.gather(*holding, return_exceptions=True)
    assert [each.code for each in told if isinstance(each, RequestError)] == ["THROTTLED"] * 8


# What is told, and what is not


async def test_mistake_of_the_client_is_told_and_not_searched_for_again(shopper: Shopper) -> None:
    with pytest.raises(RequestError) as refused:
        await shopper.engine.related(shopper.database, [KNOWN], Audience(), MARKET, 3)
    assert refused.value.code == "INVALID_CURSOR"


async def test_query_that_the_node_refuses_is_our_fault_and_no_ones_error(
    shopper: Shopper, cluster: Cluster, capfd: pytest.CaptureFixture[str], logging_restored: None
) -> None:
    configure_logging("json", "debug")
    told: dict[str, Any] = {}
    engine = Resilient(shopper.engine.primary, shopper.reading, told)
    assert await engine.counts(shopper.database, [asked()]) == []
    assert told["search"] == {"engine": "postgresql", "fallback": "refused"}
    assert not cluster.circuit.is_open
    log = capfd.readouterr().err
    assert "search.refused" in log
    assert "parsing_exception" in log
    assert WORDS not in log


async def test_fall_back_that_was_told_stays_told(shopper: Shopper, proxy: Proxy) -> None:
    told: dict[str, Any] = {}
    engine = Resilient(shopper.engine.primary, shopper.reading, told)
    await engine.search(shopper.database, asked())
    assert told["search"] == {"engine": "opensearch"}
    proxy.use("answer", answer(503))
    await engine.search(shopper.database, asked())
    proxy.use("pass")
    await engine.search(shopper.database, asked())
    assert told["search"] == {"engine": "postgresql", "fallback": "status 503"}


@pytest.fixture
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    kept = (root.handlers, root.level)
    yield
    root.handlers, level = kept
    root.setLevel(level)


async def test_neither_words_nor_password_reach_the_log_and_not_every_call_does(
    proxy: Proxy, alias: str, database: Database, clock: Clock, capfd: pytest.CaptureFixture[str],
    logging_restored: None, patience: Patience,
) -> None:  # fmt: skip
    configure_logging("json", "debug")
    logging.getLogger("opensearchpy.trace").addHandler(logging.StreamHandler())
    url = proxy.url.replace("//", "//robot:swordfish@")
    async with opened(url, alias, clock) as cluster:
        shopper = Shopper(cluster, database)
        await shopper.search()
        for way, canned in (
            ("hold", b""), ("reset", b""), ("cut", b""), ("answer", answer(200, b"{")),
            ("answer", answer(503, WORDS.encode())), ("answer", answer(400, WORDS.encode())),
        ):  # fmt: skip
            proxy.use(way, canned)  # type: ignore[arg-type]
            patience.short()
            await shopper.searches(10)
            clock.now += 100
        proxy.use("pass")
        patience.long()
        assert await shopper.search() == "opensearch"
    logging.getLogger("opensearchpy.trace").handlers.clear()
    lines = capfd.readouterr().err.splitlines()
    assert not [line for line in lines if "private" in line or "swordfish" in line]
    opening = [line for line in lines if "circuit.opened" in line]
    closing = [line for line in lines if "circuit.closed" in line]
    assert len(opening) == len(closing) + (0 if opening else 1)
    fallbacks = [line for line in lines if "search.fallback" in line]
    assert 2 < len(fallbacks) < 10


async def test_url_with_a_password_signs_in(node: Node, database: Database) -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer(200))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    where = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for url in (f"http://robot:sword%2Ffish@{where}/search/", f"http://robot@{where}"):
        cluster = Cluster(url, "shop")
        await cluster.state()
        await cluster.close()
    server.close()
    heads = [head.decode().lower().splitlines() for head in seen]
    assert heads[0][0].startswith("head /search/_alias/shop ")
    assert "authorization: basic cm9ib3q6c3dvcmqvzmlzaa==" in heads[0]
    assert "authorization: basic cm9ib3q6" in heads[1]


async def test_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    cluster = Cluster("https://127.0.0.1:9", "shop")
    await cluster.state()
    context = cluster.client.transport.get_connection()._ssl_context
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    await cluster.close()


async def test_nothing_connects_before_it_is_used_and_any_loop_may_use_it(proxy: Proxy, alias: str) -> None:
    cluster = await asyncio.to_thread(Cluster, proxy.url, alias)  # made where no loop runs
    assert proxy.open == 0
    assert await cluster.state() == "ok"
    await cluster.close()
    await proxy.quiet()


# A real node that dies and comes back


async def test_node_that_is_killed_under_searches_and_started_again(
    shopper: Shopper, proxy: Proxy, node: Node, cluster: Cluster, clock: Clock
) -> None:
    going_on = True
    seen: set[str] = set()

    noticed = asyncio.Event()

    async def search() -> None:
        while going_on:
            seen.add(await shopper.search())
            if "circuit open" in seen:
                noticed.set()

    searching = [asyncio.create_task(search()) for _ in range(8)]
    await proxy.come(50)
    node.kill()
    async with asyncio.timeout(20):
        await noticed.wait()
    going_on = False
    await asyncio.gather(*searching)
    assert "opensearch" in seen
    assert seen <= {"opensearch", "no connection", "circuit open", "timeout", "busy"}
    assert await cluster.state() == "unreachable"
    await asyncio.to_thread(node.start)
    clock.now += limits.CIRCUIT_PAUSE_S_MAX
    assert await shopper.search() == "opensearch"
    assert await cluster.state() == "ok"


async def test_node_that_stands_still_holds_nobody_up(
    shopper: Shopper, cluster: Cluster, node: Node, proxy: Proxy, clock: Clock, patience: Patience
) -> None:
    assert await shopper.search() == "opensearch"
    os.kill(node.pid, signal.SIGSTOP)
    try:
        before = proxy.calls
        patience.short()
        assert await shopper.searches(limits.CIRCUIT_FAILURES_MAX) == {"timeout"}
        assert await shopper.searches(60) == {"circuit open"}
        assert proxy.calls == before + limits.CIRCUIT_FAILURES_MAX
        assert await cluster.state() == "unreachable"
    finally:
        os.kill(node.pid, signal.SIGCONT)
    patience.long()
    clock.now += limits.CIRCUIT_PAUSE_S_MIN
    assert await shopper.searches(20) <= {"opensearch", "circuit open"}
    assert await shopper.searches(20) == {"opensearch"}


async def test_refusal_of_the_node_is_passed_on_to_who_uses_it_directly(cluster: Cluster) -> None:
    with pytest.raises(exceptions.NotFoundError):
        async with cluster.guarded(5) as client:
            await client.get(index=cluster.alias, id="nothing")
    with pytest.raises(ZeroDivisionError):
        async with cluster.guarded(5):
            raise ZeroDivisionError
    assert not cluster.circuit.is_open
