"""Documents are measured before they are validated: each limit at it and one past it, and bombs that end at once."""

from collections.abc import Callable

import pytest
from graphql import parse

from commerce_graph.kernel import limits
from commerce_graph.kernel.demand.measure import COUNTED_MAX, Oversize, Size, measure
from commerce_graph.kernel.execution import Engine, Operation, Refused
from commerce_graph.kernel.graph import Graph
from commerce_graph.kernel.module import Module
from tests.kernel.test_execution import TestQuery


def many(count: int, template: str, between: str = " ") -> str:
    """Return a template's text so many times, `%` being the number."""
    return between.join(template.replace("%", str(number)) for number in range(count))


def test_sizes() -> None:
    document = parse("""
      query A($x: Int @a) @b { a: thing @c { ...F name } ...R }
      query B { where ... on TestQuery @d { where } }
      fragment F on Thing { b: name thing { ... { name } } }
      fragment R on TestQuery { x: where where }
    """)
    # A: thing, name, F's name, thing and name, R's two; B: two.
    assert measure(document) == Size(fields=9, aliases=3, depth=3, nesting=5, roots=3)


def test_a_cycle_is_measured_and_left_to_validation() -> None:
    assert measure(parse("{ ...a } fragment a on Q { x ...b } fragment b on Q { y ...a }")).fields == 2


LIMITS: dict[str, tuple[str, Callable[[int], str]]] = {
    "DOCUMENT_DEPTH_MAX": ("DEPTH_LIMIT_EXCEEDED", lambda n: "{" + "thing {" * (n - 1) + "name" + "}" * n),
    "DOCUMENT_NESTING_MAX": ("DEPTH_LIMIT_EXCEEDED", lambda n: "{" + "... {" * (n - 1) + "where" + "}" * n),
    "DOCUMENT_ROOT_FIELDS_MAX": ("FIELD_LIMIT_EXCEEDED", lambda n: f"{{ {many(n, 'where')} }}"),
    "DOCUMENT_FIELDS_MAX": ("FIELD_LIMIT_EXCEEDED", lambda n: f"{{ thing {{ {many(n - 1, 'name')} }} }}"),
    "DOCUMENT_ALIASES_MAX": ("ALIAS_LIMIT_EXCEEDED", lambda n: f"{{ thing {{ {many(n, 'a%: name')} }} }}"),
    "DOCUMENT_DIRECTIVES_PER_PLACE_MAX": (
        "DIRECTIVE_LIMIT_EXCEEDED", lambda n: f"{{ where {many(n, '@skip(if: false)')} }}"),
    "DOCUMENT_DIRECTIVES_MAX": (
        "DIRECTIVE_LIMIT_EXCEEDED", lambda n: f"{{ thing {{ {many(n, 'name @skip(if: false)')} }} }}"),
    "DOCUMENT_OPERATIONS_MAX": ("OPERATION_LIMIT_EXCEEDED", lambda n: many(n, "query Q% { where }")),
    "DOCUMENT_FRAGMENTS_MAX": (
        "FRAGMENT_LIMIT_EXCEEDED",
        lambda n: f"{{ thing {{ {many(n, '...F%')} }} }} {many(n, 'fragment F% on Thing { a%: name }')}"),
    "DOCUMENT_VARIABLES_MAX": (
        "VARIABLE_LIMIT_EXCEEDED", lambda n: f"query Q({many(n, '$v%: Int')}) {{ thing {{ name }} }}"),
}  # fmt: skip


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_at_it_and_one_past_it(limit: str) -> None:
    code, document = LIMITS[limit]
    most = getattr(limits, limit)
    measure(parse(document(most)))
    with pytest.raises(Oversize) as refused:
        measure(parse(document(most + 1)))
    assert refused.value.code == code
    told = str(refused.value)
    assert (limit in told, f"{most:,}" in told, f"{most + 1:,}" in told) == (True, True, True), told
    assert len(told.rpartition("): ")[2]) > 5, "the way out"


def test_fields_are_counted_over_all_operations() -> None:
    half = limits.DOCUMENT_FIELDS_MAX // 2
    part = f"{{ thing {{ {many(half, 'name')} }} }}"
    with pytest.raises(Oversize, match="DOCUMENT_FIELDS_MAX"):
        measure(parse(f"query A {part} query B {part}"))


def test_fragments_that_double_come_to_a_number_that_is_not_told() -> None:
    chain = many(60, "fragment F% on T { ...G% ...G% } fragment G% on T { ...H% ...H% }")
    for number in range(60):
        chain = chain.replace(f"H{number} ", f"F{number + 1} ")
    with pytest.raises(Oversize) as refused:
        measure(parse(f"{{ ...F0 }} {chain} fragment F60 on T {{ x }}"))
    assert str(COUNTED_MAX) not in str(refused.value)
    assert "more fields" in str(refused.value) or "DOCUMENT_NESTING_MAX" in str(refused.value)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(Graph([Module("test", TestQuery)]))


def test_fields_of_one_name_are_compared_within_bounds(engine: Engine) -> None:
    def pairs(count: int) -> str:
        return f"{{ thing {{ {many(count, 'thing { name }')} }} }}"

    assert isinstance(engine.prepare(pairs(50)), Operation)
    refused = engine.prepare(pairs(1_500))
    assert isinstance(refused, Refused)
    assert refused.errors[0]["extensions"]["code"] == "FIELD_LIMIT_EXCEEDED"
    assert "DOCUMENT_OVERLAPS_MAX" in refused.errors[0]["message"]


def test_faults_that_are_told_are_bounded(engine: Engine) -> None:
    refused = engine.prepare(f"{{ {many(40, 'nothing%')} }}")
    assert isinstance(refused, Refused)
    assert len(refused.errors) == limits.DOCUMENT_FAULTS_TOLD_MAX + 1  # the last one tells that there are more


def test_tokens_over_the_limit_are_told_with_the_way_out(engine: Engine) -> None:
    refused = engine.prepare(f"{{ {many(limits.DOCUMENT_TOKENS_MAX, 'where')} }}")
    assert isinstance(refused, Refused)
    assert refused.errors[0]["extensions"]["code"] == "TOKEN_LIMIT_EXCEEDED"
    assert "DOCUMENT_TOKENS_MAX" in refused.errors[0]["message"]
