"""What a plan's words ask OpenSearch for, and how well they are answered. Pure.

A slot is met in one of several fields and ways; the best of them tells its score. Weights say what a match in a field
is worth beside the same match in a description.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from commerce_graph.kernel.query_syntax.words import Phrase, Plan, Slot
from commerce_graph.search.rules.languages import fillers, subfield

Clause = dict[str, Any]

WORD_CHARS_MAX = 100
"""What of a word, or of a phrase, is looked for: no one writes longer ones to find something."""
CLAUSES_MAX = 500
"""Of what the words ask for. A node refuses 1,024 in a query, and filters need theirs."""
TYPO_TERMS_MAX = 25
"""How many words of the index a mistyped one may stand for, in each field."""
PHRASE_PARTS_MAX = 12
"""Of a phrase whose compounds are taken apart."""
FUZZINESS = "AUTO:4,8"
"""One typo from 4 letters on, two from 8 on."""

TITLE, KIND, VENDOR, TAG, OPTION, ANYWHERE = 10.0, 5.0, 5.0, 4.0, 3.0, 1.0
_WEIGHTS = {
    "title": TITLE, "product_type": KIND, "vendor": VENDOR, "tags": TAG, "options_text": OPTION, "everything": ANYWHERE,
}  # fmt: skip
STEM = 0.8
"""What a word's stem is worth beside the word as it was written; the same for what follows."""
BEGINNING = 0.5
TYPO = 0.25
SYNONYM = 0.4
CODE = 20.0
WHOLE_TEXT = 15.0
"""The words of the whole text next to each other in a title."""
OTHER_FIELDS = 0.1
"""What the fields besides the best one add."""


@dataclass(frozen=True, slots=True)
class Way:
    """How words are looked for: `typos` whether mistyped ones are found, `most` whether most of them are enough.

    `slim`: in titles and types alone, as quick as it goes, for someone who still types.
    """

    typos: bool = False
    most: bool = False
    slim: bool = False


@dataclass(frozen=True, slots=True)
class _Detail:
    """In how many fields a slot is looked for, and how many words a mistyped one may stand for; less for many slots.

    `fields`: all, some, or the one that holds all texts.
    """

    fields: Literal["all", "some", "one"]
    typo_terms: int
    synonyms: int


_FULL = _Detail("all", TYPO_TERMS_MAX, 20)
_PLAIN = _Detail("some", 10, 5)
_DETAILS = (_FULL, _PLAIN, _Detail("some", 3, 1), _Detail("one", 0, 0))


def words_query(plan: Plan, language: str, way: Way) -> Clause | None:
    """Return the query for a plan's slots, None where it has none. Limits: CLAUSES_MAX."""
    slots = list(dict.fromkeys(slot for slot in plan.slots if _says_something(slot)))
    if not slots:
        return None
    asked: Clause = {}
    for detail in _DETAILS:
        asked = _all(slots, language, way, detail)
        if clauses(asked) <= CLAUSES_MAX:
            break
    while clauses(asked) > CLAUSES_MAX and len(slots) > 1:
        # Of very many words the first are looked for, as many as a node takes.
        slots.pop()
        asked = _all(slots, language, way, _DETAILS[-1])
    return asked


def without_query(plan: Plan, language: str) -> list[Clause]:
    """Return what must not hold."""
    name = subfield(language)
    fields = ["everything"] if name is None else ["everything", f"everything.{name}"]
    said = [phrase for phrase in dict.fromkeys(plan.without) if _has_words(phrase)]
    return [_phrase(field, _text(phrase)) for phrase in said for field in fields]


def slot_query(slot: Slot, language: str) -> Clause | None:
    """Return the query for one slot, to be met wherever it may be; None for one that says nothing."""
    return _slot(slot, language, Way(), _PLAIN) if _says_something(slot) else None


def can_be_mistyped(plan: Plan) -> bool:
    """Return whether any word is one that typos are tolerated in."""
    return any(not slot.exact and _mistakable(_text(slot.phrases[0])) for slot in plan.slots)


def can_be_relaxed(plan: Plan, language: str) -> bool:
    """Return whether there is more than one thing asked for, so that fewer can be enough."""
    slots = list(dict.fromkeys(slot for slot in plan.slots if _says_something(slot)))
    return len(_insisted(slots, language)) > 1 or any(_pairs(_text(slot.phrases[0])) > 1 for slot in slots)


def most(number: int) -> int:
    """Return how many of so many slots are enough where nothing meets all: all but one of three."""
    return max(1, number - max(1, number // 3))


def clauses(query: Any) -> int:
    """Return how many clauses a query has at most once the node has taken its words apart and found their typos."""
    if isinstance(query, list):
        return sum(map(clauses, query))
    if not isinstance(query, dict):
        return 0
    total = 0
    for kind, inner in query.items():
        if kind in ("match", "match_bool_prefix"):
            total += sum(_match_clauses(field, told) for field, told in inner.items())
        elif kind in ("match_phrase", "match_phrase_prefix"):
            total += sum(_phrase_clauses(field, told) for field, told in inner.items())
        elif kind in ("term", "terms", "prefix", "range", "exists"):
            total += 1
        else:
            total += clauses(inner)
    return total


def _match_clauses(field: str, told: dict[str, Any]) -> int:
    text = told["query"]
    if told.get("analyzer") == "words":
        return len(_parts(text)) * int(told.get("max_expansions", 1))
    if field in _WEIGHTS:
        # A compound is looked for put together, and as a phrase of its parts.
        return sum(1 + (len(_parts(word)) > 1) for word in text.split())
    return _pairs(text) + len(_parts(text)) if field.endswith(".cjk") else len(_parts(text))


def _phrase_clauses(field: str, told: dict[str, Any]) -> int:
    if field not in _WEIGHTS or "analyzer" in told:
        return 1
    # Characters of a script without spaces are words of their own, and so no compounds.
    counted = [len(_parts(word)) for word in _RUN.sub(" ", told["query"]).split()]
    return sum(parts + 1 for parts in counted) if any(parts > 1 for parts in counted) else 1


def _all(slots: Sequence[Slot], language: str, way: Way, detail: _Detail) -> Clause:
    insisted = _insisted(slots, language)
    asked = [_slot(slot, language, way, detail) for slot in insisted]
    rest = [_slot(slot, language, Way(), _DETAILS[-1]) for slot in slots if slot not in insisted]
    written = [slot.phrases[0] for slot in slots]
    if len(slots) > 1 and detail.fields == "all":
        text = _text(tuple(word for phrase in written for word in phrase))
        field = _in(language, "title")
        # With gaps allowed, the plain analysis would make a phrase of each way to read all compounds.
        rest.append(_phrase(field, text, WHOLE_TEXT, slop=1, **({"analyzer": "words"} if field == "title" else {})))
    if way.most and len(asked) > 1:
        asked = [{"bool": {"should": asked, "minimum_should_match": most(len(asked))}}]
    return {"bool": {"must": asked, "should": rest}}


def _insisted(slots: Sequence[Slot], language: str) -> list[Slot]:
    """Return the slots that must be met: those that are more than grammar, or all where all are grammar."""
    left_out = fillers(language)
    meant = [slot for slot in slots if slot.exact or " ".join(slot.phrases[0]).lower() not in left_out]
    return meant or list(slots)


def _slot(slot: Slot, language: str, way: Way, detail: _Detail) -> Clause:
    written, *others = slot.phrases
    text = _text(written)
    if slot.exact:
        kind = "match_phrase_prefix" if slot.prefix else "match_phrase"
        fields = ["everything"] if detail.fields == "one" else ["title", "everything"]
        ways = [_phrase(field, text, _WEIGHTS[field], kind=kind) for field in fields]
    else:
        ways = _word(text, language, way, detail)
        if detail.fields != "one":
            ways += _codes(text, slot.prefix)
        if slot.prefix:
            ways += _beginnings(text, way)
        if way.typos and detail.typo_terms and _mistakable(text):
            ways += _mistyped(text, slot.prefix, way, detail)
    for phrase in others[: detail.synonyms]:
        if _has_words(phrase):
            ways += _synonym(phrase, language)
    return ways[0] if len(ways) == 1 else {"dis_max": {"queries": ways, "tie_breaker": OTHER_FIELDS}}


def _word(text: str, language: str, way: Way, detail: _Detail) -> list[Clause]:
    """Look for a word (or several, all of them) as it was written and by its stem."""
    if way.slim:
        plain, stemmed = ["title", "vendor", "product_type"], ["title", "product_type"]
    elif detail.fields == "all":
        plain, stemmed = (
            ["title", "vendor", "everything"],
            ["title", "product_type", "tags", "options_text", "everything"],
        )
    else:
        plain = stemmed = ["title", "everything"] if detail.fields == "some" else ["everything"]
    weights = {field: _WEIGHTS[field] for field in plain}
    for field in stemmed:
        weights.setdefault(_in(language, field), _WEIGHTS[field] * STEM)
    return [_match(field, text, weight, way) for field, weight in weights.items()]


def _codes(text: str, prefix: bool) -> list[Clause]:
    code = _code(text)
    if not code:
        return []
    made: list[Clause] = [{"term": {f"{field}.code": {"value": code, "boost": CODE}}} for field in ("skus", "barcodes")]
    if prefix and len(code) > 1:
        made.append({"prefix": {"skus.code": {"value": code, "boost": CODE * BEGINNING}}})
    return made


def _beginnings(text: str, way: Way) -> list[Clause]:
    made: list[Clause] = [_plain_match("title.begin", text, TITLE * BEGINNING)]
    if way.slim:
        made += [
            _plain_match("vendor.begin", text, VENDOR * BEGINNING),
            _plain_match("product_type.begin", text, KIND * BEGINNING),
        ]
    told = {"query": text, "operator": "and", "analyzer": "words", "boost": ANYWHERE * BEGINNING}
    return [*made, {"match_bool_prefix": {"everything": told}}]


def _mistyped(text: str, prefix: bool, way: Way, detail: _Detail) -> list[Clause]:
    fields = [("vendor.begin" if prefix else "vendor", VENDOR) if way.slim else ("everything", ANYWHERE)]
    if detail.fields == "all":
        fields.append(("title.begin" if prefix else "title", TITLE))
    typo = {"fuzziness": FUZZINESS, "prefix_length": 1, "max_expansions": detail.typo_terms, "analyzer": "words"}
    return [_plain_match(field, text, weight * TYPO, **typo) for field, weight in fields]


def _synonym(phrase: Phrase, language: str) -> list[Clause]:
    # The words of a phrase add up, and a synonym of several must not come before what was written.
    weight = SYNONYM / len(phrase)
    fields = [(_in(language, "title"), TITLE * weight), (_in(language, "everything"), ANYWHERE * weight)]
    if len(phrase) > 1:
        return [_phrase(field, _text(phrase), weight) for field, weight in fields]
    return [_plain_match(field, _text(phrase), weight) for field, weight in fields]


def _match(field: str, text: str, weight: float, way: Way) -> Clause:
    if not _RUN.search(text):
        # What is written as one word is one, or a phrase of its parts; the plain analysis sees to that itself.
        compound = field not in _WEIGHTS and " " not in text and len(_parts(text)) > 1
        return _phrase(field, text, weight) if compound else _plain_match(field, text, weight)
    if not field.endswith(".cjk"):
        # Each character is a word here, and in another order they mean something else.
        return _phrase(field, text, weight)
    if not way.most:
        return _plain_match(field, text, weight)
    # Where words are not set apart, most of the pairs of characters are most of the words.
    return {"match": {field: {"query": text, "boost": weight, "minimum_should_match": "2<-30%"}}}


def _plain_match(field: str, text: str, weight: float, **more: Any) -> Clause:
    return {"match": {field: {"query": text, "operator": "and", "boost": weight, **more}}}


def _phrase(field: str, text: str, weight: float = 1.0, *, kind: str = "match_phrase", **more: Any) -> Clause:
    if field in _WEIGHTS and len(_parts(text)) > PHRASE_PARTS_MAX and not _RUN.search(text):
        more["analyzer"] = "words"  # which takes no compound apart
    return {kind: {field: {"query": text, "boost": weight, **more}}}


def _in(language: str, field: str) -> str:
    name = subfield(language)
    return f"{field}.{name}" if name else field


def _text(phrase: Phrase) -> str:
    # An accent may be written as a character of its own, which the index has as one with its letter.
    return unicodedata.normalize("NFC", " ".join(phrase))[:WORD_CHARS_MAX]


def _code(text: str) -> str:
    """Return a text as the normalizer `code` of the index would have it."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if char.isalnum())
    return plain.lower()


def _says_something(slot: Slot) -> bool:
    return _has_words(slot.phrases[0])


def _has_words(words: Iterable[str]) -> bool:
    return any(char.isalnum() for word in words for char in word)


# What the analyzers of the index make of a text, near enough to count by: runs of letters and of digits, and each
# character of a script without spaces.
_SCRIPT = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_PART = re.compile(f"[{_SCRIPT}]|[0-9]+|[^\\W0-9_{_SCRIPT}]+|\\w")
_RUN = re.compile(f"[{_SCRIPT}]+")


def _parts(text: str) -> list[str]:
    return _PART.findall(text)


def _pairs(text: str) -> int:
    return sum(max(len(run) - 1, 1) for run in _RUN.findall(text))


def _mistakable(text: str) -> bool:
    """Return whether a word may be a mistyped one: a code with another digit is another code."""
    return not any(char.isdigit() for char in text) and not _RUN.search(text) and any(len(p) > 3 for p in _parts(text))
