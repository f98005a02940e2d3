"""The engines on the goods of the contract, both filled from one database, once for all tests."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from tools.opensearch import Node

from commerce_graph.catalog.service import Audience, Filters, PriceMarket, learn_words
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.execution import Engine as Graph
from commerce_graph.kernel.outbox import Bus
from commerce_graph.kernel.query_syntax import parse
from commerce_graph.search.rules.planning import SynonymGroup, Synonyms, plan
from commerce_graph.search.service.engine import Engine, Found, Paging, Request
from commerce_graph.search.service.postgres import PostgresEngine
from tests.conftest import Template
from tests.search.contract.differences import expect
from tests.search.contract.goods import stock
from tests.search.indexed import Indexed, indexed
from tests.shop import Shop, uid

ENGINES = ("postgresql", "opensearch")
EU, US, JP = (PriceMarket(uid(handle), currency) for handle, currency in (("eu", "EUR"), ("us", "USD"), ("jp", "JPY")))
SHOPPER = Audience(channel_id=uid("online"))
SYNONYMS = Synonyms.of([SynonymGroup(("sofa", "couch", "love seat")), SynonymGroup(("jug", "ewer"), source="pitcher")])


@dataclass(frozen=True)
class Searching:
    """An engine on the goods, asked and answering in handles."""

    engine: Engine
    database: Database
    handles: Mapping[UUID, str]

    def id(self, handle: str) -> UUID:
        """Return the id of a product."""
        return next(id for id, each in self.handles.items() if each == handle)

    async def found(self, asked: str = "", *, prefix: bool = False, **how: Any) -> Found:
        """Search for a text, as a shopper in the EU market unless told otherwise."""
        return await self.engine.search(self.database, request(asked, prefix=prefix, **how))

    async def find(self, asked: str = "", *, prefix: bool = False, **how: Any) -> list[str]:
        """Return the handles of the hits, up to 50, in order."""
        return self.named(await self.found(asked, prefix=prefix, **how))

    def named(self, found: Found) -> list[str]:
        """Return the handles of hits."""
        return [self.handles[hit.product_id] for hit in found.hits]


def request(asked: str = "", *, prefix: bool = False, **how: Any) -> Request:
    """Return a request for up to 50 hits of a shopper in the EU market, unless told otherwise."""
    wanted = plan(parse(asked), SYNONYMS, prefix)
    base = Request(wanted, SHOPPER, EU, "en", Filters(), paging=Paging(50))
    return replace(base, **how)


@dataclass(frozen=True)
class Stocked:
    """The shop with the goods in it, and its index."""

    shop: Shop
    handles: Mapping[UUID, str]
    index: Indexed


@pytest.fixture(scope="session")
async def stocked(template: Template, engine: Graph, opensearch: Node) -> AsyncIterator[Stocked]:
    """Write the goods into a database of their own, and index it. Tests that use it only read."""
    async with template.admin.read() as conn:
        await conn.execute(text("CREATE DATABASE shop_contract TEMPLATE template_shop"))
    database = Database(template.url("shop_contract"), pool_size=10)
    redis = Redis.from_url(template.servers.redis_url)
    resources = Resources(database=database, redis=redis, secret=b"test secret", bus=Bus(redis))
    shop = Shop(database, resources, engine)
    handles = await stock(shop)
    async with database.begin() as tx:
        await learn_words(tx)
    async with indexed(resources, opensearch) as index:
        yield Stocked(shop, handles, index)
    await redis.aclose()
    await database.close()
    async with template.admin.read() as conn:
        await conn.execute(text("DROP DATABASE shop_contract WITH (FORCE)"))


@pytest.fixture(params=ENGINES)
async def searching(stocked: Stocked, request: pytest.FixtureRequest) -> Searching:
    """Return each engine in turn."""
    expect(request, request.param)
    engine: Engine = PostgresEngine() if request.param == "postgresql" else stocked.index.engine
    return Searching(engine, stocked.shop.database, stocked.handles)


@pytest.fixture
async def both(stocked: Stocked) -> tuple[Searching, Searching]:
    """Return both engines: PostgreSQL, then OpenSearch."""
    engines: tuple[Engine, Engine] = (PostgresEngine(), stocked.index.engine)
    one, other = (Searching(engine, stocked.shop.database, stocked.handles) for engine in engines)
    return one, other
