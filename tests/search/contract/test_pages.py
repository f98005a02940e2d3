"""Paging: every list is complete in pages of any size, forward and backward, and after an engine took over."""

from typing import Any

import pytest

from commerce_graph.search.service.engine import Found, Paging, Place
from tests.search.contract.conftest import Searching

LISTS: dict[str, dict[str, Any]] = {
    "relevance": {"asked": "marble"},
    "reversed": {"asked": "marble", "reverse": True},
    "price": {"asked": "marble", "sort": "PRICE"},
    "price reversed": {"asked": "marble", "sort": "PRICE", "reverse": True},
    "unavailable last": {"asked": "marble", "unavailable": "LAST"},
    "price, unavailable last": {"asked": "marble", "sort": "PRICE", "unavailable": "LAST"},
    "no words": {"asked": ""},
    "relaxed": {"asked": "marble stone umbrella"},
    "phrase": {"asked": '"cut from one block"'},
}


async def walk(searching: Searching, size: int, *, backward: bool = False, **how: Any) -> list[str]:
    """Return the handles of a whole list, read page by page."""
    names: list[str] = []
    place: Place | None = None
    while True:
        step = Paging(size, backward, before=place) if backward else Paging(size, after=place)
        found = await searching.found(paging=step, snapshot=True, **how)
        page = searching.named(found)
        assert len(page) <= size
        names = [*page, *names] if backward else [*names, *page]
        assert len(names) <= 200
        further, back = (found.has_previous, found.has_next) if backward else (found.has_next, found.has_previous)
        assert back == (place is not None)
        if not further:
            return names
        assert len(page) == size
        place = found.hits[0 if backward else -1].place


@pytest.mark.parametrize("size", [1, 2, 7, 23, 24, 25, 100])
@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_complete_in_pages_of_any_size(searching: Searching, name: str, size: int) -> None:
    whole = await searching.find(**LISTS[name], paging=Paging(100))
    assert len(whole) == len(set(whole)) >= 24
    assert await walk(searching, size, **LISTS[name]) == whole
    assert await walk(searching, size, backward=True, **LISTS[name]) == whole


@pytest.mark.parametrize("size", [1, 2, 5])
async def test_pins_are_paged_like_all_else(searching: Searching, size: int) -> None:
    pins = tuple(searching.id(name) for name in ("sofa", "tile-03", "kettle", "tile-20"))
    whole = await searching.find("marble", pins=pins)
    assert whole[:4] == ["sofa", "tile-03", "kettle", "tile-20"]
    assert len(whole) == len(set(whole)) == 26
    assert await walk(searching, size, asked="marble", pins=pins) == whole
    assert await walk(searching, size, asked="marble", pins=pins, backward=True) == whole


@pytest.mark.parametrize("name", LISTS)
async def test_a_page_lies_between_two_places(searching: Searching, name: str) -> None:
    whole = await searching.found(**LISTS[name], paging=Paging(100))
    names = searching.named(whole)
    after, before = whole.hits[2].place, whole.hits[9].place
    between = await searching.found(**LISTS[name], paging=Paging(4, after=after, before=before))
    assert searching.named(between) == names[3:7]
    assert (between.has_previous, between.has_next) == (True, True)
    last = await searching.found(**LISTS[name], paging=Paging(4, backward=True, after=after, before=before))
    assert searching.named(last) == names[5:9]
    all = await searching.found(**LISTS[name], paging=Paging(50, after=after, before=before))
    assert searching.named(all) == names[3:9]


@pytest.mark.parametrize("name", LISTS)
async def test_places_count_from_the_start_of_the_list(searching: Searching, name: str) -> None:
    first = await searching.found(**LISTS[name], paging=Paging(5))
    assert [hit.place.position for hit in first.hits] == [1, 2, 3, 4, 5]
    assert {hit.place.engine for hit in first.hits} == {searching.engine.name}
    then = await searching.found(**LISTS[name], paging=Paging(3, after=first.hits[-1].place))
    assert [hit.place.position for hit in then.hits] == [6, 7, 8]
    back = await searching.found(**LISTS[name], paging=Paging(2, backward=True, before=then.hits[0].place))
    assert [hit.place.position for hit in back.hits] == [4, 5]
    assert searching.named(back) == searching.named(first)[3:]


async def test_an_empty_page_has_no_hits_and_knows_what_follows(searching: Searching) -> None:
    found = await searching.found("marble", paging=Paging(0), total=True)
    assert list(found.hits) == []
    assert found.total == 24
    assert not found.has_previous


async def test_pages_go_on_where_the_other_engine_stopped(both: tuple[Searching, Searching]) -> None:
    for one, other in (both, both[::-1]):
        for how in ({"sort": "PRICE"}, {"sort": "PRICE", "reverse": True}):
            whole = await one.find("marble", **how)
            begun = await one.found("marble", **how, paging=Paging(10), snapshot=True)
            after = begun.hits[-1].place
            gone_on = await other.found("marble", **how, paging=Paging(50, after=after))
            assert other.named(gone_on) == whole[10:]
            assert [hit.place.position for hit in gone_on.hits][:2] == [11, 12]
            before = await other.found("marble", **how, paging=Paging(4, backward=True, before=after))
            assert other.named(before) == whole[5:9]


def forged(found: Found, **changed: Any) -> Place:
    """Return the place of a hit with something else in it."""
    place = found.hits[-1].place
    told = {"engine": place.engine, "position": place.position, "values": place.values, "snapshot": place.snapshot}
    return Place(**{**told, **changed})


async def test_a_snapshot_that_is_lost_is_no_fault(searching: Searching) -> None:
    whole = await searching.find("marble", paging=Paging(50))
    begun = await searching.found("marble", paging=Paging(10), snapshot=True)
    for lost in ("", "gone", "A" * 500, "=?%"):
        then = await searching.found("marble", paging=Paging(50, after=forged(begun, snapshot=lost)), snapshot=True)
        assert searching.named(then) == whole[10:]
