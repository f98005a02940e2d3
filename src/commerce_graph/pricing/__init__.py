"""Markets, prices and taxes."""

from commerce_graph.kernel.module import Module
from commerce_graph.pricing import loaders, service
from commerce_graph.pricing.graph import ProductPricing, ProductVariantPricing, Query

module = Module(
    name="pricing",
    query=Query,
    extends=(ProductPricing, ProductVariantPricing),
    services=(("markets_for", service.markets_for), ("shown_prices", loaders.shown_prices)),
)
