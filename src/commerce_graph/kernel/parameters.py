"""The parameters of a GraphQL request: read from JSON that anyone may have sent, the same for HTTP and WebSocket."""

from dataclasses import dataclass
from typing import Any

import orjson

from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import JSON_DEPTH_MAX


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a client asks to be executed."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None


def load_json(text: bytes | str) -> Any:
    """Read JSON. Limits: JSON_DEPTH_MAX. Raises: RequestError(BAD_REQUEST) with status 400."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as wrong:
        raise RequestError("BAD_REQUEST", f"the body is not JSON: {wrong}", status=400) from None
    opened = text.count(b"[") + text.count(b"{") if isinstance(text, bytes) else text.count("[") + text.count("{")
    # What opens few brackets cannot be deep, so nearly every request is spared the walk.
    if opened > JSON_DEPTH_MAX and _deeper_than(value, JSON_DEPTH_MAX):
        raise RequestError("BAD_REQUEST", f"the JSON is nested deeper than {JSON_DEPTH_MAX} levels", status=400)
    return value


def _deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, list | dict)
        ]
        if not layer:
            return False
    return True


def read_parameters(body: Any) -> Parameters:
    """Check what was sent against the GraphQL-over-HTTP specification.

    Raises: RequestError(BAD_REQUEST | PERSISTED_QUERY_NOT_SUPPORTED).
    """
    if isinstance(body, list):
        raise _bad("batches are not supported: send one operation a request")
    if not isinstance(body, dict):
        raise _bad("the body must be a JSON object with `query`")
    query = body.get("query")
    name, variables, extensions = body.get("operationName"), body.get("variables"), body.get("extensions")
    for label, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise _bad(f"`{label}` must be an object")
    if name is not None and not isinstance(name, str):
        raise _bad("`operationName` must be a string")
    if query is None and extensions and "persistedQuery" in extensions:
        # The message is the one Apollo's clients look for before they send the whole query.
        raise RequestError("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
    if not isinstance(query, str) or not query:
        raise _bad("`query` must be a string that holds a GraphQL document")
    return Parameters(query, name, variables)


def _bad(message: str) -> RequestError:
    return RequestError("BAD_REQUEST", message, status=400)
