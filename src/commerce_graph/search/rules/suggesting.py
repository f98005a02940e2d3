"""Which queries may be offered to others, how popular they are, and how a suggestion is written. Pure.

Popularity is one number, `heat`: the moment (seconds since 1970) at which what is left of a query's popularity will be
that of one that was asked once. It halves every HALF_LIFE_S, so of two queries the one with the greater heat is more
popular at every moment, and no stored number has to be changed as time goes by.
"""

import html
import math
import re
from collections.abc import Sequence
from typing import TypeVar

from commerce_graph.kernel.limits import (
    SUGGESTED_QUERY_ASKED_MIN,
    SUGGESTED_QUERY_CHARS_MAX,
    SUGGESTED_QUERY_DIGITS_MAX,
    SUGGESTED_QUERY_WORDS_MAX,
)
from commerce_graph.kernel.query_syntax.words import Plan
from commerce_graph.search.rules.planning import plain

T = TypeVar("T")

HALF_LIFE_S = 14 * 86_400
_PERSONAL = re.compile(r"@|://|www\.|\.(?:com|net|org)\b", re.IGNORECASE)
_TYPO_CHARS_MIN, _TWO_TYPOS_CHARS_MIN = 4, 8


def tellable(query: str, plan: Plan) -> str | None:
    """Return a query as others may be shown it, None for one that is nobody else's business.

    A short row of plain words, without what looks like an address, a telephone, card or order number.
    Limits: SUGGESTED_QUERY_CHARS_MAX, SUGGESTED_QUERY_WORDS_MAX, SUGGESTED_QUERY_DIGITS_MAX.
    """
    text = " ".join(query.split())
    words = plain(text)
    bare = plan.where is None and not plan.without and not any(slot.exact for slot in plan.slots)
    if not bare or not 1 <= len(words) <= SUGGESTED_QUERY_WORDS_MAX or "*" in text:
        return None
    if not 3 <= len(text) <= SUGGESTED_QUERY_CHARS_MAX or not text.isprintable() or _PERSONAL.search(text):
        return None
    if sum(char.isdigit() for char in text) > SUGGESTED_QUERY_DIGITS_MAX:
        return None
    return text.lower()


def hotter(heat: float, asked: float, at_s: float) -> float:
    """Return the heat of a query that was asked more often at a moment. The heat of one never asked is 0."""
    left = 2 ** ((heat - at_s) / HALF_LIFE_S) if heat else 0.0
    return at_s + HALF_LIFE_S * math.log2(left + asked)


def popular_heat(at_s: float) -> float:
    """Return the heat from which on a query is offered at a moment: that of SUGGESTED_QUERY_ASKED_MIN of late."""
    return at_s + HALF_LIFE_S * math.log2(SUGGESTED_QUERY_ASKED_MIN)


def styled(text: str, typed: str) -> str:
    """Return a suggestion as HTML, what was typed already in `mark`. Everything else is escaped."""
    wanted = " ".join(plain(typed))
    at = end = 0
    for index, char in enumerate(text, 1):
        piece = "".join(plain(char))
        if not wanted.startswith(piece, at) or at >= len(wanted):
            break
        at += len(piece) if piece else wanted[at] == " "
        end = index if piece else end
    marked, rest = html.escape(text[:end]), html.escape(text[end:])
    return (f"<mark>{marked}</mark>" if marked else "") + (f"<span>{rest}</span>" if rest else "")


def almost(typed: str, text: str) -> bool:
    """Tell whether a text begins with what was typed, but for one typo, or two in 8 letters and more."""
    most = 2 if len(typed) >= _TWO_TYPOS_CHARS_MIN else 1 if len(typed) >= _TYPO_CHARS_MIN else 0
    return most > 0 and _distance(typed, text, most) <= most


def _distance(typed: str, text: str, most: int) -> int:
    """Return how many letters separate what was typed from the nearest beginning of a text: added, left out, changed
    or swapped ones; more than `most` is not counted out."""
    before: list[int] = []
    row = list(range(min(len(text), len(typed) + most) + 1))
    width = len(row)
    for down, char in enumerate(typed, 1):
        above, row = row, [down]
        for along in range(1, width):
            cost = min(above[along] + 1, row[along - 1] + 1, above[along - 1] + (char != text[along - 1]))
            swapped = down > 1 and along > 1 and char == text[along - 2] and typed[down - 2] == text[along - 1]
            row.append(min(cost, before[along - 2] + 1) if swapped else cost)
        if min(row) > most:
            return most + 1
        before = above
    return min(row)


def shared_out(lists: Sequence[Sequence[T]], most: int) -> list[list[T]]:
    """Return the beginnings of lists that hold `most` together: one of each in turn, while it has any."""
    taken = [0] * len(lists)
    while sum(taken) < most:
        open_lists = [at for at, each in enumerate(lists) if taken[at] < len(each)]
        if not open_lists:
            break
        for at in open_lists[: most - sum(taken)]:
            taken[at] += 1
    return [list(each[:number]) for each, number in zip(lists, taken, strict=True)]
