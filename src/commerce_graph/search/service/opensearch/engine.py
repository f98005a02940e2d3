"""The engine that finds products with OpenSearch. It holds no facts: what is shown of hits is read from PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from opensearchpy.exceptions import NotFoundError, RequestError
from redis.asyncio import Redis

from commerce_graph.catalog.service import Audience, Counts, PriceMarket
from commerce_graph.kernel import limits
from commerce_graph.kernel.database import Database
from commerce_graph.search.rules.words import Way
from commerce_graph.search.service.cluster import Cluster, Unreachable
from commerce_graph.search.service.engine import Found, Request
from commerce_graph.search.service.opensearch.conditions import both, conditions, priced, seen
from commerce_graph.search.service.opensearch.counting import aggregations, counts_of
from commerce_graph.search.service.opensearch.ranking import WAYS, found_at_all, keys, ranked, related, ways
from commerce_graph.search.service.opensearch.snapshots import KEPT_S, Snapshot, Snapshots
from commerce_graph.search.service.opensearch.window import NAME, Window, page, reading, way_of, window

Body = dict[str, Any]

_TOLD = "timed_out,status,error,hits.total.value,hits.hits.sort,aggregations"
"""What of an answer is sent."""
_UNREAD: Body = {"_source": False, "stored_fields": "_none_"}
"""A hit's id is the last of its sort keys: nothing of its document is read."""
_TYPING = (Way(slim=True), Way(typos=True))


class OpenSearchEngine:
    """One for a process. Raises, in every call: Unreachable where OpenSearch does not answer as it should."""

    name = NAME

    def __init__(self, cluster: Cluster, redis: Redis) -> None:
        self._cluster = cluster
        self._snapshots = Snapshots(cluster, redis)

    async def search(self, db: Database, request: Request) -> Found:
        """Find products. Limits: RESULT_WINDOW for places of another engine; beyond, there are no hits."""
        order = keys(request)
        asked = window(request.paging, order)
        begun = way_of(request.paging)
        snapshot = await self._snapshot(request)
        names = [begun] if begun else ways(request)
        answer: Body = {}
        for name in names:
            answer, snapshot = await self._read(_listing(request, name, asked), snapshot)
            if name == names[-1] or await self._found(request, WAYS[name], answer):
                break
        total = _total(answer)
        rows = [hit["sort"] for hit in answer.get("hits", {}).get("hits", ())]
        found = page(rows, asked, request.paging, order, total, name, snapshot.name if snapshot else "")
        return replace(
            found,
            total=total if request.total else None,
            counts=counts_of(answer["aggregations"], conditions(request.filters, request.market))
            if request.facets
            else None,
        )

    async def counts(self, db: Database, requests: Sequence[Request]) -> Sequence[Counts]:
        """Count facets of several lists that differ in their collection alone. Shape: n requests → n results."""
        made: dict[int, Counts] = {}
        left = list(range(len(requests)))
        names = ways(requests[0]) if requests else []
        for name in names:
            bodies = [_counting(requests[number], name) for number in left]
            for number, answer in zip(left, await self._read_all(bodies, limits.SEARCH_S_MAX), strict=True):
                if _total(answer) or name == names[-1]:
                    asked = conditions(requests[number].filters, requests[number].market)
                    made[number] = counts_of(answer["aggregations"], asked)
            left = [number for number in left if number not in made]
        return [made[number] for number in range(len(requests))]

    async def suggest(self, db: Database, request: Request) -> Sequence[UUID]:
        """Find the few products to show while someone still types."""
        order = [key.sort(False) for key in keys(request)]
        for way in _TYPING:
            body = {**_UNREAD, "query": ranked(request, way, filtered=True), "sort": order, "size": request.paging.size}
            body["track_total_hits"] = False
            (answer,) = await self._read_all([body], limits.SUGGEST_S_MAX)
            rows = answer.get("hits", {}).get("hits", ())
            if rows:
                return [UUID(hit["sort"][-1]) for hit in rows]
        return []

    async def related(
        self, db: Database, product_ids: Sequence[UUID], audience: Audience, market: PriceMarket, size: int
    ) -> Sequence[Sequence[UUID]]:
        """Find products like others. Shape: n keys → n lists in input order; one that is not indexed is like none."""
        must = [*seen(audience), priced(market)]
        bodies = [
            {
                **_UNREAD,
                "query": related(product_id, self._cluster.alias, must, market),
                "sort": [{"_score": {"order": "desc"}}, {"id": {"order": "asc"}}],
                "size": size,
                "track_total_hits": False,
            }
            for product_id in product_ids
        ]
        answers = await self._read_all(bodies, limits.SEARCH_S_MAX)
        return [[UUID(hit["sort"][-1]) for hit in answer.get("hits", {}).get("hits", ())] for answer in answers]

    async def _snapshot(self, request: Request) -> Snapshot | None:
        """Return the point in time that the list was begun at, or a new one if there will be further pages."""
        for place in (request.paging.after, request.paging.before):
            if place is not None and place.engine == NAME and place.snapshot:
                kept = await self._snapshots.kept(place.snapshot)
                if kept is not None:
                    return kept
        return await self._snapshots.current() if request.snapshot else None

    async def _found(self, request: Request, way: Way, answer: Body) -> bool:
        """Return whether anything meets the words, though the filters may not let it pass."""
        pins = len(request.pins) if request.sort == "RELEVANCE" else 0
        if _total(answer) > pins:
            return True
        filtered = bool(conditions(request.filters, request.market).names)
        if not filtered and not (pins and _total(answer)):
            return False
        body = {"query": found_at_all(request, way), "size": 0, "track_total_hits": 1}
        (told,) = await self._read_all([body], limits.SEARCH_S_MAX)
        return _total(told) > 0

    async def _read(self, body: Body, snapshot: Snapshot | None) -> tuple[Body, Snapshot | None]:
        """Read at a point in time, or the index as it is where that is lost; return which it was."""
        if snapshot is not None:
            try:
                at = {"pit": {"id": snapshot.id, "keep_alive": f"{KEPT_S}s"}}
                return await self._search({**body, **at}, None), snapshot
            except NotFoundError:
                await self._snapshots.forget(snapshot)
        return await self._search(body, self._cluster.alias), None

    async def _search(self, body: Body, index: str | None) -> Body:
        params = {"filter_path": _TOLD, "allow_partial_search_results": "false"}
        async with self._cluster.guarded(limits.SEARCH_S_MAX) as client:
            return _whole(await client.search(body=_timed(body, limits.SEARCH_S_MAX), index=index, params=params))

    async def _read_all(self, bodies: Sequence[Body], timeout_s: float) -> list[Body]:
        if not bodies:
            return []
        header = {"index": self._cluster.alias, "allow_partial_search_results": False}
        lines = [line for body in bodies for line in (header, _timed(body, timeout_s))]
        params = {"filter_path": ",".join(f"responses.{name}" for name in _TOLD.split(","))}
        async with self._cluster.guarded(timeout_s) as client:
            answer = await client.msearch(body=lines, params=params)
            return [_whole(each) for each in answer["responses"]]


def _listing(request: Request, name: str, asked: Window) -> Body:
    pins = len(request.pins)
    body: Body = {
        **_UNREAD,
        **reading(asked, keys(request)),
        "query": ranked(request, WAYS[name], filtered=not request.facets),
        # Without a total to tell, it is enough to know whether there is more than what was pinned.
        "track_total_hits": True if request.total or asked.edge is None else pins + 1,
    }
    if request.facets:
        chosen = conditions(request.filters, request.market)
        body["aggs"] = aggregations(chosen)
        if chosen.names:
            body["post_filter"] = both(chosen.clauses())
    return body


def _counting(request: Request, name: str) -> Body:
    chosen = conditions(request.filters, request.market)
    query = found_at_all(request, WAYS[name])
    return {"query": query, "size": 0, "track_total_hits": 1, "aggs": aggregations(chosen)}


def _timed(body: Body, timeout_s: float) -> Body:
    # The node stops when nobody waits any more.
    return {**body, "timeout": f"{int(timeout_s * 1000)}ms"}


def _total(answer: Mapping[str, Any]) -> int:
    return int(answer.get("hits", {}).get("total", {}).get("value", 0))


def _whole(answer: Body) -> Body:
    """Return an answer that is whole. Raises: Unreachable; NotFoundError, RequestError (opensearch-py's)."""
    if answer.get("timed_out"):
        raise Unreachable("timeout")
    if "error" not in answer:
        return answer
    status, error = int(answer.get("status", 500)), answer["error"]
    if status >= 500 or status == 429:
        raise Unreachable(f"status {status}")
    kind = error.get("type", "") if isinstance(error, dict) else str(error)
    raise (NotFoundError if status == 404 else RequestError)(status, kind, answer)
