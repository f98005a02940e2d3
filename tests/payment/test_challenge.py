"""The challenge page: what it shows, what it refuses, and that the answer reaches who waits for it."""

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.outbox import outbox
from commerce_graph.payment import module, service
from commerce_graph.payment.service.recovery import settle
from commerce_graph.payment.service.sandbox import SandboxProvider
from tests.payment.test_steps import balance_of, opened, providers_books, trail


@pytest.fixture
async def browser(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """Return a browser that has opened the shop."""
    app = Starlette(routes=list(module.routes))
    app.state.resources = resources
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        yield client


async def asked(db: Database) -> tuple[UUID, str]:
    """Return an order whose payment waits for its buyer, and where the buyer is asked."""
    order_id = await opened(db)
    outcome = await service.authorize(db, order_id, "test_action_required")
    assert outcome.status == "ACTION"
    assert outcome.action_url
    assert outcome == await service.authorize(db, order_id, "test_action_required")
    return order_id, outcome.action_url


async def answer(browser: httpx.AsyncClient, url: str, which: str) -> httpx.Response:
    page = await browser.get(url)
    (token,) = re.findall(r'name="token" value="(\w+)"', page.text)
    return await browser.post(url, data={"token": token, "answer": which})


async def test_the_page_needs_no_script_and_lets_nothing_in(database: Database, browser: httpx.AsyncClient) -> None:
    _, url = await asked(database)
    page = await browser.get(url)
    assert page.status_code == 200
    assert "50.00 EUR" in page.text
    assert "<script" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"


async def test_what_is_refused(database: Database, browser: httpx.AsyncClient) -> None:
    order_id, url = await asked(database)
    other_page = await browser.get((await asked(database))[1])
    (others_token,) = re.findall(r'name="token" value="(\w+)"', other_page.text)
    (token,) = re.findall(r'name="token" value="(\w+)"', (await browser.get(url)).text)
    assert (await browser.get("/payments/test/challenge/unknown")).status_code == 404
    for form, status in (
        ({"answer": "approve"}, 403),
        ({"answer": "approve", "token": "é"}, 403),
        ({"answer": "approve", "token": others_token}, 403),
        ({"answer": "perhaps", "token": token}, 400),
        ({"token": token}, 400),
        ({"answer": "approve", "token": token, "more": "x" * 2_000}, 413),
    ):
        refused = await browser.post(url, data=form)
        assert refused.status_code == status, form
        assert "Content-Security-Policy" in refused.headers
    assert (await service.authorize(database, order_id, "test_action_required")).status == "ACTION"
    assert await trail(database, order_id) == [("AUTHORIZATION", "AWAITING_RESPONSE", 5000)]


@pytest.mark.parametrize(
    ("which", "told", "status", "code"),
    [
        ("approve", "Payment approved", "SUCCESS", None),
        ("decline", "Payment declined", "FAILURE", "PAYMENT_CARD_DECLINED"),
    ],
)
async def test_the_answer_reaches_who_waits(
    database: Database, browser: httpx.AsyncClient, which: str, told: str, status: str, code: str | None
) -> None:
    order_id, url = await asked(database)
    seen = await answer(browser, url, which)
    assert (seen.status_code, seen.headers["Location"]) == (303, url)
    page = await browser.get(url)
    assert told in page.text
    assert "<form" not in page.text
    async with database.read() as conn:
        facts = (await conn.execute(select(outbox.c.kind, outbox.c.payload))).all()
    assert [tuple(fact) for fact in facts] == [("PaymentAnswered", {"order_id": str(order_id)})]
    outcome = await service.authorize(database, order_id, "test_action_required")
    assert (outcome.status, outcome.code) == (status, code)
    assert (await balance_of(database, order_id)).authorized_minor == (5000 if status == "SUCCESS" else 0)


async def test_the_first_answer_counts(database: Database, browser: httpx.AsyncClient) -> None:
    order_id, url = await asked(database)
    (token,) = re.findall(r'name="token" value="(\w+)"', (await browser.get(url)).text)
    forms = [{"token": token, "answer": which} for which in ("approve", "decline") * 3]
    await asyncio.gather(*(browser.post(url, data=form) for form in forms))
    (charge,) = await providers_books(database)
    outcome = await service.authorize(database, order_id, "test_action_required")
    assert outcome.status == {"AUTHORIZED": "SUCCESS", "DECLINED": "FAILURE"}[charge[0]]
    async with database.read() as conn:
        assert len((await conn.execute(select(outbox))).all()) == 1


async def test_an_answer_that_only_the_provider_knows_is_found(database: Database, resources: Resources) -> None:
    """The server died between the provider's record and ours."""
    for again in ("authorize", "settle"):
        order_id, url = await asked(database)
        await SandboxProvider(database).answer_challenge(url.rpartition("/")[2], approved=True)
        if again == "authorize":
            assert (await service.authorize(database, order_id, "test_action_required")).status == "SUCCESS"
        else:
            assert await settle(resources, older_than_s=0) == 1
        assert (await balance_of(database, order_id)).authorized_minor == 5000


async def test_an_answer_to_a_payment_that_was_let_go_changes_nothing(
    database: Database, browser: httpx.AsyncClient
) -> None:
    order_id, url = await asked(database)
    page = await browser.get(url)
    (token,) = re.findall(r'name="token" value="(\w+)"', page.text)
    assert (await service.void(database, order_id)).status == "SUCCESS"
    await browser.post(url, data={"token": token, "answer": "approve"})
    assert "Payment cancelled" in (await browser.get(url)).text
    assert (await service.authorize(database, order_id, "test_action_required")).status == "FAILURE"
    assert (await balance_of(database, order_id)).authorized_minor == 0


async def test_another_card_replaces_a_question_that_is_open(database: Database) -> None:
    order_id, _ = await asked(database)
    assert (await service.authorize(database, order_id, "test_ok")).status == "SUCCESS"
    assert sorted(await providers_books(database)) == [("AUTHORIZED", 5000, 0, 0), ("VOIDED", 5000, 0, 0)]
