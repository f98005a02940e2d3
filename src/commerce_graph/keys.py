"""Every entity of the graph as its key. A domain points at another's entity only by this."""

from commerce_graph.kernel.graph import EntityKey, key


@key("Product", "A product: what is sold, in one or more variants.")
class ProductKey(EntityKey):
    """The key of a product."""


@key("ProductVariant", "One version of a product, such as a size and colour; what a shopper buys.")
class ProductVariantKey(EntityKey):
    """The key of a variant."""


@key("Collection", "A group of products, picked by hand or by rules.")
class CollectionKey(EntityKey):
    """The key of a collection."""


@key("Page", "A page that the shop publishes, such as its story or its shipping terms.")
class PageKey(EntityKey):
    """The key of a page."""


@key("Blog", "A series of articles.")
class BlogKey(EntityKey):
    """The key of a blog."""


@key("Article", "An article of a blog.")
class ArticleKey(EntityKey):
    """The key of an article."""


@key("Location", "A place that holds stock.")
class LocationKey(EntityKey):
    """The key of a location."""


@key("InventoryItem", "What is counted in stock; there is one for each variant.")
class InventoryItemKey(EntityKey):
    """The key of an inventory item; the same UUID as its variant's."""


@key("Customer", "A person who buys from the shop.")
class CustomerKey(EntityKey):
    """The key of a customer."""


@key("Cart", "What a shopper means to buy.")
class CartKey(EntityKey):
    """The key of a cart. Its global id is a capability."""


@key("Order", "A purchase that was placed.")
class OrderKey(EntityKey):
    """The key of an order. For a guest its global id is a capability."""


@key("GiftCard", "A gift card: money of a buyer's that pays for orders.")
class GiftCardKey(EntityKey):
    """The key of a gift card."""


@key("DiscountCodeNode", "A discount that codes bring.")
class DiscountCodeNodeKey(EntityKey):
    """The key of a discount with codes."""


@key("DiscountAutomaticNode", "A discount that applies by itself.")
class DiscountAutomaticNodeKey(EntityKey):
    """The key of an automatic discount."""
