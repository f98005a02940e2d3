"""Suggestions: counted in Redis, stored by a job, offered by their beginning."""

import asyncio

import pytest
from redis.asyncio import Redis
from sqlalchemy import insert, select, text

from commerce_graph.catalog.tables import product
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.limits import SUGGESTED_QUERY_SPANS_MIN, TALLIED_QUERIES_MAX, TALLY_SPAN_S
from commerce_graph.search.rules.suggesting import HALF_LIFE_S
from commerce_graph.search.service import popularity
from commerce_graph.search.service.popularity import store_labels, store_queries, suggestions
from commerce_graph.search.service.tally import KEY, Tally, store_tally
from commerce_graph.search.tables import suggestion
from tests.shop import Shop, uid

AT_S = 1_900_000_000.0 // TALLY_SPAN_S * TALLY_SPAN_S


async def offered(database: Database, typed: str, language: str = "en", size: int = 10) -> list[str]:
    async with database.read() as conn:
        return [each.text for each in await suggestions(conn, typed, language, size)]


async def make_popular(database: Database, *texts: str, language: str = "en", times: float = 5) -> None:
    for _ in range(SUGGESTED_QUERY_SPANS_MIN):
        async with database.begin() as tx:
            await store_queries(tx, {(language, each): times for each in texts}, popularity.time.time())


class Hands:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now_s = AT_S

    def __call__(self) -> float:
        return self.now_s


async def test_what_was_asked_is_counted_by_span(redis: Redis) -> None:
    clock = Hands()
    counting = Tally(redis, clock)
    for _ in range(5):
        await counting.note("en", "desk lamp")
    key = f"{KEY}{int(AT_S // TALLY_SPAN_S)}"
    assert await redis.zrange(key, 0, -1, withscores=True) == [(b'["en","desk lamp"]', 1.0)], "the rest is sent later"
    clock.now_s += 2
    await counting.note("de", "lampe")
    assert dict(await redis.zrange(key, 0, -1, withscores=True)) == {b'["en","desk lamp"]': 5, b'["de","lampe"]': 1}
    assert 0 < await redis.ttl(key) <= 12 * TALLY_SPAN_S


async def test_the_count_is_bounded_in_the_process_and_in_redis(redis: Redis) -> None:
    clock = Hands()
    counting = Tally(redis, clock)
    await counting.note("en", "lamp")
    for number in range(TALLIED_QUERIES_MAX + 10):
        await counting.note("en", f"one {number}")
    await counting.note("en", "one 1")
    assert len(counting._counted) == TALLIED_QUERIES_MAX
    clock.now_s += 2
    await counting.note("en", "one 1")
    key = f"{KEY}{int(AT_S // TALLY_SPAN_S)}"
    assert await redis.zcard(key) == TALLIED_QUERIES_MAX
    assert await redis.zscore(key, b'["en","one 1"]') == 3, "what is asked most stays"


async def test_a_search_does_not_fail_without_redis() -> None:
    gone = Redis.from_url("redis://127.0.0.1:1/0")
    await Tally(gone).note("en", "lamp")
    await gone.aclose()


async def test_a_span_is_stored_once_when_it_is_over(resources: Resources, redis: Redis) -> None:
    clock = Hands()
    counting = Tally(redis, clock)
    await counting.note("en", "desk lamp")
    assert await store_tally(resources, clock) == 0, "the span is not over"
    clock.now_s += TALLY_SPAN_S
    assert sorted(await asyncio.gather(*(store_tally(resources, clock) for _ in range(3)))) == [0, 0, 1]
    async with resources.database.read() as conn:
        row = (await conn.execute(select(suggestion))).one()
    assert (row.kind, row.language, row.normal, row.text, row.spans) == ("QUERY", "en", "desk lamp", "desk lamp", 1)
    assert row.heat == clock.now_s


async def test_queries_asked_in_a_few_spans_are_offered(database: Database) -> None:
    now_s = popularity.time.time()
    for span in range(SUGGESTED_QUERY_SPANS_MIN):
        assert await offered(database, "des") == []
        async with database.begin() as tx:
            await store_queries(tx, {("en", "désk lamp"): 2, ("de", "deskpad"): 2}, now_s - 60 * (9 - span))
    assert await offered(database, " DES") == ["désk lamp"]
    assert await offered(database, "desk l") == ["désk lamp"]
    assert await offered(database, "lamp") == []
    assert await offered(database, "des", "de") == ["deskpad"]
    assert await offered(database, "", "de") == await offered(database, "!!", "de") == []


async def test_repeating_a_query_in_one_span_makes_it_no_suggestion(database: Database) -> None:
    async with database.begin() as tx:
        await store_queries(tx, {("en", "buy my pills"): 1e6}, popularity.time.time())
    assert await offered(database, "buy") == []


async def test_popularity_fades(database: Database) -> None:
    long_ago_s = popularity.time.time() - 90 * 86_400
    for _ in range(SUGGESTED_QUERY_SPANS_MIN):
        async with database.begin() as tx:
            await store_queries(tx, {("en", "fidget spinner"): 5}, long_ago_s)
    assert await offered(database, "fid") == []


async def test_the_more_popular_comes_first_and_typos_are_forgiven(database: Database) -> None:
    await make_popular(database, "lamp", times=3)
    await make_popular(database, "lamp shade", times=9)
    await make_popular(database, "snowboard")
    assert await offered(database, "lam") == ["lamp shade", "lamp"]
    assert await offered(database, "lam", size=1) == ["lamp shade"]
    with count_statements() as seen:
        assert await offered(database, "lmap") == ["lamp shade", "lamp"]
    assert len(seen) == 2
    with count_statements() as seen:
        assert await offered(database, "lamp") == ["lamp shade", "lamp"]
    assert len(seen) == 1
    assert await offered(database, "snwoboadr") == ["snowboard"]
    assert await offered(database, "snx") == []


async def test_only_the_most_popular_are_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(popularity, "SUGGESTED_QUERIES_MAX", 2)
    await make_popular(database, "lamp", times=3)
    await make_popular(database, "sofa", times=9)
    async with database.begin() as tx:
        await store_queries(tx, {("en", "chair"): 1}, popularity.time.time())
    async with database.read() as conn:
        kept = (await conn.execute(select(suggestion.c.normal).order_by(suggestion.c.normal))).scalars().all()
    assert kept == ["lamp", "sofa"]


async def test_stored_at_once_nothing_is_lost(database: Database) -> None:
    async def store(number: int) -> None:
        async with database.begin() as tx:
            await store_queries(tx, {("en", "lamp"): 1, ("en", f"lamp {number}"): 1}, AT_S)

    await asyncio.gather(*(store(number) for number in range(6)))
    async with database.read() as conn:
        row = (await conn.execute(select(suggestion).where(suggestion.c.normal == "lamp"))).one()
    assert row.spans == 6
    assert round(2 ** ((row.heat - AT_S) / HALF_LIFE_S), 6) == 6


async def test_names_of_what_shoppers_see_are_offered(shop: Shop, resources: Resources) -> None:
    assert await store_labels(resources) > 0
    assert await store_labels(resources) == 0, "nothing changed"
    assert await offered(shop.database, "sum", "fr") == ["Summer"], "a collection, in every language"
    assert await offered(shop.database, "nor") == ["Nord"]
    assert await offered(shop.database, "sh") == ["Shirt"]
    assert await offered(shop.database, "chai") == [], "of a draft"
    async with shop.database.begin() as tx:
        await tx.execute(product.update().where(product.c.id == uid("mug")).values(vendor="Kiln"))
    assert await store_labels(resources) == 2
    assert await offered(shop.database, "clay") == []
    await make_popular(shop.database, "kiln")
    assert await offered(shop.database, "kil") == ["kiln"], "once, whoever calls it so"


async def test_suggestions_are_found_by_an_index(database: Database) -> None:
    rows = [{"kind": "QUERY", "language": "en", "normal": f"word {n}", "text": f"word {n}"} for n in range(5_000)]
    async with database.begin() as tx:
        await tx.execute(insert(suggestion), rows)
        await tx.execute(text("ANALYZE search.suggestion"))
        # As it is for a plan that is made once for all values.
        await tx.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        await tx.execute(
            text("PREPARE offer(text, text) AS SELECT normal FROM search.suggestion "
                 "WHERE normal ~>=~ $1 AND normal ~<~ $2 LIMIT 10")
        )  # fmt: skip
        told = (await tx.execute(text("EXPLAIN EXECUTE offer('word 12', 'word 13')"))).scalars().all()
    assert "ix_suggestion_normal" in "\n".join(told)
