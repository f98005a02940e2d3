"""How large a document is: one pass over its nodes, with each fragment counted once, before it is validated."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionNode,
    ValidationContext,
    specified_rules,
)
from graphql.validation.validate import ValidationAbortedError

from commerce_graph.kernel import limits


class Oversize(Exception):
    """A document is over a limit; the message names the limit, the value and the way out."""

    def __init__(self, code: str, what: str, limit: str, value: int | None, way: str) -> None:
        many = f"{value:,} {what} are" if value is not None and value < COUNTED_MAX else f"more {what} than counted are"
        super().__init__(f"{many} over the limit of {getattr(limits, limit):,} ({limit}): {way}")
        self.code = code
        self.limit = limit


COUNTED_MAX = 10**12
"""Fragments that double one another come to numbers that nobody wants to read."""


@dataclass(slots=True)
class _Part:
    """What one definition holds itself, and which fragments it spreads at which depth."""

    fields: int = 0
    roots: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    nesting: int = 0
    spreads: list[tuple[str, int, int]] = field(default_factory=list)
    """Name, fields above it, selections above it."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a document comes to with fragments in the place of their spreads: of all its operations the sum, of depth
    and fields at the root the most."""

    fields: int
    aliases: int
    depth: int
    nesting: int
    roots: int


def measure(document: DocumentNode) -> Size:
    """Return the size of a document that was parsed. Linear in its nodes; nothing recurses.

    Limits: DOCUMENT_OPERATIONS_MAX, DOCUMENT_FRAGMENTS_MAX, DOCUMENT_VARIABLES_MAX, DOCUMENT_DIRECTIVES_MAX and
    DOCUMENT_DIRECTIVES_PER_PLACE_MAX of the text; DOCUMENT_DEPTH_MAX, DOCUMENT_NESTING_MAX, DOCUMENT_FIELDS_MAX,
    DOCUMENT_ALIASES_MAX and DOCUMENT_ROOT_FIELDS_MAX with fragments in their places. Raises: Oversize.
    """
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    fragments = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
    _check("OPERATION_LIMIT_EXCEEDED", "operations", "DOCUMENT_OPERATIONS_MAX", len(operations), "send fewer at a time")
    way = "merge fragments, or split the document"
    _check("FRAGMENT_LIMIT_EXCEEDED", "fragments", "DOCUMENT_FRAGMENTS_MAX", len(fragments), way)
    variables = sum(len(each.variable_definitions or ()) for each in operations)
    way = "put them into input objects, or split the document"
    _check("VARIABLE_LIMIT_EXCEEDED", "variables", "DOCUMENT_VARIABLES_MAX", variables, way)
    parts = {each.name.value: _walked(each) for each in fragments}
    own = [_walked(each) for each in operations]
    directives = sum(part.directives for part in (*own, *parts.values()))
    _check("DIRECTIVE_LIMIT_EXCEEDED", "directives", "DOCUMENT_DIRECTIVES_MAX", directives, "split the document")
    known: dict[str, Size] = {}
    for name in _inner_first(parts):
        known[name] = _whole(parts[name], known)
    wholes = [_whole(part, known) for part in own]
    size = Size(
        fields=sum(each.fields for each in wholes),
        aliases=sum(each.aliases for each in wholes),
        depth=max((each.depth for each in wholes), default=0),
        nesting=max((each.nesting for each in (*wholes, *known.values())), default=0),
        roots=max((each.roots for each in wholes), default=0),
    )
    _bound(size)
    return size


def _bound(size: Size) -> None:
    deep = "ask for what lies deeper in another operation, by its id"
    _check("DEPTH_LIMIT_EXCEEDED", "levels of fields", "DOCUMENT_DEPTH_MAX", size.depth, deep)
    flat = "put fragments less deep into one another"
    _check("DEPTH_LIMIT_EXCEEDED", "levels of selections", "DOCUMENT_NESTING_MAX", size.nesting, flat)
    split = "split the operation, or spread large fragments less often"
    _check("FIELD_LIMIT_EXCEEDED", "fields", "DOCUMENT_FIELDS_MAX", size.fields, split)
    listed = "ask with lists of ids, or split the operation"
    _check("ALIAS_LIMIT_EXCEEDED", "aliases", "DOCUMENT_ALIASES_MAX", size.aliases, listed)
    apart = "send several operations"
    _check("FIELD_LIMIT_EXCEEDED", "fields at the root", "DOCUMENT_ROOT_FIELDS_MAX", size.roots, apart)


def _check(code: str, what: str, limit: str, value: int, way: str) -> None:
    if value > getattr(limits, limit):
        raise Oversize(code, what, limit, value, way)


def _walked(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Part:
    part = _Part()
    _count_directives(part, definition.directives)
    for variable in definition.variable_definitions or ():
        _count_directives(part, variable.directives)
    left: list[tuple[tuple[SelectionNode, ...], int, int]] = [(definition.selection_set.selections, 0, 1)]
    while left:
        selections, depth, nesting = left.pop()
        part.nesting = max(part.nesting, nesting)
        for node in selections:
            if node.directives:
                _count_directives(part, node.directives)
            if isinstance(node, FieldNode):
                part.fields += 1
                part.aliases += node.alias is not None
                if depth == 0:
                    part.roots += 1
                if depth >= part.depth:
                    part.depth = depth + 1
                if node.selection_set:
                    left.append((node.selection_set.selections, depth + 1, nesting + 1))
            elif isinstance(node, FragmentSpreadNode):
                part.spreads.append((node.name.value, depth, nesting))
            elif isinstance(node, InlineFragmentNode):
                left.append((node.selection_set.selections, depth, nesting + 1))
    return part


def _count_directives(part: _Part, directives: Any) -> None:
    count = len(directives or ())
    part.directives += count
    way = "repeat none"
    _check("DIRECTIVE_LIMIT_EXCEEDED", "directives in one place", "DOCUMENT_DIRECTIVES_PER_PLACE_MAX", count, way)


def _inner_first(parts: Mapping[str, _Part]) -> Iterator[str]:
    """Yield fragments after those that they spread; a cycle, which validation refuses, is cut."""
    seen: set[str] = set()
    done: set[str] = set()
    for start in parts:
        path = [start]
        while path:
            name = path[-1]
            if name not in seen:
                seen.add(name)
                path += {each for each, *_ in parts[name].spreads if each in parts and each not in seen}
            else:
                path.pop()
                if name not in done:
                    done.add(name)
                    yield name


def _whole(part: _Part, known: Mapping[str, Size]) -> Size:
    """Return the size of a definition with the sizes of fragments in the place of their spreads."""
    fields, roots, aliases, depth, nesting = part.fields, part.roots, part.aliases, part.depth, part.nesting
    for name, above, around in part.spreads:
        inner = known.get(name)
        if inner is not None:
            fields += inner.fields
            aliases += inner.aliases
            roots += 0 if above else inner.roots
            depth = max(depth, above + inner.depth)
            nesting = max(nesting, around + inner.nesting)
    return Size(fields, aliases, depth, nesting, roots)


class _Overlaps(OverlappingFieldsCanBeMergedRule):
    """graphql-core's rule, which compares fields of one name with each other, with our limit for it."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = limits.DOCUMENT_OVERLAPS_MAX

    def enter_selection_set(self, *arguments: Any) -> None:
        """Compare the fields of a selection set. Limits: DOCUMENT_OVERLAPS_MAX for a document. Raises: Oversize."""
        try:
            super().enter_selection_set(*arguments)
        except ValidationAbortedError:
            if self.rule_context.remaining_complexity_budget >= 0:
                raise  # too many errors
            way = "repeat fewer fields of one name, and spread fewer fragments side by side"
            told = ("FIELD_LIMIT_EXCEEDED", "comparisons of fields of one name", "DOCUMENT_OVERLAPS_MAX")
            raise Oversize(*told, None, way) from None


RULES = tuple(_Overlaps if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules)
"""The specification's rules, none of which takes more than its share of time."""


def root_names(document: DocumentNode, node: OperationDefinitionNode) -> list[str]:
    """Return the fields that a valid operation selects at its root, by their names in the schema."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    left: list[SelectionNode] = [*node.selection_set.selections]
    names = []
    while left:
        each = left.pop(0)
        if isinstance(each, FieldNode):
            names.append(each.name.value)
        elif isinstance(each, FragmentSpreadNode):
            left[:0] = fragments[each.name.value].selection_set.selections
        elif isinstance(each, InlineFragmentNode):
            left[:0] = each.selection_set.selections
    return names
