"""Fixtures: real PostgreSQL and Redis for the session, a fresh copy of the test shop for each test."""

import importlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.schema import CreateSchema
from tools.opensearch import Node

from commerce_graph.embedded import Servers, embedded
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database, metadata
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.outbox import Bus
from tests.shop import COMPARED, Shop, fill

DOMAINS = os.environ.get(
    "CG_DOMAINS",
    "catalog,gift_card,pricing,inventory,content,customer,discount,payment,fulfilment,order,cart,checkout,merchandising,search",
).split(",")
_numbers = count(1)


@dataclass(frozen=True)
class Template:
    """The servers, and the name of the database that is copied for each test."""

    servers: Servers
    admin: Database

    def url(self, name: str) -> str:
        """Return the URL of a database on the test server."""
        head, _, tail = self.servers.database_url.partition("/postgres?")
        return f"{head}/{name}?{tail}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Note how many queries of a test both executors have answered."""
    before = COMPARED["queries"]
    yield
    item.user_properties.append(("compared", COMPARED["queries"] - before))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests have counted, in whichever process they ran."""
    properties = [told for report in terminalreporter.getreports("passed") for told in report.user_properties]
    for name, told in properties:
        if name == "tally":
            terminalreporter.write_line(told)
    answered_ms = [told for name, told in properties if name == "abuse_ms"]
    if answered_ms:
        failed = sum(name == "abuse" for report in terminalreporter.getreports("failed")
                     for name, _ in report.user_properties)  # fmt: skip
        slowest = f"the slowest answer after one took {max(answered_ms)} ms"
        terminalreporter.write_line(f"abuse: {len(answered_ms) + failed} cases, {failed} failed; {slowest}")
    compared = sum(told for name, told in properties if name == "compared")
    if compared:
        terminalreporter.write_line(f"execution: {compared:,} queries of tests, 0 differences")


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Run PostgreSQL and Redis for the session."""
    # Not pytest's own folder: it removes those of older sessions, which may still be running.
    with (
        tempfile.TemporaryDirectory(prefix="commerce-graph-tests-", dir=roomy_memory()) as folder,
        embedded(Path(folder)) as running,
    ):
        yield running


def roomy_memory() -> str | None:
    """Return the machine's folder in memory, where a database is copied in a fifth of the time; None if it is small."""
    folder = "/dev/shm"  # the files lie in a folder of our own there
    return folder if os.path.isdir(folder) and shutil.disk_usage(folder).free > 4 << 30 else None


@pytest.fixture(scope="session")
def opensearch() -> Iterator[Node]:
    """Run OpenSearch from the first test that needs it on. A test that harms it starts a node of its own."""
    with tempfile.TemporaryDirectory(prefix="commerce-graph-opensearch-") as folder:
        node = Node(Path(folder), temporary=True)
        node.start()
        yield node
        node.stop()


@pytest.fixture(scope="session")
async def template(servers: Servers) -> AsyncIterator[Template]:
    """Make the database that each test gets a copy of."""
    admin = Database(servers.database_url, pool_size=2)
    made = Template(servers, admin)
    async with admin.read() as conn:
        # A test database lives for a second: what a crash would lose is of no interest.
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 200"):
            await conn.execute(text(f"ALTER SYSTEM SET {setting}"))
        await conn.execute(text("SELECT pg_reload_conf()"))
        await conn.execute(text("CREATE DATABASE template_shop"))
    shop = Database(made.url("template_shop"), pool_size=1)
    await write_shop(shop)
    await shop.close()
    yield made
    await admin.close()


async def write_shop(empty: Database) -> None:
    """Write all tables and the test shop into an empty database."""
    async with empty.begin() as tx:
        for schema in sorted({table.schema for table in metadata.tables.values() if table.schema}):
            await tx.execute(CreateSchema(schema))
        await tx.run_sync(metadata.create_all)
        await fill(tx)


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return the engine of the whole graph."""
    return Engine(Graph([importlib.import_module(f"commerce_graph.{name}").module for name in DOMAINS]))


@pytest.fixture
async def database(template: Template) -> AsyncIterator[Database]:
    """Return a fresh database with the test shop in it."""
    name = f"shop_{next(_numbers)}"
    async with template.admin.read() as conn:
        await conn.execute(text(f"CREATE DATABASE {name} TEMPLATE template_shop STRATEGY FILE_COPY"))
    made = Database(template.url(name), pool_size=10)
    yield made
    await made.close()
    async with template.admin.read() as conn:
        await conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    """Return an empty Redis."""
    client = Redis.from_url(servers.redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def resources(database: Database, redis: Redis) -> AsyncIterator[Resources]:
    """Return the resources of a server on the test shop."""
    made = Resources(
        database=database, redis=redis, secret=b"test secret", bus=Bus(redis), public_url="http://shop.test"
    )
    yield made
    if purchases := made.services.get("checkout"):
        await purchases.settle()  # what still runs would find its connections closed


@pytest.fixture
async def shop(database: Database, resources: Resources, engine: Engine) -> Shop:
    """Return the test shop, to run operations in."""
    return Shop(database, resources, engine)
