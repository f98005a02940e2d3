"""What storefronts filter lists by, as the catalogue reads it."""

import re
from collections.abc import Iterable, Sequence

from commerce_graph.catalog.loaders.filters import Filters
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import FILTER_CHARS_MAX, FILTERED_FACETS_MAX, PRODUCT_FILTERS_MAX
from commerce_graph.vocabulary import MetafieldFilter, ProductFilter

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def filters_of(given: Sequence[ProductFilter] | None, argument: str = "filters") -> Filters:
    """Return filters by kind.

    Limits: PRODUCT_FILTERS_MAX; FILTER_CHARS_MAX; FILTERED_FACETS_MAX options and metafields, for each of these is
    counted without its own filter but with all others.
    Raises: RequestError(BAD_USER_INPUT).
    """
    chosen = list(given or ())
    if len(chosen) > PRODUCT_FILTERS_MAX:
        told = f"`{argument}` has {len(chosen)} filters; the limit is {PRODUCT_FILTERS_MAX}"
        raise RequestError("BAD_USER_INPUT", told)
    made = Filters(
        available=frozenset(each.available for each in chosen if each.available is not None),
        prices=tuple((each.price.min, each.price.max) for each in chosen if each.price),
        product_types=_texts(each.product_type for each in chosen),
        vendors=_texts(each.product_vendor for each in chosen),
        tags=_texts(each.tag for each in chosen),
        options=tuple(
            (_readable(each.variant_option.name), _readable(each.variant_option.value))
            for each in chosen
            if each.variant_option
        ),
        product_metafields=tuple(_metafield(each.product_metafield) for each in chosen if each.product_metafield),
        variant_metafields=tuple(_metafield(each.variant_metafield) for each in chosen if each.variant_metafield),
    )
    _refuse_too_much(made, argument)
    return made


def _refuse_too_much(filters: Filters, argument: str) -> None:
    options = {name for name, _ in filters.options}
    metafields = [{each[:2] for each in some} for some in (filters.product_metafields, filters.variant_metafields)]
    number = len(options) + sum(map(len, metafields))
    if number > FILTERED_FACETS_MAX:
        told = f"`{argument}` is about {number} options and metafields; the limit is {FILTERED_FACETS_MAX}"
        raise RequestError("BAD_USER_INPUT", told)
    pairs = (*filters.options, *filters.product_metafields, *filters.variant_metafields)
    texts = (*filters.product_types, *filters.vendors, *filters.tags, *(text for pair in pairs for text in pair))
    length = sum(map(len, texts))
    if length > FILTER_CHARS_MAX:
        raise RequestError("BAD_USER_INPUT", f"`{argument}` has {length} characters; the limit is {FILTER_CHARS_MAX}")


def _texts(given: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(_readable(text) for text in given if text is not None)


def _metafield(given: MetafieldFilter) -> tuple[str, str, str]:
    return _readable(given.namespace), _readable(given.key), _readable(given.value)


def _readable(text: str) -> str:
    """Return a text that can be looked for: nothing that is stored holds NUL or half of a surrogate pair."""
    return _UNSTORABLE.sub("\ufffd", text)
