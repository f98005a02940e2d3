"""Texts and tags: what is stored of what was written."""

from collections.abc import Sequence

from commerce_graph.catalog.errors import INVALID_INPUT
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import TAGS_PER_PRODUCT_MAX, TITLE_CHARS_MAX, URL_CHARS_MAX
from commerce_graph.kernel.texts import is_address, storable


def checked(text: str, path: Sequence[str], chars_max: int = TITLE_CHARS_MAX) -> str:
    """Return a text without blanks around it, once it is clear that it can be stored.

    Raises: Rejected(INVALID_INPUT) where it is too long or holds what is no character (NUL, half a surrogate pair).
    """
    if len(text) > chars_max:
        raise Rejected(INVALID_INPUT, path, f"is longer than {chars_max} characters")
    if not storable(text):
        raise Rejected(INVALID_INPUT, path, "holds a character that cannot be stored")
    return text.strip()


def checked_url(text: str, path: Sequence[str]) -> str:
    """Return an http(s) URL, or a path under the server's own.

    Limits: URL_CHARS_MAX.
    Raises: Rejected(INVALID_INPUT).
    """
    url = checked(text, path, URL_CHARS_MAX)
    if not is_address(url):
        raise Rejected(INVALID_INPUT, path, "is not an http(s) URL or a path of this server")
    return url


def tidy_tags(tags: Sequence[str], path: Sequence[str] = ("tags",)) -> list[str]:
    """Return tags without blanks around them, empty ones and repetitions; the first spelling stays.

    Limits: TAGS_PER_PRODUCT_MAX, TITLE_CHARS_MAX characters each.
    Raises: Rejected(INVALID_INPUT).
    """
    found: dict[str, str] = {}
    for index, tag in enumerate(tags):
        tidy = " ".join(checked(tag, [*path, str(index)]).split())
        if tidy:
            found.setdefault(tidy.casefold(), tidy)
    if len(found) > TAGS_PER_PRODUCT_MAX:
        raise Rejected(INVALID_INPUT, path, f"there can be {TAGS_PER_PRODUCT_MAX} tags, not {len(found)}")
    return list(found.values())
