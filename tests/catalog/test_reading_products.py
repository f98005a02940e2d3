"""Products, their variants, options and media, as shoppers, merchants and strangers read them."""

from typing import Any

import pytest
from sqlalchemy import insert, update

from commerce_graph.catalog.tables import channel, media, product, publication, variant
from commerce_graph.kernel.clock import new_id
from tests.shop import Shop, gid, uid

PRODUCT = "query($id: ID, $handle: String) { product(id: $id, handle: $handle) { title } }"
VARIANT = "query($id: ID!) { node(id: $id) { ... on ProductVariant { title } } }"


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


# -- Refusals ---------------------------------------------------------------------------------------------------------


async def test_a_stranger_reads_nothing(shop: Shop) -> None:
    answer = await shop.run("{ products(first: 1) { nodes { title } } }", token=None)
    assert set(codes(answer)) == {"ACCESS_DENIED"}
    assert "data" not in answer


async def test_a_shopper_reads_no_field_of_merchants(shop: Shop) -> None:
    answer = await shop.run("{ products(first: 1) { nodes { status variants(first: 1) { nodes { position } } } } }")
    assert codes(answer) == ["ACCESS_DENIED", "ACCESS_DENIED"]


@pytest.mark.parametrize("given", [{}, {"id": gid("Product", "mug"), "handle": "mug"}])
async def test_product_takes_exactly_one_of_id_and_handle(shop: Shop, given: dict[str, str]) -> None:
    assert codes(await shop.run(PRODUCT, given)) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("given", [gid("Collection", "summer"), "mug", "gid://shopify/Product/1"])
async def test_product_takes_ids_of_products(shop: Shop, given: str) -> None:
    assert codes(await shop.run(PRODUCT, {"id": given})) == ["INVALID_ID"]


@pytest.mark.parametrize("handle", ["nothing", "", "chair"])
async def test_what_is_not_there_or_not_published_is_null(shop: Shop, handle: str) -> None:
    assert await shop.data(PRODUCT, {"handle": handle}) == {"product": None}


async def test_a_handle_with_nul_is_the_callers_fault(shop: Shop) -> None:
    assert codes(await shop.run(PRODUCT, {"handle": "a\0b"})) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "field", ["description(truncateAt: -1)", "options(first: -1) { name }", "variants(first: 251) { nodes { id } }"]
)
async def test_numbers_out_of_range_are_refused(shop: Shop, field: str) -> None:
    answer = await shop.run(f'{{ product(handle: "mug") {{ {field} }} }}')
    assert codes(answer) == ["BAD_USER_INPUT"]


# -- Who sees what ----------------------------------------------------------------------------------------------------


async def test_a_draft_is_the_merchants_own(shop: Shop) -> None:
    asked = {"id": gid("Product", "chair")}
    assert await shop.data(PRODUCT, asked) == {"product": None}
    assert await shop.data(PRODUCT, asked, "merchant") == {"product": {"title": "Secret Chair"}}
    of_draft = {"id": gid("ProductVariant", "chair-variant")}
    assert await shop.data(VARIANT, of_draft) == {"node": None}
    assert await shop.data(VARIANT, of_draft, "merchant") == {"node": {"title": "Default Title"}}


async def test_another_channel_is_another_shop(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(insert(channel).values(id=uid("pos"), handle="pos", name="Shop on the corner"))
        await tx.execute(
            update(publication).where(publication.c.product_id == uid("mug")).values(channel_id=uid("pos"))
        )
    assert await shop.data(PRODUCT, {"handle": "mug"}) == {"product": None}
    listed = await shop.data("{ products(first: 10, sortKey: TITLE) { nodes { handle } } }")
    assert [node["handle"] for node in listed["products"]["nodes"]] == ["print", "lamp", "guide", "shirt"]
    assert await shop.data(PRODUCT, {"handle": "mug"}, "merchant") == {"product": {"title": "Stone Mug"}}


async def test_merchants_see_status_and_publication(shop: Shop) -> None:
    asked = '{ products(first: 10, query: "handle:chair,mug", sortKey: TITLE) { nodes { status publishedAt } } }'
    chair, mug = (await shop.data(asked, token="merchant"))["products"]["nodes"]
    assert chair == {"status": "DRAFT", "publishedAt": None}
    assert mug["status"] == "ACTIVE"
    assert mug["publishedAt"]


# -- Fields -----------------------------------------------------------------------------------------------------------


async def test_fields_of_a_product(shop: Shop) -> None:
    found = await shop.data(
        """{ product(handle: "shirt") {
            id title handle description short: description(truncateAt: 8) none: description(truncateAt: 0)
            descriptionHtml productType vendor tags createdAt updatedAt publishedAt isGiftCard requiresSellingPlan
            onlineStoreUrl trackingParameters category { name } seo { title description }
            variantsCount { count precision } one: options(first: 1) { name }
        } }"""
    )
    shirt = found["product"]
    assert all(shirt.pop(name).endswith("+00:00") for name in ("createdAt", "updatedAt", "publishedAt"))
    assert shirt == {
        "id": gid("Product", "shirt"),
        "title": "Linen Shirt",
        "handle": "shirt",
        "description": "A fine Linen Shirt.",
        "short": "A fin...",
        "none": "",
        "descriptionHtml": "<p>A fine Linen Shirt.</p>",
        "productType": "Shirt",
        "vendor": "Nord",
        "tags": ["summer", "linen"],
        "isGiftCard": False,
        "requiresSellingPlan": False,
        "onlineStoreUrl": None,
        "trackingParameters": None,
        "category": None,
        "seo": {"title": None, "description": None},
        "variantsCount": {"count": 4, "precision": "EXACT"},
        "one": [{"name": "Size"}],
    }


async def test_fields_of_a_variant(shop: Shop) -> None:
    found = await shop.data(
        """query($id: ID!) { node(id: $id) { ... on ProductVariant {
            id title sku barcode weight weightUnit requiresShipping requiresComponents taxable position
            selectedOptions { name value } image { url altText } product { handle }
        } } }""",
        {"id": gid("ProductVariant", "shirt-M-Blue")},
        "merchant",
    )
    assert found["node"] == {
        "id": gid("ProductVariant", "shirt-M-Blue"),
        "title": "M / Blue",
        "sku": "SHIRT-M-BLUE",
        "barcode": "4000000004",
        "weight": 250.0,
        "weightUnit": "GRAMS",
        "requiresShipping": True,
        "requiresComponents": False,
        "taxable": True,
        "position": 4,
        "selectedOptions": [{"name": "Size", "value": "M"}, {"name": "Color", "value": "Blue"}],
        "image": {"url": "http://shop.test/media/shirt.svg", "altText": "Linen Shirt"},
        "product": {"handle": "shirt"},
    }


async def test_options_and_choosing(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        sold_out = variant.c.id.in_([uid("shirt-S-White"), uid("shirt-M-White")])
        await tx.execute(update(variant).where(sold_out).values(available=False))
    found = await shop.data(
        """{ product(handle: "shirt") {
            options { name values optionValues { name firstSelectableVariant { title } swatch { color } } }
            first: selectedOrFirstAvailableVariant { title }
            chosen: selectedOrFirstAvailableVariant(
                selectedOptions: [{name: "size", value: "m"}, {name: "Fit", value: "Slim"}], caseInsensitiveMatch: true
            ) { title }
            exact: variantBySelectedOptions(
                selectedOptions: [{name: "Size", value: "M"}, {name: "Color", value: "White"}]
            ) { title }
            unknown: variantBySelectedOptions(selectedOptions: [{name: "Fit", value: "Slim"}]) { title }
            ignored: variantBySelectedOptions(
                selectedOptions: [{name: "Fit", value: "Slim"}, {name: "Size", value: "M"}], ignoreUnknownOptions: true
            ) { title }
            near: adjacentVariants(
                selectedOptions: [{name: "Size", value: "M"}, {name: "Color", value: "White"}]
            ) { title }
            encodedVariantExistence encodedVariantAvailability
        } }"""
    )
    shirt = found["product"]
    near = sorted(each["title"] for each in shirt.pop("near"))
    assert near == ["M / Blue", "S / White"]
    assert shirt == {
        "options": [
            {
                "name": "Size",
                "values": ["S", "M"],
                "optionValues": [
                    {"name": "S", "firstSelectableVariant": {"title": "S / White"}, "swatch": None},
                    {"name": "M", "firstSelectableVariant": {"title": "M / White"}, "swatch": None},
                ],
            },
            {
                "name": "Color",
                "values": ["White", "Blue"],
                "optionValues": [
                    {"name": "White", "firstSelectableVariant": {"title": "S / White"}, "swatch": None},
                    {"name": "Blue", "firstSelectableVariant": {"title": "S / Blue"}, "swatch": None},
                ],
            },
        ],
        "first": {"title": "S / Blue"},
        "chosen": {"title": "M / Blue"},
        "exact": {"title": "M / White"},
        "unknown": None,
        "ignored": {"title": "M / White"},
        "encodedVariantExistence": "v1_0:0-1,1:0-1,",
        "encodedVariantAvailability": "v1_0:1,1:1,",
    }


async def test_media_are_absolute_and_variants_fall_back_to_the_first(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        for position, url in ((2, "https://cdn.test/second.jpg"), (3, "/media/third.svg")):
            row = {"id": new_id(), "product_id": uid("shirt"), "position": position, "url": url}
            await tx.execute(insert(media).values(row))
            if position == 2:
                own = update(variant).where(variant.c.id == uid("shirt-S-Blue"))
                await tx.execute(own.values(media_id=row["id"]))
    found = await shop.data(
        """{ product(handle: "shirt") {
            featuredImage { url altText width height }
            media(last: 2) { nodes { __typename id alt mediaContentType previewImage { url }
                                     ... on MediaImage { image { url(transform: {maxWidth: 100}) } } } }
            images(first: 5, sortKey: CREATED_AT) { nodes { url } edges { cursor } }
            variants(first: 2) { nodes { image { url } } }
        } }"""
    )
    shirt = found["product"]
    assert shirt["featuredImage"] == {
        "url": "http://shop.test/media/shirt.svg", "altText": "Linen Shirt", "width": 800, "height": 800,
    }  # fmt: skip
    assert [(each["previewImage"]["url"], each["image"]["url"]) for each in shirt["media"]["nodes"]] == [
        ("https://cdn.test/second.jpg",) * 2,
        ("http://shop.test/media/third.svg",) * 2,
    ]
    assert {each["__typename"] for each in shirt["media"]["nodes"]} == {"MediaImage"}
    assert len(shirt["images"]["nodes"]) == 3
    assert [each["image"]["url"] for each in shirt["variants"]["nodes"]] == [
        "http://shop.test/media/shirt.svg",
        "https://cdn.test/second.jpg",
    ]


async def test_a_product_without_anything_has_empty_answers(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(insert(product).values(id=uid("bare"), handle="bare", title="Bare"))
    found = await shop.data(
        """{ product(handle: "bare") {
            options { name } variants(first: 1) { nodes { id } } featuredImage { url } media(first: 1) { nodes { id } }
            selectedOrFirstAvailableVariant { id } adjacentVariants { id } variantsCount { count }
            encodedVariantExistence encodedVariantAvailability collections(first: 1) { nodes { id } }
        } }""",
        token="merchant",
    )
    assert found["product"] == {
        "options": [], "variants": {"nodes": []}, "featuredImage": None, "media": {"nodes": []},
        "selectedOrFirstAvailableVariant": None, "adjacentVariants": [], "variantsCount": {"count": 0},
        "encodedVariantExistence": "", "encodedVariantAvailability": "", "collections": {"nodes": []},
    }  # fmt: skip


@pytest.mark.parametrize("key", ["POSITION", "TITLE", "SKU", "ID", "RELEVANCE"])
async def test_variants_are_paged_by_each_key(shop: Shop, key: str) -> None:
    page = f"""query($after: String) {{ product(handle: "shirt") {{
        variants(first: 3, after: $after, sortKey: {key}, reverse: true) {{
            nodes {{ title }} pageInfo {{ endCursor hasNextPage hasPreviousPage }} }} }} }}"""
    first = (await shop.data(page))["product"]["variants"]
    then = (await shop.data(page, {"after": first["pageInfo"]["endCursor"]}))["product"]["variants"]
    titles = [node["title"] for node in first["nodes"] + then["nodes"]]
    assert sorted(titles) == ["M / Blue", "M / White", "S / Blue", "S / White"]
    if key in ("POSITION", "RELEVANCE"):
        assert titles == ["M / Blue", "M / White", "S / Blue", "S / White"]
    assert (first["pageInfo"]["hasNextPage"], then["pageInfo"]["hasNextPage"]) == (True, False)
    assert then["pageInfo"]["hasPreviousPage"]
