"""Shopify's search syntax: what it means, what is passed over, and that no text breaks it."""

from datetime import UTC, datetime
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, DateTime, Integer, Text, Uuid, column
from sqlalchemy.dialects import postgresql

from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.limits import SEARCH_QUERY_CHARS_MAX, SEARCH_QUERY_TERMS_MAX
from commerce_graph.kernel.query_syntax import (
    And,
    Comparator,
    Not,
    Or,
    Query,
    Term,
    bare_terms,
    choice_field,
    condition,
    id_field,
    moment_field,
    number_field,
    parse,
    text_field,
    truth_field,
    whole,
)

A, B, C = Term("a"), Term("b"), Term("c")


# -- Refusals ---------------------------------------------------------------------------------------------------------


def test_a_text_over_the_limit_is_refused_by_name() -> None:
    assert parse("a" * SEARCH_QUERY_CHARS_MAX) is not None
    with pytest.raises(RequestError, match=f"`query` has 1001 characters; the limit is {SEARCH_QUERY_CHARS_MAX}"):
        parse("a" * (SEARCH_QUERY_CHARS_MAX + 1))


def test_too_many_terms_are_refused_by_name() -> None:
    assert parse("a " * SEARCH_QUERY_TERMS_MAX) is not None
    with pytest.raises(RequestError, match="`search` has 51 terms; the limit is 50") as refused:
        parse("a " * (SEARCH_QUERY_TERMS_MAX + 1), "search")
    assert refused.value.code == "BAD_USER_INPUT"


# -- The syntax -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("a b OR c", Or((And((A, B)), C))),
        ("a (b OR c)", And((A, Or((B, C))))),
        ("(a b) c", And((A, B, C))),
        ("-a", Not(A)),
        ("NOT a", Not(A)),
        ("NOT -a", A),
        ("-(a OR b)", Not(Or((A, B)))),
        ("NOT (a b)", Not(And((A, B)))),
        ("a and b", And((A, Term("and"), B))),
        ("well-known", Term("well-known")),
        ("'a b'", Term("a b", quoted=True)),
        ('"a b"*', Term("a b", prefix=True, quoted=True)),
        ("D'Addario", Term("D'Addario")),
        ("'tis", Term("'tis")),
        ("ab*", Term("ab", prefix=True)),
        (r"ab\*", Term("ab*")),
        ("a*b", Term("a*b")),
        (r"a\:b", Term("a:b")),
        (r"\(a\)", Term("(a)")),
        (r"'it\'s'", Term("it's", quoted=True)),
        ("tag:x", Term("x", "tag")),
        ("Tag:x", Term("x", "tag")),
        ("tag:*", Term("", "tag", prefix=True)),
        ("tag:''", Term("", "tag", quoted=True)),
        ("tag: x", Term("x", "tag")),
        ("-tag:x", Not(Term("x", "tag"))),
        ("tag:NOT", Term("NOT", "tag")),
        ("'NOT'", Term("NOT", quoted=True)),
        ("variants.price:>=10.5", Term("10.5", "variants.price", Comparator.MORE_OR_EQUAL)),
        ("n:<5", Term("5", "n", Comparator.LESS)),
        ("n:<= 5", Term("5", "n", Comparator.LESS_OR_EQUAL)),
        ("at:>'2026-01-01T10:00:00Z'", Term("2026-01-01T10:00:00Z", "at", Comparator.MORE, quoted=True)),
        ("at:2026-01-01T10:00:00Z", Term("2026-01-01T10:00:00Z", "at")),
        ("12:30", Term("12:30")),
        ("*", Term("", prefix=True)),
    ],
)
def test_syntax(text: str, tree: Query) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        (None, None),
        ("", None),
        ("  \n\t", None),
        ("()", None),
        ("-", None),
        ("OR", None),
        ("NOT", None),
        ("-()", None),
        ("tag:", None),
        (")a(", A),
        ("((a", A),
        ("a)) b", And((A, B))),
        ("OR a OR", A),
        ("AND a AND", A),
        ("a - b", And((A, B))),
        (":a", A),
        ("a\0b", And((A, B))),
        ("a\ud800", Term("a?")),
        ("(" * 900 + "a", A),
        ("NOT " * 240 + "a", A),
    ],
)
def test_what_makes_no_sense_is_passed_over(text: str | None, tree: Query | None) -> None:
    assert parse(text) == tree


def test_bare_terms_are_what_a_list_is_relevant_to() -> None:
    assert bare_terms(parse("a tag:x (b OR -c) *")) == [A, B]
    assert bare_terms(None) == []


# -- Properties -------------------------------------------------------------------------------------------------------

_VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
_TERMS = st.builds(
    Term,
    value=_VALUES,
    field=st.sampled_from([None, "tag", "variants.price"]),
    prefix=st.booleans(),
    quoted=st.booleans(),
) | st.builds(Term, value=_VALUES, field=st.just("at"), comparator=st.sampled_from(Comparator), quoted=st.just(True))


def _group(kind: type[And] | type[Or], parts: list[Query]) -> Query:
    flat = [leaf for part in parts for leaf in (part.parts if isinstance(part, kind) else [part])]
    return kind(tuple(flat))


_TREES = st.recursive(
    _TERMS,
    lambda inner: st.one_of(
        st.builds(_group, st.sampled_from([And, Or]), st.lists(inner, min_size=2, max_size=3)),
        inner.map(lambda query: query.of if isinstance(query, Not) else Not(query)),
    ),
    max_leaves=8,
)


def written(query: Query) -> str:
    """Write a tree down in the syntax."""
    if isinstance(query, Term):
        head = f"{query.field}:{query.comparator.value}" if query.field else ""
        quote = "'" if query.quoted else ""
        plain = "".join(f"\\{char}" for char in query.value) if not query.quoted else _escaped(query.value)
        return f"{head}{quote}{plain}{quote}{'*' if query.prefix else ''}"
    if isinstance(query, Not):
        return f"-({written(query.of)})"
    glue = " AND " if isinstance(query, And) else " OR "
    return glue.join(f"({written(part)})" for part in query.parts)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


@given(_TREES)
def test_a_tree_survives_being_written_and_read(tree: Query) -> None:
    text = written(tree)
    if len(text) <= SEARCH_QUERY_CHARS_MAX:
        assert parse(text) == tree


_NOISE = st.text(max_size=200) | st.text("ab '\"\\():*-<>=,.\0ANDORT19", max_size=200)
_FIELDS = {
    "a": text_field(Column("a", Text)),
    "b": number_field(Column("b", Integer), exponent=2),
    "ab": moment_field(Column("ab", DateTime)),
    "ba": truth_field(column("ba", Boolean)),
    "aa": id_field(Column("aa", Uuid), "Product"),
    "bb": choice_field(Column("bb", Text), {"a": "A"}),
}


@given(_NOISE)
def test_no_text_breaks_it(text: str) -> None:
    tree = parse(text)
    made = condition(tree, _FIELDS, lambda term: column("words", Text) == term.value)
    made.compile(dialect=postgresql.dialect())


@given(st.sampled_from(["b", "ab", "aa", "bb", "ba"]), st.sampled_from(Comparator), _NOISE)
def test_no_value_breaks_a_field(name: str, comparator: Comparator, value: str) -> None:
    made = _FIELDS[name](Term(value, name, comparator))
    assert made is not None
    made.compile(dialect=postgresql.dialect())


# -- Conditions -------------------------------------------------------------------------------------------------------


def sql(text: str) -> str:
    made = condition(parse(text), _FIELDS, lambda term: column("words", Text) == term.value)
    return str(made.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})).replace("\n", "")


def test_unknown_fields_are_ignored_wherever_they_stand() -> None:
    assert sql("nope:1") == "true"
    assert sql("NOT nope:1") == "true"
    assert sql("nope:1 OR a:x") == "a IN ('x')"
    assert sql("word nope:1") == "words = 'word'"


def test_meanings() -> None:
    assert sql("a:x,y") == "a IN ('x', 'y')"
    assert sql("a:'x,y'") == "a IN ('x,y')"
    assert sql("a:x*") == "a LIKE 'x' || '%%' ESCAPE '/'"
    assert sql("a:*") == "a IS NOT NULL"
    assert sql("-a:x") == "NOT coalesce(a IN ('x'), false)"
    assert sql("b:>=9.995") == "b >= 1000"
    assert sql("b:1,2") == "b = 100 OR b = 200"
    assert sql("b:much") == "false"
    assert sql("ba:false") == "NOT ba"
    assert sql("ba:perhaps") == "false"
    assert sql("ab:<now") == "ab < now()"
    assert sql("ab:yesterday") == "false"
    assert sql("bb:A") == "bb IN ('A')"


def test_a_day_a_month_and_a_year_are_all_of_it() -> None:
    def bounds(text: str) -> list[datetime]:
        made = condition(parse(text), _FIELDS, lambda term: None)
        return list(made.compile(dialect=postgresql.dialect()).params.values())

    assert bounds("ab:2026-02") == [datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)]
    assert bounds("ab:<=2026") == [datetime(2027, 1, 1, tzinfo=UTC)]
    assert bounds("ab:>2026-12-31") == [datetime(2027, 1, 1, tzinfo=UTC)]
    assert bounds("ab:>='2026-01-01T02:00:00+02:00'") == [datetime(2026, 1, 1, tzinfo=UTC)]


def test_ids_are_global_or_plain_and_of_their_kind() -> None:
    key = "01890000-0000-7000-8000-000000000001"
    assert key in sql(f"aa:{key}").replace("'", "")
    gid = to_gid("Product", UUID(key))
    assert sql(f"aa:'{gid}'") == sql(f"aa:{key}")
    assert "1 != 1" in sql("aa:'" + gid.replace("Product", "Order") + "'")
    assert sql("aa:>x") == "false"


@given(st.sampled_from(Comparator), st.decimals(-1000, 1000, places=3), st.integers(-100_000, 100_000))
def test_whole_numbers_compare_as_the_exact_ones_do(comparator: Comparator, bound: object, stored: int) -> None:
    compare = {"": "__eq__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}[comparator.value]
    found = whole(Term(f"{bound:f}", "b", comparator), 2)
    exact = getattr(stored, compare)
    expected = getattr(Fraction(stored, 100), compare)(Fraction(str(bound)))
    assert (found is not None and exact(found[1])) == expected
