"""Handles, texts and tags: what is stored of what was written."""

import re
import unicodedata
from collections.abc import Sequence
from html.parser import HTMLParser

from commerce_graph.catalog.errors import INVALID_INPUT
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import HANDLE_CHARS_MAX, TAGS_PER_PRODUCT_MAX, TITLE_CHARS_MAX, URL_CHARS_MAX

_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


def handle_of(text: str, fallback: str) -> str:
    """Return a text as a handle: lower-case ASCII letters and digits joined by hyphens.

    Limits: HANDLE_CHARS_MAX. A text without such letters (in Japanese, say) gives `fallback`.
    """
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:HANDLE_CHARS_MAX].strip("-") or fallback


def numbered(handle: str, number: int) -> str:
    """Return the handle with a number that tells it from its namesakes; 0 leaves it as it is."""
    return f"{handle[: HANDLE_CHARS_MAX - len(str(number)) - 1].rstrip('-')}-{number}" if number else handle


def checked(text: str, path: Sequence[str], chars_max: int = TITLE_CHARS_MAX) -> str:
    """Return a text without blanks around it, once it is clear that it can be stored.

    Raises: Rejected(INVALID_INPUT) where it is too long or holds what is no character (NUL, half a surrogate pair).
    """
    if len(text) > chars_max:
        raise Rejected(INVALID_INPUT, path, f"is longer than {chars_max} characters")
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Rejected(INVALID_INPUT, path, "holds a character that cannot be stored")
    return text.strip()


def checked_url(text: str, path: Sequence[str]) -> str:
    """Return an http(s) URL, or a path under the server's own.

    Limits: URL_CHARS_MAX.
    Raises: Rejected(INVALID_INPUT).
    """
    url = checked(text, path, URL_CHARS_MAX)
    if not re.fullmatch(r"(https?://|/)[^\s\\/][^\s\\]*", url, re.IGNORECASE):
        raise Rejected(INVALID_INPUT, path, "is not an http(s) URL or a path of this server")
    return url


class _Text(HTMLParser):
    """Collects what a reader of the HTML would see."""

    UNSEEN = frozenset({"script", "style", "template", "title", "noscript", "iframe", "object"})
    INLINE = frozenset({"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark",
                        "q", "s", "samp", "small", "span", "strong", "sub", "sup", "u", "var", "wbr"})  # fmt: skip

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.UNSEEN:
            self.unseen.append(tag)
        elif tag not in self.INLINE:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.unseen:
            del self.unseen[self.unseen.index(tag) :]
        elif tag not in self.INLINE:
            self.parts.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_endtag(tag if tag not in self.UNSEEN else "br")

    def parse_html_declaration(self, i: int) -> int:
        try:
            return super().parse_html_declaration(i)
        except AssertionError:  # how the standard library tells a malformed `<![`; browsers read it as a comment
            return self.parse_bogus_comment(i)

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.parts.append(data)


def text_of(html: str) -> str:
    """Return the text of an HTML fragment on one line, without markup and scripts."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    return " ".join("".join(reader.parts).split())


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
