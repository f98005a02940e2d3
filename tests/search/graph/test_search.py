"""`search`: three kinds of things as one list, its pages, facets, markets, pins and redirects, by each engine."""

from collections.abc import Mapping
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import delete, update

from commerce_graph.catalog import tables as catalog
from commerce_graph.kernel.limits import FACET_LISTS_MAX, SEARCH_QUERY_CHARS_MAX
from commerce_graph.search.service import engine_of
from commerce_graph.search.service.resilient import Resilient
from commerce_graph.search.service.tally import KEY
from tests.search.graph.conftest import ARTICLES, BULBS, PAGES
from tests.shop import Shop, gid, uid

ITEMS = """
  edges { cursor node { __typename ... on Product { handle } ... on Page { handle } ... on Article { handle } } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
"""
SEARCH = f"""
query Search(
  $query: String!, $first: Int, $last: Int, $after: String, $before: String, $reverse: Boolean
  $sortKey: SearchSortKeys, $types: [SearchType!], $prefix: SearchPrefixQueryType
  $unavailableProducts: SearchUnavailableProductsType, $productFilters: [ProductFilter!]
) {{
  search(
    query: $query, first: $first, last: $last, after: $after, before: $before, reverse: $reverse, sortKey: $sortKey
    types: $types, prefix: $prefix, unavailableProducts: $unavailableProducts, productFilters: $productFilters
  ) {{ {ITEMS} totalCount redirectUrl productFilters {{ id label type values {{ id label count input }} }} }}
}}
"""
LEAN = "query Lean($query: String!, $first: Int!) { search(query: $query, first: $first) { nodes { __typename } } }"


async def search(shop: Shop, query: str, token: str = "storefront", **variables: Any) -> Any:
    given = {"query": query, **({} if {"first", "last"} & variables.keys() else {"first": 250}), **variables}
    return (await shop.data(SEARCH, given, token))["search"]


def names(page: Mapping[str, Any]) -> list[str]:
    return [edge["node"]["handle"] for edge in page["edges"]]


async def code(shop: Shop, query: str, **variables: Any) -> str:
    answer = await shop.run(SEARCH, {"query": query, **variables})
    return str(answer["errors"][0]["extensions"]["code"])


async def test_what_is_refused(shop: Shop) -> None:
    assert await code(shop, "lamp") == "BAD_USER_INPUT"
    assert await code(shop, "lamp", first=1, last=1) == "BAD_USER_INPUT"
    assert await code(shop, "lamp", first=251) == "BAD_USER_INPUT"
    assert await code(shop, "x" * (SEARCH_QUERY_CHARS_MAX + 1), first=1) == "BAD_USER_INPUT"
    assert await code(shop, "lamp", first=1, after="nonsense") == "BAD_USER_INPUT"
    assert await code(shop, "lamp", first=1, productFilters=[{"tag": "x"}] * 251) == "BAD_USER_INPUT"
    answer = await shop.run(SEARCH, {"query": "lamp", "first": 1}, None)
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_products_come_first_then_pages_then_articles(searched: Shop) -> None:
    page = await search(searched, "bulb")
    kinds = [edge["node"]["__typename"] for edge in page["edges"]]
    assert kinds == ["Product"] * BULBS + ["Page"] * PAGES + ["Article"] * ARTICLES
    assert page["totalCount"] == BULBS + PAGES + ARTICLES
    assert page["pageInfo"]["hasNextPage"] is page["pageInfo"]["hasPreviousPage"] is False
    assert (await search(searched, "bulb", types=["PAGE", "PRODUCT"]))["totalCount"] == BULBS + PAGES
    assert (await search(searched, "bulb", types=["ARTICLE"]))["totalCount"] == ARTICLES
    reverse = await search(searched, "bulb", reverse=True, unavailableProducts="SHOW")
    assert names(reverse)[: ARTICLES + PAGES] == names(page)[BULBS:][::-1]


@pytest.mark.parametrize("how", [{}, {"reverse": True}, {"sortKey": "PRICE"}, {"unavailableProducts": "SHOW"}], ids=str)
async def test_pages_lead_through_all_kinds_and_back(searched: Shop, how: dict[str, Any]) -> None:
    whole = names(await search(searched, "bulb", **how))
    assert len(whole) == BULBS + PAGES + ARTICLES
    forward: list[str] = []
    at: dict[str, Any] = {"first": 7}
    while True:
        page = await search(searched, "bulb", **at, **how)
        forward += names(page)
        assert page["pageInfo"]["hasPreviousPage"] is ("after" in at)
        if not page["pageInfo"]["hasNextPage"]:
            break
        at = {"first": 7, "after": page["pageInfo"]["endCursor"]}
    assert forward == whole
    backward: list[str] = []
    at = {"last": 7}
    while True:
        page = await search(searched, "bulb", **at, **how)
        backward = names(page) + backward
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        at = {"last": 7, "before": page["pageInfo"]["startCursor"]}
    assert backward == whole


async def test_a_page_that_ends_where_a_kind_ends(searched: Shop) -> None:
    first = await search(searched, "bulb", first=BULBS)
    assert first["pageInfo"]["hasNextPage"] is True
    rest = await search(searched, "bulb", first=PAGES, after=first["pageInfo"]["endCursor"])
    assert [edge["node"]["__typename"] for edge in rest["edges"]] == ["Page"] * PAGES
    assert rest["pageInfo"]["hasNextPage"] is True
    last = await search(searched, "bulb", last=ARTICLES)
    assert [edge["node"]["__typename"] for edge in last["edges"]] == ["Article"] * ARTICLES
    assert last["pageInfo"]["hasPreviousPage"] is True
    between = {"after": first["edges"][-3]["cursor"], "before": last["edges"][1]["cursor"]}
    assert len(names(await search(searched, "bulb", first=250, **between))) == 2 + PAGES + 1
    assert names(await search(searched, "bulb", first=0)) == []
    turned = {"after": last["edges"][1]["cursor"], "before": first["edges"][2]["cursor"]}
    assert names(await search(searched, "bulb", first=5, **turned)) == []


async def test_facets_count_and_filter(searched: Shop) -> None:
    whole = await search(searched, "bulb")
    facets = {facet["id"]: facet for facet in whole["productFilters"]}
    brands = {value["label"]: (value["count"], value["input"]) for value in facets["filter.p.vendor"]["values"]}
    assert brands == {"Nord": (40, '{"productVendor":"Nord"}'), "Glow": (20, '{"productVendor":"Glow"}')}
    assert facets["filter.v.price"]["type"] == "PRICE_RANGE"
    glow = await search(searched, "bulb", first=5, productFilters=[{"productVendor": "Glow"}])
    assert glow["totalCount"] == 20 + PAGES + ARTICLES
    again = {facet["id"]: facet["values"] for facet in glow["productFilters"]}
    assert [value["count"] for value in again["filter.p.vendor"]] == [40, 20], "without its own filter"
    assert [value["count"] for value in again["filter.p.product_type"]] == [20]
    assert (await search(searched, "bulb", types=["PAGE"]))["productFilters"] == []
    cheap = await search(searched, "bulb", types=["PRODUCT"], productFilters=[{"price": {"min": 10, "max": 10.45}}])
    assert cheap["totalCount"] == 5


async def test_one_call_answers_all_that_is_selected(searched: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    searched.seconded = False

    async def counted(self: Resilient, db: Any, request: Any) -> Any:
        calls.append(request)
        return await real(self, db, request)

    real = Resilient.search
    monkeypatch.setattr(Resilient, "search", counted)
    await search(searched, "bulb", first=5)
    (whole,) = calls
    assert whole.total
    assert whole.facets
    assert whole.snapshot
    await searched.data(LEAN, {"query": "bulb", "first": 5})
    lean = calls[1]
    assert [lean.total, lean.facets, lean.snapshot] == [False] * 3
    document = (
        '{ search(query: "bulb", first: 5) { totalCount nodes { __typename } productFilters @skip(if: true) { id } } }'
    )
    await searched.data(document)
    assert calls[2].total
    assert not calls[2].facets
    assert len(calls) == 3


async def test_statements_do_not_grow_with_the_hits(searched: Shop) -> None:
    await search(searched, "bulb", first=1)
    of = {}
    for first in (1, 50):
        told = await searched.statements(SEARCH, {"query": "bulb", "first": first, "types": ["PRODUCT"]})
        # What merchants decided is read by the clock, before one answer and not before another.
        of[first] = [statement for statement in told if not statement.startswith("SELECT search.edition.number")]
    assert len(of[1]) == len(of[50]) > 0


async def test_hits_that_are_no_more_are_left_out(searched: Shop) -> None:
    if "opensearch" not in searched.resources.services:
        pytest.skip("an engine without a second copy finds nothing that is no more")
    async with searched.database.begin() as tx:
        await tx.execute(delete(catalog.product).where(catalog.product.c.id == uid("bulb-07")))
        await tx.execute(update(catalog.product).where(catalog.product.c.id == uid("bulb-08")).values(status="DRAFT"))
        await tx.execute(update(catalog.product).where(catalog.product.c.id == uid("bulb-09")).values(title="Fresh"))
    page = await search(searched, "bulb", types=["PRODUCT"])
    assert len(names(page)) == BULBS - 2
    assert not {"bulb-07", "bulb-08"} & set(names(page))
    nodes = (await searched.data('{ search(query: "bulb", first: 250) { nodes { ... on Product { title } } } }'))[
        "search"
    ]
    assert {"title": "Fresh"} in nodes["nodes"], "what is shown is what the database holds"


async def test_what_is_in_stock_and_in_the_market(searched: Shop) -> None:
    found = names(await search(searched, "lamp OR shirt", types=["PRODUCT"]))
    assert names(await search(searched, "lamp", types=["PRODUCT"], unavailableProducts="HIDE")) == []
    assert names(await search(searched, "lamp", types=["PRODUCT"])) == ["lamp"]
    assert set(found) == {"lamp", "shirt"}
    async with searched.database.begin() as tx:
        gone = delete(catalog.product_price).where(catalog.product_price.c.product_id == uid("bulb-00"))
        await tx.execute(gone)
    if "opensearch" not in searched.resources.services:
        page = await search(searched, "bulb", types=["PRODUCT"], unavailableProducts="HIDE")
        assert "bulb-00" not in names(page)


async def test_prices_are_those_of_the_country(searched: Shop) -> None:
    document = """
    query Priced($country: CountryCode) @inContext(country: $country) {
      search(query: "mug", first: 1, types: [PRODUCT]) { productFilters { id values { input } } }
    }
    """
    for country, amount in (("DE", "18"), ("US", "20"), ("JP", "2900")):
        told = (await searched.data(document, {"country": country}))["search"]["productFilters"]
        (price,) = (facet for facet in told if facet["id"] == "filter.v.price")
        assert price["values"][0]["input"] == f'{{"price":{{"min":{amount}.0,"max":{amount}.0}}}}'


async def test_merchants_find_drafts_too(searched: Shop) -> None:
    assert names(await search(searched, "secret chair", types=["PRODUCT"])) == []
    assert names(await search(searched, "secret chair", "merchant", types=["PRODUCT"])) == ["chair"]


async def test_the_last_word_may_go_on(searched: Shop) -> None:
    assert names(await search(searched, "mu", types=["PRODUCT"])) == ["mug"]
    assert names(await search(searched, "mu", types=["PRODUCT"], prefix="LAST")) == ["mug"]
    assert names(await search(searched, "mu", types=["PRODUCT"], prefix="NONE")) == []


async def test_synonyms_pins_and_redirects_count_without_indexing(searched: Shop) -> None:
    assert names(await search(searched, "beaker", types=["PRODUCT"])) == []
    run = searched.data
    group = '{ searchSynonymGroupCreate(input: {terms: ["mug", "beaker"]}) { synonymGroup { id } } }'
    await run(f"mutation M {group}", None, "merchant")
    assert names(await search(searched, "beaker", types=["PRODUCT"])) == ["mug"]
    pins = (
        'mutation M($ids: [ID!]!) { searchPinSetCreate(input: {query: "bulbs", productIds: $ids}) { pinSet { id } } }'
    )
    await run(pins, {"ids": [gid("Product", "shirt"), gid("Product", "bulb-42")]}, "merchant")
    page = await search(searched, "Bulb", first=3, types=["PRODUCT"])
    assert names(page)[:2] == ["shirt", "bulb-42"]
    assert names(await search(searched, "bulb", first=2, types=["PRODUCT"], sortKey="PRICE")) == ["bulb-00", "bulb-01"]
    assert page["redirectUrl"] is None
    redirect = (
        """mutation M { searchRedirectCreate(input: {query: "returns", target: "/policies"}) { redirect { id } } }"""
    )
    await run(redirect, None, "merchant")
    assert (await search(searched, "RETURN", first=1))["redirectUrl"] == "/policies"


async def test_the_answer_says_which_engine_gave_it(searched: Shop) -> None:
    name = engine_of(searched.resources).name
    answer = await searched.run(SEARCH, {"query": "bulb", "first": 1})
    assert answer["extensions"]["search"] == {"engine": name}
    assert "extensions" not in await searched.run("{ products(first: 1) { nodes { id } } }")


async def test_shoppers_queries_that_find_something_are_counted(furnished: Shop, redis: Redis) -> None:
    furnished.seconded = False
    for query in ("bulb", "no such thing at all", "vendor:Nord bulb", "ada@example.com"):
        await search(furnished, query, first=2)
    await search(furnished, "mug", "merchant")
    furnished.resources.services["search.tally"]._sent_at = 0
    page = await search(furnished, "Bulb 07", first=1)
    await search(furnished, "Bulb", first=1, after=page["pageInfo"]["endCursor"])
    (key,) = await redis.keys(f"{KEY}*")
    told = {member.decode(): score for member, score in await redis.zrange(key, 0, -1, withscores=True)}
    assert told == {'["en","bulb"]': 1, '["en","bulb 07"]': 1}


async def test_facets_of_many_searches_are_refused(furnished: Shop) -> None:
    def document(number: int) -> str:
        one = 's%d: search(query: "bulb", first: 1, types: [PRODUCT]) { productFilters { id } }'
        return "{ " + " ".join(one % at for at in range(number)) + " }"

    assert "errors" not in await furnished.run(document(FACET_LISTS_MAX))
    answer = await furnished.run(document(FACET_LISTS_MAX + 1))
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_cursor_goes_on_after_a_fall_back(searched: Shop) -> None:
    whole = names(await search(searched, "bulb", types=["PRODUCT"], sortKey="PRICE"))
    first = await search(searched, "bulb", first=10, types=["PRODUCT"], sortKey="PRICE")
    if searched.resources.services.pop("opensearch", None) is None:
        pytest.skip("there is nothing to fall back from")
    del searched.resources.services["search.engine"]
    at = first["pageInfo"]["endCursor"]
    rest = await search(searched, "bulb", first=10, types=["PRODUCT"], sortKey="PRICE", after=at)
    assert names(rest) == whole[10:20]
