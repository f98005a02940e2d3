"""Relay connections over keyset cursors: stable under writes, no OFFSET, one statement for many parents."""

import base64
import binascii
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, overload
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
import strawberry
from sqlalchemy import BigInteger, ColumnElement, Integer, Select, bindparam, func, literal, select, true, tuple_

from commerce_graph.kernel.context import Context
from commerce_graph.kernel.database import Source, rows
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import batch_field, field, object_type
from commerce_graph.kernel.limits import CURSOR_VALUES_MAX, PAGE_SIZE_MAX
from commerce_graph.kernel.statements import Prepared, keys

T = TypeVar("T")


@object_type(shareable=True)
class PageInfo:
    """Where a page lies in its list (Relay cursor connections)."""

    has_next_page: bool = False
    has_previous_page: bool = False
    cursors: strawberry.Private[Sequence[str]] = ()

    @field
    def start_cursor(self) -> str | None:
        """The cursor of the first node on the page."""
        return self.cursors[0] if self.cursors else None

    @field
    def end_cursor(self) -> str | None:
        """The cursor of the last node on the page, to go on `after`."""
        return self.cursors[-1] if self.cursors else None


@object_type(shareable=True)
class Edge(Generic[T]):
    """A node of a connection and its cursor."""

    cursor: str
    node: T


@dataclass(frozen=True, slots=True)
class PageArguments:
    """Relay's arguments, checked: exactly one of `first` and `last`, each 0..250, cursors decoded."""

    size: int
    backward: bool
    after: tuple[Any, ...] | None
    before: tuple[Any, ...] | None
    reverse: bool = False


def page_arguments(
    first: int | None, last: int | None, after: str | None, before: str | None, reverse: bool | None = False
) -> PageArguments:
    """Check Relay's paging arguments.

    Limits: PAGE_SIZE_MAX.
    Raises: RequestError(BAD_USER_INPUT) naming the argument.
    """
    if (first is None) == (last is None):
        raise RequestError("BAD_USER_INPUT", "give exactly one of `first` and `last`")
    name, size = ("first", first) if first is not None else ("last", last)
    if size is None or not 0 <= size <= PAGE_SIZE_MAX:
        raise RequestError("BAD_USER_INPUT", f"`{name}` must be between 0 and {PAGE_SIZE_MAX}, not {size}")
    return PageArguments(size, last is not None, _decode(after), _decode(before), bool(reverse))


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of rows: columns with `descending`, the last one unique. Columns are never NULL."""

    columns: tuple[ColumnElement[Any], ...]
    descending: bool = False


@dataclass(slots=True)
class Page:
    """Rows of one page in list order, each with its cursor. Shared within an operation: change nothing."""

    rows: Sequence[Any]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool

    def connection(self, kind: Any, edge: Any, node: Callable[[Any], Any], **more: Any) -> Any:
        """Build the GraphQL connection `kind` of `edge`s from this page."""
        return kind(page=self, shown=list(map(node, self.rows)), edge=edge, **more)


@object_type(shareable=True)
class Connection(Generic[T]):
    """A page of a list."""

    page: strawberry.Private[Page]
    shown: strawberry.Private[Sequence[Any]]
    edge: strawberry.Private[Any]

    @batch_field
    def nodes(parents: Sequence["Connection"], ctx: Context) -> list[list[T]]:  # type: ignore[type-arg]
        """What is on the page."""
        return [parent.shown for parent in parents]  # type: ignore[misc]

    @field
    def edges(self) -> list[Edge[T]]:
        """What is on the page, each with its cursor."""
        pairs = zip(self.shown, self.page.cursors, strict=True)
        return [self.edge(cursor=cursor, node=node) for node, cursor in pairs]

    @field
    def page_info(self) -> PageInfo:
        """Where the page lies in its list."""
        page = self.page
        return PageInfo(has_next_page=page.has_next, has_previous_page=page.has_previous, cursors=page.cursors)


def connections(pages: Sequence[Page], kind: Any, edge: Any, nodes: Callable[[Sequence[Any]], list[Any]]) -> list[Any]:
    """Build the GraphQL connections of many pages; all their rows become nodes in one call.

    Shape: n pages → n connections in order.
    """
    shown = nodes([row for page in pages for row in page.rows])
    made: list[Any] = []
    first = 0
    for page in pages:
        each: Any = object.__new__(kind)  # a constructor costs three times as much
        last = first + len(page.rows)
        each.page, each.shown, each.edge = page, shown[first:last], edge
        made.append(each)
        first = last
    return made


def connection(
    kind: Any, edge: Any, nodes: Sequence[Any], cursors: Sequence[str], has_next: bool = False, **more: Any
) -> Any:
    """Build the GraphQL connection of a first page from nodes and their cursors."""
    return Page(nodes, cursors, has_next, has_previous=False).connection(kind, edge, lambda node: node, **more)


class _Cursors(Sequence[str]):
    """The cursors of rows, made when somebody looks at them: most queries ask for none."""

    __slots__ = ("_keys", "_rows")

    def __init__(self, rows: Sequence[Any], keys: Sequence[str]) -> None:
        self._rows = rows
        self._keys = keys

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[place] for place in range(len(self._rows))[at]]
        values = self._rows[at]._mapping
        return encode_cursor([values[key] for key in self._keys])


async def read_page(source: Source, query: Select[Any], order: Order, args: PageArguments) -> Page:
    """Read one page. `query` must not be ordered or limited. 1 statement, one row more than the page.

    It is built once for a `query` that is the same each time.
    """
    statement, keys = _kept(query, order, args, lambda: _paged(query, order, args))
    return _page(await rows(source, statement, limit=args.size + 1), keys, args)


async def read_pages(
    source: Source,
    parents: Sequence[UUID],
    query: Callable[[ColumnElement[UUID]], Select[Any]],
    order: Order,
    args: PageArguments,
) -> list[Page]:
    """Read the same page of many parents' lists. `query(parent_id)` selects one parent's rows.

    Shape: n parents → n pages in order; 1 statement (LATERAL), size + 1 rows a parent at most. It is built once for
    a `query` that is the same each time.
    """
    statement, names = _kept(query, order, args, lambda: _pages(query, order, args))
    groups: list[list[Any]] = [[] for _ in parents]
    for row in await rows(source, statement, keys=list(parents), limit=args.size + 1):
        groups[row[0] - 1].append(row)
    return [_page(group, names, args) for group in groups]


def _pages(
    query: Callable[[ColumnElement[UUID]], Select[Any]], order: Order, args: PageArguments
) -> tuple[Select[Any], list[str]]:
    ids = func.unnest(keys()).table_valued("id", with_ordinality="ord").render_derived()
    listed, names = _paged(query(ids.c.id), order, args)
    # LATERAL keeps the inner order only by custom, and only the database knows its collation: number the rows there.
    rank = func.row_number().over(order_by=listed._order_by_clauses).label("_rank")
    page = listed.add_columns(rank).lateral("page")
    shown = [column for column in page.c if column.key != "_rank"]
    found = select(ids.c.ord.label("_parent"), *shown).select_from(ids.join(page, true()))
    return found.order_by(ids.c.ord, page.c._rank), names


_Built = tuple[Select[Any] | Prepared, list[str]]
"""A statement and the names of the columns that its cursors are made of."""
_FIRST: WeakKeyDictionary[Any, dict[tuple[Order, bool, bool], _Built]] = WeakKeyDictionary()
"""Statements of first pages, by the query they were built from: kept as long as it is."""


def _kept(query: Any, order: Order, args: PageArguments, build: Callable[[], _Built]) -> _Built:
    if args.after is not None or args.before is not None:
        return build()  # a cursor is a value in the statement, and hardly asked for twice
    built = _FIRST.setdefault(query, {})
    at = (order, args.backward, args.reverse)
    known = built.get(at)
    if known is None:
        known = built[at] = build()
    elif isinstance(known[0], Select):  # asked for again, so it is worth compiling: others are built anew each time
        with suppress(TypeError):  # it has a column that only SQLAlchemy can read
            known = built[at] = (Prepared(known[0]), known[1])
    return known


def _descending(order: Order, args: PageArguments) -> bool:
    return order.descending ^ args.reverse ^ args.backward


def _paged(query: Select[Any], order: Order, args: PageArguments) -> tuple[Select[Any], list[str]]:
    """Return the statement of a page, and under which names its rows hold the columns of the order.

    They are named as they are shown; those that are not are added, numbered.
    """
    list_descending = order.descending ^ args.reverse
    key = tuple_(*order.columns)
    for values, after in ((args.after, True), (args.before, False)):
        if values is not None:
            bound = tuple_(*_bound(values, order))
            query = query.where(key > bound if after ^ list_descending else key < bound)
    descending = _descending(order, args)
    shown = {id(column): name for name, column in query.selected_columns.items()}
    names = [shown.get(id(column), f"_k{index}") for index, column in enumerate(order.columns)]
    added = [column.label(f"_k{index}") for index, column in enumerate(order.columns) if id(column) not in shown]
    listed = (
        query.add_columns(*added)
        .order_by(*(column.desc() if descending else column.asc() for column in order.columns))
        .limit(bindparam("limit", type_=Integer))
    )
    return listed, names


def _bound(values: Sequence[Any], order: Order) -> list[ColumnElement[Any]]:
    """Return a cursor's values as the order's columns take them; a client may send any cursor to any list."""
    kinds = [column.type.python_type for column in order.columns]
    fit = len(values) == len(kinds) and all(map(isinstance, values, kinds))
    if not fit or any(isinstance(value, str) and "\0" in value for value in values):
        raise RequestError("BAD_USER_INPUT", "the cursor belongs to a list in another order")
    # A forged number may be wider than the column, never wider than 64 bits (`_untag`).
    types = [BigInteger() if kind is int else column.type for kind, column in zip(kinds, order.columns, strict=True)]
    return [literal(value, kind) for value, kind in zip(values, types, strict=True)]


def _page(found: Sequence[Any], keys: Sequence[str], args: PageArguments) -> Page:
    more = len(found) > args.size
    chosen = found[: args.size] if more else found
    if args.backward:
        chosen = chosen[::-1]
        return Page(chosen, _Cursors(chosen, keys), args.before is not None, more)
    return Page(chosen, _Cursors(chosen, keys), more, args.after is not None)


def slice_list(items: Sequence[T], args: PageArguments, key: Callable[[T], Sequence[Any]]) -> Page:
    """Return the page of a list that is in memory already; `key` is an item's unique sort key."""
    ordered = list(reversed(items)) if args.reverse else list(items)
    names = [encode_cursor(key(each)) for each in ordered]
    after, before = (
        encode_cursor(args.after) if args.after else None,
        encode_cursor(args.before) if args.before else None,
    )
    start = names.index(after) + 1 if after in names else 0
    end = names.index(before) if before in names else len(ordered)
    if args.backward:
        start = max(start, end - args.size)
    else:
        end = min(end, start + args.size)
    return Page(ordered[start:end], names[start:end], has_next=end < len(ordered), has_previous=start > 0)


def encode_cursor(values: Sequence[Any] | None) -> str:
    """Return an opaque cursor for the sort key of a row."""
    tagged = [_tag(value) for value in values or ()]
    return base64.urlsafe_b64encode(orjson.dumps(tagged)).decode().rstrip("=")


def _tag(value: Any) -> Any:
    if isinstance(value, UUID):
        return {"u": value.hex}
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    return value


def _untag(value: Any) -> Any:
    if isinstance(value, dict):
        return UUID(value["u"]) if "u" in value else _aware(value["t"])
    # What JSON reads as a number may be wider than the 64 bits with a sign that any column has.
    if not isinstance(value, str | int | float) or (isinstance(value, int) and abs(value) >= 2**63):
        raise ValueError
    return value


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


def _decode(cursor: str | None) -> tuple[Any, ...] | None:
    if cursor is None:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) > CURSOR_VALUES_MAX:
            raise ValueError
        return tuple(_untag(value) for value in values)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, binascii.Error):
        raise RequestError("BAD_USER_INPUT", "the cursor is not one that this list gave out") from None
