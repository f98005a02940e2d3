"""An index of its own for each test, filled with documents that the test makes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from redis.asyncio import Redis
from tools.opensearch import Node

from commerce_graph.catalog.service import Audience, Filters, PriceMarket
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.query_syntax import parse
from commerce_graph.search.rules.document import SEPARATOR, Document
from commerce_graph.search.rules.mapping import index_body
from commerce_graph.search.rules.planning import NO_SYNONYMS, Synonyms, plan
from commerce_graph.search.service.cluster import Cluster
from commerce_graph.search.service.engine import Found, Paging, Request
from commerce_graph.search.service.opensearch import OpenSearchEngine

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ja")
SPACE = UUID("0191f3c0-0000-7000-8000-000000000000")
ONLINE, COUNTER = uuid5(SPACE, "online"), uuid5(SPACE, "counter")
EU, US = (PriceMarket(uuid5(SPACE, name), code) for name, code in (("eu", "EUR"), ("us", "USD")))
NOWHERE = PriceMarket(uuid5(SPACE, "nowhere"), "JPY")
SHOPPER = Audience(channel_id=ONLINE)


def uid(handle: str) -> UUID:
    """Return the id of a product."""
    return uuid5(SPACE, handle)


def document(handle: str, title: str = "", **told: Any) -> Document:
    """Return a document. `variants`: (available, {option: value}, {metafield: value})."""
    variants = told.pop("variants", [(told.get("available", True), {}, {})])
    made: Document = {
        "id": uid(handle).hex, "handle": handle, "status": "ACTIVE", "channels": [ONLINE.hex], "collections": [],
        "title": title, "vendor": "Nobody", "product_type": "", "tags": [], "options_text": "", "description": "",
        "skus": [], "barcodes": [], "available": True, "sales": 0, "created_at": 0, "updated_at": 0,
        "price": {EU.id.hex: {"min": 1000, "max": 1000}}, "metafields": [], "digest": "",
        "variants": [
            {
                "available": available,
                "options": [f"{name}{SEPARATOR}{value}" for name, value in options.items()],
                "metafields": [f"{name}{SEPARATOR}{value}" for name, value in metafields.items()],
            }
            for available, options, metafields in variants
        ],
    }  # fmt: skip
    assert told.keys() <= made.keys(), told
    return made | told


class Index:
    """The engine on an index of a test's own, asked and answering in handles."""

    def __init__(self, cluster: Cluster, redis: Redis, database: Database) -> None:
        self.cluster = cluster
        self.redis = redis
        self.database = database
        self.engine = OpenSearchEngine(cluster, redis)
        self.handles: dict[UUID, str] = {}

    async def put(self, *documents: Document) -> None:
        """Write documents, and let them be found."""
        lines: list[Any] = []
        for each in documents:
            self.handles[UUID(each["id"])] = each["handle"]
            lines += [{"index": {"_index": self.cluster.alias, "_id": each["id"]}}, each]
        answer = await self.cluster.client.bulk(body=lines, params={"refresh": "true"})
        assert not answer["errors"], [item for item in answer["items"] if item["index"]["status"] > 299][:1]

    async def drop(self, *handles: str) -> None:
        """Delete documents, and let nobody find them."""
        lines = [{"delete": {"_index": self.cluster.alias, "_id": uid(each).hex}} for each in handles]
        await self.cluster.client.bulk(body=lines, params={"refresh": "true"})

    async def found(self, asked: str = "", **how: Any) -> Found:
        """Search for a text."""
        return await self.engine.search(self.database, request(asked, **how))

    async def find(self, asked: str = "", **how: Any) -> list[str]:
        """Return the handles of up to 50 hits, in order."""
        return self.named(await self.found(asked, **how))

    async def suggested(self, asked: str, **how: Any) -> list[str]:
        """Return the handles of suggestions for what was typed so far."""
        found = await self.engine.suggest(self.database, request(asked, prefix=True, **how))
        return [self.handles[id] for id in found]

    def named(self, found: Found) -> list[str]:
        """Return the handles of hits."""
        return [self.handles[hit.product_id] for hit in found.hits]


def request(asked: str = "", *, prefix: bool = False, synonyms: Synonyms = NO_SYNONYMS, **how: Any) -> Request:
    """Return a request for up to 50 hits of a shopper in the EU market, unless told otherwise."""
    base = Request(plan(parse(asked), synonyms, prefix), SHOPPER, EU, "en", Filters(), paging=Paging(50))
    return replace(base, **how)


async def opened(node: Node, redis: Redis, database: Database, languages: Sequence[str]) -> Index:
    """Return an empty index under an alias of its own."""
    cluster = Cluster(node.url, f"test-{uuid4().hex[:12]}")
    body = index_body(languages)
    await cluster.client.indices.create(index=f"{cluster.alias}-1", body={**body, "aliases": {cluster.alias: {}}})
    return Index(cluster, redis, database)


@pytest.fixture
async def index(opensearch: Node, redis: Redis, database: Database) -> AsyncIterator[Index]:
    """Return an empty index."""
    made = await opened(opensearch, redis, database, LANGUAGES)
    yield made
    await made.cluster.client.indices.delete(index=f"{made.cluster.alias}-*", ignore_unavailable=True)
    await made.cluster.close()
