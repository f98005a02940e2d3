"""Shopify's search syntax, which `query` arguments are written in: parsed to a small tree, then to an SQL condition.

    lamp "desk lamp" tag:light vendor:Nor* price:>=10 -status:draft (a OR b) created_at:<'2026-01-01' sku:*

Terms side by side must all hold (AND), AND binds tighter than OR, `-` and NOT negate what follows. A backslash makes
the next character plain; a quote in the middle of a word is plain anyway. The syntax is lenient, as Shopify's is:
what makes no sense (a lone parenthesis, a connective without a side, a field without a value) is passed over, and a
term of a field that the list does not know is ignored, never an error.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from enum import Enum
from operator import eq, ge, gt, le, lt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, false, func, literal, not_, or_, true

from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.kernel.limits import SEARCH_QUERY_CHARS_MAX, SEARCH_QUERY_TERMS_MAX

# -- The tree ---------------------------------------------------------------------------------------------------------


class Comparator(Enum):
    """How a term's value relates to its field."""

    EQUAL = ""
    LESS = "<"
    LESS_OR_EQUAL = "<="
    MORE = ">"
    MORE_OR_EQUAL = ">="


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for: in everything (`field` None) or in one field.

    `prefix`: the value may go on. `quoted`: it was a phrase, so commas in it are plain.
    """

    value: str
    field: str | None = None
    comparator: Comparator = Comparator.EQUAL
    prefix: bool = False
    quoted: bool = False

    @property
    def exists(self) -> bool:
        """Whether it only asks for any value at all: `field:*`."""
        return self.prefix and not self.value

    @property
    def values(self) -> list[str]:
        """The values of a comma-separated list; a quoted value is one."""
        return [self.value] if self.quoted else [part for part in self.value.split(",") if part]


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    of: "Query"


@dataclass(frozen=True, slots=True)
class And:
    """What must hold together: two parts or more, none of them an And."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Of what at least one must hold: two parts or more, none of them an Or."""

    parts: tuple["Query", ...]


Query = Term | Not | And | Or


def parse(text: str | None, argument: str = "query") -> Query | None:
    """Return the tree of a search text, None where it asks for nothing, and so for everything.

    Limits: SEARCH_QUERY_CHARS_MAX, SEARCH_QUERY_TERMS_MAX; the tree is never deeper than twice its terms.
    Raises: RequestError(BAD_USER_INPUT) over a limit, naming the argument. No other text is refused.
    """
    if not text:
        return None
    if len(text) > SEARCH_QUERY_CHARS_MAX:
        raise _too_much(argument, "characters", len(text), SEARCH_QUERY_CHARS_MAX)
    # Postgres takes neither NUL nor half of a surrogate pair.
    readable = text.encode(errors="replace").decode().replace("\0", " ")
    return _tree(readable, argument)


def _too_much(argument: str, what: str, number: int, most: int) -> RequestError:
    return RequestError("BAD_USER_INPUT", f"`{argument}` has {number} {what}; the limit is {most}")


def bare_terms(query: Query | None) -> list[Term]:
    """Return the terms without a field that are not negated: what a list is relevant to."""
    if isinstance(query, Term):
        return [query] if query.field is None and query.value else []
    if isinstance(query, And | Or):
        return [term for part in query.parts for term in bare_terms(part)]
    return []


# -- From text to tree ------------------------------------------------------------------------------------------------

_NAME = re.compile(r"[A-Za-z_][\w.]*\Z", re.ASCII)


class _Mark(Enum):
    OPEN = "("
    CLOSE = ")"
    NOT = "NOT"
    AND = "AND"
    OR = "OR"


@dataclass(slots=True)
class _Group:
    """A pair of parentheses (or the whole text) while it is read: an OR of ANDs."""

    negated: bool = False
    alternatives: list[list[Query]] = field(default_factory=lambda: [[]])

    def close(self) -> Query | None:
        either = [part for part in (_join(And, parts) for parts in self.alternatives) if part]
        return _negate(_join(Or, either), self.negated)


def _tree(text: str, argument: str) -> Query | None:
    # A stack instead of recursion: the depth of the parentheses is the client's choice.
    groups = [_Group()]
    negated = False
    terms = 0
    for token in _tokens(text):
        if token is _Mark.NOT:
            negated = not negated
        elif token is _Mark.OR:
            if groups[-1].alternatives[-1]:
                groups[-1].alternatives.append([])
        elif token is _Mark.OPEN:
            groups.append(_Group(negated))
            negated = False
        elif token is _Mark.CLOSE:
            negated = False
            if len(groups) > 1:
                _put(groups, groups.pop().close())
        elif isinstance(token, Term):
            terms += 1
            _put(groups, _negate(token, negated))
            negated = False
    if terms > SEARCH_QUERY_TERMS_MAX:
        raise _too_much(argument, "terms", terms, SEARCH_QUERY_TERMS_MAX)
    while len(groups) > 1:
        _put(groups, groups.pop().close())
    return groups[0].close()


def _put(groups: list[_Group], part: Query | None) -> None:
    if part is not None:
        groups[-1].alternatives[-1].append(part)


def _join(kind: type[And] | type[Or], parts: list[Query]) -> Query | None:
    flat: list[Query] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else [part])
    if len(flat) < 2:
        return flat[0] if flat else None
    return kind(tuple(flat))


def _negate(query: Query | None, negated: bool) -> Query | None:
    if query is None or not negated:
        return query
    return query.of if isinstance(query, Not) else Not(query)


def _tokens(text: str) -> Iterator[Term | _Mark]:
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
        elif char in "()":
            yield _Mark(char)
            at += 1
        elif char == "-":
            at += 1
            if at < len(text) and not text[at].isspace() and text[at] != ")":
                yield _Mark.NOT
        else:
            token, at = _term(text, at)
            if token is not None:
                yield token


def _term(text: str, at: int) -> tuple[Term | _Mark | None, int]:
    """Read one term or connective; None for what is passed over."""
    start = at
    name: str | None = None
    comparator = Comparator.EQUAL
    quoted, at = _quoted(text, at)
    if quoted is None:
        end = _name_end(text, at)
        if end is not None:
            name, at = text[at:end].lower(), end + 1
            comparator, at = _comparator(text, at)
            quoted, at = _quoted(text, at)
        elif text[at] == ":":
            at += 1
    if quoted is not None:
        prefix = text[at : at + 1] == "*"
        return _told(Term(quoted, name, comparator, prefix, quoted=True)), at + prefix
    value, prefix, at = _word(text, at)
    if name is None and text[start:at] in ("AND", "OR", "NOT"):
        return _Mark(text[start:at]), at
    return _told(Term(value, name, comparator, prefix)), at


def _told(term: Term) -> Term | None:
    """Pass over a term without a value, except `field:''` and `field:*`, which ask for one."""
    asks = term.prefix or (term.quoted and term.field is not None)
    return term if term.value or asks else None


def _name_end(text: str, at: int) -> int | None:
    end = text.find(":", at)
    return end if end > at and _NAME.match(text[at:end]) else None


def _comparator(text: str, at: int) -> tuple[Comparator, int]:
    for symbol in ("<=", ">=", "<", ">"):
        if text.startswith(symbol, at):
            found, at = Comparator(symbol), at + len(symbol)
            break
    else:
        found = Comparator.EQUAL
    after = re.compile(r"\s*").match(text, at)
    return found, after.end() if after else at


def _quoted(text: str, at: int) -> tuple[str | None, int]:
    """Read a quoted value; a quote that nothing closes is plain text."""
    if at >= len(text) or text[at] not in "'\"":
        return None, at
    value: list[str] = []
    index = at + 1
    while index < len(text):
        if text[index] == "\\" and index + 1 < len(text):
            index += 1
        elif text[index] == text[at]:
            return "".join(value), index + 1
        value.append(text[index])
        index += 1
    return None, at


def _word(text: str, at: int) -> tuple[str, bool, int]:
    value: list[str] = []
    prefix = False
    while at < len(text) and not text[at].isspace() and text[at] not in "()":
        prefix = text[at] == "*"
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
        value.append(text[at])
        at += 1
    if prefix:
        value.pop()
    return "".join(value), prefix, at


# -- From tree to condition -------------------------------------------------------------------------------------------

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
    return _condition(query, fields, words) if query is not None else true()


def _condition(query: Query, fields: Mapping[str, Meaning], words: Meaning) -> ColumnElement[bool]:
    found = _meaning(query, fields, words)
    return true() if found is None else found


def _meaning(query: Query, fields: Mapping[str, Meaning], words: Meaning) -> ColumnElement[bool] | None:
    if isinstance(query, Term):
        if query.field is None:
            return None if query.exists else words(query)
        meaning = fields.get(query.field)
        return None if meaning is None else meaning(query)
    if isinstance(query, Not):
        inner = _meaning(query.of, fields, words)
        # NULL is no match, so its negation is one.
        return None if inner is None else not_(func.coalesce(inner, false()))
    parts = [part for part in (_meaning(part, fields, words) for part in query.parts) if part is not None]
    if not parts:
        return None
    return and_(*parts) if isinstance(query, And) else or_(*parts)


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
_INTEGER_MAX = 2**63 - 1
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
        span = _span(term.value)
        if span is None:
            return false()
        start, end = span
        return {
            Comparator.EQUAL: and_(column >= start, column < end),
            Comparator.LESS: column < start,
            Comparator.LESS_OR_EQUAL: column < end,
            Comparator.MORE: column >= end,
            Comparator.MORE_OR_EQUAL: column >= start,
        }[term.comparator]

    return meaning


def _span(text: str) -> tuple[datetime, datetime] | None:
    """Return the first moment of a time as it was written, and the first after it."""
    day = _DAY.match(text)
    try:
        if day is None:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
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
