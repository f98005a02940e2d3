"""The facets of lists: what is counted of which list, by PostgreSQL."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.loaders.audience import Audience, product_seen
from commerce_graph.catalog.loaders.facets import facet_counts
from commerce_graph.catalog.loaders.filters import Filters, PriceMarket
from commerce_graph.catalog.loaders.search import product_condition
from commerce_graph.catalog.rules.facets import Counts
from commerce_graph.kernel.query_syntax import Query


@dataclass(frozen=True, slots=True)
class FacetList:
    """A list whose facets are asked for: of the whole shop, or of a collection. `market`: None where none is known."""

    query: Query | None
    filters: Filters
    audience: Audience
    market: PriceMarket | None
    collection_id: UUID | None = None


async def count_facets(conn: AsyncConnection, lists: Sequence[FacetList]) -> list[Counts]:
    """Count the facets of lists. Shape: n lists → n counts in input order; 1 statement for all that filter alike."""
    alike: dict[tuple[Filters, PriceMarket | None], list[int]] = defaultdict(list)
    for place, each in enumerate(lists):
        alike[each.filters, each.market].append(place)
    made: dict[int, Counts] = {}
    for (filters, market), places in alike.items():
        some = [lists[place] for place in places]
        where = [and_(product_condition(each.query, market), *product_seen(each.audience)) for each in some]
        found = await facet_counts(conn, where, filters, market, [each.collection_id for each in some])
        made.update(zip(places, found, strict=True))
    return [made[place] for place in range(len(lists))]
