"""Full text in PostgreSQL: how texts become words, for tables and for what is looked for in them.

Case, accents and punctuation do not count, and each Chinese, Japanese or Korean character is a word. A vector holds
words as they were written and, beside them, their English stems, told apart by weight: A and B of the title, C and D
of the body, so that what was quoted is not found by its stem.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    BindParameter,
    Column,
    ColumnElement,
    Computed,
    Double,
    Select,
    Table,
    Uuid,
    bindparam,
    cast,
    event,
    func,
    literal,
    literal_column,
    not_,
    text,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from commerce_graph.kernel.database import metadata
from commerce_graph.kernel.query_syntax.tree import Query, Term, bare_terms
from commerce_graph.kernel.query_syntax.words import Phrase, Plan, Slot

WORD_CHARS_MAX = 200
"""Postgres refuses longer lexemes than 2 kB, and folding may make one character four; nobody looks for such words."""

FOLDED = r"""
CREATE OR REPLACE FUNCTION kernel.folded(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(
  regexp_replace(
    translate(
      replace(replace(replace(replace(
        normalize(regexp_replace(normalize(lower($1), NFKD), '[\u0300-\u036f]', '', 'g'), NFKC),
      'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
    'øłđðı', 'olddi'),
  '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af])', ' \1 ', 'g'),
'[^[:alnum:]]+', ' ', 'g')
"""
"""Words apart by one blank: lower case, without accents and punctuation."""

SEARCHABLE = """
CREATE OR REPLACE FUNCTION kernel.searchable(title text, body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN setweight(to_tsvector('simple'::regconfig, kernel.folded(title)), 'A')
  || setweight(to_tsvector('english'::regconfig, kernel.folded(title)), 'B')
  || setweight(to_tsvector('simple'::regconfig, left(kernel.folded(body), 100000)), 'C')
  || setweight(to_tsvector('english'::regconfig, left(kernel.folded(body), 100000)), 'D')
"""
"""A title and a body as a vector. Folding may lengthen a text, and a vector holds 1 MB."""

for _function in (FOLDED, SEARCHABLE):
    # In a string of DDL a percent sign would be doubled; there is none.
    event.listen(metadata, "before_create", DDL(_function))  # type: ignore[no-untyped-call]

RANKS = "{0.05, 0.1, 0.5, 1.0}"
"""What a find is worth by its weight, from D to A."""


def searchable(title: str, body: str) -> Column[Any]:
    """Return the column `search` made of two others. Give it a GIN index."""
    return Column("search", TSVECTOR, Computed(f"kernel.searchable({title}, {body})", persisted=True))


def found(vector: ColumnElement[Any], query: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a vector answers a query."""
    return vector.bool_op("@@")(query)


def rank(vector: ColumnElement[Any], query: ColumnElement[Any]) -> ColumnElement[float]:
    """Return how well a vector answers a query, a longer body counting a little less."""
    return cast(func.ts_rank(literal_column(f"'{RANKS}'::real[]"), vector, query, 1), Double)


def plan_query(plan: Plan) -> ColumnElement[Any] | None:
    """Return the full-text query of a plan's slots, None where it has none.

    A slot is met by any of its phrases, unless quoted also by their stems. A slot without a letter or digit says
    nothing; where none has any, nothing is found.
    """
    slots = [slot for slot in plan.slots if _has_words(slot.phrases[0])]
    if not slots:
        return literal_column("''::tsquery") if plan.slots else None
    texts = _Texts()
    return texts.query(" && ".join(_slot(slot, texts) for slot in slots))


def answering(vector: ColumnElement[Any], plan: Plan) -> list[ColumnElement[bool]]:
    """Return the conditions under which a vector has what a plan's slots ask for, and nothing that must not occur."""
    query = plan_query(plan)
    conditions = [] if query is None else [found(vector, query)]
    without = [phrase for phrase in plan.without if _has_words(phrase)]
    if without:
        texts = _Texts()
        barred = texts.query(" || ".join(_phrase(phrase, "simple", "AC", texts) for phrase in without))
        conditions.append(not_(found(vector, barred)))
    return conditions


After = tuple[float, UUID]
"""The rank and the id of the row that a list goes on after."""


def ranked(
    wanted: Select[Any], table: Table, plan: Plan, limit: int, after: After | None = None, before: After | None = None,
    *, backward: bool = False,
) -> Select[Any]:  # fmt: skip
    """Return the rows of a table that answer a plan, best first, with their `rank`; the newest where it has no slots.

    `table`: with columns `id` and `search`, which `wanted` selects from. `backward`: the worst first.
    """
    query = plan_query(plan)
    worth: ColumnElement[float] = literal(0.0, Double) if query is None else rank(table.c.search, query)
    order = (table.c.id,) if query is None else (worth, table.c.id)
    for place, later in ((after, True), (before, False)):
        if place is not None:
            bound = tuple_(*(literal(place[0], Double), literal(place[1], Uuid))[-len(order) :])
            wanted = wanted.where(tuple_(*order) < bound if later else tuple_(*order) > bound)
    listed = wanted.where(*answering(table.c.search, plan)).add_columns(worth.label("rank"))
    return listed.order_by(*(each.asc() if backward else each.desc() for each in order)).limit(limit)


def terms_query(query: Query | None) -> ColumnElement[Any] | None:
    """Return the full-text query for any of the bare words of a search text: what a list is ranked by."""
    terms = [found for found in map(term_query, bare_terms(query)) if found is not None]
    return _joined("||", terms) if terms else None


def term_query(term: Term) -> ColumnElement[Any] | None:
    """Return the full-text query of a bare term, whose words may go on unless quoted; None where it has no word."""
    phrase = tuple(term.value.split())
    if term.exists or not _has_words(phrase):
        return None
    return slot_query(Slot((phrase,), prefix=term.prefix or not term.quoted, exact=term.quoted))


def titled(vector: ColumnElement[Any], term: Term) -> ColumnElement[bool] | None:
    """Return whether the title of a vector has a term's words next to each other; None for a term without words."""
    phrase = tuple(term.value.split())
    if term.exists or not _has_words(phrase):
        return None
    texts = _Texts()
    return found(vector, texts.query(_phrase(phrase, "simple", "A", texts, prefix=term.prefix)))


def slot_query(slot: Slot) -> ColumnElement[Any]:
    """Return the full-text query of a slot."""
    texts = _Texts()
    return texts.query(_slot(slot, texts))


class _Texts:
    """The texts of a query that is written as SQL: an expression of many parts takes longer to build than to run."""

    def __init__(self) -> None:
        self._bound: list[BindParameter[str]] = []

    def named(self, value: str) -> str:
        """Return how a text is written in the SQL."""
        # Unique, since one statement may hold several queries.
        self._bound.append(bindparam(f"text{len(self._bound)}", value, unique=True))
        return f":text{len(self._bound) - 1}"

    def query(self, sql: str) -> ColumnElement[Any]:
        """Return SQL as an expression."""
        return type_coerce(text(f"({sql})").bindparams(*self._bound), TSQUERY)


def _slot(slot: Slot, texts: _Texts) -> str:
    either = [
        _phrase(phrase, "simple", "AC", texts, prefix=slot.prefix and not at) for at, phrase in enumerate(slot.phrases)
    ]
    if not slot.exact:
        either += [_phrase(phrase, "english", "BD", texts) for phrase in slot.phrases]
    return f"({' || '.join(either)})"


def _phrase(phrase: Phrase, language: str, weights: str, texts: _Texts, *, prefix: bool = False) -> str:
    if not prefix:
        return _words(" ".join(phrase), language, weights, texts)
    last = _words(phrase[-1], language, f"*{weights}", texts)
    if not phrase[1:]:
        return last
    return f"tsquery_phrase({_words(' '.join(phrase[:-1]), language, weights, texts)}, {last})"


def _words(words: str, language: str, flags: str, texts: _Texts) -> str:
    # Folding leaves letters, digits and blanks, so nothing inside the quotes is an operator.
    quoted = f"quote_literal(kernel.folded({texts.named(_short(words))}))"
    return f"to_tsquery('{language}'::regconfig, {quoted} || '\\:{flags}')"


def _short(text: str) -> str:
    return " ".join(word[:WORD_CHARS_MAX] for word in text.split())


def _has_words(phrase: Phrase) -> bool:
    return any(char.isalnum() for word in phrase for char in word)


def _joined(operator: str, queries: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    return reduce(lambda one, other: one.op(operator)(other), queries)
