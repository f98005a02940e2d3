"""Money is exact: minor units, ISO 4217 exponents, splits that add up."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.kernel.money import allocate, apply_bps, convert, exponent, included_bps, to_decimal, to_minor

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF"])
AMOUNTS = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(("currency", "places"), [("JPY", 0), ("EUR", 2), ("KWD", 3), ("CLF", 4)])
def test_exponents_are_those_of_iso_4217(currency: str, places: int) -> None:
    assert exponent(currency) == places


@pytest.mark.parametrize("currency", ["XXX", "XAU"])
def test_a_currency_without_minor_unit_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="no minor unit"):
        exponent(currency)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1.005"])
def test_an_amount_that_is_not_exact_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"finite|decimal places"):
        to_minor(Decimal(amount), "EUR")


@given(AMOUNTS, CURRENCIES)
def test_minor_units_survive_the_round_trip(amount: int, currency: str) -> None:
    assert to_minor(to_decimal(amount, currency), currency) == amount


@given(AMOUNTS, CURRENCIES)
def test_decimals_have_the_places_of_the_currency(amount: int, currency: str) -> None:
    assert -to_decimal(amount, currency).as_tuple().exponent == exponent(currency)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_parts_add_up_and_are_fair_to_one_unit(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    total = sum(weights) or len(weights)
    for part, weight in zip(parts, weights if sum(weights) else [1] * len(weights), strict=True):
        assert abs(Decimal(part) - Decimal(amount) * weight / total) < 1


@given(st.integers(0, 10**12), st.integers(0, 10_000))
def test_tax_within_a_gross_amount_is_the_tax_upon_its_net(gross: int, rate: int) -> None:
    included = included_bps(gross, rate)
    assert abs(apply_bps(gross - included, rate) - included) <= 1


def test_half_a_minor_unit_goes_up() -> None:
    assert apply_bps(50, 100) == 1
    assert included_bps(1, 10_000) == 1


def test_convert_between_exponents() -> None:
    assert convert(1000, "EUR", "JPY", Decimal("160.5")) == 1605
    assert convert(1605, "JPY", "KWD", Decimal("0.002")) == 3210
