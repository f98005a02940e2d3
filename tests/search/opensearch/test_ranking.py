"""What is found, and what comes first: typos by length, codes, fields, popularity, stock, pins, and giving way."""

import pytest

from commerce_graph.catalog.service import Filters
from commerce_graph.search.rules.planning import SynonymGroup, Synonyms
from commerce_graph.search.service.engine import Paging
from tests.search.opensearch.conftest import EU, NOWHERE, SHOPPER, US, Index, document, uid

SYNONYMS = Synonyms.of([SynonymGroup(("sofa", "couch", "love seat")), SynonymGroup(("jug", "ewer"), source="pitcher")])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("sneakers", True, id="none"),
        pytest.param("snekers", True, id="one of eight"),
        pytest.param("snekres", False, id="two, written with seven letters"),
        pytest.param("snaekres", True, id="two, written with eight letters"),
        pytest.param("snkrs", False, id="three"),
        pytest.param("zneakers", False, id="the first letter"),
        pytest.param("lmap", True, id="two letters in each other's place, of four"),
        pytest.param("lanp", True, id="one of four"),
        pytest.param("lxnp", False, id="two of four"),
        pytest.param("mux", False, id="one of three"),
        pytest.param("xr-510", False, id="a code's digit"),
        pytest.param("xr510", False, id="a code's digit, in one word"),
        pytest.param("4006381333932", False, id="a barcode's digit"),
    ],
)
async def test_typos_are_tolerated_by_length(index: Index, asked: str, found: bool) -> None:
    await index.put(
        document("it", "Sneakers Lamp Mug XR-500", barcodes=["4006381333931"]), document("other", "Something else")
    )
    assert await index.find(asked) == (["it"] if found else [])


async def test_typos_are_looked_for_only_where_nothing_is_written_so(index: Index) -> None:
    await index.put(document("shirt", "Shirt"), document("short", "Short"), document("skirt", "Skirt"))
    assert await index.find("shirt") == ["shirt"]
    assert (await index.found("shirt", total=True)).total == 1
    assert set(await index.find("shirk")) == {"shirt"}


async def test_a_typo_while_typing(index: Index) -> None:
    await index.put(document("sneaker", "White Sneakers"), document("other", "Sandals"))
    assert await index.suggested("snaek") == ["sneaker"]
    assert await index.suggested("white snea") == ["sneaker"]
    assert await index.suggested("w") == ["sneaker"]
    assert await index.suggested("whit sneak") == ["sneaker"]
    assert await index.suggested("zzzz") == []


@pytest.mark.parametrize("written", ["XR-500", "XR500", "xr/500", "XR_500", "XR 500"])
@pytest.mark.parametrize("asked", ["XR-500", "xr500", "xr 500", "XR/500", "Xr_500"])
async def test_compounds_are_found_however_they_are_written(index: Index, written: str, asked: str) -> None:
    await index.put(document("it", f"Drill {written} pro"), document("other", "Drill XR-501"))
    assert await index.find(asked) == ["it"]


async def test_the_parts_of_a_compound_stand_together(index: Index) -> None:
    await index.put(document("it", "Drill XR-501 of 500 W"))
    for asked in ("XR-500", "xr500", "XR/500"):
        assert await index.find(asked) == []


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("T-Shirt", "tshirt"), ("T-Shirt", "t shirt"), ("TShirt", "t-shirt"), ("Wi-Fi Hub", "wifi"),
        ("WiFi Hub", "wi-fi"), ("Bottle 1.5 l", "1,5 l"), ("Bottle 1,5l", "1.5l"),
    ],
)  # fmt: skip
async def test_words_are_found_with_and_without_hyphens(index: Index, title: str, asked: str) -> None:
    await index.put(document("it", title), document("other", "Bottle 15 l, shirt"))
    assert await index.find(asked) == ["it"]


@pytest.mark.parametrize("asked", ["ABC-12/3.x", "abc123x", "ABC 12 3 X", "abc-12", "4006381333931"])
async def test_codes_are_found(index: Index, asked: str) -> None:
    await index.put(
        document("it", "Lamp", skus=["OTHER-1", "ABC-12/3.X"], barcodes=["4006381333931"]),
        document("other", "Lamp", skus=["ABD-12/3.X"], barcodes=["4006381333932"]),
    )
    assert await index.find(asked) == ["it"]


async def test_the_beginning_of_a_code_is_found_while_typing(index: Index) -> None:
    await index.put(document("it", "Lamp", skus=["KTL-2040-CU"]), document("other", "Lamp", skus=["KTM-2040"]))
    for asked in ("ktl", "KTL-20", "ktl20", "KTL-2040-C"):
        assert await index.suggested(asked) == ["it"], asked
        assert await index.find(asked, prefix=True) == ["it"], asked


async def test_fields_come_in_their_order(index: Index) -> None:
    await index.put(
        document("description", "Thing", description="Made for the lighthouse"),
        document("option", "Thing", options_text="Style Lighthouse"),
        document("tag", "Thing", tags=["lighthouse"]),
        document("type", "Thing", product_type="Lighthouse"),
        document("title", "Lighthouse on a rock"),
        document("code", "Thing", skus=["LIGHTHOUSE"]),
    )
    found = await index.find("lighthouse")
    assert found[0] == "code"
    assert found[1] == "title"
    assert found[-1] == "description"
    assert set(found) == {"code", "title", "type", "tag", "option", "description"}


async def test_words_next_to_each_other_come_first(index: Index) -> None:
    await index.put(
        document("apart", "Lamp with a shade for a desk"),
        document("together", "A desk lamp with a shade for it"),
        document("description", "Furniture", description="A desk lamp is on it"),
    )
    assert await index.find("desk lamp") == ["together", "apart", "description"]


async def test_the_word_as_written_comes_before_its_stem_and_its_beginning(index: Index) -> None:
    await index.put(document("boots", "Boots"), document("boot", "Boot"), document("bootstrap", "Bootstrap"))
    assert await index.find("boots", prefix=True) == ["boots", "boot", "bootstrap"]


async def test_popularity_and_stock_decide_between_equals(index: Index) -> None:
    await index.put(
        document("never", "Red Mug"),
        document("often", "Red Mug", sales=1000),
        document("gone", "Red Mug", available=False),
        document("elsewhere", "Red Mug", price={US.id.hex: {"min": 1, "max": 1}}),
        document("plate", "Plate", description="Goes with a red mug", sales=10**6),
    )
    found = await index.find("red mug", paging=Paging(50))
    assert found[:2] == ["often", "never"]
    assert set(found[2:]) == {"gone", "elsewhere", "plate"}
    assert (await index.find("red mug", market=US))[0] == "elsewhere"
    assert (await index.find())[0] == "plate"


async def test_equals_come_in_order_of_their_ids(index: Index) -> None:
    names = [f"mug-{number}" for number in range(12)]
    await index.put(*(document(name, "Mug") for name in names))
    assert await index.find("mug") == sorted(names, key=uid)
    assert await index.find("mug", reverse=True) == sorted(names, key=uid, reverse=True)


async def test_pins_come_first_whatever_the_rest_is_ordered_by(index: Index) -> None:
    await index.put(
        document("a", "Mug", sales=10**6), document("b", "Mug"), document("c", "Plate"),
        document("d", "Mug", available=False), document("draft", "Mug", status="DRAFT"),
    )  # fmt: skip
    pins = (uid("c"), uid("d"), uid("draft"), uid("nothing"), uid("b"))
    for how in ({}, {"unavailable": "LAST"}, {"reverse": True}):
        found = await index.found("mug", pins=pins, total=True, **how)
        assert index.named(found) == ["c", "d", "b", "a"], how
        assert found.total == 4


async def test_twenty_pins_keep_their_order(index: Index) -> None:
    names = [f"mug-{number:02}" for number in range(20)]
    await index.put(*(document(name, "Mug", sales=number) for number, name in enumerate(names)), document("top", "Mug"))
    assert await index.find("mug", pins=tuple(uid(name) for name in names)) == [*names, "top"]


async def test_words_are_looked_for_besides_pins(index: Index) -> None:
    await index.put(document("pin", "Plate"), document("mug", "Mug"))
    pins = (uid("pin"),)
    assert await index.find("mog", pins=pins) == ["pin"]
    assert await index.find("mugg", pins=pins) == ["pin", "mug"]
    assert await index.find("mug unicorn", pins=pins) == ["pin", "mug"]


async def test_unavailable_ones_stay_last_whichever_way_round(index: Index) -> None:
    await index.put(
        document("cheap", "Mug", price={EU.id.hex: {"min": 1, "max": 2}}),
        document("dear", "Mug of a Mug", price={EU.id.hex: {"min": 9, "max": 9}}),
        document("gone", "Mug", available=False, price={EU.id.hex: {"min": 5, "max": 5}}),
        document("elsewhere", "Mug", price={US.id.hex: {"min": 5, "max": 5}}),
    )
    assert await index.find("mug", unavailable="LAST", sort="PRICE") == ["cheap", "dear", "gone"]
    assert await index.find("mug", unavailable="LAST", sort="PRICE", reverse=True) == ["dear", "cheap", "gone"]
    rising = await index.find("mug", unavailable="LAST")
    falling = await index.find("mug", unavailable="LAST", reverse=True)
    assert set(rising[:2]) == set(falling[:2]) == {"cheap", "dear"}
    assert rising[:2] == falling[1::-1]


async def test_a_market_without_prices_lists_nothing_by_price(index: Index) -> None:
    await index.put(document("mug", "Mug"))
    assert await index.find("mug", market=NOWHERE, sort="PRICE") == []
    assert await index.find("mug", market=NOWHERE, sort="PRICE", unavailable="LAST") == []
    assert await index.find("mug", market=NOWHERE) == ["mug"]
    assert await index.find("mug", market=NOWHERE, unavailable="HIDE") == []


async def test_synonyms_are_found_after_what_was_written(index: Index) -> None:
    await index.put(
        document("sofa", "Velvet Sofa"), document("couch", "Corner Couch"), document("seat", "Love Seat"),
        document("apart", "Seat for whom you love"), document("jug", "Jug"), document("pitcher", "Pitcher"),
    )  # fmt: skip
    found = await index.find("sofa", synonyms=SYNONYMS)
    assert found[0] == "sofa"
    assert set(found) == {"sofa", "couch", "seat"}
    assert (await index.find("love seat", synonyms=SYNONYMS))[0] == "seat"
    assert await index.find("pitcher", synonyms=SYNONYMS) == ["pitcher", "jug"]
    assert await index.find("jug", synonyms=SYNONYMS) == ["jug"]
    assert await index.find("velvet couch", synonyms=SYNONYMS) == ["sofa"]


async def test_most_words_are_enough_where_nothing_has_all(index: Index) -> None:
    await index.put(
        document("three", "Copper Kettle Red"), document("two", "Copper Kettle"), document("one", "Copper"),
        document("none", "Plate"),
    )  # fmt: skip
    assert await index.find("copper kettle") == ["two", "three"]
    assert await index.find("copper kettle unicorn") == ["two", "three"]
    assert await index.find("red copper kettle unicorn") == ["three"]
    assert await index.find("plate unicorn") == ["none"]
    assert await index.find("unicorn") == []


async def test_filters_do_not_relax_the_words(index: Index) -> None:
    await index.put(document("steel", "Steel Kettle", vendor="A"), document("copper", "Copper Kettle", vendor="B"))
    for facets in (False, True):
        found = await index.found("steel kettle", filters=Filters(vendors=("B",)), facets=facets, total=True)
        assert index.named(found) == []
        assert found.total == 0
    assert found.counts is not None
    assert found.counts.vendors == [("A", 1)]
    assert await index.find("steel unicorn", filters=Filters(vendors=("B",))) == []
    assert await index.find("steel unicorn", filters=Filters(vendors=("A",))) == ["steel"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ('"desk lamp"', {"it"}),
        ('"lamp desk"', set()),
        ('"desk lamps"', set()),
        ('"desk la"*', {"it"}),
        ("lamp -desk", {"apart"}),
        ('lamp -"desk lamp"', {"apart"}),
        ("lamp -shades", set()),
        ("-lamp", {"other"}),
        ("desk OR mug", {"it", "apart", "other"}),
        ("title:lamp -vendor:acme", {"apart"}),
        ("vendor:ACME", {"it"}),
        ("vendor:ac*", {"it"}),
        ("vendor:*", {"it", "apart", "other"}),
        ("product_type:*", {"it"}),
        ("tag:new", {"it"}),
        ("tag:NEW", set()),
        ("tag_not:new", {"apart", "other"}),
        ("tag:*", {"it"}),
        ("sku:AB*", {"it"}),
        ("sku:ab-1", set()),
        ("barcode:123", {"it"}),
        ("created_at:2024-02-03", {"it"}),
        ("created_at:>=2024-02-04", set()),
        ("created_at:<2024-02-03", {"apart", "other"}),
        ("updated_at:>2025", {"it"}),
        ("created_at:<=now", {"it", "apart", "other"}),
        ("variants.price:<15", {"apart", "other"}),
        ("variants.price:25", {"it"}),
        ("variants.price:>30", set()),
        ("variants.price:>=30", {"it"}),
        ("variants.price:*", {"it", "apart", "other"}),
        ("variants.price:1e5", set()),
        (f"id:{uid('it')}", {"it"}),
        (f"id:gid://shopify/Product/{uid('it')}", {"it"}),
        (f"id:gid://shopify/Order/{uid('it')}", set()),
        ("handle:it,other", {"it", "other"}),
        ("available_for_sale:false", {"other"}),
        ("status:active", {"it", "apart", "other"}),
        ("unknown:1 desk", {"it"}),
        ("(unknown:1 OR desk)", {"it"}),
    ],
)
async def test_terms_with_fields_hold_besides(index: Index, asked: str, found: set[str]) -> None:
    await index.put(
        document("it", "Desk lamp with shade", vendor="Acme", product_type="Lamp", tags=["new", "light"], skus=["AB-1"],
                 barcodes=["123"], created_at=1706918400000 + 5, updated_at=1767225600000,
                 price={EU.id.hex: {"min": 2000, "max": 3000}}),
        document("apart", "Lamp, shade and mug rack", vendor="Other", product_type=""),
        document("other", "Mug", vendor="Other", available=False),
    )  # fmt: skip
    assert set(await index.find(asked)) == found


async def test_related_products_are_of_its_words_type_and_collections(index: Index) -> None:
    await index.put(
        document("kettle", "Copper Kettle", product_type="Kitchen", collections=["c1"]),
        document("copper", "Copper Pot", product_type="Kitchen"),
        document("kind", "Whisk", product_type="Kitchen"),
        document("shelf", "Towel", product_type="Bath", collections=["c1"]),
        document("far", "Boots", product_type="Shoes", collections=["c2"]),
        document("draft", "Copper Kettle", status="DRAFT", product_type="Kitchen"),
        document("priceless", "Copper Kettle", price={}, product_type="Kitchen"),
        document("plain", "Nothing like it"), document("plain-2", "Alone"),
    )  # fmt: skip
    ids = [uid(name) for name in ("kettle", "gone", "plain")]
    kettle, gone, plain = await index.engine.related(index.database, ids, SHOPPER, EU, 5)
    assert [index.handles[id] for id in kettle] == ["copper", "kind", "shelf"]
    assert list(gone) == list(plain) == []
