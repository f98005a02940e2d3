"""Counts of facets: each without its own filter, and the same from both engines."""

from dataclasses import replace

from commerce_graph.catalog.service import Audience, Counts, Filters
from tests.search.contract.conftest import EU, JP, US, Searching, request
from tests.shop import uid

Both = tuple[Searching, Searching]


async def counted(searching: Searching, asked: str, filters: Filters | None = None) -> Counts:
    """Return the counts of a search."""
    found = await searching.found(asked, filters=filters or Filters(), facets=True)
    assert found.counts is not None
    return found.counts


async def test_each_facet_counts_products(searching: Searching) -> None:
    counts = await counted(searching, "product_type:Footwear")
    assert dict(counts.available) == {True: 3} or dict(counts.available) == {True: 3, False: 0}
    assert counts.price == (2500, 13500)
    assert list(counts.vendors) == [("Trailhead", 2), ("Potter", 1)]
    assert list(counts.product_types) == [("Footwear", 3)]
    assert list(counts.tags) == [("outdoor", 2), ("sport", 1), ("summer", 1)]
    assert {name: list(values) for name, values in counts.options.items()} == {
        "Color": [("Lime", 2), ("Navy", 2), ("Crimson", 1)],
        "Size": [("42", 2), ("43", 2), ("41", 1)],
    }


async def test_a_facet_leaves_its_own_filter_out_of_account(searching: Searching) -> None:
    counts = await counted(searching, "kettle", Filters(vendors=("Potter",)))
    assert list(counts.vendors) == [("Emberly", 2), ("Potter", 2)]
    assert list(counts.tags) == [("stovetop", 2), ("travel", 1)]
    assert counts.price == (1900, 3900)


async def test_each_option_is_a_facet_of_its_own(searching: Searching) -> None:
    counts = await counted(searching, "product_type:Footwear", Filters(options=(("Color", "Navy"),)))
    assert list(counts.options["Color"]) == [("Lime", 2), ("Navy", 2), ("Crimson", 1)]
    assert list(counts.options["Size"]) == [("42", 2), ("41", 1), ("43", 1)]
    assert list(counts.vendors) == [("Trailhead", 2)]


async def test_metafields_are_facets_where_shoppers_may_read_them(searching: Searching) -> None:
    chosen = Filters(product_metafields=(("custom", "material", "tin"),))
    counts = await counted(searching, "kettle", chosen)
    assert {named: list(values) for named, values in counts.metafields.items()} == {
        ("PRODUCT", "custom", "material"): [("steel", 2), ("copper", 1), ("tin", 1)]
    }
    counts = await counted(searching, "product_type:Footwear", Filters(options=(("Color", "Navy"),)))
    assert {named: list(values) for named, values in counts.metafields.items()} == {
        ("PRODUCTVARIANT", "custom", "fit"): [("narrow", 1), ("wide", 1)]
    }


async def test_the_price_facet_leaves_the_price_filter_out_of_account(searching: Searching) -> None:
    counts = await counted(searching, "kettle", Filters(prices=((50, None),)))
    assert counts.price == (1900, 8900)
    assert list(counts.vendors) == [("Emberly", 2)]


async def test_the_availability_facet_counts_both(searching: Searching) -> None:
    counts = await counted(searching, "kettle", Filters(available=frozenset({True})))
    assert dict(counts.available) == {True: 3, False: 1}
    assert list(counts.vendors) == [("Emberly", 2), ("Potter", 1)]


async def test_counts_are_of_all_hits_not_of_those_shown(searching: Searching) -> None:
    counts = await counted(searching, "marble")
    assert sum(count for _, count in counts.vendors) == 24


async def test_nothing_is_counted_unless_asked_for(searching: Searching) -> None:
    assert (await searching.found("kettle")).counts is None


async def test_counts_of_nothing_are_empty(searching: Searching) -> None:
    counts = await counted(searching, "umbrella")
    assert not any(counts.available.values())
    assert counts.price is None
    told = (counts.vendors, counts.product_types, counts.tags, counts.options, counts.metafields)
    assert not any(told)


async def test_several_lists_are_counted_at_once(searching: Searching) -> None:
    base = request("kettle", facets=True)
    requests = [replace(base, collection_id=each) for each in (uid("summer"), uid("lighting"), None)]
    summer, lighting, all = await searching.engine.counts(searching.database, requests)
    assert list(summer.vendors) == [("Emberly", 2), ("Potter", 1)]
    assert not lighting.vendors
    assert list(all.vendors) == [("Emberly", 2), ("Potter", 2)]


def plain(counts: Counts | None) -> object:
    """Return counts for comparison: a value that nothing has is the same as one that is not told."""
    assert counts is not None
    return (
        {state: count for state, count in counts.available.items() if count},
        counts.price,
        list(counts.vendors),
        list(counts.product_types),
        list(counts.tags),
        {name: list(values) for name, values in counts.options.items() if values},
        {named: list(values) for named, values in counts.metafields.items() if values},
    )


async def test_both_engines_count_the_same(both: Both) -> None:
    for asked in ("", "kettle", "marble", "product_type:Footwear", "umbrella", "sofa", "copper OR steel"):
        for market in (EU, US, JP):
            for filters in (
                Filters(),
                Filters(vendors=("Potter", "Quarry")),
                Filters(options=(("Finish", "Gloss"),), available=frozenset({True})),
                Filters(prices=((12, 14),), tags=("odd",)),
                Filters(product_metafields=(("custom", "material", "steel"),)),
                Filters(variant_metafields=(("custom", "fit", "wide"),), options=(("Color", "Navy"),)),
            ):
                how = {"market": market, "filters": filters, "facets": True, "total": True}
                one, other = [await searching.found(asked, **how) for searching in both]
                assert one.total == other.total, (asked, market, filters)
                assert plain(one.counts) == plain(other.counts), (asked, market, filters)


async def test_both_engines_count_the_same_for_merchants(both: Both) -> None:
    one, other = [await each.found(audience=Audience(everything=True), facets=True) for each in both]
    assert plain(one.counts) == plain(other.counts)
