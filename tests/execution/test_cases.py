"""Cases by name: what random operations rarely meet, and what they once found."""

import asyncio
import gc
import inspect
import weakref
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    get_introspection_query,
    parse,
)
from graphql import execute as graphql_core_execute

from commerce_graph.kernel import limits
from commerce_graph.kernel.execution import execute
from commerce_graph.kernel.execution.plan import Plans
from tests.execution.comparing import answer, both
from tests.execution.synthetic import SCHEMA

SDL = """
directive @experimental_disableErrorPropagation on QUERY | MUTATION | SUBSCRIPTION
interface Node { id: ID }
type Item implements Node { id: ID  name: String!  parent: Item!  items: [Item!]  number: Int  node: Node }
type Query { item: Item  strict: Item!  items: [Item!]  grid: [[Int!]]!  number: Int  float: Float  text: String
  node: Node }
type Mutation { first: Int!  second: Int!  third: Item }
type Subscription { number: Int! }
"""
SMALL = build_schema(SDL)


async def alike(text: str, root: Any, schema: GraphQLSchema = SMALL, **given: Any) -> Any:
    """Return our answer to an operation, which is graphql-core's."""
    core, ours = await both(schema, parse(text), root_value=root, **given)
    assert ours == core
    return ours


async def later(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


async def fails(message: str = "failed") -> Any:
    await asyncio.sleep(0)
    raise RuntimeError(message)


def test_without_an_event_loop_the_answer_is_there_at_once() -> None:
    done = execute(SMALL, parse("{ item { name items { name } } }"), {"item": {"name": "a", "items": [{"name": "b"}]}})
    assert done == ExecutionResult({"item": {"name": "a", "items": [{"name": "b"}]}}, None)


def test_an_execution_may_be_asked_for_before_there_is_a_loop() -> None:
    root = {"item": lambda info: later({"name": lambda info: later("a"), "number": lambda info: later(1)})}
    done = execute(SMALL, parse("{ item { name number } number }"), root)
    assert inspect.isawaitable(done)

    async def waited(awaitable: Awaitable[ExecutionResult]) -> ExecutionResult:
        return await awaitable

    assert asyncio.run(waited(done)).data == {"item": {"name": "a", "number": 1}, "number": None}


@pytest.mark.parametrize(
    "text",
    [
        "query A { number } query B { text }",
        "fragment F on Query { number }",
        "query ($a: Int!) { number }",
        "query ($a: Item) { number }",
        "subscription { number }",
    ],
    ids=["unnamed", "none", "variable", "output type", "subscription"],
)
async def test_requests_that_do_not_run(text: str) -> None:
    await alike(text, {"number": 3})


async def test_an_operation_is_chosen_by_name() -> None:
    data, _ = await alike("query A { number } query B { text }", {"number": 1, "text": "x"}, operation_name="B")
    assert data == {"text": "x"}
    _, errors = await alike("query A { number }", None, operation_name="C")
    assert errors[0][0] == "Unknown operation named 'C'."


async def test_a_schema_without_mutations() -> None:
    _, errors = await alike("mutation { first }", None, build_schema("type Query { a: Int }"))
    assert "not configured" in errors[0][0]


async def test_all_fields_of_an_object_are_skipped() -> None:
    data, _ = await alike("{ items { name @skip(if: true) } }", {"items": [{"name": "a"}, {"name": "b"}]})
    assert data == {"items": [{}, {}]}


async def test_a_null_takes_all_above_it_that_may_not_be_null() -> None:
    data, errors = await alike(
        "{ items { items { parent { parent { name } } } } }",
        {"items": [{"items": [{"parent": {"parent": {"name": None}}}]}, {"items": []}]},
    )
    assert data == {"items": [{"items": None}, {"items": []}]}
    assert errors[0][1] == ["items", 0, "items", 0, "parent", "parent", "name"]


async def test_one_error_is_told_for_a_list_that_becomes_null() -> None:
    data, errors = await alike("{ items { name } }", {"items": [{"name": None}, {"name": "b"}, {"name": None}]})
    assert (data, len(errors)) == ({"items": None}, 1)


async def test_errors_below_what_became_null_are_told_up_to_it() -> None:
    item = {"items": [{"number": "x"}], "name": None, "parent": {"number": "y"}}
    data, errors = await alike("{ item { items { number } name parent { number } } }", {"item": item})
    assert data == {"item": None}
    assert [error[1] for error in errors] == [["item", "items", 0, "number"], ["item", "name"]]


async def test_the_root_becomes_null() -> None:
    data, errors = await alike("{ number strict { name } }", {"number": "x", "strict": None})
    assert (data, len(errors)) == (None, 2)


async def test_mutations_run_one_after_another_and_end_with_a_null() -> None:
    async def run(executor: Any) -> tuple[Any, list[str]]:
        seen: list[str] = []

        async def field(name: str, value: Any) -> Any:
            seen.append(f"{name} begins")
            await asyncio.sleep(0)
            seen.append(f"{name} ends")
            return value

        root = {
            "first": lambda info: field("first", 1),
            "second": lambda info: field("second", None),
            "third": lambda info: field("third", {"name": "x"}),
        }
        return await answer(executor, SMALL, parse("mutation { first second third { name } }"), root_value=root), seen

    from_core, ours = await run(graphql_core_execute), await run(execute)
    assert ours == from_core
    assert ours[1] == ["first begins", "first ends", "second begins", "second ends"]


async def test_a_mutation_s_own_fields_are_there_before_the_next_begins() -> None:
    seen: list[str] = []

    def name(info: Any) -> Awaitable[str]:
        seen.append("name")
        return later("x")

    root = {"third": {"name": name}, "first": lambda info: seen.append("first") or 1}
    data, _ = await answer(execute, SMALL, parse("mutation { third { name } first }"), root_value=root)
    assert data == {"third": {"name": "x"}, "first": 1}
    assert seen == ["name", "first"]


NUMBERS = [0, 1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, True, 1.0, 1.5, "7", "x", [1]]


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
async def test_numbers_at_their_limits(value: Any) -> None:
    await alike("{ number float text }", {"number": value, "float": value, "text": value})


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 1e308, b"bytes", {"a": 1}, object()],
    ids=["nan", "infinity", "huge", "bytes", "map", "object"],
)
async def test_values_that_scalars_refuse(value: Any) -> None:
    await alike("{ number float text }", {"number": value, "float": value, "text": value})


class Text(str):
    """A text of a class of its own."""

    __slots__ = ()


async def test_texts_of_other_classes() -> None:
    data, _ = await alike("{ text item { name } }", {"text": Text("a"), "item": {"name": Text("b")}})
    assert data == {"text": "a", "item": {"name": "b"}}


def read_once() -> Iterator[Any]:
    """Yield what only one execution can read."""
    yield [1, 2]
    yield iter([3])


LISTS = [[], [[]], (1,), [(1, 2), []], [None, [None]], {1: 2}, "text", b"bytes", 5, range(3), lambda info: read_once()]


@pytest.mark.parametrize("grid", LISTS)
async def test_lists_of_all_kinds(grid: Any) -> None:
    await alike("{ grid }", {"grid": grid})


async def test_items_that_come_later() -> None:
    def grid(info: Any) -> Any:
        return [later([later(1), 2]), [3], later(None), fails()]

    data, errors = await alike("{ grid }", {"grid": grid})
    assert data == {"grid": [[1, 2], [3], None, None]}
    assert errors[0][1] == ["grid", 3]


async def test_a_stream_is_a_list() -> None:
    async def items(info: Any) -> AsyncIterator[Any]:
        yield {"name": "a"}
        yield later({"name": "b"})

    data, _ = await alike("{ items { name } }", {"items": items})
    assert data == {"items": [{"name": "a"}, {"name": "b"}]}


async def test_a_stream_that_fails_is_null() -> None:
    async def items(info: Any) -> AsyncIterator[Any]:
        yield {"name": "a"}
        raise RuntimeError("broken off")

    data, errors = await alike("{ items { name } }", {"items": items})
    assert (data, errors[0][0], errors[0][1]) == ({"items": None}, "broken off", ["items"])


async def test_one_future_for_many_parents() -> None:
    shared = asyncio.get_running_loop().create_future()
    shared.set_result("a")
    data, _ = await alike("{ items { name } }", {"items": [{"name": shared}] * 3})
    assert data == {"items": [{"name": "a"}] * 3}


async def test_an_error_with_a_path_of_its_own_is_told_as_it_is() -> None:
    def number(info: Any) -> Any:
        raise GraphQLError("elsewhere", path=["other", 3], extensions={"code": "X"})

    _, errors = await alike("{ number text }", {"number": number})
    assert errors[0][1] == ["other", 3]


async def test_one_exception_at_many_positions() -> None:
    fault = RuntimeError("shared")
    data, errors = await alike("{ items { number } }", {"items": [{"number": fault}] * 3})
    assert [error[1] for error in errors] == [["items", row, "number"] for row in range(3)]
    assert data == {"items": [{"number": None}] * 3}


async def test_an_abstract_type_without_a_resolver_is_told_by_its_name() -> None:
    data, errors = await alike("{ node { __typename id } }", {"node": {"__typename": "Item", "id": 1}})
    assert (data, errors) == ({"node": {"__typename": "Item", "id": "1"}}, [])
    await alike("{ node { id } }", {"node": {"id": 1}})
    await alike("{ node { id } }", {"node": {"__typename": "Query"}}, type_resolver=lambda value, info, kind: 5)


async def test_resolvers_given_with_the_execution() -> None:
    def resolver(source: Any, info: Any, **arguments: Any) -> Any:
        return f"{info.field_name} at {'.'.join(map(str, info.path.as_list()))} of {info.parent_type}"

    data, _ = await alike("{ again: text }", None, field_resolver=resolver)
    assert data == {"again": "text at again of Query"}


async def test_introspection() -> None:
    data, errors = await alike(get_introspection_query(), None, SCHEMA)
    assert not errors
    assert data["__schema"]["types"]
    cat = '__type(name: "Cat") { name fields { name type { kind ofType { name } } } }'
    await alike(f'{{ {cat} none: __type(name: "X") {{ name }} }}', None, SCHEMA)


async def test_what_only_graphql_core_knows_is_left_to_it() -> None:
    text = "query @experimental_disableErrorPropagation { item { name } }"
    data, errors = await alike(text, {"item": {"name": None}})
    assert (data, len(errors)) == ({"item": {"name": None}}, 1)
    plans, root = Plans(), {"item": {"name": None}}
    for _ in range(2):
        assert await answer(execute, SMALL, parse(text), root_value=root, plans=plans) == (data, errors)


async def test_plans_are_bounded() -> None:
    names = [f"v{number}" for number in range(8)]
    defined = " ".join(f"${name}: Boolean!" for name in names)
    selected = " ".join(f"{name}: number @skip(if: ${name})" for name in names)
    document, plans = parse(f"query ({defined}) {{ {selected} }}"), Plans()
    for number in range(40):
        variables = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        asked = {"root_value": {"number": 1}, "variable_values": variables}
        data, _ = await answer(execute, SMALL, document, **asked, plans=plans)
        assert set(data) == {name for name in names if not variables[name]}
    assert len(plans._known) == limits.OPERATION_PLANS_MAX


async def test_plans_keep_nothing_of_a_request() -> None:
    class Given(str):
        pass

    class Caller:
        number = 1

    document, plans, kept = parse("query ($given: String) { number @skip(if: false) }"), Plans(), []
    for _ in range(2):
        caller, given, root = Caller(), Given("secret"), Caller()
        asked = {"root_value": root, "context_value": caller, "variable_values": {"given": given}}
        assert await answer(execute, SMALL, document, **asked, plans=plans) == ({"number": 1}, [])
        kept += map(weakref.ref, (caller, given, root))
    del caller, given, root, asked
    gc.collect()
    assert [each() for each in kept] == [None] * 6


async def test_a_wide_object_is_answered() -> None:
    names = [f"n{number}" for number in range(limits.EXECUTION_ROW_KEYS_MAX + 1)]
    data, _ = await alike(f"{{ {' '.join(f'{name}: number' for name in names)} }}", {"number": 1})
    assert data == dict.fromkeys(names, 1)


async def test_a_long_level_lets_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [{"name": str(number), "number": number, "node": None} for number in range(95)]
    document = parse("{ items { name number node { id } } }")

    async def turns(level_max: int) -> int:
        monkeypatch.setattr(limits, "EXECUTION_YIELD_NODES", level_max)
        seen = 0

        async def other() -> None:
            nonlocal seen
            while True:
                seen += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        assert await answer(execute, SMALL, document, root_value={"items": items}) == ({"items": items}, [])
        beside.cancel()
        return seen

    assert await turns(95) < 3
    assert await turns(10) > 12, "three columns, ten turns each, side by side"


async def test_a_cancelled_execution_leaves_nothing_running() -> None:
    begun: asyncio.Queue[str] = asyncio.Queue()
    ended = []

    async def endless(name: str) -> Any:
        begun.put_nowait(name)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    root = {
        "items": [{"name": lambda info: endless("name")}, {"name": lambda info: endless("name")}],
        "number": lambda info: endless("number"),
        "text": lambda info: later("x"),
    }
    before = asyncio.all_tasks()
    done = execute(SMALL, parse("{ text items { name } number }"), root)
    assert inspect.isawaitable(done)
    task = asyncio.ensure_future(done)
    for _ in range(3):
        await begun.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == ["name", "name", "number"]
    assert asyncio.all_tasks() == before


async def test_what_is_ready_starts_in_one_turn() -> None:
    """Fields of different levels whose parents are there begin together: dataloaders count on it."""
    turn = 0
    begun: dict[str, int] = {}

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def value(name: str) -> str:
        begun[name] = turn
        return name

    deep = {"name": lambda info: value("deep"), "number": 1}
    root = {"text": lambda info: value("root"), "item": {"name": "x", "parent": {"name": "y", "parent": deep}}}
    counter = asyncio.create_task(count())
    await answer(execute, SMALL, parse("{ item { parent { parent { name } } } text }"), root_value=root)
    counter.cancel()
    assert begun["deep"] == begun["root"]
