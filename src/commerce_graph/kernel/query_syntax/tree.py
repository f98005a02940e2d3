"""The tree of a search text, and how it is read. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import SEARCH_QUERY_CHARS_MAX, SEARCH_QUERY_TERMS_MAX

C = TypeVar("C")


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


def names(query: Query | None) -> frozenset[str]:
    """Return the names of the fields that a tree asks about."""
    if isinstance(query, Term):
        return frozenset([query.field] if query.field else [])
    if isinstance(query, Not):
        return names(query.of)
    return frozenset().union(*(names(part) for part in query.parts)) if query else frozenset()


@dataclass(frozen=True, slots=True)
class Joins(Generic[C]):
    """How a language of conditions says that all parts hold, any of them, or one does not."""

    both: Callable[[Sequence[C]], C]
    either: Callable[[Sequence[C]], C]
    negated: Callable[[C], C]


def translate(
    query: Query, fields: Mapping[str, Callable[[Term], C | None]], words: Callable[[Term], C | None], joins: Joins[C]
) -> C | None:
    """Return the condition that a tree means: `fields` by name, `words` for terms without a field.

    A term of an unknown field is ignored as if it were not there, also inside OR and NOT; None where nothing is left.
    """
    if isinstance(query, Term):
        if query.field is None:
            return None if query.exists else words(query)
        known = fields.get(query.field)
        return None if known is None else known(query)
    if isinstance(query, Not):
        inner = translate(query.of, fields, words, joins)
        return None if inner is None else joins.negated(inner)
    parts = [part for part in (translate(part, fields, words, joins) for part in query.parts) if part is not None]
    if not parts:
        return None
    return joins.both(parts) if isinstance(query, And) else joins.either(parts)


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
