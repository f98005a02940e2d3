"""The engine that every shop has: it searches the catalogue's own tables, so what it finds is never stale.

What it does less well than OpenSearch: PostgreSQL has no stemmer for Polish; of words that very many products share,
the best sold SEARCH_RANKED_MAX are ranked; a misspelt word is put right where the vocabulary knows the word that was
meant, which learns new ones every few minutes.
"""

from collections.abc import Sequence
from uuid import UUID

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import Audience, Counts, PriceMarket, Spot, Wanted
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import SEARCH_RANKED_MAX, SUGGEST_RANKED_MAX
from commerce_graph.search.service.engine import Found, Hit, Place, Request

NAME = "postgresql"


class PostgresEngine:
    """PostgreSQL as an engine. It holds nothing, so one serves every database."""

    name = NAME

    async def search(self, db: Database, request: Request) -> Found:
        """Find products. 3 statements, 2 more where most of the words must do, 1 more for facets."""
        async with db.read() as conn:
            found = await catalog.find_products(
                conn,
                _wanted(request),
                request.paging.size,
                backward=request.paging.backward,
                after=_spot(request.paging.after),
                before=_spot(request.paging.before),
                total=request.total,
                facets=request.facets,
            )
        hits = [Hit(product_id, Place(NAME, spot.position, spot.key or ())) for product_id, spot in found.products]
        return Found(hits, found.has_next, found.has_previous, found.total, found.counts)

    async def counts(self, db: Database, requests: Sequence[Request]) -> Sequence[Counts]:
        """Count the facets of lists. Shape: n requests → n counts; 3 statements, 4 where words are several."""
        async with db.read() as conn:
            return await catalog.count_found(conn, [_wanted(request) for request in requests])

    async def suggest(self, db: Database, request: Request) -> Sequence[UUID]:
        """Find the few products to show while someone still types. 3 statements, or 5."""
        async with db.read() as conn:
            wanted = _wanted(request, SUGGEST_RANKED_MAX)
            found = await catalog.find_products(conn, wanted, request.paging.size)
        return [product_id for product_id, _ in found.products]

    async def related(
        self, db: Database, product_ids: Sequence[UUID], audience: Audience, market: PriceMarket, size: int
    ) -> Sequence[Sequence[UUID]]:
        """Find products like others. Shape: n keys → n lists in input order; 1 statement."""
        async with db.read() as conn:
            return await catalog.related_products(conn, product_ids, audience, market, size)


def _wanted(request: Request, ranked_max: int = SEARCH_RANKED_MAX) -> Wanted:
    return Wanted(
        plan=request.plan,
        language=request.language,
        audience=request.audience,
        market=request.market,
        filters=request.filters,
        sort=request.sort,
        reverse=request.reverse,
        unavailable=request.unavailable,
        collection_id=request.collection_id,
        pins=request.pins,
        ranked_max=ranked_max,
    )


def _spot(place: Place | None) -> Spot | None:
    if place is None:
        return None
    return Spot(place.position, place.values if place.engine == NAME else None)
