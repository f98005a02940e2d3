"""What is fuzzed: each target takes any bytes, and fails where the server would have a fault or break a promise."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, ColumnElement, DateTime, MetaData, Numeric, String, Table, Uuid
from sqlalchemy.dialects import postgresql

from commerce_graph.app import MODULES
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine, Operation, Refused
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.limits import DOCUMENT_ROOT_FIELDS_MAX, SEARCH_QUERY_TERMS_MAX
from commerce_graph.kernel.parameters import Parameters, load_json, read_parameters
from commerce_graph.kernel.query_syntax import (
    And,
    Meaning,
    Not,
    Or,
    Query,
    Term,
    bare_terms,
    choice_field,
    condition,
    id_field,
    moment_field,
    names,
    number_field,
    parse,
    text_field,
    truth_field,
)

CODES = {
    "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "OPERATION_RESOLUTION_FAILURE", "DEPTH_LIMIT_EXCEEDED",
    "FIELD_LIMIT_EXCEEDED", "TOKEN_LIMIT_EXCEEDED", "ALIAS_LIMIT_EXCEEDED", "DIRECTIVE_LIMIT_EXCEEDED",
    "OPERATION_LIMIT_EXCEEDED", "FRAGMENT_LIMIT_EXCEEDED", "VARIABLE_LIMIT_EXCEEDED",
}  # fmt: skip
"""How a document may be refused before anything of it runs."""

THING = Table(
    "thing", MetaData(), Column("id", Uuid), Column("title", String), Column("price", Numeric), Column("live", Boolean),
    Column("made_at", DateTime(timezone=True)),
)  # fmt: skip


def body(data: bytes) -> None:
    """Read a body as the server does: what is not refused as a fault of the request is a well-formed one."""
    try:
        parameters = read_parameters(load_json(data))
    except RequestError as refused:
        return _refused(refused, "BAD_REQUEST", 400)
    _well_formed(parameters)


def _refused(refused: RequestError, code: str, status: int) -> None:
    assert (refused.code, refused.status) == (code, status)


def _well_formed(parameters: Parameters) -> None:
    assert isinstance(parameters.query, str)
    assert parameters.query or parameters.document_id
    assert parameters.variables is None or isinstance(parameters.variables, dict)
    assert parameters.operation_name is None or isinstance(parameters.operation_name, str)
    assert parameters.document_id is None or "\n" not in parameters.document_id


@cache
def engine() -> Engine:
    """Return the engine of the whole graph."""
    return Engine(Graph(MODULES))


def document(data: bytes) -> None:
    """Prepare a document: it is refused with a code and names nothing of the schema, or can be counted."""
    made = engine()
    prepared = made.prepare(data.decode(errors="replace"))
    if isinstance(prepared, Refused):
        assert {error["extensions"]["code"] for error in prepared.errors} <= CODES
        assert not any("Did you mean" in error["message"] for error in prepared.errors)
        return
    assert isinstance(prepared, Operation)
    assert prepared.label
    assert len(prepared.node.selection_set.selections) <= DOCUMENT_ROOT_FIELDS_MAX
    assert prepared.costs.of({}) >= 0


FIELDS: Mapping[str, Meaning] = {
    "id": id_field(THING.c.id, "Product"), "title": text_field(THING.c.title), "price": number_field(THING.c.price, 2),
    "live": truth_field(THING.c.live), "made_at": moment_field(THING.c.made_at),
    "kind": choice_field(THING.c.title, {"tea": "TEA", "cup": "CUP"}),
}  # fmt: skip


def filters(data: bytes) -> None:
    """Read a search text: it is a tree within its limits that becomes SQL, or it is over a limit."""
    try:
        tree = parse(data.decode(errors="surrogateescape"))
    except RequestError as refused:
        return _refused(refused, "BAD_USER_INPUT", 200)
    if tree is not None:
        assert 0 < _terms(tree) <= SEARCH_QUERY_TERMS_MAX
    assert all(term.field is None for term in bare_terms(tree))
    assert all(name == name.lower() for name in names(tree))
    try:
        sql: ColumnElement[Any] = condition(tree, FIELDS, lambda term: THING.c.title.contains(term.value))
    except RequestError as refused:
        return _refused(refused, "BAD_USER_INPUT", 200)
    compiled = sql.compile(dialect=postgresql.dialect())
    for value in compiled.params.values():
        _storable(value)


def _terms(tree: Query) -> int:
    if isinstance(tree, Term):
        return 1
    if isinstance(tree, Not):
        assert not isinstance(tree.of, Not)
        return _terms(tree.of)
    assert len(tree.parts) > 1
    assert not any(isinstance(part, And if isinstance(tree, And) else Or) for part in tree.parts)
    return sum(_terms(part) for part in tree.parts)


def _storable(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _storable(each)
    elif isinstance(value, str):
        value.encode()
        assert "\0" not in value
    elif isinstance(value, int):
        assert -(1 << 63) <= value < 1 << 63
    else:
        assert value is None or isinstance(value, UUID) or hasattr(value, "tzinfo")


TARGETS: Mapping[str, Callable[[bytes], None]] = {"body": body, "document": document, "filters": filters}
