"""Prices, markets and the shop in the graph: what a shopper sees by country and language."""

from typing import Any

import pytest
from sqlalchemy import delete, insert

from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.database import Database
from commerce_graph.pricing.tables import market, price
from tests.shop import Shop, gid, uid

VARIANTS = """query($of: [_Any!]!, $country: CountryCode) @inContext(country: $country) {
  _entities(representations: $of) { ... on ProductVariant {
    price { amount currencyCode } priceV2 { amount } compareAtPrice { amount currencyCode } compareAtPriceV2 { amount }
    unitPrice { amount } unitPriceMeasurement { quantityValue }
    contextualPricing(context: {country: JP}) { price { amount currencyCode } compareAtPrice { amount } }
  } }
}"""
PRODUCTS = """query($of: [_Any!]!, $country: CountryCode) @inContext(country: $country) {
  _entities(representations: $of) { ... on Product {
    priceRange { minVariantPrice { amount currencyCode } maxVariantPrice { amount } }
    compareAtPriceRange { minVariantPrice { amount } maxVariantPrice { amount currencyCode } }
  } }
}"""


def of(kind: str, *names: str) -> list[dict[str, str]]:
    """Return the representations of entities of the test shop."""
    return [{"__typename": kind, "id": gid(kind, name)} for name in names]


async def variants(shop: Shop, *names: str, country: str | None = None) -> Any:
    answer = await shop.data(VARIANTS, {"of": of("ProductVariant", *names), "country": country})
    return answer["_entities"]


async def products(shop: Shop, *names: str, country: str | None = None) -> Any:
    return (await shop.data(PRODUCTS, {"of": of("Product", *names), "country": country}))["_entities"]


async def forget(database: Database, *markets: str, product: str = "mug") -> None:
    async with database.begin() as tx:
        mine = delete(price).where(price.c.product_id == uid(product))
        await tx.execute(mine.where(price.c.market_id.in_([uid(name) for name in markets])))


async def test_the_market_in_context_prices_a_variant(shop: Shop) -> None:
    (shirt,) = await variants(shop, "shirt-S-White", country="US")
    assert shirt == {
        "price": {"amount": "55.00", "currencyCode": "USD"},
        "priceV2": {"amount": "55.00"},
        "compareAtPrice": {"amount": "65.00", "currencyCode": "USD"},
        "compareAtPriceV2": {"amount": "65.00"},
        "unitPrice": None,
        "unitPriceMeasurement": None,
        "contextualPricing": {
            "price": {"amount": "8000", "currencyCode": "JPY"},
            "compareAtPrice": {"amount": "9000"},
        },
    }
    (mug,) = await variants(shop, "mug-variant")
    assert (mug["price"], mug["compareAtPrice"]) == ({"amount": "18.00", "currencyCode": "EUR"}, None)


async def test_the_market_in_context_prices_a_product(shop: Shop, database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(
            insert(price).values(
                market_id=uid("eu"),
                variant_id=new_id(),
                product_id=uid("mug"),
                amount_minor=2500,
                compare_at_minor=2600,
            )
        )
    shirt, mug = await products(shop, "shirt", "mug")
    assert shirt["priceRange"]["minVariantPrice"] == {"amount": "49.00", "currencyCode": "EUR"}
    assert shirt["compareAtPriceRange"]["maxVariantPrice"] == {"amount": "59.00", "currencyCode": "EUR"}
    assert mug["priceRange"] == {
        "minVariantPrice": {"amount": "18.00", "currencyCode": "EUR"},
        "maxVariantPrice": {"amount": "25.00"},
    }
    assert mug["compareAtPriceRange"]["minVariantPrice"] == {"amount": "26.00"}
    (mug,) = await products(shop, "mug", country="US")
    assert mug["compareAtPriceRange"]["maxVariantPrice"] == {"amount": "0.00", "currencyCode": "USD"}


async def test_without_a_price_in_the_market_the_primary_one_is_shown_in_its_currency(
    shop: Shop, database: Database
) -> None:
    await forget(database, "us")
    (variant,) = await variants(shop, "mug-variant", country="US")
    assert variant["price"] == {"amount": "18.00", "currencyCode": "EUR"}
    (product,) = await products(shop, "mug", country="US")
    assert product["priceRange"]["minVariantPrice"] == {"amount": "18.00", "currencyCode": "EUR"}


@pytest.mark.parametrize("kind", ["ProductVariant", "Product"])
async def test_without_any_price_there_is_an_error_for_that_one_alone(
    shop: Shop, database: Database, kind: str
) -> None:
    await forget(database, "us", "eu")
    names = ("mug-variant", "shirt-S-White") if kind == "ProductVariant" else ("mug", "shirt")
    document = VARIANTS if kind == "ProductVariant" else PRODUCTS
    answer = await shop.run(document, {"of": of(kind, *names), "country": "US"})
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"PRICE_NOT_SET"}
    assert answer["data"]["_entities"][0] is None
    assert answer["data"]["_entities"][1] is not None


async def test_statements_do_not_grow_with_the_parents(shop: Shop) -> None:
    names = [f"shirt-{size}-{color}" for size in "SM" for color in ("White", "Blue")]
    for some in (names[:1], names):
        seen = await shop.statements(VARIANTS, {"of": of("ProductVariant", *some), "country": "US"})
        # The prices of each of two countries.
        assert len([sql for sql in seen if "pricing." in sql]) <= 2
    for some in (["shirt"], ["shirt", "mug", "lamp"]):
        seen = await shop.statements(PRODUCTS, {"of": of("Product", *some), "country": "US"})
        assert len([sql for sql in seen if "pricing." in sql]) == 1


LOCALIZATION = """query($country: CountryCode, $language: LanguageCode)
@inContext(country: $country, language: $language) {
  localization {
    country { isoCode name unitSystem currency { isoCode name symbol } market { handle }
              defaultLanguage { isoCode } availableLanguages { isoCode } }
    language { isoCode name endonymName }
    market { id handle }
    availableCountries { isoCode name currency { isoCode } }
    availableLanguages { isoCode endonymName }
  }
}"""


async def localization(shop: Shop, country: str | None = None, language: str | None = None) -> Any:
    return (await shop.data(LOCALIZATION, {"country": country, "language": language}))["localization"]


async def test_localization_speaks_the_language_asked_for(shop: Shop) -> None:
    found = await localization(shop, "AT", "DE")
    assert found["country"] == {
        "isoCode": "AT",
        "name": "Österreich",
        "unitSystem": "METRIC_SYSTEM",
        "currency": {"isoCode": "EUR", "name": "Euro", "symbol": "€"},
        "market": {"handle": "eu"},
        "defaultLanguage": {"isoCode": "EN"},
        "availableLanguages": [{"isoCode": "DE"}, {"isoCode": "EN"}, {"isoCode": "FR"}],
    }
    assert found["language"] == {"isoCode": "DE", "name": "Deutsch", "endonymName": "Deutsch"}
    assert found["market"] == {"id": gid("Market", "eu"), "handle": "eu"}
    assert [country["name"] for country in found["availableCountries"]] == [
        "Deutschland", "Frankreich", "Japan", "Vereinigte Staaten", "Österreich",
    ]  # fmt: skip
    assert {"isoCode": "FR", "endonymName": "français"} in found["availableLanguages"]


async def test_a_language_or_country_that_is_not_served_gets_the_default(shop: Shop) -> None:
    found = await localization(shop, "US", "DE")
    assert (found["country"]["unitSystem"], found["language"]["isoCode"]) == ("IMPERIAL_SYSTEM", "EN")
    found = await localization(shop, "BR")
    assert (found["country"]["isoCode"], found["market"]["handle"]) == ("DE", "eu")
    found = await localization(shop)
    assert (found["country"]["isoCode"], found["language"]["isoCode"]) == ("DE", "EN")
    found = await localization(shop, "JP")
    assert (found["language"]["isoCode"], found["country"]["currency"]["symbol"]) == ("JA", "￥")


async def test_localization_takes_two_statements(shop: Shop) -> None:
    assert len(await shop.statements(LOCALIZATION, {"country": "US"})) == 2


SHOP = """{ shop {
  id name description moneyFormat shipsToCountries currencyCode
  primaryDomain { host url sslEnabled }
  paymentSettings { currencyCode countryCode enabledPresentmentCurrencies acceptedCardBrands
                    supportedDigitalWallets shopifyPaymentsAccountId }
  privacyPolicy { title } refundPolicy { body } shippingPolicy { url } termsOfService { handle } legalNotice { id }
  subscriptionPolicy { title }
} }"""


async def test_the_shop(shop: Shop) -> None:
    found = (await shop.data(SHOP))["shop"]
    assert found["id"].startswith("gid://shopify/Shop/")
    assert (found["name"], found["description"], found["currencyCode"]) == ("Test Shop", "A shop for tests", "EUR")
    assert found["moneyFormat"] == "{{amount_with_comma_separator}} €"
    assert found["shipsToCountries"] == ["AT", "DE", "FR", "JP", "US"]
    assert found["primaryDomain"] == {"host": "shop.test", "url": "http://shop.test", "sslEnabled": False}
    settings = found["paymentSettings"]
    assert (settings["currencyCode"], settings["countryCode"]) == ("EUR", "DE")
    assert settings["enabledPresentmentCurrencies"] == ["EUR", "JPY", "USD"]
    assert settings["supportedDigitalWallets"] == []
    assert found["privacyPolicy"] is None
    assert len(await shop.statements(SHOP)) == 2


MARKETS = """query($first: Int, $after: String) { markets(first: $first, after: $after) {
  nodes { id handle name primary currencySettings {
    baseCurrency { currencyCode currencyName enabled } localCurrencies } }
  pageInfo { hasNextPage endCursor }
} }"""


async def test_markets_are_for_merchants(shop: Shop) -> None:
    denied = await shop.run(MARKETS, {"first": 2})
    assert denied["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    denied = await shop.run("{ localization { market { name } } }")
    assert denied["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_markets_by_page(shop: Shop) -> None:
    found = (await shop.data(MARKETS, {"first": 2}, "merchant"))["markets"]
    assert found["nodes"][0] == {
        "id": gid("Market", "eu"),
        "handle": "eu",
        "name": "Europe",
        "primary": True,
        "currencySettings": {
            "baseCurrency": {"currencyCode": "EUR", "currencyName": "Euro", "enabled": True},
            "localCurrencies": False,
        },
    }
    assert found["pageInfo"]["hasNextPage"]
    rest = (await shop.data(MARKETS, {"first": 2, "after": found["pageInfo"]["endCursor"]}, "merchant"))["markets"]
    assert [node["handle"] for node in rest["nodes"]] == ["us"]
    wrong = await shop.run(MARKETS, {"first": 251}, "merchant")
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_shop_without_a_primary_market_fails_loudly(shop: Shop, database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(delete(market))
    answer = await shop.run(LOCALIZATION)
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
