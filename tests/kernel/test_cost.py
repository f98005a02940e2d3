"""What an operation can ask for is bounded before it runs, however it is written."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from commerce_graph.kernel import limits
from commerce_graph.kernel.cost import Cost, root_fields
from commerce_graph.kernel.execution import Refused
from tests.shop import Shop

SCHEMA = build_schema("""
  interface Node { id: ID! }
  type Item implements Node { id: ID! name: String parts: [Item!]! related(first: Int, last: Int): ItemConnection }
  type ItemConnection { nodes: [Item!]! edges: [ItemEdge!]! facets: [Facet!]! }
  type Facet { values: [Item!]! }
  type ItemEdge { node: Item! }
  type Query { item: Item items(first: Int, last: Int): ItemConnection! nodes(ids: [ID!]!): [Node]! }
""")


def cost(text: str, **variables: Any) -> int:
    document = parse(text)
    node = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return Cost(SCHEMA, document, node, variables, {"Facet.values": 100}).objects()


@pytest.mark.parametrize(
    ("text", "variables", "most"),
    [
        ("{ __typename }", {}, 0),
        ("{ item { id name } }", {}, 1),
        ("{ items(first: 3) { nodes { id } } }", {}, 3 * 2),
        ("{ items(last: 3) { edges { node { id } } } }", {}, 3 * 3),
        ("{ items(first: 3) { nodes { related(first: 4) { nodes { id } } } } }", {}, 3 * (1 + 1 + 4 * 2)),
        ("{ item { parts { parts { id } } } }", {}, 1 + 10 * (1 + 10)),
        ("{ items(first: 3) { nodes { id } facets { values { id } } } }", {}, 3 * 2 + 10 * (1 + 100)),
        ("{ items(first: 3) { ...on ItemConnection { facets { values { id } } } } }", {}, 3 + 10 * (1 + 100)),
        (
            "{ items(first: 3) { ...F ...F } } fragment F on ItemConnection { nodes { id } facets { values { id } } }",
            {},
            3 * 3 + 2 * 10 * (1 + 100),
        ),
        ("query ($n: Int) { items(first: $n) { nodes { id } } }", {"n": 5}, 5 * 2),
        ("query ($n: Int = 7) { items(first: $n) { nodes { id } } }", {}, 7 * 2),
        ("query ($n: Int) { items(first: $n) { nodes { id } } }", {}, 2),
        ("query ($n: Int) { items(first: $n) { nodes { id } } }", {"n": "no number"}, 2),
        ("query ($n: Int) { items(first: $n) { nodes { id } } }", {"n": -1}, 2),
        ("{ items(first: 99999999999) { nodes { id } } }", {}, 250 * 2),
        ('{ nodes(ids: ["a", "b"]) { id } }', {}, 2),
        ("query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Item { parts { id } } } }", {"ids": ["a"] * 300}, 300 * 11),
        ("{ a: item { ...F } b: item { ...F } } fragment F on Item { parts { id } }", {}, 2 * 11),
    ],
)
def test_objects(text: str, variables: dict[str, Any], most: int) -> None:
    assert cost(text, **variables) == most


def test_fragments_that_double_are_counted_once_each() -> None:
    chain = " ".join(f"fragment F{n} on Item {{ parts {{ ...F{n + 1} }} ...F{n + 1} }}" for n in range(100))
    assert cost(f"{{ item {{ ...F0 }} }} {chain} fragment F100 on Item {{ id }}") > 10**90


def test_fields_at_the_root_are_counted_through_fragments() -> None:
    fragment = "fragment F on Query { c: item { id } d: item { id } }"
    document = parse(f"{{ ...F a: item {{ id }} ... on Query {{ b: item {{ id }} }} }} {fragment}")
    node = document.definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    assert root_fields(document, node) == 4


async def test_pages_in_pages_are_refused_before_anything_is_read(shop: Shop) -> None:
    hop = "nodes { product { variants(first: 250) { %s } } }"
    inner = hop % (hop % "nodes { id }")
    answer = await shop.run(f"{{ products(first: 250) {{ nodes {{ variants(first: 250) {{ {inner} }} }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "COST_LIMIT_EXCEEDED"
    assert "data" not in answer


async def test_references_are_bounded_like_nodes(shop: Shop) -> None:
    document = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
    many = [{"__typename": "Product", "id": "x"}] * (limits.ANSWER_OBJECTS_MAX + 1)
    answer = await shop.run(document, {"r": many})
    assert answer["errors"][0]["extensions"]["code"] == "COST_LIMIT_EXCEEDED"


async def test_fragments_nested_by_the_hundred_are_no_fault_of_ours(shop: Shop) -> None:
    for length in (50, 150, 250, 400, 900):
        chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(length))
        answer = await shop.run(f"{{ ...F0 }} {chain} fragment F{length} on Query {{ shop {{ name }} }}")
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        assert "INTERNAL" not in codes


def test_many_fields_at_the_root_are_refused(shop: Shop) -> None:
    fields = " ".join(f"a{n}: products(first: 1) {{ nodes {{ id }} }}" for n in range(51))
    refused = shop.engine.prepare(f"{{ {fields} }}")
    assert isinstance(refused, Refused)
    assert refused.errors[0]["extensions"]["code"] == "FIELD_LIMIT_EXCEEDED"
