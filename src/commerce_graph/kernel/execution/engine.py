"""Prepare and run operations: parse, bound, validate and authorise a document once, execute it many times."""

import asyncio
import inspect
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog
from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_directive_values,
    get_operation_ast,
    parse,
    separate_operations,
    subscribe,
    validate,
    visit,
)
from graphql import execute as graphql_core_execute
from graphql.execution.values import get_variable_values
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import Access
from commerce_graph.kernel.context import Buyer, Context
from commerce_graph.kernel.cost import Costs, root_fields
from commerce_graph.kernel.directives import DEFER
from commerce_graph.kernel.errors import Rejected, RequestError
from commerce_graph.kernel.execution.breadth import events, execute
from commerce_graph.kernel.execution.plan import Plans
from commerce_graph.kernel.graph import Graph

log = structlog.get_logger()

UNSTORABLE_TEXT = ("22021", "22P05")
"""Postgres' errors for U+0000, in a text and in JSON: GraphQL's strings may hold it, nothing stored may."""

NESTED = "the document is nested too deeply to measure"


ExecutorName = Literal["breadth", "graphql-core"]


@dataclass(frozen=True, slots=True)
class Operation:
    """A document that was parsed, bounded and validated, with one operation chosen."""

    document: DocumentNode
    node: OperationDefinitionNode
    name: str | None
    access: dict[str, Access]
    """Field coordinates that ask for scopes."""
    plans: Plans = field(default_factory=Plans, compare=False, repr=False)
    costs: Costs = field(default_factory=Costs, compare=False, repr=False)
    deferring: DocumentNode | None = None
    """The document with its `@defer`, where it has any; `document` has none."""
    plans_deferring: Plans = field(default_factory=Plans, compare=False, repr=False)

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.node.operation

    @property
    def label(self) -> str:
        """What logs call it: the operation's own name, or what it starts with."""
        return self.node.name.value if self.node.name else f"an anonymous {self.kind.value}"


@dataclass(frozen=True, slots=True)
class Refused:
    """The errors of a document that does not run."""

    errors: list[dict[str, Any]]


class Engine:
    """Runs operations against one graph. Safe for concurrent use."""

    def __init__(self, graph: Graph, executor: ExecutorName = "breadth") -> None:
        self.graph = graph
        self.executor = executor
        self._known: OrderedDict[tuple[str, str | None], Operation] = OrderedDict()

    def prepare(self, text: str, operation_name: str | None = None) -> Operation | Refused:
        """Parse, bound and validate a document; what is accepted is kept.

        Limits: DOCUMENT_TOKENS_MAX, DOCUMENT_DEPTH_MAX, DOCUMENT_FIELDS_MAX, DOCUMENT_ROOT_FIELDS_MAX; the cache holds
        DOCUMENT_CACHE_ENTRIES documents of up to DOCUMENT_CACHED_CHARS_MAX, the least recently used leaves first.
        """
        at = (text, operation_name)
        known = self._known.get(at)
        if known is not None:
            self._known.move_to_end(at)
            return known
        prepared = self._prepare(text, operation_name)
        if isinstance(prepared, Operation) and len(text) <= limits.DOCUMENT_CACHED_CHARS_MAX:
            self._known[at] = prepared
            if len(self._known) > limits.DOCUMENT_CACHE_ENTRIES:
                self._known.popitem(last=False)
        return prepared

    def _prepare(self, text: str, operation_name: str | None) -> Operation | Refused:
        try:
            document = parse(text, max_tokens=limits.DOCUMENT_TOKENS_MAX, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as wrong:
            return Refused([_told(wrong, "GRAPHQL_PARSE_FAILED")])
        except RecursionError:
            return Refused([_error("DEPTH_LIMIT_EXCEEDED", "the document is nested too deeply to parse")])
        oversize = _measure(document)
        if oversize:
            return Refused([oversize])
        errors = validate(self.graph.asked, document, max_errors=20)
        if errors:
            return Refused([_told(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])
        # Most who write `@defer` do not say that they can read an answer in parts: they get it at once.
        deferring, document = document, visit(document, _Undeferred())
        node = get_operation_ast(document, operation_name)
        if node is None:
            what = f"there is no operation named `{operation_name}`" if operation_name else "name the operation to run"
            return Refused([_error("OPERATION_RESOLUTION_FAILURE", what)])
        try:
            roots = root_fields(document, node)
        except RecursionError:
            return Refused([_error("DEPTH_LIMIT_EXCEEDED", NESTED)])
        if roots > limits.DOCUMENT_ROOT_FIELDS_MAX:
            told = f"{roots} fields at the root are over the limit of {limits.DOCUMENT_ROOT_FIELDS_MAX}"
            return Refused([_error("FIELD_LIMIT_EXCEEDED", told)])
        # A document may hold operations that this caller may not run; only the chosen one counts.
        chosen = separate_operations(document)[node.name.value if node.name else ""]
        return Operation(
            document, node, operation_name, self._access(chosen),
            deferring=None if deferring is document else deferring,
        )  # fmt: skip

    def _access(self, document: DocumentNode) -> dict[str, Access]:
        info = TypeInfo(self.graph.core)
        collector = _AccessCollector(info, self.graph.access)
        visit(document, TypeInfoVisitor(info, collector))
        return collector.found

    def authorise(self, operation: Operation, ctx: Context) -> Refused | None:
        """Refuse an operation that selects a field the caller may not see. Nothing of it runs then."""
        missing = {at: need - ctx.principal.scopes for at, need in operation.access.items()}
        errors = [
            _error("ACCESS_DENIED", f"Access denied for `{at}`: the access token needs {', '.join(sorted(need))}.")
            for at, need in missing.items()
            if need
        ]
        return Refused(errors) if errors else None

    def enter(self, operation: Operation, variables: dict[str, Any] | None, ctx: Context) -> None:
        """Read `@inContext` into the operation's context.

        Limits: ANSWER_OBJECTS_MAX. Raises: RequestError(COST_LIMIT_EXCEEDED | BAD_USER_INPUT).
        """
        try:
            asked = (self.graph.core, operation.document, operation.node, variables or {})
            most = operation.costs.of(*asked, self.graph.lengths)
        except RecursionError:
            raise RequestError("DEPTH_LIMIT_EXCEEDED", NESTED) from None
        if most > limits.ANSWER_OBJECTS_MAX:
            told = f"pages in pages come to {most} objects; the limit is {limits.ANSWER_OBJECTS_MAX}: ask for fewer"
            raise RequestError("COST_LIMIT_EXCEEDED", told)
        directive = next((d for d in operation.node.directives or () if d.name.value == "inContext"), None)
        definition = self.graph.core.get_directive("inContext")
        ctx.served = self.graph.served
        ctx.services = self.graph.services
        if directive is None or definition is None:
            return
        try:
            coerced = get_variable_values(
                self.graph.core, operation.node.variable_definitions or (), variables or {}, max_errors=20
            )
            # Faulty variables are told by the execution itself.
            values = {} if isinstance(coerced, list) else get_directive_values(definition, operation.node, coerced)
        except GraphQLError as wrong:
            raise RequestError("BAD_USER_INPUT", wrong.message) from None
        values = values or {}
        ctx.buyer = Buyer(*(_code(values.get(name)) for name in ("country", "language")))

    async def run(self, operation: Operation, variables: dict[str, Any] | None, ctx: Context) -> dict[str, Any]:
        """Execute a query or mutation. Limits: REQUEST_TIMEOUT_S. Faults are masked and logged with the request id."""
        try:
            self.enter(operation, variables, ctx)
            async with asyncio.timeout(limits.REQUEST_TIMEOUT_S):
                result = self._execute(operation, variables, ctx)
                done = result if isinstance(result, ExecutionResult) else await result
            return answer(done, ctx)
        except (TimeoutError, RequestError) as wrong:
            return given_up(wrong)
        finally:
            ctx.forget()  # what was read knows the context, which knows it: else only the collector could free both

    def _execute(
        self, operation: Operation, variables: dict[str, Any] | None, ctx: Context
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        asked: dict[str, Any] = {"variable_values": variables, "operation_name": operation.name}
        if self.executor == "graphql-core":
            return graphql_core_execute(self.graph.core, operation.document, context_value=ctx, **asked)
        return execute(self.graph.core, operation.document, context_value=ctx, **asked, plans=operation.plans)

    async def _events(
        self, operation: Operation, variables: dict[str, Any] | None, ctx: Context
    ) -> ExecutionResult | AsyncGenerator[ExecutionResult]:
        asked: dict[str, Any] = {"variable_values": variables, "operation_name": operation.name}
        if self.executor == "graphql-core":
            source: Any = subscribe(self.graph.core, operation.document, context_value=ctx, **asked)
            return await source if inspect.isawaitable(source) else source  # type: ignore[no-any-return]
        return await events(self.graph.core, operation.document, ctx, **asked, plans=operation.plans)

    async def stream(
        self, operation: Operation, variables: dict[str, Any] | None, ctx: Context
    ) -> AsyncGenerator[dict[str, Any]]:
        """Execute a subscription: one answer an event, then perhaps errors alone, which end it.

        Every answer is read afresh. Faults are masked and logged with the request id.
        """
        try:
            self.enter(operation, variables, ctx)
            source = await self._events(operation, variables, ctx)
            if isinstance(source, ExecutionResult):
                yield answer(source, ctx)
                return
            async with aclosing(source):
                async for event in source:
                    yield answer(event, ctx)
                    ctx.forget()  # the next event must not be answered with what was read for this one
        except RequestError as wrong:
            yield {"errors": [_error(wrong.code, wrong.message)]}
        except Exception as fault:
            yield fault_of(fault, ctx)


def answer(result: ExecutionResult, ctx: Context) -> dict[str, Any]:
    """Return the response map of an execution result: expected errors told, all others masked and logged."""
    response: dict[str, Any] = {}
    if result.errors:
        response["errors"] = [outward(error, ctx) for error in result.errors]
    if result.data is not None or not result.errors or any(error.path for error in result.errors):
        response["data"] = result.data
    if ctx.extensions:
        response["extensions"] = ctx.extensions
    return response


def late() -> RequestError:
    """Return what is told of an operation that takes too long."""
    return RequestError("TIMEOUT", f"the operation took longer than {limits.REQUEST_TIMEOUT_S} s")


def given_up(wrong: TimeoutError | RequestError) -> dict[str, Any]:
    """Return the response map of an operation that was given up."""
    told = late() if isinstance(wrong, TimeoutError) else wrong
    return {"errors": [_error(told.code, told.message)]}


def fault_of(fault: Exception, ctx: Context) -> dict[str, Any]:
    """Return the response map of an operation that could not run at all."""
    return {"errors": [outward(GraphQLError("", original_error=fault), ctx)]}


def outward(error: GraphQLError, ctx: Context) -> dict[str, Any]:
    """Return what a client is told of an error: expected ones as they are, all others masked and logged."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error:
        cause = cause.original_error
    if isinstance(cause, RequestError):
        return _told(error, cause.code, cause.message)
    if isinstance(cause, Rejected):
        return _told(error, cause.code, cause.message)
    if cause is None or isinstance(cause, GraphQLError):
        return _told(error, "BAD_USER_INPUT")
    if isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) in UNSTORABLE_TEXT:
        return _told(error, "BAD_USER_INPUT", "a text holds a NUL character, which no stored text can")
    if isinstance(cause, PoolTimeout):
        log.warning("request.no_connection", request_id=ctx.request_id, path=error.path)
        return _told(error, "THROTTLED", "The server has more to do than it can; try again in a moment.")
    log.error("request.fault", request_id=ctx.request_id, path=error.path, exc_info=cause)
    return _told(error, "INTERNAL", f"Something went wrong on our side. Tell us this request id: {ctx.request_id}")


def _told(error: GraphQLError, code: str, message: str | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {**error.formatted, "message": message or error.message}
    told["extensions"] = {**(error.extensions or {}), "code": code}
    return told


def _error(code: str, message: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code}}


def _code(value: Any) -> str | None:
    return None if value is None else str(getattr(value, "name", value))


class _Undeferred(Visitor):
    """Takes `@defer` away."""

    def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
        """Remove the directive, leave others."""
        return REMOVE if node.name.value == DEFER.name else None


class _AccessCollector(Visitor):
    """Collects the coordinates of selected fields that ask for scopes."""

    def __init__(self, info: TypeInfo, access: dict[str, Access]) -> None:
        super().__init__()
        self._info = info
        self._access = access
        self.found: dict[str, Access] = {}

    def enter_field(self, node: FieldNode, *_args: Any) -> None:
        parent = self._info.get_parent_type()
        if parent is not None:
            at = f"{parent.name}.{node.name.value}"
            need = self._access.get(at)
            if need:
                self.found[at] = need


def _measure(document: DocumentNode) -> dict[str, Any] | None:
    """Refuse a document that is too deep or selects too much. Each fragment is measured once."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    sizes: dict[str, tuple[int, int]] = {}

    def measure(selections: SelectionSetNode | None, above: frozenset[str]) -> tuple[int, int]:
        depth = fields = 0
        for selection in selections.selections if selections else ():
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name in above or name not in fragments:
                    continue  # validation will refuse it
                if name not in sizes:
                    sizes[name] = measure(fragments[name].selection_set, above | {name})
                inner_depth, inner_fields = sizes[name]
            else:
                inner_depth, inner_fields = measure(getattr(selection, "selection_set", None), above)
                if isinstance(selection, FieldNode):
                    inner_depth, inner_fields = inner_depth + 1, inner_fields + 1
            depth, fields = max(depth, inner_depth), fields + inner_fields
        return depth, fields

    try:
        for node in _operations(document):
            depth, fields = measure(node.selection_set, frozenset())
            if depth > limits.DOCUMENT_DEPTH_MAX:
                return _error("DEPTH_LIMIT_EXCEEDED", f"depth {depth} is over the limit of {limits.DOCUMENT_DEPTH_MAX}")
            if fields > limits.DOCUMENT_FIELDS_MAX:
                return _error(
                    "FIELD_LIMIT_EXCEEDED", f"{fields} fields are over the limit of {limits.DOCUMENT_FIELDS_MAX}"
                )
    except RecursionError:
        return _error("DEPTH_LIMIT_EXCEEDED", NESTED)
    return None


def _operations(document: DocumentNode) -> Iterator[OperationDefinitionNode]:
    return (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
