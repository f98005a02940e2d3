"""Lines: refusals first, then merging, stock, limits and statements."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, update

from commerce_graph.cart.tables import line as line_table
from commerce_graph.catalog.tables import publication
from commerce_graph.inventory.tables import level
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.limits import CART_LINE_QUANTITY_MAX, CART_LINES_MAX
from commerce_graph.pricing.tables import price
from tests.cart.storefront import ADD, CART, CREATE, REMOVE, UPDATE, create, line
from tests.shop import Shop, gid, uid


async def add(shop: Shop, cart: Any, *lines: Any) -> Any:
    return (await shop.data(ADD, {"cartId": cart["id"], "lines": list(lines)}))["cartLinesAdd"]


async def change(shop: Shop, cart: Any, *lines: Any) -> Any:
    return (await shop.data(UPDATE, {"cartId": cart["id"], "lines": list(lines)}))["cartLinesUpdate"]


def refused(came: Any) -> tuple[str, list[str]]:
    assert came["cart"] is None
    (error,) = came["userErrors"]
    return error["code"], error["field"]


def quantities(cart: Any) -> list[int]:
    return [each["quantity"] for each in cart["lines"]["nodes"]]


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"merchandiseId": to_gid("ProductVariant", uuid4())}, "INVALID_MERCHANDISE_LINE", "merchandiseId"),
        (line("chair-variant"), "INVALID_MERCHANDISE_LINE", "merchandiseId"),
        (line("mug-variant", 0), "MINIMUM_NOT_MET", "quantity"),
        (line("mug-variant", -1), "MINIMUM_NOT_MET", "quantity"),
        (line("guide-variant", CART_LINE_QUANTITY_MAX + 1), "MAXIMUM_EXCEEDED", "quantity"),
    ],
)
async def test_a_line_that_cannot_be_is_refused(shop: Shop, given: Any, code: str, field: str) -> None:
    cart = await create(shop)
    assert refused(await add(shop, cart, line("print-variant"), given)) == (code, ["lines", "1", field])
    came = (await shop.data(CREATE, {"input": {"lines": [given]}}))["cartCreate"]
    assert refused(came) == (code, ["input", "lines", "0", field])
    seen = (await shop.data(CART, {"id": cart["id"]}))["cart"]
    assert seen["lines"]["nodes"] == []


async def test_attributes_are_bounded(shop: Shop) -> None:
    cart = await create(shop)
    for attributes, code, field in (
        ([{"key": "", "value": "x"}], "INVALID", ["lines", "0", "attributes", "0", "key"]),
        ([{"key": "k" * 256, "value": "x"}], "INVALID", ["lines", "0", "attributes", "0", "key"]),
        ([{"key": "k", "value": "\x00"}], "INVALID", ["lines", "0", "attributes", "0", "value"]),
        ([{"key": f"k{n}", "value": ""} for n in range(251)], "MAXIMUM_EXCEEDED", ["lines", "0", "attributes"]),
        ([{"key": f"k{n}", "value": "x" * 5_000} for n in range(21)], "CART_TOO_LARGE", ["lines"]),
    ):
        given = {**line("mug-variant"), "attributes": attributes}
        assert refused(await add(shop, cart, given)) == (code, field)


async def test_a_variant_without_a_price_in_the_market_is_refused(shop: Shop) -> None:
    async with shop.database.begin() as tx:
        await tx.execute(price.delete().where(price.c.variant_id == uid("mug-variant"), price.c.market_id == uid("jp")))
    cart = await create(shop, buyerIdentity={"countryCode": "JP"})
    code, field = refused(await add(shop, cart, line("mug-variant")))
    assert (code, field) == ("MERCHANDISE_NOT_APPLICABLE", ["lines", "0", "merchandiseId"])


async def test_equal_lines_are_merged(shop: Shop) -> None:
    cart = await create(shop, line("guide-variant"), line("guide-variant", 2), line("guide-variant", gift="yes"))
    assert quantities(cart) == [3, 1]
    came = await add(
        shop, cart, line("guide-variant", gift="yes"), line("guide-variant"), line("guide-variant", b="2", a="1")
    )
    assert quantities(came["cart"]) == [4, 2, 1]
    came = await add(shop, cart, line("guide-variant", a="1", b="2"))
    assert quantities(came["cart"]) == [4, 2, 2]
    assert came["cart"]["totalQuantity"] == 8
    assert came["cart"]["cost"]["totalAmount"] == {"amount": "79.92", "currencyCode": "EUR"}


async def test_quantities_stop_at_the_stock_and_say_so(shop: Shop) -> None:
    cart = await create(shop)
    came = await add(shop, cart, line("mug-variant", 5), line("lamp-variant"), line("print-variant", 50))
    assert quantities(came["cart"]) == [3, 50]  # three mugs are there, no lamp; prints may be oversold
    mug = came["cart"]["lines"]["nodes"][0]
    assert [(each["code"], each["target"]) for each in came["warnings"]] == [
        ("MERCHANDISE_NOT_ENOUGH_STOCK", mug["id"]),
        ("MERCHANDISE_OUT_OF_STOCK", gid("ProductVariant", "lamp-variant")),
    ]
    came = await add(shop, cart, line("mug-variant", 1, gift="yes"))
    assert quantities(came["cart"]) == [3, 50]
    async with shop.database.begin() as tx:
        await tx.execute(update(level).where(level.c.item_id == uid("mug-variant")).values(on_hand=1))
    came = await add(shop, cart, line("mug-variant"))
    assert quantities(came["cart"]) == [3, 50], "adding never takes away"
    came = await change(shop, cart, {"id": mug["id"], "quantity": 2})
    assert (quantities(came["cart"]), came["warnings"]) == ([2, 50], []), "lowering is always done"


async def test_updates_change_merge_and_remove(shop: Shop) -> None:
    cart = await create(shop, line("guide-variant", 1, n="1"), line("guide-variant", 2, n="2"), line("mug-variant"))
    one, two, mug = (each["id"] for each in cart["lines"]["nodes"])
    for given, code, field in (
        ({"id": to_gid("CartLine", uuid4()), "quantity": 1}, "INVALID_MERCHANDISE_LINE", "id"),
        ({"id": mug, "quantity": -1}, "MINIMUM_NOT_MET", "quantity"),
        ({"id": one, "quantity": CART_LINE_QUANTITY_MAX + 1}, "MAXIMUM_EXCEEDED", "quantity"),
        ({"id": mug, "merchandiseId": gid("ProductVariant", "chair-variant")}, "INVALID_MERCHANDISE_LINE",
         "merchandiseId"),
    ):  # fmt: skip
        assert refused(await change(shop, cart, given)) == (code, ["lines", "0", field])
    swap = [
        {"id": one, "attributes": [{"key": "n", "value": "2"}]},
        {"id": two, "attributes": [{"key": "n", "value": "1"}]},
    ]
    came = await change(shop, cart, *swap)
    assert [(each["id"], each["attributes"][0]["value"]) for each in came["cart"]["lines"]["nodes"][:2]] == [
        (one, "2"),
        (two, "1"),
    ]
    came = await change(shop, cart, {"id": two, "attributes": [{"key": "n", "value": "2"}]}, {"id": mug, "quantity": 0})
    assert [(each["id"], each["quantity"]) for each in came["cart"]["lines"]["nodes"]] == [(one, 3)]
    mugs = await change(shop, cart, {"id": one, "merchandiseId": gid("ProductVariant", "mug-variant"), "quantity": 5})
    assert (quantities(mugs["cart"]), mugs["warnings"][0]["code"]) == ([3], "MERCHANDISE_NOT_ENOUGH_STOCK")
    came = await change(shop, cart, {"id": one, "merchandiseId": gid("ProductVariant", "print-variant")})
    assert came["cart"]["lines"]["nodes"][0]["merchandise"]["product"]["handle"] == "print"
    assert (await shop.data(CART, {"id": cart["id"]}))["cart"] == came["cart"], "the answer is what is stored"


async def test_lines_are_removed(shop: Shop) -> None:
    cart = await create(shop, line("guide-variant"), line("mug-variant"))
    guide, mug = (each["id"] for each in cart["lines"]["nodes"])
    wrong = await shop.data(REMOVE, {"cartId": cart["id"], "lineIds": [mug, to_gid("CartLine", uuid4())]})
    assert refused(wrong["cartLinesRemove"]) == ("INVALID_MERCHANDISE_LINE", ["lineIds", "1"])
    came = await shop.data(REMOVE, {"cartId": cart["id"], "lineIds": [mug]})
    assert [each["id"] for each in came["cartLinesRemove"]["cart"]["lines"]["nodes"]] == [guide]
    many = await shop.data(REMOVE, {"cartId": cart["id"], "lineIds": [guide] * (CART_LINES_MAX + 1)})
    assert refused(many["cartLinesRemove"]) == ("MAXIMUM_EXCEEDED", ["lineIds"])


async def test_the_number_of_lines_is_bounded(shop: Shop) -> None:
    cart = await create(shop, *(line("guide-variant", 1, n=str(n)) for n in range(CART_LINES_MAX)))
    assert len(cart["lines"]["nodes"]) == CART_LINES_MAX
    assert refused(await add(shop, cart, line("guide-variant"))) == ("MAXIMUM_EXCEEDED", ["lines", "0"])
    many = [line("guide-variant", 1, n="1")] * (CART_LINES_MAX + 1)
    assert refused(await add(shop, cart, *many)) == ("MAXIMUM_EXCEEDED", ["lines"])
    came = await add(shop, cart, line("guide-variant", 1, n="0"))
    assert came["cart"]["totalQuantity"] == CART_LINES_MAX + 1


async def test_what_nobody_may_buy_is_hidden_until_it_is_back(shop: Shop) -> None:
    cart = await create(shop, line("mug-variant"), line("guide-variant"))
    shown = {"channel_id": uid("online"), "product_id": uid("mug")}
    async with shop.database.begin() as tx:
        await tx.execute(publication.delete().where(publication.c.product_id == uid("mug")))
    seen = (await shop.data(CART, {"id": cart["id"]}))["cart"]
    assert [each["merchandise"]["product"]["handle"] for each in seen["lines"]["nodes"]] == ["guide"]
    assert seen["cost"]["subtotalAmount"]["amount"] == "9.99"
    async with shop.database.begin() as tx:
        await tx.execute(insert(publication).values(**shown))
    assert (await shop.data(CART, {"id": cart["id"]}))["cart"]["totalQuantity"] == 2


async def test_statements_are_few_and_flat(shop: Shop) -> None:
    one = {"input": {"lines": [line("shirt-S-White")], "buyerIdentity": {"countryCode": "DE"}}}
    assert len(await shop.statements(CREATE, one)) <= 16
    cart = await create(shop, line("mug-variant"), buyerIdentity={"countryCode": "DE"})
    few = await shop.statements(ADD, {"cartId": cart["id"], "lines": [line("shirt-S-White")]})
    assert len(few) <= 13, "\n".join(
        " ".join(each.split())[:110] + " .. " + " ".join(each.split())[-90:] for each in few
    )
    many = [
        line(f"shirt-{size}-{colour}", 1, n=str(n)) for size in "SM" for colour in ("White", "Blue") for n in (1, 2)
    ]
    more = await shop.statements(ADD, {"cartId": cart["id"], "lines": many})
    assert len(more) == len(few)
    assert len(await shop.statements(CART, {"id": cart["id"]})) <= 11


async def test_additions_at_once_add_up(shop: Shop) -> None:
    cart = await create(shop)

    async def one() -> Any:
        return await add(shop, cart, line("print-variant", 2))

    await asyncio.gather(*(one() for _ in range(10)))
    async with shop.database.read() as conn:
        total, rows = (await conn.execute(select(func.sum(line_table.c.quantity), func.count()))).one()
    assert (total, rows) == (20, 1)


async def test_additions_at_once_cannot_pass_the_limit(shop: Shop) -> None:

    cart = await create(shop, *(line("guide-variant", 1, n=str(n)) for n in range(CART_LINES_MAX - 3)))
    came = await asyncio.gather(*(add(shop, cart, line("guide-variant", 1, late=str(n))) for n in range(8)))
    assert sum(not each["userErrors"] for each in came) == 3
    async with shop.database.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(line_table))).scalar() == CART_LINES_MAX


async def test_many_carts_are_read_at_the_price_of_one(shop: Shop) -> None:
    carts = [await create(shop, line("mug-variant", 1), line("guide-variant", n)) for n in range(1, 6)]
    one = await shop.statements(CART, {"id": carts[0]["id"]})
    body = (
        "{ totalQuantity cost { totalAmount { amount } totalTaxAmount { amount } } lines(first: 9) { nodes { id } } }"
    )
    aliases = " ".join(f'c{n}: cart(id: "{cart["id"]}") {body}' for n, cart in enumerate(carts))
    seen = await shop.data(f"query @inContext(country: DE) {{ {aliases} }}")
    assert [each["totalQuantity"] for each in seen.values()] == [2, 3, 4, 5, 6]
    assert len(await shop.statements(f"query @inContext(country: DE) {{ {aliases} }}")) <= len(one)
