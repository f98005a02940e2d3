"""Both executors' answers to one operation, side by side."""

import gc
import inspect
from collections.abc import Coroutine
from types import CoroutineType
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLSchema
from graphql import execute as graphql_core_execute

from commerce_graph.kernel.execution import execute

Told = tuple[Any, list[tuple[str, list[str | int] | None, Any, Any]]]


async def answer(executor: Any, schema: GraphQLSchema, document: DocumentNode, **given: Any) -> Told:
    """Return the data and the errors of an execution: message, path, locations and extensions of each."""
    result = executor(schema, document, **given)
    done: ExecutionResult = await result if inspect.isawaitable(result) else result
    errors = [
        (error.message, error.path, [tuple(at) for at in error.locations or ()], error.extensions)
        for error in done.errors or ()
    ]
    return done.data, errors


async def both(schema: GraphQLSchema, document: DocumentNode, **given: Any) -> tuple[Told, Told]:
    """Return graphql-core's answer and ours."""
    core = await answer(graphql_core_execute, schema, document, **given)
    return core, await answer(execute, schema, document, **given)


def nulled_at(told: Told) -> set[tuple[str | int, ...]]:
    """Return the positions that errors have made null.

    Where resolvers run at once, which of several errors below one such position is told depends on their timing.
    """
    data, errors = told
    found = set()
    for _, path, _, _ in errors:
        value, at = data, []
        for key in path or ():
            if value is None:
                break
            value = value[key]
            at.append(key)
        assert value is None, f"there is an error at {path}, and a value"
        found.add(tuple(at))
    return found


def never_awaited() -> list[Coroutine[Any, Any, Any]]:
    """Return the coroutines that were made and not begun. Whatever still holds one, its end is told in a later test."""
    return [
        it for it in gc.get_objects() if type(it) is CoroutineType and inspect.getcoroutinestate(it) == "CORO_CREATED"
    ]
