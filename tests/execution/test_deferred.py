"""Deferred fragments: put together, an answer in parts is the answer; random operations, graphql-core as the judge."""

import asyncio
import inspect
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from graphql import DocumentNode, GraphQLSchema, parse, validate, visit
from graphql.execution import experimental_execute_incrementally
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from commerce_graph.kernel import limits
from commerce_graph.kernel.directives import deferring
from commerce_graph.kernel.execution import August2022, Current, Format
from commerce_graph.kernel.execution.breadth import execute, execute_in_parts
from commerce_graph.kernel.execution.engine import _Undeferred
from commerce_graph.kernel.execution.plan import Plans
from tests.execution.comparing import answer, never_awaited
from tests.execution.merging import Merged, merge_2022, merge_current
from tests.execution.operations import Asked, operations
from tests.execution.synthetic import SCHEMA, World

EXAMPLES = 50
OPERATIONS = 20  # an example
WITH_DEFER = deferring(SCHEMA)


async def ours(
    schema: GraphQLSchema, document: DocumentNode, form: Format, plans: Plans | None = None, **given: Any
) -> list[dict[str, Any]]:
    """Return our answers, each as it was when it was told."""
    result, deferred = await execute_in_parts(schema, document, **given, plans=plans)
    first = deepcopy(result.formatted)
    if deferred is None:
        return [first]
    answers = [{**first, **form.first(deferred)}]
    until = asyncio.get_running_loop().time() + 100
    async for delivery in deferred.deliveries(until, TimeoutError()):
        answers.append(deepcopy(form.next(delivery, lambda error: error.formatted)))
    return answers


async def cores(document: DocumentNode, **given: Any) -> list[dict[str, Any]]:
    """Return graphql-core's answers."""
    done: Any = experimental_execute_incrementally(SCHEMA, document, **given)
    if inspect.isawaitable(done):
        done = await done
    if not hasattr(done, "initial_result"):
        return [done.formatted]
    answers = [deepcopy(done.initial_result.formatted)]
    async for each in done.subsequent_results:
        answers.append(deepcopy(each.formatted))
    return answers


def told(merged: Merged) -> tuple[Any, Any]:
    """Return what two executions must agree on: data, and which fragments failed."""
    return merged.data, Counter(merged.failed)


def counted(errors: list[dict[str, Any]]) -> Counter[Any]:
    return Counter((error["message"], tuple(error.get("path") or ())) for error in errors)


def conflicting(one: Counter[Any], other: Counter[Any]) -> set[Any]:
    """Return the places where two executions tell different errors."""
    first, second = ({path: message for message, path in each} for each in (one, other))
    return {path for path in first.keys() & second.keys() if first[path] != second[path]}


async def differences(asked: Asked, seen: Counter[str]) -> list[Any]:
    document = parse(asked.text)
    plans = Plans()

    def given(later: bool) -> dict[str, Any]:
        return {
            "variable_values": asked.variables,
            "context_value": World(asked.seed, asked.trouble, later),
        }

    core = merge_current(await cores(document, **given(later=False)))
    current = merge_current(await ours(SCHEMA, document, Current(), plans, **given(later=False)))
    older = merge_2022(await ours(SCHEMA, document, August2022(), plans, **given(later=False)))
    later = merge_current(await ours(SCHEMA, document, Current(), plans, **given(later=True)))
    seen["parts"] += current.parts
    seen["errors"] += len(current.errors) + len(current.why)
    seen["failed"] += len(current.failed)
    found: list[Any] = []
    for name, other in (("core", core), ("2022", older), ("later", later)):
        # Which of several errors fails a fragment is a matter of time; what went wrong at a place is not.
        errors = name == "later" or counted(other.errors) == counted(current.errors)
        errors = errors and not conflicting(counted(other.why), counted(current.why))
        if told(other) != told(current) or not errors:
            found.append((name, other, current))
    if current.again:
        found.append(("told twice", current.again))
    whole, faults = await answer(execute, SCHEMA, visit(document, _Undeferred()), **given(later=False))
    if not faults:
        seen["whole"] += 1
        if current.data != whole or current.errors or current.why:
            found.append(("at once", whole, current))
    return found


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(operations(SCHEMA, deferring=True), min_size=OPERATIONS, max_size=OPERATIONS))
def _compare(runner: asyncio.Runner, seen: Counter[str], many: list[Asked]) -> None:
    wrong = validate(WITH_DEFER, parse(many[0].text))
    assert not wrong, (many[0], wrong)
    for asked in many:
        seen["operations"] += 1
        found = runner.run(differences(asked, seen))
        assert not found, (asked, found)


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_random_operations_in_parts_are_answered_as_by_graphql_core(
    record_property: Callable[[str, object], None],
) -> None:
    seen: Counter[str] = Counter()
    with asyncio.Runner() as runner:
        _compare(runner, seen)
    for dropped in never_awaited():
        dropped.close()
    many = f"{seen['operations']:,} random operations, {seen['parts']:,} parts, {seen['failed']:,} failed fragments"
    record_property("tally", f"defer: {many}, 0 differences")
    assert seen["parts"] > seen["operations"] / 2, "too little is deferred to prove anything"
    assert seen["failed"] > seen["operations"] / 50, "too few fragments fail"
    assert seen["whole"] > seen["operations"] / 10, "too few operations come to an answer without errors"


async def merged(schema: GraphQLSchema, text: str, **given: Any) -> tuple[list[dict[str, Any]], Merged]:
    """Return our answers in the current format, and what a client makes of them."""
    answers = await ours(schema, parse(text), Current(), **given)
    return answers, merge_current(deepcopy(answers))


QUIET = World(seed=7, trouble=0.0, later=False)


async def test_fields_that_are_asked_for_at_once_and_later_come_at_once() -> None:
    text = '{ name ... @defer(label: "a") { name id ... @defer(label: "b") { id age } } }'
    answers, whole = await merged(SCHEMA, text, context_value=QUIET)
    assert [set(each) for each in answers] == [
        {"data", "pending", "hasNext"}, {"pending", "incremental", "completed", "hasNext"},
        {"incremental", "completed", "hasNext"},
    ]  # fmt: skip
    assert [each["label"] for answer in answers for each in answer.get("pending", ())] == ["a", "b"]
    assert [set(each["data"]) for answer in answers[1:] for each in answer["incremental"]] == [{"id"}, {"age"}]
    assert set(whole.data) == {"name", "id", "age"}


async def test_field_of_two_fragments_is_told_once_and_completes_both() -> None:
    text = '{ ... @defer(label: "a") { cat { name } } ... @defer(label: "b") { cat { name id } } }'
    (first, *rest), whole = await merged(SCHEMA, text, context_value=QUIET)
    assert (first["data"], len(first["pending"])) == ({}, 2)
    assert whole.again == []
    assert [list(each["data"]) for answer in rest for each in answer["incremental"]] == [["cat"], ["id"]]
    assert [len(answer["completed"]) for answer in rest] == [1, 1]


async def test_fragment_that_asks_for_nothing_more_is_told_in_the_older_format_alone() -> None:
    text = '{ name ... @defer(label: "a") { name } ... @defer(label: "b") { id } }'
    _, second = await ours(SCHEMA, parse(text), August2022(), context_value=QUIET)
    assert [(each["label"], set(each["data"])) for each in second["incremental"]] == [("b", {"id"}), ("a", set())]
    answers, _ = await merged(SCHEMA, text, context_value=QUIET)
    assert [each["label"] for each in answers[0]["pending"]] == ["b"]


async def test_variable_changes_what_is_deferred_under_one_plan_cache() -> None:
    document, plans = parse("query A($late: Boolean!) { name ... @defer(if: $late) { id } }"), Plans()
    for late, parts in ((True, 2), (False, 1), (True, 2)):
        asked: dict[str, Any] = {"context_value": QUIET, "variable_values": {"late": late}}
        assert len(await ours(SCHEMA, document, Current(), plans, **asked)) == parts


async def test_pieces_at_the_limit_and_one_past_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '{ ... @defer(label: "a") { cat { id ... @defer(label: "b") { name } } } }'  # two pieces, then two more
    monkeypatch.setattr(limits, "DEFERRED_PIECES_MAX", 4)
    _, whole = await merged(SCHEMA, text, context_value=QUIET)
    assert not whole.errors
    assert not whole.why
    monkeypatch.setattr(limits, "DEFERRED_PIECES_MAX", 3)
    _, whole = await merged(SCHEMA, text, context_value=QUIET)
    assert "DEFERRED_PIECES_MAX" in (whole.errors + whole.why)[0]["message"]
    assert whole.failed
    monkeypatch.setattr(limits, "DEFERRED_PIECES_MAX", 1)
    (only,), whole = await merged(SCHEMA, text, context_value=QUIET)
    assert (only["data"], "DEFERRED_PIECES_MAX" in (whole.errors + whole.why)[0]["message"]) == ({}, True)
