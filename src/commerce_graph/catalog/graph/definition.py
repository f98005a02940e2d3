"""Definitions of metafields, as merchants read and write them."""

from enum import Enum
from typing import Any, Self

import strawberry

from commerce_graph.catalog.graph.reading import READ_PRODUCTS
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.graph import input_type, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.pages import Connection, Edge
from commerce_graph.kernel.values import user_error

WRITE_PRODUCTS = scopes("write_products")


@strawberry.enum(description="What metafields can be added to.")
class MetafieldOwnerType(Enum):
    """Shopify's MetafieldOwnerType, as far as metafields here go."""

    PRODUCT = "PRODUCT"
    PRODUCTVARIANT = "PRODUCTVARIANT"


@strawberry.enum(description="What shoppers may do with metafields.")
class MetafieldStorefrontAccess(Enum):
    """Shopify's MetafieldStorefrontAccess."""

    NONE = "NONE"
    PUBLIC_READ = "PUBLIC_READ"


@strawberry.enum(description="What shoppers may do with metafields.")
class MetafieldStorefrontAccessInput(Enum):
    """Shopify's MetafieldStorefrontAccessInput."""

    NONE = "NONE"
    PUBLIC_READ = "PUBLIC_READ"


@object_type(access=READ_PRODUCTS)
class MetafieldDefinitionType:
    """What metafields hold."""

    name: str = strawberry.field(description="The type's name, such as `single_line_text_field`.")


@object_type(access=READ_PRODUCTS)
class MetafieldAccess:
    """Who may do what with metafields."""

    storefront: MetafieldStorefrontAccess | None = strawberry.field(description="What shoppers may do.")


@object_type(access=READ_PRODUCTS)
class MetafieldCapabilityAdminFilterable:
    """Whether lists filter by metafields."""

    enabled: bool = strawberry.field(description="Whether they do; in storefronts, where shoppers may read them.")


@object_type(access=READ_PRODUCTS)
class MetafieldCapabilities:
    """What metafields are used for."""

    admin_filterable: MetafieldCapabilityAdminFilterable = strawberry.field(
        description="Whether lists filter by them, and have facets of them."
    )


@object_type(access=READ_PRODUCTS)
class MetafieldDefinition:
    """What metafields of one namespace and key are."""

    id: strawberry.ID = strawberry.field(description="A globally unique id.")
    name: str = strawberry.field(description="What people read, such as the label of a facet.")
    namespace: str = strawberry.field(description="The group of metafields that it belongs to.")
    key: str = strawberry.field(description="Its name within the namespace.")
    description: str | None = strawberry.field(description="What the metafields are for.")
    owner_type: MetafieldOwnerType = strawberry.field(description="What they are added to.")
    type: MetafieldDefinitionType = strawberry.field(description="What they hold.")
    access: MetafieldAccess = strawberry.field(description="Who may do what with them.")
    capabilities: MetafieldCapabilities = strawberry.field(description="What they are used for.")

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return a row as the graph's definition."""
        access = MetafieldStorefrontAccess.PUBLIC_READ if row.public_read else MetafieldStorefrontAccess.NONE
        filterable = MetafieldCapabilityAdminFilterable(enabled=row.admin_filterable)
        return cls(
            id=strawberry.ID(to_gid("MetafieldDefinition", row.id)), name=row.name, namespace=row.namespace,
            key=row.key, description=row.description, owner_type=MetafieldOwnerType[row.owner_type],
            type=MetafieldDefinitionType(name=row.type), access=MetafieldAccess(storefront=access),
            capabilities=MetafieldCapabilities(admin_filterable=filterable),
        )  # fmt: skip


@object_type(access=READ_PRODUCTS)
class MetafieldDefinitionEdge(Edge[MetafieldDefinition]):
    """A definition and its cursor."""


@object_type(access=READ_PRODUCTS)
class MetafieldDefinitionConnection(Connection[MetafieldDefinition]):
    """A page of definitions."""


@input_type
class MetafieldAccessInput:
    """Who may do what with metafields."""

    storefront: MetafieldStorefrontAccessInput | None = None


@input_type
class MetafieldCapabilityAdminFilterableInput:
    """Whether lists filter by metafields."""

    enabled: bool


@input_type
class MetafieldCapabilityCreateInput:
    """What metafields are used for."""

    admin_filterable: MetafieldCapabilityAdminFilterableInput | None = None


@input_type
class MetafieldCapabilityUpdateInput:
    """What metafields are used for."""

    admin_filterable: MetafieldCapabilityAdminFilterableInput | None = None


@input_type
class MetafieldDefinitionInput:
    """A definition to create; without a namespace, in `custom`. Shoppers may read the metafields only if told so."""

    owner_type: MetafieldOwnerType
    namespace: str | None = None
    key: str
    name: str
    description: str | None = None
    type: str
    access: MetafieldAccessInput | None = None
    capabilities: MetafieldCapabilityCreateInput | None = None


@input_type
class MetafieldDefinitionUpdateInput:
    """Changes of the definition with this owner type, namespace and key. What is left out stays as it is."""

    owner_type: MetafieldOwnerType
    namespace: str | None = None
    key: str
    name: str | None = None
    description: str | None = None
    access: MetafieldAccessInput | None = None
    capabilities: MetafieldCapabilityUpdateInput | None = None


@input_type
class MetafieldDefinitionIdentifierInput:
    """Which definition, by what it defines."""

    owner_type: MetafieldOwnerType
    namespace: str | None = None
    key: str


@strawberry.enum(description="Why a metafield was not defined.")
class MetafieldDefinitionCreateUserErrorCode(Enum):
    """Shopify's MetafieldDefinitionCreateUserErrorCode, as far as definitions here go."""

    BLANK = "BLANK"
    INCLUSION = "INCLUSION"
    INVALID_CHARACTER = "INVALID_CHARACTER"
    RESOURCE_TYPE_LIMIT_EXCEEDED = "RESOURCE_TYPE_LIMIT_EXCEEDED"
    TAKEN = "TAKEN"
    TOO_LONG = "TOO_LONG"
    TOO_SHORT = "TOO_SHORT"
    UNSTRUCTURED_ALREADY_EXISTS = "UNSTRUCTURED_ALREADY_EXISTS"


@strawberry.enum(description="Why a definition was not changed.")
class MetafieldDefinitionUpdateUserErrorCode(Enum):
    """Shopify's MetafieldDefinitionUpdateUserErrorCode, as far as definitions here go."""

    BLANK = "BLANK"
    INVALID_CHARACTER = "INVALID_CHARACTER"
    NOT_FOUND = "NOT_FOUND"
    TOO_LONG = "TOO_LONG"


@strawberry.enum(description="Why a definition was not deleted.")
class MetafieldDefinitionDeleteUserErrorCode(Enum):
    """Shopify's MetafieldDefinitionDeleteUserErrorCode, as far as definitions here go."""

    NOT_FOUND = "NOT_FOUND"


MetafieldDefinitionCreateUserError: Any = user_error(
    "MetafieldDefinitionCreateUserError", MetafieldDefinitionCreateUserErrorCode, "Why a metafield was not defined."
)
MetafieldDefinitionUpdateUserError: Any = user_error(
    "MetafieldDefinitionUpdateUserError", MetafieldDefinitionUpdateUserErrorCode, "Why a definition was not changed."
)
MetafieldDefinitionDeleteUserError: Any = user_error(
    "MetafieldDefinitionDeleteUserError", MetafieldDefinitionDeleteUserErrorCode, "Why a definition was not deleted."
)


@object_type
class MetafieldDefinitionCreatePayload:
    """What came of defining a metafield."""

    created_definition: MetafieldDefinition | None = strawberry.field(description="The definition.", default=None)
    user_errors: list[MetafieldDefinitionCreateUserError] = strawberry.field(
        description="Why nothing was defined.", default_factory=list
    )


@object_type
class MetafieldDefinitionUpdatePayload:
    """What came of changing a definition."""

    updated_definition: MetafieldDefinition | None = strawberry.field(
        description="The definition as it is now.", default=None
    )
    user_errors: list[MetafieldDefinitionUpdateUserError] = strawberry.field(
        description="Why nothing was changed.", default_factory=list
    )


@object_type
class MetafieldDefinitionDeletePayload:
    """What came of deleting a definition."""

    deleted_definition_id: strawberry.ID | None = strawberry.field(description="The id of what is gone.", default=None)
    user_errors: list[MetafieldDefinitionDeleteUserError] = strawberry.field(
        description="Why nothing was deleted.", default_factory=list
    )
