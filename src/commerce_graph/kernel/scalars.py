"""Custom scalars beyond Strawberry's own."""

from typing import Any, NewType

import strawberry

URL = NewType("URL", str)
HTML = NewType("HTML", str)

SCALARS: dict[Any, Any] = {
    URL: strawberry.scalar(
        name="URL",
        description="An RFC 3986 URL.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3986",
        serialize=str,
        parse_value=str,
    ),
    HTML: strawberry.scalar(name="HTML", description="Text with HTML markup.", serialize=str, parse_value=str),
}
