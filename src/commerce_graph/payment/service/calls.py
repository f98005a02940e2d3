"""Calls to providers: which one is asked, for how long, and what is done when it does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from commerce_graph.kernel import limits
from commerce_graph.kernel.database import Database
from commerce_graph.payment.rules import Step
from commerce_graph.payment.service.provider import Answer, Provider, ProviderUnavailable
from commerce_graph.payment.service.sandbox import SandboxProvider

log = structlog.get_logger()

PROVIDERS: dict[str, Callable[[Database], Provider]] = {"test": SandboxProvider}
"""The providers that this process takes payments with, by name. A session id begins with its provider's name and `_`.

The composition root decides what is in it before it serves: a shop that sells takes `test` out.
"""


def provider_of_session(session_id: str) -> str | None:
    """Return the name of the provider that gave a session id out, None where it is none of ours."""
    name, separator, _ = session_id.partition("_")
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
        known = await _within(step.id, provider.find(step.idempotency_key))
        if known is not None:
            return known
    answer = await _within(step.id, _call(provider, step, target))
    return answer or await find(db, step)


async def find(db: Database, step: Step) -> Answer | None:
    """Ask the provider what became of a step. Limits: PROVIDER_TIMEOUT_S."""
    provider = _provider(db, step)
    return await _within(step.id, provider.find(step.idempotency_key)) if provider else None


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
        return provider.void(key, target.idempotency_key)
    call = provider.capture if step.kind == "CAPTURE" else provider.refund
    return call(key, target.reference or "", step.amount_minor)


async def _within(step_id: UUID, call: Awaitable[Answer | None]) -> Answer | None:
    try:
        # Read at each call, so that a test or a deployment can set another limit.
        async with asyncio.timeout(limits.PROVIDER_TIMEOUT_S):
            return await call
    except (OSError, ProviderUnavailable) as fault:  # TimeoutError is an OSError
        log.warning("payment.no_answer", transaction_id=str(step_id), fault=repr(fault))
        return None
