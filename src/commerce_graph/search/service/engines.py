"""Which engine answers: OpenSearch where there is one, PostgreSQL where there is none or it does not answer in time."""

from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

from commerce_graph.kernel.context import Resources
from commerce_graph.search.service.engine import Engine
from commerce_graph.search.service.opensearch import OpenSearchEngine
from commerce_graph.search.service.postgres import PostgresEngine
from commerce_graph.search.service.resilient import Resilient

KEPT = "search.engine"


def engine_of(resources: Resources, told: MutableMapping[str, Any] | None = None) -> Engine:
    """Return the engine of this process, which may fall back to PostgreSQL within a call.

    `told`: where each call then tells what answered, as `told["search"] = {"engine": …, "fallback": <why>}`; give it
    `ctx.extensions`. A fall back that was told stays told.
    """
    kept: Resilient | None = resources.services.get(KEPT)
    if kept is None:
        cluster = resources.services.get("opensearch")
        primary = OpenSearchEngine(cluster, resources.redis) if cluster else None
        kept = resources.services[KEPT] = Resilient(primary, PostgresEngine())
    return replace(kept, told=told)
