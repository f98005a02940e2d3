"""Lists of products and collections: what a search finds, in which order, and that paging loses and repeats nothing."""

from typing import Any

import pytest
from sqlalchemy import insert, text, update

from commerce_graph import catalog
from commerce_graph.catalog.tables import collection, collection_product, product, product_price, variant
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.limits import PRODUCT_FILTERS_MAX
from commerce_graph.kernel.pages import encode_cursor
from commerce_graph.pricing import service as pricing
from tests.shop import Shop, gid, uid

FIND = "query($q: String) { products(first: 50, query: $q, sortKey: TITLE) { nodes { handle } } }"


ALONE = Engine(Graph([catalog.module], {"markets_for": pricing.markets_for}))
"""The catalogue as a subgraph that is given the service of the pricing domain."""


@pytest.fixture
async def shop(shop: Shop) -> Shop:
    return Shop(shop.database, shop.resources, ALONE)


async def handles(shop: Shop, query: str | None, token: str = "storefront", context: str = "") -> list[str]:
    document = FIND.replace(") {", f") {context} {{", 1)
    found = await shop.data(document, {"q": query}, token)
    return [node["handle"] for node in found["products"]["nodes"]]


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


# -- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "first: 1, last: 1",
        "first: 251",
        "first: -1",
        'first: 1, after: "nonsense"',
        'first: 1, after: "W10"',
        f'first: 1, sortKey: TITLE, after: "{encode_cursor(["a"])}"',
        f'first: 1, sortKey: TITLE, after: "{encode_cursor([1, uid("mug")])}"',
        f'first: 1, sortKey: CREATED_AT, after: "{encode_cursor(["a", uid("mug")])}"',
        f'first: 1, query: "{"a" * 1001}"',
        f'first: 1, query: "{"a " * 51}"',
    ],
)
async def test_arguments_out_of_bounds_are_refused(shop: Shop, arguments: str) -> None:
    answer = await shop.run(f"{{ products({arguments}) {{ nodes {{ id }} }} }}".replace("products()", "products"))
    assert codes(answer) == ["BAD_USER_INPUT"]


async def test_a_forged_cursor_is_only_a_place(shop: Shop) -> None:
    forged = encode_cursor([2**62, uid("mug")])
    for key in ("BEST_SELLING", "PRICE"):
        await shop.data(f'{{ products(first: 1, sortKey: {key}, after: "{forged}") {{ nodes {{ id }} }} }}')


async def test_too_many_filters_are_refused(shop: Shop) -> None:
    filters = ", ".join(["{tag: \"x\"}"] * (PRODUCT_FILTERS_MAX + 1))  # fmt: skip
    asked = f'{{ collection(handle: "summer") {{ products(first: 1, filters: [{filters}]) {{ nodes {{ id }} }} }} }}'
    answer = await shop.run(asked)
    assert codes(answer) == ["BAD_USER_INPUT"]
    assert f"the limit is {PRODUCT_FILTERS_MAX}" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    "asked",
    [
        "{ products(first: 1, sortKey: PRICE) { nodes { id } } }",
        '{ products(first: 1, query: "variants.price:>1") { nodes { id } } }',
        '{ collection(handle: "summer") { products(first: 1, filters: {price: {max: 9}}) { nodes { id } } } }',
    ],
)
async def test_prices_need_a_server_that_knows_the_markets(shop: Shop, asked: str) -> None:
    alone = Shop(shop.database, shop.resources, Engine(Graph([catalog.module])))
    assert codes(await alone.run(asked)) == ["MARKET_UNKNOWN"]


# -- Search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (None, ["print", "lamp", "guide", "shirt", "mug"]),
        ("nope:1", ["print", "lamp", "guide", "shirt", "mug"]),
        ("shi", ["shirt"]),
        ("SHIRT", ["shirt"]),
        ("'shi'", []),
        ("'linen shirt'", ["shirt"]),
        ("'shirt linen'", []),
        ("shirt OR mug", ["shirt", "mug"]),
        ("nord -shirt", ["lamp"]),
        ("nord NOT (shirt OR lamp)", []),
        ("clay & co", ["mug"]),
        ("fine", ["print", "lamp", "guide", "shirt", "mug"]),
        ("title:fine", []),
        ("title:stone", ["mug"]),
        ("title:'Desk Lamp'", ["lamp"]),
        ("title:Li*", ["shirt"]),
        ("vendor:nord", ["lamp", "shirt"]),
        ("vendor:Nord,Atelier", ["print", "lamp", "guide", "shirt"]),
        ("vendor:'Clay & Co'", ["mug"]),
        ("vendor:No*", ["lamp", "shirt"]),
        ("vendor:Nor", []),
        ("vendor:*", ["print", "lamp", "guide", "shirt", "mug"]),
        ("vendor:''", []),
        ("product_type:e-book", ["guide"]),
        ("product_type:shirt", ["shirt"]),
        ("tag:summer", ["shirt"]),
        ("tag:summer,kitchen", ["shirt", "mug"]),
        ("tag:li*", ["lamp", "shirt"]),
        ("tag_not:summer", ["print", "lamp", "guide", "mug"]),
        ("handle:mug", ["mug"]),
        ("handle:s*", ["shirt"]),
        ("sku:MUG-VARIANT", ["mug"]),
        ("sku:SHIRT*", ["shirt"]),
        ("barcode:4000000003", ["shirt"]),
        ("available_for_sale:true", ["print", "guide", "shirt", "mug"]),
        ("available_for_sale:false", ["lamp"]),
        (f"id:{uid('mug')}", ["mug"]),
        (f"id:'{gid('Product', 'mug')}'", ["mug"]),
        (f"id:'{gid('Order', 'mug')}'", []),
        ("created_at:<now", ["print", "lamp", "guide", "shirt", "mug"]),
        ("created_at:<2020-01-01", []),
        ("updated_at:>='2020-01-01T00:00:00Z'", ["print", "lamp", "guide", "shirt", "mug"]),
        ("created_at:rubbish", []),
        ("variants.price:<10", ["guide"]),
        ("variants.price:<=9.99", ["guide"]),
        ("variants.price:>49", ["lamp"]),
        ("variants.price:>=49 variants.price:<120", ["shirt"]),
        ("variants.price:18", ["mug"]),
        ("variants.price:18.005", []),
        ("((( a:b", ["print", "lamp", "guide", "shirt", "mug"]),
        ("'" + "x" * 900, []),
        ("\0\ud800", ["print", "lamp", "guide", "shirt", "mug"]),
    ],
)
async def test_a_shopper_finds(shop: Shop, query: str | None, found: list[str]) -> None:
    assert await handles(shop, query) == found


async def test_only_merchants_find_by_status(shop: Shop) -> None:
    assert await handles(shop, "status:draft", "merchant") == ["chair"]
    assert await handles(shop, "status:draft") == []
    assert await handles(shop, "status:ACTIVE,draft chair", "merchant") == ["chair"]


async def test_prices_are_those_of_the_market_in_context(shop: Shop) -> None:
    japan = "@inContext(country: JP)"
    assert await handles(shop, "variants.price:<3000", context=japan) == ["guide", "mug"]
    assert await handles(shop, "variants.price:1500", context=japan) == ["guide"]


async def test_words_of_the_title_are_more_relevant(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(update(product).where(product.c.id == uid("mug")).values(description="Better than a lamp"))
    asked = '{ products(first: 5, query: "lamp", sortKey: RELEVANCE) { nodes { handle } } }'
    assert [node["handle"] for node in (await shop.data(asked))["products"]["nodes"]] == ["lamp", "mug"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (None, ["Lighting", "Summer"]),
        ("light", ["Lighting"]),
        ("title:summer", ["Summer"]),
        ("handle:summer", ["Summer"]),
        ("collection_type:smart", ["Lighting"]),
        ("collection_type:custom", ["Summer"]),
        ("collection_type:other", []),
        ("updated_at:<2020", []),
        (f"id:{uid('summer')}", ["Summer"]),
        ("100%", []),
    ],
)
async def test_collections_are_found(shop: Shop, query: str | None, found: list[str]) -> None:
    asked = "query($q: String) { collections(first: 9, query: $q, sortKey: RELEVANCE) { nodes { title } } }"
    assert [node["title"] for node in (await shop.data(asked, {"q": query}))["collections"]["nodes"]] == found


# -- Filters of a collection ------------------------------------------------------------------------------------------


@pytest.fixture
async def everything(shop: Shop) -> Shop:
    """Put every product into the collection `summer`; of the shirts only S / White can be bought."""
    async with shop.database.begin() as tx:
        for position, each in enumerate(("lamp", "print", "guide", "chair"), 3):
            row = {"collection_id": uid("summer"), "product_id": uid(each), "position": position}
            await tx.execute(insert(collection_product).values(row))
        rest = variant.c.id.in_([uid(f"shirt-{each}") for each in ("S-Blue", "M-White", "M-Blue")])
        await tx.execute(update(variant).where(rest).values(available=False))
    return shop


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("[]", ["shirt", "mug", "lamp", "print", "guide"]),
        ("{available: true}", ["shirt", "mug", "print", "guide"]),
        ("{available: false}", ["lamp"]),
        ("[{available: false}, {available: true}]", ["shirt", "mug", "lamp", "print", "guide"]),
        ('[{productType: "Lamp"}, {productType: "Mug"}]', ["mug", "lamp"]),
        ('[{productVendor: "Nord"}, {productType: "Lamp"}]', ["lamp"]),
        ('{productVendor: "Nord", productType: "Shirt"}', ["shirt"]),
        ('[{tag: "linen"}, {tag: "light"}]', ["shirt", "lamp"]),
        ('{tag: "none"}', []),
        ("{price: {max: 20}}", ["mug", "guide"]),
        ("{price: {min: 49}}", ["shirt", "lamp"]),
        ("{price: {min: 18, max: 18}}", ["mug"]),
        ("{price: {min: 9.991, max: 18}}", ["mug"]),
        ("[{price: {max: 10}}, {price: {min: 100}}]", ["lamp", "guide"]),
        ("{price: {min: -1e300, max: 1e300}}", ["shirt", "mug", "lamp", "print", "guide"]),
        ('{variantOption: {name: "Size", value: "M"}}', ["shirt"]),
        ('{variantOption: {name: "Size", value: "XL"}}', []),
        ('[{variantOption: {name: "Size", value: "XL"}}, {variantOption: {name: "Size", value: "S"}}]', ["shirt"]),
        ('[{variantOption: {name: "Size", value: "M"}}, {variantOption: {name: "Color", value: "Red"}}]', []),
        ('[{variantOption: {name: "Size", value: "M"}}, {available: true}]', []),
        ('[{variantOption: {name: "Size", value: "S"}}, {available: true}]', ["shirt"]),
    ],
)
async def test_filters(everything: Shop, filters: str, found: list[str]) -> None:
    asked = f'{{ collection(handle: "summer") {{ products(first: 9, filters: {filters}) {{ nodes {{ handle }} }} }} }}'
    products = (await everything.data(asked))["collection"]["products"]
    assert [node["handle"] for node in products["nodes"]] == found


# -- Orders and pages -------------------------------------------------------------------------------------------------

KEYS = ["ID", "TITLE", "PRODUCT_TYPE", "VENDOR", "CREATED_AT", "UPDATED_AT", "BEST_SELLING", "PRICE", "RELEVANCE"]
MEMBER_KEYS = ["COLLECTION_DEFAULT", "BEST_SELLING", "CREATED", "ID", "MANUAL", "PRICE", "RELEVANCE", "TITLE"]
MANY = 17


@pytest.fixture
async def many(shop: Shop) -> Shop:
    """Add products that tie in every order but that of the id, all members of `summer`, all with a price."""
    async with shop.database.begin() as tx:
        for number in range(MANY):
            row = {"id": uid(f"many-{number}"), "handle": f"many-{number}", "status": "ACTIVE"}
            told = {"title": f"Many {number % 3}", "vendor": "V" * (number % 2), "product_type": "T" * (number % 4)}
            await tx.execute(insert(product).values(**row, **told, sales=number % 5))
            await tx.execute(
                text("INSERT INTO catalog.publication (channel_id, product_id) VALUES (:channel, :product)"),
                {"channel": uid("online"), "product": row["id"]},
            )
            member = {"collection_id": uid("summer"), "product_id": row["id"], "position": number % 2}
            await tx.execute(insert(collection_product).values(member))
            price = {"product_id": row["id"], "market_id": uid("eu"), "min_minor": number % 3, "max_minor": 9}
            await tx.execute(insert(product_price).values(price))
    return shop


async def walk(shop: Shop, template: str, path: list[str], size: int, *, forwards: bool, reverse: bool) -> list[str]:
    """Walk all pages in one direction and return the handles in the order of the list."""
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(50):
        side, place = ("first", "after") if forwards else ("last", "before")
        arguments = f"{side}: {size}, reverse: {str(reverse).lower()}"
        arguments += f', {place}: "{cursor}"' if cursor else ""
        page = await shop.data(template.replace("ARGS", arguments))
        for name in path:
            page = page[name]
        found = [edge["node"]["handle"] for edge in page["edges"]]
        assert found == [node["handle"] for node in page["nodes"]]
        seen = seen + found if forwards else found + seen
        info = page["pageInfo"]
        assert info["hasPreviousPage" if forwards else "hasNextPage"] == bool(cursor)
        if not info["hasNextPage" if forwards else "hasPreviousPage"]:
            return seen
        cursor = info["endCursor" if forwards else "startCursor"]
    raise AssertionError("the list does not end")


PAGE = "edges { node { handle } } nodes { handle } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


@pytest.mark.parametrize("key", KEYS)
async def test_walking_the_shop_meets_each_product_once(many: Shop, key: str) -> None:
    query = ', query: "many"' if key == "RELEVANCE" else ""
    template = f"{{ products(ARGS, sortKey: {key}{query}) {{ {PAGE} }} }}"
    whole = await walk(many, template, ["products"], 250, forwards=True, reverse=False)
    assert len(set(whole)) == len(whole) == (MANY if query else MANY + 5)
    for size, forwards in ((1, True), (4, True), (4, False), (MANY, False)):
        assert await walk(many, template, ["products"], size, forwards=forwards, reverse=False) == whole
    assert await walk(many, template, ["products"], 5, forwards=True, reverse=True) == whole[::-1]
    assert await walk(many, template, ["products"], 5, forwards=False, reverse=True) == whole[::-1]


@pytest.mark.parametrize("key", MEMBER_KEYS)
async def test_walking_a_collection_meets_each_member_once(many: Shop, key: str) -> None:
    template = f'{{ collection(handle: "summer") {{ products(ARGS, sortKey: {key}) {{ {PAGE} }} }} }}'
    path = ["collection", "products"]
    whole = await walk(many, template, path, 250, forwards=True, reverse=False)
    assert len(set(whole)) == len(whole) == MANY + 2
    for size, forwards in ((4, True), (4, False)):
        assert await walk(many, template, path, size, forwards=forwards, reverse=False) == whole
        assert await walk(many, template, path, size, forwards=forwards, reverse=True) == whole[::-1]


async def listed(shop: Shop, arguments: str) -> list[str]:
    found = await shop.data(f"{{ products(first: 9, {arguments}) {{ nodes {{ handle }} }} }}")
    return [node["handle"] for node in found["products"]["nodes"]]


async def test_each_order_is_the_one_it_says(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        for place, each in enumerate(("guide", "mug", "lamp", "shirt", "print")):
            moved = update(product).where(product.c.id == uid(each))
            day = f"2026-01-0{place + 1}"
            await tx.execute(moved.values(sales=place * 10, created_at=text(f"'{day}'"), updated_at=text(f"'{day}'")))
    assert await listed(shop, "sortKey: TITLE") == ["print", "lamp", "guide", "shirt", "mug"]
    assert await listed(shop, "sortKey: PRODUCT_TYPE") == ["guide", "lamp", "mug", "print", "shirt"]
    assert (await listed(shop, "sortKey: VENDOR"))[2] == "mug"
    assert await listed(shop, "sortKey: CREATED_AT") == ["guide", "mug", "lamp", "shirt", "print"]
    assert await listed(shop, "sortKey: UPDATED_AT, reverse: true") == ["print", "shirt", "lamp", "mug", "guide"]
    assert await listed(shop, "sortKey: BEST_SELLING") == ["print", "shirt", "lamp", "mug", "guide"]
    assert await listed(shop, "sortKey: PRICE") == ["guide", "mug", "print", "shirt", "lamp"]
    assert await listed(shop, "sortKey: null, reverse: null") == await listed(shop, "sortKey: ID")


async def test_prices_can_be_sorted_and_asked_for_at_once(shop: Shop) -> None:
    assert await listed(shop, 'sortKey: PRICE, query: "variants.price:<40"') == ["guide", "mug", "print"]
    page = "products(first: 9, sortKey: PRICE, filters: {price: {min: 20}}) { nodes { handle } }"
    found = await shop.data(f'{{ collection(handle: "summer") {{ {page} }} }}')
    assert found["collection"]["products"]["nodes"] == [{"handle": "shirt"}]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("MANUAL", ["shirt", "mug", "lamp"]),
        ("ALPHA_ASC", ["lamp", "shirt", "mug"]),
        ("ALPHA_DESC", ["mug", "shirt", "lamp"]),
        ("PRICE_ASC", ["mug", "shirt", "lamp"]),
        ("PRICE_DESC", ["lamp", "shirt", "mug"]),
        ("BEST_SELLING", ["lamp", "mug", "shirt"]),
        ("CREATED", ["mug", "shirt", "lamp"]),
        ("CREATED_DESC", ["lamp", "shirt", "mug"]),
    ],
)
async def test_a_collection_has_its_own_order(shop: Shop, order: str, found: list[str]) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(update(collection).where(collection.c.id == uid("summer")).values(sort_order=order))
        member = {"collection_id": uid("summer"), "product_id": uid("lamp"), "position": 3}
        await tx.execute(insert(collection_product).values(member))
        for sales, each in enumerate(("shirt", "mug", "lamp")):
            await tx.execute(update(product).where(product.c.id == uid(each)).values(sales=sales))
        for day, each in enumerate(("mug", "shirt", "lamp"), 1):
            moved = update(product).where(product.c.id == uid(each))
            await tx.execute(moved.values(created_at=text(f"'2026-01-0{day}'")))
    asked = '{ collection(handle: "summer") { products(first: 9) { nodes { handle } } } }'
    products = (await shop.data(asked))["collection"]["products"]
    assert [node["handle"] for node in products["nodes"]] == found


async def test_labels(shop: Shop) -> None:
    asked = (
        "{ productTags(first: 3) { nodes pageInfo { hasNextPage } } productTypes(first: 9) { nodes edges { node } } }"
    )
    found = await shop.data(asked)
    assert found["productTags"] == {"nodes": ["digital", "kitchen", "light"], "pageInfo": {"hasNextPage": True}}
    assert found["productTypes"]["nodes"] == ["E-Book", "Lamp", "Mug", "Print", "Shirt"]
    assert [edge["node"] for edge in found["productTypes"]["edges"]] == found["productTypes"]["nodes"]
    assert "Chair" in (await shop.data(asked, token="merchant"))["productTypes"]["nodes"]
    none = await shop.data("{ productTags(first: 0) { nodes } productTypes(first: 0) { nodes } }")
    assert none == {"productTags": {"nodes": []}, "productTypes": {"nodes": []}}
    assert codes(await shop.run("{ productTypes(first: 251) { nodes } }")) == ["BAD_USER_INPUT"]
