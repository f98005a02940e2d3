"""Custom scalars beyond Strawberry's own."""

from typing import Any, NewType

import orjson
import strawberry
from graphql import GraphQLError

URL = NewType("URL", str)
HTML = NewType("HTML", str)
Color = NewType("Color", str)
UnsignedInt64 = NewType("UnsignedInt64", int)
JSON = NewType("JSON", object)


def _whole(value: Any) -> int:
    """Return a number that the client gave as a number or as digits. Raises: GraphQLError."""
    digits = str(value)
    if (
        isinstance(value, bool)
        or not (digits.isascii() and digits.isdigit())
        or len(digits) > 20
        or int(digits) >= 2**64
    ):
        raise GraphQLError("UnsignedInt64 must be a whole number from 0 to 2^64 - 1, as decimal digits.")
    return int(digits)


SCALARS: dict[Any, Any] = {
    URL: strawberry.scalar(
        name="URL",
        description="An RFC 3986 URL.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3986",
        serialize=str,
        parse_value=str,
    ),
    Color: strawberry.scalar(
        name="Color", description="A colour as `#` and six hexadecimal digits.", serialize=str, parse_value=str
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="A JSON value, written as a string: read it with a JSON parser.",
        serialize=lambda value: orjson.dumps(value).decode(),
        parse_value=orjson.loads,
    ),
    HTML: strawberry.scalar(name="HTML", description="Text with HTML markup.", serialize=str, parse_value=str),
    UnsignedInt64: strawberry.scalar(
        name="UnsignedInt64",
        description="A whole number of at most 64 bits, as a string of decimal digits.",
        serialize=str,
        parse_value=_whole,
    ),
}
