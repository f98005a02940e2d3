"""Whatever is searched for, by whichever engine: results or a clear refusal, never a fault of ours."""

from collections.abc import AsyncIterator
from itertools import product as combined
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commerce_graph.kernel import limits
from commerce_graph.kernel.limits import FILTER_CHARS_MAX, FILTERED_FACETS_MAX, SEARCH_QUERY_CHARS_MAX
from commerce_graph.kernel.pages import encode_cursor
from commerce_graph.search.service import engine_of
from tests.search.graph.conftest import furnish
from tests.search.indexed import indexed
from tests.shop import Shop, uid

REFUSALS = {"BAD_USER_INPUT", "COST_LIMIT_EXCEEDED", "INVALID_ID", "INVALID_INPUT"}
SEARCH = """
query Search(
  $query: String!, $first: Int, $last: Int, $after: String, $before: String, $reverse: Boolean
  $sortKey: SearchSortKeys, $types: [SearchType!], $prefix: SearchPrefixQueryType
  $unavailableProducts: SearchUnavailableProductsType, $productFilters: [ProductFilter!]
) {
  search(
    query: $query, first: $first, last: $last, after: $after, before: $before, reverse: $reverse, sortKey: $sortKey
    types: $types, prefix: $prefix, unavailableProducts: $unavailableProducts, productFilters: $productFilters
  ) {
    edges { cursor node { __typename ... on Product { id title } ... on Page { id } ... on Article { id } } }
    nodes { __typename } totalCount redirectUrl pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    productFilters { id label type presentation values { id label count input } }
  }
}
"""
PREDICT = """
query Predict($query: String!, $limit: Int, $fields: [SearchableField!]) {
  predictiveSearch(query: $query, limit: $limit, searchableFields: $fields) {
    products { id } collections { id } pages { id } articles { id } queries { text styledText }
  }
}
"""
HOSTILE = [
    "", " ", "*", "?", "\\", '"', "''", "(", ")))", "-", "--", "AND", "OR OR", "NOT", "~", "lamp~2", "lamp^9",
    "[1 TO 2]", "/.*x/", "title:/(a+)+$/", "_exists_:title", "_id:1", "<script>alert(1)</script>",
    '{"query":{"match_all":{}}}', "${jndi:ldap://x/y}", "'; DROP TABLE catalog.product; --", "a\0b", "\0", "tag:\0",
    "\ud800", "lamp \udfff", "\x07\x1b[31m", "\u202elamp", "\u200b", "\ufeff", "\uffff", "\U0010ffff", "🪑",
    "\U0001f469\u200d\U0001f467 lamp", "e\u0301" * 300, "\u0301" * 900, "\u05de\u05e0", "\u0645\u0643 \u0627",
    "ﷺ" * 300, "ß" * 500, "İ" * 500, "1" * 999, "1e309", "NaN", "a" * SEARCH_QUERY_CHARS_MAX,
    "字" * SEARCH_QUERY_CHARS_MAX, " ".join("a" * 50),
    " ".join(["l*"] * 50), " OR ".join(["lamp"] * 50), "(" * 400 + "lamp" + ")" * 400,
    '"' + "a b " * 200 + '"', "lamp " + "-x " * 49, "vendor:" + ",".join("a" * 400), "variants.price:>" + "9" * 400,
    "variants.price:<-" + "9" * 400, "created_at:<'99999-01-01'", "id:gid://shopify/Product/x",
    "tag:'' title:'' sku:''",
    "price:>=-1", "%_%_%", "a:b:c:d",
]  # fmt: skip
REFUSED = ["x" * (SEARCH_QUERY_CHARS_MAX + 1), "x" * 10_000, "🪑" * 10_000, " ".join("a" * 51), " OR ".join("a" * 51)]


@pytest.fixture(params=["postgresql", "opensearch"])
async def hostile(shop: Shop, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """Return a shop with bulbs, searched by each engine; to fall back is no answer here."""
    monkeypatch.setattr(limits, "SEARCH_S_MAX", 20.0)
    monkeypatch.setattr(limits, "SUGGEST_S_MAX", 20.0)
    await furnish(shop)
    if request.param == "postgresql":
        yield shop
        return
    async with indexed(shop.resources, request.getfixturevalue("opensearch")) as index:
        shop.resources.services["opensearch"] = index.cluster
        yield shop


async def told(shop: Shop, document: str, **variables: Any) -> dict[str, Any]:
    """Run it; what has errors must be a refusal, and what has none an answer of the engine that was asked."""
    answer = await shop.run(document, variables)
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert codes <= REFUSALS, (variables, answer["errors"])
    told_engine = answer.get("extensions", {}).get("search")
    assert told_engine in (None, {"engine": engine_of(shop.resources).name}), (variables, told_engine)
    orjson.dumps(answer)  # nothing that could not be sent
    return answer


async def test_texts_of_any_kind(hostile: Shop) -> None:
    fields = ["TITLE", "TAG", "VENDOR", "PRODUCT_TYPE", "VARIANTS_SKU", "VARIANTS_BARCODE", "AUTHOR"]
    for number, query in enumerate(HOSTILE):
        assert "errors" not in await told(hostile, SEARCH, query=query, first=3)
        assert "errors" not in await told(hostile, PREDICT, query=query, fields=fields if number % 2 else None)


async def test_texts_that_are_too_much(shop: Shop) -> None:
    for query, document in combined(REFUSED, (SEARCH, PREDICT)):
        answer = await told(shop, document, query=query, first=3)
        assert "the limit is" in answer["errors"][0]["message"]


async def test_arguments_at_their_ends(hostile: Shop) -> None:
    edges: dict[str, tuple[Any, ...]] = {
        "sortKey": (None, "PRICE", "RELEVANCE"),
        "reverse": (None, True),
        "unavailableProducts": (None, "SHOW", "HIDE"),
        "types": (None, [], ["ARTICLE"], ["PRODUCT"] * 300),
    }
    for values in combined(*edges.values()):
        given_now = dict(zip(edges, values, strict=True))
        assert "errors" not in await told(hostile, SEARCH, query="bulb", first=2, prefix=None, **given_now)
        assert "errors" not in await told(hostile, SEARCH, query="", last=2, prefix="NONE", **given_now)


async def test_filters_at_their_ends(hostile: Shop) -> None:
    most = [
        [{"tag": f"t{number}"} for number in range(250)],
        [{"variantOption": {"name": f"o{number % 20}", "value": f"{number:04}" * 24}} for number in range(250)],
        [{"productMetafield": {"namespace": "a", "key": f"k{number % 20}", "value": "v"}} for number in range(250)],
        [{"variantMetafield": {"namespace": "a", "key": f"k{number % 20}", "value": "v"}} for number in range(250)],
        [{"price": {"min": number, "max": number + 1}} for number in range(250)],
        [{"price": {"min": 5, "max": 1}}], [{"price": {"min": -1e308, "max": 1e308}}], [{"price": {}}], [{}],
        [{"available": True}, {"available": False}], [{"productVendor": ""}, {"productType": "a\0b\u001f\ud800"}],
        [{"variantMetafield": {"namespace": "\0", "key": "\u001f", "value": "x" * 9_000}}], [{"tag": "'\"\\%_*🪑"}],
    ]  # fmt: skip
    for filters in most:
        assert "errors" not in await told(hostile, SEARCH, query="bulb", first=2, productFilters=filters)
    over = await told(hostile, SEARCH, query="bulb", first=2, productFilters=[{"tag": "x"}] * 251)
    assert "limit is 250" in over["errors"][0]["message"]
    many = [{"variantOption": {"name": f"o{number}", "value": "x"}} for number in range(FILTERED_FACETS_MAX + 1)]
    over = await told(hostile, SEARCH, query="bulb", first=2, productFilters=many)
    assert f"limit is {FILTERED_FACETS_MAX}" in over["errors"][0]["message"]
    long = [{"tag": "x" * FILTER_CHARS_MAX}]
    assert "errors" not in await told(hostile, SEARCH, query="bulb", first=2, productFilters=long)
    over = await told(hostile, SEARCH, query="bulb", first=2, productFilters=[*long, {"tag": "y"}])
    assert f"limit is {FILTER_CHARS_MAX}" in over["errors"][0]["message"]


async def test_the_largest_page_with_everything(hostile: Shop) -> None:
    for at in ("first", "last"):
        answer = await told(hostile, SEARCH, query="", **{at: 250})
        assert len(answer["data"]["search"]["edges"]) > 60
    wide = SEARCH.replace(
        "... on Product { id title }", "... on Product { variants(first: 250) { nodes { id price { amount } } } }"
    )
    refused = await told(hostile, wide, query="bulb", first=250)
    assert refused["errors"][0]["extensions"]["code"] == "COST_LIMIT_EXCEEDED"


async def test_forged_cursors(hostile: Shop) -> None:
    whole = (await told(hostile, SEARCH, query="bulb", first=70))["data"]["search"]["edges"]
    real = [whole[3]["cursor"], whole[61]["cursor"], whole[66]["cursor"]]
    engines = ("postgresql", "opensearch", "content", "nobody", "", "x" * 5_000)
    positions = (0, 5, 10_001, 2**31, 2**62, -1, True, 1.5, "1")
    values: tuple[list[Any], ...] = (
        [], [0], [1.0, uid("mug")], ["words", 1.0, uid("mug").hex], ["words", 1e38, "f" * 32], ["words", "1", "\0"],
        ["typos", 10**18, 10**18, "0" * 32], [0, 0, 1, -1, uid("mug")], [0, 0, 1, 10**18, uid("mug")],
        [True, 0.5, "a", uid("mug")], [0] * 12, ["\0"], ["x" * 5_000],
    )  # fmt: skip
    forged = [
        encode_cursor([kind, engine, position, snapshot, *rest])
        for kind, engine, position, snapshot, rest in [
            *combined(("PRODUCT", "PAGE"), engines, (5,), ("",), values),
            *combined(
                ("PRODUCT", "ARTICLE", "COLLECTION", 1), ("postgresql", "opensearch"), positions, ("",), ([], [1.0])
            ),
            *combined(("PRODUCT",), ("opensearch",), (5,), ("0123456789abcdef", "x" * 9_000, "\0" * 16, 7), values[:4]),
        ]
    ] + ["", "x", "W10", "bnVsbA", encode_cursor([]), encode_cursor(["PRODUCT"]), "A" * 100_000]
    for number, cursor in enumerate((*real, *forged)):
        how = {"sortKey": ("RELEVANCE", "PRICE")[number % 2], "reverse": number % 3 == 0}
        places = (
            {"first": 3, "after": cursor, **how},
            {"last": 3, "before": cursor},
            {"first": 3, "after": real[number % 2], "before": cursor},
        )
        await told(hostile, SEARCH, query="bulb", **places[number // 2 % 3])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.one_of(st.text(max_size=60), st.text("abl*-\"'():<>= \\ORNT~é🪑", max_size=60)), prefix=st.booleans())
async def test_any_text_at_all(hostile: Shop, query: str, prefix: bool) -> None:
    assert "errors" not in await told(hostile, SEARCH, query=query, first=3, prefix="LAST" if prefix else "NONE")
    assert "errors" not in await told(hostile, PREDICT, query=query)
