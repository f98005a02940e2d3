"""Pick a collection's products by hand, as Admin's mutations of these names. Rules need prices: see merchandising."""

import strawberry

from commerce_graph.catalog import service
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import entities, mutation, object_type
from commerce_graph.kernel.values import UserError
from commerce_graph.keys import CollectionKey

WRITE_PRODUCTS = scopes("write_products")


@object_type
class CollectionAddProductsPayload:
    """What came of adding products to a collection."""

    collection: CollectionKey | None = strawberry.field(description="The collection with its products.", default=None)
    user_errors: list[UserError] = strawberry.field(description="Why nothing was added.", default_factory=list)


@object_type
class CollectionRemoveProductsPayload:
    """What came of removing products from a collection, at once: there is no job to wait for."""

    collection: CollectionKey | None = strawberry.field(description="The collection with its products.", default=None)
    user_errors: list[UserError] = strawberry.field(description="Why nothing was removed.", default_factory=list)


@object_type(access=WRITE_PRODUCTS)
class CatalogMutation:
    """What merchants change in the catalogue alone."""

    @mutation(access=WRITE_PRODUCTS)
    async def collection_add_products(
        self, info: strawberry.Info, id: strawberry.ID, product_ids: list[strawberry.ID]
    ) -> CollectionAddProductsPayload:
        """Put products at the end of a collection that is picked by hand."""
        ctx: Context = info.context
        collection_id = ctx.key_of(id, "Collection")
        keys = [ctx.key_of(each, "Product") for each in product_ids]
        async with ctx.database.begin() as tx:
            await service.add_products(tx, collection_id, keys)
        ctx.forget()
        (collection,) = await entities(ctx, CollectionKey, [collection_id])
        return CollectionAddProductsPayload(collection=collection)

    @mutation(access=WRITE_PRODUCTS)
    async def collection_remove_products(
        self, info: strawberry.Info, id: strawberry.ID, product_ids: list[strawberry.ID]
    ) -> CollectionRemoveProductsPayload:
        """Take products out of a collection that is picked by hand."""
        ctx: Context = info.context
        collection_id = ctx.key_of(id, "Collection")
        keys = [ctx.key_of(each, "Product") for each in product_ids]
        async with ctx.database.begin() as tx:
            await service.remove_products(tx, collection_id, keys)
        ctx.forget()
        (collection,) = await entities(ctx, CollectionKey, [collection_id])
        return CollectionRemoveProductsPayload(collection=collection)
