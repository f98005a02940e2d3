"""The catalogue's use cases, and the only door to it for other domains."""

from commerce_graph.catalog.service.merchandise import Merchandise, merchandise, variant_ids_of
from commerce_graph.catalog.service.product import (
    NewMedia,
    NewProduct,
    NewVariant,
    SavedProduct,
    save_product,
    update_variants,
)
from commerce_graph.catalog.service.read_models import note_availability, note_price_ranges, note_sales

__all__ = [
    "Merchandise", "NewMedia", "NewProduct", "NewVariant", "SavedProduct", "merchandise", "note_availability",
    "note_price_ranges", "note_sales", "save_product", "update_variants", "variant_ids_of",
]  # fmt: skip
