"""What a kind of goods is: how its products are named, made, priced and described. Pure data and arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd

SHOP_NAME = "Larkmoor"
SHOP_DESCRIPTION = "Larkmoor makes and gathers things for the hills, and for coming home from them."
SHOP_EMAIL = "hello@larkmoor.example"

COLORS: Mapping[str, str] = {
    "Oat": "#e4d5b7", "Snow": "#f1efe9", "Sand": "#d8b98a", "Honey": "#e0a03c", "Ochre": "#c98a2b", "Rust": "#b5532a",
    "Clay": "#c4755a", "Coral": "#ea7f68", "Berry": "#9c2f4f", "Rose": "#d994a0", "Plum": "#6b3f63", "Lilac": "#a99bc9",
    "Ink": "#26364f", "Denim": "#4a6a8f", "Sky": "#8fb8d6", "Lagoon": "#2f8387", "Mint": "#9dcbb5", "Sage": "#8fa082",
    "Moss": "#6d7a3d", "Forest": "#2f5540", "Slate": "#5d6b76", "Storm": "#8995a0", "Charcoal": "#3a3d42",
    "Cocoa": "#6a4a38", "Sun": "#f2c14e", "Oak": "#c69c6d", "Walnut": "#7a5238", "Birch": "#e2c9a1", "Brass": "#c9a14a",
    "Steel": "#aab2b8", "Copper": "#b8734c", "Black": "#2a2a2d",
}  # fmt: skip
"""The colours that goods come in, by the name that shoppers read."""

_FRONTS = (
    "Alder", "Birk", "Bram", "Cald", "Dun", "Elm", "Fen", "Glen", "Hart", "Hazel", "Holm", "Iver", "Kest", "Lark",
    "Lind", "Mar", "Nor", "Oster", "Pine", "Raven", "Rowan", "Sel", "Skye", "Storm", "Tarn", "Thorn", "Vald", "Wild",
    "Wren", "Yar", "Ash", "Heron",
)  # fmt: skip
_ENDS = ("moor", "wick", "fell", "holt", "by", "sund", "dale", "mere", "ness", "ford", "stead", "vik")
SERIES = tuple(front + end for end in _ENDS for front in _FRONTS)
"""Names of places that are on no map; every product is named after one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a kind: `low` to `high` of its values, neighbours where they have an order.

    Each step up the scale adds `dearer` percent to the price and `heavier` percent to the weight.
    """

    name: str
    values: tuple[str, ...]
    low: int
    high: int
    dearer: int = 0
    heavier: int = 0
    scale: bool = True


@dataclass(frozen=True, slots=True)
class Ware:
    """A kind of goods. `share` is how many of each PER_ROUND products are of this kind.

    `pattern`, `openings`, `details` and so on may name {series}, {modifier}, {noun}, {stuff}, {vendor} and {title};
    `modifiers` says what stuff each is made of.
    """

    kind: str
    code: str
    shape: str
    share: int
    vendors: tuple[str, ...]
    modifiers: Mapping[str, str]
    nouns: tuple[str, ...]
    choices: tuple[Choice, ...]
    euros: tuple[int, int]
    grams: tuple[int, int]
    tags: tuple[str, ...]
    openings: tuple[str, ...]
    details: tuple[str, ...]
    features: tuple[str, ...]
    care: tuple[str, ...]
    pattern: str = "{series} {modifier} {noun}"
    palette: tuple[str, ...] = ()
    digital: bool = False
    to_order: int = 0  # percent of products that are made when somebody orders them

    def name(self, number: int) -> tuple[str, str, str, str]:
        """Return the title, series, modifier and noun of the kind's `number`th product. No two titles are the same.

        Neighbours are strides apart in the space of names, so that they do not look alike.
        """
        modifiers = tuple(self.modifiers)
        space = len(SERIES) * len(modifiers) * len(self.nouns)
        stride = int(space * 0.618)
        while gcd(stride, space) != 1:
            stride += 1
        edition, place = divmod(number, space)
        place = (place * stride + sum(self.code.encode()) * 7_919) % space
        place, series = divmod(place, len(SERIES))
        noun, modifier = divmod(place, len(modifiers))
        words = (SERIES[series], modifiers[modifier], self.nouns[noun])
        title = self.pattern.format(series=words[0], modifier=words[1], noun=words[2])
        return (f"{title} No. {edition + 1}" if edition else title, *words)


def sizes(low: int = 3, high: int = 4) -> Choice:
    """Return clothing sizes."""
    return Choice("Size", ("XS", "S", "M", "L", "XL", "XXL"), low, high, heavier=3)


def colors(names: str, low: int = 1, high: int = 2) -> Choice:
    """Return a choice of colours."""
    return Choice("Color", tuple(names.split()), low, high, scale=False)
