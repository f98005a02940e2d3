"""Choosing variants by options, and the encoding that storefronts decode."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.catalog.loaders.choices import (
    adjacent,
    chosen_or_first,
    exactly,
    first_with,
    known_choice,
    positions,
    values_of,
)
from commerce_graph.catalog.loaders.encoding import encode

OPTIONS = [
    {"name": "Size", "values": [{"name": "S"}, {"name": "M"}]},
    {"name": "Color", "values": [{"name": "White"}, {"name": "Blue"}]},
]


@dataclass(frozen=True)
class Piece:
    id: UUID
    selected_options: Sequence[dict[str, str]] = field(hash=False)
    available: bool = True


def piece(number: int, size: str, color: str, available: bool = True) -> Piece:
    return Piece(UUID(int=number), [{"name": "Size", "value": size}, {"name": "Color", "value": color}], available)


# Ids run against the positions, to tell one order from the other.
SW, SB, MW, MB = (
    piece(9, "S", "White", False),
    piece(8, "S", "Blue"),
    piece(7, "M", "White", False),
    piece(6, "M", "Blue"),
)
ALL = [SW, SB, MW, MB]


def decode(text: str) -> set[tuple[int, ...]]:
    """Read the v1 encoding by its grammar: a list of branches, each ended by a comma but at the root."""
    if not text:
        return set()
    assert text.startswith("v1_")
    found: set[tuple[int, ...]] = set()
    prefix: list[int] = []
    number, start = "", None
    for char in text.removeprefix("v1_") + ("" if ":" in text else ","):
        if char.isdigit():
            number += char
            continue
        if number and char == ":":
            prefix.append(int(number))
        elif number and char == "-":
            start = int(number)
        elif number:
            found |= {(*prefix, n) for n in range(int(number) if start is None else start, int(number) + 1)}
            start = None
        if char == "," and prefix:
            prefix.pop()
        number = ""
    assert not prefix
    return found


def test_encoding_is_that_of_the_reference() -> None:
    combinations = [(0, 0, 0), (0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 0, 1), (1, 1, 1), (2, 0, 1), (2, 1, 0)]
    assert encode(combinations) == "v1_0:0:0,1:0-1,,1:0:0-1,1:1,,2:0:1,1:0,,"
    assert encode([(0, 0), (0, 1), (1, 2)]) == "v1_0:0-1,1:2,"
    assert encode([(0,), (1,), (2,), (4,)]) == "v1_0-2 4"
    assert encode([]) == ""


@given(
    st.integers(1, 4).flatmap(
        lambda options: st.sets(st.tuples(*[st.integers(0, 12)] * options), min_size=1, max_size=60)
    )
)
def test_encoding_round_trips(combinations: set[tuple[int, ...]]) -> None:
    assert decode(encode(combinations)) == combinations


@pytest.mark.parametrize(
    ("wanted", "ignore_unknown", "any_case", "chosen"),
    [
        ([("Fit", "Slim")], False, False, None),
        ([("Size", "XL")], False, False, None),
        ([("size", "M")], False, False, None),
        ([("Fit", "Slim"), ("Size", "M")], True, False, {"Size": "M"}),
        ([("size", "m")], False, True, {"Size": "M"}),
        ([], False, False, {}),
    ],
)
def test_known_choice(
    wanted: list[tuple[str, str]], ignore_unknown: bool, any_case: bool, chosen: dict[str, str] | None
) -> None:
    assert known_choice(OPTIONS, wanted, ignore_unknown=ignore_unknown, any_case=any_case) == chosen


def test_exactly_takes_nothing_for_nothing() -> None:
    assert exactly(ALL, None) is None
    assert exactly(ALL, {}) is None
    assert exactly([SW], {"Size": "M"}) is None
    assert exactly(ALL, {"Size": "M"}) is MW
    assert exactly(ALL, {"Size": "M", "Color": "Blue"}) is MB


def test_chosen_or_first_prefers_what_can_be_bought() -> None:
    assert chosen_or_first([], None) is None
    assert chosen_or_first(ALL, None) is SB
    assert chosen_or_first(ALL, {"Size": "M"}) is MB
    assert chosen_or_first(ALL, {"Size": "S", "Color": "White"}) is SW
    assert chosen_or_first([SW, MW], {}) is SW
    assert chosen_or_first([SW, SB], {"Size": "M", "Color": "Blue"}) is SB


def test_adjacent_variants_differ_in_one_option() -> None:
    assert adjacent([], OPTIONS, None) == []
    assert adjacent(ALL, OPTIONS, {"Size": "S", "Color": "White"}) == [MW, SB]
    assert adjacent(ALL, OPTIONS, None) == [MB, SW]
    assert adjacent([SW, MB], OPTIONS, {"Size": "S", "Color": "Blue"}) == [MB, SW]


def test_first_with_goes_by_the_places_of_values() -> None:
    assert first_with([MB, MW, SB], OPTIONS, "Size", "M") is MW
    assert first_with([MB], OPTIONS, "Size", "S") is None


@given(st.sets(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1), st.integers(0, 3))
def test_adjacent_is_mutual(held: set[tuple[int, int]], of: int) -> None:
    pieces = [
        piece(n, OPTIONS[0]["values"][size]["name"], OPTIONS[1]["values"][color]["name"])  # type: ignore[index]
        for n, (size, color) in enumerate(product(range(2), range(2)))
        if (size, color) in held
    ]
    one = pieces[of % len(pieces)]
    for other in adjacent(pieces, OPTIONS, values_of(one)):
        assert one in adjacent(pieces, OPTIONS, values_of(other))
        assert sum(a != b for a, b in zip(positions(one, OPTIONS), positions(other, OPTIONS), strict=True)) == 1
