"""Deferred fragments: executed after the first answer, each field once for all objects that are ready for it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple

from graphql import GraphQLError
from graphql.error import located_error
from graphql.execution.collect_fields import DeferUsage

from commerce_graph.kernel import limits
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution.faults import FAILED, errors_of
from commerce_graph.kernel.execution.place import KeptPlace, Place
from commerce_graph.kernel.execution.plan import ObjectPlan
from commerce_graph.kernel.execution.run import Run

Path = tuple[str | int, ...]


class State(Enum):
    """How far a fragment has come."""

    WAITING = auto()
    """for the fragment around it"""
    PENDING = auto()
    TOLD = auto()
    FAILED = auto()


class Fragment:
    """A deferred fragment at one object of the answer."""

    __slots__ = ("children", "id", "label", "parent", "path", "state", "tasks")

    def __init__(self, usage: DeferUsage, path: Path, parent: "Fragment | None") -> None:
        self.label = usage.label
        self.path = path
        self.parent = parent
        self.children: list[Fragment] = []
        self.tasks: list[Task] = []
        self.state = State.WAITING
        self.id = ""


class Task:
    """Fields of one object that one or more fragments ask for; their values once they are there."""

    __slots__ = ("data", "done", "errors", "fragments", "path", "told")

    def __init__(self, path: Path, fragments: list[Fragment]) -> None:
        self.path = path
        self.fragments = fragments
        self.done = False
        self.told = False
        self.data: Any = None
        """FAILED where an error has taken the whole of it."""
        self.errors: list[GraphQLError] = []
        for fragment in fragments:
            fragment.tasks.append(self)


class Part(NamedTuple):
    """The same fields of many objects. Shape: n objects, n rows of the place, n tasks."""

    plan: ObjectPlan
    objects: list[Any]
    place: Place
    tasks: list[Task]

    def of(self, rows: Sequence[int]) -> "Part":
        """Return some rows."""
        if len(rows) == len(self.tasks):
            return self
        objects, tasks = ([many[row] for row in rows] for many in (self.objects, self.tasks))
        return Part(self.plan, objects, KeptPlace(self.place, rows), tasks)


class Delivery(NamedTuple):
    """What has become known since the delivery before."""

    pending: list[Fragment]
    values: list[tuple[Task, Fragment]]
    """What is told for the first time, each with the nearest fragment around it that is pending."""
    completed: list[tuple[Fragment, list[GraphQLError] | None]]
    """Fragments that have ended, with the errors of those that failed."""
    empty: list[Fragment]
    """Fragments that ask for nothing that others do not ask for earlier."""
    has_next: bool


class Deferred:
    """The rest of an execution. `pending` are the fragments that the first answer announces.

    What is ready runs together, and is told as soon as its fragment has ended. Fragments in fragments wait for those.
    Limits: DEFERRED_PIECES_MAX, fragments and groups of fields, each counted for each of its objects.
    """

    def __init__(self, run: Run, data: dict[str, Any]) -> None:
        self._executor = run.executor
        self._answered = run.answered
        self._depths: dict[int, int] = {}
        self._fragments: dict[tuple[int, Path], Fragment] = {}
        self._waiting: list[Part] = []
        self._running: dict[asyncio.Future[list[Any]], tuple[Part, Run]] = {}
        self._empty: list[Fragment] = []
        self._numbered = 0
        self._pieces = 0
        self.refused: RequestError | None = None
        """Why no more is deferred."""
        self._collect(run, 0, {(): data})
        self.pending = self._release([each for each in self._fragments.values() if each.parent is None])
        self._open = list(self.pending)

    async def deliveries(self, until: float, late: Exception) -> AsyncGenerator[Delivery]:
        """Execute and tell the rest. What has not ended at `until`, a time of the loop, fails with `late`."""
        try:
            while self._open:
                if self.refused:
                    yield self._give_up(self.refused)
                    return
                self._begin()
                delivery = self._settle()
                if delivery.completed:
                    yield delivery
                elif self._open:
                    patience = max(0.0, until - asyncio.get_running_loop().time())
                    done, _ = await asyncio.wait(self._running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                    if not done:
                        yield self._give_up(late)
                    for future in done:
                        self._finish(*self._running.pop(future), future)
        finally:
            await self._stop()

    def _collect(self, run: Run, depth: int, roots: dict[Path, Any]) -> None:
        """Take over what a run has postponed, for objects that no error has made null.

        `roots` are its response maps by their paths, whose length is `depth`.
        """
        for plan, objects, place in run.postponed:
            paths = [tuple(step.key for step in place.steps(row)) for row in range(len(objects))]
            rows = [row for row, path in enumerate(paths) if _is_there(roots.get(path[:depth]), path[depth:])]
            self._pieces += len(rows) * (len(plan.introduced) + len(plan.parts))
            if self._pieces > limits.DEFERRED_PIECES_MAX:
                told = f"it defers more than {limits.DEFERRED_PIECES_MAX:,} pieces (DEFERRED_PIECES_MAX): defer fewer"
                self.refused = RequestError("COST_LIMIT_EXCEEDED", told)
                return
            for usage in plan.introduced:
                for row in rows:
                    self._introduce(usage, paths[row])
            for usages, fields in plan.parts:
                tasks = [Task(paths[row], [self._at(usage, paths[row]) for usage in usages]) for row in rows]
                if rows:
                    whole = len(rows) == len(objects)
                    kept = objects if whole else [objects[row] for row in rows]
                    self._waiting.append(Part(fields, kept, place if whole else KeptPlace(place, rows), tasks))

    def _introduce(self, usage: DeferUsage, path: Path) -> None:
        above = usage.parent_defer_usage
        parent = self._at(above, path) if above else None
        fragment = self._fragments[id(usage), path] = Fragment(usage, path, parent)
        self._depths[id(usage)] = len(path)
        if parent:
            parent.children.append(fragment)
            if parent.state is State.FAILED:
                fragment.state = State.FAILED

    def _at(self, usage: DeferUsage, path: Path) -> Fragment:
        """Return the fragment around a position. A usage belongs to one place, so all its paths are of one length."""
        return self._fragments[id(usage), path[: self._depths[id(usage)]]]

    def _release(self, fragments: list[Fragment]) -> list[Fragment]:
        """Let fragments begin, and return those that have something to tell."""
        pending = []
        for fragment in fragments:
            if fragment.tasks:
                fragment.state = State.PENDING
                fragment.id = str(self._numbered)
                self._numbered += 1
                pending.append(fragment)
            else:
                fragment.state = State.TOLD
                self._empty.append(fragment)
                pending += self._release(fragment.children)
        return pending

    def _begin(self) -> None:
        """Execute what is asked for by fragments that are pending, all objects of a part at once."""
        waiting, self._waiting = self._waiting, []
        for part in waiting:
            states = [{fragment.state for fragment in task.fragments} for task in part.tasks]
            ready = [row for row, those in enumerate(states) if State.PENDING in those]
            later = [row for row, those in enumerate(states) if State.PENDING not in those and State.WAITING in those]
            if later:
                self._waiting.append(part.of(later))
            if ready:
                those = part.of(ready)
                run = Run(self._executor, self._answered)
                work = asyncio.ensure_future(_level(run, those))
                self._running[work] = (those, run)

    def _finish(self, part: Part, run: Run, done: "asyncio.Future[list[Any]]") -> None:
        depth = len(part.tasks[0].path)
        fault = done.exception()
        errors: dict[Path, list[GraphQLError]] = defaultdict(list)
        if isinstance(fault, Exception):  # resolvers' exceptions do not come here: this one is our own
            answers = [FAILED] * len(part.tasks)
            errors |= {task.path: [located_error(fault, None, list(task.path))] for task in part.tasks}
        else:
            answers = done.result()
            for error in errors_of(run.faults, depth):
                errors[tuple((error.path or [])[:depth])].append(error)
        for task, answer in zip(part.tasks, answers, strict=True):
            task.done, task.data, task.errors = True, answer, errors[task.path]
        there = {task.path: task.data for task in part.tasks if task.data is not FAILED}
        self._collect(run, depth, there)

    def _settle(self) -> Delivery:
        """End the fragments whose fields are all there, or of which one has failed."""
        pending: list[Fragment] = []
        values: list[tuple[Task, Fragment]] = []
        completed: list[tuple[Fragment, list[GraphQLError] | None]] = []
        for fragment in self._open:  # it grows meanwhile
            failed = next((task for task in fragment.tasks if task.data is FAILED), None)
            if failed:
                _drop(fragment)
                completed.append((fragment, failed.errors[-1:]))  # nothing is told after the error that took it
            elif all(task.done for task in fragment.tasks):
                for task in fragment.tasks:
                    if not task.told:
                        task.told = True
                        around = [each for each in task.fragments if each.state is State.PENDING]
                        values.append((task, max(around, key=lambda each: len(each.path))))
                fragment.state = State.TOLD
                completed.append((fragment, None))
                released = self._release([each for each in fragment.children if each.state is State.WAITING])
                pending += released
                self._open += released
        self._open = [fragment for fragment in self._open if fragment.state is State.PENDING]
        return self._delivery(pending, values, completed)

    def _give_up(self, why: Exception) -> Delivery:
        completed = [(fragment, [located_error(why, None, list(fragment.path))]) for fragment in self._open]
        self._open = []
        return self._delivery([], [], completed)

    def _delivery(
        self, pending: list[Fragment], values: list[tuple[Task, Fragment]],
        completed: Sequence[tuple[Fragment, list[GraphQLError] | None]],
    ) -> Delivery:  # fmt: skip
        if not completed:
            return Delivery([], [], [], [], bool(self._open))
        empty, self._empty = self._empty, []
        return Delivery(pending, values, list(completed), empty, bool(self._open))

    async def _stop(self) -> None:
        for work in self._running:
            work.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def _level(run: Run, part: Part) -> list[Any]:
    try:
        done = part.plan.level(run, part.objects, part.place)
        return done if type(done) is list else await done  # type: ignore[misc]
    except BaseException:
        await run.stop()
        raise


def _drop(fragment: Fragment) -> None:
    """Give up a fragment, and those in it."""
    fragment.state = State.FAILED
    for child in fragment.children:
        _drop(child)


def _is_there(data: Any, path: Path) -> bool:
    for key in path:
        if data is None:
            return False
        data = data[key]
    return data is not None
