"""Whether an operation's answers may be cached, worked out once for each operation."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graphql import DocumentNode, FieldNode, GraphQLObjectType, TypeInfo, TypeInfoVisitor, Visitor, visit

from commerce_graph.kernel.auth import CONTENT, LISTINGS, Access
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.hints import NEVER, Hint

SHOWN_TO_ALL: Access = LISTINGS | CONTENT
"""What shoppers' tokens hold. A field that asks for more is never cached."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How the answers of one operation are cached."""

    max_age_s: int
    """The least that any of its fields allows; 0: not at all."""
    about: frozenset[str]
    absent: frozenset[str]


UNCACHED = Policy(0, frozenset(), frozenset())


def policy_of(graph: Graph, document: DocumentNode) -> Policy:
    """Return the policy of a document with one operation.

    A field's own hint counts, or that of its type. A field of the root or of an entity that has neither is not cached;
    all others hold for as long as what they are part of.
    """
    collector = _Hints(info := TypeInfo(graph.core), graph)
    visit(document, TypeInfoVisitor(info, collector))
    if not collector.found or any(hint.max_age_s == 0 for hint in collector.found):
        return UNCACHED
    about = frozenset(kind for hint in collector.found for kind in hint.about)
    absent = frozenset(kind for hint in collector.found for kind in hint.absent)
    return Policy(min(hint.max_age_s for hint in collector.found), about, absent)


def tags_of(policy: Policy, data: dict[str, Any], entities: Iterable[tuple[str, Any]]) -> frozenset[str]:
    """Return the surrogate keys of an answer: its entities as `Kind-key`, and kinds of which anything may change it."""
    tags = {f"{kind}-{uuid.hex}" for kind, uuid in entities if isinstance(uuid, UUID)} | policy.about
    return frozenset(tags | policy.absent if None in data.values() else tags)


class _Hints(Visitor):
    """Collects the hints of selected fields."""

    def __init__(self, info: TypeInfo, graph: Graph) -> None:
        super().__init__()
        self._info = info
        self._graph = graph
        self.found: set[Hint] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._info.get_parent_type()
        name = node.name.value
        if parent is None or name == "__typename":
            return
        at = f"{parent.name}.{name}"
        hint = self._graph.hints.get(at)
        if not self._graph.access.get(at, frozenset()) <= SHOWN_TO_ALL:
            hint = NEVER
        if hint is None and (parent is self._graph.core.query_type or (_is_entity(parent) and name != "id")):
            hint = NEVER
        if hint is not None:
            self.found.add(hint)


def _is_entity(kind: Any) -> bool:
    return isinstance(kind, GraphQLObjectType) and any(each.name == "Node" for each in kind.interfaces)
