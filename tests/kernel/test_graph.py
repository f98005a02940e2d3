"""The graph: parts of an entity merge, batch fields run once for all parents, access is complete."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any

import strawberry

from commerce_graph.kernel.auth import LISTINGS, SHOPPER_SCOPES, Principal
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.graph import Graph, batch_field, entities, field, mutation, object_type
from commerce_graph.kernel.module import Module
from commerce_graph.kernel.pages import Connection, Edge, connection
from commerce_graph.kernel.values import user_error
from commerce_graph.keys import ProductKey, ProductVariantKey

CALLS: list[int] = []
UUIDS = [new_id() for _ in range(3)]


@object_type(access=LISTINGS)
class Product(ProductKey):
    """The owner's part."""

    title: str

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[Any]) -> list[Any]:
        return [cls(uuid=uuid, title="Shoe") if uuid in UUIDS else None for uuid in uuids]

    @batch_field
    async def variants(
        parents: Sequence["Product"], ctx: Context, first: int = 2
    ) -> list[list[Annotated["ProductVariantKey", strawberry.lazy("commerce_graph.keys")]]]:
        """Variants."""
        CALLS.append(len(parents))
        return [await entities(ctx, ProductVariantKey, [new_id()] * first) for _ in parents]


@object_type
class ProductConnection(Connection[Product]):
    """A page of products."""

    total_count: int = 0


@object_type
class ProductEdge(Edge[Product]):
    """A product and its cursor."""


@object_type(access=LISTINGS)
class CatalogQuery:
    @field
    async def products(self, info: strawberry.Info) -> ProductConnection:
        """All products."""
        found = await entities(info.context, ProductKey, UUIDS)
        return connection(ProductConnection, ProductEdge, found, ["a", "b", "c"], total_count=3)


@object_type(name="Product", access=LISTINGS)
class ProductPricing(ProductKey):
    """Another domain's part."""

    @batch_field
    async def price(parents: Sequence[ProductKey], ctx: Context) -> list[int]:
        """Price."""
        CALLS.append(-len(parents))
        return [1 for _ in parents]


@strawberry.enum
class Codes(Enum):
    """Codes."""

    TOO_BIG = "TOO_BIG"


SaveUserError = user_error("SaveUserError", Codes, "An error.")


@object_type
class SavePayload:
    product: Product | None = None
    user_errors: list[SaveUserError] = strawberry.field(default_factory=list)


@object_type
class CatalogMutation:
    @mutation(access=LISTINGS)
    async def save(self, size: int) -> SavePayload:
        """Save."""
        if size > 1:
            raise Rejected("TOO_BIG", ["size"], "too big")
        return SavePayload(product=Product(uuid=UUIDS[0], title="New"))


catalog = Module("catalog", CatalogQuery, CatalogMutation, owns=(Product,), refers=(ProductVariantKey,))
pricing = Module("pricing", extends=(ProductPricing,))


async def run(graph: Graph, text: str, variables: Any = None) -> Any:
    engine = Engine(graph)
    operation = engine.prepare(text)
    assert isinstance(operation, Operation), operation
    ctx = Context(None, Principal(SHOPPER_SCOPES))  # type: ignore[arg-type]
    return await engine.run(operation, variables, ctx)


async def test_parts_merge_and_batch_fields_run_once() -> None:
    CALLS.clear()
    text = "{ products { totalCount nodes { id title price variants { id } } edges { cursor node { title } } } }"
    answer = await run(Graph([pricing, catalog]), text)
    assert "errors" not in answer, answer
    assert [n["price"] for n in answer["data"]["products"]["nodes"]] == [1, 1, 1]
    assert sorted(CALLS) == [-3, 3]


async def test_refusal_becomes_user_error() -> None:
    answer = await run(
        Graph([catalog]), "mutation { save(size: 2) { product { id } userErrors { code field message } } }"
    )
    assert answer["data"]["save"]["userErrors"] == [{"code": "TOO_BIG", "field": ["size"], "message": "too big"}]


def test_parts_added_to_others_entities_hold_no_data(engine: Engine) -> None:
    """The objects are the owner's, which know nothing of a part's attributes: a field with a default would fail."""
    bare = [
        f"{module.name}: {part.__name__}.{member.python_name}"
        for module in engine.graph.modules
        for part in module.extends
        for member in part.__strawberry_definition__.fields
        if member.base_resolver is None
    ]
    assert bare == []


@object_type
class ServiceQuery:
    @field
    async def asked(self, info: strawberry.Info) -> str:
        """What the service of a domain above says."""
        return info.context.services["greeting"]()


async def test_services_reach_the_domains_below() -> None:
    above = Module("above", services=(("greeting", lambda: "served"),))
    below = Module("below", ServiceQuery)
    assert (await run(Graph([below, above]), "{ asked }"))["data"] == {"asked": "served"}
    elsewhere = Graph([below], {"greeting": lambda: "in another process"})
    assert (await run(elsewhere, "{ asked }"))["data"] == {"asked": "in another process"}
