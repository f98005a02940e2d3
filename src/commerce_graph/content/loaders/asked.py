"""What a search text means in lists of pages, blogs and articles."""

from collections.abc import Mapping

from sqlalchemy import ARRAY, ColumnElement, Table, Text, cast, func, not_, select

from commerce_graph.content.tables import article, blog, page
from commerce_graph.kernel.fulltext import found, rank, term_query, terms_query, titled
from commerce_graph.kernel.pages import Order
from commerce_graph.kernel.query_syntax import Meaning, Query, Term, condition, id_field, moment_field, text_field


def _bare(table: Table) -> Meaning:
    """Return what a word without a field means: it is in any text, at its beginning unless quoted."""

    def meaning(term: Term) -> ColumnElement[bool] | None:
        query = term_query(term)
        return None if query is None else found(table.c.search, query)

    return meaning


def _title(table: Table) -> Meaning:
    return lambda term: titled(table.c.search, term)


def _plain(table: Table, kind: str) -> dict[str, Meaning]:
    return {
        "created_at": moment_field(table.c.created_at),
        "handle": text_field(table.c.handle),
        "id": id_field(table.c.id, kind),
        "title": _title(table),
        "updated_at": moment_field(table.c.updated_at),
    }


def _tagged(term: Term) -> ColumnElement[bool]:
    if term.exists:
        return article.c.tags != cast([], ARRAY(Text))
    if term.prefix:
        tag = func.unnest(article.c.tags).column_valued("tag")
        return select(tag).where(tag.startswith(term.value, autoescape=True)).exists()
    return article.c.tags.bool_op("&&")(cast(term.values, ARRAY(Text)))


def _blog_titled(term: Term) -> ColumnElement[bool] | None:
    wanted = titled(blog.c.search, term)
    return None if wanted is None else article.c.blog_id.in_(select(blog.c.id).where(wanted))


_FIELDS: Mapping[Table, Mapping[str, Meaning]] = {
    page: {**_plain(page, "Page"), "published_at": moment_field(page.c.published_at)},
    blog: _plain(blog, "Blog"),
    article: {
        **_plain(article, "Article"),
        "author": text_field(article.c.author_name),
        "blog_title": _blog_titled,
        "published_at": moment_field(article.c.published_at),
        "tag": _tagged,
        "tag_not": lambda term: not_(_tagged(term)),
    },
}


def asked_for(table: Table, query: Query | None) -> ColumnElement[bool]:
    """Return which rows a search text asks for."""
    return condition(query, _FIELDS[table], _bare(table))


def ordered(table: Table, orders: Mapping[str, Order], order: str, query: Query | None) -> Order:
    """Return an order by its name. Without a word to be relevant to, all are equally so."""
    if order != "RELEVANCE":
        return orders[order]
    words = terms_query(query)
    return orders["ID"] if words is None else Order((rank(table.c.search, words), table.c.id), descending=True)
