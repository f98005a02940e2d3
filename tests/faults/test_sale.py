"""A flash sale goes on while server processes, workers, PostgreSQL and connections die: nothing lost, nothing twice."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count as count_from
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.engine import make_url

from commerce_graph.checkout import rules
from commerce_graph.checkout.tables import attempt
from commerce_graph.embedded import Servers, embedded
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.outbox import Bus, outbox
from commerce_graph.payment.tables import test_charge as charge
from commerce_graph.payment.tables import transaction
from tests.cart.storefront import ATTEMPT, SUBMIT
from tests.concurrency.serving import SECRET, Served, served, settled
from tests.concurrency.test_checkout import count
from tests.conftest import Template, roomy_memory, write_shop
from tests.faults.postgres import Postgres
from tests.faults.sale import assert_sold, carts
from tests.faults.test_checkout import end_leases, resumed
from tests.faults.wire import SOCKET, Cut, wired
from tests.inventory.stock import put
from tests.shop import Shop

CHARGED = (
    select(charge.c.captured_minor)
    .join(transaction, transaction.c.idempotency_key == charge.c.idempotency_key)
    .where(transaction.c.order_id == attempt.c.order_id)
)
MOMENTS: dict[str, ColumnElement[bool]] = {
    "submitted": attempt.c.state.is_not(None),
    "authorized": exists(CHARGED),
    "placed": attempt.c.state.in_(["PLACED", "COMPLETED"]),
    "captured": exists(CHARGED.where(charge.c.captured_minor > 0)),
}
"""How far a purchase has come. What holds once holds from then on, so none is missed."""
UNITS = 14
WAYS: list[Cut] = ["lost", "unanswered"]


@dataclass
class Buyers:
    """Clients that know nothing of what breaks: they ask again by the same token until they are told."""

    sale: Served
    told: dict[UUID, Any] = field(default_factory=dict)
    faults: int = 0
    noticed: asyncio.Event = field(default_factory=asyncio.Event)

    async def buy(self, cart_id: UUID, first: int) -> None:
        """Submit a cart, to the server with this number first, and keep what its buyer was told in the end."""
        given = {"cartId": to_gid("Cart", cart_id, SECRET.encode()), "token": "first"}
        while cart_id not in self.told:
            result = (await self._ask(first, SUBMIT, given))["cartSubmitForCompletion"]["result"]
            if result["__typename"] == "SubmitThrottled":
                await asyncio.sleep(0.5)
            else:
                self.told[cart_id] = result

    async def all(self, cart_ids: Sequence[UUID], *first: int) -> None:
        """Have all buy at once, `first` telling in turn which server to ask."""
        async with asyncio.timeout(90):
            await asyncio.gather(*(self.buy(each, first[at % len(first)]) for at, each in enumerate(cart_ids)))

    async def _ask(self, first: int, document: str, variables: dict[str, Any]) -> Any:
        """Ask one server after another until one gives data, and return that."""
        for turn in count_from(first):
            client = self.sale.clients[turn % len(self.sale.clients)]
            try:
                came = await client.post("/graphql", json={"query": document, "variables": variables})
                answer = came.json()
            except (httpx.TransportError, ValueError):
                answer = {"errors": []}
            assert {each["extensions"]["code"] for each in answer.get("errors", ())} <= {"INTERNAL", "TIMEOUT"}, answer
            if "errors" not in answer:
                return answer["data"]
            self.faults += 1
            self.noticed.set()
            await asyncio.sleep(0.05)

    async def check(self, sold: int) -> None:
        """Check that who was told of a purchase has an order of their own, and that all were sold and no more."""
        shop = self.sale.shop
        await settled(shop.database)
        orders = []
        for result in self.told.values():
            if result["__typename"] == "SubmitFailed":
                assert [error["code"] for error in result["errors"]] == ["MERCHANDISE_OUT_OF_STOCK"]
            else:
                found = (await self._ask(0, ATTEMPT, {"id": result["attemptId"]}))["cartCompletionAttempt"]
                assert found["__typename"] == "CartCompletionSuccess"
                orders.append(found["orderId"])
        assert len(orders) == len(set(orders)) == sold
        await assert_sold(shop, sold)


async def until(shop: Shop, reached: ColumnElement[bool], cart_ids: Sequence[UUID]) -> None:
    """Return as soon as the purchase of one of some carts has come so far."""
    async with asyncio.timeout(60):
        while not await count(shop, func.count(attempt.c.id), attempt.c.cart_id.in_(cart_ids), reached):  # noqa: ASYNC110
            await asyncio.sleep(0.001)  # what another process has done is only seen by looking


async def has_gone(shop: Shop, *cart_ids: UUID) -> None:
    """Let the time pass after which workers take the purchases of some carts."""
    mine = update(attempt).where(attempt.c.cart_id.in_(cart_ids), attempt.c.state.in_(rules.UNFINISHED))
    async with shop.database.begin() as tx:
        await tx.execute(mine.values(lease_until=now()))


async def test_servers_and_a_worker_are_killed(shop: Shop, template: Template, tmp_path: Path) -> None:
    """Three times a server dies with most of the buyers on it, each time at another step; once a worker that took over.

    What it left is driven on while the other server sells.
    """
    redis_url = template.servers.redis_url
    async with served(shop, redis_url, tmp_path, 2, workers=1, BACKGROUND="off") as sale:
        buyers = Buyers(sale)
        for turn, moment in enumerate(("submitted", "authorized", "placed")):
            await put(shop.database, "mug-variant", berlin=UNITS * (turn + 1))
            mine, others = await carts(shop, 3 * UNITS - 5), await carts(shop, 5)  # too few to buy all
            victim, other = turn % 2, (turn + 1) % 2
            selling = asyncio.create_task(buyers.all([*mine, *others], *[victim] * len(mine), *[other] * len(others)))
            await until(shop, MOMENTS[moment], mine)
            await sale.servers[victim].kill()
            await has_gone(shop, *mine)
            if turn == 0:
                taken = (attempt.c.lease_until > now()) | attempt.c.state.in_(["COMPLETED", "FAILED"])
                await until(shop, taken, mine)
                await sale.workers[0].kill()
                await sale.workers[0].start()
            if turn < 2:  # the last one stays away
                await sale.servers[victim].start()
            await selling
        assert buyers.faults >= 3, "who was being served noticed"
        await end_leases(shop)
        await buyers.check(3 * UNITS)


@pytest.fixture
def apart() -> Iterator[tuple[Servers, Postgres]]:
    """Run PostgreSQL and Redis for one test, which kills them."""
    folder_of = tempfile.TemporaryDirectory(prefix="commerce-graph-tests-", dir=roomy_memory())
    with folder_of as folder, embedded(Path(folder)) as running:
        yield running, Postgres(Path(folder) / "postgres")


@pytest.fixture
async def shop_apart(apart: tuple[Servers, Postgres], engine: Engine) -> AsyncIterator[Shop]:
    """Return the test shop on servers of its own."""
    servers, _ = apart
    database, redis = Database(servers.database_url), Redis.from_url(servers.redis_url)
    await write_shop(database)
    resources = Resources(database, redis, SECRET.encode(), Bus(redis), "http://shop.test")
    yield Shop(database, resources, engine, seconded=False)
    await redis.aclose()
    await database.close()


async def test_postgres_is_killed(shop_apart: Shop, apart: tuple[Servers, Postgres], tmp_path: Path) -> None:
    """It dies while nobody asks, and in mid-sale. A server and its background work find it again by themselves."""
    shop, (servers, postgres) = shop_apart, apart
    async with served(shop, servers.redis_url, tmp_path, 1) as sale:
        buyers = Buyers(sale)
        early = await carts(shop, 4)
        await put(shop.database, "mug-variant", berlin=4)
        await buyers.all(early[:2], 0)
        await settled(shop.database)
        await postgres.kill()
        await postgres.start()
        await buyers.all(early[2:], 0)
        assert buyers.faults == 0, "no connection that died with it is used"
        await put(shop.database, "mug-variant", berlin=4 + 2 * UNITS)
        cart_ids = await carts(shop, 60)
        selling = asyncio.create_task(buyers.all(cart_ids, 0))
        await until(shop, MOMENTS["authorized"], cart_ids)
        await postgres.kill()
        await buyers.noticed.wait()
        await postgres.start()
        await selling
        await end_leases(shop)
        await buyers.check(4 + 2 * UNITS)
        async with asyncio.timeout(60):
            while await count(shop, func.count(outbox.c.id)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # the relay of another process brings them away


async def test_connections_are_cut(shop: Shop, template: Template, redis: Redis, tmp_path: Path) -> None:
    """Many commits are lost or go without an answer, and some of all else; so do calls of Redis, until it is gone."""
    chance = random.Random(20)

    def cuts(call: bytes) -> Cut | None:
        share = 0.2 if b"COMMIT" in call else 0.02
        return chance.choice(WAYS) if chance.random() < share else None

    postgres_at = f"{make_url(shop.database.url).query['host']}/{SOCKET}"
    redis_at = template.servers.redis_url.removeprefix("unix://")
    async with wired(postgres_at, postgres=True) as (rows, here), wired(redis_at, postgres=False) as (places, there):
        url = f"{shop.database.url.partition('?')[0]}?host={here}".replace("+asyncpg", "")
        more = {"DATABASE_URL": url, "BACKGROUND": "off"}
        async with served(shop, f"unix://{there / SOCKET}", tmp_path, 2, **more) as sale:
            buyers = Buyers(sale)
            await put(shop.database, "mug-variant", berlin=3 * UNITS)
            cart_ids = await carts(shop, 80)
            rows.rule = places.rule = cuts
            for part in (cart_ids[:20], cart_ids[20:40], cart_ids[40:]):
                await buyers.all(part, 0, 1)
                places.gone = not places.gone
                places.drop()
            rows.rule = places.rule = lambda call: None
            assert sum(b"COMMIT" in call for call in rows.cuts) >= 10
            assert places.cuts
            while await resumed(shop):
                pass
            await buyers.check(3 * UNITS)
