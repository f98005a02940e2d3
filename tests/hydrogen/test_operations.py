"""What Hydrogen's starter storefront asks, word for word, and how far the shop answers."""

from typing import Any

import pytest

from commerce_graph.kernel.execution import Operation, Refused
from tests.content.conftest import written  # noqa: F401 (a fixture)
from tests.hydrogen.starter import operations
from tests.shop import Shop, gid

NOT_YET = {
    "HEADER_QUERY": "menus and the shop's brand",
    "FOOTER_QUERY": "menus",
    "CUSTOMER_DETAILS_QUERY": "the Customer Account API's addresses",
    "CUSTOMER_UPDATE_MUTATION": "the Customer Account API's arguments",
    "CREATE_ADDRESS_MUTATION": "the Customer Account API's arguments",
    "UPDATE_ADDRESS_MUTATION": "the Customer Account API's arguments",
    "DELETE_ADDRESS_MUTATION": "the Customer Account API's arguments",
}
"""Operations that the shop does not know yet, and why. Whoever builds it takes the line out."""
CONTEXT = {"country": "DE", "language": "EN"}
PAGE = {"first": 3, **CONTEXT}
POLICIES = {f"{name}": name == "privacyPolicy" for name in ("privacyPolicy", "shippingPolicy", "refundPolicy")}
VARIABLES: dict[str, dict[str, Any]] = {
    "ARTICLE_QUERY": {"blogHandle": "journal", "articleHandle": "linen", **CONTEXT},
    "BLOGS_QUERY": {"blogHandle": "journal", **PAGE},
    "CATALOG_QUERY": PAGE,
    "COLLECTION_QUERY": {"handle": "summer", **PAGE},
    "COLLECTIONS_QUERY": PAGE,
    "FEATURED_COLLECTION_QUERY": CONTEXT,
    "PAGE_QUERY": {"handle": "about", **CONTEXT},
    "POLICIES_QUERY": CONTEXT,
    "POLICY_CONTENT_QUERY": {"termsOfService": False, **POLICIES, **CONTEXT},
    "PREDICTIVE_SEARCH_QUERY": {"term": "shi", "limit": 3, "limitScope": "EACH", **CONTEXT},
    "PRODUCT_QUERY": {"handle": "shirt", "selectedOptions": [{"name": "Size", "value": "S"}], **CONTEXT},
    "RECOMMENDED_PRODUCTS_QUERY": CONTEXT,
    "SEARCH_QUERY": {"term": "shirt", **PAGE},
}
CUSTOMERS: dict[str, dict[str, Any]] = {
    "CUSTOMER_ORDER_QUERY": {"orderId": gid("Order", "none"), "language": "EN"},
    "CUSTOMER_ORDERS_QUERY": {**PAGE, "query": None},
}
"""What a signed-in customer asks, who has bought nothing yet."""


def prepared(shop: Shop, name: str) -> Operation | Refused:
    """Return an operation of the starter as the engine takes it."""
    return shop.engine.prepare(operations()[name])


@pytest.mark.parametrize("name", sorted(VARIABLES))
async def test_an_operation_is_answered_alike(written: Shop, name: str) -> None:  # noqa: F811 (the fixture)
    operation = prepared(written, name)
    assert isinstance(operation, Operation), operation
    answer = await written.compared(operation, VARIABLES[name], "storefront", customer=None)
    assert "errors" not in answer, answer["errors"]
    assert all(value is not None for value in answer["data"].values())


@pytest.mark.parametrize("name", sorted(CUSTOMERS))
async def test_a_customer_is_answered_alike(shop: Shop, name: str) -> None:
    operation = prepared(shop, name)
    assert isinstance(operation, Operation), operation
    answer = await shop.compared(operation, CUSTOMERS[name], "storefront", customer="ada")
    assert "errors" not in answer, answer["errors"]


@pytest.mark.parametrize("name", sorted(NOT_YET))
def test_what_the_shop_does_not_know_is_refused(shop: Shop, name: str) -> None:
    assert isinstance(prepared(shop, name), Refused)


def test_every_operation_of_the_starter_is_put_to_the_shop() -> None:
    assert operations().keys() == VARIABLES.keys() | CUSTOMERS.keys() | NOT_YET.keys()
