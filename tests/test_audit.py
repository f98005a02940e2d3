"""The audit finds nothing wrong in a shop that works, and finds each thing that is made wrong."""

import pytest
from sqlalchemy import text

from commerce_graph.app import MODULES
from commerce_graph.checkout.service import Purchases
from commerce_graph.kernel.audit import Check, Checked, audit
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import AUDIT_ROWS_MAX
from tests.cart.storefront import line, ready, submit
from tests.gift_card.giving import made, ready_with
from tests.shop import Shop

CHECKS = [check for module in MODULES for check in module.checks]
MUG = '(SELECT variant_id FROM "order".line LIMIT 1)'
UNGUARDED = (
    "ALTER TABLE inventory.level DROP CONSTRAINT ck_level_never_oversold",
    "ALTER TABLE payment.balance DROP CONSTRAINT ck_balance_never_over_captured",
    'ALTER TABLE "order"."order" DROP CONSTRAINT ck_order_total_adds_up',
    'ALTER TABLE "order"."order" DISABLE TRIGGER USER',
    "ALTER TABLE checkout.attempt DISABLE TRIGGER USER",
    "ALTER TABLE inventory.movement DISABLE TRIGGER USER",
    "ALTER TABLE gift_card.entry DISABLE TRIGGER USER",
)
"""An audit is for what no constraint catches, or what was done behind its back."""
PLANTED = [
    ("UPDATE inventory.level SET on_hand = on_hand + 1 WHERE committed > 0", {"inventory.ledger"}),
    ("DELETE FROM inventory.movement WHERE kind = 'COMMIT'", {"inventory.reservations"}),
    ("UPDATE inventory.movement SET kind = kind, reserved = 1, committed = 0 WHERE kind = 'COMMIT'",
     {"inventory.ledger", "inventory.reservations"}),
    ("UPDATE inventory.reservation SET quantity = quantity + 1 WHERE state = 'COMMITTED'", {"inventory.reservations"}),
    ("UPDATE inventory.level SET on_hand = 0 WHERE committed > 0", {"inventory.ledger", "inventory.oversold"}),
    (f"UPDATE inventory.item SET backorder_limit = 3, oversell = true WHERE id = {MUG}", {"inventory.policy"}),
    ("UPDATE payment.balance SET captured_minor = 0 WHERE captured_minor > 0", {"payment.balance", "checkout.paid"}),
    ("UPDATE payment.balance SET captured_minor = due_minor + 1 WHERE captured_minor > 0",
     {"payment.balance", "payment.overcharged", "checkout.paid"}),
    ("UPDATE payment.transaction SET amount_minor = amount_minor + 1 WHERE kind = 'CAPTURE'", {"payment.balance"}),
    ('UPDATE "order"."order" SET subtotal_minor = subtotal_minor + 1', {"order.total"}),
    ('UPDATE "order"."order" SET total_minor = total_minor + 1', {"order.total", "checkout.paid", "checkout.charged"}),
    ("UPDATE cart.cart SET state = 'OPEN', order_id = NULL WHERE state = 'COMPLETED'", {"checkout.placed"}),
    ("UPDATE checkout.attempt SET state = 'FAILED', error_code = 'X', completed_at = NULL WHERE state = 'COMPLETED'",
     {"checkout.placed", "checkout.failed"}),
    ("UPDATE checkout.attempt SET gift_card_minor = 0 WHERE gift_card_minor > 0", {"checkout.gift_cards"}),
    ("UPDATE gift_card.card SET balance_minor = balance_minor + 1", {"gift_card.balance"}),
    ("UPDATE gift_card.entry SET amount_minor = amount_minor - 1 WHERE kind = 'PAYMENT'",
     {"gift_card.balance", "payment.gift_cards"}),
    ("DELETE FROM gift_card.entry WHERE kind = 'ISSUE'", {"gift_card.balance"}),
    ("UPDATE payment.transaction SET reference = NULL WHERE provider = 'gift_card'", {"payment.gift_cards"}),
    ("UPDATE inventory.reservation SET owner_id = gen_random_uuid() WHERE state = 'COMMITTED'", {"checkout.holds"}),
]  # fmt: skip


async def broken(database: Database) -> dict[str, Checked]:
    return {each.check.name: each async for each in audit(database, CHECKS) if each.broken}


@pytest.fixture
async def sold(shop: Shop) -> Shop:
    """Return a shop with two orders, one of them paid with a gift card, a failed purchase, and one that waits."""
    for session in ("test_ok", "test_declined", "test_action_required"):
        await submit(shop, await ready(shop, line("mug-variant"), session=session))
    await Purchases.of(shop.resources).settle()
    _, code = await made(shop, "5.00")
    await submit(shop, await ready_with(shop, [code], line("guide-variant")))
    await Purchases.of(shop.resources).settle()
    return shop


async def test_a_shop_that_works_has_nothing_wrong(sold: Shop) -> None:
    assert await broken(sold.database) == {}


@pytest.mark.parametrize(("planted", "names"), PLANTED, ids=[statement[:60] for statement, _ in PLANTED])
async def test_what_is_made_wrong_is_found(sold: Shop, planted: str, names: set[str]) -> None:
    async with sold.database.begin() as tx:
        for statement in UNGUARDED:
            await tx.execute(text(statement))
        assert (await tx.execute(text(planted))).rowcount > 0
    found = await broken(sold.database)
    assert set(found) == names
    assert all(0 < len(each.broken) <= 2 and not each.more for each in found.values()), "and nothing else is"


def test_every_check_is_tried() -> None:
    tried = set[str]().union(*(names for _, names in PLANTED))
    assert tried == {check.name for check in CHECKS}


async def test_much_that_is_wrong_is_not_all_told(sold: Shop) -> None:
    level = "INSERT INTO inventory.movement (item_id, location_id, kind, on_hand) VALUES "
    rows = ", ".join(["(gen_random_uuid(), gen_random_uuid(), 'RECEIVE', 1)"] * (AUDIT_ROWS_MAX + 1))
    async with sold.database.begin() as tx:
        await tx.execute(text(level + rows))
    (found,) = (await broken(sold.database)).values()
    assert (len(found.broken), found.more) == (AUDIT_ROWS_MAX, True)


async def test_an_audit_writes_nothing(sold: Shop) -> None:
    writing = Check("x", "x", "SELECT nextval('\"order\".order_number')")
    with pytest.raises(Exception, match="read-only"):
        [each async for each in audit(sold.database, [writing])]
