"""Pages of a list that changes meanwhile: complete, without gaps and repeats, whatever becomes of the point in time."""

import asyncio
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisLost

from commerce_graph.kernel.errors import RequestError
from commerce_graph.search.rules.mapping import RESULT_WINDOW
from commerce_graph.search.service.engine import Found, Paging, Place
from tests.search.opensearch.conftest import EU, Index, document, uid

NAMES = [f"mug-{number:02}" for number in range(30)]


async def put_mugs(index: Index, **told: Any) -> None:
    """Write thirty mugs, which sell the better and cost the more the higher their number."""
    await index.put(
        *(
            document(name, "Mug", sales=number**2, price={EU.id.hex: {"min": number // 3, "max": 99}}, **told)
            for number, name in enumerate(NAMES)
        )
    )


async def rest(index: Index, found: Found, size: int = 7, **how: Any) -> list[str]:
    """Return the handles of the hits that come after a page."""
    names: list[str] = []
    while found.has_next:
        found = await index.found("mug", paging=Paging(size, after=found.hits[-1].place), snapshot=True, **how)
        names += index.named(found)
        assert len(names) <= 100
    return names


async def stir(index: Index) -> None:
    """Turn the list upside down: sales and prices the other way round, two mugs gone, new ones at both ends."""
    await index.put(
        *(
            document(name, "Mug", sales=(30 - number) ** 3, price={EU.id.hex: {"min": 50 - number, "max": 99}})
            for number, name in enumerate(NAMES)
        ),
        document("new-first", "Mug", sales=10**8, price={EU.id.hex: {"min": 0, "max": 1}}),
        document("new-last", "Mug", available=False, price={EU.id.hex: {"min": 999, "max": 999}}),
    )
    await index.drop("mug-10", "mug-20")


LISTS: list[dict[str, Any]] = [{}, {"sort": "PRICE"}, {"sort": "PRICE", "reverse": True}, {"unavailable": "LAST"}]


@pytest.mark.parametrize("how", LISTS, ids=str)
async def test_a_list_goes_on_as_it_was_begun(index: Index, how: dict[str, Any]) -> None:
    await put_mugs(index)
    whole = await index.find("mug", **how)
    begun = await index.found("mug", paging=Paging(7), snapshot=True, **how)
    await stir(index)
    assert [*index.named(begun), *await rest(index, begun, **how)] == whole


@pytest.mark.parametrize("how", LISTS, ids=str)
async def test_a_list_goes_back_as_it_was_begun(index: Index, how: dict[str, Any]) -> None:
    await put_mugs(index)
    whole = await index.find("mug", **how)
    found = await index.found("mug", paging=Paging(7, backward=True), snapshot=True, **how)
    names, positions = index.named(found), [hit.place.position for hit in found.hits]
    await stir(index)
    while found.has_previous:
        step = Paging(7, backward=True, before=found.hits[0].place)
        found = await index.found("mug", paging=step, snapshot=True, **how)
        names = [*index.named(found), *names]
        positions = [*(hit.place.position for hit in found.hits), *positions]
    assert names == whole
    assert positions == list(range(1, 31))


async def test_the_total_and_the_facets_are_those_of_the_list(index: Index) -> None:
    await put_mugs(index)
    begun = await index.found("mug", paging=Paging(7), snapshot=True)
    await stir(index)
    step = Paging(7, after=begun.hits[-1].place)
    then = await index.found("mug", paging=step, snapshot=True, total=True, facets=True)
    assert then.total == 30
    assert then.counts is not None
    assert sum(then.counts.available.values()) == 30


async def test_many_who_begin_at_once_share_a_point_in_time(index: Index) -> None:
    await put_mugs(index)
    begun = await asyncio.gather(*(index.found("mug", paging=Paging(1), snapshot=True) for _ in range(8)))
    names = {found.hits[0].place.snapshot for found in begun}
    kept = [name async for name in index.redis.scan_iter(f"search:snapshot:{index.cluster.alias}:????????????????")]
    # Whether half a second passes in between is for the machine to say; nobody is given one that is not kept.
    assert {f"search:snapshot:{index.cluster.alias}:{name}".encode() for name in names} <= set(kept)
    assert "" not in names
    for found in begun:
        assert await index.find("mug", paging=Paging(1, after=found.hits[0].place)) == ["mug-28"]


async def test_no_point_in_time_is_opened_for_a_list_that_does_not_go_on(index: Index) -> None:
    await put_mugs(index)
    found = await index.found("mug", paging=Paging(3))
    assert [hit.place.snapshot for hit in found.hits] == ["", "", ""]
    assert not await index.redis.keys(f"search:snapshot:{index.cluster.alias}:*")


async def _close_all(index: Index) -> None:
    kept = [name async for name in index.redis.scan_iter(f"search:snapshot:{index.cluster.alias}:????????????????")]
    ids = [value.decode() for value in await index.redis.mget(kept)]
    await index.cluster.client.delete_pit(body={"pit_id": ids})


async def _forget_all(index: Index) -> None:
    await index.redis.flushall()


@pytest.mark.parametrize("lose", [_close_all, _forget_all])
async def test_a_list_goes_on_in_the_index_where_its_point_in_time_is_lost(index: Index, lose: Any) -> None:
    await put_mugs(index)
    whole = await index.find("mug")
    begun = await index.found("mug", paging=Paging(7), snapshot=True)
    await lose(index)
    assert [*index.named(begun), *await rest(index, begun)] == whole


async def test_a_list_goes_on_in_the_index_that_took_the_place_of_its_own(index: Index) -> None:
    await put_mugs(index)
    whole = await index.find("mug")
    begun = await index.found("mug", paging=Paging(7), snapshot=True)
    client, alias = index.cluster.client, index.cluster.alias
    old = (await client.indices.get(index=f"{alias}-1"))[f"{alias}-1"]
    analysis = {"analysis": old["settings"]["index"]["analysis"]}
    await client.indices.create(index=f"{alias}-2", body={"mappings": old["mappings"], "settings": analysis})
    body = {"source": {"index": f"{alias}-1"}, "dest": {"index": f"{alias}-2"}}
    await client.reindex(body=body, params={"refresh": "true"})
    swap = [{"remove_index": {"index": f"{alias}-1"}}, {"add": {"index": f"{alias}-2", "alias": alias}}]
    await client.indices.update_aliases(body={"actions": swap})
    assert [*index.named(begun), *await rest(index, begun)] == whole


async def test_lists_are_read_without_redis(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: Any, **__: Any) -> None:
        raise RedisLost("gone")

    await put_mugs(index)
    whole = await index.find("mug")
    begun = await index.found("mug", paging=Paging(7), snapshot=True)
    for name in ("get", "set", "getex", "delete"):
        monkeypatch.setattr(index.redis, name, lost)
    assert [*index.named(begun), *await rest(index, begun)] == whole


@pytest.mark.parametrize(
    "values",
    [
        (), ("words",), ("words", 1.0), ("words", "1.0", uid("mug-01").hex), ("words", 1.0, 5), ("words", 1.0, "short"),
        ("words", True, uid("mug-01").hex), ("words", 1e39, uid("mug-01").hex), ("words", 1.0, 2.0, uid("mug-01").hex),
        ("words", None, None),
    ],
)  # fmt: skip
async def test_a_place_in_a_list_of_another_order_is_refused(index: Index, values: tuple[Any, ...]) -> None:
    await put_mugs(index)
    for step in (Paging(5, after=Place("opensearch", 3, values)), Paging(5, before=Place("opensearch", 3, values))):
        with pytest.raises(RequestError) as refused:
            await index.found("mug", paging=step)
        assert refused.value.code == "BAD_USER_INPUT"


async def test_a_place_in_a_list_by_price_needs_a_whole_number(index: Index) -> None:
    place = Place("opensearch", 3, ("words", 1.5, uid("mug-01").hex))
    with pytest.raises(RequestError):
        await index.found("mug", sort="PRICE", paging=Paging(5, after=place))


async def test_a_way_that_a_place_does_not_know_is_found_anew(index: Index) -> None:
    await put_mugs(index)
    place = (await index.found("mug", paging=Paging(3))).hits[-1].place
    forged = Place(place.engine, place.position, ("magic", *place.values[1:]), place.snapshot)
    assert await index.find("mug", paging=Paging(2, after=forged)) == ["mug-26", "mug-25"]


@pytest.mark.parametrize("asked", ["mug", "mugg", "mug unicorn"])
async def test_pages_are_of_one_way_to_look_for_the_words(index: Index, asked: str) -> None:
    # In order of prices, since scores change with the index.
    await put_mugs(index)
    whole = await index.find("mug", sort="PRICE")
    begun = await index.found(asked, sort="PRICE", paging=Paging(7))
    await index.put(document("exactly", "Unicorn mugg and mug", price={EU.id.hex: {"min": 0, "max": 0}}))
    then = await index.found(asked, sort="PRICE", paging=Paging(50, after=begun.hits[-1].place))
    assert [*index.named(begun), *index.named(then)] == whole


async def test_places_of_another_engine_count(index: Index) -> None:
    await put_mugs(index)
    whole = await index.find("mug")

    def at(position: int) -> Place:
        return Place("postgresql", position, ("whatever", 3))

    async def read(**step: Any) -> tuple[list[str], bool, bool]:
        found = await index.found("mug", paging=Paging(**step))
        assert [hit.place.position for hit in found.hits] == [whole.index(name) + 1 for name in index.named(found)]
        return index.named(found), found.has_previous, found.has_next

    assert await read(size=5, after=at(10)) == (whole[10:15], True, True)
    assert await read(size=5, after=at(27)) == (whole[27:], True, False)
    assert await read(size=5, after=at(30)) == ([], True, False)
    assert await read(size=5, after=at(-3)) == (whole[:5], True, True)
    assert await read(size=5, after=at(10), before=at(13)) == (whole[10:12], True, False)
    assert await read(size=5, backward=True, before=at(10)) == (whole[4:9], True, True)
    assert await read(size=5, backward=True, before=at(3)) == (whole[:2], False, True)
    assert await read(size=5, backward=True, before=at(10), after=at(6)) == (whole[6:9], False, True)
    assert await read(size=5, backward=True, after=at(20)) == (whole[25:], True, False)
    assert await read(size=5, backward=True, after=at(27)) == (whole[27:], False, False)
    assert await read(size=5, backward=True, before=at(1)) == ([], False, True)


async def test_a_position_beyond_the_window_has_nothing(index: Index) -> None:
    await put_mugs(index)
    for position in (RESULT_WINDOW - 1, RESULT_WINDOW, RESULT_WINDOW + 1, 2**63 - 1):
        place = Place("postgresql", position, ())
        found = await index.found("mug", paging=Paging(250, after=place))
        assert (list(found.hits), found.has_next) == ([], False)
        back = await index.found("mug", paging=Paging(250, backward=True, before=place))
        assert list(back.hits) == []
