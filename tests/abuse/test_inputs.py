"""No value that the schema allows is a fault of ours: every argument of every root field, made extreme one by one."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from graphql import GraphQLField, GraphQLNonNull, Undefined

from commerce_graph.app import MODULES
from commerce_graph.checkout.service import Purchases
from commerce_graph.customer.service import passwords
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.ids import to_gid
from commerce_graph.order.graph.fulfillment import content_gid
from tests.abuse.extremes import Known, selection, variations
from tests.cart.storefront import create, line, ready
from tests.content.writing import written
from tests.discount.selling import AUTOMATIC, TENTH, tenth
from tests.discount.selling import written as discounts
from tests.gift_card.giving import applied, made
from tests.order.conftest import place
from tests.shop import PASSWORD, Shop, gid, uid

CORE = Graph(MODULES).core
assert CORE.query_type
assert CORE.mutation_type
ROOTS = [("query", name, member) for name, member in CORE.query_type.fields.items()] + [
    ("mutation", name, member) for name, member in CORE.mutation_type.fields.items()
]
ROOTS = [root for root in ROOTS if root[1] not in ("_service", "_entities")]
SIGN_IN = """mutation ($input: CustomerAccessTokenCreateInput!) {
  customerAccessTokenCreate(input: $input) { customerAccessToken { accessToken } } }"""
CART = """query ($id: ID!) { cart(id: $id) {
  lines(first: 1) { nodes { id } } delivery { addresses { id } } deliveryGroups(first: 1) { nodes { id } } } }"""
TO_SEND = """query ($id: ID!) { order(id: $id) {
  fulfillmentOrders(first: 1) { nodes { id lineItems(first: 1) { nodes { id } } } } } }"""


CURATE = """mutation ($product: ID!) {
  searchSynonymGroupCreate(input: { terms: ["cup", "mug"] }) { synonymGroup { id } }
  searchRedirectCreate(input: { query: "returns", target: "https://a.test/returns" }) { redirect { id } }
  searchPinSetCreate(input: { query: "tea", productIds: [$product] }) { pinSet { id } }
}"""


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spend no time on passwords."""
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def known(shop: Shop) -> AsyncIterator[Known]:
    """Return what makes each operation fine in the test shop, with a cart, an order and a customer signed in."""
    cart = await ready(shop, line("mug-variant"))
    empty = await create(shop)
    bought = await place(shop, ("shirt-S-White", 2), ("mug-variant", 1), customer="ada")
    entered = {"input": {"email": "ada@example.com", "password": PASSWORD}}
    token = (await shop.data(SIGN_IN, entered))["customerAccessTokenCreate"]["customerAccessToken"]["accessToken"]
    inside = (await shop.data(CART, {"id": cart["id"]}))["cart"]
    to_send = (await shop.data(TO_SEND, {"id": bought.gid}, "merchant"))["order"]["fulfillmentOrders"]["nodes"][0]
    secret = shop.resources.secret
    told = await written(shop)
    decided = await shop.data(CURATE, {"product": gid("Product", "mug")}, "merchant")
    code_node = await tenth(shop)
    automatic = await discounts(shop, AUTOMATIC, title="A", **TENTH)
    nodes = {"discountCode": code_node, "discountAutomatic": automatic["automaticDiscountNode"]["id"]}
    card_id, code = await made(shop)
    (card,) = (await applied(shop, cart, code))["appliedGiftCards"]
    group, redirect, pins = (next(iter(made.values()))["id"] for made in decided.values())
    by_name = {
        "first": 2, "last": None, "after": None, "before": None,
        "cartId": cart["id"], "merchandiseId": gid("ProductVariant", "mug-variant"),
        "lineIds": inside["lines"]["nodes"][0]["id"], "orderId": bought.gid, "ids": bought.gid,
        "productId": gid("Product", "mug"), "productIds": gid("Product", "mug"), "products": gid("Product", "mug"),
        "collections": gid("Collection", "summer"), "lineItemId": bought.line_gid(),
        "locationId": gid("Location", "berlin"), "inventoryItemId": gid("InventoryItem", "mug-variant"),
        "customerAccessToken": token, "addressId": gid("MailingAddress", "ada-home"), "email": "new@example.com",
        "password": PASSWORD, "phone": "+49301234567", "country": "DE", "countryCode": "DE", "province": None,
        "currencyCode": "EUR", "attemptToken": "a token", "names": "available", "sessionId": "test_ok",
        "optionName": "Title", "ownerId": gid("Product", "mug"),
        "attemptId": to_gid("CartCompletionAttempt", uid("none"), secret), "handle": "mug",
        "referenceDocumentUri": "https://a.test/1", "freePaymentMethod": None,
        "returnId": to_gid("Return", uid("none")), "variantId": gid("ProductVariant", "mug-variant"),
        "parentTransactionId": to_gid("OrderTransaction", uid("none")),
        "giftCardCodes": code, "appliedGiftCardIds": card["id"], "customerId": gid("Customer", "ada"),
        "fulfillmentLineItemId": content_gid(uid("none"), uid("none")),
    }  # fmt: skip
    returned = to_gid("Return", uid("none"))
    by_place = {
        "Query.node.id": gid("Product", "mug"), "Query.product.id": gid("Product", "mug"), "Query.product.handle": None,
        "Query.collection.id": gid("Collection", "summer"), "Query.collection.handle": None,
        "Query.cart.id": empty["id"], "Query.order.id": bought.capability,
        "Query.location.id": gid("Location", "berlin"), "Query.inventoryItem.id": gid("InventoryItem", "mug-variant"),
        "CartLineUpdateInput.id": inside["lines"]["nodes"][0]["id"],
        "Mutation.customerAddressUpdate.id": gid("MailingAddress", "ada-home"),
        "Mutation.customerAddressDelete.id": gid("MailingAddress", "ada-home"),
        "ProductVariantsBulkInput.id": gid("ProductVariant", "mug-variant"), "ProductSetInput.title": "Mug",
        "CollectionInput.id": gid("Collection", "summer"), "CollectionInput.ruleSet": None,
        "CollectionAddProducts.id": gid("Collection", "summer"),
        "Mutation.collectionAddProducts.id": gid("Collection", "summer"),
        "Mutation.collectionRemoveProducts.id": gid("Collection", "summer"),
        "InventorySetQuantitiesInput.reason": "correction", "InventoryAdjustQuantitiesInput.reason": "correction",
        "OrderMarkAsPaidInput.id": bought.gid, "OrderCloseInput.id": bought.gid, "OrderOpenInput.id": bought.gid,
        "CartSelectableAddressUpdateInput.id": inside["delivery"]["addresses"][0]["id"],
        "CartSelectedDeliveryOptionInput.deliveryGroupId": inside["deliveryGroups"]["nodes"][0]["id"],
        "CartSelectedDeliveryOptionInput.deliveryOptionHandle": "standard",
        "FulfillmentOrderLineItemsInput.fulfillmentOrderId": to_send["id"],
        "FulfillmentOrderLineItemInput.id": to_send["lineItems"]["nodes"][0]["id"],
        "ProductSetIdentifiers.handle": None, "InventorySetQuantitiesInput.name": "available",
        "InventoryAdjustQuantitiesInput.name": "available", "ProductSetInventoryInput.name": "available",
        "GiftCardCreateInput.code": None, "CartInput.giftCardCodes": None, "MoneyInput.amount": "18.00",
        "MetafieldsSetInput.type": "single_line_text_field",
        "Query.page.id": told["Page"], "Query.page.handle": None, "Query.blog.id": told["Blog"],
        "Query.blog.handle": None, "Query.article.id": told["Article"], "Query.blogs.query": None,
        "Mutation.pageUpdate.id": told["Page"], "Mutation.pageDelete.id": told["Page"],
        "Mutation.blogUpdate.id": told["Blog"], "Mutation.blogDelete.id": told["Blog"],
        "Mutation.articleUpdate.id": told["Article"], "Mutation.articleDelete.id": told["Article"],
        "ArticleCreateInput.blogId": told["Blog"], "ArticleUpdateInput.blogId": told["Blog"],
        "Query.productRecommendations.productHandle": None,
        "Mutation.searchSynonymGroupUpdate.id": group, "Mutation.searchSynonymGroupDelete.id": group,
        "Mutation.searchRedirectUpdate.id": redirect, "Mutation.searchRedirectDelete.id": redirect,
        "Mutation.searchPinSetUpdate.id": pins, "Mutation.searchPinSetDelete.id": pins,
        "Query.giftCard.id": card_id,
        **{f"Mutation.giftCard{name}.id": card_id for name in ("Update", "Credit", "Debit", "Deactivate")},
        "Query.codeDiscountNode.id": nodes["discountCode"], "Query.return.id": returned,
        "Mutation.returnCancel.id": returned, "Mutation.returnClose.id": returned, "Mutation.returnReopen.id": returned,
        "ReturnApproveRequestInput.id": returned, "ReturnDeclineRequestInput.id": returned,
        "ReturnProcessReturnLineItemInput.id": to_gid("ReturnLineItem", uid("none")),
        "OrderCaptureInput.id": bought.gid, "Mutation.orderEditBegin.id": bought.gid,
        **{
            f"Mutation.orderEdit{name}.id": to_gid("CalculatedOrder", uid("none"))
            for name in ("AddVariant", "Commit", "SetQuantity")
        },
        "Mutation.inventoryItemUpdate.id": gid("InventoryItem", "mug-variant"),
        "InventoryMoveQuantitiesInput.reason": "correction", "InventoryMoveQuantityTerminalInput.name": "available",
        "Query.automaticDiscountNode.id": nodes["discountAutomatic"],
        "DiscountItemsInput.products": None, "DiscountItemsInput.collections": None,
    }  # fmt: skip
    for _, name, member in ROOTS:
        kind = next((kind for kind in nodes if name.startswith(kind)), None)
        if kind and "id" in member.args:
            by_place[f"Mutation.{name}.id"] = nodes[kind]
    yield Known(by_place, by_name)
    await Purchases.of(shop.resources).settle()


def operations(kind: str, name: str, member: GraphQLField, known: Known) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield operations on a root field: the fine one, then each with one value made extreme."""
    owner = f"{kind.title()}.{name}"
    fine = {n: known.value(argument.type, n, owner) for n, argument in member.args.items()}
    fine = {n: value for n, value in fine.items() if value is not None}
    yield _document(kind, name, member, fine, selection(CORE, member.type, known, 2)), fine
    below = selection(CORE, member.type, known, 1)
    for n, argument in member.args.items():
        for value in variations(argument.type, n, fine.get(n)):
            given = {**fine, n: value}
            yield _document(kind, name, member, given, below), given


def _document(kind: str, name: str, member: GraphQLField, given: dict[str, Any], below: str) -> str:
    told = [n for n in member.args if n in given]
    declared = ", ".join(f"${n}: {member.args[n].type}" for n in told)
    passed = ", ".join(f"{n}: ${n}" for n in told)
    return f"{kind} {f'({declared})' if told else ''} {{ {name}{f'({passed})' if told else ''}{below} }}"


@pytest.mark.parametrize(("kind", "name", "member"), ROOTS, ids=[root[1] for root in ROOTS])
async def test_no_allowed_value_is_a_fault_of_ours(
    shop: Shop, known: Known, kind: str, name: str, member: GraphQLField
) -> None:
    needed = {n for n, a in member.args.items() if isinstance(a.type, GraphQLNonNull) and a.default_value is Undefined}
    faults = []
    for index, (document, given) in enumerate(operations(kind, name, member, known)):
        if not needed <= given.keys():
            pytest.fail(f"nobody knows a fine value for {needed - given.keys()}")
        answer = await shop.run(document, given, "merchant")
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert not codes & {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "ACCESS_DENIED"}, (document, answer)
        if index == 0:
            assert not codes, answer["errors"]
        if "INTERNAL" in codes:
            faults.append((str(given)[:500], answer["errors"]))
    assert not faults, faults
