"""Deferred fragments on the test shop: what they read, and for how many objects at once."""

import re
from typing import Any

from commerce_graph.kernel.demand.charge import Charge
from commerce_graph.kernel.execution import Current, Engine, Operation, run_in_parts
from tests.cart.storefront import line
from tests.execution.merging import merge_current
from tests.shop import Shop, count_statements

PAGE = """query ($first: Int!) { products(first: $first) { nodes { id title ... @defer(label: "prices") {
  priceRange { minVariantPrice { amount } } variants(first: 3) { nodes { id ... @defer(label: "stock") {
    availableForSale price { amount } } } } } } } }"""
CART = """mutation ($input: CartInput) { cartCreate(input: $input) { userErrors { code }
  cart { id totalQuantity ... @defer(label: "cost") { cost { totalAmount { amount } } lines(first: 5) { nodes {
    id quantity ... @defer(label: "goods") { merchandise { ... on ProductVariant {
      sku product { title } } } } } } } } } }"""


async def answers(shop: Shop, text: str, variables: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """Return all answers, and the statements that they took."""
    operation = shop.engine.prepare(text)
    assert isinstance(operation, Operation), operation
    with count_statements() as seen:
        first, every = await run_in_parts(shop.engine, operation, variables, shop.context(), Current())
        found = [first] if every is None else [each async for each in every]
    return found, len(seen)


async def at_once(shop: Shop, text: str, variables: dict[str, Any]) -> tuple[Any, int]:
    """Return the data without `@defer`, and the statements that it took."""
    with count_statements() as seen:
        data = await shop.data(text, variables)
    return data, len(seen)


async def test_page_in_parts_is_the_page(shop: Shop) -> None:
    found, _ = await answers(shop, PAGE, {"first": 10})
    assert len(found) == 3
    merged = merge_current(found)
    assert merged.data == (await at_once(shop, PAGE, {"first": 10}))[0]
    assert len(found[0]["pending"]) == len(merged.data["products"]["nodes"]) > 2
    assert not merged.errors + merged.why


async def test_fragment_of_one_and_of_many_takes_the_same_statements(shop: Shop) -> None:
    counts = [(await answers(shop, PAGE, {"first": first}))[1] for first in (1, 10, 1, 10)]
    assert counts[2] == counts[3]
    assert counts[3] <= (await at_once(shop, PAGE, {"first": 10}))[1] + 2, "what was read is read again"


async def test_cart_that_was_written_is_read_in_parts(shop: Shop) -> None:
    variables = {"input": {"lines": [line("mug-variant", 2)]}}
    found, _ = await answers(shop, CART, variables)
    merged = merge_current(found)
    cart = merged.data["cartCreate"]["cart"]
    assert found[0]["data"]["cartCreate"]["cart"].keys() >= {"id", "totalQuantity"}
    assert cart["totalQuantity"] == cart["lines"]["nodes"][0]["quantity"] == 2
    assert cart["lines"]["nodes"][0]["merchandise"]["product"]["title"]
    assert [each["label"] for answer in found for each in answer.get("pending", ())] == ["cost", "goods"]


async def test_graphql_core_answers_everything_at_once(shop: Shop) -> None:
    core = Shop(shop.database, shop.resources, Engine(shop.engine.graph, "graphql-core"))
    (only,), _ = await answers(core, PAGE, {"first": 2})
    assert "hasNext" not in only
    assert only["data"] == (await at_once(shop, PAGE, {"first": 2}))[0]


async def charged(shop: Shop, text: str, parts_max: int | None = None) -> tuple[int, list[int]]:
    """Return what a page of 10 may cost, and what is given back when so many parts of it were taken."""
    operation = shop.engine.prepare(text)
    assert isinstance(operation, Operation), operation
    ctx, back = shop.context(), list[int]()
    requested = shop.engine.cost(operation, {"first": 10})
    ctx.charge = Charge(requested, give_back=back.append)
    _, every = await run_in_parts(shop.engine, operation, {"first": 10}, ctx, Current())
    ctx.charge.leave()
    if every is not None:
        assert back == []
        async for _ in every:
            parts_max = None if parts_max is None else parts_max - 1
            if parts_max == 0:
                break
        await every.aclose()
    return requested, back


async def test_what_was_not_used_is_given_back_to_the_point(shop: Shop) -> None:
    at_once = re.sub(r"\.\.\. @defer(\([^)]*\))? ", "... ", PAGE)
    requested, back = await charged(shop, PAGE)
    operation = shop.engine.prepare(at_once)
    assert isinstance(operation, Operation), operation
    ctx, whole = shop.context(), list[int]()
    ctx.charge = Charge(requested, give_back=whole.append)
    await shop.engine.run(operation, {"first": 10}, ctx)
    assert back == whole
    assert 0 < back[0] < requested


async def test_who_leaves_gets_back_what_was_not_begun(shop: Shop) -> None:
    _, (whole,) = await charged(shop, PAGE)
    _, (more,) = await charged(shop, PAGE, 1)
    assert more > whole
