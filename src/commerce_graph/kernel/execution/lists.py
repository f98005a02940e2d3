"""Lists."""

from collections.abc import Awaitable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError
from graphql.pyutils import is_awaitable, is_iterable

from commerce_graph.kernel.execution.column import Complete, Completion, Done, scattered, scattered_later
from commerce_graph.kernel.execution.faults import FAILED
from commerce_graph.kernel.execution.place import ItemPlace, KeptPlace, Place
from commerce_graph.kernel.execution.run import Later, Run

if TYPE_CHECKING:
    from commerce_graph.kernel.execution.plan import FieldPlan


class List(Completion):
    """Lists: the items of all are completed in one column, and folded back."""

    __slots__ = ("_items", "_nullable_items")

    def __init__(self, items: Complete, nullable_items: bool, field: "FieldPlan", required: bool) -> None:
        super().__init__(field, required)
        self._items = items
        self._nullable_items = nullable_items

    def __call__(self, run: Run, values: list[Any], place: Place) -> Done:
        if _LISTS.issuperset(map(type, values)):
            return self._flat(run, values, place)
        return super().__call__(run, values, place)

    def _mixed(self, run: Run, values: list[Any], place: Place) -> Done:
        if not any(hasattr(kind, "__aiter__") for kind in set(map(type, values))):
            return super()._mixed(run, values, place)
        streams = [row for row, value in enumerate(values) if hasattr(value, "__aiter__") and not is_awaitable(value)]
        listed = list(values)
        for row in streams:
            listed[row] = _read(values[row])
        return super()._mixed(run, listed, place)

    def _present(self, run: Run, values: list[Any], place: Place) -> Done:
        answers: list[Any] = [None] * len(values)
        lists = []
        rows = []
        for row, value in enumerate(values):
            try:
                lists.append(self._listed(value))
                rows.append(row)
            except Exception as fault:
                answers[row] = run.fail(place, row, fault)
        if len(rows) == len(values):
            return self._flat(run, lists, place)
        done = self._flat(run, lists, KeptPlace(place, rows))
        if type(done) is not list:
            return Later(scattered_later, done, rows, answers)
        return scattered(done, rows, answers)

    def _listed(self, value: Any) -> Sequence[Any]:
        if not is_iterable(value):
            raise GraphQLError(
                f"Expected Iterable, but did not find one for field '{self._field.parent}.{self._field.name}'."
            )
        return list(value)

    def _flat(self, run: Run, lists: Sequence[Sequence[Any]], place: Place) -> Done:
        lengths = list(map(len, lists))
        done = self._items(run, list(chain.from_iterable(lists)), ItemPlace(place, lengths, self._nullable_items))
        if type(done) is not list:
            return Later(self._folded_later, run, done, lengths)
        return self._folded(run, done, lengths)

    async def _folded_later(self, run: Run, done: Awaitable[list[Any]], lengths: list[int]) -> list[Any]:
        return self._folded(run, await done, lengths)

    def _folded(self, run: Run, done: list[Any], lengths: list[int]) -> list[Any]:
        failed = bool(run.faults) and FAILED in done
        if failed and self._nullable_items:
            done = [None if answer is FAILED else answer for answer in done]
        lists: list[Any] = []
        start = 0
        for length in lengths:
            lists.append(done[start : start + length])
            start += length
        if failed and not self._nullable_items:
            return [FAILED if FAILED in answers else answers for answers in lists]
        return lists


_LISTS = frozenset({list, tuple})


async def _read(stream: Any) -> list[Any]:
    return [item async for item in stream]
