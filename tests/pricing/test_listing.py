"""A page of products with what its variants cost and whether they can be bought: the statements are counted."""

from sqlalchemy import delete

from commerce_graph.kernel.database import Database
from commerce_graph.pricing.tables import price
from tests.shop import Shop, uid

LISTING = """query($first: Int!, $country: CountryCode) @inContext(country: $country) {
  products(first: $first) { nodes {
  priceRange { minVariantPrice { amount } } compareAtPriceRange { maxVariantPrice { amount } }
  availableForSale totalInventory
  variants(first: 10) { nodes { price { amount } compareAtPrice { amount } availableForSale quantityAvailable
    currentlyNotInStock } } } } }"""


async def test_a_listing_asks_for_ranges_prices_and_two_stocks(shop: Shop) -> None:
    for first in (1, 5):
        seen = await shop.statements(LISTING, {"first": first, "country": "US"})
        assert len([sql for sql in seen if "pricing." in sql]) == 2
        assert len([sql for sql in seen if "inventory." in sql]) == 2
        assert len(seen) <= 6


FOR_SALE = """query($country: CountryCode) @inContext(country: $country) {
  product(handle: "shirt") { availableForSale variants(first: 9) { nodes { title availableForSale } } } }"""


async def test_what_has_no_price_in_a_market_is_not_for_sale_there(shop: Shop, database: Database) -> None:
    async def for_sale(country: str) -> tuple[bool, set[str]]:
        found = (await shop.data(FOR_SALE, {"country": country}))["product"]
        return found["availableForSale"], {v["title"] for v in found["variants"]["nodes"] if v["availableForSale"]}

    async def unprice(*names: str) -> None:
        keys = [uid(f"shirt-{name}") for name in names]
        async with database.begin() as tx:
            await tx.execute(delete(price).where(price.c.market_id == uid("us"), price.c.variant_id.in_(keys)))

    every = {"S / White", "S / Blue", "M / White", "M / Blue"}
    assert await for_sale("US") == (True, every)
    await unprice("S-White")
    assert await for_sale("US") == (True, every - {"S / White"})
    await unprice("S-Blue", "M-White", "M-Blue")
    assert await for_sale("US") == (False, set())
    assert await for_sale("DE") == (True, every)
