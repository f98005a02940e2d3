"""Every entity answers `_entities` in every subgraph that resolves it: in order, with null for what is not there."""

from typing import Any

import pytest
from graphql import GraphQLUnionType
from tests.cart.storefront import CREATE
from tests.content.writing import WRITTEN, written
from tests.discount.selling import AUTOMATIC, BASIC, TENTH
from tests.discount.selling import written as offered
from tests.gift_card.giving import made
from tests.order.conftest import purchase
from tests.shop import Shop, gid

from commerce_graph.app import MODULES, graph
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.module import Module
from commerce_graph.order import service as orders

NAMES = {"Product": "shirt", "ProductVariant": "shirt-S-White", "Collection": "summer", "Location": "berlin",
         "InventoryItem": "shirt-S-White", "Customer": "ada"}  # fmt: skip
DISCOUNTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "DiscountCodeNode": (BASIC, "codeDiscountNode", {"code": "T"}),
    "DiscountAutomaticNode": (AUTOMATIC, "automaticDiscountNode", {}),
}
QUERY = "query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }"
MANY = 100


async def sample(shop: Shop, kind: str) -> str:
    """Return the id of an entity that is there, as its viewer knows it."""
    if kind == "Cart":
        created = await shop.data(CREATE, {"input": {}})
        cart_id: str = created["cartCreate"]["cart"]["id"]
        return cart_id
    if kind == "Order":
        new = purchase(("mug-variant", 1), free=True)
        async with shop.database.begin() as tx:
            await orders.place(tx, [new])
        return to_gid("Order", new.id)
    if kind == "GiftCard":
        return (await made(shop))[0]
    if kind in DISCOUNTS:
        document, name, more = DISCOUNTS[kind]
        node: str = (await offered(shop, document, title="T", **more, **TENTH))[name]["id"]
        return node
    if kind in WRITTEN:
        return (await written(shop))[kind]
    return gid(kind, NAMES[kind])


def entities(module: Module) -> list[str]:
    """Return the entities that a subgraph resolves, and not only points at."""
    union = graph([module.name]).core.type_map.get("_Entity")
    if not isinstance(union, GraphQLUnionType):
        return []
    parts = {part.__strawberry_definition__.name for part in (*module.owns, *module.extends)}
    return sorted(parts & {member.name for member in union.types})


CASES = [(module, kind) for module in MODULES for kind in entities(module)]


async def ask(shop: Shop, module: Module, representations: list[dict[str, Any]]) -> dict[str, Any]:
    engine = Engine(graph([module.name]))
    operation = engine.prepare(QUERY)
    assert isinstance(operation, Operation), operation
    answer = await engine.run(operation, {"representations": representations}, shop.context("merchant"))
    return answer


@pytest.mark.parametrize(("module", "kind"), CASES, ids=[f"{module.name}-{kind}" for module, kind in CASES])
async def test_entity_answers(shop: Shop, module: Module, kind: str) -> None:
    there = await sample(shop, kind)
    ids = [there, to_gid(kind, new_id()), there]
    answer = await ask(shop, module, [{"__typename": kind, "id": each} for each in ids])
    assert "errors" not in answer, answer
    first, missing, again = answer["data"]["_entities"]
    assert first == again == {"__typename": kind}
    if any(part.__strawberry_definition__.name == kind for part in module.owns):
        assert missing is None, "the owner knows that it is not there"


@pytest.mark.parametrize(("module", "kind"), CASES, ids=[f"{module.name}-{kind}" for module, kind in CASES])
async def test_malformed_references_are_refused_without_harm_to_their_neighbours(
    shop: Shop, module: Module, kind: str
) -> None:
    there = await sample(shop, kind)
    answer = await ask(shop, module, [{"__typename": kind, "id": each} for each in (there, "nonsense")])
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_ID"
    assert "Traceback" not in str(answer)


def test_every_entity_has_one_owner() -> None:
    owned = [part.__strawberry_definition__.name for module in MODULES for part in module.owns]
    assert sorted(owned) == sorted({*NAMES, *WRITTEN, *DISCOUNTS, "Cart", "GiftCard", "Order"})
