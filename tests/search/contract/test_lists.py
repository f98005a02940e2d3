"""Which products a list holds, and in what order: filters, audience, market, availability, price, pins, collections."""

import pytest

from commerce_graph.catalog.service import Audience, Filters
from commerce_graph.search.service.engine import Paging
from tests.search.contract.conftest import EU, JP, US, Searching, request
from tests.shop import uid

KETTLES = {"kettle", "kettle-steel", "kettle-gone", "kettle-both"}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        pytest.param(Filters(vendors=("Emberly",)), {"kettle", "kettle-steel"}, id="vendor"),
        pytest.param(Filters(vendors=("emberly",)), set(), id="a vendor by its exact name"),
        pytest.param(Filters(vendors=("Emberly", "Potter")), KETTLES, id="either vendor"),
        pytest.param(Filters(tags=("travel",)), {"kettle-both"}, id="tag"),
        pytest.param(Filters(tags=("travel", "tea time")), {"kettle-both", "kettle"}, id="either tag"),
        pytest.param(Filters(product_types=("Kitchenware",)), KETTLES, id="type"),
        pytest.param(Filters(product_types=("Footwear",)), set(), id="another type"),
        pytest.param(Filters(available=frozenset({True})), KETTLES - {"kettle-gone"}, id="available"),
        pytest.param(Filters(available=frozenset({False})), {"kettle-gone"}, id="not available"),
        pytest.param(Filters(available=frozenset({True, False})), KETTLES, id="available or not"),
        pytest.param(Filters(prices=((39, 59),)), {"kettle-both", "kettle-steel"}, id="price, ends included"),
        pytest.param(Filters(prices=((39.01, 58.99),)), set(), id="a cent inside the ends"),
        pytest.param(Filters(prices=((None, 19), (89, None))), {"kettle-gone", "kettle"}, id="either range"),
        pytest.param(Filters(vendors=("Potter",), tags=("travel",)), {"kettle-both"}, id="both kinds"),
        pytest.param(Filters(vendors=("Emberly",), tags=("travel",)), set(), id="kinds exclude each other"),
    ],
)
async def test_filters_narrow_down(searching: Searching, filters: Filters, found: set[str]) -> None:
    assert set(await searching.find("kettle", filters=filters)) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(options=(("Color", "Navy"),)), {"shoes-walking", "shoe-running"}),
        (Filters(options=(("Color", "Navy"), ("Color", "Lime"))), {"shoes-walking", "shoe-running", "sandal"}),
        (Filters(options=(("Color", "Lime"), ("Size", "42"))), {"shoe-running"}),
        (Filters(options=(("Color", "Crimson"), ("Size", "43"))), set()),
        (Filters(options=(("Size", "Navy"),)), set()),
        (Filters(options=(("Color", "Navy"),), available=frozenset({True})), {"shoe-running"}),
        (Filters(options=(("Color", "Lime"), ("Size", "42")), available=frozenset({True})), set()),
        (Filters(options=(("Color", "Lime"),), available=frozenset({False})), {"shoe-running"}),
    ],
)
async def test_options_are_those_of_one_variant(searching: Searching, filters: Filters, found: set[str]) -> None:
    assert set(await searching.find("product_type:Footwear", filters=filters)) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(product_metafields=(("custom", "material", "steel"),)), {"kettle-steel", "kettle-gone"}),
        (
            Filters(product_metafields=(("custom", "material", "copper"), ("custom", "material", "tin"))),
            {"kettle", "kettle-gone"},
        ),
        (Filters(product_metafields=(("custom", "material", "Steel"),)), set()),
        (Filters(product_metafields=(("custom", "secret", "hidden"),)), set()),
        (Filters(variant_metafields=(("custom", "fit", "wide"),)), {"shoes-walking", "shoe-running"}),
        (
            Filters(variant_metafields=(("custom", "fit", "narrow"),), options=(("Color", "Navy"),)),
            {"shoes-walking"},
        ),
        (Filters(variant_metafields=(("custom", "fit", "narrow"),), options=(("Color", "Crimson"),)), set()),
        (Filters(variant_metafields=(("custom", "fit", "narrow"),), available=frozenset({True})), set()),
    ],
)
async def test_metafields_filter_where_shoppers_may_read_them(
    searching: Searching, filters: Filters, found: set[str]
) -> None:
    assert set(await searching.find(filters=filters)) == found


async def test_drafts_and_archived_products_are_for_merchants(searching: Searching) -> None:
    hidden = {"kettle-draft", "kettle-old", "kettle-counter"}
    assert set(await searching.find("kettle")) == KETTLES
    assert set(await searching.find("kettle", audience=Audience(everything=True))) == KETTLES | hidden
    assert set(await searching.find("status:draft kettle", audience=Audience(everything=True))) == {"kettle-draft"}


async def test_a_channel_shows_what_is_published_in_it(searching: Searching) -> None:
    counter = Audience(channel_id=uid("counter"))
    assert set(await searching.find("kettle", audience=counter)) == {"kettle-counter", "kettle-both"}
    assert set(await searching.find("kettle", audience=Audience())) == KETTLES | {"kettle-counter"}
    assert await searching.find("kettle", audience=Audience(channel_id=uid("nowhere"))) == []


async def test_prices_are_those_of_the_market(searching: Searching) -> None:
    bounds = Filters(prices=((60, 100),))
    assert set(await searching.find("kettle", filters=bounds, market=EU)) == {"kettle"}
    assert set(await searching.find("kettle", filters=bounds, market=US)) == {"kettle", "kettle-steel"}
    assert await searching.find("kettle", filters=bounds, market=JP) == []
    yen = Filters(prices=((3_000, 9_500),))
    assert set(await searching.find("kettle", filters=yen, market=JP)) == {"kettle-gone", "kettle-steel"}


async def test_available_is_what_can_be_bought_in_the_market(searching: Searching) -> None:
    buyable = Filters(available=frozenset({True}))
    gone = Filters(available=frozenset({False}))
    assert set(await searching.find("kettle", filters=buyable, market=JP)) == {"kettle", "kettle-steel"}
    assert set(await searching.find("kettle", filters=gone, market=JP)) == {"kettle-gone", "kettle-both"}


async def test_unavailable_products_are_shown_last_or_hidden(searching: Searching) -> None:
    shown = await searching.found("kettle", unavailable="SHOW", total=True)
    last = await searching.found("kettle", unavailable="LAST", total=True)
    hidden = await searching.found("kettle", unavailable="HIDE", total=True)
    assert set(searching.named(shown)) == set(searching.named(last)) == KETTLES
    assert searching.named(last)[-1] == "kettle-gone"
    assert set(searching.named(hidden)) == KETTLES - {"kettle-gone"}
    assert (shown.total, last.total, hidden.total) == (4, 4, 3)
    assert set((await searching.find("kettle", unavailable="LAST", market=JP))[2:]) == {"kettle-gone", "kettle-both"}
    assert set(await searching.find("kettle", unavailable="HIDE", market=JP)) == {"kettle", "kettle-steel"}


async def test_price_sorts_both_ways(searching: Searching) -> None:
    rising = ["kettle-gone", "kettle-both", "kettle-steel", "kettle"]
    assert await searching.find("kettle", sort="PRICE") == rising
    assert await searching.find("kettle", sort="PRICE", reverse=True) == rising[::-1]
    last = ["kettle-both", "kettle-steel", "kettle", "kettle-gone"]
    assert await searching.find("kettle", sort="PRICE", unavailable="LAST") == last


async def test_relevance_reversed_is_the_same_list_from_its_end(searching: Searching) -> None:
    for asked in ("kettle", "marble"):
        assert await searching.find(asked, reverse=True) == (await searching.find(asked))[::-1]


async def test_pins_stay_first_and_what_is_gone_last_when_a_list_is_reversed(searching: Searching) -> None:
    pins = (searching.id("sofa"), searching.id("kettle-both"))
    found = await searching.find("kettle", pins=pins, reverse=True, unavailable="LAST")
    assert found[:2] == ["sofa", "kettle-both"]
    assert found[-1] == "kettle-gone"
    falling = ["kettle", "kettle-steel", "kettle-both", "kettle-gone"]
    assert await searching.find("kettle", sort="PRICE", reverse=True, unavailable="LAST") == falling


async def test_what_sells_comes_before_what_answers_as_well_and_does_not(searching: Searching) -> None:
    found = await searching.find("product_type:Tile marble")
    assert found.index("tile-23") < found.index("tile-01")


async def test_a_title_counts_more_than_a_description(searching: Searching) -> None:
    assert await searching.find("velvet sofa") == ["sofa", "oil"]


async def test_what_can_be_bought_comes_before_what_answers_as_well_and_cannot(searching: Searching) -> None:
    found = await searching.find("vendor:Potter kettle")
    assert found == ["kettle-both", "kettle-gone"]


async def test_pins_come_first_in_their_order(searching: Searching) -> None:
    pins = (searching.id("sofa"), searching.id("kettle-gone"))
    found = await searching.found("kettle", pins=pins, total=True)
    names = searching.named(found)
    assert names[:2] == ["sofa", "kettle-gone"]
    assert set(names) == KETTLES | {"sofa"}
    assert found.total == len(names) == 5
    assert len(set(names)) == 5


async def test_a_pin_is_shown_to_who_may_see_it(searching: Searching) -> None:
    pins = tuple(searching.id(name) for name in ("kettle-draft", "kettle-counter", "kettle-old", "kettle-gone"))
    assert (await searching.find("kettle", pins=pins))[0] == "kettle-gone"
    assert set(await searching.find("kettle", pins=pins)) == KETTLES
    seen = await searching.find("kettle", pins=pins, audience=Audience(everything=True))
    assert seen[:4] == ["kettle-draft", "kettle-counter", "kettle-old", "kettle-gone"]


async def test_filters_and_availability_hold_for_pins(searching: Searching) -> None:
    pins = (searching.id("kettle-gone"), searching.id("kettle"))
    hidden = await searching.find("kettle", pins=pins, unavailable="HIDE")
    assert hidden[0] == "kettle"
    assert set(hidden) == KETTLES - {"kettle-gone"}
    filtered = await searching.find("kettle", pins=pins, filters=Filters(vendors=("Potter",)))
    assert filtered == ["kettle-gone", "kettle-both"]


async def test_pins_do_not_disturb_an_order_by_price(searching: Searching) -> None:
    pins = (searching.id("kettle"), searching.id("sofa"))
    assert await searching.find("kettle", sort="PRICE", pins=pins) == await searching.find("kettle", sort="PRICE")


async def test_a_pin_is_found_where_nothing_else_is(searching: Searching) -> None:
    pins = (searching.id("sofa"),)
    assert await searching.find("umbrella", pins=pins) == ["sofa"]


async def test_a_collection_holds_its_products_alone(searching: Searching) -> None:
    summer = uid("summer")
    members = {"shirt", "mug", "kettle", "kettle-steel", "kettle-gone", "cafe", "tile-03", "tile-04"}
    assert set(await searching.find(collection_id=summer)) == members
    assert set(await searching.find("kettle", collection_id=summer)) == {"kettle", "kettle-steel", "kettle-gone"}
    assert await searching.find(collection_id=uid("no collection")) == []


async def test_totals_count_all_hits_whatever_is_shown(searching: Searching) -> None:
    found = await searching.found("marble", total=True)
    assert found.total == len(found.hits) == 24
    assert (await searching.found("marble")).total is None


async def test_suggestions_are_the_few_best(searching: Searching) -> None:
    async def suggested(asked: str, size: int) -> list[str]:
        typed = request(asked, prefix=True, paging=Paging(size))
        return [searching.handles[id] for id in await searching.engine.suggest(searching.database, typed)]

    assert set(await suggested("kett", 10)) == KETTLES
    assert len(await suggested("kett", 3)) == 3
    assert await suggested("copper ke", 10) == ["kettle"]
    assert (await suggested("cop", 10))[0] == "kettle"
    assert sorted(await suggested("KTL-204", 10)) == ["kettle", "kettle-steel"]
    assert (await suggested("coper", 10))[0] == "kettle"
    assert await suggested("qqqq", 10) == []


async def test_related_products_are_like_it_and_not_it(searching: Searching) -> None:
    ids = [searching.id(name) for name in ("kettle", "shoes-walking")]
    audience = Audience(channel_id=uid("online"))
    kettle, shoes, nothing = await searching.engine.related(
        searching.database, [*ids, uid("no product")], audience, EU, 5
    )
    assert list(nothing) == []
    assert searching.handles[kettle[0]] in KETTLES - {"kettle"}
    assert searching.handles[shoes[0]] == "shoe-running"
    assert ids[0] not in kettle
    assert ids[1] not in shoes
    assert len(kettle) == 5
    hidden = {searching.id(name) for name in ("kettle-draft", "kettle-old", "kettle-counter", "chair")}
    assert not hidden & {*kettle, *shoes}


async def test_related_products_are_asked_for_in_any_number(searching: Searching) -> None:
    audience = Audience(channel_id=uid("online"))
    ids = list(searching.handles)
    together = await searching.engine.related(searching.database, ids, audience, EU, 3)
    assert [len(found) <= 3 for found in together] == [True] * len(ids)
    one = await searching.engine.related(searching.database, ids[:1], audience, EU, 3)
    assert list(one[0]) == list(together[0])
    assert list(await searching.engine.related(searching.database, [], audience, EU, 3)) == []
