"""Stripe as the payment tests reach it."""

from collections.abc import AsyncIterator

import pytest

from commerce_graph.payment.service import PROVIDERS, Stripe
from tests.payment.stripe_server import WEBHOOK_SECRET, StripeServer, stripe_server

SHOP_URL = "http://shop.test"


@pytest.fixture
async def stripe() -> AsyncIterator[StripeServer]:
    """Run a server that stands for Stripe."""
    async with stripe_server() as made:
        yield made


@pytest.fixture
async def account(stripe: StripeServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stripe]:
    """Take payments with it."""
    made = Stripe("sk_test_123", SHOP_URL, webhook_secret=WEBHOOK_SECRET, api_base=stripe.url)
    monkeypatch.setitem(PROVIDERS, "stripe", made)
    yield made
    await made.close()
