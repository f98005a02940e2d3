"""productVariantsBulkUpdate: all or none, or what can be done."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from commerce_graph.catalog.tables import variant
from commerce_graph.inventory.tables import item
from commerce_graph.kernel.limits import INPUT_LIST_MAX
from commerce_graph.pricing.tables import price
from tests.shop import Shop, gid, uid

UPDATE = """
mutation Update($id: ID!, $variants: [ProductVariantsBulkInput!]!, $partial: Boolean) {
  productVariantsBulkUpdate(productId: $id, variants: $variants, allowPartialUpdates: $partial) {
    product { id }
    productVariants { id sku price { amount } }
    userErrors { code field message }
  }
}
"""
SHIRT = gid("Product", "shirt")
WHITE, BLUE, MUG = (gid("ProductVariant", name) for name in ("shirt-S-White", "shirt-S-Blue", "mug-variant"))


async def update(shop: Shop, variants: list[dict[str, Any]], id: str = SHIRT, partial: bool = False) -> Any:
    variables = {"id": id, "variants": variants, "partial": partial}
    return (await shop.data(UPDATE, variables, "merchant"))["productVariantsBulkUpdate"]


async def euros(shop: Shop) -> dict[Any, int]:
    chosen = select(price.c.variant_id, price.c.amount_minor).where(
        price.c.product_id == uid("shirt"), price.c.market_id == uid("eu")
    )
    async with shop.database.read() as conn:
        return {row.variant_id: row.amount_minor for row in await conn.execute(chosen)}


async def test_it_is_for_merchants(shop: Shop) -> None:
    answer = await shop.run(UPDATE, {"id": SHIRT, "variants": []})
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


@pytest.mark.parametrize(
    ("id", "variants", "code", "path"),
    [
        (gid("Product", "nothing"), [{"id": WHITE}], "PRODUCT_DOES_NOT_EXIST", ["productId"]),
        (SHIRT, [{"id": MUG}], "PRODUCT_VARIANT_DOES_NOT_EXIST", ["variants", "0", "id"]),
        (SHIRT, [{"id": WHITE, "price": "1"}, {"id": BLUE, "price": "-1"}], "NEGATIVE_PRICE_VALUE",
         ["variants", "1", "price"]),
        (SHIRT, [{"id": WHITE, "optionValues": [{"optionName": "Size", "name": "S"},
                                                {"optionName": "Color", "name": "Blue"}]}],
         "VARIANT_ALREADY_EXISTS", ["variants", "0", "optionValues"]),
        (SHIRT, [{"id": WHITE}] * (INPUT_LIST_MAX + 1), "TOO_MANY_VARIANTS", ["variants"]),
        (SHIRT, [{"id": WHITE, "inventoryItem": {"measurement": {"weight": {"value": 1e300, "unit": "OUNCES"}}}}],
         "INVALID_INPUT", ["variants", "0", "inventoryItem", "measurement", "weight", "value"]),
    ],
)  # fmt: skip
async def test_refusals(shop: Shop, id: str, variants: list[dict[str, Any]], code: str, path: list[str]) -> None:
    before = await euros(shop)
    told = await update(shop, variants, id)
    assert told["productVariants"] is None
    assert [(each["code"], each["field"]) for each in told["userErrors"]] == [(code, path)]
    assert await euros(shop) == before


async def test_changes_and_leaves(shop: Shop) -> None:
    told = await update(shop, [
        {"id": BLUE, "price": "12.50", "barcode": "b", "inventoryItem": {"sku": "NEW", "tracked": False}},
        {"id": WHITE, "inventoryPolicy": "CONTINUE", "taxable": False},
    ])  # fmt: skip
    assert told["userErrors"] == []
    assert told["product"] == {"id": SHIRT}
    assert told["productVariants"] == [
        {"id": BLUE, "sku": "NEW", "price": {"amount": "12.50"}},
        {"id": WHITE, "sku": "SHIRT-S-WHITE", "price": {"amount": "49.00"}},
    ]
    async with shop.database.read() as conn:
        rows = await conn.execute(select(item.c.id, item.c.tracked, item.c.oversell).order_by(item.c.id))
        found = {row.id: (row.tracked, row.oversell) for row in rows}
        place = select(variant.c.position).where(variant.c.id == uid("shirt-S-Blue"))
        assert (await conn.execute(place)).scalar_one() == 2
    assert found[uid("shirt-S-Blue")] == (False, False)
    assert found[uid("shirt-S-White")] == (True, True)


async def test_nothing_to_change_is_no_fault(shop: Shop) -> None:
    assert (await update(shop, []))["userErrors"] == []


async def test_what_can_be_done_is_done_when_that_is_wanted(shop: Shop) -> None:
    wrong = {"id": MUG, "price": "1"}
    negative = {"id": gid("ProductVariant", "shirt-M-White"), "price": "-1"}
    variants = [wrong, {"id": WHITE, "price": "1.00"}, negative, {"id": BLUE, "price": "2.00"}]
    told = await update(shop, variants, partial=True)
    assert [each["id"] for each in told["productVariants"]] == [WHITE, BLUE]
    assert {(each["code"], each["field"][1]) for each in told["userErrors"]} == {
        ("PRODUCT_VARIANT_DOES_NOT_EXIST", "0"), ("NEGATIVE_PRICE_VALUE", "2"),
    }  # fmt: skip
    found = await euros(shop)
    assert (found[uid("shirt-S-White")], found[uid("shirt-S-Blue")], found[uid("shirt-M-White")]) == (100, 200, 4900)


async def test_statements_do_not_grow_with_the_variants(shop: Shop) -> None:
    names = [f"shirt-{size}-{color}" for size in "SM" for color in ("White", "Blue")]
    seen = []
    for size in (1, 4):
        variants = [{"id": gid("ProductVariant", name), "price": "9.00"} for name in names[:size]]
        variables = {"id": SHIRT, "variants": variants, "partial": False}
        seen.append(len(await shop.statements(UPDATE, variables, "merchant")))
    assert seen[0] == seen[1]


async def test_changes_of_different_variants_at_once_are_all_kept(shop: Shop) -> None:
    names = [f"shirt-{size}-{color}" for size in "SM" for color in ("White", "Blue")]
    jobs = [
        update(shop, [{"id": gid("ProductVariant", name), "price": f"{at + 1}.00", "barcode": f"b{at}"}])
        for at, name in enumerate(names)
    ]
    await asyncio.gather(*jobs)
    assert sorted((await euros(shop)).values()) == [100, 200, 300, 400]
