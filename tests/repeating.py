"""Mutations sent under an `Idempotency-Key`, to the whole server: in process, or in a process of its own."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import func, select, text, update

from commerce_graph.app import close_resources, create
from commerce_graph.inventory.tables import adjustment, level
from commerce_graph.kernel.claims import idempotency
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.outbox import outbox
from commerce_graph.settings import Settings
from tests.shop import TOKENS, gid, uid

ROOT = Path(__file__).parents[1]
SECRET = "a secret of the test server, 32 or more"
STOREFRONT = {"X-Shopify-Storefront-Access-Token": TOKENS["storefront"]}
MERCHANT = {"X-Shopify-Access-Token": TOKENS["merchant"]}
KEY = "an order of one lamp, 7f1d"

LAMP = f"""inventoryItemId: "{gid("InventoryItem", "lamp-variant")}", locationId: "{gid("Location", "berlin")}\""""
ADJUST = f"""inventoryAdjustQuantities(
    input: {{ name: "available", reason: "received", changes: [{{ {LAMP}, delta: $by }}] }}
  ) {{
    inventoryAdjustmentGroup {{ id createdAt changes(quantityNames: ["on_hand"]) {{ quantityAfterChange }} }}
    userErrors {{ code }}
  }}"""
RECEIVE = f"mutation Receive($by: Int!) {{ {ADJUST} }}"


@dataclass
class Server:
    """A server of the test shop, as a client sees it."""

    client: httpx.AsyncClient
    resources: Resources | None = None

    async def send(
        self, document: str, variables: dict[str, Any] | None = None, key: str | None = KEY,
        headers: dict[str, str] = MERCHANT, **body: Any,
    ) -> httpx.Response:  # fmt: skip
        """Send an operation."""
        given = {**headers} | ({} if key is None else {"Idempotency-Key": key})
        return await self.client.post(
            "/graphql", json={"query": document, "variables": variables, **body}, headers=given
        )


def settings(database: Database, redis_url: str) -> Settings:
    """Return the settings of a server of the test shop."""
    return Settings.read(
        database_url=database.url, redis_url=redis_url, secret=SECRET, background=False, database_pool_size=10
    )


@asynccontextmanager
async def here(database: Database, redis_url: str, engine: Engine) -> AsyncIterator[Server]:
    """Serve in this process."""
    app = create(settings(database, redis_url), engine=engine)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield Server(client, app.state.resources)
    await close_resources(app.state.resources)


@asynccontextmanager
async def elsewhere(database: Database, redis_url: str, killed_at: str = "") -> AsyncIterator[Server]:
    """Serve in a process of its own, which dies at the point `killed_at`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {
        "DATABASE_URL": database.url.replace("+asyncpg", ""), "REDIS_URL": redis_url, "SECRET": SECRET,
        "BACKGROUND": "off", "TEST_PAYMENTS": "on", "LOG_LEVEL": "error", "PORT": str(port), "KILLED_AT": killed_at,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.killed_server", cwd=ROOT, env={**os.environ, **told}
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            async with asyncio.timeout(60):
                while not await _up(client):
                    assert process.returncode is None, "the server did not start"
                    await asyncio.sleep(0.1)  # a process that has no socket yet tells nobody
            yield Server(client)
            if killed_at:
                assert await process.wait() == -signal.SIGKILL
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _up(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).status_code == 200
    except httpx.TransportError:
        return False


async def lamps(database: Database) -> tuple[int, int, int]:
    """Return how many lamps are in Berlin, how often that was changed, and how many facts tell of it."""
    here = (level.c.item_id == uid("lamp-variant"), level.c.location_id == uid("berlin"))
    async with database.read() as conn:
        there = (await conn.execute(select(func.coalesce(func.sum(level.c.on_hand), 0)).where(*here))).scalar_one()
        changed = (await conn.execute(select(func.count()).select_from(adjustment))).scalar_one()
        told = (await conn.execute(select(func.count()).select_from(outbox))).scalar_one()
    return there, changed, told


async def claimed(database: Database) -> int:
    """Return how many keys are kept."""
    async with database.read() as conn:
        return (await conn.execute(select(func.count()).select_from(idempotency))).scalar_one()


async def set_claims(database: Database, **values: str) -> None:
    """Move times of all claims, such as `lease_until="-1 s"` from now."""
    moved = {name: func.now() + text(f"interval '{by}'") for name, by in values.items()}
    async with database.begin() as tx:
        await tx.execute(update(idempotency).where(idempotency.c.answer.is_(None)).values(moved))


def new_key() -> str:
    """Return a key as clients make them."""
    return str(uuid4())
