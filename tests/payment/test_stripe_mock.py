"""Every request that the shop sends is one that Stripe's own mock takes: it checks them against Stripe's description.

It keeps nothing, so it says nothing of what a payment comes to; tests/payment/stripe_server.py does that.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe as library

from commerce_graph.kernel.clock import new_id, now
from commerce_graph.payment.service import Held, ProviderUnavailable, Stripe
from commerce_graph.payment.service.stripe import StripeProvider

BINARY = Path(__file__).parents[2] / ".venv" / "bin" / "stripe-mock"
START_S_MAX = 20.0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
async def mock() -> AsyncIterator[str]:
    port = _free_port()
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        str(BINARY), "-http-addr", f"127.0.0.1:{port}", stdout=quiet, stderr=quiet
    )
    try:
        async with asyncio.timeout(START_S_MAX):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    await writer.wait_closed()
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def provider(mock: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StripeProvider]:
    """Return the provider on the mock, with which a request that Stripe does not describe fails the test."""
    account = Stripe("sk_test_123", "http://shop.test", api_base=mock)
    asked = library.AIOHTTPClient.request_async

    async def checked(self: Any, method: str, url: str, *rest: Any, **more: Any) -> Any:
        body, status, headers = await asked(self, method, url, *rest, **more)
        assert status == 200, (method, url, body)
        return body, status, headers

    monkeypatch.setattr(library.AIOHTTPClient, "request_async", checked)
    yield account(None)
    await account.close()


@pytest.mark.parametrize("session", ["pm_card_visa", "ctoken_123"])
async def test_an_authorisation(provider: StripeProvider, session: str) -> None:
    # The mock's intent waits for a payment method, so it is ended: two requests more.
    answer = await provider.authorize(f"{new_id()}:authorization:1", 5000, "EUR", session)
    assert answer.status == "FAILURE"
    assert (answer.reference or "").startswith("pi_")


async def test_what_follows_it(provider: StripeProvider) -> None:
    order = new_id()
    with pytest.raises(ProviderUnavailable, match="requires_payment_method"):
        await provider.capture(f"{order}:capture:1", "pi_123", 5000, "EUR")
    assert (await provider.refund(f"{order}:refund:1", "pi_123", 500, "EUR")).amount_minor == 500
    assert await provider.find(f"{order}:refund:2", "pi_123") is None
    assert await provider.find(f"{order}:capture:1", "pi_123") is None
    for reference in ("pi_123", None):
        with pytest.raises(ProviderUnavailable):
            await provider.void(f"{order}:void:1", Held(f"{order}:authorization:1", 5000, "EUR", reference))
    assert await provider.find(f"{order}:authorization:1") is None
    assert list(await provider.holds(now() - timedelta(hours=1), now())) == []
    assert await provider.report("pi_123") is None
