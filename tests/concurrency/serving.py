"""Server processes on the test shop, as they run for customers, and a client that asks them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
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


class Process:
    """A server where there is a port, else a worker. Killed and started again it is another process in its place."""

    def __init__(self, port: int | None, env: Mapping[str, str], log: Path) -> None:
        self.port = port
        self._env = env
        self._log = log
        self._running = ExitStack()
        self._pid = 0

    async def start(self) -> None:
        """Start it, and return when it is ready; a worker is not waited for."""
        if self.port is None:
            worker = machine.running(["commerce_graph", "worker"], self._env, self._log)
            self._pid = self._running.enter_context(worker).pid
        else:
            at = ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
            server = machine.serving(["commerce_graph", "serve", *at], self.port, self._env, self._log)
            self._pid = await asyncio.to_thread(self._running.enter_context, server)

    async def kill(self) -> None:
        """End it as a machine does: at once, saying goodbye to nobody."""
        os.kill(self._pid, signal.SIGKILL)
        await self.stop()

    async def stop(self) -> None:
        """Ask it to end, and return when it has."""
        await asyncio.to_thread(self._running.close)


@dataclass(frozen=True)
class Served:
    """A shop that several processes serve. `shop` works in process on the same rows, with the same secret."""

    shop: Shop
    clients: Sequence[httpx.AsyncClient]
    servers: Sequence[Process]
    workers: Sequence[Process]
    _turns: Any

    async def ask(self, document: str, variables: dict[str, Any]) -> Any:
        """Ask one server after another, and return the data."""
        client = self.clients[next(self._turns) % len(self.clients)]
        answer = (await client.post("/graphql", json={"query": document, "variables": variables})).json()
        assert "errors" not in answer, answer
        return answer["data"]


@asynccontextmanager
async def served(
    shop: Shop, redis_url: str, folder: Path, processes: int, *, workers: int = 0, **more: str
) -> AsyncIterator[Served]:
    """Serve a shop by so many processes, and workers, until the block ends. `more` changes their environment."""
    async with shop.database.begin() as tx:
        await tx.execute(text("CREATE TABLE kernel.revision (version_num text PRIMARY KEY)"))
        await tx.execute(text("INSERT INTO kernel.revision VALUES (:head)"), {"head": migration.revisions()[-1]})
    env = {
        "DATABASE_URL": shop.database.url.replace("+asyncpg", ""), "REDIS_URL": redis_url, "SECRET": SECRET,
        "TEST_PAYMENTS": "on", "DATABASE_POOL_SIZE": "10", **more,
    }  # fmt: skip
    headers = {"X-Shopify-Storefront-Access-Token": TOKENS["storefront"]}
    servers = [Process(machine.free_port(), env, folder / f"server-{number}.log") for number in range(processes)]
    helping = [Process(None, env, folder / f"worker-{number}.log") for number in range(workers)]
    async with AsyncExitStack() as stack:
        clients = []
        for process in (*servers, *helping):
            stack.push_async_callback(process.stop)
        await asyncio.gather(*(process.start() for process in (*servers, *helping)))
        for server in servers:
            client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", headers=headers, timeout=60)
            clients.append(await stack.enter_async_context(client))
        resources: Resources = replace(shop.resources, secret=SECRET.encode())
        yield Served(replace(shop, resources=resources), clients, servers, helping, count())


async def settled(database: Database) -> None:
    """Return once every purchase has come to an end."""
    unfinished = text("SELECT count(*) FROM checkout.attempt WHERE state NOT IN ('COMPLETED', 'FAILED')")
    async with asyncio.timeout(120):
        while True:
            async with database.read() as conn:
                if not (await conn.execute(unfinished)).scalar():
                    return
            await asyncio.sleep(0.1)
