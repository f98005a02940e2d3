"""Server processes on the test shop, as they run for customers, and a client that asks them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from benchmarks import machine
from commerce_graph import migration
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from tests.shop import TOKENS, Shop

SECRET = "the secret that the server processes of a test share"


@dataclass(frozen=True)
class Served:
    """A shop that several processes serve. `shop` works in process on the same rows, with the same secret."""

    shop: Shop
    clients: Sequence[httpx.AsyncClient]
    _turns: Any

    async def ask(self, document: str, variables: dict[str, Any]) -> Any:
        """Ask one server after another, and return the data."""
        client = self.clients[next(self._turns) % len(self.clients)]
        answer = (await client.post("/graphql", json={"query": document, "variables": variables})).json()
        assert "errors" not in answer, answer
        return answer["data"]


@asynccontextmanager
async def served(shop: Shop, redis_url: str, folder: Path, processes: int, **more: str) -> AsyncIterator[Served]:
    """Serve a shop by so many processes until the block ends."""
    async with shop.database.begin() as tx:
        await tx.execute(text("CREATE TABLE kernel.revision (version_num text PRIMARY KEY)"))
        await tx.execute(text("INSERT INTO kernel.revision VALUES (:head)"), {"head": migration.revisions()[-1]})
    env = {
        "DATABASE_URL": shop.database.url.replace("+asyncpg", ""), "REDIS_URL": redis_url, "SECRET": SECRET,
        "TEST_PAYMENTS": "on", "DATABASE_POOL_SIZE": "10", **more,
    }  # fmt: skip
    headers = {"X-Shopify-Storefront-Access-Token": TOKENS["storefront"]}
    async with AsyncExitStack() as stack:
        clients = []
        for number in range(processes):
            port = machine.free_port()
            command = ["commerce_graph", "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
            stack.enter_context(machine.serving(command, port, env, folder / f"server-{number}.log"))
            client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)
            clients.append(await stack.enter_async_context(client))
        resources: Resources = replace(shop.resources, secret=SECRET.encode())
        yield Served(replace(shop, resources=resources), clients, count())


async def settled(database: Database) -> None:
    """Return once every purchase has come to an end."""
    unfinished = text("SELECT count(*) FROM checkout.attempt WHERE state NOT IN ('COMPLETED', 'FAILED')")
    async with asyncio.timeout(120):
        while True:
            async with database.read() as conn:
                if not (await conn.execute(unfinished)).scalar():
                    return
            await asyncio.sleep(0.1)
