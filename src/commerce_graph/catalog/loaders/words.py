"""What the words of a search are in the vectors of products: folded, stemmed, and as they were meant to be spelt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.rules.search_words import DEFAULT_LANGUAGE, LANGUAGES, stemmed
from commerce_graph.catalog.rules.typos import RARE_RATIO, edits_of, nearest
from commerce_graph.kernel.limits import SEARCH_CODE_PRODUCTS_MAX, SEARCH_TYPO_CANDIDATES_MAX, SEARCH_WORD_CHARS_MAX
from commerce_graph.kernel.query_syntax import Query
from commerce_graph.kernel.query_syntax.words import Phrase, Plan, Slot

CODE_CHARS_MIN = 3
NUMBER_DIGITS_MIN = 6
"""A shorter number is an amount of something more often than the beginning of a barcode."""
CODE_WORDS_MAX = 6
CODE_JOINTS = frozenset("-_/.+#")


@dataclass(frozen=True, slots=True)
class Sought:
    """What a plan asks for, in words of the vectors.

    `slots`: full-text queries. `titled`: that all are in the title as they were written, for ranking. `codes`: for each
    slot, the products of which it is a SKU or barcode; `whole`: those of which all slots together are. `without`:
    full-text queries that must not match. `nothing`: there are slots, but none has a letter or digit.
    """

    slots: tuple[str, ...] = ()
    titled: str = ""
    codes: tuple[tuple[UUID, ...], ...] = ()
    whole: tuple[UUID, ...] = ()
    without: tuple[str, ...] = ()
    where: Query | None = None
    nothing: bool = False

    @property
    def least(self) -> int:
        """How many slots must be met where no product meets all: most of them."""
        number = len(self.slots)
        return number if number < 2 else number - 1 - (number - 2) // 4


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    stems: tuple[tuple[str, str], ...] = ()  # by language
    filler: bool = False
    meant: tuple["_Word", ...] = ()


@dataclass(slots=True)
class _Phrases:
    """Phrases to be asked about together, each once."""

    texts: list[str] = field(default_factory=list)
    tolerant: list[bool] = field(default_factory=list)
    prefix: list[bool] = field(default_factory=list)

    def add(self, phrase: Phrase, *, tolerant: bool = False, prefix: bool = False) -> int:
        self.texts.append(_short(phrase))
        self.tolerant.append(tolerant and not any(char.isdigit() for word in phrase for char in word))
        self.prefix.append(prefix)
        return len(self.texts)


# The vocabulary is asked about a word that has letters enough, is known neither as it is nor by a stem nor, if it may
# go on, as a beginning, or is known of few products; it answers with the words that share a beginning with some letters
# left out, which no word within so many edits can do without.
_WORDS = """
SELECT asked.n, told.word, told.at, {stems}, near.words
FROM unnest(:texts, :tolerant, :prefix) WITH ORDINALITY AS asked(phrase, tolerant, prefix, n)
CROSS JOIN LATERAL unnest(string_to_array(btrim(catalog.search_words(asked.phrase, :chars)), ' '))
  WITH ORDINALITY AS told(word, at)
LEFT JOIN LATERAL (
  SELECT array_agg(ARRAY[other.word, other.products::text, {other_stems}]) AS words
  FROM (
    SELECT coalesce(max(known.products), 0) AS products FROM catalog.word AS known
    WHERE known.word IN (told.word, {first_stems})
      OR (asked.prefix AND known.word >= told.word AND known.word < told.word || U&'\\+10FFFF')
  ) AS mine
  CROSS JOIN LATERAL (
    SELECT other.word, other.products FROM catalog.word AS other
    WHERE other.near && catalog.near(told.word, CASE WHEN length(told.word) < 8 THEN 1 ELSE 2 END)
      AND abs(length(other.word) - length(told.word)) <= 2 AND other.products >= mine.products * :rare
    ORDER BY other.products DESC, other.word LIMIT :candidates
  ) AS other
) AS near ON asked.tolerant AND length(told.word) >= 4
ORDER BY asked.n, told.at
"""
_CODES = text("""
SELECT asked.n, found.product_id
FROM unnest(:codes, :prefix) WITH ORDINALITY AS asked(written, prefix, n)
CROSS JOIN LATERAL (SELECT catalog.code(asked.written) AS first) AS low
CROSS JOIN LATERAL (SELECT CASE WHEN asked.prefix THEN low.first || U&'\\+10FFFF' ELSE low.first END AS last) AS high
CROSS JOIN LATERAL (
  SELECT DISTINCT product_id FROM (
    (SELECT product_id FROM catalog.variant
     WHERE catalog.code(sku) COLLATE "C" >= low.first AND catalog.code(sku) COLLATE "C" <= high.last
     ORDER BY catalog.code(sku) COLLATE "C" LIMIT :most)
    UNION ALL
    (SELECT product_id FROM catalog.variant
     WHERE catalog.code(barcode) COLLATE "C" >= low.first AND catalog.code(barcode) COLLATE "C" <= high.last
     ORDER BY catalog.code(barcode) COLLATE "C" LIMIT :most)
  ) AS goods
) AS found
WHERE low.first <> ''
""").bindparams(bindparam("codes", type_=ARRAY(Text)), bindparam("prefix", type_=ARRAY(Boolean)))


def _stems(languages: Iterable[str], word: str) -> list[str]:
    # The names are this program's own.
    return [f"(ts_lexize('pg_catalog.{LANGUAGES[each]}_stem', rtrim({stemmed(each, word)})))" for each in languages]


async def read_sought(conn: AsyncConnection, plan: Plan, language: str) -> Sought:
    """Read what a plan asks for.

    `language`: whose stems are looked for, and whose filler words are not insisted on; besides, English stems are.
    Shape: 1 statement for all words, 1 for all codes; none for a plan without.
    Limits: SEARCH_WORD_CHARS_MAX a phrase, SEARCH_TYPO_CANDIDATES_MAX a word, SEARCH_CODE_PRODUCTS_MAX a code.
    """
    if not plan.slots and not plan.without:
        return Sought(where=plan.where)
    phrases = _Phrases()
    places = [
        [
            phrases.add(phrase, tolerant=not slot.exact and not at, prefix=slot.prefix and not at)
            for at, phrase in enumerate(slot.phrases)
        ]
        for slot in plan.slots
    ]
    barred = [phrases.add(phrase) for phrase in plan.without]
    words = await _words(conn, phrases, language)
    codes, whole = await _codes(conn, plan.slots)
    kept = _kept(plan.slots, [[words.get(place, []) for place in each] for each in places], codes)
    return Sought(
        slots=tuple(_either(slot, read) for slot, read, _ in kept),
        titled=" & ".join(_written(slot, read) for slot, read, _ in kept),
        codes=tuple(found for _, _, found in kept),
        whole=whole,
        without=tuple(_phrase(words[place], stems=True) for place in barred if place in words),
        where=plan.where,
        nothing=bool(plan.slots) and not kept,
    )


_Kept = tuple[Slot, list[list[_Word]], tuple[UUID, ...]]


def _kept(slots: Sequence[Slot], read: list[list[list[_Word]]], codes: Sequence[tuple[UUID, ...]]) -> list[_Kept]:
    """Leave out slots without a word and, if others are left, those that are but a filler such as `the`."""
    worded: list[_Kept] = [
        (slot, [phrase for phrase in phrases if phrase], found)
        for slot, phrases, found in zip(slots, read, codes, strict=True)
        if phrases[0]
    ]
    telling = [each for each in worded if each[0].exact or not all(word.filler for word in each[1][0])]
    return telling or worded


async def _words(conn: AsyncConnection, phrases: _Phrases, language: str) -> dict[int, list[_Word]]:
    languages = [language, DEFAULT_LANGUAGE] if language in LANGUAGES else [DEFAULT_LANGUAGE]
    languages = list(dict.fromkeys(languages))
    mine, others = _stems(languages, "told.word"), _stems(languages, "other.word")
    statement = text(
        _WORDS.format(
            stems=", ".join(f"{stem} AS stem{at}" for at, stem in enumerate(mine)),
            first_stems=", ".join(f"{stem}[1]" for stem in mine),
            other_stems=", ".join(f"{stem}[1]" for stem in others),
        )
    ).bindparams(
        bindparam("texts", type_=ARRAY(Text)),
        bindparam("tolerant", type_=ARRAY(Boolean)),
        bindparam("prefix", type_=ARRAY(Boolean)),
    )
    told = {
        "texts": phrases.texts, "tolerant": phrases.tolerant, "prefix": phrases.prefix, "rare": RARE_RATIO,
        "chars": SEARCH_WORD_CHARS_MAX, "candidates": SEARCH_TYPO_CANDIDATES_MAX,
    }  # fmt: skip
    found: dict[int, list[_Word]] = {}
    for row in (await conn.execute(statement, told)).all():
        if row.word:
            found.setdefault(row.n, []).append(_word(row, languages))
    return found


def _word(row: Any, languages: Sequence[str]) -> _Word:
    lists = [row._mapping[f"stem{at}"] for at in range(len(languages))]
    stems = _by_language(languages, [stem[0] if stem else None for stem in lists])
    candidates = {other: stems for other, _, *stems in row.words or ()}
    usual = {other: int(products) for other, products, *_ in row.words or ()}
    # A misspelt plural is as far from the plural as its stem is from the stem.
    meant = dict.fromkeys([*nearest(row.word, usual), *(near for _, stem in stems for near in nearest(stem, usual))])
    return _Word(
        text=row.word,
        stems=stems,
        filler=lists[0] == [],
        meant=tuple(_Word(near, _by_language(languages, candidates[near])) for near in meant if edits_of(row.word)),
    )


def _by_language(languages: Sequence[str], stems: Sequence[str | None]) -> tuple[tuple[str, str], ...]:
    return tuple((language, stem) for language, stem in zip(languages, stems, strict=True) if stem)


async def _codes(conn: AsyncConnection, slots: Sequence[Slot]) -> tuple[list[tuple[UUID, ...]], tuple[UUID, ...]]:
    written = [_short(slot.phrases[0]) for slot in slots]
    if 1 < len(written) <= CODE_WORDS_MAX and any(char.isdigit() for each in written for char in each):
        written.append(_short(written))
    if not written:
        return [], ()
    told = {"codes": written, "prefix": [_goes_on(each) for each in written], "most": SEARCH_CODE_PRODUCTS_MAX}
    found: list[list[UUID]] = [[] for _ in written]
    for row in (await conn.execute(_CODES, told)).all():
        found[row.n - 1].append(row.product_id)
    codes = [tuple(each) for each in found]
    return codes[: len(slots)], codes[len(slots)] if len(codes) > len(slots) else ()


def _goes_on(code: str) -> bool:
    """Return whether a text looks so much like a code that it may be the beginning of one."""
    chars = [char for char in code if char.isalnum()]
    digits = sum(char.isdigit() for char in chars)
    if len(chars) < CODE_CHARS_MIN:
        return False
    return digits >= NUMBER_DIGITS_MIN if digits == len(chars) else digits > 0 or bool(CODE_JOINTS & set(code))


def _short(phrase: Iterable[str]) -> str:
    return " ".join(phrase)[:SEARCH_WORD_CHARS_MAX]


def _either(slot: Slot, phrases: Sequence[Sequence[_Word]]) -> str:
    """Return the full-text query of a slot: any of its phrases, the written one with its typos and what it begins."""
    made = [_phrase(phrases[0], stems=not slot.exact, prefix=slot.prefix)]
    made += [_phrase(phrase, stems=not slot.exact) for phrase in phrases[1:]]
    return _any(made)


def _written(slot: Slot, phrases: Sequence[Sequence[_Word]]) -> str:
    """Return the full-text query of a slot as it was written, within the title. Synonyms do not count as much."""
    return _phrase(phrases[0], stems=False, prefix=slot.prefix, weight="A")


def _phrase(words: Sequence[_Word], *, stems: bool, prefix: bool = False, weight: str = "") -> str:
    last = len(words) - 1
    told = [_any(_forms(word, stems, prefix and at == last, weight)) for at, word in enumerate(words)]
    return told[0] if not last else f"({' <-> '.join(told)})"


def _forms(word: _Word, stems: bool, prefix: bool, weight: str) -> list[str]:
    made = [f"'{word.text}':*{weight}"] if prefix else [f"'{word.text}':{weight}" if weight else f"'{word.text}'"]
    for each in (word, *word.meant) if stems else ():
        made += [f"'{each.text}'", *(f"'{form}'" for at, stem in each.stems for form in (stem, f"{at}~{stem}"))]
    return list(dict.fromkeys(made))


def _any(queries: Sequence[str]) -> str:
    return queries[0] if len(queries) == 1 else f"({' | '.join(queries)})"
