"""The search: products, pages and articles in one list, with facets."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any

import strawberry

from commerce_graph.catalog.service import definition_names, facets, filters_of
from commerce_graph.content import service as content
from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import entities, field, object_type
from commerce_graph.kernel.limits import FACET_LISTS_MAX
from commerce_graph.kernel.pages import PageInfo, page_arguments
from commerce_graph.kernel.scalars import URL
from commerce_graph.keys import ArticleKey, PageKey, ProductKey
from commerce_graph.search.graph.reading import SearchUnavailableProductsType, planned, request_of
from commerce_graph.search.service import KINDS, ResultHit, Results, Search, bounds, rulebooks
from commerce_graph.vocabulary import Filter, ProductFilter


@strawberry.enum(description="What search results are sorted by.")
class SearchSortKeys(Enum):
    """Shopify's SearchSortKeys."""

    PRICE = "PRICE"
    RELEVANCE = "RELEVANCE"


@strawberry.enum(description="What kind of thing is looked for.")
class SearchType(Enum):
    """Shopify's SearchType."""

    ARTICLE = "ARTICLE"
    PAGE = "PAGE"
    PRODUCT = "PRODUCT"


@strawberry.enum(description="Whether the last word of a query may be the beginning of one.")
class SearchPrefixQueryType(Enum):
    """Shopify's SearchPrefixQueryType."""

    LAST = "LAST"
    NONE = "NONE"


SearchResultItem = Annotated[
    ArticleKey | PageKey | ProductKey, strawberry.union("SearchResultItem", description="What a search can find.")
]
_KEYS: dict[str, Any] = {"PRODUCT": ProductKey, "PAGE": PageKey, "ARTICLE": ArticleKey}


@object_type(access=LISTINGS)
class SearchResultItemEdge:
    """A search result and its cursor."""

    cursor: str = strawberry.field(description="Its place in the results.")
    node: SearchResultItem = strawberry.field(description="What was found.")


@object_type(access=LISTINGS)
class SearchResultItemConnection:
    """A page of search results: products first, then pages, then articles."""

    results: strawberry.Private[Results]
    leads_to: strawberry.Private[str | None]
    exponent: strawberry.Private[int]

    @field
    async def nodes(self, info: strawberry.Info) -> list[SearchResultItem]:
        """What was found."""
        page = await self.results.page()
        return [node for node in await _shown(info.context, page.hits) if node]

    @field
    async def edges(self, info: strawberry.Info) -> list[SearchResultItemEdge]:
        """What was found, with cursors."""
        page = await self.results.page(lasting=True)
        nodes = await _shown(info.context, page.hits)
        return [
            SearchResultItemEdge(cursor=hit.cursor, node=node)
            for hit, node in zip(page.hits, nodes, strict=True)
            if node
        ]

    @field
    async def page_info(self) -> PageInfo:
        """Where the page lies in the results."""
        page = await self.results.page(lasting=True)
        return PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            cursors=[hit.cursor for hit in page.hits],
        )

    @field
    async def total_count(self) -> int:
        """How many results there are on all pages."""
        return await self.results.total()

    @field(cost=20)
    async def product_filters(self, info: strawberry.Info) -> list[Filter]:
        """The choices by which the products can be narrowed; each counts what it would leave in place of the other
        choices of its kind that are on now."""
        ctx: Context = info.context
        # One count with the facets of the catalogue's lists, under the name that the catalogue keeps it by.
        asked = ctx.memo["facet lists"] = ctx.memo.get("facet lists", 0) + 1
        if asked > FACET_LISTS_MAX:
            told = f"facets are asked for of {asked} lists; the limit is {FACET_LISTS_MAX} in an operation"
            raise RequestError("BAD_USER_INPUT", told)
        counts = await self.results.counts()
        if counts is None:
            return []
        names = list(counts.metafields)
        found = zip(names, await ctx.load_many(definition_names, names), strict=True)
        labels = {name: label for name, label in found if label}
        return [Filter.of(facet) for facet in facets(counts, self.exponent, labels)]

    @field
    def redirect_url(self) -> URL | None:
        """Where the merchant wants this query to lead instead: a path of the storefront, or a URL."""
        return None if self.leads_to is None else URL(self.leads_to)


async def _shown(ctx: Context, hits: Sequence[ResultHit]) -> list[Any]:
    """Return what the caller may see of hits, None for what is no more. At most 1 statement, for products."""
    everything = content.sees_all(ctx.principal)
    nodes: dict[Any, Any] = {}
    for kind, loader in (("PRODUCT", None), ("PAGE", content.pages), ("ARTICLE", content.articles)):
        some = [hit for hit in hits if hit.kind == kind]
        if loader is not None:
            ctx.prime(loader, {hit.id: hit.row for hit in some}, everything)
        nodes.update(zip(map(id, some), await entities(ctx, _KEYS[kind], [hit.id for hit in some]), strict=True))
    return [nodes[id(hit)] for hit in hits]


@object_type(access=LISTINGS)
class SearchQuery:
    """The search."""

    @field(cost=20)
    async def search(
        self, info: strawberry.Info, query: str, first: int | None = None, last: int | None = None,
        after: str | None = None, before: str | None = None, reverse: bool | None = False,
        sort_key: SearchSortKeys | None = SearchSortKeys.RELEVANCE,
        product_filters: list[ProductFilter] | None = None, types: list[SearchType] | None = None,
        prefix: SearchPrefixQueryType | None = None,
        unavailable_products: SearchUnavailableProductsType | None = None,
    ) -> SearchResultItemConnection:  # fmt: skip
        """Products, pages and articles that answer a query: by words in any text and order, with typos and synonyms; by
        `"phrases"`; and by fields, in Shopify's search syntax. The last word may be a beginning unless `prefix` says
        NONE. Products that cannot be bought come last unless `unavailableProducts` says otherwise."""
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        kinds = tuple(kind for kind in KINDS if not types or kind in {each.value for each in types})
        lies_after, lies_before = bounds(args, kinds)
        filters = filters_of(product_filters, "productFilters")
        asked = await planned(ctx, query, prefix=prefix is not SearchPrefixQueryType.NONE)
        book = await rulebooks(ctx.resources).current()
        request = await request_of(
            ctx, asked, unavailable=unavailable_products, filters=filters, reverse=args.reverse,
            sort=(sort_key or SearchSortKeys.RELEVANCE).value, pins=book.pinned(query),
        )  # fmt: skip
        search = Search(query, request, kinds, args.size, args.backward, lies_after, lies_before)
        return SearchResultItemConnection(
            results=Results(ctx, search), leads_to=book.redirect(query), exponent=request.market.exponent
        )
