"""One execution: its tasks, its batches, and what went wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Hashable, Iterable, Sequence
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from graphql import Executor
from graphql.pyutils import is_awaitable

from commerce_graph.kernel.execution.faults import FAILED, Fault
from commerce_graph.kernel.execution.place import Place

if TYPE_CHECKING:
    from commerce_graph.kernel.execution.plan import DeferringPlan


class Later:
    """A result that is not there yet. Unlike a coroutine, it may be dropped without ever being awaited."""

    __slots__ = ("_arguments", "_function")

    def __init__(self, function: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
        self._function = function
        self._arguments = arguments

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._function(*self._arguments).__await__()


class _Unstarted:
    """Work that begins with the event loop: an execution may be asked for before there is one."""

    __slots__ = ("future", "work")

    def __init__(self, work: Awaitable[Any]) -> None:
        self.work = work
        self.future: asyncio.Future[Any] | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        assert self.future is not None
        return self.future.__await__()


class _Batch:
    """Parents that one call of a batch function resolves."""

    __slots__ = ("joined", "own", "parents")

    def __init__(self, parents: list[Any]) -> None:
        self.parents = parents
        self.own = len(parents)
        """How many of them are those of the first who asked."""
        self.joined: asyncio.Future[list[Any]] | None = None
        """What the others wait for, where there are others."""


class Run:
    """One execution. Everything that can start has started before anything is awaited."""

    __slots__ = (
        "_batches", "_tasks", "_unstarted", "answered", "context", "entities", "executor", "faults", "loop",
        "postponed", "sole",
    )  # fmt: skip

    def __init__(self, executor: Executor[Any], answered: list[tuple[Any, int]] | None = None) -> None:
        self.executor = executor
        self.answered = answered
        """Plans of objects and how many of each were answered, where somebody counts."""
        self.context = executor.context_value
        self.entities: set[tuple[str, Any]] | None = getattr(self.context, "entities", None)
        """Where the entities of the answer are noted, by kind and key; None where nobody asks."""
        self.faults: list[Fault] = []
        self.sole = False
        """Whether one field of the root is executed at a time."""
        self.postponed: list[tuple[DeferringPlan, list[Any], Place]] = []
        """Objects of which something comes later, those above before those below."""
        self._tasks: list[asyncio.Future[Any]] = []
        self._unstarted: list[_Unstarted] = []
        self._batches: dict[Hashable, _Batch] = {}
        try:
            self.loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self.loop = None

    def fail(self, place: Place, row: int, cause: Exception) -> Any:
        """Record an error at a row of a column, and return what stands there then."""
        self.faults.append(Fault(place, row, cause))
        return FAILED

    def start(self, work: Awaitable[Any]) -> Awaitable[Any]:
        """Let work run; with all other work that starts now, it begins in the next turn of the loop."""
        loop = self.loop
        if loop is None:
            unstarted = _Unstarted(work)
            self._unstarted.append(unstarted)
            return unstarted
        if type(work) is CoroutineType:
            task: asyncio.Future[Any] = loop.create_task(work)
            self._tasks.append(task)
            return task
        return asyncio.ensure_future(work, loop=loop)

    def begin(self) -> None:
        """Start what waited for the event loop."""
        self.loop = asyncio.get_running_loop()
        for unstarted in self._unstarted:
            unstarted.future = asyncio.ensure_future(unstarted.work)
            self._tasks.append(unstarted.future)

    async def stop(self) -> None:
        """Cancel what still runs, and wait until it has ended."""
        running = [task for task in self._tasks if not task.done()]
        for task in running:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def settle(self, values: list[Any]) -> Awaitable[list[Any]]:
        """Await the awaitables of a column together. Shape: n values → n values, an exception where one was raised."""
        rows = [row for row, value in enumerate(values) if is_awaitable(value)]
        if len(rows) == 1:
            return Later(_settle_one, values, rows[0])
        return Later(_settle_all, values, rows, [self.start(values[row]) for row in rows])

    def batch(
        self, at: Hashable, function: Callable[..., Awaitable[Sequence[Any]]], parents: list[Any],
        arguments: dict[str, Any],
    ) -> Awaitable[list[Any]]:  # fmt: skip
        """Resolve a batch field; parents of one field that are ready in one turn of the loop go in one call.

        Shape: n parents → n results in order, an exception where one was raised; 1 call.
        """
        batch = self._batches.get(at)
        if batch is None or self.loop is None:
            batch = self._batches[at] = _Batch(parents)
            return Later(self._called, at, batch, function, arguments)
        if batch.joined is None:
            batch.joined = self.loop.create_future()
        first = len(batch.parents)
        batch.parents = [*batch.parents, *parents]
        return Later(_joined, batch.joined, first, len(batch.parents))

    async def _called(
        self, at: Hashable, batch: _Batch, function: Callable[..., Awaitable[Sequence[Any]]],
        arguments: dict[str, Any],
    ) -> list[Any]:  # fmt: skip
        if self._batches.get(at) is batch:
            del self._batches[at]
        parents = batch.parents
        asked = len(parents)
        try:
            results = one_each(function, await function(parents, self.context, **arguments), asked)
        except Exception as fault:
            results = [fault] * asked
        if batch.joined is None:
            return results
        batch.joined.set_result(results)
        return results[: batch.own]


def one_each(function: Callable[..., Any], answered: Iterable[Any], asked: int) -> list[Any]:
    """Return the results of a batch function. Raises: TypeError where they are not as many as its parents."""
    results = list(answered)
    if len(results) != asked:
        raise TypeError(f"{function.__qualname__} gave {len(results)} results for {asked} parents")
    return results


async def _joined(batch: "asyncio.Future[list[Any]]", first: int, end: int) -> list[Any]:
    return (await batch)[first:end]


async def _settle_one(values: list[Any], row: int) -> list[Any]:
    settled = list(values)
    try:
        settled[row] = await values[row]
    except Exception as fault:
        settled[row] = fault
    return settled


async def _settle_all(values: list[Any], rows: list[int], started: list[Awaitable[Any]]) -> list[Any]:
    settled = list(values)
    for row, result in zip(rows, await asyncio.gather(*started, return_exceptions=True), strict=True):
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result
        settled[row] = result
    return settled
