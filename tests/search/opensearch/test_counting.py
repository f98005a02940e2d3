"""Facets and filters on a real node: one variant has to fit, and a facet leaves its own filter out of account."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from commerce_graph.catalog.service import Counts, Filters
from commerce_graph.search.rules.document import Document
from tests.search.opensearch.conftest import EU, US, Index, document, request

EUROS = {EU.id.hex: {"min": 1000, "max": 3000}}


async def counted(index: Index, **how: Any) -> Counts:
    """Return the counts of a search, which the engine's other way of counting has to agree with."""
    found = await index.found(facets=True, **how)
    assert found.counts is not None
    return found.counts


async def put_shirts(index: Index) -> None:
    """Write three products: sizes and colours, one variant of each sold out."""
    await index.put(
        document("a", "Shirt", vendor="A", tags=["x"], metafields=["care.wash\x1fcold"], price=EUROS, variants=[
            (True, {"Color": "Red", "Size": "S"}, {"spec.fit": "slim"}),
            (False, {"Color": "Red", "Size": "L"}, {"spec.fit": "wide"}),
            (True, {"Color": "Blue", "Size": "L"}, {"spec.fit": "slim"}),
        ]),
        document("b", "Shirt", vendor="B", tags=["x", "y"], metafields=["care.wash\x1fwarm"], variants=[
            (True, {"Color": "Red", "Size": "L"}, {"spec.fit": "wide"}),
        ]),
        document("c", "Shirt", vendor="B", available=False, price={US.id.hex: {"min": 5, "max": 5}}, variants=[
            (False, {"Color": "Blue", "Size": "S"}, {}),
        ]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(options=(("Color", "Red"), ("Size", "S"))), {"a"}),
        (Filters(options=(("Color", "Blue"), ("Size", "S"))), {"c"}),
        (Filters(options=(("Color", "Red"), ("Color", "Blue"), ("Size", "S"))), {"a", "c"}),
        (Filters(options=(("Color", "Red"), ("Size", "L")), available=frozenset({True})), {"b"}),
        (Filters(options=(("Color", "Red"), ("Size", "L")), available=frozenset({False})), {"a"}),
        (Filters(options=(("Color", "Blue"),), available=frozenset({False})), {"c"}),
        (Filters(options=(("Color", "Blue"),), available=frozenset({True, False})), {"a", "c"}),
        (Filters(variant_metafields=(("spec", "fit", "slim"),), options=(("Size", "L"),)), {"a"}),
        (Filters(variant_metafields=(("spec", "fit", "wide"),), available=frozenset({True})), {"b"}),
        (Filters(product_metafields=(("care", "wash", "cold"),)), {"a"}),
        (Filters(product_metafields=(("care", "wash", "cold"), ("care", "wash", "warm"))), {"a", "b"}),
        (Filters(product_metafields=(("care", "wash", "cold"), ("care", "iron", "cold"))), set()),
        (Filters(available=frozenset({False})), {"c"}),
        (Filters(prices=((None, 10),)), {"a", "b"}),
        (Filters(prices=((10.01, 30),)), {"a"}),
        (Filters(prices=((30.01, None), (0, 9.99))), set()),
        (Filters(vendors=("b",)), set()),
    ],
)
async def test_filters_fit_one_variant(index: Index, filters: Filters, found: set[str]) -> None:
    await put_shirts(index)
    assert set(await index.find(filters=filters)) == found
    told = await index.found(filters=filters, facets=True, total=True)
    assert set(index.named(told)) == found
    assert told.total == len(found)


async def test_what_has_no_price_in_the_market_is_not_available(index: Index) -> None:
    await put_shirts(index)
    gone = Filters(available=frozenset({False}), options=(("Size", "S"),))
    assert set(await index.find(filters=gone, market=US)) == {"a", "c"}
    assert (await counted(index, filters=gone, market=US)).available == {False: 2}
    assert (await counted(index, market=US)).available == {False: 3}
    # Both of what is sold out and what is not for sale there.
    assert (await counted(index, filters=gone, market=US)).options["Color"] == [("Blue", 1), ("Red", 1)]


async def test_counts_are_of_what_each_value_alone_would_leave(index: Index) -> None:
    """Compare every count with a search that has the value for the facet's only filter."""
    dice = Random(4)
    await index.put(*(_random(dice, number) for number in range(60)))
    for number in range(25):
        filters = _some(dice, number)
        counts = await counted(index, filters=filters)
        for value, alone in _choices(counts, filters):
            assert (await index.found(filters=alone, total=True)).total == value, (filters, alone)


def _random(dice: Random, number: int) -> Document:
    variants = [
        (
            dice.random() < 0.6,
            {"Color": dice.choice("RGB"), "Size": dice.choice("SML")},
            {"spec.fit": dice.choice(["slim", "wide"])},
        )
        for _ in range(dice.randint(1, 4))
    ]
    least = dice.randint(1, 30) * 100
    return document(
        f"p{number}",
        "Shirt",
        vendor=dice.choice("VW"),
        product_type=dice.choice("TU"),
        tags=dice.sample("xyz", dice.randint(0, 2)),
        metafields=[f"care.wash\x1f{dice.choice(['cold', 'warm'])}"],
        price={EU.id.hex: {"min": least, "max": least + 500}} if dice.random() < 0.8 else {},
        variants=variants,
        available=any(each[0] for each in variants),
    )


def _some(dice: Random, number: int) -> Filters:
    def maybe(*values: Any) -> tuple[Any, ...]:
        return tuple(dice.sample(values, dice.choice([0, 0, 1, 2])))

    return Filters(
        available=frozenset(dice.choice([(), (), (True,), (False,)])),
        vendors=maybe("V", "W"),
        tags=maybe("x", "y"),
        options=tuple(("Color", each) for each in maybe("R", "G")) + tuple(("Size", each) for each in maybe("S", "M")),
        product_metafields=tuple(("care", "wash", each) for each in maybe("cold", "warm")),
        variant_metafields=tuple(("spec", "fit", each) for each in maybe("slim", "wide")),
        prices=dice.choice([(), ((5.0, 20.0),)]),
    )


def _choices(counts: Counts, filters: Filters) -> Iterable[tuple[int, Filters]]:
    """Return what was counted, and the filters that should leave so many."""
    for state in (True, False):
        yield counts.available.get(state, 0), replace(filters, available=frozenset({state}))
    for vendor in "VW":
        yield dict(counts.vendors).get(vendor, 0), replace(filters, vendors=(vendor,))
    for tag in "xyz":
        yield dict(counts.tags).get(tag, 0), replace(filters, tags=(tag,))
    for name, values in (("Color", "RGB"), ("Size", "SML")):
        others = tuple(each for each in filters.options if each[0] != name)
        for value in values:
            told = dict(counts.options.get(name, ())).get(value, 0)
            yield told, replace(filters, options=(*others, (name, value)))
    for value in ("cold", "warm"):
        told = dict(counts.metafields.get(("PRODUCT", "care", "wash"), ())).get(value, 0)
        yield told, replace(filters, product_metafields=(("care", "wash", value),))
    for value in ("slim", "wide"):
        told = dict(counts.metafields.get(("PRODUCTVARIANT", "spec", "fit"), ())).get(value, 0)
        yield told, replace(filters, variant_metafields=(("spec", "fit", value),))
    yield counts.priced, replace(filters, prices=((None, None),))


async def test_values_come_most_first_and_by_name(index: Index) -> None:
    tags = [*"ccbbaad"]
    await index.put(*(document(f"p{number}", "Shirt", tags=[tag]) for number, tag in enumerate(tags)))
    assert (await counted(index)).tags == [("a", 2), ("b", 2), ("c", 2), ("d", 1)]


async def test_facets_are_limited(index: Index) -> None:
    await index.put(
        *(
            document(f"p{number:03}", "Shirt", tags=[f"t{number:03}"], vendor=f"v{number:03}", variants=[
                (True, {f"o{number % 60:02}": f"w{number:03}"}, {})
            ])
            for number in range(130)
        ),
        document("again", "Shirt", tags=["t129"], vendor="v129", variants=[(True, {"o59": "w999"}, {})]),
    )  # fmt: skip
    counts = await counted(index)
    assert len(counts.tags) == len(counts.vendors) == 100
    assert counts.tags[0] == ("t129", 2)
    assert counts.tags[1] == ("t000", 1)
    assert len(counts.options) == 50
    assert Counter(len(values) for values in counts.options.values()) == {3: 10, 2: 40}


@pytest.mark.parametrize("name", ["Color", "a.b*[c]", "Größe (EU)", '"#@&<>~', "x" * 255, "\\", "カラー"])
async def test_names_of_any_kind_can_be_chosen(index: Index, name: str) -> None:
    await index.put(document("a", "Shirt", variants=[(True, {name: "1"}, {})]), document("b", "Shirt", variants=[
        (True, {name: "2", "aXbbbc": "3"}, {})
    ]))  # fmt: skip
    counts = await counted(index, filters=Filters(options=((name, "1"),)))
    assert counts.options[name] == [("1", 1), ("2", 1)]


async def test_more_filters_than_anyone_chooses_are_answered(index: Index) -> None:
    await put_shirts(index)
    filters = Filters(
        options=tuple((f"Option {number}", "1") for number in range(60)),
        product_metafields=tuple(("care", f"k{number}", "1") for number in range(60)),
        variant_metafields=tuple(("care", f"k{number}", "1") for number in range(60)),
        prices=tuple((number, number + 1) for number in range(60)),
        tags=tuple("abcdefghij"),
        available=frozenset({False}),
    )
    found = await index.found("shirt", filters=filters, facets=True, total=True)
    assert found.total == 0


async def test_lists_are_counted_like_one(index: Index) -> None:
    await put_shirts(index)
    one = await counted(index)
    several = await index.engine.counts(index.database, [request(), request("shirt"), request("unicorn")])
    assert [dict(each.vendors) for each in several] == [{"A": 1, "B": 2}, {"A": 1, "B": 2}, {}]
    assert several[0] == one
    assert await index.engine.counts(index.database, []) == []


async def test_a_list_whose_words_are_mistyped_is_counted_too(index: Index) -> None:
    await put_shirts(index)
    (typed,) = await index.engine.counts(index.database, [request("shirtt")])
    (relaxed,) = await index.engine.counts(index.database, [request("shirt unicorn")])
    assert dict(typed.vendors) == dict(relaxed.vendors) == {"A": 1, "B": 2}
