"""Answers that are the same for many: kept, proved to hold, and never shown after a write was told."""

import asyncio
from time import monotonic
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import select, text, update

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.tables import product
from commerce_graph.freshness import FACTS, TABLES, invalidation
from commerce_graph.kernel.caching import EVERYTHING, Answers, Store
from commerce_graph.kernel.database import count_statements, metadata
from commerce_graph.kernel.outbox import Relay, outbox
from commerce_graph.kernel.scripts import Unavailable
from tests.caching.conftest import Serve, get
from tests.inventory.test_quantities import at, set_to
from tests.merchandising.test_variants import BLUE, WHITE
from tests.merchandising.test_variants import update as set_variants
from tests.shop import Shop, uid

LIST = "{ products(first: 10) { nodes { id title variants(first: 9) { nodes { price { amount } } } } } }"
MUG = '{ product(handle: "mug") { id title availableForSale } }'
SHIRT_PRICES = '{ product(handle: "shirt") { variants(first: 9) { nodes { id price { amount } } } } }'


async def test_the_second_one_reads_nothing(client: httpx.AsyncClient) -> None:
    first = await get(client, LIST)
    with count_statements() as seen:
        second = await get(client, LIST)
    assert second.json() == first.json()
    assert "errors" not in second.json()
    assert seen == []


async def test_another_process_finds_it_in_redis(serve: Serve) -> None:
    first = await get(serve(), LIST)
    with count_statements() as seen:
        assert (await get(serve(), LIST)).content == first.content
    assert seen == []


async def test_a_new_price_is_seen_at_once_everywhere(serve: Serve, shop: Shop) -> None:
    servers = [serve(), serve()]
    for amount in ("31.00", "32.00", "33.00"):
        for server in servers:
            await get(server, SHIRT_PRICES)
            await get(server, LIST)
        assert not (await set_variants(shop, [{"id": WHITE, "price": amount}]))["userErrors"]
        for server in servers:
            assert amount.removesuffix("0") in (await get(server, SHIRT_PRICES)).text
            assert amount.removesuffix("0") in (await get(server, LIST)).text


async def test_a_change_of_one_product_leaves_answers_about_others(client: httpx.AsyncClient, shop: Shop) -> None:
    await get(client, MUG)
    await set_variants(shop, [{"id": BLUE, "price": "35.00"}])
    with count_statements() as seen:
        await get(client, MUG)
    assert seen == []


async def test_what_sells_out_is_seen_at_once(client: httpx.AsyncClient, shop: Shop) -> None:
    assert (await get(client, MUG)).json()["data"]["product"]["availableForSale"] is True
    assert (await set_to(shop, at(quantity=0), ignoreCompareQuantity=True))["userErrors"] == []
    assert (await get(client, MUG)).json()["data"]["product"]["availableForSale"] is False


async def test_what_was_not_there_is_seen_when_it_comes(client: httpx.AsyncClient, shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await catalog.publish_products(tx, [uid("mug")], published=False)
    assert (await get(client, MUG)).json()["data"]["product"] is None
    with count_statements() as seen:
        await get(client, MUG)
    assert seen == []
    async with shop.database.begin() as tx:
        await catalog.publish_products(tx, [uid("mug")], published=True)
    assert (await get(client, MUG)).json()["data"]["product"]["title"]


async def test_a_page_is_seen_as_it_was_just_written(client: httpx.AsyncClient, shop: Shop) -> None:
    pages = "{ pages(first: 5) { nodes { title } } }"
    create = 'mutation { pageCreate(page: {title: "Returns", isPublished: true}) { page { id } } }'
    assert (await get(client, pages)).json() == {"data": {"pages": {"nodes": []}}}
    await shop.data(create, token="merchant")
    assert (await get(client, pages)).json() == {"data": {"pages": {"nodes": [{"title": "Returns"}]}}}


async def test_a_write_that_tells_nothing_is_told_all_the_same(client: httpx.AsyncClient, shop: Shop) -> None:
    await get(client, MUG)
    await get(client, LIST)
    async with shop.database.begin() as tx:
        await tx.execute(update(product).where(product.c.id == uid("mug")).values(title="Cup"))
    assert "Cup" in (await get(client, LIST)).text
    async with shop.database.read() as conn:
        (kind,) = (await conn.execute(select(outbox.c.kind))).scalars()
    assert kind == "AnswersChanged"


async def test_a_market_that_changes_makes_everything_old(client: httpx.AsyncClient, shop: Shop) -> None:
    await get(client, MUG)
    async with shop.database.begin() as tx:
        await tx.execute(text("UPDATE pricing.market SET name = name"))
    with count_statements() as seen:
        await get(client, MUG)
    assert seen


def test_every_table_that_shoppers_see_is_watched_or_said_not_to_be() -> None:
    unwatched = {"catalog.word", "catalog.vocabulary"}  # searches are corrected by them, and no search is cached
    seen = {name for name in metadata.tables if name.partition(".")[0] in ("catalog", "content", "pricing")}
    assert set(TABLES) == seen - unwatched


async def test_who_began_to_read_before_a_write_keeps_nothing(redis: Redis) -> None:
    store, other = Store(redis), Store(redis)
    answers = Answers(store)
    reading, written = asyncio.Event(), asyncio.Event()

    async def ask() -> tuple[dict[str, Any], frozenset[str]]:
        reading.set()
        await written.wait()
        return {"data": {"price": "old"}}, frozenset({"Product-1"})

    async def ask_again() -> tuple[dict[str, Any], frozenset[str]]:
        return {"data": {"price": "new"}}, frozenset({"Product-1"})

    late = asyncio.create_task(answers.answer("key", 60, ask))
    await reading.wait()
    await other.change({"Product-1"})
    # Who comes after the write does not wait with who came before it, in whichever process.
    assert b"new" in (await answers.answer("key", 60, ask_again)).body
    written.set()
    assert b"old" in (await late).body
    for each in (answers, Answers(other)):
        assert b"new" in (await each.answer("key", 60, ask_again)).body


async def test_readers_and_a_writer_at_once_never_show_what_is_older_than_the_last_write(redis: Redis) -> None:
    processes = [Answers(Store(redis)) for _ in range(2)]
    truth = told = 0

    async def ask() -> tuple[dict[str, Any], frozenset[str]]:
        read = truth
        await asyncio.sleep(0.001)
        return {"data": read}, frozenset({"Product-1"})

    async def reader(answers: Answers) -> int:
        stale = 0
        for _ in range(150):
            least = told
            stale += int((await answers.answer("key", 60, ask)).body[8:-1]) < least
        return stale

    async def writer() -> None:
        nonlocal truth, told
        store = Store(redis)
        for _ in range(100):
            truth += 1
            await store.change({"Product-1", "Product"})
            told = truth
            await asyncio.sleep(0.002)

    *stale, _ = await asyncio.gather(*(reader(each) for each in processes * 3), writer())
    assert stale == [0] * 6


async def test_many_at_once_execute_once(serve: Serve) -> None:
    client = serve()
    with count_statements() as one:
        await get(serve(), LIST + " #1")
    with count_statements() as seen:
        found = await asyncio.gather(*(get(client, LIST + " #2") for _ in range(100)))
    assert len(seen) == len(one)
    assert len({each.content for each in found}) == 1


async def test_without_redis_everything_is_read() -> None:
    gone: Redis = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2)
    asked = 0

    async def ask() -> tuple[dict[str, Any], frozenset[str]]:
        nonlocal asked
        asked += 1
        return {"data": {}}, frozenset()

    answers = Answers(Store(gone))
    for _ in range(10):
        await answers.answer("key", 60, ask)
    assert asked == 10
    with pytest.raises(Unavailable):
        await Store(gone).change({"Product"})
    await gone.aclose()


async def test_a_log_that_was_lost_makes_everything_old(redis: Redis) -> None:
    answers = Answers(Store(redis))
    asked = 0

    async def ask() -> tuple[dict[str, Any], frozenset[str]]:
        nonlocal asked
        asked += 1
        return {"data": asked}, frozenset({"Product"})

    await answers.answer("key", 60, ask)
    await answers.answer("key", 60, ask)
    assert asked == 1
    await redis.delete("{answers}:changed")
    assert (await answers.answer("key", 60, ask)).body == b'{"data":2}'
    await Store(redis).change({EVERYTHING})
    assert (await answers.answer("key", 60, ask)).body == b'{"data":3}'


async def test_an_answer_ends_with_its_hint(redis: Redis) -> None:
    answers = Answers(Store(redis))

    async def ask() -> tuple[dict[str, Any], frozenset[str]]:
        return {"data": {}}, frozenset()

    kept = await answers.answer("key", 1, ask)
    assert kept.ends_at <= monotonic() + 1
    kept.ends_at = 0
    await redis.delete("{answers}:of:key")
    assert await answers.answer("key", 1, ask) is not kept


async def test_the_relay_tells_for_a_writer_that_died(client: httpx.AsyncClient, shop: Shop, redis: Redis) -> None:
    await get(client, MUG)
    watch, shop.database.watch = shop.database.watch, None  # killed between its commit and the log
    async with shop.database.begin() as tx:
        await catalog.publish_products(tx, [uid("mug")], published=False)
    assert (await get(client, MUG)).json()["data"]["product"] is not None
    handler = invalidation(Store(redis)).relayed
    assert await Relay(shop.database, redis, {kind: [handler] for kind in FACTS}).step()
    assert (await get(client, MUG)).json()["data"]["product"] is None
    shop.database.watch = watch


async def test_errors_are_kept_nowhere(client: httpx.AsyncClient) -> None:
    wrong = '{ product(id: "nothing") { id } }'
    first = await get(client, wrong)
    assert first.json()["errors"]
    assert first.headers["Cache-Control"] == "no-store"
    assert "ETag" not in first.headers


async def test_prices_of_another_channel_or_scope_are_another_answer(client: httpx.AsyncClient, shop: Shop) -> None:
    await get(client, LIST)
    for token in ("merchant", "partner"):
        answer = await get(client, LIST, {"X-Test-Token": token})
        assert answer.headers["Cache-Control"] == "no-store"
