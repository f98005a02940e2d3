"""How a use case refuses, and how a protocol fault is told to the client."""

from collections.abc import Sequence


class Rejected(Exception):
    """A use case refused the request; the transaction rolls back and the client gets a `userError`.

    `code` is a member name of the payload's error enum, `field` the path of the input at fault.
    """

    def __init__(self, code: str, field: Sequence[str] | None, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = list(field) if field else None
        self.message = message


class RequestError(Exception):
    """A fault of the request as such (not signed in, over a limit, malformed id): top-level `errors`.

    `code` appears as `extensions.code`; codes are upper case and listed in docs/schema-design.md.
    """

    def __init__(self, code: str, message: str, *, status: int = 200) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
