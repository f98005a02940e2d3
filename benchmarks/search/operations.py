"""What is asked: a search page and the suggestions of a search box as Hydrogen sends them, and shoppers' words."""

from collections.abc import Sequence
from typing import Any

from commerce_graph.demo.catalogue import Catalogue
from commerce_graph.demo.dice import Dice

HITS = 24
SUGGESTIONS = 10
QUERIES = 500
"""How many different texts are asked in turn, so that no cache has seen them all a moment ago."""

_VARIANT = """
      selectedOrFirstAvailableVariant(selectedOptions: [], ignoreUnknownOptions: true, caseInsensitiveMatch: true) {
        id
        image { url altText width height }
        price { amount currencyCode }
        compareAtPrice { amount currencyCode }
        selectedOptions { name value }
        product { handle title }
      }
"""

PAGE = f"""
query Search($term: String!, $first: Int!, $country: CountryCode, $language: LanguageCode)
    @inContext(country: $country, language: $language) {{
  search(query: $term, first: $first, types: [PRODUCT], sortKey: RELEVANCE, unavailableProducts: LAST) {{
    totalCount
    nodes {{
      __typename
      ... on Product {{
      id handle title publishedAt trackingParameters vendor
{_VARIANT}
      }}
    }}
    productFilters {{ id label type values {{ id label count input }} }}
    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
  }}
}}
"""

SUGGEST = """
query Predict($term: String!, $limit: Int!, $country: CountryCode, $language: LanguageCode)
    @inContext(country: $country, language: $language) {
  predictiveSearch(query: $term, limit: $limit, limitScope: EACH) {
    products {
      __typename id title handle trackingParameters
      selectedOrFirstAvailableVariant(selectedOptions: [], ignoreUnknownOptions: true, caseInsensitiveMatch: true) {
        id image { url altText width height } price { amount currencyCode }
      }
    }
    collections { __typename id title handle image { url altText width height } trackingParameters }
    pages { __typename id title handle trackingParameters }
    articles { __typename id title handle trackingParameters }
    queries { __typename text styledText trackingParameters }
  }
}
"""

LIST = """
query List($term: String!, $first: Int!, $country: CountryCode, $language: LanguageCode)
    @inContext(country: $country, language: $language) {
  search(query: $term, first: $first, types: [PRODUCT]) {
    totalCount
    nodes {
      ... on Product {
        id title handle description
        featuredImage { url }
        priceRange { minVariantPrice { amount currencyCode } maxVariantPrice { amount currencyCode } }
      }
    }
  }
}
"""
"""What Vendure's search answers with: of each hit its name, slug, description, picture and range of prices."""

DOCUMENTS = {"search page": PAGE, "predictive search": SUGGEST, "search list": LIST}
BESIDE_THE_NODE = ("search page", "predictive search")
BESIDE_VENDURE = ("search list", "search page")


def texts(products: int, count: int = QUERIES) -> Sequence[str]:
    """Return what shoppers of the demo shop look for: kinds, with makers, colours or stuff, some with a typo."""
    catalogue = Catalogue(products)
    made: dict[str, None] = {}
    number = 0
    while len(made) < count and number < count * 20:
        dice = Dice("benchmark search", number)
        number += 1
        product = catalogue.product(dice.below(products))
        noun, modifier = product.words["noun"].lower(), product.words["modifier"].lower()
        colors = [value.lower() for name, values in product.options if name == "Color" for value in values]
        forms = [
            noun, f"{modifier} {noun}", f"{modifier} {noun}", f"{product.vendor.lower()} {noun}",
            f"{dice.pick(colors)} {noun}" if colors else noun, f"{product.words['series'].lower()} {noun}",
            f"{dice.pick(colors)} {modifier} {noun}" if colors else f"{modifier} {noun}s",
        ]  # fmt: skip
        text = dice.pick(forms)
        if dice.chance(10) and len(noun) > 4:
            at = dice.between(1, len(noun) - 2)
            text = text.replace(noun, noun[:at] + noun[at + 1 :])
        made[text] = None
    return list(made)


def variables(operation: str, text: str) -> dict[str, Any]:
    """Return the variables of an operation. Who gets suggestions has not written the last word to its end."""
    where = {"country": "DE", "language": "EN"}
    if operation != "predictive search":
        return {"term": text, "first": HITS, **where}
    typed = text[: max(3, len(text) * 2 // 3)].rstrip()
    return {"term": typed, "limit": SUGGESTIONS, **where}
