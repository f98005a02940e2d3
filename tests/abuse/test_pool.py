"""No operation holds a connection while it waits for another: else a small pool would stand still under load."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher

from commerce_graph.checkout.service import Purchases
from commerce_graph.customer.service import passwords
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import Relay
from tests.abuse.test_inputs import SIGN_IN
from tests.cart.storefront import attempt, line, ready, submit
from tests.order.conftest import place
from tests.shop import PASSWORD, Shop, gid

AT_ONCE = 12
LIST = """{ products(first: 5) { nodes { title priceRange { minVariantPrice { amount } }
  variants(first: 5) { nodes { price { amount } quantityAvailable } } collections(first: 2) { nodes { title } } } } }"""
REFUND = """mutation ($id: ID!) { refundCreate(input: {orderId: $id, note: "n", transactions: [{amount: "0.01"}]}) {
  refund { id } order { name refunds { id } } userErrors { message } } }"""
SET = """mutation ($id: ID!) { productVariantsBulkUpdate(productId: $id, variants: [{id: "%s", price: "17.00"}]) {
  product { title } productVariants { title price { amount } } userErrors { message } } }"""


@pytest.fixture
async def narrow(shop: Shop) -> AsyncIterator[Shop]:
    """Return the shop seen through a pool of two connections."""
    database = Database(shop.database.url, pool_size=1)
    yield Shop(database, replace(shop.resources, database=database, services={}), shop.engine)
    await database.close()


async def test_operations_of_all_kinds_share_two_connections(narrow: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

    async def buy(number: int) -> Any:
        cart = await ready(narrow, line("print-variant"))
        submitted = await submit(narrow, cart, f"token {number}")
        assert submitted["__typename"] == "SubmitSuccess", submitted
        return submitted["attemptId"]

    bought = await place(narrow, ("shirt-S-White", 2))
    entered = {"input": {"email": "ada@example.com", "password": PASSWORD}}
    variants = SET % gid("ProductVariant", "mug-variant")
    relay = Relay(narrow.database, narrow.resources.redis)
    async with asyncio.timeout(60):
        attempts = await asyncio.gather(
            *(buy(number) for number in range(AT_ONCE)),
            *(narrow.data(LIST) for _ in range(AT_ONCE)),
            *(narrow.data(REFUND, {"id": bought.gid}, "merchant") for _ in range(4)),
            *(narrow.data(variants, {"id": gid("Product", "mug")}, "merchant") for _ in range(4)),
            *(narrow.data(SIGN_IN, entered) for _ in range(4)),
            *(relay.step() for _ in range(4)),
        )
        await Purchases.of(narrow.resources).settle()
    for each in attempts[:AT_ONCE]:
        assert (await attempt(narrow, each))["__typename"] == "CartCompletionSuccess"
