"""The rules of orders: parts of money sum to the whole, and the state machines only move forward."""

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.kernel.clock import new_id, now
from commerce_graph.order import rules
from commerce_graph.order.rules import Books, Pieces, Priced

amounts = st.integers(0, 10**12)
priced = st.builds(Priced, amounts, st.integers(0, 10**11))


def total(lines: list[Priced], shipping: int, tax: int, included: bool) -> int:
    return sum(line.total_minor for line in lines) + shipping + (0 if included else tax)


@given(st.lists(priced, min_size=1, max_size=20), amounts, amounts, st.booleans())
def test_shares_sum_to_the_total(lines: list[Priced], shipping: int, tax: int, included: bool) -> None:
    whole = total(lines, shipping, tax, included)
    shares = rules.shares(whole, shipping, tax, included, lines)
    assert sum(shares.lines) + shares.shipping == whole
    assert min(shares.lines) >= 0
    assert shares.shipping >= 0


@given(st.lists(priced, min_size=1, max_size=20), amounts, st.integers(0, 10**9), st.booleans())
def test_shares_are_price_and_tax_where_taxes_add_up(
    lines: list[Priced], shipping: int, shipping_tax: int, included: bool
) -> None:
    tax = sum(line.tax_minor for line in lines) + shipping_tax
    shares = rules.shares(total(lines, shipping, tax, included), shipping, tax, included, lines)
    assert list(shares.lines) == [line.total_minor + (0 if included else line.tax_minor) for line in lines]
    assert shares.shipping == shipping + (0 if included else shipping_tax)


@given(amounts, st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_pieces_refunded_in_any_portions_get_the_whole(line_minor: int, portions: list[int]) -> None:
    quantity, before, given_back = sum(portions), 0, 0
    for pieces in portions:
        part = rules.share_of(line_minor, quantity, before, pieces)
        assert part >= 0
        # No portion is more than its proportion and one minor unit.
        assert abs(part * quantity - line_minor * pieces) < quantity
        given_back += part
        before += pieces
    assert given_back == line_minor


@given(
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(-2, 1002),
    st.sampled_from(["CANCEL", "RETURN", "NO_RESTOCK"]),
)
def test_a_refund_takes_only_pieces_that_are_there(unsent: int, kept: int, quantity: int, kind: str) -> None:
    pieces = Pieces(unsent + kept, unsent)
    most = {"CANCEL": unsent, "RETURN": kept, "NO_RESTOCK": unsent + kept}[kind]
    if 1 <= quantity <= most:
        never_sent, sent = rules.take(pieces, kind, quantity)
        assert never_sent + sent == quantity
        assert 0 <= never_sent <= unsent
        assert 0 <= sent <= kept
    else:
        with pytest.raises(ValueError, match=str(most)):
            rules.take(pieces, kind, quantity)


@given(st.integers(0, 100), st.lists(st.integers(0, 30), max_size=8))
def test_spread_takes_what_there_is(wanted: int, held: list[int]) -> None:
    places = [(UUID(int=index), quantity) for index, quantity in enumerate(held)]
    taken = rules.spread(wanted, places)
    assert sum(quantity for _, quantity in taken) == min(wanted, sum(held))
    assert all(0 < quantity <= dict(places)[place] for place, quantity in taken)


steps = st.lists(st.tuples(st.sampled_from(["authorize", "capture", "refund", "void", "cancel"]), st.integers(0, 100)))


@given(st.integers(0, 100), steps)
def test_financial_status_moves_forward_only(due: int, moves: list[tuple[str, int]]) -> None:
    books, cancelled = Books(due), False
    seen = [rules.financial_status(books)]
    for move, size in moves:
        authorized, captured, refunded, voided = (
            books.authorized_minor, books.captured_minor, books.refunded_minor, books.voided_minor,
        )  # fmt: skip
        if move == "authorize" and not authorized:
            authorized = due
        elif move == "capture":
            captured = min(authorized - voided, captured + size)
        elif move == "refund":
            refunded = min(captured, refunded + size)
        elif move == "void" and not captured:
            voided = authorized
        elif move == "cancel":
            cancelled = cancelled or not authorized
            continue
        if cancelled:
            continue
        # What was given back is not captured again: the books of a refunded order are closed.
        if refunded and captured > books.captured_minor:
            continue
        books = Books(due, authorized, captured, refunded, voided)
        seen.append(rules.financial_status(books))
    for present, wanted in pairwise(seen):
        assert rules.FINANCIAL.allows(present, wanted), (present, wanted)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10)), max_size=20), st.integers(1, 50))
def test_fulfilment_status_moves_forward_only(moves: list[tuple[bool, int]], ordered: int) -> None:
    sent, unsent = 0, ordered
    seen = [rules.fulfillment_status(sent, unsent)]
    for sending, size in moves:
        part = min(size, unsent)
        unsent -= part
        sent += part if sending else 0
        seen.append(rules.fulfillment_status(sent, unsent))
    for present, wanted in pairwise(seen):
        assert rules.FULFILMENT.allows(present, wanted), (present, wanted)


@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(1, 10**6), st.booleans())))
def test_refundable_is_never_more_than_captured(captured: int, asked: list[tuple[int, bool]]) -> None:
    promised = refunded = 0
    for amount, answered in asked:
        if amount <= rules.refundable(Books(captured, captured, captured, refunded), promised):
            promised += amount
            refunded += amount if answered else 0
    assert refunded <= promised <= captured


def test_status_of_a_cancelled_order_without_payment_is_voided() -> None:
    assert rules.financial_status(Books(100)) == "PENDING"
    assert rules.financial_status(Books(100), cancelled=True) == "VOIDED"
    assert rules.financial_status(Books(0)) == "PAID"
    assert rules.financial_status(Books(100, 100, 40)) == "PARTIALLY_PAID"


def test_names_of_the_moment_and_the_order() -> None:
    key = new_id()
    assert abs(rules.moment_of(key) - now()) < timedelta(minutes=1)
    assert len(rules.confirmation_number(key)) == 9
