"""What the node is asked for a search: recorded in process from the program's own code, for asking it directly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import uvloop

from benchmarks.operations import Wrong
from benchmarks.search.operations import DOCUMENTS, variables
from benchmarks.search.place import Place, Shop
from benchmarks.wire import Wire
from commerce_graph import demo
from commerce_graph.app import close_resources, graph, open_resources
from commerce_graph.kernel.auth import SHOPPER_SCOPES, Principal
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.execution import Engine, Refused
from commerce_graph.settings import Settings


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the node."""

    method: str
    path: str
    body: bytes

    def ready(self, wire: Wire) -> bytes:
        """Return it as bytes."""
        return wire.ready(self.method, self.path, self.body)


def recorded(place: Place, shop: Shop, operation: str, texts: Sequence[str]) -> list[list[Call]]:
    """Return what the node is asked for each text: once more, with typos, where the words as written find nothing."""
    return uvloop.run(_recorded(place, shop, operation, texts))


async def _recorded(place: Place, shop: Shop, operation: str, texts: Sequence[str]) -> list[list[Call]]:
    told = shop.environment(place)
    resources = open_resources(
        Settings.read(
            database_url=told["DATABASE_URL"], redis_url=told["REDIS_URL"], secret=place.secret,
            opensearch_url=told["OPENSEARCH_URL"], opensearch_index=told["OPENSEARCH_INDEX"],
        )
    )  # fmt: skip
    transport = resources.services["opensearch"].client.transport
    perform = transport.perform_request
    seen: list[Call] = []

    async def noting(method: str, url: str, params: Any = None, body: Any = None, **more: Any) -> Any:
        if url.endswith("search"):
            seen.append(_call(shop, url, params or {}, body))
        return await perform(method, url, params=params, body=body, **more)

    transport.perform_request = noting
    engine = Engine(graph())
    prepared = engine.prepare(DOCUMENTS[operation])
    if isinstance(prepared, Refused):
        raise Wrong(str(prepared.errors))
    found = []
    try:
        for text in texts:
            seen.clear()
            ctx = Context(resources, Principal(SHOPPER_SCOPES, demo.CHANNEL_ID))
            answer = await engine.run(prepared, variables(operation, text), ctx)
            if "errors" in answer or not seen:
                raise Wrong(f"{text}: {answer.get('errors', 'the node was not asked')}")
            found.append(list(seen))
        return found
    finally:
        await close_resources(resources)


def _call(shop: Shop, url: str, params: Mapping[str, Any], body: Any) -> Call:
    """Return a search, or several in one, as it would be sent to the index, which a point in time stood for."""
    kept = urlencode({name: value for name, value in params.items() if name == "filter_path"})
    if url.endswith("_msearch"):
        lines = body.splitlines() if isinstance(body, str | bytes) else [orjson.dumps(line) for line in body]
        joined = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
        return Call("POST", f"/_msearch?{kept}", joined + b"\n")
    asked = dict(orjson.loads(body) if isinstance(body, str | bytes) else body)
    asked.pop("pit", None)
    return Call("POST", f"/{shop.alias}/_search?{kept}", orjson.dumps(asked))
