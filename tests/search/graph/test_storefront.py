"""Documents of the shape that Hydrogen's search page and its search box send, and the facets of a collection's page."""

from commerce_graph.search.service import engine_of
from tests.shop import Shop

PAGE = """
fragment FoundProduct on Product {
  __typename handle id publishedAt title trackingParameters vendor
  selectedOrFirstAvailableVariant(selectedOptions: [], ignoreUnknownOptions: true, caseInsensitiveMatch: true) {
    id
    image { url altText width height }
    price { amount currencyCode }
    compareAtPrice { amount currencyCode }
    selectedOptions { name value }
    product { handle title }
  }
}
fragment FoundPage on Page { __typename handle id title trackingParameters }
fragment FoundArticle on Article { __typename handle id title trackingParameters }
fragment Where on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }
query SearchPage(
  $country: CountryCode, $language: LanguageCode, $term: String!
  $first: Int, $last: Int, $startCursor: String, $endCursor: String
) @inContext(country: $country, language: $language) {
  articles: search(query: $term, types: [ARTICLE], first: $first) { nodes { ... on Article { ...FoundArticle } } }
  pages: search(query: $term, types: [PAGE], first: $first) { nodes { ... on Page { ...FoundPage } } }
  products: search(
    after: $endCursor, before: $startCursor, first: $first, last: $last, query: $term, sortKey: RELEVANCE
    types: [PRODUCT], unavailableProducts: HIDE
  ) { nodes { ... on Product { ...FoundProduct } } pageInfo { ...Where } }
}
"""
BOX = """
fragment Picture on Image { url altText width height }
query SearchBox(
  $country: CountryCode, $language: LanguageCode, $term: String!, $limit: Int!
  $limitScope: PredictiveSearchLimitScope!, $types: [PredictiveSearchType!]
) @inContext(country: $country, language: $language) {
  predictiveSearch(limit: $limit, limitScope: $limitScope, query: $term, types: $types) {
    articles { __typename id title handle blog { handle } image { ...Picture } trackingParameters }
    collections { __typename id title handle image { ...Picture } trackingParameters }
    pages { __typename id title handle trackingParameters }
    products {
      __typename id title handle trackingParameters
      selectedOrFirstAvailableVariant(selectedOptions: [], ignoreUnknownOptions: true, caseInsensitiveMatch: true) {
        id image { ...Picture } price { amount currencyCode }
      }
    }
    queries { __typename text styledText trackingParameters }
  }
}
"""
COLLECTION = """
query CollectionPage($filters: [ProductFilter!]) {
  collection(handle: "summer") {
    products(first: 5, filters: $filters) { nodes { handle } filters { id values { label count input } } }
  }
}
"""


async def test_the_search_page(searched: Shop) -> None:
    told = await searched.data(PAGE, {"term": "bulb", "first": 8, "country": "US", "language": "EN"})
    assert [len(told[kind]["nodes"]) for kind in ("articles", "pages", "products")] == [5, 4, 8]
    price = told["products"]["nodes"][0]["selectedOrFirstAvailableVariant"]["price"]
    assert price["currencyCode"] == "USD"
    at = told["products"]["pageInfo"]
    assert at["hasNextPage"] is True
    more = await searched.data(PAGE, {"term": "bulb", "first": 8, "endCursor": at["endCursor"]})
    back = await searched.data(
        PAGE.replace("first: $first)", "first: 1)"),
        {"term": "bulb", "last": 8, "startCursor": more["products"]["pageInfo"]["startCursor"]},
    )
    assert [each["handle"] for each in back["products"]["nodes"]] == [
        each["handle"] for each in told["products"]["nodes"]
    ]


async def test_the_search_box(searched: Shop) -> None:
    given = {"term": "bul", "limit": 4, "limitScope": "EACH", "country": "DE", "language": "DE"}
    told = (await searched.data(BOX, given))["predictiveSearch"]
    assert [len(told[kind]) for kind in ("products", "pages", "articles")] == [4, 4, 4]
    assert told["articles"][0]["blog"] == {"handle": "news"}


async def test_the_facets_of_a_collection(searched: Shop) -> None:
    answer = await searched.run(COLLECTION, {"filters": [{"variantOption": {"name": "Size", "value": "S"}}]})
    assert answer["extensions"]["search"]["engine"] == engine_of(searched.resources).name
    products = answer["data"]["collection"]["products"]
    assert [each["handle"] for each in products["nodes"]] == ["shirt"]
    facets = {facet["id"]: facet["values"] for facet in products["filters"]}
    assert [(value["label"], value["count"]) for value in facets["filter.v.option.size"]] == [("M", 1), ("S", 1)]
    assert [(value["label"], value["count"]) for value in facets["filter.p.product_type"]] == [("Shirt", 1)]
