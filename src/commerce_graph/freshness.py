"""Which facts and tables change what shoppers are shown, and the tags of the answers that show it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from commerce_graph.events import AnswersChanged
from commerce_graph.kernel.caching import EVERYTHING, Invalidation, Store, Watched

PRODUCT_FACTS = frozenset({"ProductChanged", "PricesChanged", "StockChanged"})
CATALOGUE_FACTS = PRODUCT_FACTS | {"CollectionChanged"}
FACTS = (*sorted(CATALOGUE_FACTS), "AnswersChanged")
"""Facts that change answers."""


def tags_of_fact(kind: str, payload: Mapping[str, Any]) -> set[str]:
    """Return the tags of answers that a fact makes old: of the thing itself, and of lists it may be in."""
    if kind == "AnswersChanged":
        return set(payload["tags"])
    if kind in PRODUCT_FACTS:
        return {"Product", _tag("Product", payload["product_id"])}
    if kind == "CollectionChanged":
        moved = {_tag("Product", each) for each in payload["product_ids"]}
        return {"Collection", _tag("Collection", payload["collection_id"]), *moved}
    return set()


def _tag(kind: str, key: UUID | str) -> str:
    return f"{kind}-{UUID(str(key)).hex}"


_CATALOGUE = Watched(CATALOGUE_FACTS, ("Product", "Collection"))
_SETTINGS = Watched(frozenset(), (EVERYTHING,))

TABLES: Mapping[str, Watched] = {
    **dict.fromkeys(
        ("catalog.product", "catalog.variant", "catalog.media", "catalog.metafield", "catalog.publication",
         "catalog.product_price", "catalog.collection", "catalog.collection_product", "catalog.collection_publication",
         "pricing.price"),
        _CATALOGUE,
    ),
    **dict.fromkeys(
        ("catalog.channel", "catalog.metafield_definition", "pricing.market", "pricing.market_country",
         "pricing.market_language", "pricing.shop", "pricing.tax_rate"),
        _SETTINGS,
    ),
    "content.page": Watched(frozenset(), ("Page",)),
    "content.blog": Watched(frozenset(), ("Blog",)),
    "content.article": Watched(frozenset(), ("Article",)),
}  # fmt: skip
"""Tables that cached answers show. How many there are in stock is shown by no cached answer: a level tells a fact only
where something became or ceased to be for sale."""


def invalidation(store: Store) -> Invalidation:
    """Return what watches a shop's transactions."""
    return Invalidation(store, tags_of_fact, TABLES, AnswersChanged)
