"""What every completion has in common. It takes a column of values, and gives a column of answers.

Shape: n values → n answers: None for null, FAILED where an error was recorded, here or below, for the position above
to take in.
"""

from collections.abc import Awaitable, Callable, Sequence
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from graphql import Undefined
from graphql.pyutils import is_awaitable

from commerce_graph.kernel import limits
from commerce_graph.kernel.execution.place import FieldPlace, KeptPlace, Place, Root
from commerce_graph.kernel.execution.run import Later, Run

if TYPE_CHECKING:
    from commerce_graph.kernel.execution.plan import FieldPlan

Done = list[Any] | Awaitable[list[Any]]
Complete = Callable[[Run, list[Any], Place], Done]

EMPTY = {type(None), type(Undefined)}
_usual: set[type] = set()
"""Classes whose values are neither null, exceptions nor awaitables."""


def all_usual(kinds: set[type]) -> bool:
    """Tell whether no value of these classes is null, an exception or an awaitable."""
    if kinds <= _usual:
        return True
    for kind in kinds - _usual:
        unusual = kind in EMPTY or issubclass(kind, (Exception, GeneratorType))
        if unusual or hasattr(kind, "__await__") or hasattr(kind, "__aiter__"):
            return False
    if len(_usual) > limits.EXECUTION_CLASSES_MAX:
        _usual.clear()
    _usual.update(kinds)
    return True


class Completion:
    """Takes exceptions, awaitables and nulls out of a column, and leaves the rest to `_present`."""

    __slots__ = ("_field", "_required")

    def __init__(self, field: "FieldPlan", required: bool) -> None:
        self._field = field
        self._required = required

    def __call__(self, run: Run, values: list[Any], place: Place) -> Done:
        if all_usual(set(map(type, values))):
            return self._present(run, values, place)
        return self._mixed(run, values, place)

    def _present(self, run: Run, values: list[Any], place: Place) -> Done:
        raise NotImplementedError

    def _mixed(self, run: Run, values: list[Any], place: Place) -> Done:
        if not self._required and all_usual(set(map(type, values)) - {type(None)}):
            kept = [row for row, value in enumerate(values) if value is not None]
            return some(self._present, run, values, place, kept, [None] * len(values))
        if any(map(is_awaitable, values)):
            settled = run.settle(values)
            if run.sole and type(place) is FieldPlace and type(place.above) is Root:
                return Later(self._awaited, run, settled, place)  # there is nothing that it could run beside
            return run.start(self._awaited(run, settled, place))
        answers: list[Any] = [None] * len(values)
        rows = []
        for row, value in enumerate(values):
            if isinstance(value, Exception):
                answers[row] = run.fail(place, row, value)
            elif value is not None and value is not Undefined:
                rows.append(row)
            elif self._required:
                told = f"Cannot return null for non-nullable field {self._field.parent}.{self._field.name}."
                answers[row] = run.fail(place, row, TypeError(told))
        return some(self._present, run, values, place, rows, answers)

    async def _awaited(self, run: Run, values: Awaitable[list[Any]], place: Place) -> list[Any]:
        done = self(run, await values, place)
        return done if type(done) is list else await done  # type: ignore[misc]


def some(
    complete: Complete, run: Run, values: list[Any], place: Place, rows: Sequence[int], answers: list[Any]
) -> Done:
    """Complete some rows of a column, and put their answers in among the others."""
    if len(rows) == len(values):
        return complete(run, values, place)
    if not rows:
        return answers
    done = complete(run, [values[row] for row in rows], KeptPlace(place, rows))
    if type(done) is not list:
        return Later(scattered_later, done, rows, answers)
    return scattered(done, rows, answers)


def scattered(done: list[Any], rows: Sequence[int], answers: list[Any]) -> list[Any]:
    """Put the answers of some rows in among the others."""
    for row, answer in zip(rows, done, strict=True):
        answers[row] = answer
    return answers


async def scattered_later(done: Awaitable[list[Any]], rows: Sequence[int], answers: list[Any]) -> list[Any]:
    """Do the same with answers that are not there yet."""
    return scattered(await done, rows, answers)
