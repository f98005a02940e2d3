"""Lists read of their rows what the operation looks at, and answer as if they had read all of it."""

import re
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type, is_required_argument
from sqlalchemy import delete, update

from commerce_graph.app import graph
from commerce_graph.catalog.loaders import variants
from commerce_graph.catalog.tables import media, product
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.execution import run_in_parts
from commerce_graph.kernel.execution.increments import Current
from commerce_graph.kernel.graph import field, object_type
from commerce_graph.kernel.projection import Projected, column, columns_read
from commerce_graph.keys import ProductKey
from tests.shop import Shop, gid, uid

LISTS = {
    "Product": "products(first: 9) { %s }",
    "ProductVariant": "products(first: 9) { nodes { variants(first: 9) { %s } } }",
    "Collection": "products(first: 9) { nodes { collections(first: 9) { %s } } }",
}
PAGED = re.compile(r"Connection$")
WANTED = {
    "hasProduct": '(id: "gid://shopify/Product/0197f1f0-0000-7000-8000-000000000000")',
    "metafield": '(key: "material")', "metafields": '(identifiers: [{key: "material"}])',
    "variantBySelectedOptions": '(selectedOptions: [{name: "Size", value: "S"}])',
    "contextualPricing": '(context: {country: US})',
}  # fmt: skip
"""Arguments of fields that need some."""
PICTURE = "json_build_array"


def fields_of(kind: str) -> list[tuple[str, str]]:
    """Return every field of an entity as a document asks for it."""
    schema: GraphQLSchema = graph().core
    definition = schema.type_map[kind]
    assert isinstance(definition, GraphQLObjectType)
    asked = []
    for name, member in definition.fields.items():
        arguments = WANTED.get(name, "(first: 2)" if PAGED.search(str(get_named_type(member.type))) else "")
        assert arguments or not any(map(is_required_argument, member.args.values())), f"say how to ask for {name}"
        inner = "" if is_leaf_type(get_named_type(member.type)) else " { __typename }"
        asked.append((name, f"{name}{arguments}{inner}"))
    return asked


async def columns_of(shop: Shop, document: str, variables: dict[str, Any] | None = None) -> str:
    """Return what the statement of products selects."""
    (sql,) = [each for each in await shop.statements(document, variables) if "\nFROM catalog.product \n" in each]
    return sql.partition("\nFROM catalog.product \n")[0]


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("shape", ["nodes { %s }", "edges { node { %s } }"])
async def test_each_field_alone_is_answered_as_from_the_whole_row(shop: Shop, kind: str, shape: str) -> None:
    for name, asked in fields_of(kind):
        document = "{ " + LISTS[kind] % (shape % asked) + " }"
        # Asked twice: a statement is prepared where it comes again. graphql-core reads whole rows, and must agree.
        first, again = await shop.run(document, None, "merchant"), await shop.run(document, None, "merchant")
        assert first == again, name
        assert "INTERNAL" not in str(first.get("errors")), (name, first)


async def test_the_answer_of_a_whole_fragment_is_that_of_the_entity_by_id(shop: Shop, database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(delete(media).where(media.c.product_id == uid("mug")))
    shown = "id title handle vendor tags options { name } featuredImage { url altText width height id } seo { title }"
    listed = (await shop.data("{ products(first: 9) { nodes { %s } } }" % shown))["products"]["nodes"]  # noqa: UP031
    by_id = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Product { %s } } }" % shown  # noqa: UP031
    assert listed == (await shop.data(by_id, {"ids": [each["id"] for each in listed]}))["nodes"]
    pictured = {each["handle"]: each["featuredImage"] is not None for each in listed}
    assert pictured["shirt"]
    assert not pictured["mug"]


async def test_only_what_is_looked_at_is_read(shop: Shop) -> None:
    selected = await columns_of(shop, "{ products(first: 2) { nodes { handle } edges { node { vendor } } } }")
    assert "product.handle" in selected
    assert "product.vendor" in selected
    for other in ("title", "description", "options", "published_at", PICTURE):
        assert other not in selected


async def test_a_picture_comes_with_the_products(shop: Shop) -> None:
    seen = await shop.statements("{ products(first: 9) { nodes { featuredImage { url } } } }")
    assert len(seen) == 1
    assert PICTURE in seen[0]


async def test_variables_decide_what_is_read(shop: Shop) -> None:
    document = "query ($on: Boolean!) { products(first: 2) { nodes { id title @include(if: $on) } } }"
    assert "product.title" in await columns_of(shop, document, {"on": True})
    assert "product.title" not in await columns_of(shop, document, {"on": False})


async def test_what_comes_later_is_read_with_the_rest(shop: Shop) -> None:
    document = """{ products(first: 2) { nodes { handle ... @defer { vendor featuredImage { url } } } } }"""
    operation = shop.engine.prepare(document)
    told, parts = await run_in_parts(shop.engine, operation, None, shop.context(), Current())  # type: ignore[arg-type]
    assert set(told["data"]["products"]["nodes"][0]) == {"handle"}
    assert parts is not None
    later = [each async for each in parts]
    assert "INTERNAL" not in str(later)
    assert "vendor" in str(later)
    assert "featuredImage" in str(later)


async def test_two_selections_of_one_list_each_get_what_they_ask_for(shop: Shop) -> None:
    document = """{ products(first: 4) { nodes {
      a: variants(first: 2) { nodes { id sku } } b: variants(first: 2) { nodes { title taxable } } } } }"""
    for each in (await shop.data(document))["products"]["nodes"]:
        assert len(each["a"]["nodes"]) == len(each["b"]["nodes"])


async def test_a_fragment_that_is_merged_with_more_in_one_place_reads_more_there(shop: Shop) -> None:
    document = """query ($id: ID!) { a: product(id: $id) { ...Shown }
      b: product(id: $id) { ...Shown variants(first: 2) { nodes { sku barcode } } } }
      fragment Shown on Product { variants(first: 2) { nodes { title } } }"""
    data = await shop.data(document, {"id": gid("Product", "shirt")})
    assert [set(each) for each in data["b"]["variants"]["nodes"]] == [{"title", "sku", "barcode"}] * 2


async def test_what_is_asked_for_again_below_is_answered_by_the_list(
    shop: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = variants.variant_pages

    async def archived_meanwhile(*given: Any) -> Any:
        pages = await read(*given)
        async with database.begin() as tx:
            await tx.execute(update(product).where(product.c.id == uid("shirt")).values(status="ARCHIVED"))
        return pages

    archived_meanwhile.straight = True  # type: ignore[attr-defined]
    monkeypatch.setattr(variants, "variant_pages", archived_meanwhile)
    document = """{ products(first: 9) { nodes { title variants(first: 1) { nodes { sku product { title } } } } } }"""
    ours = Shop(shop.database, shop.resources, shop.engine, seconded=False)
    for each in (await ours.data(document))["products"]["nodes"]:
        assert [variant["product"]["title"] for variant in each["variants"]["nodes"]] == [each["title"]]


def test_a_field_that_does_not_say_what_it_reads_gets_whole_rows() -> None:
    @object_type
    class Whole(Projected, ProductKey):
        title: str = column("Its name.")

        @field(reads=("price", "tax"))
        def total(self) -> str:
            """What it costs."""
            return ""

        @field
        def silent(self) -> str:
            """Something else."""
            return ""

    @object_type
    class Part(ProductKey):
        @field
        def elsewhere(self) -> str:
            """What another domain knows."""
            return ""

    def read(kind: Any) -> dict[str, Any]:
        return {each.python_name: columns_read(each) for each in kind.__strawberry_definition__.fields}

    assert read(Whole) == {"id": frozenset(), "title": {"title"}, "total": {"price", "tax"}, "silent": None}
    assert read(Part)["elsewhere"] == frozenset()


def test_every_field_of_a_projected_entity_says_what_it_reads() -> None:
    for kind in LISTS:
        for member in graph().schema_converter.type_map[kind].definition.fields:  # type: ignore[union-attr]
            assert columns_read(member) is not None, f"{kind}.{member.python_name}"
