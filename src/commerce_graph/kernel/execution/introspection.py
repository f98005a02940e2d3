"""How much of the schema an operation reads: aliases can ask for all of it a thousand times over in one request."""

from collections.abc import Mapping
from functools import cached_property
from statistics import fmean

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_introspection_query,
    get_operation_ast,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    parse,
)

from commerce_graph.kernel.limits import INTROSPECTIONS_MAX

Lengths = Mapping[str, float]


class SchemaReads:
    """Counts the values that introspection answers with, against those of the query that tools send."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    def excessive(self, document: DocumentNode, node: OperationDefinitionNode) -> bool:
        """Tell whether an operation reads more than INTROSPECTIONS_MAX tools do. Raises: RecursionError."""
        return self._values(document, node) > INTROSPECTIONS_MAX * self._usual

    @cached_property
    def _usual(self) -> float:
        document = parse(
            get_introspection_query(
                descriptions=True, specified_by_url=True, directive_is_repeatable=True, schema_description=True,
                input_value_deprecation=True,
            )
        )  # fmt: skip
        node = get_operation_ast(document)
        assert node
        return self._values(document, node)

    @cached_property
    def _lengths(self) -> Mapping[str, Lengths]:
        """How long lists are: on average below `__schema`, where all are told, and at most below `__type`."""
        kinds = self._schema.type_map.values()
        fields = [[*kind.fields.values()] for kind in kinds if is_object_type(kind) or is_interface_type(kind)]
        told = {
            "fields": [len(each) for each in fields],
            "args": [len(field.args) for each in fields for field in each],
            "inputFields": [len(kind.fields) for kind in kinds if is_input_object_type(kind)],
            "enumValues": [len(kind.values) for kind in kinds if is_enum_type(kind)],
            "possibleTypes": [len(self._schema.get_possible_types(kind)) for kind in kinds if is_abstract_type(kind)],
            "interfaces": [len(kind.interfaces) for kind in kinds if is_object_type(kind) or is_interface_type(kind)],
        }
        once = {
            "types": float(len(kinds)), "directives": float(len(self._schema.directives)),
            "ofType": 0.5,  # tools ask for nine in each other, of which most are null
        }  # fmt: skip
        return {
            "__schema": once | {name: fmean(lengths or [0]) for name, lengths in told.items()},
            "__type": once | {name: float(max(lengths, default=0)) for name, lengths in told.items()},
        }

    def _values(self, document: DocumentNode, node: OperationDefinitionNode) -> float:
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        known: dict[tuple[str, str], float] = {}

        def count(selections: SelectionSetNode | None, root: str) -> float:
            total = 0.0
            for each in selections.selections if selections else ():
                if isinstance(each, FragmentSpreadNode):
                    at = (each.name.value, root)
                    if at not in known:
                        known[at] = count(fragments[each.name.value].selection_set, root)
                    total += known[at]
                elif isinstance(each, InlineFragmentNode):
                    total += count(each.selection_set, root)
                elif isinstance(each, FieldNode):
                    name = each.name.value
                    if root:
                        total += self._lengths[root].get(name, 1) * (1 + count(each.selection_set, root))
                    elif name in self._lengths:
                        total += 1 + count(each.selection_set, name)
            return total

        return count(node.selection_set, "")
