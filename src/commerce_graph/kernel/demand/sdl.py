"""`@cost` and `@listSize` in the schema's files: as IBM's specification has them, and as Apollo Federation has."""

import re
from typing import Any

from graphql import (
    DirectiveLocation,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLDirective,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    print_schema,
)
from strawberry.federation.schema_directives import Cost
from strawberry.federation.schema_directives import ListSize as FederatedSize

from commerce_graph.kernel.demand.weights import ListSize, Weights

COST = GraphQLDirective(
    "cost",
    [
        DirectiveLocation.ARGUMENT_DEFINITION, DirectiveLocation.ENUM, DirectiveLocation.FIELD_DEFINITION,
        DirectiveLocation.INPUT_FIELD_DEFINITION, DirectiveLocation.OBJECT, DirectiveLocation.SCALAR,
    ],
    {"weight": GraphQLArgument(GraphQLNonNull(GraphQLString))},
    description="What a call of the field costs; 1 where an object is answered and nothing is said, 0 for scalars.",
)  # fmt: skip
LIST_SIZE = GraphQLDirective(
    "listSize",
    [DirectiveLocation.FIELD_DEFINITION],
    {
        "assumedSize": GraphQLArgument(GraphQLInt),
        "slicingArguments": GraphQLArgument(GraphQLList(GraphQLNonNull(GraphQLString))),
        "sizedFields": GraphQLArgument(GraphQLList(GraphQLNonNull(GraphQLString))),
        "requireOneSlicingArgument": GraphQLArgument(GraphQLBoolean, default_value=True),
    },
    description="How long a list is taken to be, or which arguments say it.",
)
DIRECTIVES = (Cost, FederatedSize)
"""The same two as Apollo Federation has them, whose weights are whole numbers."""
FIELD = re.compile(r"  (?P<name>\w+)(?P<arguments>\(.*\))?: .+")
OPENED = re.compile(r"  (?P<name>\w+)\(")
CLOSED = re.compile(r"  \): .+")
TYPE = re.compile(r"(?:type|interface) (?P<name>\w+)")


def mark(member: Any, weight: int | None, size: ListSize | None) -> list[Any]:
    """Have a Strawberry field print its weight and size in a subgraph, and return the directives that say it."""
    made: list[Any] = [] if weight is None else [Cost(weight=weight)]
    if size is not None:
        made.append(_federated(size))
    # Members are shared by all graphs of the process.
    member.directives = [d for d in member.directives if not isinstance(d, DIRECTIVES)] + made
    return made


def _federated(size: ListSize) -> FederatedSize:
    told: dict[str, Any] = {"require_one_slicing_argument": size.one}
    if size.assumed is not None:
        told["assumed_size"] = size.assumed
    if size.slicing:
        told["slicing_arguments"] = list(size.slicing)
    if size.sized:
        told["sized_fields"] = list(size.sized)
    return FederatedSize(**told)


def printed(schema: GraphQLSchema, weights: Weights) -> str:
    """Return a schema as text with the weights and sizes of its fields, which graphql-core does not print."""
    lines = []
    kind = name = ""
    described = False
    for line in print_schema(schema).split("\n"):
        quotes = line.count('"""')
        if described or quotes:
            described = described != (quotes % 2 == 1)
        elif found := TYPE.match(line):
            kind = found["name"]
        elif line == "}":
            kind = ""
        elif kind and (found := FIELD.fullmatch(line)):
            line += _told(f"{kind}.{found['name']}", weights)
        elif kind and (found := OPENED.fullmatch(line)):
            name = found["name"]
        elif kind and CLOSED.fullmatch(line):
            line += _told(f"{kind}.{name}", weights)
        lines.append(line)
    return "\n".join(lines)


def _told(at: str, weights: Weights) -> str:
    told = ""
    if (weight := weights.weights.get(at)) is not None:
        told += f' @cost(weight: "{weight}.0")'
    if (size := weights.sizes.get(at)) is not None:
        parts = [f"assumedSize: {size.assumed}"] if size.assumed is not None else []
        for label, names in (("slicingArguments", size.slicing), ("sizedFields", size.sized)):
            quoted = ", ".join(f'"{name}"' for name in names)
            parts += [f"{label}: [{quoted}]"] if names else []
        parts += [] if size.one or not size.slicing else ["requireOneSlicingArgument: false"]
        told += f" @listSize({', '.join(parts)})"
    return told
