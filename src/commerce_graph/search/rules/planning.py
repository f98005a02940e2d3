"""What a shopper's text asks an engine for: its words, their synonyms, and what must hold besides. Pure."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from commerce_graph.kernel.limits import (
    SYNONYM_PHRASE_WORDS_MAX,
    SYNONYMS_PER_SEARCH_MAX,
    SYNONYMS_PER_SLOT_MAX,
)
from commerce_graph.kernel.query_syntax.tree import And, Not, Query, Term
from commerce_graph.kernel.query_syntax.words import Phrase, Plan, Slot


@dataclass(frozen=True, slots=True)
class SynonymGroup:
    """Words that are looked for together.

    `terms`: each stands for all others. With `source`, whoever looks for that finds the terms too, never the reverse.
    """

    terms: tuple[str, ...]
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Synonyms:
    """A shop's synonyms, to be looked up by the folded words of what was written.

    Groups do not chain: what sofa → couch leads to is not looked up again.
    """

    found: Mapping[Phrase, tuple[Phrase, ...]] = field(default_factory=dict)
    words_max: int = 0

    @classmethod
    def of(cls, groups: Iterable[SynonymGroup]) -> "Synonyms":
        """Return the lookup of groups, the earlier ones first.

        Limits: SYNONYM_PHRASE_WORDS_MAX; a longer phrase, and one without letters or digits, is passed over.
        """
        found: dict[Phrase, dict[Phrase, Phrase]] = {}
        for group in groups:
            terms = {key: tuple(term.split()) for term in group.terms if (key := _key(term))}
            for key in terms if group.source is None else [_key(group.source)]:
                others = found.setdefault(key, {})
                others.update((other, written) for other, written in terms.items() if other not in (key, *others))
        made = {key: tuple(others.values()) for key, others in found.items() if key and others}
        return cls(made, max(map(len, made), default=0))


NO_SYNONYMS = Synonyms()


def plan(query: Query | None, synonyms: Synonyms = NO_SYNONYMS, prefix: bool = False) -> Plan:
    """Return what a search text asks for. `prefix`: its last word may go on, unless it is quoted.

    Words without a letter or digit ask for nothing. The longest run of unquoted words that has synonyms becomes one
    slot, the written words its first phrase.
    Limits: SYNONYMS_PER_SLOT_MAX, SYNONYMS_PER_SEARCH_MAX; what is over is left out.
    """
    runs: list[list[Slot]] = [[]]
    without: list[Phrase] = []
    where: list[Query] = []
    for part in query.parts if isinstance(query, And) else [query] if query else []:
        if isinstance(part, Term) and part.field is None:
            slot = _slot(part)
            if slot is not None:
                # A quoted phrase is taken at its word, and ends the run before it.
                runs.extend([[slot], []]) if slot.exact else runs[-1].append(slot)
            continue
        runs.append([])
        if isinstance(part, Not) and isinstance(part.of, Term) and part.of.field is None and not part.of.prefix:
            without.extend([tuple(part.of.value.split())] if folded(part.of.value) else [])
        else:
            where.append(part)
    if prefix:
        _let_go_on(runs)
    slots = _bounded([slot for run in runs for slot in _with_synonyms(run, synonyms)])
    return Plan(tuple(slots), tuple(without), And(tuple(where)) if len(where) > 1 else where[0] if where else None)


def folded(text: str) -> Phrase:
    """Return the words of a text without case, accents and punctuation, a plural's ending taken off."""
    return tuple(_singular(word) for word in plain(text))


def plain(text: str) -> Phrase:
    """Return the words of a text without case, accents and punctuation."""
    apart = unicodedata.normalize("NFKD", text)
    # Marks that make another letter of a kana are no accents.
    kept = "".join(char for char in apart if not unicodedata.combining(char) or char in _KANA_MARKS)
    whole = unicodedata.normalize("NFC", kept).casefold()
    return tuple("".join(char if _in_word(char) else " " for char in whole).split())


_KANA_MARKS = "\u3099\u309a"


def _in_word(char: str) -> bool:
    # Indian scripts write vowels as marks.
    return char.isalnum() or unicodedata.category(char)[0] == "M"


def _singular(word: str) -> str:
    # Both sides are folded alike, so a word that is no plural still meets itself.
    if len(word) < 4 or not word.endswith("s") or word.endswith("ss"):
        return word
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes")) else word[:-1]


def _key(term: str) -> Phrase:
    words = folded(term)
    return words if len(words) <= SYNONYM_PHRASE_WORDS_MAX else ()


def _slot(term: Term) -> Slot | None:
    return Slot((tuple(term.value.split()),), term.prefix, term.quoted) if folded(term.value) else None


def _let_go_on(runs: list[list[Slot]]) -> None:
    last = next((run for run in reversed(runs) if run), None)
    if last and not last[-1].exact:
        last[-1] = replace(last[-1], prefix=True)


def _with_synonyms(run: Sequence[Slot], synonyms: Synonyms) -> Iterator[Slot]:
    """Join the words of a run where they have synonyms together: from the left, the longest first."""
    at = 0
    while at < len(run):
        end, others = (at + 1, ()) if run[at].exact else _longest(run, at, synonyms)
        written = tuple(word for slot in run[at:end] for word in slot.phrases[0])
        yield replace(run[end - 1], phrases=(written, *others))
        at = end


def _longest(run: Sequence[Slot], at: int, synonyms: Synonyms) -> tuple[int, tuple[Phrase, ...]]:
    best: tuple[int, tuple[Phrase, ...]] = (at + 1, ())
    words: Phrase = ()
    for end, slot in enumerate(run[at:], at + 1):
        words += folded(" ".join(slot.phrases[0]))
        if len(words) > synonyms.words_max:
            break
        if words in synonyms.found:
            best = (end, synonyms.found[words])
        if slot.prefix:  # only a phrase's last word can go on
            break
    return best


def _bounded(slots: Sequence[Slot]) -> Iterator[Slot]:
    left = SYNONYMS_PER_SEARCH_MAX
    for slot in slots:
        written, *others = slot.phrases
        kept = others[: min(SYNONYMS_PER_SLOT_MAX, left)]
        left -= len(kept)
        yield replace(slot, phrases=(written, *kept))
