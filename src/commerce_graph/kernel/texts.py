"""Texts: what is stored of what was written, and what is shown of it. Pure."""

import re
import unicodedata
from html.parser import HTMLParser

from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import HANDLE_CHARS_MAX, URL_CHARS_MAX

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


def storable(text: str) -> bool:
    """Tell whether a text holds nothing but characters: neither NUL nor half a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def is_address(text: str) -> bool:
    """Tell whether a text is an http(s) URL, or a path under the server's own. Limits: URL_CHARS_MAX."""
    found = re.fullmatch(r"(https?://|/)[^\s\\/][^\s\\]*", text, re.IGNORECASE)
    return found is not None and len(text) <= URL_CHARS_MAX


def shortened(text: str, most: int | None) -> str:
    """Return a text of at most `most` characters, an ellipsis standing for what was cut.

    Raises: RequestError(BAD_USER_INPUT) for a negative length.
    """
    if most is not None and most < 0:
        raise RequestError("BAD_USER_INPUT", f"`truncateAt` must not be negative, not {most}")
    if most is None or len(text) <= most:
        return text
    return (text[: max(most - 3, 0)].rstrip() + "...")[:most]


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
