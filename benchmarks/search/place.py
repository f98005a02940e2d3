"""Where search is measured: PostgreSQL, Redis and an OpenSearch node, with demo shops of any size in them."""

import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import uvloop
from sqlalchemy import text
from tools.opensearch import Node

from benchmarks import machine
from commerce_graph import demo, migration
from commerce_graph.embedded import Servers, embedded
from commerce_graph.kernel.auth import MERCHANT_SCOPES, SHOPPER_SCOPES
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.tokens import issue_token

HEAP = "1g"


@dataclass(frozen=True, slots=True)
class Place:
    """The running servers. The pids are those of their first processes."""

    servers: Servers
    node: Node
    folder: Path
    secret: str
    postgres_pid: int
    redis_pid: int

    def pids(self, server_pid: int) -> Mapping[str, int]:
        """Return whose processor time counts, by name."""
        return {
            "server": server_pid, "OpenSearch": self.node.pid, "PostgreSQL": self.postgres_pid, "Redis": self.redis_pid,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shop:
    """A filled shop in a database of its own, with the name of its index."""

    database_url: str
    alias: str
    products: int
    token: str
    merchant: str

    def environment(self, place: Place, *, opensearch: bool = True) -> dict[str, str]:
        """Return what a process that serves the shop is told."""
        told = {
            "DATABASE_URL": self.database_url, "REDIS_URL": place.servers.redis_url, "SECRET": place.secret,
            "LOG_LEVEL": "warning", "OPENSEARCH_INDEX": self.alias,
        }  # fmt: skip
        return {**told, "OPENSEARCH_URL": place.node.url} if opensearch else told


@contextmanager
def placed(tell: Callable[[str], None]) -> Iterator[Place]:
    """Start the servers; they and all their data are gone after the block."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="commerce-graph-bench-")))
        servers = stack.enter_context(embedded(folder / "data", tell))
        tell("starting OpenSearch")
        node = Node(folder / "opensearch", heap=HEAP)
        node.start()
        stack.callback(node.stop)
        with redis.Redis.from_url(servers.redis_url) as client:
            info: Any = client.info("server")
        postgres_pid = uvloop.run(_postgres_pid(servers.database_url))
        yield Place(servers, node, folder, secrets.token_hex(32), postgres_pid, info["process_id"])


def filled(place: Place, products: int, tell: Callable[[str], None]) -> Shop:
    """Fill a new database with a demo shop."""
    name = f"shop_{products}"
    uvloop.run(_create(place.servers.database_url, name))
    head, _, tail = place.servers.database_url.partition("/postgres?")
    url = f"{head}/{name}?{tail}"
    migration.upgrade(url)
    tell(f"filling a shop with {products:,} products")
    token, merchant = uvloop.run(_filled(url, products))
    return Shop(url, f"bench-{products}", products, token, merchant)


async def _create(url: str, name: str) -> None:
    database = Database(url, pool_size=1)
    async with database.read() as conn:
        await conn.execute(text(f"CREATE DATABASE {name}"))
    await database.close()


async def _postgres_pid(url: str) -> int:
    database = Database(url, pool_size=1)
    try:
        async with database.read() as conn:
            return machine.parent_of((await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one())
    finally:
        await database.close()


async def _filled(url: str, products: int) -> tuple[str, str]:
    database = Database(url, pool_size=2)
    try:
        await demo.seed(database, products, lambda stage, done, total: None)
        async with database.begin() as tx:
            token = await issue_token(tx, "storefront", "benchmarks", SHOPPER_SCOPES, demo.CHANNEL_ID)
            merchant = await issue_token(tx, "merchant", "benchmarks", MERCHANT_SCOPES, None)
        return token, merchant
    finally:
        await database.close()
