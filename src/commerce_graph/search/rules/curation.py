"""What merchants may decide about search: synonyms, redirects and pinned products. Pure."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import (
    SEARCH_CURATED_QUERY_CHARS_MAX,
    SYNONYM_GROUP_TERMS_MAX,
    SYNONYM_PHRASE_WORDS_MAX,
    SYNONYM_TERM_CHARS_MAX,
    URL_CHARS_MAX,
)
from commerce_graph.search import errors
from commerce_graph.search.rules.planning import folded


def normal(query: str) -> str:
    """Return a query as it is compared: without case, accents and punctuation, plurals as singulars."""
    return " ".join(folded(query))


def checked_group(terms: Sequence[str], source: str | None) -> tuple[list[str], str | None]:
    """Return a group's terms and source as they are kept: blanks trimmed, of terms that say the same the first.

    Limits: SYNONYM_GROUP_TERMS_MAX, SYNONYM_TERM_CHARS_MAX, SYNONYM_PHRASE_WORDS_MAX.
    Raises: Rejected(BLANK | TOO_LONG | TOO_MANY).
    """
    if len(terms) > SYNONYM_GROUP_TERMS_MAX:
        raise Rejected(errors.TOO_MANY, ["terms"], f"{len(terms)} terms; the limit is {SYNONYM_GROUP_TERMS_MAX}")
    kept: dict[str, str] = {}
    for index, term in enumerate(terms):
        kept.setdefault(*_term(term, ["terms", str(index)]))
    if source is None:
        if len(kept) < 2:
            raise Rejected(errors.BLANK, ["terms"], "give two different terms or more, or a `source`")
        return list(kept.values()), None
    key, written = _term(source, ["source"])
    kept.pop(key, None)
    if not kept:
        raise Rejected(errors.BLANK, ["terms"], "give a term that differs from the `source`")
    return list(kept.values()), written


def _term(text: str, path: list[str]) -> tuple[str, str]:
    if len(text) > SYNONYM_TERM_CHARS_MAX:
        raise Rejected(errors.TOO_LONG, path, f"{len(text)} characters; the limit is {SYNONYM_TERM_CHARS_MAX}")
    words = folded(text)
    if not words or "\0" in text:
        raise Rejected(errors.BLANK, path, "give a word with a letter or a digit")
    if len(words) > SYNONYM_PHRASE_WORDS_MAX:
        raise Rejected(errors.TOO_LONG, path, f"{len(words)} words; the limit is {SYNONYM_PHRASE_WORDS_MAX}")
    return " ".join(words), " ".join(text.split())


def checked_query(query: str) -> tuple[str, str]:
    """Return a query as it is kept and as it is compared.

    Limits: SEARCH_CURATED_QUERY_CHARS_MAX.
    Raises: Rejected(BLANK | TOO_LONG).
    """
    if len(query) > SEARCH_CURATED_QUERY_CHARS_MAX:
        told = f"{len(query)} characters; the limit is {SEARCH_CURATED_QUERY_CHARS_MAX}"
        raise Rejected(errors.TOO_LONG, ["query"], told)
    if not normal(query) or "\0" in query:
        raise Rejected(errors.BLANK, ["query"], "give a query with a letter or a digit")
    return " ".join(query.split()), normal(query)


def checked_target(target: str) -> str:
    """Return where a query leads: a path of the storefront, or an http or https URL.

    Limits: URL_CHARS_MAX.
    Raises: Rejected(INVALID | TOO_LONG).
    """
    if len(target) > URL_CHARS_MAX:
        raise Rejected(errors.TOO_LONG, ["target"], f"{len(target)} characters; the limit is {URL_CHARS_MAX}")
    # Browsers read `//host` and `/\host` as another site, and drop control characters before they look.
    path = re.fullmatch(r"/(?![/\\])[!-~]*", target)
    if not path and not (re.fullmatch(r"https?://[!-~]+", target) and _has_host(target)):
        raise Rejected(errors.INVALID, ["target"], "give a path that begins with `/`, or an http or https URL")
    return target


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False
