"""How a use case refuses, and how a protocol fault is told to the client."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


class Rejected(Exception):
    """A use case refused the request; the transaction rolls back and the client gets a `userError`.

    `code` is a member name of the payload's error enum, `field` the path of the input at fault.
    """

    def __init__(self, code: str, field: Sequence[str] | None, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = list(field) if field else None
        self.message = message


@contextmanager
def refused_at(argument: str, beside: str | None = None) -> Iterator[None]:
    """Tell refusals inside the block at an argument, except those of the argument `beside` it, which stay there."""
    try:
        yield
    except Rejected as refused:
        path = refused.field or []
        at = path if beside and path[:1] == [beside] else [argument, *path]
        raise Rejected(refused.code, at, refused.message) from None


class RequestError(Exception):
    """A fault of the request as such (not signed in, over a limit, malformed id): top-level `errors`.

    `code` appears as `extensions.code`; codes are upper case and listed in docs/schema-design.md.
    """

    retry_after_s: int | None = None
    """When to send it again, where that is known."""
    hints: Mapping[str, Any] = {}
    """What the error's extensions tell beside the code."""
    extensions: Mapping[str, Any] = {}
    """What the answer tells beside its errors."""

    def __init__(self, code: str, message: str, *, status: int = 200) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
