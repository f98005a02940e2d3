"""The arithmetic of taxes, and how money is written."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.kernel.clock import new_id
from commerce_graph.pricing.graph import names
from commerce_graph.pricing.rules import Market, NewPrice, TaxRate, last_of_each, tax

LINES = st.lists(st.tuples(st.integers(0, 10**12), st.booleans()), max_size=30)
RATES = st.builds(TaxRate, st.just("VAT"), st.integers(0, 10_000), st.booleans())
AMOUNTS = st.integers(0, 10**9)


@given(LINES, RATES, AMOUNTS, st.booleans())
def test_the_total_is_the_sum_of_its_parts(
    lines: list[tuple[int, bool]], rate: TaxRate, shipping: int, included: bool
) -> None:
    found = tax(rate, lines, shipping, included=included)
    assert found.total_minor == sum(found.by_line_minor) + found.shipping_minor
    assert found.total_minor == sum(line.amount_minor for line in found.lines)
    assert len(found.by_line_minor) == len(lines)
    assert all(share == 0 for share, (_, taxable) in zip(found.by_line_minor, lines, strict=True) if not taxable)
    assert rate.on_shipping or found.shipping_minor == 0


@given(AMOUNTS, RATES)
def test_each_share_is_within_half_a_unit_of_the_exact_tax(amount: int, rate: TaxRate) -> None:
    added = tax(rate, [(amount, True)], 0, included=False).total_minor
    assert -10_000 < 2 * (added * 10_000 - amount * rate.rate_bps) <= 10_000
    inside = tax(rate, [(amount, True)], 0, included=True).total_minor
    whole = 10_000 + rate.rate_bps
    assert -whole < 2 * (inside * whole - amount * rate.rate_bps) <= whole
    assert 0 <= inside <= added


@given(AMOUNTS, RATES)
def test_tax_taken_out_of_a_price_is_the_tax_that_was_added(net: int, rate: TaxRate) -> None:
    gross = net + tax(rate, [(net, True)], 0, included=False).total_minor
    assert abs(gross - tax(rate, [(gross, True)], 0, included=True).total_minor - net) <= 1


@pytest.mark.parametrize(("amount", "expected"), [(1, 0), (2, 1), (3, 1), (4, 1), (6, 2)])
def test_halves_are_rounded_up(amount: int, expected: int) -> None:
    rate = TaxRate("VAT", 2500, True)
    assert tax(rate, [(amount, True)], 0, included=False).by_line_minor == [expected]


def test_a_place_without_a_rate_is_not_taxed() -> None:
    for rate in (None, TaxRate("VAT", 0, True)):
        found = tax(rate, [(100, True)], 50, included=True)
        assert (found.by_line_minor, found.total_minor, found.lines) == ([0], 0, [])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 9)), max_size=20))
def test_the_last_price_of_each_variant_and_market_counts(given_prices: list[tuple[int, int, int]]) -> None:
    new = [NewPrice(UUID(int=0), UUID(int=variant), UUID(int=m), amount) for variant, m, amount in given_prices]
    rows = last_of_each(new)
    at = [(row.market_id, row.variant_id) for row in rows]
    assert at == sorted(set(at))
    assert {(r.market_id, r.variant_id): r.amount_minor for r in rows} == {
        (n.market_id, n.variant_id): n.amount_minor for n in new
    }


def test_a_market_answers_in_a_language_it_speaks() -> None:
    market = Market(new_id(), "eu", "Europe", "EUR", "EN", True, "DE", ["DE"], ["DE", "EN"])
    assert [market.answer_language(wanted) for wanted in ("DE", "JA", None)] == ["DE", "EN", "EN"]


@pytest.mark.parametrize(
    ("currency", "language", "country", "expected"),
    [
        ("USD", "EN", "US", "${{amount}}"),
        ("EUR", "DE", "DE", "{{amount_with_comma_separator}} €"),
        ("CHF", "DE", "CH", "CHF {{amount_with_apostrophe_separator}}"),
        ("EUR", "FR", "FR", "{{amount_with_space_separator}} €"),
        ("JPY", "EN", "US", "¥{{amount_no_decimals}}"),
    ],
)
def test_money_is_written_as_its_country_does(currency: str, language: str, country: str, expected: str) -> None:
    assert names.money_format(currency, language, country) == expected


def test_names_fall_back_to_what_there_is() -> None:
    assert names.country_name("AT", "DE") == "Österreich"
    assert names.language_name("PT_BR", "EN") == "Portuguese (Brazil)"
    assert names.language_name("PT_BR", "PT_BR") == "português (Brasil)"
    assert names.language_name("QQ", "EN") == "QQ"
    assert names.country_name("QQ", "EN") == "QQ"
    assert names.currency_symbol("QQQ", "EN") == "QQQ"
    assert names.locale("QQ", "DE").language == "en"
