"""Facets: what each counts, held against counting in Python over shops of chance, and how the graph shows them."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from sqlalchemy import insert, true

from commerce_graph import catalog
from commerce_graph.catalog.loaders.facets import facet_counts
from commerce_graph.catalog.rules.facets import Counts, facets
from commerce_graph.catalog.rules.metafields import term
from commerce_graph.catalog.service import Audience, FacetList, Filters, PriceMarket
from commerce_graph.catalog.tables import (
    collection,
    collection_product,
    collection_publication,
    metafield,
    metafield_definition,
    product,
    product_price,
    variant,
)
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.limits import FACET_LISTS_MAX, FACET_OPTIONS_MAX, FACET_VALUES_MAX
from commerce_graph.pricing import service as pricing
from tests.shop import Shop, uid

EURO = PriceMarket(uid("eu"), "EUR")
OPTIONS = {"Size": ("S", "M", "L"), "Color": ("Red", "Blue"), "Größe": ("S", "s")}
FIELDS = {"PRODUCT": {"stuff": ("Wool", "Linen", "Oak"), "care": ("30", "60")}, "PRODUCTVARIANT": {"fit": ("a", "b")}}


@dataclass
class Version:
    """A variant of chance."""

    available: bool
    options: dict[str, str]
    metafields: dict[tuple[str, str], list[str]]
    id: UUID = field(default_factory=new_id)


@dataclass
class Thing:
    """A product of chance."""

    vendor: str
    product_type: str
    tags: list[str]
    price: tuple[int, int] | None
    versions: list[Version]
    metafields: dict[tuple[str, str], list[str]]
    collections: set[int]
    id: UUID = field(default_factory=new_id)


def things(dice: random.Random, many: int) -> list[Thing]:
    """Return products in which everything occurs, and everything is missing somewhere."""

    def fields(owner: str) -> dict[tuple[str, str], list[str]]:
        chosen = {("custom", key): dice.sample(values, dice.randint(0, len(values)))
                  for key, values in FIELDS[owner].items()}  # fmt: skip
        return {name: values for name, values in chosen.items() if values}

    made = []
    for _ in range(many):
        least = dice.randint(0, 50) * 100
        names = dice.sample(list(OPTIONS), dice.randint(0, len(OPTIONS)))
        combinations = {tuple(dice.choice(OPTIONS[name]) for name in names) for _ in range(dice.randint(0, 4))}
        versions = [
            Version(dice.random() < 0.6, dict(zip(names, each, strict=True)), fields("PRODUCTVARIANT"))
            for each in sorted(combinations)
        ]
        made.append(Thing(
            vendor=dice.choice(("", "Nord", "nord", "Süd")),
            product_type=dice.choice(("Shirt", "Lamp")),
            tags=dice.sample(("new", "sale", "eco"), dice.randint(0, 3)),
            price=(least, least + dice.choice((0, 900))) if dice.random() < 0.8 else None,
            versions=versions,
            metafields=fields("PRODUCT"),
            collections={each for each in (0, 1) if dice.random() < 0.5},
        ))  # fmt: skip
    return made


async def stored(database: Database, made: Sequence[Thing]) -> None:
    """Write the products, in two collections, with definitions of which one may not be filtered by."""
    async with database.begin() as tx:
        await tx.execute(product.delete())
        await tx.execute(collection.delete())
        for number in (0, 1):
            await tx.execute(insert(collection).values(id=uid(f"c{number}"), handle=f"c{number}", title="C"))
        for owner, keys in FIELDS.items():
            for key in keys:
                row = {"id": new_id(), "owner_type": owner, "namespace": "custom", "key": key, "name": key.title()}
                told = {"type": "list.single_line_text_field", "public_read": key != "care", "admin_filterable": True}
                await tx.execute(insert(metafield_definition).values(**row, **told))
        for number, each in enumerate(made):
            sold = any(version.available for version in each.versions)
            row = {"id": each.id, "handle": f"t-{number}", "title": "Thing", "vendor": each.vendor, "tags": each.tags}
            await tx.execute(insert(product).values(**row, product_type=each.product_type, available=sold))
            for place, version in enumerate(each.versions, 1):
                chosen = [{"name": name, "value": value} for name, value in version.options.items()]
                row = {"id": version.id, "product_id": each.id, "title": "V", "position": place}
                await tx.execute(insert(variant).values(**row, selected_options=chosen, available=version.available))
            owners = [(None, each.metafields), *((version.id, version.metafields) for version in each.versions)]
            for variant_id, fields in owners:
                for (namespace, key), values in fields.items():
                    row = {"id": new_id(), "product_id": each.id, "variant_id": variant_id, "namespace": namespace}
                    told = {"type": "list.single_line_text_field", "value": "[]", "key": key}
                    terms = [term(namespace, key, value) for value in values]
                    await tx.execute(insert(metafield).values(**row, **told, terms=terms))
            if each.price:
                row = {"product_id": each.id, "market_id": EURO.id, "min_minor": each.price[0]}
                await tx.execute(insert(product_price).values(**row, max_minor=each.price[1]))
            for held in each.collections:
                await tx.execute(insert(collection_product).values(collection_id=uid(f"c{held}"), product_id=each.id))


# -- The same in Python, as slow and as plain as can be ----------------------------------------------------------------


def grouped(filters: Iterable[tuple[Any, ...]]) -> dict[Any, set[str]]:
    found: dict[Any, set[str]] = defaultdict(set)
    for *name, value in filters:
        found[tuple(name)].add(value)
    return found


def holds(each: Thing, filters: Filters) -> bool:
    """Tell whether a product is in a list that is filtered so."""
    allowed = {key for owner in FIELDS for key in FIELDS[owner]} - {"care"}
    if filters.vendors and each.vendor not in filters.vendors:
        return False
    if filters.product_types and each.product_type not in filters.product_types:
        return False
    if filters.tags and not set(each.tags) & set(filters.tags):
        return False
    if filters.prices and not any(
        each.price and each.price[0] <= (most or 1e9) * 100 and each.price[1] >= (least or 0) * 100
        for least, most in filters.prices
    ):
        return False
    for name, values in grouped(filters.product_metafields).items():
        if name[1] not in allowed or not values & set(each.metafields.get(name, ())):
            return False
    options, fields = grouped(filters.options), grouped(filters.variant_metafields)
    if not options and not fields:
        sold = bool(each.price) and any(version.available for version in each.versions)
        return len(filters.available) != 1 or sold in filters.available
    return any(
        all(version.options.get(name) in values for (name,), values in options.items())
        and all(values & set(version.metafields.get(name, ())) for name, values in fields.items())
        and (len(filters.available) != 1 or (bool(each.price) and version.available) in filters.available)
        for version in each.versions
    )


def naively(made: Sequence[Thing], filters: Filters) -> Counts:
    """Count each value of each facet by listing what the filters leave with it as the facet's only one."""

    def left(**changed: Any) -> list[Thing]:
        return [each for each in made if holds(each, replace(filters, **changed))]

    def counted(values: Iterable[Any], chosen: Callable[[Any], dict[str, Any]]) -> list[tuple[Any, int]]:
        found = [(value, len(left(**chosen(value)))) for value in values]
        return sorted((pair for pair in found if pair[1]), key=lambda pair: (-pair[1], str(pair[0])))

    def others(given: Sequence[tuple[str, ...]], *name: str) -> tuple[tuple[str, ...], ...]:
        return tuple(each for each in given if each[:-1] != name)

    priced = [each.price for each in left(prices=()) if each.price]
    options = {
        name: counted(values, lambda v, n=name: {"options": (*others(filters.options, n), (n, v))})
        for name, values in OPTIONS.items()
    }
    fields: dict[Any, Any] = {}
    for owner, which in (("PRODUCT", "product_metafields"), ("PRODUCTVARIANT", "variant_metafields")):
        for key, values in FIELDS[owner].items():
            at, given = ("custom", key), getattr(filters, which)
            fields[owner, *at] = counted(values, lambda v, a=at, g=given, w=which: {w: (*others(g, *a), (*a, v))})
    return Counts(
        available=dict(counted((True, False), lambda v: {"available": frozenset({v})})),
        price=(min(p[0] for p in priced), max(p[1] for p in priced)) if priced else None,
        priced=len(priced),
        vendors=counted(("Nord", "nord", "Süd"), lambda v: {"vendors": (v,)}),
        product_types=counted(("Shirt", "Lamp"), lambda v: {"product_types": (v,)}),
        tags=counted(("new", "sale", "eco"), lambda v: {"tags": (v,)}),
        options={name: values for name, values in options.items() if values},
        metafields={name: values for name, values in fields.items() if values},
    )


def chance_filters(dice: random.Random) -> Filters:
    def some(*values: Any) -> tuple[Any, ...]:
        return tuple(dice.sample(values, dice.randint(1, len(values)))) if dice.random() < 0.3 else ()

    return Filters(
        available=frozenset(some(True, False)),
        prices=some((None, 20.0), (10.0, 30.0), (45.0, None)),
        product_types=some("Shirt", "Lamp"),
        vendors=some("Nord", "Süd", "None"),
        tags=some("new", "sale"),
        options=some(("Size", "S"), ("Size", "M"), ("Color", "Red"), ("None", "x")),
        product_metafields=some(("custom", "stuff", "Wool"), ("custom", "stuff", "Oak"))
        if dice.random() < 0.9
        else (("custom", "care", "30"),),
        variant_metafields=some(("custom", "fit", "a"), ("custom", "fit", "b")),
    )


@pytest.mark.parametrize("seed", range(4))
async def test_each_facet_counts_what_its_value_would_leave(database: Database, seed: int) -> None:
    dice = random.Random(seed)
    made = things(dice, 60)
    await stored(database, made)
    seen: Counter[str] = Counter()
    for turn in range(25):
        filters = Filters() if turn == 0 else chance_filters(dice)
        async with database.read() as conn:
            found = await facet_counts(conn, [true()] * 3, filters, EURO, [None, uid("c0"), uid("c1")])
        for counts, members in zip(
            found, (made, *([m for m in made if n in m.collections] for n in (0, 1))), strict=True
        ):
            assert counts == naively(members, filters), filters
            seen.update(name for name in ("options", "metafields", "price", "tags") if getattr(counts, name))
    assert all(seen[name] > 10 for name in ("options", "metafields", "price", "tags")), "chance left nothing to count"


# -- Facets in words --------------------------------------------------------------------------------------------------


def counts(**more: Any) -> Counts:
    told: dict[str, Any] = {"available": {True: 2}, "price": (999, 12000), "priced": 2, "vendors": [("Nord", 2)]}
    return Counts(**{**told, **more})


def test_facets_come_with_labels_and_what_to_send() -> None:
    found = facets(
        counts(options={"Size": [("M", 1)]}, metafields={("PRODUCT", "custom", "stuff"): [("Wool", 1)],
                                                         ("PRODUCTVARIANT", "custom", "fit"): [("a", 2)]}),
        2, {("PRODUCT", "custom", "stuff"): "Material"},
    )  # fmt: skip
    assert [(each.id, each.label, each.kind) for each in found] == [
        ("filter.v.availability", "Availability", "LIST"),
        ("filter.v.price", "Price", "PRICE_RANGE"),
        ("filter.p.vendor", "Brand", "LIST"),
        ("filter.v.option.size", "Size", "LIST"),
        ("filter.p.m.custom.stuff", "Material", "LIST"),
        ("filter.v.m.custom.fit", "fit", "LIST"),
    ]
    told = {value.id: (value.label, value.count, value.input) for each in found for value in each.values}
    assert told == {
        "filter.v.availability.1": ("In stock", 2, {"available": True}),
        "filter.v.availability.0": ("Out of stock", 0, {"available": False}),
        "filter.v.price": ("Price", 2, {"price": {"min": 9.99, "max": 120.0}}),
        "filter.p.vendor.nord": ("Nord", 2, {"productVendor": "Nord"}),
        "filter.v.option.size.m": ("M", 1, {"variantOption": {"name": "Size", "value": "M"}}),
        "filter.p.m.custom.stuff.wool": (
            "Wool", 1, {"productMetafield": {"namespace": "custom", "key": "stuff", "value": "Wool"}},
        ),
        "filter.v.m.custom.fit.a": (
            "a", 2, {"variantMetafield": {"namespace": "custom", "key": "fit", "value": "a"}},
        ),
    }  # fmt: skip


def test_nothing_to_choose_is_no_facet() -> None:
    assert facets(Counts(), 2, {}) == []
    assert (
        facets(Counts(available={True: 0}, options={"Title": [("Default Title", 3)]}, vendors=[("", 3)]), 2, {}) == []
    )
    titled = facets(Counts(options={"Title": [("Mr", 1)]}), 2, {})
    assert [each.label for each in titled] == ["Title"], "an option may be called so"


@examples(st.lists(st.text(min_size=1), unique=True, max_size=FACET_VALUES_MAX))
def test_ids_tell_values_and_options_apart(values: list[str]) -> None:
    found = facets(Counts(vendors=[(each, 1) for each in values], options={each: [("x", 1)] for each in values}), 2, {})
    ids = [each.id for each in found]
    assert len(set(ids)) == len(ids)
    inside = [value.id for each in found if each.id == "filter.p.vendor" for value in each.values]
    assert len(set(inside)) == len(inside) == len(values)


def test_an_id_stays_while_others_come_and_go() -> None:
    def ids(*values: str) -> list[str]:
        (facet,) = facets(Counts(tags=[(each, 1) for each in values]), 2, {})
        return [value.id for value in facet.values]

    assert ids("A b", "c") == ["filter.p.tag.a-b", "filter.p.tag.c"]
    assert ids("A b", "a-b", "c")[1] == ids("a-b", "A b")[0] != "filter.p.tag.a-b"


def test_there_is_an_end_to_the_values_that_are_shown() -> None:
    (facet,) = facets(Counts(tags=[(f"t{each}", 1) for each in range(FACET_VALUES_MAX + 1)]), 2, {})
    assert len(facet.values) == FACET_VALUES_MAX


async def test_there_is_an_end_to_what_is_counted(database: Database) -> None:
    many = FACET_VALUES_MAX + 1
    each = Thing("Nord", "Shirt", [f"t{number:03}" for number in range(many)], None, [], {}, set())
    options = {f"o{number:02}": "x" for number in range(FACET_OPTIONS_MAX + 1)}
    each.versions.append(Version(True, options, {}))
    await stored(database, [each])
    async with database.read() as conn:
        (found,) = await facet_counts(conn, [true()], Filters(), EURO, [None])
        assert await facet_counts(conn, [], Filters(), EURO, []) == []
    assert [value for value, _ in found.tags] == each.tags[:-1]
    assert list(found.options) == list(options)[:-1]
    assert (found.price, found.available) == (None, {False: 1}), "what has no price cannot be bought"
    async with database.read() as conn:
        (found,) = await facet_counts(conn, [true()], Filters(), None, [None])
    assert (found.price, found.priced, found.available) == (None, 0, {True: 1}), "without a market nothing has one"


# -- In the graph -----------------------------------------------------------------------------------------------------

ALONE = Engine(Graph([catalog.module], {"markets_for": pricing.markets_for}))
FILTERS = "filters { id label type presentation values { id label count input } }"


@pytest.fixture
async def shop(shop: Shop) -> Shop:
    return Shop(shop.database, shop.resources, ALONE)


def told(found: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    return {each["id"]: {value["label"]: value["count"] for value in each["values"]} for each in found}


async def test_a_storefront_chooses_by_what_it_was_given(shop: Shop) -> None:
    """Hydrogen's way: `JSON.parse` of a value's input goes back into `filters`."""
    asked = f"""query($filters: [ProductFilter!]) {{ collection(handle: "summer") {{
        products(first: 9, filters: $filters) {{ nodes {{ handle }} {FILTERS} }} }} }}"""
    page = (await shop.data(asked))["collection"]["products"]
    assert told(page["filters"]) == {
        "filter.v.availability": {"In stock": 2, "Out of stock": 0},
        "filter.v.price": {"Price": 2},
        "filter.p.vendor": {"Clay & Co": 1, "Nord": 1},
        "filter.p.product_type": {"Mug": 1, "Shirt": 1},
        "filter.p.tag": {"kitchen": 1, "linen": 1, "summer": 1},
        "filter.v.option.color": {"Blue": 1, "White": 1},
        "filter.v.option.size": {"M": 1, "S": 1},
    }
    kinds = {each["id"]: (each["type"], each["presentation"]) for each in page["filters"]}
    assert kinds["filter.v.price"] == ("PRICE_RANGE", None)
    assert kinds["filter.p.tag"] == ("LIST", "TEXT")
    for facet in page["filters"]:
        for value in facet["values"]:
            assert isinstance(value["input"], str)
            chosen = (await shop.data(asked, {"filters": [json.loads(value["input"])]}))["collection"]["products"]
            assert len(chosen["nodes"]) == value["count"], value
    both = {"filters": [{"productVendor": "Nord"}, {"available": True}]}
    page = (await shop.data(asked, both))["collection"]["products"]
    assert [node["handle"] for node in page["nodes"]] == ["shirt"]
    assert told(page["filters"])["filter.p.vendor"] == {"Clay & Co": 1, "Nord": 1}, "its own filter is left out"
    assert told(page["filters"])["filter.p.tag"] == {"linen": 1, "summer": 1}


async def test_prices_are_those_of_the_market_in_context(shop: Shop) -> None:
    asked = f'query @inContext(country: JP) {{ products(first: 1, query: "mug") {{ {FILTERS} }} }}'
    (price,) = [each for each in (await shop.data(asked))["products"]["filters"] if each["id"] == "filter.v.price"]
    assert json.loads(price["values"][0]["input"]) == {"price": {"min": 2900.0, "max": 2900.0}}


async def test_a_list_has_facets_of_what_its_readers_see(shop: Shop) -> None:
    asked = f"{{ products(first: 0) {{ {FILTERS} }} }}"
    seen = told((await shop.data(asked))["products"]["filters"])
    assert seen["filter.p.vendor"] == {"Atelier": 2, "Nord": 2, "Clay & Co": 1}
    all_ = told((await shop.data(asked, token="merchant"))["products"]["filters"])
    assert all_["filter.p.vendor"] == {"Nord": 3, "Atelier": 2, "Clay & Co": 1}
    searched = f'{{ products(first: 1, query: "nord available_for_sale:true") {{ {FILTERS} }} }}'
    assert told((await shop.data(searched))["products"]["filters"])["filter.p.product_type"] == {"Shirt": 1}


async def test_what_has_no_price_in_the_market_is_not_available(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        at = product_price.c
        await tx.execute(product_price.delete().where(at.product_id == uid("mug"), at.market_id == uid("eu")))
    asked = 'query CONTEXT { collection(handle: "summer") { products(first: 9, filters: ARGS) { nodes { handle } } } }'
    found = 'query CONTEXT { products(first: 9, query: "mug available_for_sale:ARGS") { nodes { handle } } }'
    for context, available in (("", "false"), ("@inContext(country: US)", "true")):
        for document, path in ((asked, "{available: %s}"), (found, "%s")):
            for state in ("true", "false"):
                data = await shop.data(document.replace("CONTEXT", context).replace("ARGS", path % state))
                nodes = data.get("products") or data["collection"]["products"]
                assert ({"handle": "mug"} in nodes["nodes"]) is (state == available), (document, context, state)


async def test_metafields_filter_and_are_labelled(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        row = {"id": new_id(), "owner_type": "PRODUCT", "namespace": "custom", "key": "material", "name": "Stuff"}
        flags = {"type": "single_line_text_field", "public_read": True, "admin_filterable": True}
        await tx.execute(insert(metafield_definition).values(**row, **flags))
        for handle, value in (("mug", "Clay"), ("shirt", "Linen")):
            at = {"id": new_id(), "product_id": uid(handle), "namespace": "custom", "key": "material", "value": value}
            terms = [term("custom", "material", value)]
            await tx.execute(insert(metafield).values(**at, type="single_line_text_field", terms=terms))
    asked = f"""query($filters: [ProductFilter!]) {{ collection(handle: "summer") {{
        products(first: 9, filters: $filters) {{ nodes {{ handle }} {FILTERS} }} }} }}"""
    wanted = {"productMetafield": {"namespace": "custom", "key": "material", "value": "Clay"}}
    page = (await shop.data(asked, {"filters": [wanted]}))["collection"]["products"]
    assert [node["handle"] for node in page["nodes"]] == ["mug"]
    (facet,) = [each for each in page["filters"] if each["id"] == "filter.p.m.custom.material"]
    assert (facet["label"], [value["count"] for value in facet["values"]]) == ("Stuff", [1, 1])
    strange = [{"productMetafield": {"namespace": "\0", "key": "\ud800", "value": "x"}}, {"tag": "\0"}]
    assert (await shop.data(asked, {"filters": strange}))["collection"]["products"]["nodes"] == []


async def test_facets_of_many_lists_cost_what_those_of_one_cost(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        for number in range(FACET_LISTS_MAX):
            row = {"id": uid(f"c-{number}"), "handle": f"c-{number}", "title": "More"}
            await tx.execute(insert(collection).values(row))
            on = {"channel_id": uid("online"), "collection_id": uid(f"c-{number}")}
            await tx.execute(insert(collection_publication).values(on))
            await tx.execute(insert(collection_product).values(collection_id=row["id"], product_id=uid("mug")))
    asked = (
        'query($first: Int!) { collections(first: $first, query: "more") { nodes { products(first: 1) { FILTERS } } } }'
    )
    plain = await shop.statements(asked.replace("FILTERS", "nodes { id }"), {"first": 1})
    one = await shop.statements(asked.replace("FILTERS", FILTERS), {"first": 1})
    many = await shop.statements(asked.replace("FILTERS", FILTERS), {"first": FACET_LISTS_MAX})
    assert len(one) == len(many) == len(plain) + 2, "the market, and the count"
    assert not any("jsonb_to_recordset" in each for each in plain), "nothing is counted unasked"
    refused = await shop.run(asked.replace("more", "").replace("FILTERS", FILTERS), {"first": FACET_LISTS_MAX + 1})
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert f"the limit is {FACET_LISTS_MAX}" in refused["errors"][0]["message"]
    again = " ".join(f"l{number}: products(first: 0) {{ {FILTERS} }}" for number in range(FACET_LISTS_MAX + 1))
    assert "errors" in await shop.run(f"{{ {again} }}")


async def test_whoever_searches_counts_where_it_is_there(shop: Shop) -> None:
    asked: list[Sequence[FacetList]] = []

    async def counting(ctx: Context, lists: Sequence[FacetList]) -> list[Counts]:
        asked.append(lists)
        return [Counts(vendors=[("Somebody", 7)]) for _ in lists]

    services = {"markets_for": pricing.markets_for, "facet_counts": counting}
    served = Shop(shop.database, shop.resources, Engine(Graph([catalog.module], services)), seconded=False)
    document = (
        'collection(handle: "summer") { products(first: 1, filters: [{tag: "x"}]) { filters { values { count } } } }'
    )
    data = await served.data(f"{{ {document} }}")
    assert data["collection"]["products"]["filters"] == [{"values": [{"count": 7}]}]
    ((one,),) = asked
    assert one == FacetList(None, Filters(tags=("x",)), Audience(False, uid("online")), EURO, uid("summer"))
