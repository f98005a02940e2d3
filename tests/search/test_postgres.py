"""PostgreSQL's engine on its own: what it costs, how it goes on, and that no text harms it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, text, update

from commerce_graph.catalog import service as catalog_service
from commerce_graph.catalog import tables as catalog
from commerce_graph.catalog.service import Audience, Filters, PriceMarket, Wanted, learn_words
from commerce_graph.kernel import limits
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.query_syntax import parse
from commerce_graph.kernel.query_syntax.words import Plan, Slot
from commerce_graph.search.rules.planning import plan
from commerce_graph.search.service.engine import Paging, Place, Request
from commerce_graph.search.service.postgres import PostgresEngine
from tests.shop import uid

EU = PriceMarket(uid("eu"), "EUR")
SHOPPER = Audience(channel_id=uid("online"))
ENGINE = PostgresEngine()


def request(asked: str = "", *, prefix: bool = False, **how: Any) -> Request:
    base = Request(plan(parse(asked), prefix=prefix), SHOPPER, EU, "en", paging=Paging(50))
    return replace(base, **how)


async def search(database: Database, asked: str = "", **how: Any) -> list[UUID]:
    return [hit.product_id for hit in (await ENGINE.search(database, request(asked, **how))).hits]


async def fill(database: Database, number: int, title: str = "Brass Bell", first: int = 0) -> list[UUID]:
    """Write products that answer alike, and sell in the order of their numbers."""
    rows = [
        {"id": uid(f"{title}-{at}"), "handle": f"{title}-{at}".replace(" ", "-").lower(), "title": title,
         "status": "ACTIVE", "sales": 10 * at, "product_type": "Bell", "vendor": "Ringer", "tags": ["brass"]}
        for at in range(first, first + number)
    ]  # fmt: skip
    ids = [row["id"] for row in rows]
    async with database.begin() as tx:
        await tx.execute(insert(catalog.product), rows)
        await tx.execute(insert(catalog.publication), [{"channel_id": uid("online"), "product_id": id} for id in ids])
    return ids


async def statements(database: Database, asked: str, **how: Any) -> int:
    with count_statements() as seen:
        await ENGINE.search(database, request(asked, **how))
    return len(seen)


async def test_a_search_costs_the_same_whatever_is_asked_for(database: Database) -> None:
    async with database.begin() as tx:
        await learn_words(tx)
    assert await statements(database, "") == 1
    assert await statements(database, "lamp") == 3
    many = " ".join(f"word{at}" for at in range(limits.SEARCH_QUERY_TERMS_MAX - 1))
    assert await statements(database, f"{many} lamp") == 5, "two more where most of the words must do"
    assert await statements(database, "dekk lapm -mug vendor:Nord 'desk lamp'", facets=True, total=True) == 4
    assert await statements(database, "lamp", filters=Filters(vendors=("x",) * 50), total=True) == 3


async def test_facets_of_many_lists_cost_what_those_of_one_cost(database: Database) -> None:
    async def cost(lists: int) -> int:
        asked = [request("desk lamp", collection_id=uid("lighting"))] * lists
        with count_statements() as seen:
            assert len(await ENGINE.counts(database, asked)) == lists
        return len(seen)

    assert await cost(1) == await cost(10) == 4
    with count_statements() as seen:
        assert await ENGINE.counts(database, []) == []
    assert not seen


async def test_related_products_of_many_cost_one_statement(database: Database) -> None:
    ids = await fill(database, 100)
    for number in (1, 100):
        with count_statements() as seen:
            found = await ENGINE.related(database, ids[:number], SHOPPER, EU, 5)
        assert [len(each) for each in found] == [5] * number
        assert len(seen) == 1


async def test_pages_go_on_while_products_come_and_go(database: Database) -> None:
    ids = await fill(database, 30)
    whole = await search(database, "bell")
    assert sorted(whole) == sorted(ids)
    seen: list[UUID] = []
    after: Place | None = None
    for number in range(60):
        found = await ENGINE.search(database, request("bell", paging=Paging(3, after=after)))
        seen += [hit.product_id for hit in found.hits]
        if not found.has_next:
            break
        after = found.hits[-1].place
        if number > 9:
            continue
        # Before, at and behind the place that was reached: others appear, and what was shown disappears.
        await fill(database, 5, "Tin Bell", first=10 * number)
        async with database.begin() as tx:
            await tx.execute(delete(catalog.product).where(catalog.product.c.id.in_([seen[0], seen[-1]])))
    kept = [id for id in seen if id in ids]
    assert len(set(seen)) == len(seen), "nothing twice"
    assert kept == [id for id in whole if id in kept], "in the order of the list"
    assert set(kept) == set(ids), "nothing is passed over"
    assert len(seen) > len(ids), "and what came behind the place is there"


async def test_searching_while_everything_is_written_never_fails(database: Database) -> None:
    await fill(database, 40)
    stop = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            async with database.begin() as tx:
                change = {"sales": number, "title": f"Brass Bell {number}", "available": number % 2 == 0}
                await tx.execute(update(catalog.product).values(**change))
                await learn_words(tx)

    writer = asyncio.create_task(write())
    for _ in range(15):
        found = await asyncio.gather(*(search(database, "brass belll", total=True) for _ in range(3)))
        assert all(len(set(each)) == len(each) for each in found)
    stop.set()
    await writer


async def test_whether_most_words_do_is_settled_once_for_a_list(database: Database) -> None:
    ids = await fill(database, 6)
    first = await ENGINE.search(database, request("brass bell zither", paging=Paging(2)))
    assert len(first.hits) == 2
    await fill(database, 1, "Brass Bell Zither")
    after = first.hits[-1].place
    second = await ENGINE.search(database, request("brass bell zither", paging=Paging(50, after=after)))
    assert len({hit.product_id for hit in (*first.hits, *second.hits)} & set(ids)) == 6
    assert len(await search(database, "brass bell zither")) == 1, "a new list is strict again"


def elsewhere(position: int) -> Place:
    return Place("opensearch", position, (1.5, "x"), "snapshot")


@pytest.mark.parametrize("size", [1, 2, 50])
async def test_a_place_of_another_engine_is_gone_on_from_by_its_position(database: Database, size: int) -> None:
    await fill(database, 9)
    whole = await search(database, "bell")
    for at in range(1, 10):
        forward = await ENGINE.search(database, request("bell", paging=Paging(size, after=elsewhere(at))))
        assert [hit.product_id for hit in forward.hits] == whole[at : at + size]
        assert [hit.place.position for hit in forward.hits] == list(range(at + 1, min(at + size, 9) + 1))
        assert (forward.has_previous, forward.has_next) == (True, at + size < 9)
        back = await ENGINE.search(database, request("bell", paging=Paging(size, backward=True, before=elsewhere(at))))
        assert [hit.product_id for hit in back.hits] == whole[max(at - 1 - size, 0) : at - 1]
        assert (back.has_previous, back.has_next) == (at - 1 > size, True)
        between = Paging(size, after=elsewhere(2), before=elsewhere(at))
        found = await ENGINE.search(database, request("bell", paging=between))
        assert [hit.product_id for hit in found.hits] == whole[2 : at - 1][:size]


async def test_how_far_another_engines_list_can_be_gone_on_with_is_bounded(database: Database) -> None:
    most = limits.SEARCH_OFFSET_MAX
    found = await ENGINE.search(database, request("lamp", paging=Paging(5, after=elsewhere(most))))
    assert not found.hits
    for position in (most + 1, -1, 2**62):
        with pytest.raises(RequestError, match="hits at most"):
            await ENGINE.search(database, request("lamp", paging=Paging(5, after=elsewhere(position))))


@pytest.mark.parametrize(
    "values",
    [(), (0,), (0, 0, 0, 0), (0, 0, 0, "x", uid("lamp")), ("", "", "", "", ""), (0, 0, 0, 1.5, uid("lamp")),
     (1, 2, 3, 4, 5, uid("lamp")), (uid("lamp"),) * 5],
)  # fmt: skip
async def test_a_place_that_no_list_gave_out_is_refused(database: Database, values: Sequence[Any]) -> None:
    place = Place("postgresql", 1, tuple(values))
    for paging in (Paging(5, after=place), Paging(5, backward=True, before=place)):
        with pytest.raises(RequestError, match="another list"):
            await ENGINE.search(database, request("lamp", paging=paging))


async def test_a_forged_place_within_a_list_is_a_place(database: Database) -> None:
    for number in (2**62, -(2**62)):
        place = Place("postgresql", 1, (0, number, number, number, uid("lamp")))
        await ENGINE.search(database, request("lamp", paging=Paging(5, after=place)))


@pytest.mark.parametrize("reverse", [False, True])
async def test_of_very_many_hits_the_best_sold_are_ranked_and_all_are_listed(database: Database, reverse: bool) -> None:
    ids = await fill(database, 12, first=1)
    titled = (await fill(database, 1, "Bell"))[0]
    wanted = Wanted(plan(parse("bell")), "en", SHOPPER, EU, reverse=reverse, ranked_max=5)
    async with database.read() as conn:
        found = await catalog_service.find_products(conn, wanted, 50, total=True)
    listed = [product_id for product_id, _ in found.products]
    assert found.total == 13
    assert listed[:: -1 if reverse else 1] == [*reversed(ids), titled], "which sold nothing, and is not ranked"


async def test_a_total_is_exact_up_to_its_limit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(database, 12)
    for most, total in ((11, 11), (12, 12), (13, 12)):
        monkeypatch.setattr("commerce_graph.catalog.loaders.hits.SEARCH_TOTAL_MAX", most)
        assert (await ENGINE.search(database, request("bell", paging=Paging(1), total=True))).total == total


async def test_only_a_word_that_nobody_knows_is_taken_for_another(database: Database) -> None:
    await fill(database, 3, "Camp Stove")
    async with database.begin() as tx:
        await learn_words(tx)
    assert uid("lamp") not in await search(database, "camp")
    assert uid("lamp") in await search(database, "lapm")
    assert await search(database, "mgu") == [], "three letters are forgiven nothing"
    assert await search(database, '"lapm"') == [], "it was quoted"
    await fill(database, 70, "Damp Cloth")
    async with database.begin() as tx:
        await tx.execute(text("UPDATE catalog.vocabulary SET learned_at = now() - interval '1 hour'"))
        await learn_words(tx)
    damp = len(await search(database, "camp"))
    assert damp == 50, "but one of few products is taken for one that is far more usual too"
    assert set((await search(database, "camp"))[:3]) == {uid(f"Camp Stove-{at}") for at in range(3)}, "after itself"


async def test_an_unknown_word_does_without_a_vocabulary(database: Database) -> None:
    assert await search(database, "lamp") == [uid("lamp")]
    assert await search(database, "lapm") == []


@pytest.mark.parametrize(
    ("asked", "handle"),
    [("SHIRT-S-WHITE", "shirt"), ("shirt-s", "shirt"), ("shirtswhite", "shirt"), ("MUG-VARIANT", "mug"),
     ("mug_variant", "mug"), ("lamp-vari", "lamp")],
)  # fmt: skip
async def test_a_sku_is_found_by_its_beginning(database: Database, asked: str, handle: str) -> None:
    assert uid(handle) in await search(database, asked)


async def test_barcodes_are_found_by_six_digits_and_more(database: Database) -> None:
    assert uid("mug") in await search(database, "4000000001")
    assert uid("mug") in await search(database, "400000")
    assert await search(database, "40000") == []


HOSTILE = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=80),
    st.text("'\"\\:&|!()<->*~%_@#$;,.`[]{}^\0 \n\tab1é猫🙂", max_size=60),
    st.sampled_from(
        ["' | 'a", "'); DROP TABLE catalog.product; --", "a:*", "en~lamp", "\\'", "$1", ":param", "%s %(x)s"]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=HOSTILE, other=HOSTILE, prefix=st.booleans(), quoted=st.booleans())
async def test_no_text_is_a_fault(database: Database, asked: str, other: str, prefix: bool, quoted: bool) -> None:
    text_of = f'"{asked}" -{other}' if quoted else f"{asked} {other}"
    await ENGINE.search(database, request(text_of, prefix=prefix, facets=True, total=True))
    await ENGINE.suggest(database, request(text_of, prefix=prefix, language=other[:2] or "xx"))
    # As synonyms are, which merchants write.
    words = [tuple(each.replace("\0", "").split()) for each in (asked, other) if each.replace("\0", "").split()]
    if words:
        slots = (Slot(tuple(words), prefix, quoted), Slot(tuple(reversed(words))))
        await ENGINE.search(database, request().__class__(Plan(slots, tuple(words)), SHOPPER, EU, "de"))
