"""The parameters of a GraphQL request: read from JSON that anyone may have sent, the same for HTTP and WebSocket."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import DOCUMENT_ID_CHARS_MAX, JSON_DEPTH_MAX

SHA256 = re.compile(r"[0-9a-f]{64}")
CUSTOM = re.compile(r"(?:x-[A-Za-z0-9._~-]+:)?[A-Za-z0-9._~-]+")
"""Ids that mean what whoever published them says; every other prefix is kept for later by the specification."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a client asks to be executed."""

    query: str
    """The text of the document; empty where only its id was sent, until it is found."""
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    document_id: str | None = None
    """What the document was sent by, or is to be known by from now on where the text came too. See `document_id`."""
    automatic: bool = False
    """Whether the id came as Apollo's automatic persisted queries have it: then the text may follow."""


class NotWellFormed(RequestError):
    """JSON that is no request of GraphQL over HTTP: a parameter is missing, or of another type."""

    def __init__(self, message: str) -> None:
        super().__init__("BAD_REQUEST", message, status=400)


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
    """Check what was sent against the GraphQL-over-HTTP specification, with its appendix on persisted documents.

    Raises: NotWellFormed.
    """
    if isinstance(body, list):
        raise NotWellFormed("batches are not supported: send one operation a request")
    if not isinstance(body, dict):
        raise NotWellFormed("the body must be a JSON object with `query` or `documentId`")
    query = body.get("query")
    name, variables, extensions = body.get("operationName"), body.get("variables"), body.get("extensions")
    for label, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise NotWellFormed(f"`{label}` must be an object")
    if name is not None and not isinstance(name, str):
        raise NotWellFormed("`operationName` must be a string")
    given = body.get("documentId")
    hashed = extensions.get("persistedQuery") if extensions else None
    if given is None and hashed is None:
        if not isinstance(query, str) or not query:
            raise NotWellFormed("`query` must be a string that holds a GraphQL document")
        return Parameters(query, name, variables)
    if query is not None and not isinstance(query, str):
        raise NotWellFormed("`query` must be a string that holds a GraphQL document")
    if given is not None and (query or hashed is not None):
        raise NotWellFormed("send `documentId` alone, without `query` and `extensions.persistedQuery`")
    found = _hash(hashed) if given is None else document_id(given)
    return Parameters(query or "", name, variables, found, automatic=given is None)


def document_id(given: Any) -> str:
    """Return what a document is stored by: the SHA-256 of its text in hexadecimal digits, or an id of its own.

    Limits: DOCUMENT_ID_CHARS_MAX. Raises: NotWellFormed.
    """
    if isinstance(given, str) and len(given) <= DOCUMENT_ID_CHARS_MAX:
        bare = given.removeprefix("sha256:")
        if SHA256.fullmatch(bare) or (bare == given and CUSTOM.fullmatch(given)):
            return bare
    raise NotWellFormed(
        "a document's id is `sha256:` and 64 hexadecimal digits in lower case, or an id of its own that was published: "
        f"letters, digits, `-`, `.`, `_`, `~`, {DOCUMENT_ID_CHARS_MAX} at most, after `x-name:` if it has a prefix"
    )


def _hash(given: Any) -> str:
    if not isinstance(given, dict) or given.get("version") != 1:
        raise NotWellFormed("`extensions.persistedQuery` must be an object with `version` 1 and `sha256Hash`")
    return document_id(given.get("sha256Hash"))
