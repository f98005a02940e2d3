"""What a shopper's words ask for, whichever engine looks for it. Pure."""

from dataclasses import dataclass

from commerce_graph.kernel.query_syntax.tree import Query

Phrase = tuple[str, ...]
"""Words next to each other, as they were written: engines fold case and accents, and stem, each in its own way."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing that was asked for: a word or a quoted phrase, or any of its synonyms.

    `phrases`: the alternatives, the written one first. `prefix`: the last word of the written one may go on.
    `exact`: it was quoted, so neither typos nor stems are tolerated.
    """

    phrases: tuple[Phrase, ...]
    prefix: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A search text, taken apart.

    `slots`: what is looked for, in order; none for a text that only filters, or is empty. `without`: phrases that must
    not occur. `where`: terms with fields, and groups with OR, that must hold besides.
    """

    slots: tuple[Slot, ...] = ()
    without: tuple[Phrase, ...] = ()
    where: Query | None = None
