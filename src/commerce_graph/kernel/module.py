"""A domain's share of everything: what its package exports, and the composition root puts together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from commerce_graph.kernel.audit import Check
from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.demand.gate import Rank
from commerce_graph.kernel.states import Machine


@dataclass(frozen=True, slots=True)
class Job:
    """Work that a worker repeats: `run(resources)` returns how much it did; it must be safe to run twice at once."""

    name: str
    every_s: float
    run: Callable[[Resources], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Module:
    """One domain's share. Each domain package exports exactly one.

    `owns`: entities this domain is the source of truth for. `extends`: parts that add fields to entities owned
    elsewhere. `refers`: keys of entities it only points at. `types`: members of interfaces that no field names.
    `handlers`: reactions to events, by the event's class name, each idempotent by `Fact.id`. `jobs`: what a worker
    repeats. `routes`: pages of its own beside the graph (Starlette routes). `services`: functions by name that domains
    below may ask for through `ctx.services`, where importing them would point upwards. `machines`: what its rows obey.
    `checks`: what an audit looks at. `rank`: how long its operations are served when there is more to do than can be
    done, where that is not what their kind says (`Engine.rank`).
    """

    name: str
    query: type | None = None
    mutation: type | None = None
    subscription: type | None = None
    owns: tuple[type, ...] = ()
    extends: tuple[type, ...] = ()
    refers: tuple[type, ...] = ()
    types: tuple[type, ...] = ()
    handlers: tuple[tuple[str, Callable[..., Awaitable[None]]], ...] = ()
    jobs: tuple[Job, ...] = ()
    routes: tuple[Any, ...] = ()
    services: tuple[tuple[str, Callable[..., Any]], ...] = ()
    machines: tuple[Machine, ...] = ()
    checks: tuple[Check, ...] = ()
    rank: Rank | None = None
