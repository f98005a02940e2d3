"""A shop's day: one seed decides what happens next, what fails, and what dies; after each step all must be sound."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text, update

from commerce_graph.app import MODULES
from commerce_graph.checkout import handlers
from commerce_graph.checkout.service import Purchases
from commerce_graph.checkout.tables import attempt
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.tables import item, level, reservation
from commerce_graph.kernel.audit import audit
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.ids import to_gid
from commerce_graph.order import service as orders
from commerce_graph.order.tables import order
from commerce_graph.payment.service.authorization import note_answer
from commerce_graph.payment.service.sandbox import SandboxProvider
from commerce_graph.payment.tables import test_charge as charge
from tests.cart.storefront import CART, SUBMIT, UPDATE, deliverable, line, pay
from tests.gift_card.giving import ADD as APPLY
from tests.gift_card.giving import made
from tests.shop import Shop, gid, uid

CHECKS = [check for module in MODULES for check in module.checks]
VARIANTS = ("mug-variant", "shirt-S-White", "shirt-M-Blue", "print-variant", "guide-variant")
SESSIONS = ("test_ok",) * 6 + ("test_declined", "test_action_required", "test_action_required", "test_timeout")
POINTS = ("reserved", "authorized", "placing", "placed", "captured", "completed", "giving_up", "voided")
PAST = timedelta(seconds=-1)
PROVIDER = """
SELECT o.id, o.total_minor, count(c.reference) AS charges, sum(c.captured_minor) AS captured,
       sum(c.refunded_minor) AS refunded
FROM payment.test_charge c LEFT JOIN payment.transaction t ON t.idempotency_key = c.idempotency_key
LEFT JOIN "order"."order" o ON o.id = t.order_id
WHERE c.captured_minor > 0 GROUP BY o.id
HAVING o.id IS NULL OR count(c.reference) <> 1 OR sum(c.captured_minor) <> o.total_minor - coalesce((
  SELECT sum(g.amount_minor) FROM payment.transaction g
  WHERE g.order_id = o.id AND g.provider = 'gift_card' AND g.kind = 'SALE'
), 0)
"""
"""Money that the provider took for no order, twice for one, or not as much as it costs besides gift cards."""
CANCEL = """mutation($id: ID!, $restock: Boolean!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: $restock,
  refundMethod: { originalPaymentMethodsRefund: true }) { orderCancelUserErrors { message } } }"""
OPEN = """query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { id
  lineItems(first: 5) { nodes { id remainingQuantity } } } }
  lineItems(first: 5) { nodes { id refundableQuantity } } } }"""
SEND = """mutation($input: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $input) { userErrors { message } } }"""
REFUND = "mutation($input: RefundInput!) { refundCreate(input: $input) { userErrors { message } } }"


async def assert_books_agree(database: Database) -> None:
    """Check that the audit finds nothing wrong, and the provider's own books nothing else than ours."""
    broken = [(each.check.name, each.broken) async for each in audit(database, CHECKS) if each.broken]
    assert not broken, broken
    async with database.read() as conn:
        wrong = (await conn.execute(text(PROVIDER))).mappings().all()
    assert not wrong, ("the provider's own books", wrong)


class Died(BaseException):
    """The process dies at a point between two steps; nothing of ours catches it."""


class Day:
    """The steps that can happen, and what must hold after each. `told`: what has happened, for who reads a failure."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.chance = random.Random(seed)
        self.told: list[str] = []
        self.carts: list[Any] = []
        self.codes: list[str] = []
        self.tokens = 0
        self.steps: list[tuple[Callable[[], Awaitable[object]], int]] = [
            (self.fill_a_cart, 6), (self.change_a_cart, 2), (self.submit, 8), (self.buyer_answers, 3),
            (self.worker_resumes, 5), (self.holds_expire, 1), (self.cancel, 2), (self.send, 3), (self.refund, 2),
            (self.settle_money, 2), (self.count_stock, 3), (self.move_stock, 2),
        ]  # fmt: skip

    async def step(self) -> None:
        """Let the next thing happen."""
        works, weights = zip(*self.steps, strict=True)
        (work,) = self.chance.choices(works, weights)
        self.told.append(work.__name__)
        await work()

    async def assert_sound(self) -> None:
        """Check all that must be true at any time."""
        await assert_books_agree(self.shop.database)

    async def end(self) -> None:
        """Let everything come to its end: workers run until nothing is left to do."""
        for _ in range(60):
            await self.buyer_answers(every=True)
            await self.worker_resumes(dies=False)
            await self.settle_money()
            async with self.shop.database.read() as conn:
                states = Counter((await conn.execute(select(attempt.c.state))).scalars())
            if not states.keys() - {"COMPLETED", "FAILED"}:
                return
        raise AssertionError(f"purchases that do not end: {states}")

    async def fill_a_cart(self) -> None:
        """Somebody fills a cart and says how it is paid."""
        lines = [
            line(name, self.chance.randint(1, 3)) for name in self.chance.sample(VARIANTS, self.chance.randint(1, 3))
        ]
        cart = await deliverable(self.shop, *lines)
        if cart["lines"]["nodes"]:
            cost = await self._with_cards(cart["id"]) if self.chance.random() < 0.6 else cart["cost"]
            await pay(self.shop, {**cart, "cost": cost}, self.chance.choice(SESSIONS))
            self.carts.append(cart)

    async def _with_cards(self, cart_id: str) -> Any:
        """Apply gift cards that others may use too, as far as they can be used; returns what the cart costs."""
        if len(self.codes) < 3 or self.chance.random() < 0.2:
            self.codes.append((await made(self.shop, str(self.chance.randint(5, 150))))[1])
        for code in self.chance.choices(self.codes[-4:], k=self.chance.randint(1, 2)):
            await self.shop.data(APPLY, {"id": cart_id, "codes": [code]})
        return (await self.shop.data(CART, {"id": cart_id}))["cart"]["cost"]

    async def change_a_cart(self) -> None:
        """Somebody changes a cart after saying how it is paid; the amount does not fit any more."""
        if self.carts:
            cart = self.chance.choice(self.carts)
            changed = [{"id": cart["lines"]["nodes"][0]["id"], "quantity": self.chance.randint(0, 4)}]
            came = (await self.shop.data(UPDATE, {"cartId": cart["id"], "lines": changed}))["cartLinesUpdate"]
            if came["cart"] and came["cart"]["lines"]["nodes"] and self.chance.random() < 0.7:
                await pay(self.shop, came["cart"], self.chance.choice(SESSIONS))

    async def submit(self) -> None:
        """Somebody buys, maybe several at once, maybe by a token that was used before; maybe the process dies."""
        if self.carts:
            wishes = [
                (cart["id"], f"token {self.tokens - self.chance.randint(0, 1)}")
                for cart in self.chance.sample(self.carts, min(len(self.carts), self.chance.randint(1, 4)))
            ]
            self.tokens += 1
            Purchases.of(self.shop.resources).passing = self._dying()
            for cart_id, token in wishes:
                await self.shop.data(SUBMIT, {"cartId": cart_id, "token": token})
            await Purchases.of(self.shop.resources).settle()

    def _dying(self) -> Callable[[str], None]:
        point = self.chance.choice(POINTS) if self.chance.random() < 0.3 else None
        dead = False

        def passing(name: str) -> None:
            nonlocal dead
            dead = dead or name == point
            if dead:  # and with the process everything else that it drives on
                raise Died

        return passing

    async def buyer_answers(self, *, every: bool = False) -> None:
        """A buyer confirms the payment or refuses it, and the provider tells us, maybe twice, maybe never."""
        provider = SandboxProvider(self.shop.database)
        asked = select(charge.c.reference, charge.c.idempotency_key).where(charge.c.status == "ACTION_REQUIRED")
        async with self.shop.database.read() as conn:
            waiting = (await conn.execute(asked.order_by(charge.c.created_at))).all()
        for row in waiting if every else self.chance.sample(waiting, min(1, len(waiting))):
            await provider.answer_challenge(row.reference, approved=self.chance.random() < 0.7)
            for _ in range(self.chance.randint(0, 2)):
                await note_answer(self.shop.database, row.idempotency_key)

    async def worker_resumes(self, *, dies: bool = True) -> None:
        """The leases end, and a worker in another process takes what nobody works on; maybe it dies too."""
        async with self.shop.database.begin() as tx:
            await tx.execute(update(attempt).values(lease_until=now() + PAST))
        elsewhere = replace(self.shop.resources, services={})
        if dies:
            Purchases.of(elsewhere).passing = self._dying()
        try:
            await handlers.resume(elsewhere)
        except Died:
            self.told.append("the worker died")
            others = [task for task in asyncio.all_tasks() if task.get_coro().__name__ == "drive"]  # type: ignore[union-attr]
            await asyncio.gather(*others, return_exceptions=True)

    async def holds_expire(self) -> None:
        """Time passes, and the sweeper gives back what is held too long."""
        async with self.shop.database.begin() as tx:
            await tx.execute(
                update(attempt).where(attempt.c.state == "ACTION_REQUIRED").values(held_until=now() + PAST)
            )
            await tx.execute(update(reservation).where(reservation.c.state == "HELD").values(expires_at=now() + PAST))
        async with self.shop.database.begin() as tx:
            await inventory.release_expired(tx, 100)

    async def _an_order(self) -> str | None:
        async with self.shop.database.read() as conn:
            ids = (await conn.execute(select(order.c.id).order_by(order.c.number))).scalars().all()
        return to_gid("Order", self.chance.choice(ids)) if ids else None

    async def cancel(self) -> None:
        """The merchant cancels an order."""
        if (chosen := await self._an_order()) is not None:
            await self.shop.data(CANCEL, {"id": chosen, "restock": self.chance.random() < 0.7}, "merchant")

    async def send(self) -> None:
        """The merchant sends an order, or a part of it."""
        if (chosen := await self._an_order()) is None:
            return
        found = (await self.shop.data(OPEN, {"id": chosen}, "merchant"))["order"]["fulfillmentOrders"]["nodes"]
        for each in found:
            parts = [
                {"id": part["id"], "quantity": self.chance.randint(1, part["remainingQuantity"])}
                for part in each["lineItems"]["nodes"]
                if part["remainingQuantity"]
            ]
            if parts:
                wish = {"fulfillmentOrderId": each["id"], "fulfillmentOrderLineItems": parts}
                await self.shop.data(SEND, {"input": {"lineItemsByFulfillmentOrder": [wish]}}, "merchant")

    async def refund(self) -> None:
        """The merchant refunds pieces, and takes them back, cancels them or lets them be."""
        if (chosen := await self._an_order()) is None:
            return
        lines = (await self.shop.data(OPEN, {"id": chosen}, "merchant"))["order"]["lineItems"]["nodes"]
        kind = self.chance.choice(["RETURN", "CANCEL", "NO_RESTOCK"])
        pieces = [
            {
                "lineItemId": each["id"],
                "quantity": self.chance.randint(1, each["refundableQuantity"]),
                "restockType": kind,
            }
            for each in lines
            if each["refundableQuantity"]
        ]
        await self.shop.data(REFUND, {"input": {"orderId": chosen, "refundLineItems": pieces[:2]}}, "merchant")

    async def settle_money(self) -> None:
        """A worker moves the money that is still to be moved."""
        await orders.finish_refunds(self.shop.database)
        await orders.settle_orders(self.shop.database)

    async def count_stock(self) -> None:
        """The merchant counts, or goods come in."""
        at = (uid(self.chance.choice(VARIANTS)), uid(self.chance.choice(["berlin", "newark"])))
        delta = self.chance.randint(-3, 6)
        change = """mutation($input: InventoryAdjustQuantitiesInput!) {
          inventoryAdjustQuantities(input: $input) { userErrors { message } } }"""
        one = {
            "inventoryItemId": to_gid("InventoryItem", at[0]),
            "locationId": to_gid("Location", at[1]),
            "delta": delta,
        }
        given = {
            "name": self.chance.choice(["available", "incoming", "safety_stock"]),
            "reason": "other",
            "changes": [one],
        }
        await self.shop.data(change, {"input": given}, "merchant")

    async def move_stock(self) -> None:
        """The merchant moves goods, or changes how many are sold beyond stock."""
        name = self.chance.choice(VARIANTS)
        if self.chance.random() < 0.3:
            limit = self.chance.choice([None, 0, 5, 50])
            change = """mutation($id: ID!, $input: InventoryItemUpdateInput!) {
              inventoryItemUpdate(id: $id, input: $input) { userErrors { message } } }"""
            await self.shop.data(
                change, {"id": gid("InventoryItem", name), "input": {"backorderLimit": limit}}, "merchant"
            )
            return
        ends = [("berlin", "available"), ("newark", "available"), ("berlin", "safety_stock"), ("newark", "incoming")]
        source, target = self.chance.sample(ends, 2)
        move = """mutation($input: InventoryMoveQuantitiesInput!) {
          inventoryMoveQuantities(input: $input) { userErrors { message } } }"""
        one = {
            "inventoryItemId": gid("InventoryItem", name), "quantity": self.chance.randint(1, 4),
            "from": {"locationId": gid("Location", source[0]), "name": source[1]},
            "to": {"locationId": gid("Location", target[0]), "name": target[1]},
        }  # fmt: skip
        await self.shop.data(move, {"input": {"reason": "other", "changes": [one]}}, "merchant")

    async def outcome(self) -> dict[str, int]:
        """Return how the day went, to see that something happened."""
        async with self.shop.database.read() as conn:
            states = Counter((await conn.execute(select(attempt.c.state))).scalars())
            sold = (await conn.execute(select(func.count()).select_from(order))).scalar_one()
            oversold = select(func.count()).select_from(level.join(item)).where(~item.c.oversell, item.c.tracked)
            assert (await conn.execute(oversold.where(level.c.committed > level.c.on_hand))).scalar_one() == 0
        return {**states, "orders": sold}
