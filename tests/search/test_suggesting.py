"""Which queries may be offered to others, how popular they are, and how a suggestion is written."""

import html
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.kernel.limits import (
    SUGGESTED_QUERY_ASKED_MIN,
    SUGGESTED_QUERY_CHARS_MAX,
    SUGGESTED_QUERY_WORDS_MAX,
)
from commerce_graph.kernel.query_syntax import parse
from commerce_graph.search.rules.planning import plan
from commerce_graph.search.rules.suggesting import (
    HALF_LIFE_S,
    almost,
    hotter,
    popular_heat,
    shared_out,
    styled,
    tellable,
)


def told(text: str) -> str | None:
    return tellable(text, plan(parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "", "ab", "!!!", "ada@example.com", "+49 30 1234567", "4111 1111 1111 1111", "order 10234", "0151/23456",
        "www.example", "example.com", "http://x", "tag:summer", "lamp -red", '"ada byron"', "lam*", "a\u0000bc",
        "a\u202ebc", "a OR b lamp", "x" * (SUGGESTED_QUERY_CHARS_MAX + 1), "ab " * (SUGGESTED_QUERY_WORDS_MAX + 1),
    ],
)  # fmt: skip
def test_what_is_nobody_elses_business(text: str) -> None:
    assert told(text) is None


@pytest.mark.parametrize(
    "text", ["desk lamp", "iphone 15", "café", "x" * SUGGESTED_QUERY_CHARS_MAX, "ab cd ef gh ij kl"]
)
def test_what_may_be_told(text: str) -> None:
    assert told(f"  {text.upper()} ") == text


def test_heat_is_popularity_that_halves() -> None:
    now = 1_800_000_000.0
    assert hotter(0, 1, now) == now
    twice = hotter(now, 1, now)
    assert twice == now + HALF_LIFE_S, "after its half-life it is worth one again"
    assert math.isclose(hotter(twice, 1, now + HALF_LIFE_S), now + 2 * HALF_LIFE_S)
    assert hotter(0, SUGGESTED_QUERY_ASKED_MIN, now) >= popular_heat(now)
    assert hotter(0, SUGGESTED_QUERY_ASKED_MIN - 1, now) < popular_heat(now)
    assert hotter(0, SUGGESTED_QUERY_ASKED_MIN, now) < popular_heat(now + 1)
    assert math.isfinite(hotter(1.0, 1, now)), "however long ago that was"


@pytest.mark.parametrize(
    ("text", "typed", "html_"),
    [
        ("snowboard", "sno", "<mark>sno</mark><span>wboard</span>"),
        ("Lámpara", "LAM", "<mark>Lám</mark><span>para</span>"),
        ("lamps", "lamp", "<mark>lamp</mark><span>s</span>"),
        ("lamp", "lamp", "<mark>lamp</mark>"),
        ("desk lamp", "desk  l", "<mark>desk l</mark><span>amp</span>"),
        ("t-shirt", "t shi", "<mark>t-shi</mark><span>rt</span>"),
        ("lamp", "lmap", "<mark>l</mark><span>amp</span>"),
        ("<b>&", "<b", "<mark>&lt;b</mark><span>&gt;&amp;</span>"),
        ("lamp", "x", "<span>lamp</span>"),
        ("", "x", ""),
    ],
)
def test_what_was_typed_is_marked(text: str, typed: str, html_: str) -> None:
    assert styled(text, typed) == html_


@given(st.text(max_size=30), st.text(max_size=10))
def test_nothing_in_a_suggestion_is_markup(text: str, typed: str) -> None:
    told_html = styled(text, typed)
    assert html.unescape(re.sub(r"</?(?:mark|span)>", "", told_html)) == text
    assert re.fullmatch(r"(?:<mark>[^<>\"']*</mark>)?(?:<span>[^<>\"']*</span>)?", told_html)


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("lmap", "lamp", True), ("lanp", "lamp shade", True), ("lap", "lamp", False), ("lammp", "lamp", True),
        ("snowbroad", "snowboard", True), ("snwoboadr", "snowboards", True), ("snwbrd", "snowboard", False),
        ("chair", "lamp", False), ("lamp", "", False),
    ],
)  # fmt: skip
def test_typos_by_length(typed: str, text: str, found: bool) -> None:
    assert almost(typed, text) is found


@given(st.lists(st.lists(st.integers(), max_size=8), max_size=5), st.integers(0, 12))
def test_sharing_out_is_fair(lists: list[list[int]], most: int) -> None:
    parts = shared_out(lists, most)
    assert sum(map(len, parts)) == min(most, sum(map(len, lists)))
    for part, whole in zip(parts, lists, strict=True):
        assert part == whole[: len(part)]
        assert len(part) == len(whole) or len(part) >= max(map(len, parts)) - 1
