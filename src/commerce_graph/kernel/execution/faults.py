"""What went wrong in an execution, and which of it the answer tells."""

from typing import Any, Final

from graphql import GraphQLError
from graphql.error import located_error

from commerce_graph.kernel.execution.place import Place


class _Failed:
    def __repr__(self) -> str:
        return "FAILED"


FAILED: Final[Any] = _Failed()
"""Stands in a column where an error was recorded, here or below, until a position that can be null takes it in."""


class Fault:
    """An exception at one position of the answer."""

    __slots__ = ("cause", "place", "row")

    def __init__(self, place: Place, row: int, cause: Exception) -> None:
        self.place = place
        self.row = row
        self.cause = cause


def errors_of(faults: list[Fault], root: int = 0) -> list[GraphQLError]:
    """Return the errors to tell, in document order. `root` is the length of the path at which errors rise no further.

    Of all that fails below one position that becomes null, what a depth-first execution would have met first is
    told: nothing below a position is told after an error has made it null. So one broken object is one error.
    """
    told: list[GraphQLError] = []
    nulled: set[tuple[str | int, ...]] = set()
    located = []
    for fault in faults:
        steps = fault.place.steps(fault.row)
        located.append(([step.order for step in steps], steps, fault))
    located.sort(key=lambda each: each[0])
    for _, steps, fault in located:
        path = tuple(step.key for step in steps)
        depth = len(steps)
        while depth > root and not steps[depth - 1].nullable:
            depth -= 1
        if any(path[:end] in nulled for end in range(root, depth + 1)):
            continue
        nulled.add(path[:depth])
        told.append(located_error(fault.cause, fault.place.field.nodes, list(path)))
    return told
