"""Breadth-first execution: every field is resolved once for all parents of a level, column by column."""

import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLFieldResolver,
    GraphQLSchema,
    GraphQLTypeResolver,
    OperationType,
    create_source_event_stream,
    default_field_resolver,
    default_type_resolver,
)
from graphql.error import located_error

from commerce_graph.kernel.execution.column import Done
from commerce_graph.kernel.execution.deferred import Deferred
from commerce_graph.kernel.execution.faults import FAILED, errors_of
from commerce_graph.kernel.execution.place import Root
from commerce_graph.kernel.execution.plan import ObjectPlan, Plans
from commerce_graph.kernel.execution.run import Later, Run


def execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    field_resolver: GraphQLFieldResolver | None = None,
    type_resolver: GraphQLTypeResolver | None = None,
    *,
    hide_suggestions: bool = False,
    plans: Plans | None = None,
    answered: list[tuple[Any, int]] | None = None,
) -> ExecutionResult | Awaitable[ExecutionResult]:
    """Execute a validated operation; the answer is graphql-core's, which docs/execution.md puts into words.

    Returns the result itself where no resolver had to be awaited. `plans` keeps what was worked out for the
    operation from one execution to the next; it belongs to one schema, document and operation name.
    `answered` is told which objects, by their plan (`ObjectPlan`), are answered, and how many at a time.
    """
    plans = plans or Plans()
    executor = plans.executor(
        schema, document, root_value, context_value, variable_values, operation_name, hide_suggestions
    )
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    executor.field_resolver = field_resolver or default_field_resolver
    executor.type_resolver = type_resolver or default_type_resolver
    return _execute(Run(executor, answered), document, plans)


def _execute(run: Run, document: DocumentNode, plans: Plans) -> ExecutionResult | Awaitable[ExecutionResult]:
    executor = run.executor
    if plans.run_by_graphql_core(executor):
        alone = executor.build_per_event_executor(executor.root_value)
        return alone.execute_operation()  # type: ignore[return-value]
    operation = executor.operation
    kind = executor.schema.get_root_type(operation.operation)
    if kind is None:
        told = f"Schema is not configured to execute {operation.operation.value} operation."
        return ExecutionResult(None, [GraphQLError(told, operation)])
    try:
        root = plans.of(document, kind, run).root
    except GraphQLError as wrong:
        return ExecutionResult(None, [wrong])
    except RecursionError:
        return ExecutionResult(None, [GraphQLError("Selections are nested too deeply. Execution aborted.", operation)])
    serially = operation.operation is OperationType.MUTATION
    if serially and run.answered is not None:
        run.answered.append((root, 1))
    run.sole = serially or len(root.fields) == 1
    done = _serially(run, root, []) if serially else root.level(run, [executor.root_value], Root())
    return _result(run, done) if type(done) is list else _result_later(run, done)  # type: ignore[arg-type]


def _serially(run: Run, root: ObjectPlan, columns: list[Any]) -> Done:
    """Execute the fields of a mutation, each after the one before it has ended."""
    for field in root.fields[len(columns) :]:
        column = field.column(run, [run.executor.root_value], Root())
        if type(column) is not list:
            return Later(_serially_later, run, root, columns, column)
        columns.append(column)
        if FAILED in column:
            return [FAILED]
    return root.fold(run, 1, columns)


async def _serially_later(run: Run, root: ObjectPlan, columns: list[Any], column: Awaitable[list[Any]]) -> list[Any]:
    there = await column
    if FAILED in there:
        return [FAILED]
    done = _serially(run, root, [*columns, there])
    return done if type(done) is list else await done  # type: ignore[misc]


def _result(run: Run, done: list[Any]) -> ExecutionResult:
    (data,) = done
    return ExecutionResult(None if data is FAILED else data, errors_of(run.faults) or None)


async def _result_later(run: Run, done: Awaitable[list[Any]]) -> ExecutionResult:
    try:
        run.begin()
        return _result(run, await done)
    except Exception as fault:  # resolvers' exceptions do not come here: this one is our own
        await run.stop()
        return ExecutionResult(None, [located_error(fault, [run.executor.operation])])
    except BaseException:
        await run.stop()
        raise


async def execute_in_parts(
    schema: GraphQLSchema,
    document: DocumentNode,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    *,
    hide_suggestions: bool = False,
    plans: Plans | None = None,
    answered: list[tuple[Any, int]] | None = None,
) -> tuple[ExecutionResult, Deferred | None]:
    """Execute a validated operation up to its deferred fragments; None where there is nothing left to execute.

    `plans` and `answered` as for `execute`.
    """
    plans = plans or Plans()
    executor = plans.executor(schema, document, None, context_value, variable_values, operation_name, hide_suggestions)
    if isinstance(executor, list):
        return ExecutionResult(None, executor), None
    executor.field_resolver, executor.type_resolver = default_field_resolver, default_type_resolver
    run = Run(executor, answered)
    done = _execute(run, document, plans)
    result = done if isinstance(done, ExecutionResult) else await done
    if result.data is None or not run.postponed:
        return result, None
    deferred = Deferred(run, result.data)
    if deferred.refused:
        return ExecutionResult(result.data, [*(result.errors or ()), located_error(deferred.refused)]), None
    return result, deferred if deferred.pending else None


async def events(
    schema: GraphQLSchema,
    document: DocumentNode,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    *,
    hide_suggestions: bool = False,
    plans: Plans | None = None,
    answered: list[tuple[Any, int]] | None = None,
) -> ExecutionResult | AsyncGenerator[ExecutionResult]:
    """Subscribe: graphql-core makes the stream of events, each event is executed breadth-first.

    Returns the errors where there is no stream.
    """
    plans = plans or Plans()
    executor = plans.executor(schema, document, None, context_value, variable_values, operation_name, hide_suggestions)
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    source = create_source_event_stream(executor)
    stream = await source if inspect.isawaitable(source) else source
    if isinstance(stream, ExecutionResult):
        return stream
    return _answers(executor, document, stream, plans, answered)


async def _answers(
    executor: Executor[Any], document: DocumentNode, stream: AsyncIterable[Any], plans: Plans,
    answered: list[tuple[Any, int]] | None,
) -> AsyncGenerator[ExecutionResult]:  # fmt: skip
    try:
        async for event in stream:
            done = _execute(Run(executor.build_per_event_executor(event), answered), document, plans)
            yield done if isinstance(done, ExecutionResult) else await done
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
