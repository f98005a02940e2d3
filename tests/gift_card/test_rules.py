"""Properties of what cards pay, and of how a refund is split over the ways that money came."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.gift_card import rules
from commerce_graph.gift_card.rules import Card
from commerce_graph.payment.rules import GIFT_CARD, Step, refund_parts
from tests.payment.test_rules import step

TODAY = date(2026, 5, 1)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def of(number: int, balance: int, currency: str = "EUR", days: int | None = None, ended: bool = False) -> Card:
    expires = None if days is None else TODAY + timedelta(days=days)
    return Card(
        UUID(int=number), "ABCD", currency, 1, balance, expires, AT if ended else None, None, None, None, AT, AT
    )


cards = st.lists(
    st.builds(
        of, st.integers(0, 2**32), st.integers(0, 5_000), st.sampled_from(["EUR", "EUR", "USD"]),
        st.sampled_from([None, -1, 0, 1]), st.sampled_from([False, False, True]),
    ),
    unique_by=lambda card: card.id, max_size=8,
)  # fmt: skip


@given(st.integers(0, 10_000), cards)
def test_cards_pay_all_that_they_can_and_no_more(total: int, some: list[Card]) -> None:
    paid = rules.parts(total, some, "EUR", TODAY)
    usable = [card for card in some if rules.why_not(card, "EUR", TODAY) is None]
    assert [part.card for part in paid] == usable
    assert all(0 <= part.amount_minor <= part.card.balance_minor for part in paid)
    assert sum(part.amount_minor for part in paid) == min(total, sum(card.balance_minor for card in usable))


@given(st.integers(1, 10_000), cards)
def test_what_was_agreed_is_held_against_the_cards_as_they_are_now(total: int, some: list[Card]) -> None:
    paid = [part for part in rules.parts(total, some, "EUR", TODAY) if part.amount_minor]
    held = {card.id: card for card in some}
    assert rules.lacking(held, paid, "EUR", TODAY) is None
    for part in paid:
        less = replace(part.card, balance_minor=part.amount_minor - 1)
        for changed in ({**held, less.id: less}, {k: v for k, v in held.items() if k != less.id}):
            assert rules.lacking(changed, paid, "EUR", TODAY) is not None


def test_the_last_day_is_a_day_on_which_it_pays() -> None:
    assert [rules.why_not(of(1, 5, days=days), "EUR", TODAY) is None for days in (-1, 0, 1)] == [False, True, True]


def paid(number: int, provider: str, amount: int) -> Step:
    known = replace(step("SALE", "SUCCESS", amount), id=UUID(int=number), provider=provider)
    return replace(known, reference=f"card {number}" if provider == GIFT_CARD else "charge")


ways = st.lists(st.tuples(st.sampled_from([GIFT_CARD, "manual", "test"]), st.integers(1, 5_000)), max_size=6)


@given(ways, st.lists(st.integers(1, 3_000), max_size=6))
def test_refunds_in_any_portions_give_back_what_came_by_each_way(
    some: list[tuple[str, int]], portions: list[int]
) -> None:
    steps = [paid(number, *each) for number, each in enumerate(some)]
    left = sum(amount for _, amount in some)
    for asked in [*portions, 10**6]:
        parts = refund_parts(steps, asked)
        assert sum(part for _, part in parts) == min(asked, left)
        left -= min(asked, left)
        steps += [
            replace(step("REFUND", "SUCCESS", part), provider=way.provider, parent_id=way.id) for way, part in parts
        ]
    for provider in ("manual", "test"):
        came = sum(amount for name, amount in some if name == provider)
        assert sum(each.amount_minor for each in steps if (each.kind, each.provider) == ("REFUND", provider)) == came
    cards = {each.id: each.amount_minor for each in steps if (each.kind, each.provider) == ("SALE", GIFT_CARD)}
    back = dict.fromkeys(cards, 0)
    for each in steps:
        if each.kind == "REFUND" and each.provider == GIFT_CARD and each.parent_id is not None:
            back[each.parent_id] += each.amount_minor
    assert back == cards


def test_what_was_paid_last_goes_back_first() -> None:
    steps = [paid(1, GIFT_CARD, 500), paid(2, GIFT_CARD, 300), paid(3, "test", 700)]
    assert [(each.id.int, part) for each, part in refund_parts(steps, 1_100)] == [(3, 700), (2, 300), (1, 100)]
