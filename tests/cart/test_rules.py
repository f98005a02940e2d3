"""Properties of a cart's arithmetic: nothing is lost in merging, nothing grows past what is there."""

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.cart import rules
from commerce_graph.cart.rules import Line, LineChange, NewLine
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import CART_LINE_QUANTITY_MAX

SPACE = UUID("5b8f4f0e-8a53-4f0c-9d2f-0c8de9a3a001")


def key(name: object) -> UUID:
    return uuid5(SPACE, str(name))


keys = st.tuples(st.integers(0, 3).map(key), st.sampled_from([(), (("gift", "yes"),), (("gift", "no"),)]))
quantities = st.integers(1, 50)


@st.composite
def carts(draw: st.DrawFn) -> tuple[Line, ...]:
    """Draw lines with different keys."""
    drawn = draw(st.lists(st.tuples(keys, quantities), max_size=8, unique_by=lambda each: each[0]))
    return tuple(
        Line(key(f"line {at}"), variant, key(f"product {variant}"), quantity, attributes, at + 1)
        for at, ((variant, attributes), quantity) in enumerate(drawn)
    )


@st.composite
def additions(draw: st.DrawFn) -> list[NewLine]:
    drawn = draw(st.lists(st.tuples(keys, quantities), max_size=8))
    return [
        NewLine(key(f"new {at}"), variant, key(f"product {variant}"), quantity, attributes, ("lines", str(at)))
        for at, ((variant, attributes), quantity) in enumerate(drawn)
    ]


def totals(lines: tuple[Line, ...]) -> dict[object, int]:
    assert len({line.key for line in lines}) == len(lines), "equal lines are one"
    assert len({line.id for line in lines}) == len(lines)
    return {line.key: line.quantity for line in lines}


@given(carts(), additions())
def test_adding_keeps_every_piece(present: tuple[Line, ...], new: list[NewLine]) -> None:
    expected = totals(present)
    for each in new:
        at = (each.variant_id, each.attributes)
        expected[at] = expected.get(at, 0) + each.quantity
    after = rules.added(present, new)
    assert totals(after) == expected
    assert [line.id for line in after[: len(present)]] == [line.id for line in present]


@given(carts(), st.data())
def test_updating_merges_and_loses_nothing_else(present: tuple[Line, ...], data: st.DataObject) -> None:
    changes = []
    wanted = {line.id: (line.key, line.quantity) for line in present}
    for line in present:
        if data.draw(st.booleans()):
            (variant, attributes), quantity = data.draw(keys), data.draw(st.integers(0, 50))
            changes.append(
                LineChange(line.id, ("lines", "0"), quantity, variant, key(f"product {variant}"), attributes)
            )
            wanted[line.id] = ((variant, attributes), quantity)
    expected: dict[object, int] = {}
    for at, quantity in wanted.values():
        if quantity:
            expected[at] = expected.get(at, 0) + quantity
    assert totals(rules.updated(present, changes)) == expected


@given(carts(), additions(), st.dictionaries(st.integers(0, 3).map(key), st.none() | st.integers(-5, 60)))
def test_what_grows_stops_at_the_stock(
    present: tuple[Line, ...], new: list[NewLine], left: dict[UUID, int | None]
) -> None:
    wanted = rules.added(present, new)
    after, notices = rules.capped(present, wanted, left)
    had, asked = totals(present), totals(wanted)
    for at, quantity in totals(after).items():
        assert had.get(at, 0) <= quantity <= asked[at]
    for variant, bound in left.items():
        if bound is None:
            continue
        before = sum(line.quantity for line in present if line.variant_id == variant)
        now = sum(line.quantity for line in after if line.variant_id == variant)
        assert now <= max(before, bound)
    short = sum(asked.values()) - sum(totals(after).values())
    assert bool(notices) == (short > 0)


def test_limits_hold_at_the_limit_and_not_one_past_it() -> None:
    one = NewLine(key(1), key("v"), key("p"), CART_LINE_QUANTITY_MAX, (), ("lines", "0"))
    (line,) = rules.added((), [one])
    assert line.quantity == CART_LINE_QUANTITY_MAX
    with pytest.raises(Rejected, match=str(CART_LINE_QUANTITY_MAX)):
        rules.added((line,), [NewLine(key(2), key("v"), key("p"), 1, (), ("lines", "0"))])
    other = Line(key(3), key("v"), key("p"), 1, (("a", "b"),), 2)
    with pytest.raises(Rejected) as refused:
        rules.updated((line, other), [LineChange(other.id, ("lines", "0"), attributes=())])
    assert refused.value.field == ["lines", "0", "quantity"]
