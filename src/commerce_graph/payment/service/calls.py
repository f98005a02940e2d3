"""Calls to providers: which one is asked, for how long, and what is done when it does not answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog

from commerce_graph.kernel import limits
from commerce_graph.kernel.database import Database
from commerce_graph.payment.rules import Step
from commerce_graph.payment.service.provider import Answer, Held, Provider, ProviderUnavailable
from commerce_graph.payment.service.sandbox import SandboxProvider
from commerce_graph.payment.service.stripe import Stripe

T = TypeVar("T")

log = structlog.get_logger()

PROVIDERS: dict[str, Callable[[Database], Provider]] = {"test": SandboxProvider}
"""The providers that this process takes payments with, by name.

The composition root decides what is in it before it serves: a shop that sells takes `test` out.
"""


@dataclass(slots=True)
class Policy:
    """When this process takes the money of an order; the composition root decides before it serves."""

    captures_at_once: bool = True


POLICY = Policy()
SESSIONS = {"pm": "stripe", "ctoken": "stripe"}
"""Which provider's a session id is by what it begins with, before a `_`; else that is the provider's name."""


def provider_of_session(session_id: str) -> str | None:
    """Return the name of the provider that gave a session id out, None where it is none of ours."""
    prefix, separator, _ = session_id.partition("_")
    name = SESSIONS.get(prefix, prefix)
    known = separator and name in PROVIDERS and len(session_id) <= limits.PAYMENT_SESSION_CHARS_MAX
    return name if known else None


async def ask(db: Database, step: Step, target: Step | None = None, *, fresh: bool) -> Answer | None:
    """Have a recorded step carried out, and return None where its outcome is still not known.

    `target` is the step that it captures, refunds or voids. A step that is not `fresh` may have been carried out
    before (by a process that died, or that another still waits for), so the provider is asked for it first.
    Limits: PROVIDER_TIMEOUT_S a call. A call without an answer is followed by the question what became of it.
    """
    provider = _provider(db, step)
    if provider is None:
        return None
    if not fresh:
        known = await find(db, step, target)
        if known is not None:
            return known
    answer = await _within(step.id, _call(provider, step, target))
    return answer or await find(db, step, target)


async def find(db: Database, step: Step, target: Step | None = None) -> Answer | None:
    """Ask the provider what became of a step. Limits: PROVIDER_TIMEOUT_S."""
    provider = _provider(db, step)
    reference = target.reference if target else step.reference
    return await _within(step.id, provider.find(step.idempotency_key, reference)) if provider else None


async def holds(db: Database, name: str, since: datetime, until: datetime) -> Sequence[Held]:
    """Ask a provider what it holds; nothing where it does not answer. Limits: PROVIDER_TIMEOUT_S."""
    found = await _within(None, PROVIDERS[name](db).holds(since, until))
    return found or ()


async def void_unknown(db: Database, name: str, held: Held) -> bool:
    """Have a hold let go of that is in no books, and tell whether it was. Limits: PROVIDER_TIMEOUT_S."""
    answer = await _within(None, PROVIDERS[name](db).void(f"{held.key}:unknown", held))
    return answer is not None and answer.status == "SUCCESS"


def captures_in_parts(db: Database, name: str) -> bool:
    """Tell whether a provider can capture a payment more than once."""
    made = PROVIDERS.get(name)
    return made is not None and made(db).captures_in_parts


async def close_providers() -> None:
    """Close the connections to providers; they open again when they are needed."""
    for made in PROVIDERS.values():
        if isinstance(made, Stripe):
            await made.close()


def _provider(db: Database, step: Step) -> Provider | None:
    made = PROVIDERS.get(step.provider)
    if made is None:
        # Taken out of this process while its steps were open: what became of them is not known here.
        log.warning("payment.no_provider", transaction_id=str(step.id), provider=step.provider)
        return None
    return made(db)


def _call(provider: Provider, step: Step, target: Step | None) -> Awaitable[Answer]:
    key = step.idempotency_key
    if step.kind == "AUTHORIZATION":
        return provider.authorize(key, step.amount_minor, step.currency, step.session_id or "")
    if target is None:
        raise ValueError(f"a {step.kind} is about an earlier step")
    if step.kind == "VOID":
        return provider.void(key, held_by(target))
    call = provider.capture if step.kind == "CAPTURE" else provider.refund
    return call(key, target.reference or "", step.amount_minor, step.currency)


def held_by(step: Step) -> Held:
    """Return what an authorisation holds, as its provider knows it."""
    return Held(step.idempotency_key, step.amount_minor, step.currency, step.reference)


async def _within(step_id: UUID | None, call: Awaitable[T]) -> T | None:
    try:
        # Read at each call, so that a test or a deployment can set another limit.
        async with asyncio.timeout(limits.PROVIDER_TIMEOUT_S):
            return await call
    except (OSError, ProviderUnavailable) as fault:  # TimeoutError is an OSError
        log.warning("payment.no_answer", transaction_id=step_id and str(step_id), fault=repr(fault))
        return None
