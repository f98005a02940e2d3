"""What limits cost: the worst documents beside the time to parse them, the share of limits in a list, and what it
saves to know the document."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import process_time_ns
from typing import Any

import uvloop
from graphql import GraphQLSyntaxError, parse

from benchmarks.command import Tell, command
from benchmarks.edge.bombs import bombs
from benchmarks.operations import LIST
from benchmarks.shop import Stage, staged
from commerce_graph.app import close_resources, graph, open_resources
from commerce_graph.callers import Callers
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.demand.buckets import Buckets, Rate
from commerce_graph.kernel.demand.charge import Charge
from commerce_graph.kernel.demand.door import Door
from commerce_graph.kernel.demand.gate import Gate
from commerce_graph.kernel.demand.throttle import Throttle, Visitor
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine, Operation
from commerce_graph.kernel.garbage import collect_less
from commerce_graph.settings import Settings

AT_ONCE = 16
"""As many as `python -m benchmarks` has connections."""
TURNS = 20
TIMES = 3
BOMB_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Bomb:
    """How long a document takes, in milliseconds of the processor, and what it is answered."""

    name: str
    bytes: int
    parse_ms: float
    refuse_ms: float
    answer: str

    @property
    def ratio(self) -> float:
        """How many times the time of parsing it takes to refuse it."""
        return self.refuse_ms / self.parse_ms


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured."""

    bombs: list[Bomb]
    list_ms: float
    limits_ms: float
    """What all limits take for it, with a bucket for each caller."""
    fresh_ms: float
    """What the list takes where its document is parsed, validated, analysed and planned first."""

    @property
    def share(self) -> float:
        """What limits add to a list, as a part of it."""
        return self.limits_ms / self.list_ms

    @property
    def saved(self) -> float:
        """How many times the CPU of a list whose document is known one takes that was sent afresh."""
        return self.fresh_ms / self.list_ms

    @property
    def worst(self) -> float:
        """How many times the time of parsing it the worst document of about BOMB_BYTES takes."""
        return max(each.ratio for each in self.bombs if each.bytes >= BOMB_BYTES // 2)


def measured(stage: Stage, tell: Tell) -> Measured:
    """Measure all three."""
    tell("refusing documents")
    found = measured_bombs(Engine(graph()))
    tell("answering a list with limits and without")
    return Measured(found, *uvloop.run(_list(stage)))


def measured_bombs(engine: Engine) -> list[Bomb]:
    """Return how long each document takes: the best of some tries, with the garbage collector as a server has it."""
    collect_less()
    return [_bomb(engine, name, text) for name, text in bombs().items()]


def _bomb(engine: Engine, name: str, text: str) -> Bomb:
    answer = ""

    def parsed() -> None:
        with suppress(GraphQLSyntaxError, RecursionError):
            parse(text)

    def refused() -> None:
        nonlocal answer
        engine._known.clear()
        prepared = engine.prepare(text)
        answer = "accepted" if isinstance(prepared, Operation) else prepared.errors[0]["extensions"]["code"]
        if isinstance(prepared, Operation):
            try:
                engine.cost(prepared, {})
            except RequestError as wrong:
                answer = wrong.code

    return Bomb(name, len(text.encode()), _best_ms(parsed), _best_ms(refused), answer)


def _best_ms(work: Callable[[], None]) -> float:
    times = []
    for _ in range(TIMES):
        began = process_time_ns()
        work()
        times.append((process_time_ns() - began) / 1e6)
    return min(times)


async def _list(stage: Stage) -> tuple[float, float, float]:
    environment = {name.lower(): value for name, value in stage.environment().items()}
    settings = Settings.read(**environment)
    resources = open_resources(settings)
    try:
        engine = Engine(graph())
        principal = await Callers(resources)({"x-shopify-storefront-access-token": stage.token})
        endless = Rate(10**12, 10**12)
        door = Door(Gate(), Throttle(Buckets(resources.redis), "all", endless))
        operation = engine.prepare(LIST)
        assert isinstance(operation, Operation)

        async def answered() -> None:
            assert "errors" not in await engine.run(operation, None, Context(resources, principal))

        charge = Charge(0)
        ctx = Context(resources, principal, charge=charge)
        await engine.run(operation, None, ctx)

        async def limited() -> None:
            cost, rank = engine.cost(operation, None), engine.rank(operation)
            async with door.let_in(rank, cost, principal, Visitor("192.0.2.1")) as made:
                made.settle(operation.costs.actual(charge.answered))

        async def fresh() -> None:
            engine._known.clear()
            unknown = engine.prepare(LIST)
            assert isinstance(unknown, Operation)
            assert "errors" not in await engine.run(unknown, None, Context(resources, principal))

        return await _each_ms(answered), await _each_ms(limited), await _each_ms(fresh)
    finally:
        await close_resources(resources)


async def _each_ms(way: Callable[[], Awaitable[Any]]) -> float:
    times = []
    for turn in range(TURNS + 5):
        began = process_time_ns()
        await asyncio.gather(*(way() for _ in range(AT_ONCE)))
        if turn >= 5:
            times.append((process_time_ns() - began) / 1e6 / AT_ONCE)
    return statistics.median(times)


def shown(found: Measured) -> str:
    """Return what was measured as Markdown."""
    lines = [
        f"- limits, as a part of a `list` ({found.limits_ms:.3f} ms of {found.list_ms:.2f} ms): "
        f"**{found.share:.1%}** (goal: at most 3%): {_verdict(found.share <= 0.03)}",
        f"- CPU of the same text sent afresh ({found.fresh_ms:.2f} ms), as times that of one whose document is known: "
        f"**{found.saved:.2f}** (goal: at least 1.5): {_verdict(found.saved >= 1.5)}",
        f"- the worst document of about 100 kB, as times the time of parsing it: **{found.worst:.1f}** "
        f"(goal: at most 10): {_verdict(found.worst <= 10)}",
        "",
        "| document | bytes | parse, ms | refuse, ms | times | answer |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for bomb in sorted(found.bombs, key=lambda each: -each.ratio):
        figures = f"{bomb.bytes:,} | {bomb.parse_ms:.2f} | {bomb.refuse_ms:.2f} | {bomb.ratio:.1f}"
        lines.append(f"| {bomb.name} | {figures} | {bomb.answer} |")
    return "\n".join(lines)


def _verdict(reached: bool) -> str:
    return "reached" if reached else "missed"


def main() -> None:
    """Measure on a shop of its own."""
    with command() as tell, staged(1_000, tell) as stage:
        print(shown(measured(stage, tell)))


if __name__ == "__main__":
    main()
