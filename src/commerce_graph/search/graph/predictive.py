"""Predictive search: what is shown while someone still types."""

from enum import Enum
from typing import Any

import strawberry

from commerce_graph.catalog import service as catalog
from commerce_graph.content import service as content
from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import entities, field, object_type
from commerce_graph.kernel.limits import PREDICTIONS_MAX
from commerce_graph.keys import ArticleKey, CollectionKey, PageKey, ProductKey
from commerce_graph.search.graph.reading import SearchUnavailableProductsType, audience, planned, request_of
from commerce_graph.search.rules.suggesting import styled
from commerce_graph.search.service import PREDICTED, Prediction, Predictions, within


@strawberry.enum(description="Whether the limit of a predictive search is for all kinds together or for each.")
class PredictiveSearchLimitScope(Enum):
    """Shopify's PredictiveSearchLimitScope."""

    ALL = "ALL"
    EACH = "EACH"


@strawberry.enum(description="What kind of thing is predicted.")
class PredictiveSearchType(Enum):
    """Shopify's PredictiveSearchType."""

    ARTICLE = "ARTICLE"
    COLLECTION = "COLLECTION"
    PAGE = "PAGE"
    PRODUCT = "PRODUCT"
    QUERY = "QUERY"


@strawberry.enum(description="A text of a thing that words are looked for in.")
class SearchableField(Enum):
    """Shopify's SearchableField."""

    AUTHOR = "AUTHOR"
    BODY = "BODY"
    PRODUCT_TYPE = "PRODUCT_TYPE"
    TAG = "TAG"
    TITLE = "TITLE"
    VARIANTS_BARCODE = "VARIANTS_BARCODE"
    VARIANTS_SKU = "VARIANTS_SKU"
    VARIANTS_TITLE = "VARIANTS_TITLE"
    VENDOR = "VENDOR"


_FIELDS = {
    SearchableField.AUTHOR: "author",
    SearchableField.PRODUCT_TYPE: "product_type",
    SearchableField.TAG: "tag",
    SearchableField.TITLE: "title",
    SearchableField.VARIANTS_BARCODE: "barcode",
    SearchableField.VARIANTS_SKU: "sku",
    SearchableField.VENDOR: "vendor",
}


@object_type(access=LISTINGS)
class SearchQuerySuggestion:
    """A query to choose instead of typing on."""

    text: str = strawberry.field(description="The query.")
    styled_text: str = strawberry.field(
        description="The query as HTML: `mark` holds what was typed already, `span` the rest. Nothing else is markup."
    )
    tracking_parameters: str | None = strawberry.field(
        description="Parameters to add to links to it, for attribution.", default=None
    )


@object_type(access=LISTINGS)
class PredictiveSearchResult:
    """What is shown while someone still types."""

    predictions: strawberry.Private[Predictions]
    typed: strawberry.Private[str]

    @field
    async def products(self, info: strawberry.Info) -> list[ProductKey]:
        """Products, the best first."""
        found = await entities(info.context, ProductKey, list(await self.predictions.of("PRODUCT")))
        return [each for each in found if each]

    @field
    async def collections(self, info: strawberry.Info) -> list[CollectionKey]:
        """Collections, the best first."""
        ctx: Context = info.context
        return await self._shown(ctx, "COLLECTION", CollectionKey, catalog.collections, audience(ctx))

    @field
    async def pages(self, info: strawberry.Info) -> list[PageKey]:
        """Pages, the best first."""
        ctx: Context = info.context
        return await self._shown(ctx, "PAGE", PageKey, content.pages, content.sees_all(ctx.principal))

    @field
    async def articles(self, info: strawberry.Info) -> list[ArticleKey]:
        """Articles, the best first."""
        ctx: Context = info.context
        return await self._shown(ctx, "ARTICLE", ArticleKey, content.articles, content.sees_all(ctx.principal))

    @field
    async def queries(self) -> list[SearchQuerySuggestion]:
        """Queries that begin so: those that others ask, and names of what the shop sells."""
        return [
            SearchQuerySuggestion(text=each.text, styled_text=styled(each.text, self.typed))
            for each in await self.predictions.of("QUERY")
        ]

    async def _shown(self, ctx: Context, kind: str, key_type: Any, loader: Any, readers: Any) -> list[Any]:
        rows = await self.predictions.of(kind)
        ctx.prime(loader, {row.id: row for row in rows}, readers)
        return [each for each in await entities(ctx, key_type, [row.id for row in rows]) if each]


@object_type(access=LISTINGS)
class PredictiveSearchQuery:
    """Predictive search."""

    @field(cost=10)
    async def predictive_search(
        self, info: strawberry.Info, query: str, limit: int | None = None,
        limit_scope: PredictiveSearchLimitScope | None = None, searchable_fields: list[SearchableField] | None = None,
        types: list[PredictiveSearchType] | None = None,
        unavailable_products: SearchUnavailableProductsType | None = None,
    ) -> PredictiveSearchResult | None:  # fmt: skip
        """What to show for a text that someone still types: up to 10 things (`limit`) in all, or of each kind. With
        `searchableFields` products must have the words, as they are typed, in one of these; BODY, VARIANTS_TITLE and
        an empty list mean any text."""
        ctx: Context = info.context
        size = PREDICTIONS_MAX if limit is None else limit
        if not 1 <= size <= PREDICTIONS_MAX:
            raise RequestError("BAD_USER_INPUT", f"`limit` must be between 1 and {PREDICTIONS_MAX}, not {size}")
        asked = await planned(ctx, query, prefix=True)
        request = await request_of(ctx, asked, unavailable=unavailable_products)
        fields = set(searchable_fields or ())
        if fields and fields <= _FIELDS.keys():
            request = within(request, sorted(_FIELDS[each] for each in fields))
        kinds = {each.value for each in types or PredictiveSearchType}
        together = limit_scope is not PredictiveSearchLimitScope.EACH
        wanted = Prediction(query, request, tuple(kind for kind in PREDICTED if kind in kinds), size, together)
        return PredictiveSearchResult(predictions=Predictions(ctx, wanted), typed=query)
