"""Merchandising's decisions, pure: amounts, weights, and the rows of a product file."""

from commerce_graph.merchandising.rules.amounts import GRAMS, price_minor, weight_g
from commerce_graph.merchandising.rules.sheet import (
    COLUMNS,
    BadRow,
    Header,
    Picture,
    Problem,
    ProductCells,
    Row,
    VariantCells,
    WrongHeader,
    handle_in,
    read_header,
    read_row,
)

__all__ = [
    "COLUMNS", "GRAMS", "BadRow", "Header", "Picture", "Problem", "ProductCells", "Row", "VariantCells", "WrongHeader",
    "handle_in", "price_minor", "read_header", "read_row", "weight_g",
]  # fmt: skip
