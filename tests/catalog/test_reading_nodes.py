"""Relay's node and nodes: any entity by its id."""

from typing import Any

import pytest

from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.limits import NODES_IDS_MAX
from tests.shop import Shop, gid, uid

NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


@pytest.mark.parametrize(
    "malformed", ["", "1", "gid://shopify/Product/1", f"gid://other/Product/{uid('mug')}", "Product/" + "0" * 500]
)
async def test_a_malformed_id_is_told(shop: Shop, malformed: str) -> None:
    for answer in (
        await shop.run("query($id: ID!) { node(id: $id) { id } }", {"id": malformed}),
        await shop.run(NODES, {"ids": [gid("Product", "mug"), malformed]}),
    ):
        assert codes(answer) == ["INVALID_ID"]
        assert malformed[:100] in answer["errors"][0]["message"]


async def test_too_many_ids_are_refused(shop: Shop) -> None:
    ids = [to_gid("Product", new_id()) for _ in range(NODES_IDS_MAX + 1)]
    answer = await shop.run(NODES, {"ids": ids})
    assert codes(answer) == ["BAD_USER_INPUT"]
    assert answer["errors"][0]["message"] == f"`ids` has 251 ids; the limit is {NODES_IDS_MAX}"
    assert (await shop.data(NODES, {"ids": ids[:NODES_IDS_MAX]}))["nodes"] == [None] * NODES_IDS_MAX


async def test_fields_of_a_node_keep_their_access(shop: Shop) -> None:
    asked = "query($id: ID!) { node(id: $id) { ... on Product { title } } }"
    assert codes(await shop.run(asked, {"id": gid("Product", "mug")}, None)) == ["ACCESS_DENIED"]


async def test_nodes_come_in_order_and_null_where_there_is_none(shop: Shop) -> None:
    ids = [
        gid("Collection", "summer"),
        to_gid("Product", new_id()),
        gid("ProductVariant", "mug-variant"),
        to_gid("Mystery", new_id()),
        gid("Product", "mug"),
        gid("Product", "chair"),
        gid("Product", "mug"),
    ]
    found = (await shop.data(NODES, {"ids": ids}))["nodes"]
    assert [node and node["__typename"] for node in found] == [
        "Collection", None, "ProductVariant", None, "Product", None, "Product",
    ]  # fmt: skip
    assert [node and node["id"] for node in found] == [node and gid_ for node, gid_ in zip(found, ids, strict=True)]
    seen_by_merchants = (await shop.data(NODES, {"ids": ids}, "merchant"))["nodes"]
    assert seen_by_merchants[5] == {"__typename": "Product", "id": gid("Product", "chair")}


async def test_one_statement_for_each_kind(shop: Shop) -> None:
    ids = [gid("Product", name) for name in ("mug", "lamp", "shirt", "print", "guide")]
    one, five = await shop.statements(NODES, {"ids": ids[:1]}), await shop.statements(NODES, {"ids": ids})
    assert len(one) == len(five) == 1


@pytest.mark.parametrize("kind", ["Cart", "Customer", "InventoryItem", "Location", "Order"])
async def test_every_entity_is_a_node(shop: Shop, kind: str) -> None:
    schema = shop.engine.graph.core
    assert schema.is_sub_type(schema.type_map["Node"], schema.type_map[kind])  # type: ignore[arg-type]
