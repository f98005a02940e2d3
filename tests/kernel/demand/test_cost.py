"""What an operation may cost is known before it runs: the specification's examples, and ours by hand."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    DirectiveNode,
    ExecutionResult,
    FieldDefinitionNode,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    OperationDefinitionNode,
    build_schema,
    parse,
    value_from_ast_untyped,
)

from commerce_graph.app import MODULES
from commerce_graph.kernel import limits
from commerce_graph.kernel.demand.cost import Cost, Costs, Counting
from commerce_graph.kernel.demand.weights import ASKING_MUTATION, MUTATION, ListSize, Weights, input_weight
from commerce_graph.kernel.execution import Operation
from commerce_graph.kernel.execution.breadth import execute
from commerce_graph.kernel.graph import Graph
from tests.shop import Shop

DIRECTIVES = """
directive @cost(weight: String!) on
  ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!],
  requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
"""
USERS = """
type User { name: String age: Int @cost(weight: "2.0") }
type Query { users(max: Int): [User] @listSize(slicingArguments: ["max"]) }
"""
TOP = """
input Filter { field: String approx: Approximate @cost(weight: "-12.0") }
enum Approximate { YES }
type Product { name: String }
type Query {
  topProducts(filter: Filter @cost(weight: "15.0")): [String] @cost(weight: "5.0") @listSize(assumedSize: 10)
  mostPopularProduct(approx: Approximate @cost(weight: "-3.0")): Product @cost(weight: "5.0")
  cheap(approx: Approximate @cost(weight: "-9.0")): Product @cost(weight: "5.0")
}
"""
FILMS = """
type Film { title: String director: Person }
type Person @cost(weight: "3") { name: String }
type FilmEdge { cursor: ID node: Film }
type PageInfo { hasNextPage: Boolean }
type FilmConnection { edges: [FilmEdge] pageInfo: PageInfo }
type Query {
  films(first: Int, after: ID, last: Int, before: ID): FilmConnection
    @listSize(slicingArguments: ["first", "last"], sizedFields: ["edges"])
  few(max: Int = 3): [Film] @listSize(slicingArguments: ["max"])
  perhaps(max: Int): [Film]
    @listSize(slicingArguments: ["max"], requireOneSlicingArgument: false, assumedSize: 4)
  plain: [Film]
}
"""
UNION = """
interface Node { id: ID }
type A implements Node { id: ID heavy: B @cost(weight: "7") }
type B implements Node { id: ID light: A }
union Either = A | B
type Query { node: Node either: Either nodes(ids: [ID!]!): [Node]! }
"""


def weighed(sdl: str) -> Weights:
    """Return what a schema's directives say."""
    schema = build_schema(DIRECTIVES + sdl)
    weights: dict[str, int] = {}
    sizes: dict[str, ListSize] = {}

    def note(at: str, directives: Any) -> None:
        for name, given in read(directives):
            if name == "cost":
                weights[at] = int(float(given["weight"]))
            elif name == "listSize":
                lists = (tuple(given.get(key, ())) for key in ("slicingArguments", "sizedFields"))
                sizes[at] = ListSize(given.get("assumedSize"), *lists, given.get("requireOneSlicingArgument", True))

    for kind in schema.type_map.values():
        if kind.ast_node:
            note(kind.name, kind.ast_node.directives)
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            continue
        for name, member in kind.fields.items():
            if member.ast_node:
                note(f"{kind.name}.{name}", member.ast_node.directives)
            if isinstance(member.ast_node, FieldDefinitionNode):
                for argument in member.ast_node.arguments or ():
                    note(f"{kind.name}.{name}({argument.name.value}:)", argument.directives)
    return Weights(schema, weights, sizes)


def read(directives: tuple[DirectiveNode, ...] | None) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in directives or ():
        yield each.name.value, {a.name.value: value_from_ast_untyped(a.value) for a in each.arguments or ()}


def counted(weights: Weights, text: str, variables: dict[str, Any]) -> Cost:
    document = parse(text)
    node = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return Counting(weights, document, node, variables).operation()


@pytest.mark.parametrize(
    ("sdl", "text", "variables", "expected"),
    [
        # Examples 1 and 2: the field cost is 11; Query and five users.
        (USERS, "{ users(max: 5) { age } }", {}, Cost(6, 11)),
        (USERS, "query ($n: Int) { users(max: $n) { age } }", {"n": 5}, Cost(6, 11)),
        (USERS, "{ users(max: 5) { name } }", {}, Cost(6, 1)),
        # Examples 10 to 12.
        (TOP, "{ topProducts }", {}, Cost(1, 5)),
        (TOP, '{ topProducts(filter: {field: "a"}) }', {}, Cost(1, 20)),
        (TOP, "{ topProducts(filter: {approx: YES}) }", {}, Cost(1, 8)),
        (TOP, "query ($f: Filter) { topProducts(filter: $f) }", {"f": {"approx": "YES"}}, Cost(1, 8)),
        (TOP, "query ($f: Filter = {approx: YES}) { topProducts(filter: $f) }", {}, Cost(1, 8)),
        (TOP, "{ mostPopularProduct { name } }", {}, Cost(2, 5)),
        (TOP, "{ mostPopularProduct(approx: YES) { name } }", {}, Cost(2, 2)),
        (TOP, "{ cheap(approx: YES) { name } }", {}, Cost(2, 0)),  # never less than nothing
        # Example 18: Query, a connection, five edges with a film each; films, edges, and five times node.
        (FILMS, "{ films(first: 5) { edges { node { title } } } }", {}, Cost(12, 7)),
        (FILMS, "{ films(first: 5, last: 7) { edges { cursor } } }", {}, Cost(9, 2)),  # the largest
        (FILMS, "{ films(first: 5) { edges { cursor } pageInfo { hasNextPage } } }", {}, Cost(8, 3)),
        (FILMS, "{ films(first: 2) { edges { node { director { name } } } } }", {}, Cost(12, 6)),
        (FILMS, "{ films(first: 2) { ...F } } fragment F on FilmConnection { edges { cursor } }", {}, Cost(4, 2)),
        (FILMS, "{ few { title } }", {}, Cost(4, 1)),  # the argument's default
        (FILMS, "{ perhaps { title } }", {}, Cost(5, 1)),
        (FILMS, "{ perhaps(max: 2) { title } }", {}, Cost(3, 1)),
        (FILMS, "{ plain { title } }", {}, Cost(11, 1)),
        (FILMS, "{ films(first: 0) { edges { cursor } } }", {}, Cost(2, 2)),
        (FILMS, "{ films(first: 99999999999) { edges { cursor } } }", {}, Cost(2 + limits.PAGE_SIZE_MAX, 2)),
        (FILMS, "query ($n: Int) { films(first: $n) { edges { cursor } } }", {"n": "no number"}, Cost(2, 2)),
        (FILMS, "query ($n: Int) { films(first: $n) { edges { cursor } } }", {"n": -1}, Cost(2, 2)),
        # Of what is for different types, the dearest.
        (UNION, "{ node { id ... on A { heavy { id } } ... on B { light { id } } } }", {}, Cost(3, 8)),
        (UNION, "{ either { ... on A { heavy { id } } ... on A { x: heavy { id } } } }", {}, Cost(4, 15)),
        (UNION, "query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["a"] * 300}, Cost(301, 1)),
        (UNION, '{ nodes(ids: ["a", "b"]) { id } }', {}, Cost(3, 1)),
        (UNION, "{ __typename __schema { types { name } } }", {}, Cost(1, 0)),
    ],
)
def test_examples(sdl: str, text: str, variables: dict[str, Any], expected: Cost) -> None:
    assert counted(weighed(sdl), text, variables) == expected


def test_fragments_that_double_are_counted_once_each() -> None:
    chain = " ".join(f"fragment F{n} on Film {{ director {{ name }} ...F{n + 1} ...F{n + 1} }}" for n in range(40))
    text = f"{{ few {{ ...F0 }} }} {chain} fragment F40 on Film {{ title }}"
    assert counted(weighed(FILMS), text, {}).points > 10**12


def test_input_objects_are_counted_as_deep_as_they_go() -> None:
    sdl = "input In { a: Int @cost(weight: 2) b: [In] c: String } type Query { q(in: In): Int }"
    weights = weighed(sdl.replace("weight: 2", 'weight: "2"'))
    kind = weights.schema.get_type("In")
    assert input_weight(weights, kind, {"a": 1, "b": [{"a": 1, "c": "x"}, {"c": "y"}], "unknown": 1}) == 2 + 1 + 2


def test_costs_are_counted_once_for_equal_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    document = parse("query ($n: Int, $other: ID) { films(first: $n, after: $other) { edges { cursor } } }")
    node = document.definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    costs = Costs(weighed(FILMS), document, node)
    assert costs.of({"n": 3, "other": "a"}) == 5 + 2
    monkeypatch.setattr(Counting, "operation", lambda self: pytest.fail("counted again"))
    assert costs.of({"n": 3, "other": "b"}) == 5 + 2
    monkeypatch.undo()
    assert costs.of({"n": 4}) == 6 + 2
    for n in range(250):
        costs.of({"n": n})
    assert len(costs._known) == limits.OPERATION_COSTS_MAX


GRAPH = Graph(MODULES)


def test_every_list_of_objects_says_how_long_it_is() -> None:
    text = GRAPH.sdl()
    assert "variants(after: String, before: String, first: Int, last: Int" in text
    kind = text[text.index("\ntype Product ") :]
    line = next(each for each in kind.split("\n") if each.startswith("  media("))
    assert line.endswith('@listSize(slicingArguments: ["first", "last"], sizedFields: ["nodes", "edges"])')
    assert f'@cost(weight: "{MUTATION}.0")' in text
    assert f'@cost(weight: "{ASKING_MUTATION}.0")' in text
    assert GRAPH.weights.weights["Mutation.orderCapture"] == ASKING_MUTATION
    assert GRAPH.weights.weights["Mutation.cartCreate"] == MUTATION
    assert GRAPH.weights.sizes["DiscountProducts.products"].assumed == 250


def test_a_subgraph_says_it_as_federation_does() -> None:
    text = Graph([module for module in MODULES if module.name == "catalog"]).as_str()
    assert '"@cost"' in text
    assert '"@listSize"' in text
    assert '@listSize(slicingArguments: ["first", "last"], sizedFields: ["nodes", "edges"]' in text


async def test_pages_in_pages_are_refused_before_anything_is_read(shop: Shop) -> None:
    hop = "nodes { product { variants(first: 250) { %s } } }"
    inner = hop % (hop % "nodes { id }")
    answer = await shop.run(f"{{ products(first: 250) {{ nodes {{ variants(first: 250) {{ {inner} }} }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "COST_LIMIT_EXCEEDED"
    assert "OPERATION_COST_MAX" in answer["errors"][0]["message"]
    assert "data" not in answer


async def test_references_are_bounded_like_nodes(shop: Shop) -> None:
    document = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
    many = [{"__typename": "Product", "id": "x"}] * limits.OPERATION_COST_MAX
    answer = await shop.run(document, {"r": many})
    assert answer["errors"][0]["extensions"]["code"] == "COST_LIMIT_EXCEEDED"


async def test_the_cost_limit_at_it_and_one_past_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "{ products(first: 2) { nodes { id title } } }"
    prepared = shop.engine.prepare(text)
    assert isinstance(prepared, Operation)
    cost = shop.engine.cost(prepared, None)
    assert cost == (1 + 1 + 2) + (1 + 1)
    monkeypatch.setattr(limits, "OPERATION_COST_MAX", cost)
    assert "errors" not in await shop.run(text)
    monkeypatch.setattr(limits, "OPERATION_COST_MAX", cost - 1)
    assert (await shop.run(text))["errors"][0]["extensions"]["code"] == "COST_LIMIT_EXCEEDED"


async def test_what_was_answered_costs_no_more_than_what_was_asked(shop: Shop) -> None:
    text = """{ products(first: 50) { nodes { id variants(first: 3) { nodes { id price { amount } } } }
      edges { node { id priceRange { minVariantPrice { amount } } } } } }"""
    prepared = shop.engine.prepare(text)
    assert isinstance(prepared, Operation)
    answered: list[tuple[Any, int]] = []
    ctx = shop.context()
    shop.engine.enter(prepared, None, ctx)
    running = execute(shop.engine.graph.core, prepared.document, context_value=ctx, answered=answered)
    assert not isinstance(running, ExecutionResult)
    result = await running
    assert result.data
    products = result.data["products"]["nodes"]
    variants = sum(len(each["variants"]["nodes"]) for each in products)
    # Types: query, connection, products and their connections, variants and prices; edges, products, ranges, prices.
    types = 1 + 1 + 2 * len(products) + 2 * variants + len(products) * 4
    # Calls: products, nodes, edges; variants and nodes of each product, prices; node, range and price of each edge.
    calls = 1 + 2 + 2 * len(products) + variants + 3 * len(products)
    assert prepared.costs.actual(answered) == types + calls < shop.engine.cost(prepared, None)
