"""What a search text means in lists of products."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
)

from commerce_graph.catalog.loaders.filters import PriceMarket, priced, sellable
from commerce_graph.catalog.tables import PRODUCT_STATUSES, product, variant
from commerce_graph.kernel.query_syntax import (
    Comparator,
    Meaning,
    Query,
    Term,
    bare_terms,
    choice_field,
    condition,
    id_field,
    moment_field,
    text_field,
    truth_field,
    whole,
)

WORD_CHARS_MAX = 255
"""Postgres refuses longer lexemes than 2 kB; no word anyone looks for is near that."""
PRICE_FIELD = "variants.price"
AVAILABLE_FIELD = "available_for_sale"


def tsquery(text: str, *, prefix: bool, weight: str = "") -> ColumnElement[Any]:
    """Return the full-text query for the words of a text next to each other; with `prefix` each may go on."""
    flags = f":{'*' if prefix else ''}{weight}" if prefix or weight else ""
    # The words hold letters and digits only, so nothing between the quotes is an operator.
    quoted = literal("'").op("||")(func.catalog.search_words(text, WORD_CHARS_MAX)).op("||")(f"'{flags}")
    # 'simple' is the configuration that the column `search` holds plain words of.
    return func.to_tsquery(literal_column("'simple'"), quoted)


def _has_words(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _bare(term: Term) -> ColumnElement[bool] | None:
    """Match words at their beginning, a quoted phrase exactly; text without a letter or digit says nothing."""
    if not _has_words(term.value):
        return None
    return product.c.search.bool_op("@@")(tsquery(term.value, prefix=term.prefix or not term.quoted))


def _titled(term: Term) -> ColumnElement[bool] | None:
    """Match the words of the title."""
    if term.exists or not _has_words(term.value):
        return None
    return product.c.search.bool_op("@@")(tsquery(term.value, prefix=term.prefix, weight="A"))


def _named(at: ColumnElement[Any]) -> Meaning:
    """Return the meaning of a name in the search vector's weight B: equal or beginning so, in any case."""

    def one(value: str, prefix: bool) -> ColumnElement[bool]:
        lower = func.lower(value)
        same = func.starts_with(func.lower(at), lower) if prefix else func.lower(at) == lower
        if not _has_words(value):
            return same
        # The words lead through the index to the rows whose case-folded name is then compared.
        words = product.c.search.bool_op("@@")(tsquery(value, prefix=prefix, weight="B"))
        return and_(words, same)

    def meaning(term: Term) -> ColumnElement[bool]:
        if term.exists:
            return at != ""
        return or_(*(one(value, term.prefix) for value in (term.values or [""])))

    return meaning


def _tagged(term: Term) -> ColumnElement[bool]:
    if term.exists:
        return product.c.tags != cast([], ARRAY(Text))
    if term.prefix:
        tag = func.unnest(product.c.tags).column_valued("tag")
        return select(tag).where(tag.startswith(term.value, autoescape=True)).exists()
    return product.c.tags.bool_op("&&")(cast(term.values, ARRAY(Text)))


def _not_tagged(term: Term) -> ColumnElement[bool]:
    return not_(_tagged(term))


def _on_variants(meaning: Meaning) -> Meaning:
    def of_product(term: Term) -> ColumnElement[bool] | None:
        found = meaning(term)
        return None if found is None else product.c.id.in_(select(variant.c.product_id).where(found))

    return of_product


def _priced(market: PriceMarket) -> Meaning:
    """Return the meaning of a price: some price between a product's lowest and highest in the market fits."""

    def meaning(term: Term) -> ColumnElement[bool]:
        if term.exists:
            return priced(market, None, None)
        found = whole(term, market.exponent)
        if found is None:
            return false()
        comparator, amount = found
        return {
            Comparator.EQUAL: priced(market, amount, amount),
            Comparator.LESS: priced(market, None, amount - 1),
            Comparator.LESS_OR_EQUAL: priced(market, None, amount),
            Comparator.MORE: priced(market, amount + 1, None),
            Comparator.MORE_OR_EQUAL: priced(market, amount, None),
        }[comparator]

    return meaning


_STATUSES = {name.lower(): name for name in PRODUCT_STATUSES}
_PRODUCT: dict[str, Meaning] = {
    "barcode": _on_variants(text_field(variant.c.barcode)),
    "created_at": moment_field(product.c.created_at),
    "handle": text_field(product.c.handle),
    "id": id_field(product.c.id, "Product"),
    "product_type": _named(product.c.product_type),
    "sku": _on_variants(text_field(variant.c.sku)),
    "status": choice_field(product.c.status, _STATUSES),
    "tag": _tagged,
    "tag_not": _not_tagged,
    "title": _titled,
    "updated_at": moment_field(product.c.updated_at),
    "vendor": _named(product.c.vendor),
}


def product_condition(query: Query | None, market: PriceMarket | None) -> ColumnElement[bool]:
    """Return which products a search text asks for. `market`: needed where it names PRICE_FIELD.

    Where it names AVAILABLE_FIELD, what is available has a price in the market, if one is given.
    """
    fields = {**_PRODUCT, AVAILABLE_FIELD: truth_field(sellable(product.c.available, market))}
    if market is not None:
        fields[PRICE_FIELD] = _priced(market)
    return condition(query, fields, _bare)


def relevance(query: Query | None) -> ColumnElement[float] | None:
    """Return how well a product answers the bare words of a search text, None for one without."""
    words = [tsquery(term.value, prefix=term.prefix or not term.quoted) for term in bare_terms(query)]
    if not words:
        return None
    both = words[0]
    for other in words[1:]:
        both = both.op("||")(other)
    return cast(func.ts_rank(product.c.search, both), Double)
