"""The SQL condition of a tree, and what terms mean on columns of each kind."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from operator import eq, ge, gt, le, lt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, false, func, literal, not_, or_, true

from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.kernel.limits import SEARCH_QUERY_CHARS_MAX
from commerce_graph.kernel.moments import aware
from commerce_graph.kernel.query_syntax.tree import Comparator, Joins, Query, Term, translate

Meaning = Callable[[Term], ColumnElement[bool] | None]
"""What a term means in a list: its condition, or None to ignore it."""

_COMPARE: dict[Comparator, Callable[[Any, Any], Any]] = {
    Comparator.EQUAL: eq,
    Comparator.LESS: lt,
    Comparator.LESS_OR_EQUAL: le,
    Comparator.MORE: gt,
    Comparator.MORE_OR_EQUAL: ge,
}


def condition(query: Query | None, fields: Mapping[str, Meaning], words: Meaning) -> ColumnElement[bool]:
    """Return the SQL condition of a tree: `fields` by name, `words` for terms without a field.

    A term of an unknown field is ignored as if it were not there, also inside OR and NOT.
    """
    found = None if query is None else translate(query, fields, words, _JOINS)
    return true() if found is None else found


# NULL is no match, so its negation is one.
_JOINS: Joins[ColumnElement[bool]] = Joins(
    lambda parts: and_(*parts), lambda parts: or_(*parts), lambda part: not_(func.coalesce(part, false()))
)


def text_field(column: ColumnElement[Any]) -> Meaning:
    """Return the meaning of a field with exact text: `a`, `a,b`, `a*`, `*`, and comparators in the column's order."""

    def meaning(term: Term) -> ColumnElement[bool]:
        if term.exists:
            return column.is_not(None)
        if term.prefix:
            return column.startswith(term.value, autoescape=True)
        if term.comparator is Comparator.EQUAL:
            return column.in_(term.values)
        compared: ColumnElement[bool] = _COMPARE[term.comparator](column, term.value)
        return compared

    return meaning


def choice_field(column: ColumnElement[Any], names: Mapping[str, str]) -> Meaning:
    """Return the meaning of a field with few values: `names` maps what clients write, in lower case, to the stored."""

    def meaning(term: Term) -> ColumnElement[bool]:
        if term.exists:
            return column.is_not(None)
        return column.in_([names[value.lower()] for value in term.values if value.lower() in names])

    return meaning


def truth_field(column: ColumnElement[bool]) -> Meaning:
    """Return the meaning of a yes-or-no field: `true`, `false`; another value matches nothing."""

    def meaning(term: Term) -> ColumnElement[bool]:
        answers = {"true": column, "1": column, "false": not_(column), "0": not_(column)}
        return true() if term.exists else answers.get(term.value.lower(), false())

    return meaning


def id_field(column: ColumnElement[Any], kind: str) -> Meaning:
    """Return the meaning of an id: a global id of `kind` or the UUID in it, with comparators; else nothing matches."""

    def meaning(term: Term) -> ColumnElement[bool]:
        if term.exists:
            return column.is_not(None)
        keys = [key for key in (_uuid(value, kind) for value in term.values) if key]
        if term.comparator is Comparator.EQUAL:
            return column.in_(keys)
        return _COMPARE[term.comparator](column, keys[0]) if keys else false()

    return meaning


def _uuid(value: str, kind: str) -> UUID | None:
    try:
        if "/" not in value:
            return UUID(value)
        found, key, _sealed = parse_gid(value)
    except (ValueError, RequestError):
        return None
    return key if found == kind else None


_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z", re.ASCII)
_INTEGER_MAX = 2**63 - 2  # one more, or less, still fits a column
_EXACT = Context(prec=SEARCH_QUERY_CHARS_MAX)


def whole(term: Term, exponent: int = 0) -> tuple[Comparator, int] | None:
    """Return a term on a number as one on whole numbers of `10 ** -exponent`, None where nothing can match it.

    `>9.99` of whole numbers is `>9`, `>=9.99` is `>=10`, and `9.99` none of them.
    """
    if not _NUMBER.match(term.value):
        return None
    exact = Decimal(term.value).scaleb(exponent, _EXACT)
    upwards = term.comparator in (Comparator.MORE_OR_EQUAL, Comparator.LESS)
    number = exact.to_integral_value(ROUND_CEILING if upwards else ROUND_FLOOR)
    if term.comparator is Comparator.EQUAL and (number != exact or abs(number) > _INTEGER_MAX):
        return None
    return term.comparator, int(max(min(number, Decimal(_INTEGER_MAX)), Decimal(-_INTEGER_MAX)))


def number_field(column: ColumnElement[Any], exponent: int = 0) -> Meaning:
    """Return the meaning of a whole-number field that clients write with `exponent` decimal places."""

    def meaning(term: Term) -> ColumnElement[bool]:
        if term.exists:
            return column.is_not(None)
        if term.comparator is Comparator.EQUAL and len(term.values) > 1:
            return or_(*(meaning(replace(term, value=value, quoted=True)) for value in term.values))
        found = whole(term, exponent)
        return _COMPARE[found[0]](column, literal(found[1], BigInteger)) if found else false()

    return meaning


_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)


def moment_field(column: ColumnElement[Any]) -> Meaning:
    """Return the meaning of a time: an ISO 8601 moment, a day, month or year (all of it, in UTC), or `now`."""

    def meaning(term: Term) -> ColumnElement[bool]:
        if term.exists:
            return column.is_not(None)
        if term.value.lower() == "now":
            compared: ColumnElement[bool] = _COMPARE[term.comparator](column, func.now())
            return compared
        found = span(term.value)
        if found is None:
            return false()
        start, end = found
        return {
            Comparator.EQUAL: and_(column >= start, column < end),
            Comparator.LESS: column < start,
            Comparator.LESS_OR_EQUAL: column < end,
            Comparator.MORE: column >= end,
            Comparator.MORE_OR_EQUAL: column >= start,
        }[term.comparator]

    return meaning


def span(text: str) -> tuple[datetime, datetime] | None:
    """Return the first moment of a time as it was written, and the first after it."""
    day = _DAY.match(text)
    try:
        if day is None:
            moment = aware(datetime.fromisoformat(text)).astimezone(UTC)
            step = timedelta(microseconds=1) if moment.microsecond else timedelta(seconds=1)
            return moment, moment + step
        year, month, date = (int(part) if part else None for part in day.groups())
        start = datetime(year or 0, month or 1, date or 1, tzinfo=UTC)
        if date:
            return start, start + timedelta(days=1)
        if month:
            return start, (start + timedelta(days=31)).replace(day=1)
        return start, start.replace(year=start.year + 1)
    except (ValueError, OverflowError):
        return None
