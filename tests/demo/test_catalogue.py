"""The products as pure data: any of them at any time, none like another, at the size of a large shop."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.demo import prices
from commerce_graph.demo.catalogue import PER_ROUND, VARIANTS_PER_PRODUCT_KEYS, WARES, Catalogue, gtin
from commerce_graph.demo.dice import Dice, Kind, key
from commerce_graph.demo.goods import COLORS
from commerce_graph.demo.materials import materials
from commerce_graph.demo.pictures import draw

LARGE = Catalogue(100_000)


@pytest.mark.parametrize("ware", WARES, ids=lambda ware: ware.kind)
def test_no_two_products_of_a_large_shop_have_one_name(ware) -> None:
    titles = [ware.name(number)[0] for number in range(100_000 // PER_ROUND * ware.share + ware.share)]
    assert len(set(titles)) == len(titles)


def test_no_two_kinds_share_a_name() -> None:
    titles = Counter(title for ware in WARES for title in {ware.name(number)[0] for number in range(2_000)})
    assert [title for title, times in titles.items() if times > 1] == []


@given(st.integers(0, 99_999))
def test_a_product_is_the_same_whenever_it_is_made(number: int) -> None:
    assert LARGE.product(number) == LARGE.product(number)
    assert LARGE.product(number).description == Catalogue(100_000).product(number).description


@given(st.integers(0, 99_999))
def test_a_product_is_whole(number: int) -> None:
    product = LARGE.product(number)
    assert 2 <= len(product.pictures) <= 4
    assert 1 <= len(product.variants) < VARIANTS_PER_PRODUCT_KEYS
    assert len({variant.values for variant in product.variants}) == len(product.variants)
    for variant in product.variants:
        assert product.pictures[variant.picture]
        assert (variant.weight_g > 0) is not product.ware.digital
        for value in variant.values:
            if value in COLORS and len(product.pictures) > 1:
                assert f"-{value.lower()}-" in product.pictures[variant.picture].url
    assert all(draw(picture.url.removeprefix("/media/").removesuffix(".svg")) for picture in product.pictures)
    html, text = product.description
    assert "{" not in html + text


@given(st.floats(1, 2_000), st.integers(5, 60))
def test_prices_end_as_people_write_them(euros: float, off: int) -> None:
    now = prices.prices(euros)
    eur, usd, jpy = now
    assert eur % 100 in (90, 0)
    assert usd % 100 in (95, 0)
    assert jpy % 100 in (80, 0)
    assert all(old > new for old, new in zip(prices.before(now, euros, off), now, strict=True))


def test_check_digits_are_those_of_the_standard() -> None:
    assert gtin(0) == "2000000000008"
    assert gtin(1) == "2000000000015"
    assert gtin(6_399_999) == "2000063999991" or len(gtin(6_399_999)) == 13


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_different_numbers_have_different_keys(one: int, other: int) -> None:
    assert (key(Kind.VARIANT, one) == key(Kind.VARIANT, other)) is (one == other)
    assert key(Kind.VARIANT, one) != key(Kind.PRODUCT, one)
    assert key(Kind.VARIANT, one).version == 7


@given(st.integers(1, 10**9), st.text(max_size=20))
def test_dice_stay_on_the_table(end: int, name: str) -> None:
    dice = Dice(name)
    assert all(0 <= dice.below(end) < end for _ in range(50))
    assert [Dice(name).roll() for _ in range(2)] == [Dice(name).roll()] * 2


def test_materials_are_those_that_a_stuff_is_described_by() -> None:
    assert materials("boiled wool") == ("Wool",)
    assert materials("alpaca, silk and wool-lined TWEED") == ("Alpaca", "Silk", "Wool")
    assert materials("moss, rain and cold stone") == ()
    made = [materials(stuff) for ware in WARES if not ware.digital for stuff in ware.modifiers.values()]
    assert sum(map(bool, made)) > 0.85 * len(made), "most goods can be chosen by what they are of"
