"""What merchants edit of the catalogue, prices and stock at once."""

from commerce_graph.kernel.module import Module
from commerce_graph.keys import CollectionKey, ProductKey, ProductVariantKey
from commerce_graph.merchandising.graph import MerchandisingMutation

module = Module(
    name="merchandising",
    mutation=MerchandisingMutation,
    refers=(ProductKey, ProductVariantKey, CollectionKey),
)
