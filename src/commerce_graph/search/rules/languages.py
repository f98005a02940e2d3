"""How texts of each language are taken apart for the index: with filters that a bare OpenSearch has. Pure.

Case, accents and width are folded before a stemmer sees a word, so that `cinturon` finds what `cinturón` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Filter = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Language:
    """A language's own steps of analysis.

    `before`, `after`: filters in order, before and after letters are folded to ASCII. `tokenizer` cuts texts to words.
    `fillers`: words that a search text holds for grammar's sake; a search does not insist on them.
    """

    before: Mapping[str, Filter] = field(default_factory=dict)
    after: Mapping[str, Filter] = field(default_factory=dict)
    fillers: frozenset[str] = frozenset()
    tokenizer: str = "standard"


def _stemmer(name: str) -> Filter:
    return {"type": "stemmer", "language": name}


def _replace(pattern: str, replacement: str) -> Filter:
    return {"type": "pattern_replace", "pattern": pattern, "replacement": replacement, "all": False}


def _elision(articles: str) -> Filter:
    return {"type": "elision", "articles": articles.split(), "articles_case": True}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A stemmer takes endings off by rule; these words change inside. Both forms become one.
_IRREGULAR_ENGLISH = [
    "men => man", "women => woman", "children => child", "feet => foot", "teeth => tooth", "mice => mouse",
    "geese => goose", "people => person", "knives => knife", "shelves => shelf", "scarves => scarf",
    "halves => half", "wolves => wolf", "leaves => leaf", "loaves => loaf", "wives => wife", "lives => life",
]  # fmt: skip

ENGLISH = Language(
    before={"en_possessive": _stemmer("possessive_english")},
    after={
        "en_irregular": {"type": "stemmer_override", "rules": _IRREGULAR_ENGLISH},
        "en_stem": _stemmer("english"),
    },
    fillers=_words("a an and are as at be but by for from in into is it of on or that the their these this to with"),
)
GERMAN = Language(
    # ß and umlauts as they are written with and without a German keyboard: Tür, Tuer and Tur are one.
    before={"de_letters": {"type": "german_normalization"}},
    after={"de_stem": _stemmer("light_german")},
    fillers=_words(
        "am an auf aus bei das dem den der des die ein eine einem einen einer eines fuer für im in ist mit nach oder"
        " und von vom zu zum zur"
    ),
)
FRENCH = Language(
    before={"fr_elision": _elision("l m t qu n s j d c jusqu quoiqu lorsqu puisqu")},
    after={"fr_stem": _stemmer("light_french")},
    fillers=_words("a à au aux avec ce ces cette d dans de des du en est et l la le les ou par pour sur un une"),
)
SPANISH = Language(
    after={"es_stem": _stemmer("light_spanish")},
    fillers=_words("a al con de del e el en es la las lo los o para por su sus un una unas unos y"),
)
PORTUGUESE = Language(
    # The stemmer knows these endings with their tildes only.
    after={"pt_nasal": _replace("(?<=.)(?:oes|aes|aos)$", "ao"), "pt_stem": _stemmer("light_portuguese")},
    fillers=_words("a à ao aos as às com da das de do dos e é em na nas no nos o os ou para por um uma umas uns"),
)
ITALIAN = Language(
    before={
        "it_elision": _elision(
            "c l all dall dell nell sull coll pell gl agl dagl degl negl sugl un m t s v d quell quest"
        )
    },
    after={"it_stem": _stemmer("light_italian")},
    fillers=_words(
        "a ai al alla alle allo con da dal dalla dei del della delle dello di e è ed gli i il in la le lo nel nella"
        " o per su sul sulla un una uno"
    ),
)
DUTCH = Language(
    # jassen and jas: the stemmer leaves a doubled consonant behind.
    after={"nl_stem": _stemmer("dutch"), "nl_double": _replace(r"([bdfgklmnprst])\1$", "$1")},
    fillers=_words("aan bij de door een en het in is met naar of om op te tot uit van voor"),
)
# There is no Polish stemmer without a plug-in. Endings of cases and numbers come off, the longest first, and what a
# bare genitive puts between consonants (kurtka, kurtek; krzesło, krzeseł) goes too. Stems keep three letters.
_POLISH_ENDINGS = (
    "iami|owie|iego|iemu|ami|ach|owi|ego|emu|iom|iem|iej|ych|ich|ymi|imi|om|em|ow|ej|ym|im|ie|ia|io|iu|y|i|a|e|u|o"
)
POLISH = Language(
    after={
        "pl_ending": _replace(f"(?<=...)(?:{_POLISH_ENDINGS})$", ""),
        "pl_vowel": _replace("(?<=..[^aeiouy])e([kl])$", "$1"),
        "pl_soft": _replace("(?<=..[kgnlszcp])i$", ""),
    },
    fillers=_words("a albo dla do i lub na nad o od po pod przez przy w we z za ze"),
)
CJK = Language(
    # Pairs of characters, since words are not set apart. What is one character long is found by the plain analysis.
    before={"cjk_pairs": {"type": "cjk_bigram"}},
)

LANGUAGES: Mapping[str, Language] = {
    "en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH, "pt": PORTUGUESE, "it": ITALIAN, "nl": DUTCH,
    "pl": POLISH, "cjk": CJK,
}  # fmt: skip
"""By the name of the subfields that are analysed so."""

_SHARED = {"zh": "cjk", "ja": "cjk", "ko": "cjk"}


def subfield(language: str) -> str | None:
    """Return the name of the subfields for a language (lower case, ISO 639-1), None for one that has none."""
    name = _SHARED.get(language, language)
    return name if name in LANGUAGES else None


def fillers(language: str) -> frozenset[str]:
    """Return the words that a search in a language does not insist on, in lower case."""
    name = subfield(language)
    return LANGUAGES[name].fillers if name else frozenset()
