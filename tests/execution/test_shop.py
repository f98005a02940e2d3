"""The shop's own documents come to the same answer under both executors, with no more statements under ours."""

import gc
import json
import re
from typing import Any

import pytest
from benchmarks.operations import DETAIL, LIST
from graphql import OperationType, get_introspection_query

from commerce_graph.app import EXAMPLES
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.graphiql import read_examples
from tests.cart.storefront import CART, CREATE, create, line
from tests.shop import Shop, gid

NODES = """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id
  ... on Product { title variants(first: 9) { nodes { title price { amount } product { handle } } } }
  ... on ProductVariant { sku product { title featuredImage { url } } }
  ... on Collection { title products(first: 9) { nodes { id title } } } } }"""
ENTITIES = """query ($them: [_Any!]!) { _entities(representations: $them) { __typename
  ... on Product { title } ... on ProductVariant { title product { title } } } _service { sdl } }"""
SHOWN = [
    gid("Product", "shirt"),
    gid("ProductVariant", "mug-variant"),
    gid("Product", "nothing"),
    gid("Product", "mug"),
]
QUERIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "list": (LIST, {}, "storefront"),
    "detail": (DETAIL, {"handle": "shirt", "selectedOptions": [{"name": "Size", "value": "S"}]}, "storefront"),
    "abroad": (DETAIL, {"handle": "shirt", "selectedOptions": [], "country": "JP", "language": "JA"}, "storefront"),
    "nothing": (DETAIL, {"handle": "nothing", "selectedOptions": []}, "storefront"),
    "nodes": (NODES, {"ids": [*SHOWN, gid("Collection", "summer")]}, "storefront"),
    "bad id": (NODES, {"ids": ["no id"]}, "storefront"),
    "bad variable": (NODES, {"ids": [None]}, "storefront"),
    "entities": (
        ENTITIES,
        {"them": [{"__typename": each.split("/")[3], "id": each} for each in SHOWN]},
        "merchant",
    ),
    "introspection": (get_introspection_query(), {}, "storefront"),
}


@pytest.fixture(params=["graphql-core", "breadth"])
def both(request: pytest.FixtureRequest, shop: Shop) -> Shop:
    """Return the shop under each executor."""
    return Shop(shop.database, shop.resources, Engine(shop.engine.graph, request.param))


def _examples() -> dict[str, tuple[str, dict[str, Any], str]]:
    found = {}
    for example in read_examples(EXAMPLES):
        variables = json.loads((example.variables or "{}").replace("HANDLE", "shirt"))
        found[f"example {example.name}"] = (example.query, variables, example.caller.replace("shopper", "storefront"))
    return found


@pytest.mark.parametrize("name", [*QUERIES, *_examples()])
async def test_a_query_is_answered_alike(shop: Shop, name: str) -> None:
    text, variables, token = {**QUERIES, **_examples()}[name]
    operation = shop.engine.prepare(text)
    assert isinstance(operation, Operation), operation
    if operation.kind is not OperationType.QUERY:
        pytest.skip("it writes")
    answer = await shop.compared(operation, variables, token, customer=None)
    assert ("errors" in answer) == name.startswith("bad")


@pytest.mark.parametrize("name", ["list", "detail", "bad variable"])
async def test_an_operation_is_freed_without_the_collector(shop: Shop, name: str) -> None:
    text, variables, token = QUERIES[name]
    operation = shop.engine.prepare(text)
    assert isinstance(operation, Operation), operation
    await shop.engine.run(operation, variables, shop.context(token))  # what is kept for the next is made here
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await shop.engine.run(operation, variables, shop.context(token))
        gc.collect()
        assert not [each for each in gc.garbage if type(each) is Context]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def test_a_cart_is_answered_alike(shop: Shop) -> None:
    cart = await create(shop, line("mug-variant", 2), line("shirt-S-White"))
    operation = shop.engine.prepare(CART)
    assert isinstance(operation, Operation)
    answer = await shop.compared(operation, {"id": cart["id"]}, "storefront", customer=None)
    assert len(answer["data"]["cart"]["lines"]["nodes"]) == 2


async def test_mutations_are_answered_alike(shop: Shop) -> None:
    """Each executor makes a cart of its own: what differs are the ids."""
    given = {"input": {"lines": [line("mug-variant", 2), line("mug-variant", 999)], "note": "x"}}
    answers = []
    for executor in ("graphql-core", "breadth"):
        under = Shop(shop.database, shop.resources, Engine(shop.engine.graph, executor))  # type: ignore[arg-type]
        text = json.dumps(await under.run(CREATE, given))
        answers.append(re.sub(r"gid://[^\"]*|http[^\"]*|\d{4}-\d\d-\d\dT[^\"]*", "…", text))
    assert answers[0] == answers[1]
    assert "…" in answers[0]


async def test_a_subscription_that_cannot_begin_is_told_alike(both: Shop) -> None:
    operation = both.engine.prepare('subscription { orderUpdated(orderId: "no id") { id } }')
    assert isinstance(operation, Operation), operation
    answers = [answer async for answer in both.engine.stream(operation, None, both.context("merchant"))]
    (error,) = answers[0]["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("INVALID_ID", ["orderUpdated"])
