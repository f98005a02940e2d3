"""The facets of a list of products: counted for all lists of an operation at once, by whoever searches."""

from collections.abc import Sequence
from dataclasses import replace

from commerce_graph.catalog.graph.reading import known_market
from commerce_graph.catalog.loaders.metafields import definition_names
from commerce_graph.catalog.service import Counts, FacetList, count_facets, facets
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.limits import FACET_LISTS_MAX
from commerce_graph.vocabulary import Filter


async def shown_facets(ctx: Context, lists: Sequence[FacetList | None]) -> list[list[Filter]]:
    """Return the facets of lists; none for a list that has none.

    Shape: n lists → n results in order.
    Limits: FACET_LISTS_MAX in an operation: counting reads every product of a list, not a page of it.
    Raises: RequestError(BAD_USER_INPUT).
    """
    counted = [each for each in lists if each is not None]
    asked = ctx.memo["facet lists"] = ctx.memo.get("facet lists", 0) + len(counted)
    if asked > FACET_LISTS_MAX:
        told = f"`filters` is asked for of {asked} lists of products; the limit is {FACET_LISTS_MAX} in an operation"
        raise RequestError("BAD_USER_INPUT", f"{told}: ask for it in several, or of fewer collections at once")
    market = await known_market(ctx)
    found = await _counts(ctx, [replace(each, market=market) for each in counted])
    names = [*dict.fromkeys(name for counts in found for name in counts.metafields)]
    labels = dict(zip(names, await ctx.load_many(definition_names, names), strict=True))
    exponent = market.exponent if market else 0
    made = iter([[Filter.of(facet) for facet in facets(counts, exponent, labels)] for counts in found])
    return [[] if each is None else next(made) for each in lists]


async def _counts(ctx: Context, lists: Sequence[FacetList]) -> Sequence[Counts]:
    counting = ctx.services.get("facet_counts")
    if counting is not None:
        found: Sequence[Counts] = await counting(ctx, lists)
        return found
    async with ctx.read() as conn:
        return await count_facets(conn, lists)
