"""productSet: refusals first, then catalogue, prices and stock in one, then many at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from commerce_graph.catalog.tables import product, product_price, variant
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.errors import OutOfStock
from commerce_graph.inventory.tables import adjustment, item, level
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.outbox import outbox
from commerce_graph.pricing.tables import price
from tests.shop import Shop, gid, uid

SET = """
mutation Set($input: ProductSetInput!, $identifier: ProductSetIdentifiers) {
  productSet(input: $input, identifier: $identifier) {
    product { id handle title }
    userErrors { code field message }
  }
}
"""
SIZES = [{"name": "Size", "values": [{"name": "S"}, {"name": "M"}]}]


def sized(size: str, **more: Any) -> dict[str, Any]:
    return {"optionValues": [{"optionName": "Size", "name": size}], **more}


async def set_product(shop: Shop, input: dict[str, Any], **identifier: str) -> Any:
    variables = {"input": input, "identifier": identifier or None}
    return (await shop.data(SET, variables, "merchant"))["productSet"]


async def counts(shop: Shop) -> list[int]:
    tables = (product, variant, price, item, level, adjustment, outbox)
    async with shop.database.read() as conn:
        return [(await conn.execute(select(func.count()).select_from(each))).scalar_one() for each in tables]


@pytest.mark.parametrize("token", ["storefront", "partner"])
async def test_it_is_for_merchants(shop: Shop, token: str) -> None:
    answer = await shop.run(SET, {"input": {"title": "X"}}, token)
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


EUR = {"amount": "1.00", "currencyCode": "EUR"}
STOCK = {"locationId": gid("Location", "berlin"), "name": "available", "quantity": 1}
REFUSED: list[tuple[dict[str, Any], str, list[str]]] = [
    ({}, "INVALID_INPUT", ["input", "title"]),
    ({"id": gid("Product", "nothing"), "title": "X"}, "PRODUCT_DOES_NOT_EXIST", ["input", "id"]),
    ({"id": gid("Product", "shirt"), "handle": "mug"}, "HANDLE_NOT_UNIQUE", ["input", "handle"]),
    ({"title": "X", "handle": "mug"}, "HANDLE_NOT_UNIQUE", ["input", "handle"]),
    ({"id": gid("Product", "shirt"), "productOptions": SIZES}, "VARIANTS_INPUT_MISSING", ["input", "variants"]),
    ({"title": "X", "variants": [{"price": "-1"}]}, "INVALID_VARIANT", ["input", "variants", "0", "price"]),
    ({"title": "X", "variants": [{"price": "1.005"}]}, "INVALID_INPUT", ["input", "variants", "0", "price"]),
    ({"title": "X", "variants": [{"price": "NaN"}]}, "INVALID_INPUT", ["input", "variants", "0", "price"]),
    ({"title": "X", "variants": [{"price": "1e999"}]}, "INVALID_INPUT", ["input", "variants", "0", "price"]),
    ({"title": "X", "variants": [{"compareAtPrice": "-1"}]}, "INVALID_VARIANT",
     ["input", "variants", "0", "compareAtPrice"]),
    ({"title": "X", "variants": [{"contextualPrices": [{"country": "BR", "price": EUR}]}]}, "INVALID_INPUT",
     ["input", "variants", "0", "contextualPrices", "0", "country"]),
    ({"title": "X", "variants": [{"contextualPrices": [{"country": "US", "price": EUR}]}]}, "INVALID_INPUT",
     ["input", "variants", "0", "contextualPrices", "0", "price", "currencyCode"]),
    ({"title": "X", "variants": [{"price": "1", "contextualPrices": [{"country": "FR", "price": EUR}]}]},
     "INVALID_INPUT", ["input", "variants", "0", "contextualPrices"]),
    ({"title": "X", "variants": [{"inventoryItem": {"measurement": {"weight": {"value": -1, "unit": "POUNDS"}}}}]},
     "INVALID_INPUT", ["input", "variants", "0", "inventoryItem", "measurement", "weight", "value"]),
    ({"title": "X", "variants": [{"inventoryQuantities": [{**STOCK, "name": "incoming"}]}]}, "INVALID_INPUT",
     ["input", "variants", "0", "inventoryQuantities", "0", "name"]),
    ({"title": "X", "variants": [{"inventoryQuantities": [{**STOCK, "quantity": -1}]}]}, "INVALID_VARIANT",
     ["input", "variants", "0", "inventoryQuantities", "0", "quantity"]),
    ({"title": "X", "productOptions": SIZES, "variants": [
        sized("S"), sized("M", inventoryQuantities=[STOCK, {**STOCK, "locationId": gid("Location", "nowhere")}])]},
     "INVALID_VARIANT", ["input", "variants", "1", "inventoryQuantities", "1", "locationId"]),
    ({"title": "X", "productOptions": SIZES, "variants": [sized("S"), sized("S")]}, "INVALID_VARIANT",
     ["input", "variants", "1", "optionValues"]),
    ({"title": "X", "files": [{"originalSource": "file:///etc/passwd"}]}, "INVALID_INPUT",
     ["input", "files", "0", "originalSource"]),
    ({"title": "X", "collections": [gid("Collection", "lighting")]}, "INVALID_INPUT", ["input", "collections", "0"]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "code", "path"), REFUSED)
async def test_refusals_write_nothing(shop: Shop, given: dict[str, Any], code: str, path: list[str]) -> None:
    before = await counts(shop)
    told = await set_product(shop, given)
    assert told["product"] is None
    assert [(each["code"], each["field"]) for each in told["userErrors"]] == [(code, path)]
    assert await counts(shop) == before


async def test_an_identifier_must_not_name_another_product(shop: Shop) -> None:
    told = await set_product(shop, {"id": gid("Product", "shirt")}, id=gid("Product", "mug"))
    assert told["userErrors"][0]["field"] == ["input", "id"]


async def test_a_product_with_prices_and_stock(shop: Shop) -> None:
    told = await set_product(shop, {
        "title": "Beanie", "status": "ACTIVE", "vendor": "Nord", "tags": ["warm", "Warm"], "productType": "Hat",
        "descriptionHtml": "<b>Warm</b>", "seo": {"title": "A hat"}, "collections": [gid("Collection", "summer")],
        "files": [{"originalSource": "https://cdn.test/b.png", "alt": "A beanie", "contentType": "IMAGE"}],
        "productOptions": SIZES,
        "variants": [
            sized("S", sku="B-S", price="19.90", compareAtPrice="25.00", taxable=False,
                  contextualPrices=[{"country": "JP", "price": {"amount": "3000", "currencyCode": "JPY"},
                                     "compareAtPrice": {"amount": "4000", "currencyCode": "JPY"}}],
                  inventoryItem={"measurement": {"weight": {"value": 0.5, "unit": "POUNDS"}}},
                  inventoryQuantities=[{**STOCK, "quantity": 7}]),
            sized("M", price="20", inventoryPolicy="CONTINUE", barcode="4012345",
                  inventoryItem={"tracked": True, "requiresShipping": False, "sku": "B-M"}),
        ],
    })  # fmt: skip
    assert told["userErrors"] == []
    assert told["product"]["handle"] == "beanie"
    shown = await shop.data(
        """{ product(handle: "beanie") { availableForSale tags featuredImage { url }
             variants(first: 5) { nodes { title sku weight availableForSale taxable requiresShipping
               price { amount currencyCode } compareAtPrice { amount } } } } }"""
    )
    found = shown["product"]
    assert (found["availableForSale"], found["tags"], found["featuredImage"]["url"]) == (
        True, ["warm"], "https://cdn.test/b.png",
    )  # fmt: skip
    small, medium = found["variants"]["nodes"]
    assert (small["title"], small["sku"], small["weight"], small["availableForSale"]) == ("S", "B-S", 227.0, True)
    assert (small["taxable"], small["requiresShipping"]) == (False, True)
    assert (small["price"]["amount"], small["price"]["currencyCode"]) == ("19.90", "EUR")
    assert small["compareAtPrice"]["amount"] == "25.00"
    assert (medium["sku"], medium["availableForSale"], medium["requiresShipping"]) == ("B-M", True, False)
    japan = await shop.data(
        """query @inContext(country: JP) { product(handle: "beanie") {
             variants(first: 1) { nodes { price { amount currencyCode } compareAtPrice { amount } } } } }"""
    )
    assert japan["product"]["variants"]["nodes"][0] == {
        "price": {"amount": "3000", "currencyCode": "JPY"}, "compareAtPrice": {"amount": "4000"},
    }  # fmt: skip
    async with shop.database.read() as conn:
        kinds = set((await conn.execute(select(outbox.c.kind))).scalars())
    assert kinds == {"ProductChanged", "PricesChanged", "StockChanged", "CollectionChanged"}


async def test_a_new_product_is_free_until_it_has_a_price(shop: Shop) -> None:
    told = await set_product(shop, {"title": "Plain"})
    async with shop.database.read() as conn:
        chosen = select(price.c.amount_minor).join(variant, variant.c.id == price.c.variant_id)
        chosen = chosen.join(product, product.c.id == variant.c.product_id).where(product.c.handle == "plain")
        assert (await conn.execute(chosen)).scalars().all() == [0]
    again = await set_product(shop, {"title": "Plainer"}, handle="plain")
    assert again["product"]["id"] == told["product"]["id"]
    renamed = await set_product(shop, {"handle": "plainest"}, handle="plain")
    assert renamed["product"] == {"id": told["product"]["id"], "handle": "plainest", "title": "Plainer"}


async def test_what_is_left_out_stays_and_what_is_not_listed_goes(shop: Shop) -> None:
    white = {"id": gid("ProductVariant", "shirt-S-White"), "price": "51.00"}
    blue = {"id": gid("ProductVariant", "shirt-S-Blue"), "compareAtPrice": "60.00"}
    told = await set_product(shop, {"id": gid("Product", "shirt"), "variants": [white, blue]})
    assert told["userErrors"] == []
    async with shop.database.read() as conn:
        chosen = select(price).where(price.c.product_id == uid("shirt"), price.c.market_id == uid("eu"))
        found = {row.variant_id: (row.amount_minor, row.compare_at_minor) for row in await conn.execute(chosen)}
        ranges = select(product_price.c.min_minor, product_price.c.max_minor).where(
            product_price.c.product_id == uid("shirt"), product_price.c.market_id == uid("eu")
        )
        assert (await conn.execute(ranges)).all() == [(4900, 5100)]
        items = (await conn.execute(select(item.c.id).where(item.c.product_id == uid("shirt")))).scalars().all()
    assert found == {uid("shirt-S-White"): (5100, 5900), uid("shirt-S-Blue"): (4900, 6000)}
    assert set(items) == {uid("shirt-S-White"), uid("shirt-S-Blue")}
    gone = await set_product(shop, {"id": gid("Product", "shirt"), "variants": [{**white, "compareAtPrice": None}]})
    assert gone["userErrors"] == []
    async with shop.database.read() as conn:
        assert (await conn.execute(chosen)).one().compare_at_minor is None


async def test_statements_do_not_grow_with_the_variants(shop: Shop) -> None:
    seen = []
    for size in (1, 100):
        for _ in range(2):
            names = [f"N{number}" for number in range(size)]
            input = {
                "handle": f"many-{size}",
                "title": "Many",
                "productOptions": [{"name": "Size", "values": [{"name": name} for name in names]}],
                "variants": [
                    sized(
                        name,
                        price="10.00",
                        contextualPrices=[{"country": "US", "price": {"amount": "11.00", "currencyCode": "USD"}}],
                        inventoryQuantities=[STOCK],
                    )
                    for name in names
                ],
            }
            seen.append(len(await shop.statements(SET, {"input": input, "identifier": None}, "merchant")))
    assert seen[0] == seen[2]
    assert seen[1] == seen[3]


async def test_setting_one_handle_at_once_makes_one_product(shop: Shop) -> None:
    inputs = [{"handle": "twin", "title": f"Twin {n}", "variants": [{"price": f"{n}.00"}]} for n in range(1, 7)]
    told = await asyncio.gather(*(set_product(shop, input, handle="twin") for input in inputs))
    assert [each["userErrors"] for each in told] == [[]] * 6
    assert len({each["product"]["id"] for each in told}) == 1
    async with shop.database.read() as conn:
        row = (await conn.execute(select(product).where(product.c.handle == "twin"))).one()
        amounts = (await conn.execute(select(price.c.amount_minor).where(price.c.product_id == row.id))).scalars().all()
    assert amounts == [int(row.title.split()[1]) * 100]


async def test_of_new_products_with_one_handle_one_is_made(shop: Shop) -> None:
    told = await asyncio.gather(*(set_product(shop, {"handle": "twin", "title": f"Twin {n}"}) for n in range(6)))
    made = [each["product"]["title"] for each in told if each["product"]]
    refused = [each["userErrors"][0]["code"] for each in told if each["userErrors"]]
    assert (len(made), refused) == (1, ["HANDLE_NOT_UNIQUE"] * 5)
    async with shop.database.read() as conn:
        assert (await conn.execute(select(product.c.title).where(product.c.handle == "twin"))).scalars().all() == made


QUANTITIES = """
mutation Quantities($input: InventorySetQuantitiesInput!) {
  inventorySetQuantities(input: $input) { userErrors { code field message } }
}
"""
PRICES = """
mutation Prices($id: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $id, variants: $variants) { userErrors { code field message } }
}
"""


async def test_setting_prices_and_stock_of_one_product_at_once(shop: Shop) -> None:
    names = [f"shirt-{size}-{color}" for size in "SM" for color in ("White", "Blue")]

    async def whole(number: int) -> Any:
        variants = [
            {"id": gid("ProductVariant", name), "price": f"{number}0.00", "inventoryPolicy": "DENY",
             "inventoryQuantities": [{**STOCK, "quantity": number % 2}]}
            for name in reversed(names)
        ]  # fmt: skip
        added = {"optionValues": [{"optionName": "Size", "name": f"X{number}"}, {"optionName": "Color", "name": "Red"}]}
        input = {"id": gid("Product", "shirt"), "handle": f"shirt-{number}", "variants": [*variants, added]}
        return (await shop.data(SET, {"input": input}, "merchant"))["productSet"]

    async def stock(number: int) -> Any:
        rows = [
            {"inventoryItemId": gid("InventoryItem", name), "locationId": gid("Location", place),
             "quantity": number % 3, "changeFromQuantity": None}
            for name in names for place in ("newark", "berlin")
        ]  # fmt: skip
        input = {"name": "on_hand", "reason": "correction", "quantities": rows}
        return (await shop.data(QUANTITIES, {"input": input}, "merchant"))["inventorySetQuantities"]

    async def prices(number: int) -> Any:
        variants = [{"id": gid("ProductVariant", name), "price": f"{number}.50"} for name in names[number % 4 :]]
        data = await shop.data(PRICES, {"id": gid("Product", "shirt"), "variants": variants}, "merchant")
        return data["productVariantsBulkUpdate"]

    told = await asyncio.gather(*(job(number) for number in range(1, 6) for job in (whole, stock, prices)))
    assert [each["userErrors"] for each in told] == [[]] * 15
    async with shop.database.read() as conn:
        amounts = [
            row.amount_minor
            for row in await conn.execute(
                select(price).where(price.c.product_id == uid("shirt"), price.c.market_id == uid("eu"))
            )
        ]
        ranges = select(product_price.c.min_minor, product_price.c.max_minor).where(
            product_price.c.product_id == uid("shirt"), product_price.c.market_id == uid("eu")
        )
        assert (await conn.execute(ranges)).one() == (min(amounts), max(amounts))
        left = select(level.c.item_id, func.sum(level.c.on_hand - level.c.committed).label("left")).group_by(
            level.c.item_id
        )
        stocked = {row.item_id: row.left > 0 for row in await conn.execute(left)}
        shown = select(variant.c.id, variant.c.available).where(variant.c.product_id == uid("shirt"))
        available = {row.id: row.available for row in await conn.execute(shown)}
        whole_one = (await conn.execute(select(product.c.available).where(product.c.id == uid("shirt")))).scalar_one()
    assert len(available) == len(amounts) == 5
    assert available == {key: stocked[key] for key in available}
    assert whole_one == any(available.values())


async def test_edits_and_purchases_at_once(shop: Shop) -> None:
    names = [f"shirt-{size}-{color}" for size in "SM" for color in ("White", "Blue")]

    async def buy(number: int) -> None:
        async with shop.database.begin() as tx:
            wanted = [inventory.Wanted(new_id(), uid(name), 1) for name in names]
            await inventory.reserve(tx, new_id(), wanted, "DE", now() + timedelta(minutes=5))

    async def edit(number: int) -> Any:
        chosen = names[number % 4]
        variants = [{"id": gid("ProductVariant", name)} for name in names if name != chosen]
        variants.append({"id": gid("ProductVariant", chosen), "inventoryQuantities": [STOCK], "price": "1.00"})
        return await set_product(shop, {"id": gid("Product", "shirt"), "tags": [str(number)], "variants": variants})

    bought = asyncio.gather(*(buy(number) for number in range(8)), return_exceptions=True)
    told = await asyncio.gather(*(edit(number) for number in range(8)))
    assert [each["userErrors"] for each in told] == [[]] * 8
    assert all(each is None or isinstance(each, OutOfStock) for each in await bought)
