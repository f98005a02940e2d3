"""Gift cards of the test shop: written as merchants do, given as shoppers do."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from commerce_graph.app import MODULES
from commerce_graph.gift_card.tables import card, entry
from commerce_graph.kernel.audit import audit
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.ids import parse_gid
from commerce_graph.payment.tables import transaction
from tests.cart.storefront import deliverable, pay
from tests.shop import Shop

CREATE = """mutation($input: GiftCardCreateInput!) {
  came: giftCardCreate(input: $input) {
    giftCard { id ...Card } giftCardCode userErrors { code field message }
  }
}
fragment Card on GiftCard {
  balance { amount currencyCode } initialValue { amount } lastCharacters maskedCode enabled expiresOn note deactivatedAt
  customer { id }
  transactions(first: 50) { nodes { __typename id amount { amount currencyCode } note order { id } giftCard { id } } }
}"""
APPLIED = """cart { id appliedGiftCards {
    id lastCharacters amountUsed { amount currencyCode } balance { amount } presentmentAmountUsed { amount }
  } cost { totalAmount { amount currencyCode } checkoutChargeAmount { amount currencyCode } } }
  userErrors { code field message } warnings { code }"""
UPDATE = f"""mutation($id: ID!, $codes: [String!]!) {{
  came: cartGiftCardCodesUpdate(cartId: $id, giftCardCodes: $codes) {{ {APPLIED} }}
}}"""
ADD = f"""mutation($id: ID!, $codes: [String!]!) {{
  came: cartGiftCardCodesAdd(cartId: $id, giftCardCodes: $codes) {{ {APPLIED} }}
}}"""
REMOVE = f"""mutation($id: ID!, $cards: [ID!]!) {{
  came: cartGiftCardCodesRemove(cartId: $id, appliedGiftCardIds: $cards) {{ {APPLIED} }}
}}"""


async def made(shop: Shop, value: str = "10.00", **more: Any) -> tuple[str, str]:
    """Create a gift card that must be accepted; returns its id and its code."""
    came = (await shop.data(CREATE, {"input": {"initialValue": value, **more}}, "merchant"))["came"]
    assert came["userErrors"] == [], came
    return came["giftCard"]["id"], came["giftCardCode"]


async def applied(shop: Shop, cart: Any, *codes: str, document: str = UPDATE) -> Any:
    """Apply gift cards to a cart, which must be accepted; returns the payload's cart."""
    came = (await shop.data(document, {"id": cart["id"], "codes": list(codes)}))["came"]
    assert came["userErrors"] == [], came
    return came["cart"]


async def ready_with(shop: Shop, codes: list[str], *lines: Any, session: str = "test_ok") -> Any:
    """Create a cart that can be submitted, paid with gift cards and the rest with a session, if there is a rest."""
    cart = await applied(shop, await deliverable(shop, *lines), *codes)
    if float(cart["cost"]["checkoutChargeAmount"]["amount"]):
        assert await pay(shop, cart, session) == []
    return cart


def key(gid: str) -> UUID:
    return parse_gid(gid)[1]


async def balance(db: Database, gid: str) -> int:
    """Return what is on a card, which must be the sum of its ledger."""
    async with db.read() as conn:
        found = (await conn.execute(select(card.c.balance_minor).where(card.c.id == key(gid)))).scalar_one()
        total = select(func.sum(entry.c.amount_minor)).where(entry.c.card_id == key(gid))
        assert (await conn.execute(total)).scalar_one() == found
    return int(found)


async def steps(db: Database) -> list[tuple[str, str, str, int]]:
    """Return provider, kind, status and amount of each step of each payment, oldest first."""
    c = transaction.c
    wanted = select(c.provider, c.kind, c.status, c.amount_minor).order_by(c.created_at, c.id)
    async with db.read() as conn:
        return [tuple(row) for row in await conn.execute(wanted)]


async def assert_sound(db: Database) -> None:
    """The audit finds nothing."""
    checks = [check for module in MODULES for check in module.checks]
    assert [each.check.name async for each in audit(db, checks) if each.broken] == []
