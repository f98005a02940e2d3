"""Metafields: what a merchant adds to products and variants beyond what the catalogue knows. Pure.

Source: Shopify's metafields, their types and limits, as far as they are kept here.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date

import orjson

from commerce_graph.catalog.errors import INVALID_CHARACTER, INVALID_TYPE, INVALID_VALUE, TOO_LONG, TOO_SHORT
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import (
    METAFIELD_LIST_MAX,
    METAFIELD_TERM_CHARS_MAX,
    METAFIELD_VALUE_CHARS_MAX,
)
from commerce_graph.kernel.texts import is_address

SEPARATOR = "\x1f"
"""Stands between a metafield's name and a value of it; no name or value may hold it."""
LIST = "list."
NAMESPACE_CHARS = (3, 255)
KEY_CHARS = (2, 64)
DEFAULT_NAMESPACE = "custom"
"""The namespace that is meant where a client names none."""

_NAME = re.compile(r"[A-Za-z0-9_-]*\Z")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_INTEGER = re.compile(r"-?\d{1,16}\Z", re.ASCII)
_INTEGER_MAX = 9_007_199_254_740_991
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,13}(\.\d{1,9})?\Z", re.ASCII)


def term(namespace: str, key: str, value: str) -> str:
    """Return what a value of a metafield is found by."""
    return f"{namespace}.{key}{SEPARATOR}{value}"


def check_name(namespace: str, key: str, path: Sequence[str]) -> None:
    """Check a metafield's namespace and key: ASCII letters, digits, hyphens and underscores.

    Limits: NAMESPACE_CHARS, KEY_CHARS.
    Raises: Rejected(TOO_SHORT | TOO_LONG | INVALID_CHARACTER).
    """
    for name, text, (least, most) in (("namespace", namespace, NAMESPACE_CHARS), ("key", key, KEY_CHARS)):
        if len(text) < least:
            raise Rejected(TOO_SHORT, [*path, name], f"has {least} characters at least")
        if len(text) > most:
            raise Rejected(TOO_LONG, [*path, name], f"has {most} characters at most")
        if not _NAME.match(text):
            raise Rejected(INVALID_CHARACTER, [*path, name], "holds letters, digits, hyphens and underscores only")


def settled(kind: str, value: str, path: Sequence[str]) -> str:
    """Return a value as it is stored, once it is clear that its type allows it: a list as compact JSON.

    Limits: METAFIELD_VALUE_CHARS_MAX, METAFIELD_LIST_MAX.
    Raises: Rejected(TOO_LONG | INVALID_VALUE | INVALID_TYPE), at `value`.
    """
    here = [*path, "value"]
    if len(value) > METAFIELD_VALUE_CHARS_MAX:
        raise Rejected(TOO_LONG, here, f"is longer than {METAFIELD_VALUE_CHARS_MAX} characters")
    if kind not in TYPES:
        raise Rejected(INVALID_TYPE, [*path, "type"], f"is none of the types {', '.join(TYPES)}")
    one = _KINDS[kind.removeprefix(LIST)]
    if not kind.startswith(LIST):
        return one(value, here)
    try:
        members = orjson.loads(value.encode("utf-8", "surrogatepass"))
    except orjson.JSONDecodeError:
        members = None
    if not isinstance(members, list):
        raise Rejected(INVALID_VALUE, here, "is not a JSON list")
    if len(members) > METAFIELD_LIST_MAX:
        raise Rejected(INVALID_VALUE, here, f"has {len(members)} members; the limit is {METAFIELD_LIST_MAX}")
    number = kind == "list.number_integer"
    if not all(isinstance(each, int if number else str) and not isinstance(each, bool) for each in members):
        raise Rejected(INVALID_VALUE, here, f"is not a JSON list of {'whole numbers' if number else 'texts'}")
    kept = [one(str(each), here) for each in members]
    return orjson.dumps([int(each) for each in kept] if number else kept).decode()


def choices(kind: str, value: str) -> list[str]:
    """Return what a stored value counts as in filters and facets: the members of a list, each once, or itself.

    Limits: METAFIELD_TERM_CHARS_MAX; what is longer is read, not chosen, and has no place in a facet.
    """
    members = [str(each) for each in orjson.loads(value)] if kind.startswith(LIST) else [value]
    return [each for each in dict.fromkeys(members) if 0 < len(each) <= METAFIELD_TERM_CHARS_MAX]


def _line(value: str, path: Sequence[str]) -> str:
    if "\n" in value or "\r" in value:
        raise Rejected(INVALID_VALUE, path, "has more than one line")
    return _text(value, path)


def _text(value: str, path: Sequence[str]) -> str:
    if _CONTROL.search(value):
        raise Rejected(INVALID_VALUE, path, "holds a character that cannot be stored")
    if not value.strip():
        raise Rejected(INVALID_VALUE, path, "is blank")
    return value


def _integer(value: str, path: Sequence[str]) -> str:
    if not _INTEGER.match(value) or abs(int(value)) > _INTEGER_MAX:
        raise Rejected(INVALID_VALUE, path, f"is not a whole number between -{_INTEGER_MAX} and {_INTEGER_MAX}")
    return str(int(value))


def _decimal(value: str, path: Sequence[str]) -> str:
    if not _DECIMAL.match(value):
        raise Rejected(INVALID_VALUE, path, "is not a number of 13 digits at most before the point and 9 after it")
    return value


def _boolean(value: str, path: Sequence[str]) -> str:
    if value not in ("true", "false"):
        raise Rejected(INVALID_VALUE, path, "is neither `true` nor `false`")
    return value


def _date(value: str, path: Sequence[str]) -> str:
    try:
        if not _DATE.match(value):
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise Rejected(INVALID_VALUE, path, "is not a date such as 2026-01-31") from None


def _url(value: str, path: Sequence[str]) -> str:
    if not is_address(value) or _CONTROL.search(value):
        raise Rejected(INVALID_VALUE, path, "is not an http(s) URL or a path of this server")
    return value


_KINDS: dict[str, Callable[[str, Sequence[str]], str]] = {
    "boolean": _boolean,
    "date": _date,
    "multi_line_text_field": _text,
    "number_decimal": _decimal,
    "number_integer": _integer,
    "single_line_text_field": _line,
    "url": _url,
}
TYPES = sorted([*_KINDS, "list.number_integer", "list.single_line_text_field"])
