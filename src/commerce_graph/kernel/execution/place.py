"""Where the values of a column stand in the answer; a path is worked out only when something asks for it."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, Protocol

from graphql.pyutils import Path

if TYPE_CHECKING:
    from commerce_graph.kernel.execution.plan import FieldPlan


class Step(NamedTuple):
    """One element of a path: a response name or the index of a list item."""

    key: str | int
    order: int
    """Where it stands among its siblings."""
    nullable: bool
    """Whether it can be null, and so stops an error on its way up."""
    typename: str | None


class Place(Protocol):
    """The place of a column: row n of the column is one position of the answer."""

    @property
    def field(self) -> "FieldPlan":
        """The field that these values belong to."""

    def steps(self, row: int) -> list[Step]:
        """Return the way from the root to a row."""


class Root:
    """The place of the root object."""

    __slots__ = ()

    @property
    def field(self) -> "FieldPlan":
        """The root is the value of no field."""
        raise LookupError

    def steps(self, row: int) -> list[Step]:
        """Return the empty way."""
        return []


class FieldPlace:
    """The values of one field, one for each object above."""

    __slots__ = ("above", "field")

    def __init__(self, above: Place, field: "FieldPlan") -> None:
        self.above = above
        self.field = field

    def steps(self, row: int) -> list[Step]:
        """Return the way to the field of the object in this row."""
        steps = self.above.steps(row)
        field = self.field
        steps.append(Step(field.key, field.order, field.nullable, field.parent.name))
        return steps


class ItemPlace:
    """The items of many lists, one list after another."""

    __slots__ = ("_ends", "above", "field", "lengths", "nullable")

    def __init__(self, above: Place, lengths: Sequence[int], nullable: bool) -> None:
        self.above = above
        self.field = above.field
        self.lengths = lengths
        self.nullable = nullable
        self._ends: list[int] | None = None

    def steps(self, row: int) -> list[Step]:
        """Return the way to the list that holds this item, and its index there."""
        if self._ends is None:
            self._ends = list(accumulate(self.lengths))
        at = bisect_right(self._ends, row)
        index = row - (self._ends[at] - self.lengths[at])
        steps = self.above.steps(at)
        steps.append(Step(index, index, self.nullable, None))
        return steps


class KeptPlace:
    """Some rows of a column."""

    __slots__ = ("above", "field", "rows")

    def __init__(self, above: Place, rows: Sequence[int]) -> None:
        self.above = above
        self.field = above.field
        self.rows = rows

    def steps(self, row: int) -> list[Step]:
        """Return the way to the row this one was."""
        return self.above.steps(self.rows[row])


def path_of(place: Place, row: int) -> Path:
    """Return the path of a row as graphql-core hands it to resolvers."""
    path: Path | None = None
    for step in place.steps(row):
        path = Path(path, step.key, step.typename)
    assert path is not None
    return path
