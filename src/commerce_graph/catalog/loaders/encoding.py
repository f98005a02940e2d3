"""Which combinations of option values have a variant, in the compact text that storefronts decode. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

VERSION = "v1_"


def encode(combinations: Iterable[Sequence[int]]) -> str:
    """Return combinations of value positions, one position an option, in Shopify's v1 encoding.

    The combinations form a tree in the order of the options. `:` goes down one option, `,` ends a prefix, a space
    stands between positions of the last option and `-` between the ends of a run of them. With one option nothing
    has a prefix, so nothing ends one.
    """
    tree = sorted({tuple(combination) for combination in combinations})
    return VERSION + _level(tree, 0) if tree and tree[0] else ""


def _level(combinations: Sequence[tuple[int, ...]], depth: int) -> str:
    if depth == len(combinations[0]) - 1:
        runs = " ".join(_runs([combination[depth] for combination in combinations]))
        return f"{runs}," if depth else runs
    told = "".join(
        f"{position}:{_level(list(below), depth + 1)}"
        for position, below in groupby(combinations, key=lambda combination: combination[depth])
    )
    return f"{told}," if depth else told


def _runs(positions: Sequence[int]) -> Iterator[str]:
    start = previous = positions[0]
    for position in [*positions[1:], None]:
        if position is None or position != previous + 1:
            yield str(start) if start == previous else f"{start}-{previous}"
            start = position if position is not None else start
        previous = position if position is not None else previous
