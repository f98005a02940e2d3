"""Random operations come to the same answer under graphql-core and breadth-first."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from graphql import execute as graphql_core_execute
from graphql import parse, validate
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from commerce_graph.kernel.execution import execute
from commerce_graph.kernel.execution.plan import Plans
from tests.execution.comparing import answer, never_awaited, nulled_at
from tests.execution.operations import Asked, operations
from tests.execution.synthetic import SCHEMA, World

EXAMPLES = 500
OPERATIONS = 20  # an example


def _given(asked: Asked, later: bool, flipped: bool = False) -> dict[str, Any]:
    """Return what an execution is given; `flipped` selects other fields where the operation lets variables decide."""
    variables = {
        name: not value if flipped and name.startswith("b") else value for name, value in asked.variables.items()
    }
    return {"variable_values": variables, "context_value": World(asked.seed, asked.trouble, later)}


async def differences(asked: Asked, seen: Counter[str]) -> list[Any]:
    """Return what the executors disagree on."""
    document = parse(asked.text)
    plans = Plans()
    at_once = _given(asked, later=False)
    core = await answer(graphql_core_execute, SCHEMA, document, **at_once)
    ours = await answer(execute, SCHEMA, document, **at_once, plans=plans)
    found: list[Any] = [] if core == ours else [("at once", core, ours)]
    seen["errors"] += len(core[1])
    seen["null"] += core[0] is None
    if asked.seed % 3 == 0 and any(name.startswith("b") for name in asked.variables):
        flipped = _given(asked, later=False, flipped=True)
        core_flipped = await answer(graphql_core_execute, SCHEMA, document, **flipped)
        ours_flipped = await answer(execute, SCHEMA, document, **flipped, plans=plans)
        if core_flipped != ours_flipped:
            found.append(("flipped", core_flipped, ours_flipped))
    later = _given(asked, later=True)
    ours_later = await answer(execute, SCHEMA, document, **later, plans=plans)
    # Values that come later change nothing about our answer, and of graphql-core's only which error it met first.
    if ours_later != ours:
        found.append(("later", ours, ours_later))
    if asked.seed % 2:  # it takes the longest
        return found
    core_later = await answer(graphql_core_execute, SCHEMA, document, **later)
    if core_later[0] != ours_later[0] or nulled_at(core_later) != nulled_at(ours_later):
        found.append(("both later", core_later, ours_later))
    return found


# Nothing is shrunk: an operation is short, and the message holds all of it.
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(operations(SCHEMA), min_size=OPERATIONS, max_size=OPERATIONS))
def _compare(runner: asyncio.Runner, seen: Counter[str], many: list[Asked]) -> None:
    wrong = validate(SCHEMA, parse(many[0].text))
    assert not wrong, (many[0], wrong)
    for asked in many:
        seen["operations"] += 1
        found = runner.run(differences(asked, seen))
        assert not found, (asked, found)


# graphql-core drops coroutines of siblings that it gives up; the test below sees that we do not.
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_random_operations_are_answered_alike(record_property: Callable[[str, object], None]) -> None:
    seen: Counter[str] = Counter()
    with asyncio.Runner() as runner:
        _compare(runner, seen)
    for dropped in never_awaited():
        dropped.close()
    told = f"execution: {seen['operations']:,} random operations, {seen['errors']:,} errors, 0 differences"
    record_property("tally", told)
    assert seen["operations"] >= EXAMPLES * OPERATIONS
    assert seen["errors"] > seen["operations"] / 2, "the random world is too quiet to prove anything"
    assert seen["null"] < seen["operations"] / 3, "too few operations are answered at all"


@settings(max_examples=100, deadline=None, database=None, phases=[Phase.generate])
@given(operations(SCHEMA))
def _run(asked: Asked) -> None:
    with asyncio.Runner() as runner:
        runner.run(answer(execute, SCHEMA, parse(asked.text), **_given(asked, later=True)))


def test_every_coroutine_is_awaited() -> None:
    _run()
    assert not never_awaited()
