"""Prices, markets and the shop in the graph."""

from strawberry.tools import merge_types

from commerce_graph.pricing.graph.localization import LocalizationQuery
from commerce_graph.pricing.graph.market import MarketQuery
from commerce_graph.pricing.graph.price import ProductPricing, ProductVariantPricing
from commerce_graph.pricing.graph.shop import ShopQuery

Query = merge_types("Query", (LocalizationQuery, MarketQuery, ShopQuery))

__all__ = ["ProductPricing", "ProductVariantPricing", "Query"]
