"""`productRecommendations`: products like another one, by each engine, and products bought with it."""

from typing import Any

from commerce_graph.kernel.limits import RECOMMENDATIONS_MAX
from tests.order.conftest import place
from tests.shop import Shop, gid

RECOMMEND = """
query Recommend($id: ID, $handle: String, $intent: ProductRecommendationIntent) {
  productRecommendations(productId: $id, productHandle: $handle, intent: $intent) { handle }
}
"""


async def recommended(shop: Shop, token: str = "storefront", **variables: Any) -> list[str] | None:
    found = (await shop.data(RECOMMEND, variables, token))["productRecommendations"]
    return None if found is None else [each["handle"] for each in found]


async def test_one_product_must_be_named(shop: Shop) -> None:
    for variables in ({}, {"id": gid("Product", "mug"), "handle": "mug"}, {"id": gid("Collection", "summer")}):
        answer = await shop.run(RECOMMEND, variables)
        assert answer["errors"][0]["extensions"]["code"] in ("BAD_USER_INPUT", "INVALID_ID")


async def test_products_that_are_not_there_have_none(shop: Shop) -> None:
    assert await recommended(shop, handle="no-such-product") is None
    assert await recommended(shop, handle="chair") is None, "a draft"
    assert await recommended(shop, "merchant", handle="chair") is not None


async def test_related_products(searched: Shop) -> None:
    found = await recommended(searched, handle="bulb-07")
    assert found is not None
    assert len(found) == RECOMMENDATIONS_MAX
    assert all(handle.startswith("bulb-") for handle in found)
    assert "bulb-07" not in found
    assert await recommended(searched, id=gid("Product", "bulb-07")) == found
    assert "chair" not in (await recommended(searched, handle="lamp") or ())


async def test_what_was_bought_together(shop: Shop) -> None:
    assert await recommended(shop, handle="shirt", intent="COMPLEMENTARY") == []
    for _ in range(2):
        await place(shop, ("shirt-S-White", 1), ("guide-variant", 1))
    assert await recommended(shop, handle="shirt", intent="COMPLEMENTARY") == ["guide"]
    assert await recommended(shop, handle="guide", intent="COMPLEMENTARY") == ["shirt"]


async def test_several_cost_as_one(furnished: Shop) -> None:
    def document(number: int) -> str:
        one = 'r%d: productRecommendations(productId: "%s") { title }'
        return "{ " + " ".join(one % (at, gid("Product", f"bulb-{at:02}")) for at in range(number)) + " }"

    await furnished.data(document(1))
    assert len(await furnished.statements(document(1))) == len(await furnished.statements(document(9)))
