"""OpenSearch's indices: lay them out, put one behind the alias, delete those that nobody reads any more."""

import re
from datetime import timedelta
from uuid import UUID

import structlog
from opensearchpy.exceptions import NotFoundError

from commerce_graph.kernel.clock import now
from commerce_graph.search.rules.document import INDEX_VERSION
from commerce_graph.search.rules.mapping import index_body
from commerce_graph.search.service.bulk import WRITES
from commerce_graph.search.service.cluster import Cluster

log = structlog.get_logger()

ADMIN_TIMEOUT_S = 30.0
ORPHAN_AGE = timedelta(hours=1)
"""An index that the database does not know may just be about to be noted there."""


def name_of(alias: str, build_id: UUID) -> str:
    """Return the name of a new index."""
    return f"{alias}-v{INDEX_VERSION}-{build_id.hex}"


async def create(cluster: Cluster, index_name: str, languages: list[str]) -> None:
    """Lay out an index that nobody searches yet, so that it need not make what it takes in findable at once."""
    body = index_body(languages)
    settings = {**body["settings"], "index": {**body["settings"]["index"], "refresh_interval": "-1"}}
    told = {**body, "settings": settings, "aliases": {index_name + WRITES: {}}}
    async with cluster.guarded(ADMIN_TIMEOUT_S) as client:
        await client.indices.create(index=index_name, body=told)


async def ready(cluster: Cluster, index_name: str) -> int:
    """Make what an index took in findable, from now on as soon as the mapping says; return how many documents it has.

    Raises: opensearchpy's NotFoundError where it is gone.
    """
    interval = index_body([])["settings"]["index"]["refresh_interval"]
    async with cluster.guarded(ADMIN_TIMEOUT_S) as client:
        await client.indices.put_settings(index=index_name, body={"index": {"refresh_interval": interval}})
    async with cluster.guarded(ADMIN_TIMEOUT_S) as client:
        await client.indices.refresh(index=index_name)
    async with cluster.guarded(ADMIN_TIMEOUT_S) as client:
        return int((await client.count(index=index_name))["count"])


async def exists(cluster: Cluster, index_name: str) -> bool:
    """Tell whether there is an index, or an alias, of this name."""
    async with cluster.guarded(ADMIN_TIMEOUT_S) as client:
        return bool(await client.indices.exists(index=index_name))


async def behind(cluster: Cluster) -> list[str]:
    """Return the indices behind the shop's alias: one; none before the first is built."""
    async with cluster.guarded(ADMIN_TIMEOUT_S) as client:
        try:
            return sorted(await client.indices.get_alias(name=cluster.alias))
        except NotFoundError:
            return []


async def swap(cluster: Cluster, index_name: str) -> None:
    """Put an index behind the alias in the place of what is there: in one step, between two searches."""
    alias = cluster.alias
    actions = [{"remove": {"index": each, "alias": alias}} for each in await behind(cluster) if each != index_name]
    async with cluster.guarded(ADMIN_TIMEOUT_S) as client:
        await client.indices.update_aliases(
            body={"actions": [*actions, {"add": {"index": index_name, "alias": alias}}]}
        )


async def drop(cluster: Cluster, index_name: str) -> None:
    """Delete an index, if it is there."""
    async with cluster.guarded(ADMIN_TIMEOUT_S) as client:
        await client.indices.delete(index=index_name, ignore_unavailable=True)


async def drop_orphans(cluster: Cluster, known: set[str]) -> None:
    """Delete indices of this alias that the database does not know: whoever laid them out died before noting it."""
    ours = re.compile(re.escape(cluster.alias) + r"-v\d+-[0-9a-f]{32}")
    async with cluster.guarded(ADMIN_TIMEOUT_S) as client:
        found = await client.indices.get(index=f"{cluster.alias}-v*", ignore_unavailable=True)
    oldest = (now() - ORPHAN_AGE).timestamp() * 1000
    for name, about in found.items():
        made_at = int(about["settings"]["index"]["creation_date"])
        if ours.fullmatch(name) and name not in known and made_at < oldest and cluster.alias not in about["aliases"]:
            log.warning("search.orphan_deleted", index=name)
            await drop(cluster, name)
