"""What a plan finds among pages, articles and collections, in which order, and by which index."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import Audience
from commerce_graph.catalog.tables import collection
from commerce_graph.content import service as content
from commerce_graph.content.tables import page
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.query_syntax import parse
from commerce_graph.kernel.query_syntax.words import Plan, Slot
from tests.content.conftest import PAST
from tests.shop import Shop, gid, uid

SHOPPER, MERCHANT = Audience(channel_id=uid("online")), Audience(everything=True)


def words(*asked: str, prefix: bool = False, exact: bool = False) -> Plan:
    return Plan(tuple(Slot(((word,),), prefix and at == len(asked) - 1, exact) for at, word in enumerate(asked)))


async def pages(database: Database, plan: Plan, limit: int = 10, **more: Any) -> Sequence[Any]:
    async with database.read() as conn:
        return await content.find_pages(conn, plan, limit=limit, **more)


async def collections(database: Database, plan: Plan, audience: Audience = SHOPPER, **more: Any) -> list[str]:
    async with database.read() as conn:
        rows = await catalog.find_collections(conn, plan, audience, **{"limit": 10, **more})
        assert await catalog.count_collections(conn, plan, audience) >= len(rows)
    return [row.handle for row in rows]


@pytest.mark.parametrize(
    ("plan", "handles"),
    [
        (words("nothing"), []),
        (words("draft"), []),
        (words("lamps", "nothing"), []),
        (words("lam"), []),
        (words("return", exact=True), []),
        (words("!?"), []),
        (Plan(words("lamps").slots, without=(("linen",),)), []),
        (words("lam", prefix=True), ["about"]),
        (words("RETURNING", "parcel"), ["shipping"]),
        (Plan((Slot((("nothing",), ("two", "days"))),)), ["shipping"]),
        (Plan(words("lamps").slots, where=parse("handle:about")), ["about"]),
        (Plan(words("lamps").slots, where=parse("handle:shipping")), []),
        (Plan(words("lamps").slots, where=parse("vendor:Nord")), ["about"]),
        (Plan(), ["about", "shipping"]),
        (Plan(without=(("lamps",),)), ["shipping"]),
    ],
)
async def test_finds_pages(written: Shop, plan: Plan, handles: list[str]) -> None:
    assert sorted(row.handle for row in await pages(written.database, plan)) == handles
    async with written.database.read() as conn:
        assert await content.count_pages(conn, plan) == len(handles)


async def test_finds_articles(written: Shop) -> None:
    async with written.database.read() as conn:
        rows = await content.find_articles(conn, words("linen"), limit=10)
        assert [row.title for row in rows] == ["Linen is back", "How linen is washed"]
        assert rows[0].rank > rows[1].rank
        assert await content.find_articles(conn, words("secret"), limit=10) == []
        assert await content.count_articles(conn, words("lamp")) == 1
        assert await content.count_articles(conn, words("lamp"), everything=True) == 2


async def test_finds_collections(shop: Shop) -> None:
    assert await collections(shop.database, words("chairs")) == []
    assert await collections(shop.database, words("light")) == ["lighting"], "by its stem"
    assert await collections(shop.database, words("sum", prefix=True)) == ["summer"]
    async with shop.database.begin() as tx:
        row = {"id": uid("hidden"), "handle": "hidden", "title": "Summer sale", "description": "Cheap lamps"}
        await tx.execute(insert(collection).values(**row))
    assert await collections(shop.database, words("summer")) == ["summer"]
    assert await collections(shop.database, words("summer"), MERCHANT) == ["summer", "hidden"]
    assert await collections(shop.database, words("lamp"), MERCHANT) == ["hidden"]
    assert await collections(shop.database, Plan(words("summer").slots, where=parse("collection_type:smart"))) == []
    document = "query($q: String!, $s: CollectionSortKeys) {"
    document += " collections(first: 5, query: $q, sortKey: $s) { nodes { handle } } }"
    for query, found in (("umme", []), ("summ", ["summer"]), ("title:summer", ["summer"]), ("title:summ*", ["summer"])):
        data = await shop.data(document, {"q": query, "s": "RELEVANCE"})
        assert [node["handle"] for node in data["collections"]["nodes"]] == found


async def test_goes_on_after_a_row_and_back_before_one(written: Shop) -> None:
    async with written.database.begin() as tx:
        for at in range(7):
            row = {"id": uid(f"p{at}"), "handle": f"p{at}", "title": "Lamps" if at % 2 else "On lamps"}
            await tx.execute(insert(page).values(**row, published_at=PAST))
    for plan in (words("lamps"), Plan()):
        whole = [(row.rank, row.id) for row in await pages(written.database, plan)]
        assert len(whole) >= 8
        assert whole == sorted(whole, reverse=True), "the best first, of equals the newest"
        found: list[Any] = []
        while rows := await pages(written.database, plan, 2, after=found[-1] if found else None):
            found += [(row.rank, row.id) for row in rows]
        assert found == whole
        back = await pages(written.database, plan, 3, before=whole[5], after=whole[1], backward=True)
        assert [(row.rank, row.id) for row in back] == whole[4:1:-1]


async def test_what_is_found_needs_no_second_read(written: Shop) -> None:
    ctx = written.context()
    everything = content.sees_all(ctx.principal)
    async with ctx.read() as conn:
        with count_statements() as finding:
            rows = await content.find_pages(conn, words("lamps"), limit=5, everything=everything)
    assert len(finding) == 1
    ctx.prime(content.pages, {row.id: row for row in rows}, everything)
    with count_statements() as after:
        (one,) = await ctx.served["Page"].load_many(ctx, [uid("page-about")])
    assert (one.title, one.body_summary()) == ("About us", "We make lamps of linen.")
    assert after == []


@pytest.mark.parametrize("prefix", [False, True])
async def test_finds_by_the_index(written: Shop, prefix: bool) -> None:
    async with written.database.begin() as tx:
        many = func.generate_series(1, 3_000).column_valued("n")
        body = func.repeat(func.concat("Word", many, " "), 60)
        rows = select(
            func.gen_random_uuid(), func.concat("n", many), func.concat("Page ", many), body, body, func.now()
        )
        columns = ["id", "handle", "title", "body", "body_text", "published_at"]
        await tx.execute(insert(page).from_select(columns, rows))
    async with written.database.begin() as tx:
        await tx.execute(text("ANALYZE content.page"))
    async with written.database.begin() as tx:
        for _ in range(7):  # Postgres may plan once for all values from the sixth time on
            assert len(await content.find_pages(tx, words("lamps", prefix=prefix), limit=5)) == 1
            assert await content.count_pages(tx, words("lamps", prefix=prefix)) == 1
        scans = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relid = 'content.page'::regclass"
        assert (await tx.execute(text(scans))).scalar_one() == 0


HOSTILE = [
    "' OR 1=1 --", "a:* & b | !c", "<->", "\\", "%_", "*", "((((", "\u202e\u0000", "👩\u200d👧", "x" * 1_000,
    "ﷺ" * 250, "㌀" * 900, "-" * 500, '"' * 99, "title:", "title:'' title:*", "tag:a,b,c*",
    "id:gid://shopify/Page/x", "\ud83d", "NOT NOT -NOT",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
async def test_texts_that_mean_harm(written: Shop, query: str) -> None:
    document = """query($q: String!) { pages(first: 3, query: $q, sortKey: RELEVANCE) { nodes { id } }
      articles(first: 3, query: $q, sortKey: RELEVANCE) { nodes { id } } blogs(first: 3, query: $q) { nodes { id } }
      collections(first: 3, query: $q, sortKey: RELEVANCE) { nodes { id } } }"""
    assert "errors" not in await written.run(document, {"q": query})
    readable = query.encode(errors="replace").decode().replace("\0", " ")
    phrase = tuple(readable.split()) or ("-",)
    for slot in (Slot((phrase,), prefix=True), Slot((phrase, ("lamps",)), exact=True)):
        await pages(written.database, Plan((slot,), without=(phrase,)))
        assert await collections(written.database, Plan((slot,), without=(phrase,))) == []
    assert (await written.data("query($id: ID!) { page(id: $id) { title } }", {"id": gid("Page", "page-about")}))[
        "page"
    ]
