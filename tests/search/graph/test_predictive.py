"""`predictiveSearch`: all kinds within a limit, by their beginnings, by each engine."""

from typing import Any

import pytest

from commerce_graph.search.service.popularity import store_labels
from tests.search.graph.conftest import ARTICLES, PAGES
from tests.search.test_popularity import make_popular
from tests.shop import Shop

PREDICT = """
query Predict(
  $query: String!, $limit: Int, $limitScope: PredictiveSearchLimitScope, $types: [PredictiveSearchType!]
  $searchableFields: [SearchableField!], $unavailableProducts: SearchUnavailableProductsType
) {
  predictiveSearch(
    query: $query, limit: $limit, limitScope: $limitScope, types: $types, searchableFields: $searchableFields
    unavailableProducts: $unavailableProducts
  ) {
    products { handle } collections { handle } pages { handle } articles { handle }
    queries { text styledText trackingParameters }
  }
}
"""


async def predict(shop: Shop, query: str, token: str = "storefront", **variables: Any) -> Any:
    return (await shop.data(PREDICT, {"query": query, **variables}, token))["predictiveSearch"]


def handles(found: list[dict[str, str]]) -> list[str]:
    return [each["handle"] for each in found]


@pytest.mark.parametrize("limit", [-1, 0, 11])
async def test_a_limit_out_of_range_is_refused(shop: Shop, limit: int) -> None:
    answer = await shop.run(PREDICT, {"query": "lamp", "limit": limit})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_nothing_typed_predicts_nothing(shop: Shop) -> None:
    for query in ("", "  ", "!!"):
        assert not any((await predict(shop, query)).values())


async def test_kinds_share_a_limit_fairly(searched: Shop) -> None:
    await store_labels(searched.resources)
    await make_popular(searched.database, "bulb holder", times=9)
    await make_popular(searched.database, "bulbs", times=3)
    found = await predict(searched, "bul")
    assert [len(found[kind]) for kind in ("queries", "products", "collections", "pages", "articles")] == [3, 3, 0, 2, 2]
    assert found["queries"][0] == {
        "text": "bulb holder",
        "styledText": "<mark>bul</mark><span>b holder</span>",
        "trackingParameters": None,
    }
    few = await predict(searched, "bul", limit=2)
    assert sum(map(len, few.values())) == 2


async def test_each_kind_has_its_limit(searched: Shop) -> None:
    found = await predict(searched, "bul", limit=3, limitScope="EACH")
    assert len(found["products"]) == 3
    assert len(found["pages"]) == 3
    found = await predict(searched, "bul", limitScope="EACH", types=["PAGE", "ARTICLE"])
    assert (len(found["pages"]), len(found["articles"]), found["products"]) == (PAGES, ARTICLES, [])
    assert handles((await predict(searched, "summ", types=["COLLECTION"]))["collections"]) == ["summer"]


async def test_words_in_some_fields(searched: Shop) -> None:
    async def found(query: str, *fields: str) -> set[str]:
        wanted = {"types": ["PRODUCT"], "searchableFields": list(fields)}
        return set(handles((await predict(searched, query, **wanted))["products"]))

    assert await found("atel") == await found("atel", "VENDOR") == {"print", "guide"}
    assert await found("atel", "TITLE") == set()
    assert await found("stone", "TITLE", "TAG") == {"mug"}
    assert await found("mug-var", "VARIANTS_SKU") == {"mug"}
    assert await found("linen", "VARIANTS_BARCODE") == set()
    assert await found("linen shi", "TITLE") == {"shirt"}


async def test_typos_unavailable_and_drafts(searched: Shop) -> None:
    assert handles((await predict(searched, "lihnen", types=["PRODUCT"]))["products"]) == ["shirt"]
    assert handles((await predict(searched, "desk la", types=["PRODUCT"]))["products"]) == ["lamp"]
    hidden = await predict(searched, "desk la", types=["PRODUCT"], unavailableProducts="HIDE")
    assert hidden["products"] == []
    assert (await predict(searched, "secret ch", types=["PRODUCT"]))["products"] == []
    assert handles((await predict(searched, "secret ch", "merchant", types=["PRODUCT"]))["products"]) == ["chair"]


async def test_only_what_is_selected_is_looked_for(furnished: Shop) -> None:
    document = '{ predictiveSearch(query: "bul", limitScope: EACH) { queries { text } } }'
    await furnished.data(document)
    seen = await furnished.statements(document)
    assert not any("catalog." in each or "content." in each for each in seen)


async def test_statements_do_not_grow_with_what_is_found(searched: Shop) -> None:
    await predict(searched, "bul")
    of = {}
    for limit in (1, 10):
        given = {"query": "bul", "limit": limit, "limitScope": "EACH"}
        of[limit] = len(await searched.statements(PREDICT, given))
    assert of[1] == of[10]
