"""Versioned writes of documents into indices, many at once: what is late or repeated never wins."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import orjson
from opensearchpy.exceptions import TransportError

from commerce_graph.kernel.limits import INDEX_BULK_BYTES_MAX, INDEX_BULK_TIMEOUT_S
from commerce_graph.search.rules.document import Document
from commerce_graph.search.service.cluster import Cluster, Unreachable

WRITES = "-writes"
"""Ends the alias through which an index is written to: OpenSearch makes indices that are missing, but no aliases."""

TOLD = "errors,items.*._id,items.*.status,items.*.error.type"


class IndexLost(Exception):
    """An index that the database knows is not there any more."""


async def write(
    cluster: Cluster, index_name: str, version: int, written: Sequence[tuple[UUID, Document | None]]
) -> dict[UUID, str]:
    """Write documents, or delete those that are None, where the index knows no higher version.

    Returns the products whose documents were refused, with the kind of the error: it would be refused again.
    Limits: INDEX_BULK_BYTES_MAX a call, or one document.
    Raises: Unreachable; IndexLost.
    """
    if any(document is None for _, document in written):
        # OpenSearch would make an index to delete from it, whatever it is told.
        async with cluster.guarded(INDEX_BULK_TIMEOUT_S) as client:
            known = await client.indices.exists_alias(name=index_name + WRITES)
        if not known:
            raise IndexLost(index_name)
    refused: dict[UUID, str] = {}
    for body in _bodies(version, written):
        refused |= await _send(cluster, index_name, body)
    return refused


async def _send(cluster: Cluster, index_name: str, body: bytes) -> dict[UUID, str]:
    params = {"require_alias": "true", "filter_path": TOLD}
    async with cluster.guarded(INDEX_BULK_TIMEOUT_S) as client:
        try:
            answer = await client.bulk(body=body, index=index_name + WRITES, params=params)
        except TransportError as fault:
            if fault.status_code == 404:
                raise IndexLost(index_name) from None
            raise
    refused: dict[UUID, str] = {}
    if answer["errors"]:
        for item in answer["items"]:
            ((_, told),) = item.items()
            kind = told.get("error", {}).get("type")
            if kind is None or kind == "version_conflict_engine_exception":
                continue  # a later state is there already
            if kind == "index_not_found_exception":
                raise IndexLost(index_name)
            if told["status"] == 429 or told["status"] >= 500:
                raise Unreachable(f"documents are not taken now ({kind})")
            refused[UUID(told["_id"])] = kind
    return refused


def _bodies(version: int, written: Sequence[tuple[UUID, Document | None]]) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for product_id, document in written:
        verb = "delete" if document is None else "index"
        at = b'{"%b":{"_id":"%b","version":%d,"version_type":"external_gte"}}\n'
        line = at % (verb.encode(), product_id.hex.encode(), version)
        if document is not None:
            line += orjson.dumps(document) + b"\n"
        if lines and size + len(line) > INDEX_BULK_BYTES_MAX:
            yield b"".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield b"".join(lines)
