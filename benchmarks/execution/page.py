"""A page of products whose data costs nothing to find: what is left is execution."""

from functools import cache
from typing import Any

import strawberry
from graphql import parse

from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import BATCH, Graph, batch_field, field, object_type
from commerce_graph.kernel.module import Module

FACETS = 4
VARIANTS_MAX = 100
DESCRIPTION = "d" * 200
DOCUMENT = parse(
    """query Page($first: Int!, $variants: Int!) {
      products(first: $first) {
        id name slug description
        thumbnail { url alt }
        variants(first: $variants) { id sku name price { amount currency } stock }
        facets { code name }
      }
    }"""
)


@object_type
class Price:
    """An amount."""

    amount: int
    currency: str


@object_type
class Picture:
    """A picture."""

    url: str
    alt: str


@object_type
class Facet:
    """What a product is told by."""

    code: str
    name: str


@object_type
class Variant:
    """What is bought."""

    id: strawberry.ID
    sku: str
    name: str
    number: strawberry.Private[int]
    costs: strawberry.Private[Price]

    @batch_field
    @staticmethod
    async def price(parents: list["Variant"], ctx: Context) -> list[Price]:
        """Its price."""
        return [parent.costs for parent in parents]

    @batch_field
    @staticmethod
    async def stock(parents: list["Variant"], ctx: Context) -> list[int]:
        """How many there are."""
        return [parent.number % 7 for parent in parents]


@object_type
class Product:
    """What a shop shows."""

    id: strawberry.ID
    name: str
    slug: str
    description: str
    thumbnail: Picture
    sold: strawberry.Private[list[Variant]]
    told: strawberry.Private[list[Facet]]

    @batch_field
    @staticmethod
    async def variants(parents: list["Product"], ctx: Context, first: int) -> list[list[Variant]]:
        """Its variants."""
        return [parent.sold[:first] for parent in parents]

    @batch_field
    @staticmethod
    async def facets(parents: list["Product"], ctx: Context) -> list[list[Facet]]:
        """Its facets."""
        return [parent.told for parent in parents]


@object_type
class PageQuery:
    """The root."""

    @field
    async def products(self, first: int) -> list[Product]:
        """A page."""
        return page(first)


@cache
def page(products: int) -> list[Product]:
    """Return the products of a page, made once: what it costs to make them is not what is measured."""
    return [
        Product(
            id=strawberry.ID(str(number)), name=f"Product {number}", slug=f"product-{number}", description=DESCRIPTION,
            thumbnail=Picture(url=f"https://media.example/{number}.jpg", alt="a picture"),
            sold=[_variant(number * 1_000 + each) for each in range(VARIANTS_MAX)],
            told=[Facet(code=f"c{each}", name=f"Facet {each}") for each in range(FACETS)],
        )
        for number in range(products)
    ]  # fmt: skip


def _variant(number: int) -> Variant:
    return Variant(
        id=strawberry.ID(str(number)), sku=f"sku-{number}", name=f"Variant {number}", number=number,
        costs=Price(amount=number * 100, currency="EUR"),
    )  # fmt: skip


def graph() -> Graph:
    """Return the graph of the page."""
    return Graph([Module("page", PageQuery)])


def functions_of() -> dict[str, Any]:
    """Return the batch functions by the names of their fields, as they were written."""
    members = (*Product.__strawberry_definition__.fields, *Variant.__strawberry_definition__.fields)  # type: ignore[attr-defined]
    return {member.python_name: member.metadata[BATCH] for member in members if BATCH in member.metadata}


async def by_hand(functions: dict[str, Any], ctx: Any, first: int, variants: int) -> dict[str, Any]:
    """Answer the page as a function written for this one operation would, from the same batch functions."""
    products = page(first)
    of_products = await functions["variants"](products, ctx, first=variants)
    facets = await functions["facets"](products, ctx)
    flat = [variant for some in of_products for variant in some]
    prices = iter(await functions["price"](flat, ctx))
    stocks = iter(await functions["stock"](flat, ctx))
    answer = []
    for product, mine, facts in zip(products, of_products, facets, strict=True):
        picture = product.thumbnail
        told = []
        for variant in mine:
            price = next(prices)
            told.append(
                {
                    "id": variant.id, "sku": variant.sku, "name": variant.name,
                    "price": {"amount": price.amount, "currency": price.currency}, "stock": next(stocks),
                }
            )  # fmt: skip
        answer.append(
            {
                "id": product.id, "name": product.name, "slug": product.slug, "description": product.description,
                "thumbnail": {"url": picture.url, "alt": picture.alt}, "variants": told,
                "facets": [{"code": facet.code, "name": facet.name} for facet in facts],
            }
        )  # fmt: skip
    return {"products": answer}
