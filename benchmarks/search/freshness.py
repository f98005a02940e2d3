"""How long it takes until a change is found, while others search."""

import asyncio
import itertools
import string
import time
from collections.abc import Sequence
from contextlib import suppress
from random import Random

import orjson
from sqlalchemy import text

from benchmarks.load import document
from benchmarks.operations import Wrong
from benchmarks.search.place import Shop
from benchmarks.search.searching import Latency, other_engine, request
from benchmarks.wire import wires
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.ids import to_gid

SEARCHERS = 4
POLL_S = 0.1
EVERY_S = 0.25
FOUND_S_MAX = 30.0
"""What is not found by then counts as found then."""
REFUSED_MAX = 0.1
"""The part of the changes that a server which has too much to do may refuse."""
PRODUCTS = "SELECT id FROM catalog.product WHERE status = 'ACTIVE' ORDER BY id LIMIT :most"
RENAME = """
mutation Rename($input: ProductSetInput!) { productSet(input: $input) { product { id } userErrors { message } } }
"""
FIND = """
query Find($word: String!) { search(query: $word, first: 1, types: [PRODUCT]) { nodes { ... on Product { id } } } }
"""


async def measured(shop: Shop, port: int, texts: Sequence[str], seconds: float) -> Latency:
    """Rename products one after another while others search, and return how long each new name took to be found.

    One that is not counted goes first, alone: else what is measured is how long the worker takes to start.
    """
    dice = Random()
    first, *ids = await _products(shop, 1 + max(1, int(seconds / EVERY_S)))
    await _change(shop, port, first, _word(dice))
    searching = [asyncio.create_task(_search(shop, port, texts, start)) for start in range(SEARCHERS)]
    tasks = []
    try:
        for id in ids:
            tasks.append(asyncio.create_task(_change(shop, port, id, _word(dice))))
            await asyncio.sleep(EVERY_S)
        took = await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        for task in (*searching, *tasks):
            task.cancel()
        await asyncio.gather(*searching, *tasks, return_exceptions=True)
    found = [each for each in took if isinstance(each, float)]
    failed = [each for each in took if isinstance(each, BaseException)]
    if len(failed) > REFUSED_MAX * len(took):
        raise failed[0]
    return Latency.of(found)


def _word(dice: Random) -> str:
    return "zq" + "".join(dice.choices(string.ascii_lowercase, k=10))


async def _products(shop: Shop, most: int) -> list[str]:
    database = Database(shop.database_url, pool_size=1)
    try:
        async with database.read() as conn:
            found = (await conn.execute(text(PRODUCTS), {"most": most})).scalars()
            return [to_gid("Product", id) for id in found]
    finally:
        await database.close()


async def _search(shop: Shop, port: int, texts: Sequence[str], start: int) -> None:
    async with wires(port) as (wire,):
        for number in itertools.count(start, SEARCHERS):
            with suppress(Wrong):  # a server that has too much to do says so
                await wire.send(request(wire, shop, "search page", texts[number % len(texts)]))


async def _change(shop: Shop, port: int, id: str, word: str) -> float:
    """Return how long after the answer to its change a product was found by its new name, in seconds."""
    async with wires(port) as (wire,):
        renaming = document(RENAME, {"input": {"id": id, "title": f"Renamed {word}"}})
        told = orjson.loads(await wire.ask("POST", "/graphql", renaming, {"X-Shopify-Access-Token": shop.merchant}))
        if "errors" in told or told["data"]["productSet"]["userErrors"]:
            raise Wrong(str(told)[:1_000])
        began = time.monotonic()
        finding = wire.ready(
            "POST", "/graphql", document(FIND, {"word": f'"{word}"'}), {"X-Shopify-Storefront-Access-Token": shop.token}
        )
        while True:
            answer = await wire.send(finding)
            took = time.monotonic() - began
            if took > FOUND_S_MAX or _found(answer, id):
                return min(took, FOUND_S_MAX)
            await asyncio.sleep(POLL_S)


def _found(answer: bytes, id: str) -> bool:
    """Tell whether OpenSearch found a product. PostgreSQL, which may stand in, knows every change at once."""
    told = orjson.loads(answer)
    if any(error["extensions"]["code"] == "THROTTLED" for error in told.get("errors", ())):
        return False
    return not other_engine(answer, "opensearch") and told["data"]["search"]["nodes"] == [{"id": id}]
