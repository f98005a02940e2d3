"""collectionCreate, collectionUpdate, and their products by hand."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from commerce_graph.catalog.tables import collection
from tests.shop import Shop, gid

CREATE = """
mutation Create($input: CollectionInput!) {
  collectionCreate(input: $input) {
    collection { id handle title description image { url } products(first: 9) { nodes { handle } } }
    userErrors { field message }
  }
}
"""
UPDATE = CREATE.replace("mutation Create", "mutation Update").replace("collectionCreate", "collectionUpdate")
ADD = """
mutation Add($id: ID!, $products: [ID!]!) {
  collectionAddProducts(id: $id, productIds: $products) {
    collection { products(first: 9, sortKey: COLLECTION_DEFAULT) { nodes { handle } } } userErrors { field message }
  }
}
"""
REMOVE = ADD.replace("mutation Add", "mutation Remove").replace("collectionAddProducts", "collectionRemoveProducts")


async def run(shop: Shop, document: str, **variables: Any) -> Any:
    (told,) = (await shop.data(document, variables, "merchant")).values()
    return told


def handles(told: Any) -> list[str]:
    return [node["handle"] for node in told["collection"]["products"]["nodes"]]


def rule(column: str, relation: str, condition: str) -> dict[str, str]:
    return {"column": column, "relation": relation, "condition": condition}


@pytest.mark.parametrize("document", [CREATE, UPDATE, ADD, REMOVE])
async def test_they_are_for_merchants(shop: Shop, document: str) -> None:
    variables = {"input": {}, "id": gid("Collection", "summer"), "products": []}
    answer = await shop.run(document, variables)
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


@pytest.mark.parametrize(
    ("document", "input", "path"),
    [
        (CREATE, {}, ["input", "title"]),
        (CREATE, {"title": "Summer", "handle": "summer"}, ["input", "handle"]),
        (CREATE, {"title": "X", "image": {"src": "nowhere"}}, ["input", "image", "src"]),
        (CREATE, {"title": "X", "ruleSet": {"appliedDisjunctively": True}}, ["input", "ruleSet", "rules"]),
        (CREATE, {"title": "X", "ruleSet": {"appliedDisjunctively": True, "rules": [
            rule("TAG", "EQUALS", "x"), rule("VARIANT_PRICE", "LESS_THAN", "cheap")]}},
         ["input", "ruleSet", "rules", "1", "condition"]),
        (CREATE, {"title": "X", "ruleSet": {"appliedDisjunctively": True, "rules": [
            rule("VARIANT_PRICE", "CONTAINS", "10")]}}, ["input", "ruleSet", "rules", "0", "relation"]),
        (UPDATE, {"title": "X"}, ["input", "id"]),
        (UPDATE, {"id": gid("Collection", "nothing"), "title": "X"}, ["input", "id"]),
        (UPDATE, {"id": gid("Collection", "summer"), "handle": "lighting"}, ["input", "handle"]),
        (UPDATE, {"id": gid("Collection", "summer"), "products": []}, ["input", "products"]),
    ],
)  # fmt: skip
async def test_refusals(shop: Shop, document: str, input: dict[str, Any], path: list[str]) -> None:
    told = await run(shop, document, input=input)
    assert told["collection"] is None
    assert [each["field"] for each in told["userErrors"]] == [path]


async def test_products_by_hand(shop: Shop) -> None:
    products = [gid("Product", name) for name in ("print", "mug", "lamp")]
    image = {"src": "https://cdn.test/g.png", "altText": "Gifts"}
    input = {
        "title": "Gifts", "descriptionHtml": "<i>For you</i>", "sortOrder": "MANUAL", "products": products[:2],
        "image": image, "seo": {"title": "Gifts"},
    }  # fmt: skip
    made = await run(shop, CREATE, input=input)
    assert made["userErrors"] == []
    assert (made["collection"]["handle"], made["collection"]["description"]) == ("gifts", "For you")
    assert handles(made) == ["print", "mug"]
    id = made["collection"]["id"]
    assert handles(await run(shop, ADD, id=id, products=products)) == ["print", "mug", "lamp"]
    assert handles(await run(shop, REMOVE, id=id, products=products[:1])) == ["mug", "lamp"]
    refused = await run(shop, ADD, id=gid("Collection", "lighting"), products=products)
    assert refused["userErrors"][0]["field"] == ["id"]
    shown = await shop.data('{ collection(handle: "gifts") { products(first: 3) { nodes { handle } } } }')
    assert handles(shown) == ["mug", "lamp"]


async def test_products_by_rules_on_prices(shop: Shop) -> None:
    rules = [rule("VARIANT_PRICE", "GREATER_THAN", "18.00"), rule("VARIANT_PRICE", "LESS_THAN", "50")]
    made = await run(shop, CREATE, input={"title": "Mid", "ruleSet": {"appliedDisjunctively": False, "rules": rules}})
    assert sorted(handles(made)) == ["print", "shirt"]
    reprice = """mutation Reprice($id: ID!, $variants: [ProductVariantsBulkInput!]!) {
      productVariantsBulkUpdate(productId: $id, variants: $variants) { userErrors { message } } }"""
    variants = [{"id": gid("ProductVariant", "mug-variant"), "price": "18.01"}]
    await run(shop, reprice, id=gid("Product", "mug"), variants=variants)
    shown = await shop.data('{ collection(handle: "mid") { products(first: 9) { nodes { handle } } } }')
    assert sorted(handles(shown)) == ["mug", "print", "shirt"]
    async with shop.database.read() as conn:
        kept = (await conn.execute(select(collection.c.rule_set).where(collection.c.handle == "mid"))).scalar_one()
    assert [each["amount_minor"] for each in kept["rules"]] == [1800, 5000]
    changed = {"appliedDisjunctively": False, "rules": [rule("TITLE", "CONTAINS", "mug")]}
    again = await run(shop, UPDATE, input={"id": made["collection"]["id"], "title": "Mugs", "ruleSet": changed})
    assert (again["collection"]["title"], handles(again)) == ("Mugs", ["mug"])


async def test_one_handle_at_once_is_given_once(shop: Shop) -> None:
    told = await asyncio.gather(*(run(shop, CREATE, input={"title": "Race", "handle": "race"}) for _ in range(5)))
    assert sorted(len(each["userErrors"]) for each in told) == [0, 1, 1, 1, 1]
