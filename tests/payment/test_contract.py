"""What every provider promises: one effect a key, an answer for what became of it, nothing held that was let go of."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest

from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.database import Database
from commerce_graph.payment.service import Answer, Held, Provider, ProviderUnavailable, Stripe
from commerce_graph.payment.service.sandbox import SandboxProvider
from tests.payment.stripe_server import ASKS, StripeServer
from tests.payment.test_steps import providers_books


@dataclass
class Tried:
    """A provider, its sessions, and its own books: what is held or taken, captured, refunded; None where let go."""

    provider: Provider
    good: str
    declined: str
    asks: str
    database: Database
    server: StripeServer | None

    async def charges(self) -> list[tuple[int, int, int]]:
        """Return what is held at first, captured and refunded, of payments that were not let go of whole."""
        books = self.server.charges() if self.server else await providers_books(self.database)
        return [tuple(each[1:]) for each in books if each[0] not in ("canceled", "VOIDED", "DECLINED")]  # type: ignore[misc]

    async def hold(self) -> tuple[str, Answer]:
        """Set 50.00 aside."""
        key = f"{new_id()}:authorization:1"
        return key, await self.provider.authorize(key, 5000, "EUR", self.good)


@pytest.fixture(params=["sandbox", "stripe"])
def tried(request: pytest.FixtureRequest, database: Database, stripe: StripeServer, account: Stripe) -> Iterator[Tried]:
    if request.param == "sandbox":
        provider = SandboxProvider(database)
        yield Tried(provider, "test_ok", "test_declined", "test_action_required", database, None)
    else:
        yield Tried(account(database), "pm_card_visa", "pm_card_visa_chargeDeclined", ASKS, database, stripe)


async def test_one_key_holds_once_and_is_found(tried: Tried) -> None:
    assert await tried.provider.find(f"{new_id()}:authorization:1") is None
    key, answer = await tried.hold()
    assert (answer.status, answer.amount_minor) == ("SUCCESS", 5000)
    assert await tried.provider.authorize(key, 5000, "EUR", tried.good) == answer
    assert await tried.provider.find(key) == answer
    assert await tried.provider.find(key, answer.reference) == answer
    assert await tried.charges() == [(5000, 0, 0)]


async def test_a_part_is_captured_once_and_refunded_in_parts(tried: Tried) -> None:
    key, held = await tried.hold()
    order, reference = key.partition(":")[0], held.reference or ""
    assert await tried.provider.find(f"{order}:capture:1", reference) is None
    for _ in range(2):
        answer = await tried.provider.capture(f"{order}:capture:1", reference, 3000, "EUR")
        assert (answer.status, answer.amount_minor) == ("SUCCESS", 3000)
    assert await tried.provider.find(f"{order}:capture:1", reference) == answer
    assert await tried.provider.find(f"{order}:refund:1", reference) is None
    for number, amount in ((1, 1000), (1, 1000), (2, 500)):
        given = await tried.provider.refund(f"{order}:refund:{number}", reference, amount, "EUR")
        assert (given.status, given.amount_minor) == ("SUCCESS", amount)
        assert await tried.provider.find(f"{order}:refund:{number}", reference) == given
    assert (await tried.provider.refund(f"{order}:refund:3", reference, 1501, "EUR")).status == "FAILURE"
    assert await tried.charges() == [(5000, 3000, 1500)]


async def test_what_is_let_go_of_cannot_be_captured(tried: Tried) -> None:
    key, held = await tried.hold()
    order = key.partition(":")[0]
    about = Held(key, 5000, "EUR", held.reference)
    for _ in range(2):
        answer = await tried.provider.void(f"{order}:void:1", about)
        assert (answer.status, answer.amount_minor) == ("SUCCESS", 5000)
    assert (await tried.provider.capture(f"{order}:capture:1", held.reference or "", 5000, "EUR")).status == "FAILURE"
    found = await tried.provider.find(key)
    assert found is not None
    assert found.status == "FAILURE"
    assert await tried.charges() == []


async def test_an_authorisation_that_arrives_after_its_void_holds_nothing(tried: Tried) -> None:
    key = f"{new_id()}:authorization:1"
    for _ in range(2):
        assert (await tried.provider.void(f"{key}:void", Held(key, 5000, "EUR"))).status == "SUCCESS"
    with suppress(ProviderUnavailable):  # refused for its key, which says nothing of what became of the first request
        assert (await tried.provider.authorize(key, 5000, "EUR", tried.good)).status == "FAILURE"
    assert await tried.charges() == []
    found = await tried.provider.find(key)
    assert found is not None
    assert found.status == "FAILURE"


async def test_what_a_buyer_or_bank_refuses(tried: Tried) -> None:
    key = f"{new_id()}:authorization:1"
    for _ in range(2):
        answer = await tried.provider.authorize(key, 5000, "EUR", tried.declined)
        assert (answer.status, answer.code) == ("FAILURE", "PAYMENT_CARD_DECLINED")
    assert await tried.provider.find(key) == answer
    asked = await tried.provider.authorize(f"{new_id()}:authorization:1", 5000, "EUR", tried.asks)
    assert (asked.status, bool(asked.action_url)) == ("ACTION", True)
    unknown = await tried.provider.authorize(f"{new_id()}:authorization:1", 5000, "EUR", "pm_unheard")
    assert (unknown.status, unknown.code) == ("FAILURE", "PAYMENT_INVALID_PAYMENT_METHOD")
    assert [each for each in await tried.charges() if tried.server] == []


async def test_what_is_held_is_listed(tried: Tried) -> None:
    key, held = await tried.hold()
    gone, _ = await tried.hold()
    await tried.provider.void(f"{gone}:void", Held(gone, 5000, "EUR"))
    listed = await tried.provider.holds(now() - timedelta(minutes=1), now() + timedelta(minutes=1))
    assert list(listed) == [Held(key, 5000, "EUR", held.reference)]
