"""Prepare and run operations: parse, bound, validate and authorise a document once, execute it many times."""

import asyncio
import inspect
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
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

from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import WRITE_DOCUMENTS, Access, Principal
from commerce_graph.kernel.caching.policy import UNCACHED, Policy, policy_of
from commerce_graph.kernel.context import Buyer, Context
from commerce_graph.kernel.demand.cost import Costs
from commerce_graph.kernel.demand.gate import Rank
from commerce_graph.kernel.demand.measure import RULES, Oversize, measure, root_names
from commerce_graph.kernel.directives import DEFER
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution.breadth import events, execute
from commerce_graph.kernel.execution.introspection import SchemaReads
from commerce_graph.kernel.execution.outcome import answer, error_of, fault_of, given_up, told_of
from commerce_graph.kernel.execution.plan import Plans
from commerce_graph.kernel.graph import Graph

TOO_MANY_TOKENS = "Document contains more than"
"""How graphql-core's parser puts it."""
TOKENS = (
    f"the document is over the limit of {limits.DOCUMENT_TOKENS_MAX:,} tokens (DOCUMENT_TOKENS_MAX): split it, or put "
    "what repeats into fragments and what is data into variables"
)

SCHEMA_FIELDS = frozenset({"__schema", "__type", "_service"})
"""Fields that tell the schema; the last is federation's, whose `sdl` is all of it."""

ExecutorName = Literal["breadth", "graphql-core"]
Introspection = Literal["on", "token", "off"]
"""Who may read the schema: everyone, callers whose token holds `write_documents`, or nobody."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A document that was parsed, bounded and validated, with one operation chosen."""

    document: DocumentNode
    node: OperationDefinitionNode
    name: str | None
    access: dict[str, Access]
    """Field coordinates that ask for scopes."""
    roots: tuple[str, ...]
    """What it selects at its root, by the names in the schema."""
    costs: Costs = field(compare=False, repr=False)
    introspects: bool = False
    """Whether it reads the schema."""
    plans: Plans = field(default_factory=Plans, compare=False, repr=False)
    policies: list[Policy] = field(default_factory=list, compare=False, repr=False)
    """How its answers are cached, once somebody has asked."""
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
        name = self.node.name.value[: limits.OPERATION_NAME_LOGGED_CHARS] if self.node.name else ""
        return name or f"an anonymous {self.kind.value}"


@dataclass(frozen=True, slots=True)
class Refused:
    """The errors of a document that does not run."""

    errors: list[dict[str, Any]]


class Engine:
    """Runs operations against one graph. Safe for concurrent use."""

    def __init__(self, graph: Graph, executor: ExecutorName = "breadth", introspection: Introspection = "on") -> None:
        self.graph = graph
        self.executor = executor
        self.introspection = introspection
        self._reads = SchemaReads(graph.core)
        self._known: OrderedDict[tuple[str, str | None], Operation] = OrderedDict()

    def prepare(self, text: str, operation_name: str | None = None, *, explain: bool = False) -> Operation | Refused:
        """Parse, bound and validate a document; what is accepted is kept.

        `explain`: the messages of what is refused may suggest names of the schema.
        Limits: DOCUMENT_TOKENS_MAX, those of `measure`, DOCUMENT_OVERLAPS_MAX, DOCUMENT_FAULTS_TOLD_MAX; the cache
        holds DOCUMENT_CACHE_ENTRIES documents of up to DOCUMENT_CACHED_CHARS_MAX, the least recently used leaves first.
        """
        at = (text, operation_name)
        known = self._known.get(at)
        if known is not None:
            self._known.move_to_end(at)
            return known
        prepared = self._prepare(text, operation_name, explain)
        if isinstance(prepared, Operation) and len(text) <= limits.DOCUMENT_CACHED_CHARS_MAX:
            self._known[at] = prepared
            if len(self._known) > limits.DOCUMENT_CACHE_ENTRIES:
                self._known.popitem(last=False)
        return prepared

    def _prepare(self, text: str, operation_name: str | None, explain: bool) -> Operation | Refused:
        try:
            document = parse(text, max_tokens=limits.DOCUMENT_TOKENS_MAX, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as wrong:
            if TOO_MANY_TOKENS in wrong.message:
                return Refused([error_of("TOKEN_LIMIT_EXCEEDED", TOKENS)])
            return Refused([told_of(wrong, "GRAPHQL_PARSE_FAILED")])
        try:
            measure(document)
            most = limits.DOCUMENT_FAULTS_TOLD_MAX
            errors = validate(self.graph.asked, document, RULES, most, hide_suggestions=not explain)
        except Oversize as over:
            return Refused([error_of(over.code, str(over))])
        if errors:
            return Refused([told_of(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])
        # Most who write `@defer` do not say that they can read an answer in parts: they get it at once.
        deferring, document = document, visit(document, _Undeferred())
        node = get_operation_ast(document, operation_name)
        if node is None:
            what = f"there is no operation named `{operation_name}`" if operation_name else "name the operation to run"
            return Refused([error_of("OPERATION_RESOLUTION_FAILURE", what)])
        if self._reads.excessive(document, node):
            return Refused([error_of("FIELD_LIMIT_EXCEEDED", "the operation reads the schema too often")])
        # A document may hold operations that this caller may not run; only the chosen one counts.
        chosen = separate_operations(document)[node.name.value if node.name else ""]
        info = TypeInfo(self.graph.core)
        collector = _AccessCollector(info, self.graph.access)
        visit(chosen, TypeInfoVisitor(info, collector))
        roots = tuple(root_names(document, node))
        costs = Costs(self.graph.weights, document, node)
        return Operation(
            document, node, operation_name, collector.found, roots, costs, collector.introspects,
            deferring=None if deferring is document else deferring,
        )  # fmt: skip

    def may_introspect(self, caller: Principal) -> bool:
        """Tell whether a caller may read the schema."""
        return self.introspection == "on" or (self.introspection == "token" and caller.may(WRITE_DOCUMENTS))

    def explains(self, caller: Principal) -> bool:
        """Tell whether messages to a caller may suggest names of the schema: never to one who holds no token."""
        return bool(caller.scopes) and self.may_introspect(caller)

    def authorise(self, operation: Operation, ctx: Context) -> Refused | None:
        """Refuse an operation that selects a field the caller may not see. Nothing of it runs then."""
        if operation.introspects and not self.may_introspect(ctx.principal):
            who = "callers whose token holds `write_documents`" if self.introspection == "token" else "nobody"
            return Refused([error_of("INTROSPECTION_DISABLED", f"this server tells its schema to {who}")])
        missing = {at: need - ctx.principal.scopes for at, need in operation.access.items()}
        errors = [
            error_of("ACCESS_DENIED", f"Access denied for `{at}`: the access token needs {', '.join(sorted(need))}.")
            for at, need in missing.items()
            if need
        ]
        return Refused(errors) if errors else None

    def policy(self, operation: Operation) -> Policy:
        """Return how the answers of an operation may be cached; not at all where entities are not noted."""
        if self.executor != "breadth" or operation.kind is not OperationType.QUERY:
            return UNCACHED
        if not operation.policies:
            name = operation.node.name.value if operation.node.name else ""
            operation.policies.append(policy_of(self.graph, separate_operations(operation.document)[name]))
        return operation.policies[0]

    @cached_property
    def version(self) -> bytes:
        """What the answers of another schema are told apart by."""
        return sha256(self.graph.as_str().encode()).digest()

    def rank(self, operation: Operation) -> Rank:
        """Return how long an operation is served when there is more to do than can be done: by the last of its fields.

        A cart's and a purchase's have the rank of their domains, other mutations that of carts, other queries READ.
        """
        usual = Rank.CART if operation.kind is OperationType.MUTATION else Rank.READ
        return max((self.graph.ranks.get(name, usual) for name in operation.roots), default=usual)

    def cost(self, operation: Operation, variables: dict[str, Any] | None) -> int:
        """Return how many points an operation costs at most, before anything of it runs.

        Limits: OPERATION_COST_MAX. Raises: RequestError(COST_LIMIT_EXCEEDED).
        """
        cost = operation.costs.of(variables or {})
        if cost > limits.OPERATION_COST_MAX:
            told = f"it may cost {cost:,} points, over the limit of {limits.OPERATION_COST_MAX:,} (OPERATION_COST_MAX)"
            raise RequestError("COST_LIMIT_EXCEEDED", f"{told}: ask for smaller pages, or for fewer pages inside pages")
        return cost

    def enter(self, operation: Operation, variables: dict[str, Any] | None, ctx: Context) -> None:
        """Read `@inContext` into the operation's context.

        Limits: OPERATION_COST_MAX, where nobody has looked at it before. Raises: RequestError(COST_LIMIT_EXCEEDED |
        BAD_USER_INPUT).
        """
        if ctx.charge is None:
            self.cost(operation, variables)
        directive = next((d for d in operation.node.directives or () if d.name.value == "inContext"), None)
        ctx.served = self.graph.served
        ctx.services = self.graph.services
        if directive is None:
            return
        definition = self.graph.core.get_directive("inContext")
        if definition is None:
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
            settle(operation, ctx, nothing=done.data is None)
            return answer(done, ctx)
        except (TimeoutError, RequestError) as wrong:
            return given_up(wrong)
        finally:
            ctx.forget()  # what was read knows the context, which knows it: else only the collector could free both

    def _execute(
        self, operation: Operation, variables: dict[str, Any] | None, ctx: Context
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        asked = self._asked(operation, variables, ctx)
        if self.executor == "graphql-core":
            return graphql_core_execute(self.graph.core, operation.document, context_value=ctx, **asked)
        asked["answered"] = ctx.charge.answered if ctx.charge else None
        return execute(self.graph.core, operation.document, context_value=ctx, **asked, plans=operation.plans)

    async def _events(
        self, operation: Operation, variables: dict[str, Any] | None, ctx: Context
    ) -> ExecutionResult | AsyncGenerator[ExecutionResult]:
        asked = self._asked(operation, variables, ctx)
        if self.executor == "graphql-core":
            source: Any = subscribe(self.graph.core, operation.document, context_value=ctx, **asked)
            return await source if inspect.isawaitable(source) else source  # type: ignore[no-any-return]
        asked["answered"] = ctx.charge.answered if ctx.charge else None
        return await events(self.graph.core, operation.document, ctx, **asked, plans=operation.plans)

    def _asked(self, operation: Operation, variables: dict[str, Any] | None, ctx: Context) -> dict[str, Any]:
        return {
            "variable_values": variables, "operation_name": operation.name,
            "hide_suggestions": not self.explains(ctx.principal),
        }  # fmt: skip

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
                    if ctx.charge:
                        ctx.charge.spend(operation.costs.actual(ctx.charge.answered))
                    yield answer(event, ctx)
                    ctx.forget()  # the next event must not be answered with what was read for this one
        except RequestError as wrong:
            yield {"errors": [error_of(wrong.code, wrong.message)]}
        except Exception as fault:
            yield fault_of(fault, ctx)


def settle(operation: Operation, ctx: Context, *, nothing: bool = False) -> None:
    """Give back what an operation was charged and did not use, and tell its cost where that is wanted.

    graphql-core's executor does not count: there all of it was used, unless `nothing` was answered.
    """
    charge = ctx.charge
    if charge is None:
        return
    counted = charge.answered or nothing
    actual = min(operation.costs.actual(charge.answered), charge.requested) if counted else charge.requested
    charge.settle(actual)
    if charge.shown:
        ctx.extensions["cost"] = charge.told(actual)


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
        self.introspects = False

    def enter_field(self, node: FieldNode, *_args: Any) -> None:
        self.introspects |= node.name.value in SCHEMA_FIELDS
        parent = self._info.get_parent_type()
        if parent is not None:
            at = f"{parent.name}.{node.name.value}"
            need = self._access.get(at)
            if need:
                self.found[at] = need
