"""Properties of what may be sent and taken off."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.fulfilment import rules
from commerce_graph.fulfilment.rules import Left, ToSend
from commerce_graph.kernel.errors import Rejected


def _left(number: int, order_line: int, quantity: int, remaining: int) -> Left:
    return Left(UUID(int=number), UUID(int=1), UUID(int=order_line), None, quantity, min(quantity, remaining))


lines = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(0, 9)), max_size=6).map(
    lambda rows: [_left(number, *row) for number, row in enumerate(rows)]
)
wishes = st.lists(st.tuples(st.integers(0, 6).map(lambda number: UUID(int=number)), st.integers(-1, 10)), max_size=5)


@given(lines, st.none() | wishes)
def test_never_more_is_sent_than_is_left(left: list[Left], wanted: list[tuple[UUID, int]] | None) -> None:
    try:
        sent = rules.picked(left, wanted)
    except Rejected:
        return
    remaining = {line.id: line.remaining for line in left}
    assert sent
    assert all(0 < quantity <= remaining[line_id] for line_id, quantity in sent.items())
    assert sum(sent.values()) == (sum(remaining.values()) if wanted is None else sum(q for _, q in wanted))


@given(lines, st.none() | wishes)
def test_what_is_taken_off_is_what_was_asked_for(left: list[Left], wanted: list[tuple[UUID, int]] | None) -> None:
    try:
        off = rules.taken(left, wanted)
    except Rejected:
        return
    remaining = {line.id: line.remaining for line in left}
    assert all(0 < quantity <= remaining[line_id] for line_id, quantity in off.items())
    assert sum(off.values()) == (sum(remaining.values()) if wanted is None else sum(q for _, q in wanted))
    after = [
        replace(line, quantity=line.quantity - off.get(line.id, 0), remaining=line.remaining - off.get(line.id, 0))
        for line in left
    ]
    # What was sent stays sent.
    assert [x.quantity - x.remaining for x in after] == [x.quantity - x.remaining for x in left]
    if wanted is None:
        sent = any(line.quantity > line.remaining for line in left)
        assert rules.status_after(after) == ("CLOSED" if sent else "CANCELLED")


@given(lines)
def test_an_order_is_open_as_long_as_anything_is_left(left: list[Left]) -> None:
    open_ = rules.status_after(left) in ("OPEN", "IN_PROGRESS")
    assert open_ == any(line.remaining for line in left)


parts = st.lists(
    st.builds(
        ToSend,
        st.integers(1, 3).map(lambda number: UUID(int=number)),
        st.none(),
        st.none() | st.integers(1, 2).map(lambda number: UUID(int=number)),
        st.integers(0, 5),
    )
)


@given(parts)
def test_merging_loses_nothing(given_parts: list[ToSend]) -> None:
    merged = [part for group in rules.merged(given_parts).values() for part in group]
    assert sum(part.quantity for part in merged) == sum(part.quantity for part in given_parts)
    assert len({(part.location_id, part.order_line_id) for part in merged}) == len(merged)
    assert all(part.quantity > 0 for part in merged)
