"""Run an operation whose deferred fragments come later."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from commerce_graph.kernel import limits
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution.breadth import execute_in_parts
from commerce_graph.kernel.execution.deferred import Deferred
from commerce_graph.kernel.execution.engine import Engine, Operation, settle
from commerce_graph.kernel.execution.increments import Format
from commerce_graph.kernel.execution.outcome import answer, given_up, late, outward

Answers = AsyncGenerator[dict[str, Any]]


async def run_in_parts(
    engine: Engine, operation: Operation, variables: dict[str, Any] | None, ctx: Context, form: Format
) -> tuple[dict[str, Any], Answers | None]:
    """Execute a query or mutation up to its deferred fragments, and return all answers where some follow.

    What it was charged and has not used is given back after the last of them, or when nobody listens any more.
    Limits: REQUEST_TIMEOUT_S for all of it. Faults are masked and logged with the request id.
    """
    if operation.deferring is None or engine.executor == "graphql-core":
        return await engine.run(operation, variables, ctx), None
    until = asyncio.get_running_loop().time() + limits.REQUEST_TIMEOUT_S
    deferred = None
    try:
        engine.enter(operation, variables, ctx)
        async with asyncio.timeout_at(until):
            result, deferred = await execute_in_parts(
                engine.graph.core,
                operation.deferring,
                ctx,
                variables,
                operation.name,
                hide_suggestions=not engine.explains(ctx.principal),
                plans=operation.plans_deferring,
                answered=ctx.charge.answered if ctx.charge else None,
            )
        if deferred is None:
            settle(operation, ctx, nothing=result.data is None)
            return answer(result, ctx), None
        first = {**answer(result, ctx), **form.first(deferred)}
        if ctx.charge:
            ctx.charge.goes_on = True
        return first, _all(first, deferred, operation, ctx, form, until)
    except (TimeoutError, RequestError) as wrong:
        return given_up(wrong), None
    finally:
        if deferred is None:
            ctx.forget()


async def _all(
    first: dict[str, Any], deferred: Deferred, operation: Operation, ctx: Context, form: Format, until: float
) -> Answers:
    told = dict(ctx.extensions)
    try:
        yield first
        async with aclosing(deferred.deliveries(until, late())) as deliveries:
            async for delivery in deliveries:
                if not delivery.has_next:
                    settle(operation, ctx)
                part = form.next(delivery, lambda error: outward(error, ctx))
                if ctx.extensions != told:
                    told = dict(ctx.extensions)
                    part["extensions"] = told
                yield part
    finally:
        settle(operation, ctx)
        ctx.forget()
