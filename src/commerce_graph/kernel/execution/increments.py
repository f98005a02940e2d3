"""How the parts of a deferred answer are told: the current format, and the one of August 2022."""

from collections.abc import Callable
from typing import Any, Protocol

from graphql import GraphQLError

from commerce_graph.kernel.execution.deferred import Deferred, Delivery, Fragment, Task

Tell = Callable[[GraphQLError], dict[str, Any]]
"""Returns what a client is told of an error."""


class Format(Protocol):
    """A format of deferred answers."""

    def first(self, deferred: Deferred) -> dict[str, Any]:
        """Return what the first answer says beside data and errors."""

    def next(self, delivery: Delivery, tell: Tell) -> dict[str, Any]:
        """Return an answer after the first."""


class Current:
    """Fragments are announced by an id, and completed by it: graphql-js 17, Apollo's `incrementalSpec=v0.2`.

    Each field is told once, at the nearest fragment around it.
    """

    def first(self, deferred: Deferred) -> dict[str, Any]:
        """Return what the first answer says beside data and errors."""
        return {"pending": [_announced(each) for each in deferred.pending], "hasNext": True}

    def next(self, delivery: Delivery, tell: Tell) -> dict[str, Any]:
        """Return an answer after the first."""
        told: dict[str, Any] = {
            "pending": [_announced(each) for each in delivery.pending],
            "incremental": [_value(task, fragment, tell) for task, fragment in delivery.values],
            "completed": [{"id": fragment.id, **_errors(errors, tell)} for fragment, errors in delivery.completed],
        }
        return {name: many for name, many in told.items() if many} | {"hasNext": delivery.has_next}


class August2022:
    """Each fragment is told by its path and label: Apollo's `deferSpec=20220824`. Each field is told once, here too."""

    def first(self, deferred: Deferred) -> dict[str, Any]:
        """Return what the first answer says beside data and errors."""
        return {"hasNext": True}

    def next(self, delivery: Delivery, tell: Tell) -> dict[str, Any]:
        """Return an answer after the first. What belongs deeper into a fragment follows it, at its own path."""
        fresh = {id(task) for task, _ in delivery.values}
        parts: list[dict[str, Any]] = []
        for fragment, errors in delivery.completed:
            if errors is not None:
                parts.append({"data": None, **_named(fragment), **_errors(errors, tell)})
                continue
            untold = [task for task in fragment.tasks if id(task) in fresh]
            fresh -= set(map(id, untold))
            own = [task for task in untold if task.path == fragment.path]
            data = {key: value for task in own for key, value in task.data.items()}
            faults = [error for task in own for error in task.errors]
            parts.append({"data": data, **_named(fragment), **_errors(faults, tell)})
            for task in untold:
                if task.path != fragment.path:
                    parts.append({"data": task.data, "path": list(task.path), **_errors(task.errors, tell)})
        # Last: what they stand in may have come with this answer.
        parts += [{"data": {}, **_named(fragment)} for fragment in delivery.empty]
        return {"incremental": parts, "hasNext": delivery.has_next}


def _announced(fragment: Fragment) -> dict[str, Any]:
    return {"id": fragment.id, **_named(fragment)}


def _named(fragment: Fragment) -> dict[str, Any]:
    named: dict[str, Any] = {"path": list(fragment.path)}
    return named if fragment.label is None else {**named, "label": fragment.label}


def _value(task: Task, fragment: Fragment, tell: Tell) -> dict[str, Any]:
    told: dict[str, Any] = {"id": fragment.id, "data": task.data}
    if len(task.path) > len(fragment.path):
        told["subPath"] = list(task.path[len(fragment.path) :])
    return {**told, **_errors(task.errors, tell)}


def _errors(errors: list[GraphQLError] | None, tell: Tell) -> dict[str, Any]:
    return {"errors": [tell(error) for error in errors]} if errors else {}
