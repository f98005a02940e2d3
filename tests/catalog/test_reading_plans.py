"""What reading the catalogue costs: as many statements for many parents as for one, and no scan that grows."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from commerce_graph import catalog
from commerce_graph.catalog.service import Audience, PriceMarket, Wanted, find_products, learn_words, related_products
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.outbox import Bus
from commerce_graph.kernel.query_syntax import parse
from commerce_graph.pricing import service as pricing
from commerce_graph.search.rules.planning import plan
from tests.conftest import Template
from tests.shop import Shop, uid

PRODUCTS = 20_000
GROWING = ("product", "variant", "media", "publication", "collection_product", "product_price")
SHOPPER, EU = Audience(channel_id=uid("online")), PriceMarket(uid("eu"), "EUR")
ALONE = Engine(Graph([catalog.module], {"markets_for": pricing.markets_for}))

FILL = """
INSERT INTO catalog.product (id, handle, title, product_type, vendor, status, tags, sales, options, created_at)
SELECT md5('p' || n)::uuid, 'p-' || n, 'Thing ' || md5(n::text), 'Type ' || n % 40, 'Vendor ' || n % 90, 'ACTIVE',
       ARRAY['tag-' || n % 300], n % 5000, '[{"id": "00000000-0000-0000-0000-000000000000", "name": "Size",
       "values": [{"id": "00000000-0000-0000-0000-000000000000", "name": "S"}]}]', now() - n * interval '1 minute'
FROM generate_series(1, :products) AS n;
INSERT INTO catalog.media (id, product_id, position, url)
SELECT md5('m' || p || n)::uuid, md5('p' || n)::uuid, p, '/media/' || n || '.svg'
FROM generate_series(1, :products) AS n, generate_series(1, 2) AS p;
INSERT INTO catalog.variant (id, product_id, title, position, sku, selected_options)
SELECT md5('v' || p || n)::uuid, md5('p' || n)::uuid, 'V' || p, p, 'SKU-' || n || '-' || p,
       jsonb_build_array(jsonb_build_object('name', 'Size', 'value', 'V' || p))
FROM generate_series(1, :products) AS n, generate_series(1, 3) AS p;
INSERT INTO catalog.publication (channel_id, product_id)
SELECT :channel, md5('p' || n)::uuid FROM generate_series(1, :products) AS n;
INSERT INTO catalog.collection (id, handle, title, sort_order)
SELECT md5('c' || n)::uuid, 'c-' || n, 'Collection ' || n, 'MANUAL' FROM generate_series(1, 200) AS n;
INSERT INTO catalog.collection_publication (channel_id, collection_id)
SELECT :channel, md5('c' || n)::uuid FROM generate_series(1, 200) AS n;
INSERT INTO catalog.collection_product (collection_id, product_id, position)
SELECT md5('c' || (1 + n % 199))::uuid, md5('p' || n)::uuid, n FROM generate_series(1, :products) AS n;
INSERT INTO catalog.collection_product (collection_id, product_id, position)
SELECT md5('c200')::uuid, md5('p' || n)::uuid, n FROM generate_series(1, :products) AS n;
INSERT INTO catalog.product_price (product_id, market_id, min_minor, max_minor)
SELECT md5('p' || n)::uuid, :market, n % 9000, n % 9000 + 100 FROM generate_series(1, :products) AS n
"""
LIST = """query($first: Int!) { products(first: $first, sortKey: TITLE) { nodes {
    title featuredImage { url } variants(first: 3) { nodes { title product { handle } } }
    collections(first: 3) { nodes { title } }
} } }"""
DETAIL = """query { product(handle: "p-77") {
    title options { name optionValues { name firstSelectableVariant { id image { url } product { title } } } }
    selectedOrFirstAvailableVariant { id image { url } product { title } } adjacentVariants { id product { title } }
    encodedVariantExistence encodedVariantAvailability media(first: 5) { nodes { previewImage { url } } }
    featuredImage { url } variants(first: 5) { nodes { id } } collections(first: 5) { nodes { title } }
    variantsCount { count }
} }"""
COLLECTIONS = """query($first: Int!) { collections(first: $first, sortKey: ID, query: "collection") { nodes {
    title products(first: 4) { nodes { title featuredImage { url } variants(first: 3) { nodes { title } } } }
} } }"""
FILTERS = '{productType: "Type 1"}, {price: {max: 50}}, {available: false}, {tag: "tag-1"}'


@pytest.fixture(scope="module")
async def filled(template: Template) -> AsyncIterator[Database]:
    """Make one database with as many products as a shop has that is not small; these tests only read it."""
    told = {"products": PRODUCTS, "channel": uid("online"), "market": uid("eu")}
    async with template.admin.read() as conn:
        await conn.execute(text("CREATE DATABASE large_shop TEMPLATE template_shop"))
    made = Database(template.url("large_shop"))
    async with made.begin() as tx:
        for statement in FILL.split(";\n"):
            names = [name for name in told if f":{name}" in statement]
            await tx.execute(text(statement), {name: told[name] for name in names})
    async with made.read() as conn:
        await conn.execute(text("VACUUM ANALYZE"))
    yield made
    await made.close()
    async with template.admin.read() as conn:
        await conn.execute(text("DROP DATABASE large_shop WITH (FORCE)"))


@pytest.fixture
async def large(filled: Database, redis: Redis) -> Shop:
    return Shop(filled, Resources(filled, redis, b"test secret", Bus(redis)), ALONE)


@contextmanager
def sent() -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that are sent inside the block, with their parameters; they are there after it."""
    found: list[tuple[str, Any]] = []
    with count_statements() as seen:
        yield found
    found += [(str(each), tuple(each.parameters)) for each in seen]


async def scans(shop: Shop, document: str, variables: dict[str, Any] | None = None) -> list[str]:
    """Run an operation, explain each of its statements, and return what they scan from end to end."""
    with sent() as statements:
        await shop.data(document, variables)
    return await scanned(shop.database, statements)


async def scanned(database: Database, statements: list[tuple[str, Any]]) -> list[str]:
    found: list[str] = []
    async with database.read() as conn:
        for statement, parameters in statements:
            plan = (await conn.exec_driver_sql(f"EXPLAIN {statement}", parameters)).scalars().all()
            seen = [line for line in plan if any(f"Seq Scan on {name} " in f"{line} " for name in GROWING)]
            found += [f"{line.strip()}\n{statement}\n" + "\n".join(plan) for line in seen]
    return found


async def test_statements_do_not_grow_with_what_is_shown(large: Shop) -> None:
    for document, most in ((LIST, 5), (COLLECTIONS, 5)):
        one = await large.statements(document, {"first": 1})
        hundred = await large.statements(document, {"first": 100})
        assert len(one) == len(hundred) <= most, hundred
    assert len(await large.statements(DETAIL)) <= 8


async def test_no_list_reads_the_whole_shop(large: Shop) -> None:
    keys = ("ID", "TITLE", "PRODUCT_TYPE", "VENDOR", "CREATED_AT", "UPDATED_AT", "BEST_SELLING", "PRICE")
    found: list[str] = []
    for key in keys:
        page = f"products(first: 20, sortKey: {key}"
        first = (await large.data(f"{{ {page}) {{ pageInfo {{ endCursor }} }} }}"))["products"]["pageInfo"]
        found += await scans(large, f"{{ {page}) {{ nodes {{ title }} }} }}")
        found += await scans(large, f"{{ {page}, reverse: true) {{ nodes {{ title }} }} }}")
        found += await scans(large, f'{{ {page}, after: "{first["endCursor"]}") {{ nodes {{ title }} }} }}')
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "query",
    ["thing", "'ab cd'", "title:thing", "vendor:'vendor 7'", "product_type:'Type 3'", "tag:tag-5", "sku:SKU-5-1",
     "handle:p-9", "variants.price:<5", "vendor:'vendor 7' tag:tag-5 -title:x"],
)  # fmt: skip
@pytest.mark.parametrize("key", ["ID", "RELEVANCE"])
async def test_no_search_reads_the_whole_shop(large: Shop, query: str, key: str) -> None:
    asked = f'{{ products(first: 20, sortKey: {key}, query: "{query}") {{ nodes {{ title }} }} }}'
    found = await scans(large, asked)
    assert not found, "\n".join(found)


async def test_details_and_collections_go_by_index(large: Shop) -> None:
    found = await scans(large, DETAIL)
    found += await scans(large, LIST, {"first": 20})
    found += await scans(large, "{ productTypes(first: 20) { nodes } }")
    for handle in ("c-7", "c-200"):
        for key in ("COLLECTION_DEFAULT", "MANUAL", "TITLE", "PRICE", "BEST_SELLING", "CREATED", "ID"):
            page = f"products(first: 20, sortKey: {key}) {{ nodes {{ title }} }}"
            found += await scans(large, f'{{ collection(handle: "{handle}") {{ {page} }} }}')
        page = f"products(first: 20, filters: [{FILTERS}]) {{ nodes {{ title }} }}"
        found += await scans(large, f'{{ collection(handle: "{handle}") {{ {page} }} }}')
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("asked", "prefix"),
    [("{rare}", False), ("thing {rare}", False), ("'thing {rare}'", False), ("{rare}", True), ("zither {rare}", False),
     ("{rare} vendor:'vendor 7' -tag:tag-5", False), ("{rare} -vendor", False), ("zither", False), ("thigns", False),
     ("SKU-19999-1", False), ("sku19999", True), ("{rare} sku199991", False)],
)  # fmt: skip
async def test_no_finding_reads_the_whole_shop(filled: Database, asked: str, prefix: bool) -> None:
    async with filled.begin() as tx:
        await learn_words(tx)
        title = (await tx.execute(text("SELECT title FROM catalog.product WHERE handle = 'p-77'"))).scalar_one()
    rare = max(re.findall(r"\d+|[a-f]+", title), key=len)
    pins = (uuid5(NAMESPACE_OID, "pin"),)
    found: list[str] = []
    for more in ({}, {"unavailable": "LAST", "pins": pins}, {"sort": "PRICE"}):
        wanted = Wanted(plan(parse(asked.format(rare=rare)), prefix=prefix), "en", SHOPPER, EU, **more)
        found += await _scans_of(filled, wanted)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("asked", ["thing", "", "vendor", "zither thing"])
async def test_what_answers_to_a_word_of_every_product_is_read_from_the_best_sold_on(
    filled: Database, asked: str
) -> None:
    found = await _scans_of(filled, Wanted(plan(parse(asked)), "en", SHOPPER, EU))
    assert not found, "\n".join(found)


async def _scans_of(database: Database, wanted: Wanted) -> list[str]:
    with sent() as statements:
        async with database.read() as conn:
            page = await find_products(conn, wanted, 20, total=True)
            await find_products(conn, wanted, 20, after=page.products[-1][1] if page.products else None)
    return await scanned(database, statements)


async def test_related_products_are_found_beside_their_own(filled: Database) -> None:
    """Each belongs to a collection of the whole shop, none of which but its neighbours may be read."""
    async with filled.read() as conn:
        chosen = text("SELECT id FROM catalog.product ORDER BY sales DESC, id LIMIT 20")
        ids = list((await conn.execute(chosen)).scalars())
        for asked in (ids[:1], ids):
            with sent() as statements:
                likest = await related_products(conn, asked, SHOPPER, EU, 10)
            assert [len(each) for each in likest] == [10] * len(asked)
            ((statement, parameters),) = statements
            plan = (await conn.exec_driver_sql(f"EXPLAIN (ANALYZE, COSTS OFF) {statement}", parameters)).scalars().all()
            read = max(float(rows) for line in plan for rows in re.findall(r"rows=([\d.]+) loops", line))
            assert read < 1_000 * len(asked), "\n".join(plan)
            assert not await scanned(filled, statements)
