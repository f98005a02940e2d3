"""The shop that is measured: the demo shop on servers of its own, gone afterwards."""

import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks import machine
from benchmarks.operations import Samples
from commerce_graph import demo, migration
from commerce_graph.embedded import Servers, embedded
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.service import SetQuantity
from commerce_graph.kernel.auth import SHOPPER_SCOPES
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.tokens import issue_token

ENDLESS = 100_000_000
"""Stock of what is bought, so that the thousandth purchase does the same as the first."""
SAMPLES_MAX = 50

PRODUCTS = """
SELECT p.handle, v.selected_options FROM catalog.product p JOIN catalog.variant v ON v.product_id = p.id
WHERE p.status = 'ACTIVE' AND v.position = 1 AND jsonb_array_length(p.options) > 1
ORDER BY p.sales DESC, p.id LIMIT :most
"""
VARIANTS = """
SELECT v.id FROM catalog.variant v JOIN catalog.product p ON p.id = v.product_id JOIN inventory.item i ON i.id = v.id
WHERE p.status = 'ACTIVE' AND v.position = 1 AND v.requires_shipping AND i.tracked AND NOT i.oversell
ORDER BY p.sales DESC, p.id LIMIT :most
"""
LEVELS = """
SELECT item_id, location_id, committed FROM inventory.level WHERE item_id = ANY (:variants)
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A filled shop. The pids are those of PostgreSQL's and Redis' first processes."""

    servers: Servers
    secret: str
    token: str
    samples: Samples
    postgres_pid: int
    redis_pid: int
    folder: Path

    def environment(self) -> dict[str, str]:
        """Return what the server is told."""
        return {
            "DATABASE_URL": self.servers.database_url,
            "REDIS_URL": self.servers.redis_url,
            "SECRET": self.secret,
            "LOG_LEVEL": "warning",
            "TEST_PAYMENTS": "on",
            # What answers cost is measured; `benchmarks.edge` measures what it saves to keep them.
            "ANSWERS": "off",
        }


@contextmanager
def staged(products: int, tell: Callable[[str], None]) -> Iterator[Stage]:
    """Start servers, fill a shop and pick what the operations are about; everything is gone after the block."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="commerce-graph-bench-")))
        servers = stack.enter_context(embedded(folder / "data", tell))
        tell("migrating")
        migration.upgrade(servers.database_url)
        tell(f"filling the shop with {products:,} products")
        token, samples, backend = uvloop.run(_filled(servers.database_url, products))
        with redis.Redis.from_url(servers.redis_url) as client:
            info: Any = client.info("server")
        yield Stage(
            servers=servers,
            secret=secrets.token_hex(32),
            token=token,
            samples=samples,
            postgres_pid=backend,
            redis_pid=info["process_id"],
            folder=folder,
        )


async def put_on_hand(tx: AsyncConnection, variants: Sequence[UUID], units: int) -> None:
    """See that so many of each variant can be bought, all at the location that ships first."""
    places = [place.id for place in await inventory.active_locations(tx)]
    rows = (await tx.execute(text(LEVELS), {"variants": variants})).all()
    first = {row.item_id: row.location_id for row in sorted(rows, key=lambda row: -places.index(row.location_id))}
    wanted = [
        SetQuantity(
            row.item_id, row.location_id, row.committed + (units if first[row.item_id] == row.location_id else 0)
        )
        for row in rows
    ]
    await inventory.set_quantities(tx, "on_hand", wanted, "correction", None, "benchmarks")


async def _filled(url: str, products: int) -> tuple[str, Samples, int]:
    database = Database(url, pool_size=2)
    try:
        await demo.seed(database, products, lambda stage, done, total: None)
        async with database.begin() as tx:
            token = await issue_token(tx, "storefront", "benchmarks", SHOPPER_SCOPES, demo.CHANNEL_ID)
            found = (await tx.execute(text(PRODUCTS), {"most": SAMPLES_MAX})).all()
            variants = list((await tx.execute(text(VARIANTS), {"most": SAMPLES_MAX})).scalars())
            await put_on_hand(tx, variants, ENDLESS)
            backend = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            postgres_pid = machine.parent_of(backend)
    finally:
        await database.close()
    samples = Samples(
        products=[
            {"handle": row.handle, "selectedOptions": row.selected_options, "country": "DE", "language": "EN"}
            for row in found
        ],
        variants=[to_gid("ProductVariant", variant) for variant in variants],
    )
    return token, samples, postgres_pid
