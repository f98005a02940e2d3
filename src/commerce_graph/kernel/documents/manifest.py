"""Manifests of documents, as the tools of clients write them: read, and checked against a graph."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from graphql import GraphQLSyntaxError, OperationDefinitionNode, parse

from commerce_graph.kernel import limits
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine, Refused
from commerce_graph.kernel.parameters import SHA256, document_id

APOLLO = "apollo-persisted-query-manifest"
KNOWN = f"an `{APOLLO}` of version 1, or an object of texts by their id (Relay, GraphQL Code Generator)"


class WrongManifest(Exception):
    """A file that is no manifest, or holds what cannot be published; the message says what."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a manifest, by the id that its clients send."""

    id: str
    text: str

    @property
    def ids(self) -> set[str]:
        """What it is found by: the SHA-256 of its text, and the id that its clients send."""
        return {sha256(self.text.encode()).hexdigest(), self.id}


def read(raw: bytes) -> list[Document]:
    """Read a manifest. Limits: MANIFEST_BYTES_MAX. Raises: WrongManifest."""
    if len(raw) > limits.MANIFEST_BYTES_MAX:
        raise WrongManifest(f"it is over the limit of {limits.MANIFEST_BYTES_MAX:,} bytes: publish it in parts")
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError as wrong:
        raise WrongManifest(f"it is not JSON: {wrong}") from None
    if not isinstance(told, dict):
        raise WrongManifest(f"it is not a manifest: that is {KNOWN}")
    if "format" in told or "operations" in told:
        return list(_apollo(told))
    return [_document(id, text, id) for id, text in told.items()]


def _apollo(told: dict[str, Any]) -> Iterator[Document]:
    if told.get("format") != APOLLO or told.get("version") != 1 or not isinstance(told.get("operations"), list):
        raise WrongManifest(f"its format is not known: it must be {KNOWN}")
    for at, operation in enumerate(told["operations"]):
        if not isinstance(operation, dict):
            raise WrongManifest(f"operation {at} is not an object with `id` and `body`")
        yield _document(operation.get("id"), operation.get("body"), operation.get("name") or at)


def _document(id: Any, text: Any, name: object) -> Document:
    if not isinstance(text, str) or not text:
        raise WrongManifest(f"operation `{name}` has no text")
    try:
        found = document_id(id)
    except RequestError as wrong:
        raise WrongManifest(f"operation `{name}` has the id {id!r}: {wrong.message}") from None
    return Document(found, text)


def names(text: str) -> list[str | None]:
    """Return the names of a document's operations, None for one without; none where the text is not GraphQL."""
    try:
        document = parse(text, max_tokens=limits.DOCUMENT_TOKENS_MAX)
    except (GraphQLSyntaxError, RecursionError):
        return []
    operations = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return [each.name.value if each.name else None for each in operations]


def check(engine: Engine, documents: Sequence[Document], count: Callable[[int], None]) -> list[str]:
    """Return what is wrong with documents, a line for each that cannot be published; `count` is told how many are done.

    Limits: DOCUMENT_STORED_BYTES_MAX, and all that a document which is sent has to keep.
    """
    told = []
    for done, document in enumerate(documents, 1):
        known = names(document.text)
        named = ", ".join(f"`{name}`" for name in known if name) or f"with the id `{document.id}`"
        told += [f"operation {named}: {wrong}" for wrong in _faults(engine, document, known)]
        count(done)
    return told


def _faults(engine: Engine, document: Document, known: list[str | None]) -> list[str]:
    size = len(document.text.encode())
    if size > limits.DOCUMENT_STORED_BYTES_MAX:
        return [f"{size:,} bytes are over the limit of {limits.DOCUMENT_STORED_BYTES_MAX:,}"]
    hashed = sha256(document.text.encode()).hexdigest()
    if SHA256.fullmatch(document.id) and document.id != hashed:
        return [f"its id `{document.id}` is not the SHA-256 of its text, which is `{hashed}`"]
    for name in known or [None]:
        prepared = engine.prepare(document.text, name, explain=True)
        if isinstance(prepared, Refused):
            return [_where(error) for error in prepared.errors]
    return []


def _where(error: dict[str, Any]) -> str:
    at = error.get("locations") or []
    return str(error["message"]) + "".join(f" (line {each['line']}, column {each['column']})" for each in at[:1])
