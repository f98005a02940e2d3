"""A served process under attack: each attack ends as it should, the server answers all others, and keeps no memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks import machine
from commerce_graph import migration
from commerce_graph.kernel.database import Database
from tests.abuse.edge import Edge, ask
from tests.abuse.edge_cases import CASES
from tests.conftest import Template

GROWTH_BYTES_MAX = 200 << 20
"""How much memory the process may hold after an attack beyond what it held before the first. One of them asks for
gigabytes; what is left to grow is caches, which are bounded, and what the allocator keeps."""


@pytest.fixture(scope="session")
async def edge(template: Template, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    """Serve the test shop as `commerce-graph serve` does, for the session."""
    async with template.admin.read() as conn:
        await conn.execute(text("CREATE DATABASE edge_shop TEMPLATE template_shop STRATEGY FILE_COPY"))
    database = Database(template.url("edge_shop"), pool_size=1)
    async with database.begin() as tx:
        await tx.execute(text("CREATE TABLE kernel.revision (version_num text PRIMARY KEY)"))
        await tx.execute(text("INSERT INTO kernel.revision VALUES (:head)"), {"head": migration.revisions()[-1]})
    await database.close()
    env = {
        "DATABASE_URL": template.url("edge_shop"), "REDIS_URL": template.servers.redis_url, "SECRET": "s" * 32,
        "BACKGROUND": "off",
    }  # fmt: skip
    log: Path = tmp_path_factory.mktemp("edge") / "server.log"
    serving = machine.graph_served(env, log)
    served = await asyncio.to_thread(serving.__enter__)
    made = Edge(served.port, served.pid)
    try:
        for _ in range(20):  # so that what is made once, such as pools and plans, is no growth
            async with AsyncExitStack() as stack:
                assert await ask("{ products(first: 3) { nodes { title } } shop { name } }")(made, stack) == "200"
        yield made
    finally:
        await asyncio.to_thread(serving.__exit__, None, None, None)
    told = await asyncio.to_thread(log.read_text)
    for fault in ("request.fault", "socket.fault", "Exception in ASGI application"):
        assert fault not in told, told[told.index(fault) :][:5_000]


@pytest.fixture(scope="session")
def before(edge: Edge) -> int:
    """Return what the process held before the first attack."""
    return edge.memory_bytes


@pytest.mark.parametrize("name", CASES)
async def test_edge(edge: Edge, before: int, record_property: Callable[[str, object], None], name: str) -> None:
    attack, expected = CASES[name]
    record_property("abuse", name)
    async with AsyncExitStack() as stack:
        found = await attack(edge, stack)
        began = time.monotonic()
        async with AsyncExitStack() as own:
            alive = await ask("{ __typename }")(edge, own)
        record_property("abuse_ms", round((time.monotonic() - began) * 1_000))
        grown = edge.memory_bytes - before
    assert found in expected.split("|"), f"{found}, where it should be {expected}"
    # While an attack goes on, strangers are the first who are told to come back: an answer, and at once.
    assert alive in ("200", "503 OVERLOADED")
    assert grown < GROWTH_BYTES_MAX, f"{grown >> 20} MB more than before all attacks"
