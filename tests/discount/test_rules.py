"""Discounts as arithmetic: allocation, eligibility, the best combination, and a total that computes again."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.cart.service.sums import Factors, add_up, record, replay
from commerce_graph.discount.rules import Discount, Goods, Items, Purchase, check, class_of, decide
from commerce_graph.discount.rules.definition import narrowed
from commerce_graph.discount.rules.effect import across, effect, gifts
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import DISCOUNTS_WEIGHED_MAX
from commerce_graph.pricing.service import TaxRate

AT = datetime(2026, 4, 1, tzinfo=UTC)
IDS = [UUID(int=n) for n in range(1, 9)]
CLASSES = ("PRODUCT", "ORDER", "SHIPPING")


def goods(number: int, quantity: int = 1, unit_minor: int = 1000) -> Goods:
    return Goods(
        UUID(int=100 + number), UUID(int=200 + number), IDS[number], quantity, unit_minor, frozenset([IDS[number % 2]])
    )


def buying(*lines: Goods, shipping: int | None = 500, customer: UUID | None = None) -> Purchase:
    return Purchase("EUR", AT, lines, customer, "DE", True, shipping)


def made(number: int = 1, kind: str = "BASIC", **terms: object) -> Discount:
    one = Discount(UUID(int=number), kind, f"Discount {number}", "ORDER", AT - timedelta(days=1), **terms)  # type: ignore[arg-type]
    return replace(one, discount_class=class_of(one))


amounts = st.integers(0, 10**9)
lines = st.lists(
    st.builds(goods, st.integers(0, 7), st.integers(1, 50), st.integers(0, 100_000)), min_size=1, max_size=6
)
some_items = st.builds(
    lambda products: Items(False, products=frozenset(products)) if products else Items(),
    st.lists(st.sampled_from(IDS), max_size=4),
)
basics = st.builds(
    lambda number, bps, amount, each, items, combines, least: made(
        number, percentage_bps=bps, amount_minor=None if bps else amount, each_item=not bps and each, items=items,
        currency="EUR", combines=frozenset(combines), minimum_subtotal_minor=least,
    ),
    st.integers(1, 10**6), st.none() | st.integers(1, 10_000), st.integers(1, 200_000), st.booleans(), some_items,
    st.lists(st.sampled_from(CLASSES)), st.none() | st.integers(1, 500_000),
)  # fmt: skip
bxgys = st.builds(
    lambda number, buys, gets, bps, bought, given_, most: made(
        number, "BXGY", buys_quantity=buys, gets_quantity=gets, percentage_bps=bps, buys=bought, items=given_,
        uses_per_order_max=most, combines=frozenset(["ORDER"]),
    ),
    st.integers(1, 10**6), st.integers(1, 4), st.integers(1, 4), st.integers(1, 10_000), some_items, some_items,
    st.none() | st.integers(1, 3),
)  # fmt: skip
shippings = st.builds(
    lambda number, combines: made(number, "FREE_SHIPPING", combines=frozenset(combines)),
    st.integers(1, 10**6), st.lists(st.sampled_from(["PRODUCT", "ORDER"])),
)  # fmt: skip
offers = st.lists(st.one_of(basics, bxgys, shippings), max_size=8, unique_by=lambda each: each.id)


@given(st.lists(amounts, min_size=1, max_size=20), st.data())
def test_an_amount_is_split_to_the_cent_and_no_line_falls_below_zero(left: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(left)))
    parts = across(amount, left)
    assert sum(parts) == amount
    assert all(0 <= part <= whole for part, whole in zip(parts, left, strict=True))
    exact = [amount * whole / (sum(left) or 1) for whole in left]
    assert all(abs(part - share) < 1 + 1e-6 * share for part, share in zip(parts, exact, strict=True))
    with pytest.raises(ValueError, match="more than"):
        across(sum(left) + 1, left)


def test_ten_euros_over_three_equal_lines() -> None:
    assert across(1000, [1999, 1999, 1999]) == (334, 333, 333)
    assert across(1000, [2000, 1000, 3]) == (666, 333, 1)


@given(lines, offers)
def test_nothing_costs_less_than_nothing_and_parts_add_up(bought: list[Goods], offered: list[Discount]) -> None:
    purchase = buying(*bought)
    decision = decide(purchase, offered)
    left = [line.gross_minor for line in bought]
    for applied in decision.applied:
        assert applied.effect.total_minor > 0
        assert all(part >= 0 for part in applied.effect.by_line_minor)
        left = [before - part for before, part in zip(left, applied.effect.by_line_minor, strict=True)]
        assert min(left) >= 0
    assert sum(each.effect.shipping_minor for each in decision.applied) <= 500
    assert {each.discount.id for each in decision.verdicts} == {each.id for each in offered}
    told = {each.discount.id: each.amount_minor for each in decision.verdicts if each.reason.name == "APPLIED"}
    assert told == {each.discount.id: each.effect.total_minor for each in decision.applied}


@given(lines, offers, st.randoms())
def test_the_order_of_the_offers_changes_nothing(bought: list[Goods], offered: list[Discount], random: object) -> None:
    shuffled = list(offered)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(buying(*bought), shuffled) == decide(buying(*bought), offered)


@given(lines, offers)
def test_the_buyer_gets_the_best_of_what_may_be_combined(bought: list[Goods], offered: list[Discount]) -> None:
    purchase = buying(*bought)
    chosen = decide(purchase, offered)
    assert all(a.discount.goes_with(b.discount) for a, b in combinations(chosen.applied, 2))
    for size in (1, 2, 3):
        for some in combinations(offered, size):
            if all(a.goes_with(b) for a, b in combinations(some, 2)):
                # Each alone with these: their rules allow it, so no more can come of it than what was chosen.
                assert decide(purchase, some).total_minor <= chosen.total_minor


@given(lines, bxgys)
def test_no_piece_is_both_bought_and_given(bought: list[Goods], offer: Discount) -> None:
    taken = gifts(offer, bought)
    pieces = sum(taken)
    uses, rest = divmod(pieces, offer.gets_quantity)
    assert rest == 0
    assert uses <= (offer.uses_per_order_max or uses)
    assert all(
        n <= line.quantity and (n == 0 or offer.items.cover(line)) for n, line in zip(taken, bought, strict=True)
    )
    to_buy = sum(line.quantity - n for n, line in zip(taken, bought, strict=True) if offer.buys.cover(line))
    assert to_buy >= uses * offer.buys_quantity


def test_buy_two_get_the_cheapest_free() -> None:
    offer = made(kind="BXGY", buys_quantity=2, gets_quantity=1, percentage_bps=10_000)
    bought = [goods(0, 3, 5000), goods(1, 2, 1000), goods(2, 1, 3000)]
    assert gifts(offer, bought) == [0, 2, 0], "six pieces are two uses"
    assert gifts(replace(offer, uses_per_order_max=1), bought) == [0, 1, 0]
    assert gifts(offer, [goods(0, 2)]) == [0]
    one = replace(offer, buys=Items(False, frozenset([IDS[0]])), items=Items(False, frozenset([IDS[1]])))
    assert gifts(one, bought) == [0, 1, 0]
    assert effect(one, buying(*bought), [15_000, 2000, 3000], 0).by_line_minor == (0, 1000, 0)


def test_the_example_of_the_documentation() -> None:
    each = made(1, amount_minor=500, each_item=True, currency="EUR", items=Items(False, frozenset([IDS[0]])),
                combines=frozenset(["ORDER"]))  # fmt: skip
    tenth = made(2, percentage_bps=1000, combines=frozenset(["PRODUCT"]))
    purchase = buying(goods(0, 2, 4900), goods(1, 1, 999), shipping=490)
    sums = add_up(Factors(purchase, [True, True], TaxRate("VAT", 1900, True), True, [tenth, each]))
    assert (sums.off_lines_minor, sums.off_order_minor, sums.subtotal_minor) == ([1000, 0], [880, 100], 9799)
    assert sums.total_minor == 9309


def test_a_percentage_of_products_and_an_amount_off_the_rest() -> None:
    tenth = made(1, percentage_bps=1000, items=Items(False, frozenset([IDS[0]])), combines=frozenset(["ORDER"]))
    five = made(2, amount_minor=500, currency="EUR", combines=frozenset(["PRODUCT"]))
    decision = decide(buying(goods(0, 1, 1999), goods(1, 1, 1000)), [five, tenth])
    assert [each.effect.by_line_minor for each in decision.applied] == [(200, 0), (321, 179)]
    alone = decide(buying(goods(0, 1, 1999), goods(1, 1, 1000)), [replace(five, combines=frozenset()), tenth])
    assert {each.discount.id.int: each.reason.name for each in alone.verdicts} == {1: "NOT_COMBINED", 2: "APPLIED"}
    strict = replace(five, combines=frozenset())
    assert five.goes_with(tenth)
    assert not strict.goes_with(tenth)
    assert not tenth.goes_with(strict), "both must allow it"


ONE = buying(goods(0, 2, 1000))
TENTH = made(percentage_bps=1000)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"starts_at": AT + timedelta(seconds=1)}, "CURRENTLY_INACTIVE"),
        ({"ends_at": AT}, "CURRENTLY_INACTIVE"),
        ({"usage_limit": 3, "used": 3}, "USAGE_LIMIT_REACHED"),
        ({"customers": frozenset([IDS[0]])}, "ELIGIBLE_CUSTOMER_MISSING"),
        ({"once_per_customer": True, "used_before": True}, "CUSTOMER_USAGE_LIMIT_REACHED"),
        ({"currency": "USD", "percentage_bps": None, "amount_minor": 1}, "CURRENCY_MISMATCH"),
        ({"items": Items(False, frozenset([IDS[1]]))}, "NO_ENTITLED_LINE_ITEMS"),
        ({"minimum_quantity": 3}, "QUANTITY_NOT_IN_RANGE"),
        ({"minimum_subtotal_minor": 2001}, "PURCHASE_NOT_IN_RANGE"),
        ({"kind": "FREE_SHIPPING", "countries": frozenset(["FR"])}, "NO_ENTITLED_SHIPPING_LINES"),
        ({"kind": "FREE_SHIPPING", "shipping_max_minor": 499}, "NO_ENTITLED_SHIPPING_LINES"),
        ({"kind": "BXGY", "buys_quantity": 2, "gets_quantity": 1}, "NO_EFFECT"),
        # And at each bound:
        ({"starts_at": AT, "ends_at": AT + timedelta(seconds=1)}, "APPLIED"),
        ({"usage_limit": 4, "used": 3, "once_per_customer": True}, "APPLIED"),
        ({"minimum_quantity": 2}, "APPLIED"),
        ({"minimum_subtotal_minor": 2000}, "APPLIED"),
        ({"kind": "FREE_SHIPPING", "shipping_max_minor": 500, "countries": frozenset(["DE"])}, "APPLIED"),
        ({"items": Items(False, collections=frozenset([IDS[0]]))}, "APPLIED"),
    ],
)
def test_each_reason(terms: dict[str, object], reason: str) -> None:
    one = replace(TENTH, **terms)  # type: ignore[arg-type]
    one = replace(one, discount_class=class_of(one))
    (verdict,) = decide(ONE, [one]).verdicts
    assert verdict.reason.name == reason
    assert (verdict.amount_minor > 0) == (reason == "APPLIED")


def test_customers_and_a_delivery_that_is_not_chosen() -> None:
    known = replace(TENTH, customers=frozenset([IDS[0]]))
    assert decide(replace(ONE, customer_id=IDS[0]), [known]).total_minor == 200
    assert decide(replace(ONE, customer_id=IDS[1]), [known]).verdicts[0].reason.name == "CUSTOMER_NOT_ELIGIBLE"
    (waiting,) = decide(replace(ONE, shipping_minor=None), [made(kind="FREE_SHIPPING")]).verdicts
    assert waiting.reason.name == "DELIVERY_NOT_CHOSEN"


def test_many_offers_are_bounded() -> None:
    every = frozenset(CLASSES)
    offered = [
        made(n, percentage_bps=100 * n, items=Items(False, frozenset(IDS)), combines=every) for n in range(1, 51)
    ]
    decision = decide(ONE, offered)
    assert len(decision.applied) == DISCOUNTS_WEIGHED_MAX
    assert {each.discount.id.int for each in decision.applied} == set(range(39, 51)), "those that take most off"


rates = st.none() | st.builds(TaxRate, st.just("VAT"), st.integers(0, 3000), st.booleans())


@given(lines, offers, rates, st.booleans(), st.none() | st.integers(0, 5000), st.data())
def test_a_stored_purchase_comes_to_the_same_total(
    bought: list[Goods], offered: list[Discount], rate: TaxRate | None, included: bool, shipping: int | None,
    data: st.DataObject,
) -> None:  # fmt: skip
    purchase = buying(*bought, shipping=shipping, customer=IDS[0])
    taxable = data.draw(st.lists(st.booleans(), min_size=len(bought), max_size=len(bought)))
    factors = Factors(purchase, taxable, rate, included, [narrowed(each, purchase) for each in offered])
    sums = add_up(factors)
    assert (
        sums == add_up(replace(factors, discounts=offered))
        or sums.total_minor == add_up(replace(factors, discounts=offered)).total_minor
    ), "what a purchase has nothing to do with can be left out"
    again = replay(json.loads(json.dumps(record(factors, sums))))
    assert (again.total_minor, again.taxes, again.outcomes) == (sums.total_minor, sums.taxes, sums.outcomes)
    added = 0 if included else sums.taxes.total_minor
    assert sums.total_minor == sums.gross_minor + (shipping or 0) - sums.discount_minor + added >= 0
    assert sums.goods_minor + sums.shipping_minor + added == sums.total_minor


@pytest.mark.parametrize(
    ("terms", "code", "field"),
    [
        ({"title": " "}, "BLANK", "title"),
        ({"title": "x" * 256}, "TOO_LONG", "title"),
        ({"code": ""}, "BLANK", "code"),
        ({"code": "a\x00"}, "INVALID", "code"),
        ({"ends_at": AT - timedelta(days=2)}, "INVALID", "endsAt"),
        ({"usage_limit": 0}, "VALUE_OUTSIDE_RANGE", "usageLimit"),
        ({"percentage_bps": 10_001}, "VALUE_OUTSIDE_RANGE", "customerGets"),
        ({"percentage_bps": None}, "MISSING_ARGUMENT", "customerGets"),
        ({"amount_minor": 1}, "MISSING_ARGUMENT", "customerGets"),
        ({"gets_quantity": 1}, "INVALID", "customerGets"),
        ({"starts_at": datetime(1, 1, 1, tzinfo=UTC)}, "VALUE_OUTSIDE_RANGE", "startsAt"),
        ({"items": Items(False)}, "MISSING_ARGUMENT", "customerGets"),
        ({"items": Items(True, frozenset(IDS))}, "CONFLICT", "customerGets"),
        ({"items": Items(False, frozenset(UUID(int=n) for n in range(251)))}, "EXCEEDED_MAX", "customerGets"),
        ({"customers": frozenset()}, "VALUE_OUTSIDE_RANGE", "context"),
        ({"minimum_quantity": 1, "minimum_subtotal_minor": 1}, "CONFLICT", "minimumRequirement"),
        ({"kind": "BXGY", "gets_quantity": 1}, "VALUE_OUTSIDE_RANGE", "customerBuys"),
        ({"kind": "FREE_SHIPPING", "combines": frozenset(["SHIPPING"])}, "CONFLICT", "combinesWith"),
        ({"kind": "FREE_SHIPPING", "countries": frozenset()}, "MISSING_ARGUMENT", "destination"),
    ],
)
def test_terms_that_cannot_be(terms: dict[str, object], code: str, field: str) -> None:
    check(TENTH)
    with pytest.raises(Rejected) as refused:
        check(replace(TENTH, **terms))  # type: ignore[arg-type]
    assert (refused.value.code, (refused.value.field or [""])[0]) == (code, field)
