"""Merchandising's use cases: products with prices and stock, collections with rules on prices, product files."""

from commerce_graph.merchandising.rules import Problem, WrongHeader
from commerce_graph.merchandising.service.collection import NewRule, create_collection, update_collection
from commerce_graph.merchandising.service.csv_import import ImportReport, import_products
from commerce_graph.merchandising.service.prices import ContextualPrice, PriceWish
from commerce_graph.merchandising.service.product import (
    Goods,
    Quantity,
    identified,
    set_product,
    set_variants,
    update_variants,
)

__all__ = [
    "ContextualPrice", "Goods", "ImportReport", "NewRule", "PriceWish", "Problem", "Quantity", "WrongHeader",
    "create_collection", "identified", "import_products", "set_product", "set_variants", "update_collection",
    "update_variants",
]  # fmt: skip
