"""What an operation asks for, worked out once: fields merged by type, resolvers and completions bound."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from types import EllipsisType
from typing import Any

from graphql import (
    DocumentNode,
    Executor,
    GraphQLBoolean,
    GraphQLDeferDirective,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLIncludeDirective,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLString,
    VariableNode,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    DeferUsage,
    FieldDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.incremental.build_execution_plan import DeferUsageSet, ExecutionPlan, build_execution_plan
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.pyutils import RefSet
from graphql.type.scalars import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT

from commerce_graph.kernel import limits
from commerce_graph.kernel.execution.arguments import Arguments
from commerce_graph.kernel.execution.column import Done
from commerce_graph.kernel.execution.completion import completion
from commerce_graph.kernel.execution.faults import FAILED
from commerce_graph.kernel.execution.leaf import Leaf
from commerce_graph.kernel.execution.place import FieldPlace, Place
from commerce_graph.kernel.execution.resolver import Attribute, bind
from commerce_graph.kernel.execution.response_maps import rows_of
from commerce_graph.kernel.execution.run import Later, Run
from commerce_graph.kernel.execution.selected import reads_of
from commerce_graph.kernel.projection import Columns

VARIABLE_ERRORS_MAX = 50
"""As many faults of variables are told as graphql-core tells."""


_SCALARS: dict[Any, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool, GraphQLInt: int}


def _for(template: Executor[Any], root_value: Any, context_value: Any, values: VariableValues) -> Executor[Any]:
    executor: Executor[Any] = object.__new__(Executor)
    executor.__dict__.update(template.__dict__)
    executor.root_value = root_value
    executor.context_value = context_value
    executor.variable_values = values
    return executor


def _as_given(known: VariableValues, given: dict[str, Any]) -> VariableValues | None:
    """Return the variables as they are, where each is of a scalar's own Python type, or None where coercion decides."""
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for name, source in known.sources.items():
        kind = source.signature.type
        value: Any = given.get(name)
        own = _SCALARS.get(kind.of_type if isinstance(kind, GraphQLNonNull) else kind)
        if type(value) is not own:
            return None
        if isinstance(value, int) and not GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
            return None
        sources[name] = VariableValueSource(source.signature, value)
        coerced[name] = value
    return VariableValues(sources, coerced)


class FieldPlan:
    """One field of one object type, as the operation asks for it."""

    __slots__ = (
        "_complete", "_resolve", "arguments", "children", "columns", "details", "key", "name", "nodes", "nullable",
        "order", "parent", "reads", "type", "usages",
    )  # fmt: skip

    def __init__(
        self, parent: GraphQLObjectType, key: str, order: int, definition: GraphQLField,
        details: list[FieldDetails], run: Run, usages: DeferUsageSet,
    ) -> None:  # fmt: skip
        self.details = details
        self.usages = usages
        """The deferred fragments that the field comes with; none for the first answer."""
        self.children: dict[str, ObjectPlan] = {}
        self.nodes = [each.node for each in details]
        self.parent = parent
        self.key = key
        self.order = order
        self.name = self.nodes[0].name.value
        self.type = definition.type
        self.nullable = not isinstance(self.type, GraphQLNonNull)
        self.arguments = Arguments(definition, self.nodes[0])
        self.reads = reads_of(definition)
        self.columns: Columns | EllipsisType = ...
        """What `columns_of` has worked out."""
        self._resolve = bind(run.executor.schema, parent, definition)
        self._complete = completion(self.type, self)

    def column(self, run: Run, parents: list[Any], above: Place) -> Done:
        """Resolve and complete the field for all parents.

        Shape: n parents → n completed values, None for null, FAILED where an error nulls the parent.
        """
        place = FieldPlace(above, self)
        values = self._resolve(run, parents, place)
        if type(values) is not list:
            return run.start(self._awaited(run, values, place))  # type: ignore[arg-type]
        done = self._complete(run, values, place)
        if type(done) is not list:
            return Later(self._later, run, done)
        return self._contained(run, done) if run.faults else done

    async def _awaited(self, run: Run, values: Awaitable[list[Any]], place: FieldPlace) -> list[Any]:
        done = self._complete(run, await values, place)
        there: list[Any] = done if type(done) is list else await done  # type: ignore[misc]
        return self._contained(run, there) if run.faults else there

    async def _later(self, run: Run, done: Awaitable[list[Any]]) -> list[Any]:
        return self._contained(run, await done)

    def _contained(self, run: Run, done: list[Any]) -> list[Any]:
        if self.nullable and run.faults and FAILED in done:
            return [None if value is FAILED else value for value in done]
        return done

    def step(self) -> "Step":
        """Return the field, and the short way for a leaf that is an attribute: most often its own answer."""
        if isinstance(self._resolve, Attribute) and isinstance(self._complete, Leaf):
            return self, self._resolve.read, self._complete.own, self._complete.fits
        return self, None, frozenset(), None

    def child(self, run: Run, kind: GraphQLObjectType) -> "ObjectPlan":
        """Return what is asked for of the field's value, if it is of this type. Raises: GraphQLError."""
        found = self.children.get(kind.name)
        if found is None:
            executor = run.executor
            collected = collect_subfields(
                executor.schema, executor.fragments, executor.variable_values, executor.operation, kind, self.details
            )
            found = self.children[kind.name] = _object_plan(kind, collected, run, self.usages)
        return found


Step = tuple[FieldPlan, Callable[[Any], Any] | None, frozenset[type], Callable[[list[Any]], bool] | None]
"""A field; how to read it; classes of values that are their own answers, if the column fits."""


class ObjectPlan:
    """The fields that an operation asks for of one object type at one place."""

    __slots__ = ("_entity", "_required", "_rows", "_steps", "cost", "fields", "kind", "rest")

    def __init__(self, kind: GraphQLObjectType, grouped: GroupedFieldSet, run: Run, usages: DeferUsageSet) -> None:
        schema = run.executor.schema
        fields: list[FieldPlan] = []
        for key, details in grouped.items():
            definition = schema.get_field(kind, details[0].node.name.value)
            if definition is not None:
                fields.append(FieldPlan(kind, key, len(fields), definition, details, run, usages))
        self.kind = kind
        self.fields = tuple(fields)
        self._entity = kind.name if any(each.name == "Node" for each in kind.interfaces) else None
        self.cost: int | None = None
        """What one such object costs by itself; whoever counts keeps it here."""
        self.rest = False
        """Whether its objects are answered already, and these are fields that come later."""
        self._steps = [field.step() for field in fields]
        self._required = tuple(field.order for field in fields if not field.nullable)
        self._rows = rows_of([field.key for field in fields])

    def all_fields(self) -> Iterator[FieldPlan]:
        """Yield what is asked for, what comes later included."""
        yield from self.fields

    def level(self, run: Run, objects: list[Any], place: Place) -> Done:
        """Answer all objects of a level. Shape: n objects → n response maps, FAILED where an error nulls one.

        Limits: EXECUTION_YIELD_NODES objects without a turn for other work.
        """
        if run.entities is not None and self._entity is not None:
            run.entities.update((self._entity, getattr(each, "uuid", None)) for each in objects)
        if run.answered is not None:
            run.answered.append((self, len(objects)))
        if len(objects) > limits.EXECUTION_YIELD_NODES and run.loop is not None:
            return run.start(self._level_in_turns(run, objects, place))
        columns: list[Any] = []
        waits = False
        for field, read, own, fits in self._steps:
            if read is not None:
                try:
                    values = list(map(read, objects))
                    if own.issuperset(map(type, values)) and (fits is None or fits(values)):
                        columns.append(values)
                        continue
                except Exception:  # noqa: S110 (it is met again where each parent is tried alone)
                    pass
            column = field.column(run, objects, place)
            waits = waits or type(column) is not list
            columns.append(column)
        if waits:
            return Later(self._later, run, objects, columns)
        return self.fold(run, len(objects), columns) if run.faults or not columns else self._rows(*columns)

    async def _later(self, run: Run, objects: list[Any], columns: list[Done]) -> list[Any]:
        # All of it runs already: to wait for one after another takes as long as the longest.
        there = [column if type(column) is list else await column for column in columns]  # type: ignore[misc]
        return self.fold(run, len(objects), there)

    async def _level_in_turns(self, run: Run, objects: list[Any], place: Place) -> list[Any]:
        columns = []
        for field in self.fields:
            columns.append(field.column(run, objects, place))
            await asyncio.sleep(0)
        return await self._later(run, objects, columns)

    def fold(self, run: Run, count: int, columns: list[Any]) -> list[Any]:
        """Turn columns into response maps."""
        rows = self._rows(*columns) if columns else [{} for _ in range(count)]
        if run.faults:
            for at in self._required:
                if FAILED in columns[at]:
                    rows = [FAILED if value is FAILED else row for row, value in zip(rows, columns[at], strict=True)]
        return rows


class DeferringPlan(ObjectPlan):
    """The fields of an object type of which some come later, with the deferred fragments that ask for them."""

    __slots__ = ("introduced", "parts")

    def __init__(
        self, kind: GraphQLObjectType, plan: ExecutionPlan, introduced: list[DeferUsage], run: Run,
        usages: DeferUsageSet,
    ) -> None:  # fmt: skip
        super().__init__(kind, plan.grouped_field_set, run, usages)
        self.introduced = introduced
        self.parts = [
            (those, ObjectPlan(kind, late, run, those)) for those, late in plan.new_grouped_field_sets.items()
        ]
        """What comes later, by the fragments that ask for it: each field once, whoever asks."""
        for _, late in self.parts:
            late.rest = True

    def all_fields(self) -> Iterator[FieldPlan]:
        """Yield what is asked for, what comes later included."""
        yield from self.fields
        for _, late in self.parts:
            yield from late.fields

    def level(self, run: Run, objects: list[Any], place: Place) -> Done:
        """Answer what comes now, and note the objects for what comes later."""
        run.postponed.append((self, objects, place))
        return super().level(run, objects, place)


def _object_plan(kind: GraphQLObjectType, collected: CollectedFields, run: Run, usages: DeferUsageSet) -> ObjectPlan:
    plan = build_execution_plan(collected.grouped_field_set, usages)
    if collected.new_defer_usages or plan.new_grouped_field_sets:
        return DeferringPlan(kind, plan, collected.new_defer_usages, run, usages)
    return ObjectPlan(kind, plan.grouped_field_set, run, usages)


class Plan:
    """What an operation asks for under one set of values for `@skip`, `@include` and `@defer`."""

    __slots__ = ("root",)

    def __init__(self, kind: GraphQLObjectType, run: Run) -> None:
        executor = run.executor
        collected = collect_fields(
            executor.schema, executor.fragments, executor.variable_values, kind, executor.operation
        )
        self.root = _object_plan(kind, collected, run, RefSet())


class Plans:
    """The plans of one operation. Limits: OPERATION_PLANS_MAX, the least recently used leaves first."""

    __slots__ = ("_deciding", "_foreign", "_known", "_template")

    def __init__(self) -> None:
        self._template: Executor[Any] | None = None
        self._foreign: bool | None = None
        self._known: OrderedDict[tuple[Any, ...], Plan] = OrderedDict()
        self._deciding: list[str] | None = None

    def executor(
        self, schema: GraphQLSchema, document: DocumentNode, root_value: Any, context_value: Any,
        raw_variable_values: dict[str, Any] | None, operation_name: str | None, hide_suggestions: bool = False,
    ) -> Executor[Any] | list[GraphQLError]:  # fmt: skip
        """Return graphql-core's view of an execution, with coerced variables, or the errors of the request."""
        template = self._template
        if template is None:
            built = Executor.build(
                schema, document, root_value, context_value, raw_variable_values, operation_name,
                hide_suggestions=hide_suggestions,
            )  # fmt: skip
            if isinstance(built, list):
                return built
            first = _for(built, root_value, context_value, built.variable_values)
            # It outlives the request, and keeps nothing of it: neither its context nor what was given.
            signed = {name: VariableValueSource(each.signature) for name, each in first.variable_values.sources.items()}
            built.root_value = built.context_value = None
            built.variable_values = VariableValues(signed, {})
            self._template = built
            return first
        given = raw_variable_values or {}
        values: VariableValues | list[GraphQLError] | None = _as_given(template.variable_values, given)
        if values is None:
            definitions = template.operation.variable_definitions or ()
            values = get_variable_values(schema, definitions, given, VARIABLE_ERRORS_MAX, hide_suggestions)
        if isinstance(values, list):
            return values
        executor = _for(template, root_value, context_value, values)
        executor.hide_suggestions = hide_suggestions
        return executor

    def run_by_graphql_core(self, executor: Executor[Any]) -> bool:
        """Tell whether an operation uses what only graphql-core knows: proposals that our schema does not have."""
        if self._foreign is None:
            schema = executor.schema
            self._foreign = (
                not executor.error_propagation
                or any(fragment.variable_signatures for fragment in executor.fragments.values())
                or bool(schema.get_directive("defer") or schema.get_directive("stream"))
            )
        return self._foreign

    def of(self, document: DocumentNode, kind: GraphQLObjectType, run: Run) -> Plan:
        """Return the plan for an execution's variables. Raises: GraphQLError, RecursionError."""
        if self._deciding is None:
            self._deciding = _deciding(document)
        given = run.executor.variable_values.coerced
        at = tuple((name in given, given.get(name) is None, bool(given.get(name))) for name in self._deciding)
        plan = self._known.get(at)
        if plan is None:
            plan = self._known[at] = Plan(kind, run)
            if len(self._known) > limits.OPERATION_PLANS_MAX:
                self._known.popitem(last=False)
        elif self._deciding:
            self._known.move_to_end(at)
        return plan


_DECIDING = (GraphQLSkipDirective.name, GraphQLIncludeDirective.name, GraphQLDeferDirective.name)


def _deciding(document: DocumentNode) -> list[str]:
    """Return the names of variables that decide whether something is selected, or when it comes."""
    found: set[str] = set()
    waiting: list[Any] = list(document.definitions)
    while waiting:
        node = waiting.pop()
        inner = getattr(node, "selection_set", None)
        waiting.extend(inner.selections if inner else ())
        for directive in node.directives or ():
            if directive.name.value in _DECIDING:
                values = (argument.value for argument in directive.arguments or ())
                found.update(value.name.value for value in values if isinstance(value, VariableNode))
    return sorted(found)
