"""Fields declared with our decorators: one call for all parents, arguments as their classes, and faults."""

from copy import deepcopy

import pytest
import strawberry
from graphql import execute as graphql_core_execute
from graphql import parse

from commerce_graph.kernel import limits
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.execution import execute
from commerce_graph.kernel.execution.plan import Plans
from commerce_graph.kernel.graph import Graph, batch_field, field, input_type, interface, object_type
from commerce_graph.kernel.module import Module
from tests.execution.comparing import answer, both

CALLS: list[tuple[str, int]] = []


@input_type
class Range:
    """From, to."""

    least: int = 0
    tags: list[str] = strawberry.field(default_factory=list)


@interface
class Numbered:
    """Has a number."""

    number: int


@object_type
class Odd(Numbered):
    """An odd thing."""

    @batch_field
    @staticmethod
    async def below(parents: list["Odd"], ctx: Context, within: Range | None = None) -> list[list[Numbered]]:
        """What is below."""
        CALLS.append(("below", len(parents)))
        least = within.least if within else 0
        return [[made(each) for each in range(least, parent.number % 4)] for parent in parents]

    @batch_field
    @staticmethod
    async def doubled(parents: list["Odd"], ctx: Context, times: int = 2) -> list[int]:
        """Twice, or more."""
        CALLS.append(("doubled", len(parents)))
        return [parent.number * times for parent in parents]

    @batch_field
    @staticmethod
    async def broken(parents: list["Odd"], ctx: Context) -> list[int | None]:
        """Fails for all."""
        raise RuntimeError("all")

    @batch_field
    @staticmethod
    async def short(parents: list["Odd"], ctx: Context) -> list[int]:
        """Forgets some."""
        return [1]

    @batch_field
    @staticmethod
    async def partly(parents: list["Odd"], ctx: Context) -> list[int]:
        """Fails for some."""
        return [ValueError("some") if parent.number % 3 == 0 else parent.number for parent in parents]  # type: ignore[misc]

    @batch_field
    @staticmethod
    def halved(parents: list["Odd"], ctx: Context, by: int = 2, within: Range | None = None) -> list[int]:
        """Waits for nothing, and fails for some."""
        CALLS.append(("halved", len(parents)))
        least = within.least if within else 3
        return [parent.number // by if parent.number >= least else ValueError("small") for parent in parents]  # type: ignore[misc]

    @batch_field
    @staticmethod
    def crooked(parents: list["Odd"], ctx: Context) -> list[int | None]:
        """Waits for nothing, and fails for all."""
        raise RuntimeError("all")

    @batch_field
    @staticmethod
    def scant(parents: list["Odd"], ctx: Context) -> list[int]:
        """Waits for nothing, and forgets some."""
        return [1]


@object_type
class Even(Numbered):
    """An even thing."""

    @field
    def text(self, info: strawberry.Info, sizes: list[int] | None = None, note: str = "n") -> str:
        """All that a resolver is told."""
        (sizes or []).append(1)
        path = ".".join(map(str, info.path.as_list()))
        return f"{path} {info.field_name} {info.python_name} {note} {len(sizes or [])} {info.variable_values}"

    @field
    async def parent(self) -> Odd:
        """Comes later."""
        return Odd(number=self.number + 1)

    @field
    def missing(self) -> str:
        """What may not be null."""
        return None  # type: ignore[return-value]


def made(number: int) -> Numbered:
    return Odd(number=number) if number % 2 else Even(number=number)


@object_type
class BatchQuery:
    """The root."""

    @field
    def things(self, first: int = 5) -> list[Numbered]:
        """Things."""
        return [made(number) for number in range(first)]

    @field
    async def odds(self) -> list[Odd]:
        """Odd things, later."""
        return [Odd(number=number) for number in (1, 3, 5)]


GRAPH = Graph([Module("batches", BatchQuery, types=(Odd, Even))])

DOCUMENTS = [
    "{ things { __typename number ... on Odd { doubled } ... on Even { text } } }",
    "{ odds { broken } }",
    "{ odds { number partly } }",
    "{ things { number ... on Even { missing } } }",
    "{ odds { below { number ... on Odd { a: doubled b: doubled(times: 3) below(within: {least: 1}) { number } } } } }",
    "query ($w: Range, $t: Int) { odds { below(within: $w) { number } doubled(times: $t) } }",
    "{ a: odds { ...F } b: odds { ...F } } fragment F on Odd { doubled partly }",
    "{ things(first: 0) { number } }",
    '{ things { ... on Even { text(sizes: [1, 2], note: "x") parent { doubled number } } } }',
    "query ($s: [Int!]) { things { ... on Even { text(sizes: $s) } } }",
    "query ($w: Range) { odds { halved a: halved(by: 3) b: halved(by: 0) c: halved(within: $w) } }",
    "{ odds { number below { ... on Odd { crooked halved(within: {least: 0}) } } } }",
]
VARIABLES = {"w": {"least": 2, "tags": ["x"]}, "t": None, "s": [1, 2, 3]}


def context() -> Context:
    return Context(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", DOCUMENTS)
async def test_our_fields_are_answered_alike(text: str) -> None:
    given = {name: value for name, value in VARIABLES.items() if f"${name}" in text}
    plans = Plans()
    for _ in range(2):  # made first, then found
        asked = {"context_value": context(), "variable_values": deepcopy(given)}
        core = await answer(graphql_core_execute, GRAPH.core, parse(text), **asked)
        asked = {"context_value": context(), "variable_values": deepcopy(given)}
        assert await answer(execute, GRAPH.core, parse(text), **asked, plans=plans) == core


async def calls(text: str) -> list[tuple[str, int]]:
    """Return the calls of batch functions, each with its number of parents."""
    CALLS.clear()
    _, errors = await answer(execute, GRAPH.core, parse(text), context_value=context())
    assert not errors
    return sorted(CALLS)


async def test_a_batch_field_is_called_once_for_a_level() -> None:
    assert await calls("{ odds { doubled below { number } } }") == [("below", 3), ("doubled", 3)]


async def test_one_place_in_the_document_is_one_call_under_several_aliases() -> None:
    text = "{ a: odds { ...F } b: odds { ...F } c: odds { doubled } } fragment F on Odd { doubled }"
    assert await calls(text) == [("doubled", 3), ("doubled", 6)]


async def test_places_with_other_arguments_are_calls_of_their_own() -> None:
    assert await calls("{ odds { doubled more: doubled(times: 3) } }") == [("doubled", 3), ("doubled", 3)]


async def test_resolvers_cannot_change_each_other_s_arguments() -> None:
    text = "{ things { ... on Even { text(sizes: [7]) } } }"
    data, _ = await answer(execute, GRAPH.core, parse(text), context_value=context())
    assert [thing["text"].split()[4] for thing in data["things"] if thing] == ["2", "2", "2"]


async def test_a_long_column_is_answered_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EXECUTION_YIELD_NODES", 3)
    text = "{ things(first: 20) { __typename number ... on Odd { partly halved doubled } ... on Even { text } } }"
    core, ours = await both(GRAPH.core, parse(text), context_value=context())
    assert ours == core


async def test_what_waits_for_nothing_is_called_once_for_a_level_too() -> None:
    assert await calls("{ odds { halved(within: {}) } }") == [("halved", 3)]


@pytest.mark.parametrize("name", ["short", "scant"])
async def test_a_batch_function_must_answer_every_parent(name: str) -> None:
    data, errors = await answer(execute, GRAPH.core, parse(f"{{ odds {{ {name} }} }}"), context_value=context())
    assert data is None
    assert "gave 1 results for 3 parents" in errors[0][0]
