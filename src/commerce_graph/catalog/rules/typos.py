"""How many typos apart two words are. Pure."""

TYPO_LETTERS_MIN = 4
"""A shorter word with a typo in it is another word as often as not."""
TWO_TYPOS_LETTERS_MIN = 8
TYPO_WORDS_MAX = 5
"""Words that a misspelt one is taken for at most, the nearest and then the most usual first."""
RARE_RATIO = 20
"""A word of few products is taken for another as well if that one is so many times as usual."""


def edits_of(word: str) -> int:
    """Return how many typos a word is forgiven. One with a digit in it is a code, and codes differ by one."""
    if len(word) < TYPO_LETTERS_MIN or any(char.isdigit() for char in word):
        return 0
    return 2 if len(word) >= TWO_TYPOS_LETTERS_MIN else 1


def distance(one: str, other: str, most: int) -> int:
    """Return how many letters must be added, left out, replaced or swapped with the next one; `most` + 1 if more.

    Source: Damerau 1964 as optimal string alignment: no letter is edited twice.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, char in enumerate(one, 1):
        here = [row]
        for column, letter in enumerate(other, 1):
            cost = min(above[column] + 1, here[-1] + 1, above[column - 1] + (char != letter))
            if row > 1 and column > 1 and char == other[column - 2] and letter == one[row - 2]:
                cost = min(cost, before[column - 2] + 1)
            here.append(cost)
        if min(here) > most and min(above) > most:
            return most + 1
        before, above = above, here
    return min(above[-1], most + 1)


def nearest(word: str, known: dict[str, int]) -> list[str]:
    """Return what a misspelt word was meant to be, of words with how many products have them.

    Limits: TYPO_WORDS_MAX.
    """
    most = edits_of(word)
    near = ((distance(word, other, most), -products, other) for other, products in known.items() if other != word)
    return [other for found, _, other in sorted(near) if found <= most][:TYPO_WORDS_MAX]
