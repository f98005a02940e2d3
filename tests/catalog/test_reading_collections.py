"""Collections as shoppers, merchants and strangers read them."""

from typing import Any

import pytest
from sqlalchemy import delete, update

from commerce_graph.catalog.tables import collection, collection_publication
from tests.shop import Shop, gid, uid

COLLECTION = "query($id: ID, $handle: String) { collection(id: $id, handle: $handle) { title } }"


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


async def test_a_stranger_reads_nothing(shop: Shop) -> None:
    assert set(codes(await shop.run("{ collections(first: 1) { nodes { title } } }", token=None))) == {"ACCESS_DENIED"}


async def test_a_shopper_reads_no_field_of_merchants(shop: Shop) -> None:
    told = 'sortOrder ruleSet { appliedDisjunctively } productsCount { count } hasProduct(id: "x")'
    answer = await shop.run(f'{{ collection(handle: "summer") {{ {told} }} }}')
    assert "Collection.sortOrder" in str(answer)
    assert "Collection.ruleSet" in str(answer)
    assert "Collection.productsCount" in str(answer)
    assert "Collection.hasProduct" in str(answer)


@pytest.mark.parametrize("given", [{}, {"id": gid("Collection", "summer"), "handle": "summer"}])
async def test_collection_takes_exactly_one_of_id_and_handle(shop: Shop, given: dict[str, str]) -> None:
    assert codes(await shop.run(COLLECTION, given)) == ["BAD_USER_INPUT"]


async def test_ids_are_of_collections_and_products(shop: Shop) -> None:
    assert codes(await shop.run(COLLECTION, {"id": gid("Product", "mug")})) == ["INVALID_ID"]
    asked = f'{{ collection(handle: "summer") {{ hasProduct(id: "{gid("Collection", "summer")}") }} }}'
    assert codes(await shop.run(asked, token="merchant")) == ["INVALID_ID"]


async def test_what_is_not_published_is_the_merchants_own(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        published = collection_publication.c.collection_id == uid("summer")
        await tx.execute(delete(collection_publication).where(published))
    by_id, by_handle = {"id": gid("Collection", "summer")}, {"handle": "summer"}
    of_product = '{ product(handle: "mug") { collections(first: 5) { nodes { title } } } }'
    for asked in (by_id, by_handle):
        assert await shop.data(COLLECTION, asked) == {"collection": None}
        assert await shop.data(COLLECTION, asked, "merchant") == {"collection": {"title": "Summer"}}
    assert (await shop.data(of_product))["product"]["collections"]["nodes"] == []
    assert (await shop.data(of_product, token="merchant"))["product"]["collections"]["nodes"] == [{"title": "Summer"}]


async def test_fields(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        told = {"image_url": "/media/summer.svg", "image_alt": "Sun", "seo_title": "Sun!", "description": "Warm things"}
        await tx.execute(update(collection).where(collection.c.id == uid("summer")).values(told))
    found = await shop.data(
        """{ collection(handle: "summer") {
            id handle title description(truncateAt: 7) descriptionHtml updatedAt onlineStoreUrl trackingParameters
            image { url altText width } seo { title description } products(first: 1) { nodes { title } }
        } }"""
    )
    summer = found["collection"]
    assert summer.pop("updatedAt").endswith("+00:00")
    assert summer == {
        "id": gid("Collection", "summer"), "handle": "summer", "title": "Summer", "description": "Warm...",
        "descriptionHtml": "", "onlineStoreUrl": None, "trackingParameters": None,
        "image": {"url": "http://shop.test/media/summer.svg", "altText": "Sun", "width": None},
        "seo": {"title": "Sun!", "description": None}, "products": {"nodes": [{"title": "Linen Shirt"}]},
    }  # fmt: skip


async def test_merchants_fields(shop: Shop) -> None:
    found = await shop.data(
        """query($mug: ID!) { collections(first: 5, sortKey: TITLE) { nodes {
            sortOrder hasProduct(id: $mug) productsCount { count precision }
            ruleSet { appliedDisjunctively rules { column relation condition } }
        } } }""",
        {"mug": gid("Product", "mug")},
        "merchant",
    )
    rule = {"column": "TYPE", "relation": "EQUALS", "condition": "Lamp"}
    assert found["collections"]["nodes"] == [
        {
            "sortOrder": "BEST_SELLING", "hasProduct": False, "productsCount": {"count": 1, "precision": "EXACT"},
            "ruleSet": {"appliedDisjunctively": False, "rules": [rule]},
        },
        {
            "sortOrder": "MANUAL", "hasProduct": True, "productsCount": {"count": 2, "precision": "EXACT"},
            "ruleSet": None,
        },
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["ID", "TITLE", "UPDATED_AT", "RELEVANCE"])
async def test_collections_are_paged_by_each_key(shop: Shop, key: str) -> None:
    page = f"""query($after: String, $before: String) {{
        on: collections(first: 1, after: $after, sortKey: {key}) {{ nodes {{ title }} pageInfo {{ endCursor }} }}
        back: collections(last: 1, before: $before, sortKey: {key}) {{ nodes {{ title }} pageInfo {{ startCursor }} }}
    }}"""
    ends = await shop.data(page)
    told = {"after": ends["on"]["pageInfo"]["endCursor"], "before": ends["back"]["pageInfo"]["startCursor"]}
    inner = await shop.data(page, told)
    assert inner["on"]["nodes"] == ends["back"]["nodes"]
    assert inner["back"]["nodes"] == ends["on"]["nodes"]
    assert ends["on"]["nodes"] != ends["back"]["nodes"]
