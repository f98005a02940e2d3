"""Create and change collections, by hand or by rules."""

from uuid import UUID

import strawberry

from commerce_graph.catalog.service import NewCollection
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import refused_at
from commerce_graph.kernel.graph import entities, input_type, mutation, object_type
from commerce_graph.kernel.scalars import HTML, URL
from commerce_graph.kernel.values import UserError
from commerce_graph.keys import CollectionKey
from commerce_graph.merchandising import service
from commerce_graph.merchandising.graph.inputs import text_of
from commerce_graph.vocabulary import CollectionRuleColumn, CollectionRuleRelation, CollectionSortOrder, SEOInput

WRITE_PRODUCTS = scopes("write_products")


@input_type
class CollectionImageInput:
    """A collection's picture."""

    src: URL | None = None
    alt_text: str | None = None


@input_type
class CollectionRuleInput:
    """A condition that a product meets or not. A VARIANT_PRICE is an amount in the primary market's currency."""

    column: CollectionRuleColumn
    relation: CollectionRuleRelation
    condition: str


@input_type
class CollectionRuleSetInput:
    """The rules by which a collection picks its products: all of them, or any where applied disjunctively."""

    applied_disjunctively: bool
    rules: list[CollectionRuleInput] | None = None


@input_type
class CollectionInput:
    """A collection to create or to change. What is left out stays as it is; `products` counts only when creating."""

    id: strawberry.ID | None = None
    title: str | None = None
    handle: str | None = None
    description_html: HTML | None = None
    image: CollectionImageInput | None = None
    sort_order: CollectionSortOrder | None = None
    rule_set: CollectionRuleSetInput | None = None
    products: list[strawberry.ID] | None = None
    seo: SEOInput | None = None


@object_type
class CollectionCreatePayload:
    """What came of creating a collection."""

    collection: CollectionKey | None = strawberry.field(description="The new collection.", default=None)
    user_errors: list[UserError] = strawberry.field(description="Why it was not created.", default_factory=list)


@object_type
class CollectionUpdatePayload:
    """What came of changing a collection."""

    collection: CollectionKey | None = strawberry.field(description="The collection.", default=None)
    user_errors: list[UserError] = strawberry.field(description="Why it was not changed.", default_factory=list)


@object_type(access=WRITE_PRODUCTS)
class CollectionMutation:
    """Collections that may have rules."""

    @mutation(access=WRITE_PRODUCTS)
    async def collection_create(self, info: strawberry.Info, input: CollectionInput) -> CollectionCreatePayload:
        """Create a collection of products picked by hand or by rules, published in every sales channel."""
        ctx: Context = info.context
        with refused_at("input"):
            new, rules, any_of = _read(ctx, input)
            async with ctx.database.begin() as tx:
                made = await service.create_collection(tx, new, rules, disjunctively=any_of)
        return CollectionCreatePayload(collection=await _shown(ctx, made))

    @mutation(access=WRITE_PRODUCTS)
    async def collection_update(self, info: strawberry.Info, input: CollectionInput) -> CollectionUpdatePayload:
        """Change a collection. New rules change its products at once."""
        ctx: Context = info.context
        with refused_at("input"):
            new, rules, any_of = _read(ctx, input)
            key = ctx.key_of(input.id, "Collection") if input.id else None
            async with ctx.database.begin() as tx:
                changed = await service.update_collection(tx, key, new, rules, disjunctively=any_of)
        return CollectionUpdatePayload(collection=await _shown(ctx, changed))


def _read(ctx: Context, input: CollectionInput) -> tuple[NewCollection, list[service.NewRule] | None, bool]:
    new = NewCollection(
        title=input.title,
        handle=input.handle,
        description_html=input.description_html,
        image_url=text_of(input.image, "src"),
        image_alt=text_of(input.image, "alt_text"),
        seo_title=text_of(input.seo, "title"),
        seo_description=text_of(input.seo, "description"),
        sort_order=input.sort_order.name if input.sort_order else None,
        product_ids=None if input.products is None else [ctx.key_of(each, "Product") for each in input.products],
    )
    if input.rule_set is None:
        return new, None, False
    rules = [
        service.NewRule(each.column.name, each.relation.name, each.condition) for each in input.rule_set.rules or ()
    ]
    return new, rules, input.rule_set.applied_disjunctively


async def _shown(ctx: Context, collection_id: UUID) -> CollectionKey | None:
    ctx.forget()
    (collection,) = await entities(ctx, CollectionKey, [collection_id])
    found: CollectionKey | None = collection
    return found
