"""Orders for the tests, made through the doors as a checkout makes them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from commerce_graph.fulfilment import service as fulfilment
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.tables import level
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.ids import to_gid
from commerce_graph.order import service
from commerce_graph.payment import service as payment
from tests.shop import Shop, uid

PRICES = {"shirt": 4900, "mug": 1800, "print": 3000, "guide": 999}
TITLES = {"shirt": "Linen Shirt", "mug": "Stone Mug", "print": "Art Print", "guide": "Field Guide"}
VAT_BPS = 1900
SHIPPING_MINOR = 490
BERLIN = PostalAddress(
    "Ada", "Byron", None, "Hauptstr. 1", None, "Berlin", None, "DE", "10115", None
)  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """An order that was placed, with the ids that a client would know."""

    shop: Shop
    id: UUID
    lines: tuple[UUID, ...]
    total_minor: int

    @property
    def gid(self) -> str:
        """The order's plain global id."""
        return to_gid("Order", self.id)

    @property
    def capability(self) -> str:
        """The order's global id as a capability."""
        return to_gid("Order", self.id, self.shop.resources.secret)

    def line_gid(self, index: int = 0) -> str:
        """Return the global id of a line."""
        return to_gid("LineItem", self.lines[index])


def purchase(
    *variants: tuple[str, int], customer: str | None = None, email: str = "Guest@Example.com",
    tax_included: bool = True, cart_id: UUID | None = None, free: bool = False,
) -> service.NewOrder:  # fmt: skip
    """Return a purchase of (variant name, quantity), such as ("shirt-S-White", 2)."""
    lines = []
    for name, quantity in variants:
        thing = name.split("-")[0]
        price = 0 if free else PRICES[thing]
        total = price * quantity
        tax = total * VAT_BPS // (10_000 + VAT_BPS) if tax_included else total * VAT_BPS // 10_000
        lines.append(
            service.NewLine(
                id=new_id(),
                product_id=uid(thing),
                variant_id=uid(name),
                title=TITLES[thing],
                variant_title=" / ".join(name.split("-")[1:]) if thing == "shirt" else None,
                sku=name.upper(),
                vendor="Nord",
                image_url=f"/media/{thing}.svg",
                quantity=quantity,
                unit_price_minor=price,
                tax_minor=tax,
                requires_shipping=thing != "guide",
                attributes=({"key": "engraving", "value": name},),
            )
        )
    shipping = 0 if free else SHIPPING_MINOR
    shipping_tax = shipping * VAT_BPS // (10_000 + VAT_BPS) if tax_included else shipping * VAT_BPS // 10_000
    tax = sum(line.tax_minor for line in lines) + shipping_tax
    subtotal = sum(line.unit_price_minor * line.quantity for line in lines)
    return service.NewOrder(
        id=new_id(),
        cart_id=cart_id,
        customer_id=uid(customer) if customer else None,
        market_id=uid("eu"),
        channel_id=uid("online"),
        email=email,
        phone="+49301234567",
        currency="EUR",
        country="DE",
        language="EN",
        note="Ring twice",
        shipping_address=BERLIN,
        billing_address=None,
        shipping_handle="standard",
        shipping_title="Standard",
        tax_included=tax_included,
        subtotal_minor=subtotal,
        shipping_minor=shipping,
        tax_minor=tax,
        total_minor=subtotal + shipping + (0 if tax_included else tax),
        lines=lines,
        tax_lines=({"title": "VAT", "rate_bps": VAT_BPS, "amount_minor": tax},),
        attributes=({"key": "gift", "value": "yes"},),
    )


async def reserve(shop: Shop, new: service.NewOrder) -> Any:
    """Hold the stock of a purchase and have its money authorised."""
    wanted = [inventory.Wanted(line.id, line.variant_id, line.quantity) for line in new.lines if line.variant_id]
    async with shop.database.begin() as tx:
        held = await inventory.reserve(tx, new.id, wanted, "DE", now() + timedelta(minutes=10))
        await payment.open_balance(tx, new.id, new.total_minor, new.currency)
    if new.total_minor:
        assert (await payment.authorize(shop.database, new.id, "test_ok")).status == "SUCCESS"
    return held


async def place(shop: Shop, *variants: tuple[str, int], capture: bool = True, **more: Any) -> Placed:
    """Buy something: reserve, authorise, place, and capture."""
    new = purchase(*variants, **more)
    held = await reserve(shop, new)
    parts = [fulfilment.ToSend(part.line_id, part.variant_id, part.location_id, part.quantity) for part in held]
    async with shop.database.begin() as tx:
        await service.place(tx, [new])
        assert await inventory.commit(tx, new.id)
        await fulfilment.open_orders(tx, {new.id: parts})
    if capture and new.total_minor:
        assert (await payment.capture(shop.database, new.id)).status == "SUCCESS"
        async with shop.database.begin() as tx:
            await service.note_payment(tx, new.id, "paid")
    return Placed(shop, new.id, tuple(line.id for line in new.lines), new.total_minor)


@pytest.fixture
async def bought(shop: Shop) -> Placed:
    """Return a paid order of a guest: two shirts and a mug."""
    return await place(shop, ("shirt-S-White", 2), ("mug-variant", 1))


async def stock(shop: Shop, name: str) -> tuple[int, int]:
    """Return (on hand, committed) of a variant over all locations."""
    sums = select(func.sum(level.c.on_hand), func.sum(level.c.committed)).where(level.c.item_id == uid(name))
    async with shop.database.read() as conn:
        on_hand, committed = (await conn.execute(sums)).one()
    return on_hand, committed


async def opened(shop: Shop, placed: Placed) -> Any:
    """Return what is to be sent of an order."""
    async with shop.database.read() as conn:
        (found,) = await fulfilment.fulfillment_orders(conn, [placed.id])
    return found


async def balance(shop: Shop, placed: Placed) -> payment.Balance:
    """Return what has happened to an order's money."""
    async with shop.database.read() as conn:
        (found,) = await payment.balances(conn, [placed.id])
    assert found is not None
    return found
