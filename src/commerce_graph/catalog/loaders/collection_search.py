"""What a search text means in lists of collections."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, false

from commerce_graph.catalog.tables import collection
from commerce_graph.kernel.fulltext import found, term_query, titled
from commerce_graph.kernel.query_syntax import Meaning, Query, Term, condition, id_field, moment_field, text_field


def _worded(term: Term) -> ColumnElement[bool] | None:
    query = term_query(term)
    return None if query is None else found(collection.c.search, query)


_COLLECTION: Mapping[str, Meaning] = {
    "collection_type": lambda term: {
        "smart": collection.c.rule_set.is_not(None), "custom": collection.c.rule_set.is_(None),
    }.get(term.value.lower(), false()),
    "handle": text_field(collection.c.handle),
    "id": id_field(collection.c.id, "Collection"),
    "title": lambda term: titled(collection.c.search, term),
    "updated_at": moment_field(collection.c.updated_at),
}  # fmt: skip


def collection_condition(query: Query | None) -> ColumnElement[bool]:
    """Return which collections a search text asks for; bare words are looked for in titles and descriptions."""
    return condition(query, _COLLECTION, _worded)
