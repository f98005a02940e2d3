"""Response maps, made from columns."""

from collections.abc import Callable
from functools import cache
from typing import Any

from commerce_graph.kernel import limits


def rows_of(keys: list[str]) -> Callable[..., list[dict[str, Any]]]:
    """Return a function of columns, one for each key, that returns response maps."""
    if not 0 < len(keys) <= limits.EXECUTION_ROW_KEYS_MAX:
        return lambda *columns: [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]
    return _row_maker(len(keys))(*keys)


@cache
def _row_maker(count: int) -> Callable[..., Callable[..., list[dict[str, Any]]]]:
    """Return a function of `count` keys that returns a function of as many columns that returns response maps.

    A dict display is twice as fast as `dict(zip(...))`. The source depends on the number alone: nothing that a
    client sends is in it.
    """
    numbers = range(count)
    keys = ",".join(f"k{n}" for n in numbers)
    columns = ",".join(f"c{n}" for n in numbers)
    values = ",".join(f"v{n}" for n in numbers)
    pairs = ",".join(f"k{n}:v{n}" for n in numbers)
    source = f"lambda {keys}: lambda {columns}: [{{{pairs}}} for {values} in zip({columns})]"
    if count == 1:
        source = "lambda k: lambda c: [{k: v} for v in c]"
    maker: Callable[..., Callable[..., list[dict[str, Any]]]] = eval(source)  # noqa: S307
    return maker
