"""A page of products with what its variants cost and whether they can be bought: the statements are counted."""

from tests.shop import Shop

LISTING = """query($first: Int!, $country: CountryCode) @inContext(country: $country) {
  products(first: $first) { nodes {
  priceRange { minVariantPrice { amount } } compareAtPriceRange { maxVariantPrice { amount } }
  availableForSale totalInventory
  variants(first: 10) { nodes { price { amount } compareAtPrice { amount } availableForSale quantityAvailable
    currentlyNotInStock } } } } }"""


async def test_a_listing_asks_for_the_market_ranges_prices_and_two_stocks(shop: Shop) -> None:
    for first in (1, 5):
        seen = await shop.statements(LISTING, {"first": first, "country": "US"})
        assert len([sql for sql in seen if "pricing." in sql]) == 3
        assert len([sql for sql in seen if "inventory." in sql]) == 2
        assert len(seen) <= 8
