"""Set metafields and define them, as Admin's mutations of these names."""

from enum import Enum
from typing import Any

import strawberry

from commerce_graph.catalog.graph.definition import (
    MetafieldDefinition,
    MetafieldDefinitionConnection,
    MetafieldDefinitionCreatePayload,
    MetafieldDefinitionDeletePayload,
    MetafieldDefinitionEdge,
    MetafieldDefinitionIdentifierInput,
    MetafieldDefinitionInput,
    MetafieldDefinitionUpdateInput,
    MetafieldDefinitionUpdatePayload,
    MetafieldOwnerType,
    MetafieldStorefrontAccessInput,
)
from commerce_graph.catalog.graph.metafield import OWNERS, Metafield
from commerce_graph.catalog.graph.reading import READ_PRODUCTS
from commerce_graph.catalog.loaders.metafields import definition_page, definitions
from commerce_graph.catalog.loaders.metafields import metafields as stored
from commerce_graph.catalog.rules.metafields import DEFAULT_NAMESPACE
from commerce_graph.catalog.service.definitions import (
    DefinitionKey,
    NewDefinition,
    create_definition,
    delete_definition,
    update_definition,
)
from commerce_graph.catalog.service.metafields import NewMetafield, delete_metafields, set_metafields
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected, RequestError, refused_at
from commerce_graph.kernel.graph import field, input_type, mutation, object_type
from commerce_graph.kernel.ids import parse_gid, to_gid
from commerce_graph.kernel.pages import page_arguments
from commerce_graph.kernel.texts import storable
from commerce_graph.kernel.values import UserError, user_error

WRITE_PRODUCTS = scopes("write_products")


@input_type
class MetafieldsSetInput:
    """A metafield to create or change; without a namespace, in `custom`, and without a type, of the one that its
    definition says, or that it has."""

    owner_id: strawberry.ID
    namespace: str | None = None
    key: str
    type: str | None = None
    value: str


@input_type
class MetafieldIdentifierInput:
    """Which metafield of what."""

    owner_id: strawberry.ID
    namespace: str
    key: str


@strawberry.enum(description="Why metafields were not set.")
class MetafieldsSetUserErrorCode(Enum):
    """Shopify's MetafieldsSetUserErrorCode, as far as metafields here go."""

    BLANK = "BLANK"
    INVALID = "INVALID"
    INVALID_TYPE = "INVALID_TYPE"
    INVALID_VALUE = "INVALID_VALUE"
    LESS_THAN_OR_EQUAL_TO = "LESS_THAN_OR_EQUAL_TO"
    TOO_LONG = "TOO_LONG"
    TOO_SHORT = "TOO_SHORT"


MetafieldsSetUserError: Any = user_error(
    "MetafieldsSetUserError", MetafieldsSetUserErrorCode, "Why metafields were not set."
)


@object_type
class MetafieldsSetPayload:
    """What came of setting metafields."""

    metafields: list[Metafield] | None = strawberry.field(
        description="The metafields that were set, in the order of the input.", default=None
    )
    user_errors: list[MetafieldsSetUserError] = strawberry.field(
        description="Why nothing was set.", default_factory=list
    )


@object_type(access=READ_PRODUCTS)
class MetafieldIdentifier:
    """Which metafield of what."""

    owner_id: strawberry.ID = strawberry.field(description="The id of what it belonged to.")
    namespace: str = strawberry.field(description="The group of metafields that it belonged to.")
    key: str = strawberry.field(description="Its name within the namespace.")


@object_type
class MetafieldsDeletePayload:
    """What came of deleting metafields."""

    deleted_metafields: list[MetafieldIdentifier | None] | None = strawberry.field(
        description="What is gone, in the order of the input; null for what was not there.", default=None
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was deleted.", default_factory=list)


@object_type(access=READ_PRODUCTS)
class MetafieldQuery:
    """Definitions of metafields."""

    @field
    async def metafield_definitions(
        self, info: strawberry.Info, owner_type: MetafieldOwnerType, namespace: str | None = None,
        key: str | None = None, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False,
    ) -> MetafieldDefinitionConnection:  # fmt: skip
        """The definitions for an owner type, of a namespace or a key only if it is given."""
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        if not storable(f"{namespace}{key}"):
            raise RequestError("BAD_USER_INPUT", "`namespace` or `key` holds what is no character")
        async with ctx.read() as conn:
            page = await definition_page(conn, owner_type.name, namespace, key, args)
        made: MetafieldDefinitionConnection = page.connection(
            MetafieldDefinitionConnection, MetafieldDefinitionEdge, MetafieldDefinition.of
        )
        return made


@object_type(access=WRITE_PRODUCTS)
class MetafieldMutation:
    """Metafields and their definitions."""

    @mutation(access=WRITE_PRODUCTS)
    async def metafields_set(self, info: strawberry.Info, metafields: list[MetafieldsSetInput]) -> MetafieldsSetPayload:
        """Create or change metafields of products and variants: all of them, or none."""
        ctx: Context = info.context
        new = [_new(ctx, each) for each in metafields]
        try:
            async with ctx.database.begin() as tx:
                rows = await stored(tx, await set_metafields(tx, new), True)
        except Rejected as refused:
            known = refused.code in MetafieldsSetUserErrorCode.__members__
            raise Rejected(refused.code if known else "INVALID", refused.field, refused.message) from None
        ctx.forget()
        return MetafieldsSetPayload(metafields=[Metafield.of(row) for row in rows])

    @mutation(access=WRITE_PRODUCTS)
    async def metafields_delete(
        self, info: strawberry.Info, metafields: list[MetafieldIdentifierInput]
    ) -> MetafieldsDeletePayload:
        """Delete metafields of products and variants. What is not there is passed over."""
        ctx: Context = info.context
        names = [(*_owner(ctx, each.owner_id), *_named(each)) for each in metafields]
        async with ctx.database.begin() as tx:
            gone = await delete_metafields(tx, names)
        ctx.forget()
        told = [
            MetafieldIdentifier(owner_id=each.owner_id, namespace=each.namespace, key=each.key) if there else None
            for each, there in zip(metafields, gone, strict=True)
        ]
        return MetafieldsDeletePayload(deleted_metafields=told)

    @mutation(access=WRITE_PRODUCTS)
    async def metafield_definition_create(
        self, info: strawberry.Info, definition: MetafieldDefinitionInput
    ) -> MetafieldDefinitionCreatePayload:
        """Define a metafield: its name and type, whether shoppers may read it, and whether lists filter by it."""
        ctx: Context = info.context
        with refused_at("definition"):
            async with ctx.database.begin() as tx:
                (row,) = await definitions(
                    tx, [await create_definition(tx, _key(definition), _definition(definition, definition.type))]
                )
        ctx.forget()
        return MetafieldDefinitionCreatePayload(created_definition=MetafieldDefinition.of(row))

    @mutation(access=WRITE_PRODUCTS)
    async def metafield_definition_update(
        self, info: strawberry.Info, definition: MetafieldDefinitionUpdateInput
    ) -> MetafieldDefinitionUpdatePayload:
        """Change a definition, all but its type."""
        ctx: Context = info.context
        with refused_at("definition"):
            async with ctx.database.begin() as tx:
                (row,) = await definitions(
                    tx, [await update_definition(tx, _key(definition), _definition(definition, None))]
                )
        ctx.forget()
        return MetafieldDefinitionUpdatePayload(updated_definition=MetafieldDefinition.of(row))

    @mutation(access=WRITE_PRODUCTS)
    async def metafield_definition_delete(
        self, info: strawberry.Info, id: strawberry.ID | None = None,
        identifier: MetafieldDefinitionIdentifierInput | None = None,
        delete_all_associated_metafields: bool = False,
    ) -> MetafieldDefinitionDeletePayload:  # fmt: skip
        """Delete a definition, by its id or by what it defines, and its metafields if told so. Those that are kept
        are then seen by merchants alone."""
        ctx: Context = info.context
        if (id is None) == (identifier is None):
            raise RequestError("BAD_USER_INPUT", "give exactly one of `id` and `identifier`")
        which = ctx.key_of(id, "MetafieldDefinition") if id is not None else _key(identifier)
        async with ctx.database.begin() as tx:
            gone, _ = await delete_definition(tx, which, with_metafields=delete_all_associated_metafields)
        ctx.forget()
        return MetafieldDefinitionDeletePayload(
            deleted_definition_id=strawberry.ID(to_gid("MetafieldDefinition", gone))
        )


def _owner(ctx: Context, gid: str) -> tuple[str, Any]:
    kind, _, _ = parse_gid(gid)
    return OWNERS.get(kind, ""), ctx.key_of(gid, *OWNERS)


def _new(ctx: Context, given: MetafieldsSetInput) -> NewMetafield:
    owner_type, owner_id = _owner(ctx, given.owner_id)
    return NewMetafield(owner_type, owner_id, given.namespace or DEFAULT_NAMESPACE, given.key, given.value, given.type)


def _named(given: MetafieldIdentifierInput) -> tuple[str, str]:
    """Return a metafield's name; what cannot be stored names nothing."""
    return (given.namespace, given.key) if storable(given.namespace + given.key) else ("", "")


def _key(given: Any) -> DefinitionKey:
    return given.owner_type.name, given.namespace or DEFAULT_NAMESPACE, given.key


def _definition(given: Any, kind: str | None) -> NewDefinition:
    access, uses = given.access, given.capabilities
    return NewDefinition(
        name=given.name,
        type=kind,
        description=given.description,
        public_read=access.storefront is MetafieldStorefrontAccessInput.PUBLIC_READ
        if access and access.storefront
        else None,
        admin_filterable=uses.admin_filterable.enabled if uses and uses.admin_filterable else None,
    )
