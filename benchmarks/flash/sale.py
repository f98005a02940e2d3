"""The measurements: a sale that sells out, with groups and without, and more buyers than can be served."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from benchmarks.flash.carts import gids
from benchmarks.load import document
from benchmarks.operations import CART_SUBMIT, Wrong
from benchmarks.report import percentile
from benchmarks.shop import Stage
from benchmarks.wire import Wire, wires
from commerce_graph.app import MODULES
from commerce_graph.checkout.service import Purchases, Submission, Submissions
from commerce_graph.checkout.service.admission import Admission
from commerce_graph.kernel.audit import Check, audit
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.database import Database

SETTLE_S_MAX = 300.0
STATES = "SELECT state, count(*) AS count FROM checkout.attempt GROUP BY state"
ENDED = """
SELECT completed_at FROM checkout.attempt WHERE state = 'COMPLETED' AND created_at >= :since ORDER BY completed_at
"""
PROVIDER = (
    Check("flash.charged", "an order is charged once, in full", """
        SELECT o.id FROM "order"."order" o JOIN checkout.attempt a ON a.order_id = o.id
        LEFT JOIN payment.transaction t ON t.order_id = o.id AND t.kind = 'AUTHORIZATION' AND t.status = 'SUCCESS'
        LEFT JOIN payment.test_charge c ON c.reference = t.reference
        GROUP BY o.id HAVING count(c.*) <> 1 OR sum(c.captured_minor) <> o.total_minor"""),
    Check("flash.known", "the provider has no charge that no order knows", """
        SELECT c.reference FROM payment.test_charge c WHERE c.captured_minor > 0 AND NOT EXISTS (
          SELECT FROM payment.transaction t JOIN "order"."order" o ON o.id = t.order_id
          WHERE t.reference = c.reference)"""),
    Check("flash.held", "no hold is left", """
        SELECT owner_id, item_id FROM inventory.reservation WHERE state = 'HELD' AND quantity > 0"""),
)  # fmt: skip
CHECKS = (*(check for module in MODULES for check in module.checks), *PROVIDER)
"""What every audit looks at, and what only the test provider's own records tell."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale: how many submissions were answered a second, and orders completed, and what the server spent on it."""

    accepted: int
    refused: int
    answers_per_second: float
    orders_per_second: float
    p50_ms: float
    p99_ms: float
    throttled: int = 0
    longest_s: float = 0.0


async def stock_step(resources: Resources, carts: Sequence[UUID], at_once: int, group_max: int) -> float:
    """Return how many submissions a second the transactions alone take, without GraphQL, HTTP and payment."""
    submissions = Submissions(resources.database, _Resting(), Admission(resources.redis, each=len(carts)), group_max)
    gate = asyncio.Semaphore(at_once)

    async def one(cart_id: UUID) -> Submission:
        async with gate:
            return await submissions.submit(cart_id, "stock step")

    began = time.perf_counter()
    came = await asyncio.gather(*(one(cart_id) for cart_id in carts))
    took = time.perf_counter() - began
    if not all(each.fresh for each in came):
        raise Wrong("not every submission of the stock step was accepted")
    return len(carts) / took


class _Resting(Purchases):
    """Purchases that are begun and left alone: only the step before them is measured."""

    def start(self, *given: Any) -> None:
        self.keep(given[-1])


async def sold_out(stage: Stage, port: int, db: Database, carts: Sequence[UUID], at_once: int) -> Sale:
    """Have many buyers submit, so many at once, until each has an answer and every purchase has come to an end."""
    since = datetime.now(UTC)
    asked = iter(gids(stage, carts))
    kinds: list[str] = []
    durations: list[float] = []
    throttled, longest = 0, 0.0

    async def buy(wire: Wire) -> None:
        nonlocal throttled, longest
        for cart_id in asked:
            first = time.perf_counter()
            while True:
                began = time.perf_counter()
                result = await _submit(wire, stage, cart_id)
                ended = time.perf_counter()
                if result["__typename"] != "SubmitThrottled":
                    break
                throttled += 1
                await asyncio.sleep(max(0.0, _seconds_until(result["pollAfter"])))
            durations.append(ended - began)
            longest = max(longest, ended - first)
            kinds.append(result["__typename"])

    began = time.perf_counter()
    async with wires(port, at_once) as connections:
        await asyncio.gather(*(buy(wire) for wire in connections))
    answered = time.perf_counter() - began
    await settled(db)
    async with db.read() as conn:
        ended = list((await conn.execute(text(ENDED), {"since": since})).scalars())
    took = (ended[-1] - since).total_seconds() if ended else answered
    ordered = sorted(durations)
    return Sale(
        accepted=kinds.count("SubmitSuccess"), refused=kinds.count("SubmitFailed"),
        answers_per_second=len(kinds) / answered, orders_per_second=len(ended) / took,
        p50_ms=percentile(ordered, 50) * 1_000, p99_ms=percentile(ordered, 99) * 1_000, throttled=throttled,
        longest_s=longest,
    )  # fmt: skip


SUBMIT = CART_SUBMIT.replace("... on SubmitFailed", "... on SubmitThrottled { pollAfter } ... on SubmitFailed")


async def _submit(wire: Wire, stage: Stage, cart_id: str) -> Any:
    body = document(SUBMIT, {"cartId": cart_id, "attemptToken": "flash"})
    told = orjson.loads(await wire.ask("POST", "/graphql", body, {"X-Shopify-Storefront-Access-Token": stage.token}))
    if "errors" in told or told["data"]["cartSubmitForCompletion"]["userErrors"]:
        raise Wrong(str(told)[:1_000])
    return told["data"]["cartSubmitForCompletion"]["result"]


def _seconds_until(moment: str) -> float:
    return (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds()


async def settled(db: Database) -> dict[str, int]:
    """Return once every purchase has come to an end, with how many ended how. Raises: Wrong after SETTLE_S_MAX."""
    deadline = time.monotonic() + SETTLE_S_MAX
    while True:
        async with db.read() as conn:
            states = dict(tuple(row) for row in await conn.execute(text(STATES)))
        if not states.keys() - {"COMPLETED", "FAILED"}:
            return states
        if time.monotonic() > deadline:
            raise Wrong(f"purchases are still under way after {SETTLE_S_MAX:.0f} s: {states}")
        await asyncio.sleep(0.1)


async def checked(db: Database) -> None:
    """Check what must hold after every sale. Raises: Wrong."""
    async for each in audit(db, CHECKS):
        if each.broken:
            raise Wrong(f"after the sale it is not so that {each.check.rule}: {each.broken}")
