"""Facets of the catalogue's own lists, counted by the engine that searches."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import Counts, FacetList
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.query_syntax.words import Plan
from commerce_graph.search.service.engine import Request
from commerce_graph.search.service.engines import engine_of


async def facet_counts(ctx: Context, lists: Sequence[FacetList]) -> list[Counts]:
    """Count the facets of lists. Shape: n lists → n counts in input order; 1 call for all that differ in collection.

    A list's query is taken at its word, as the list itself takes it: no typo is forgiven, no synonym thought of.
    """
    alike: dict[Any, list[int]] = defaultdict(list)
    for place, each in enumerate(lists):
        alike[each.query, each.filters, each.audience, each.market].append(place)
    made: dict[int, Counts] = {}
    for (_, _, _, market), places in alike.items():
        some = [lists[place] for place in places]
        if market is None:
            async with ctx.read() as conn:
                found: Sequence[Counts] = await catalog.count_facets(conn, some)
        else:
            requests = [_request(each, market) for each in some]
            async with ctx.turn():
                found = await engine_of(ctx.resources, ctx.extensions).counts(ctx.database, requests)
        made.update(zip(places, found, strict=True))
    return [made[place] for place in range(len(lists))]


def _request(each: FacetList, market: catalog.PriceMarket) -> Request:
    return Request(
        plan=Plan(where=each.query),
        audience=each.audience,
        market=market,
        language="en",
        filters=each.filters,
        collection_id=each.collection_id,
    )
