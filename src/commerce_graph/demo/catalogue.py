"""The demo shop's products: `Catalogue.product(n)` is decided by n alone, so any of them can be made at any time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from html import escape
from itertools import islice, product
from uuid import UUID

from commerce_graph.catalog.rules import handle_of
from commerce_graph.demo import prices
from commerce_graph.demo.dice import NOW, OPENED, Dice, Kind, key
from commerce_graph.demo.goods import COLORS, Choice, Ware
from commerce_graph.demo.goods_apparel import APPAREL
from commerce_graph.demo.goods_home import HOME
from commerce_graph.demo.goods_outdoor import OUTDOOR
from commerce_graph.demo.goods_room import ROOM

WARES: tuple[Ware, ...] = (*APPAREL, *OUTDOOR, *HOME, *ROOM)
PER_ROUND = sum(ware.share for ware in WARES)
VARIANTS_PER_PRODUCT_KEYS = 64
"""How many keys each product has for its variants, pictures and options; more than any product needs."""
NEW_FOR = timedelta(days=60)
PATTERNS = {
    "Striped": "stripe", "Seersucker": "stripe", "Flannel": "check", "Checked": "check", "Speckled": "dots",
    "Herringbone": "zigzag", "Donegal": "dots", "Kilim": "zigzag", "Tweed": "zigzag", "Two-Tone": "dip",
    "Ash-Glazed": "dip", "Enamel": "dots", "Dotted": "dots", "Ruled": "stripe",
}  # fmt: skip
"""How a modifier shows in the picture."""
RECYCLED = "recycled"
ORGANIC = "organic"


def _schedule() -> tuple[tuple[Ware, int], ...]:
    """Return the kinds of one round, mixed: each with how many of it came before in the round."""
    cards = [(Dice("round", ware.code, rank).roll(), ware, rank) for ware in WARES for rank in range(ware.share)]
    cards.sort(key=lambda card: card[0])
    seen: dict[str, int] = {}
    round_ = []
    for _, ware, _ in cards:
        rank = seen.get(ware.code, 0)
        seen[ware.code] = rank + 1
        round_.append((ware, rank))
    return tuple(round_)


ROUND = _schedule()


@dataclass(frozen=True, slots=True)
class Variant:
    """One version of a product. `prices` and `before` are in minor units, in the order of prices.CURRENCIES."""

    id: UUID
    number: int
    position: int
    values: tuple[str, ...]
    sku: str
    barcode: str
    weight_g: int
    prices: tuple[int, ...]
    before: tuple[int, ...] | None
    picture: int  # index of the product's pictures
    left: tuple[int, int]  # what can be promised at each location

    @property
    def title(self) -> str:
        """The values in one, as Shopify names variants."""
        return " / ".join(self.values)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of the product."""

    id: UUID
    url: str
    alt: str


@dataclass(frozen=True)
class Product:
    """A product with all that belongs to it."""

    id: UUID
    number: int
    ware: Ware
    title: str
    handle: str
    vendor: str
    status: str
    tags: tuple[str, ...]
    words: dict[str, str]
    options: tuple[tuple[str, tuple[str, ...]], ...]
    variants: tuple[Variant, ...]
    pictures: tuple[Picture, ...]
    tracked: bool
    oversell: bool
    created_at: datetime

    @property
    def published(self) -> bool:
        """Whether shoppers see it."""
        return self.status == "ACTIVE"

    def available(self, variant: Variant) -> bool:
        """Tell whether a shopper may buy one."""
        return not self.tracked or self.oversell or sum(variant.left) > 0

    @cached_property
    def description(self) -> tuple[str, str]:
        """The description as HTML and as its text."""
        dice = Dice("text", self.number)
        ware = self.ware
        first, then = (dice.pick(lines).format(**self.words) for lines in (ware.openings, ware.details))
        points = dice.some(ware.features, dice.between(3, 4))
        care = dice.pick(ware.care)
        html = "".join((
            f"<p>{escape(first, quote=False)}</p>", f"<p>{escape(then, quote=False)}</p>",
            "<ul>", *(f"<li>{escape(point, quote=False)}</li>" for point in points), "</ul>",
            f"<p><strong>Care:</strong> {escape(care, quote=False)}</p>",
        ))  # fmt: skip
        # What catalog.rules.text_of reads in this HTML, without parsing it a hundred thousand times.
        return html, " ".join((first, then, *points, f"Care: {care}"))


class Catalogue:
    """The products of a demo shop of `size` products."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._step = (NOW - OPENED) / (size + 1)

    def product(self, number: int) -> Product:
        """Return the product of a number from 0 to size - 1. Numbers rise with the time of creation."""
        round_, slot = divmod(number, PER_ROUND)
        ware, rank = ROUND[slot]
        title, series, modifier, noun = ware.name(round_ * ware.share + rank)
        dice = Dice("product", number)
        vendor = dice.pick(ware.vendors)
        created_at = OPENED + self._step * (number + 1)
        status = "DRAFT" if dice.chance(3) else "ARCHIVED" if dice.chance(1) else "ACTIVE"
        off = dice.between(15, 35) if dice.chance(12) else 0
        options = _options(ware, dice)
        shown = _colors(ware, options, dice)
        pattern = PATTERNS.get(modifier, "plain")
        words = {"title": title, "series": series, "modifier": modifier, "noun": noun, "vendor": vendor,
                 "stuff": ware.modifiers[modifier]}  # fmt: skip
        oversell = dice.chance(ware.to_order)
        return Product(
            id=key(Kind.PRODUCT, number, created_at),
            number=number,
            ware=ware,
            title=title,
            handle=handle_of(title, "product"),
            vendor=vendor,
            status=status,
            tags=_tags(ware, modifier, sale=bool(off), new=NOW - created_at < NEW_FOR, to_order=oversell),
            words=words,
            options=options or (("Title", ("Default Title",)),),
            variants=_variants(ware, number, options, shown, off, oversell, created_at, dice),
            pictures=_pictures(ware, number, title, shown, pattern, created_at, dice),
            tracked=not ware.digital,
            oversell=oversell,
            created_at=created_at,
        )


def gtin(number: int) -> str:
    """Return a GTIN-13 with its check digit. The prefix 20 is GS1's for use within a shop, so it is nobody else's."""
    digits = f"20{number:010d}"
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _options(ware: Ware, dice: Dice) -> tuple[tuple[str, tuple[str, ...]], ...]:
    chosen = []
    for choice in ware.choices:
        size = dice.between(choice.low, choice.high)
        if choice.scale:
            start = dice.below(len(choice.values) - size + 1)
            values = choice.values[start : start + size]
        else:
            values = tuple(dice.some(choice.values, size))
        chosen.append((choice.name, values))
    # A choice of one is no choice; the page would only show a button that does nothing.
    return tuple((name, values) for name, values in chosen if len(values) > 1 or name in ("Color", "Format"))


def _colors(ware: Ware, options: tuple[tuple[str, tuple[str, ...]], ...], dice: Dice) -> tuple[str, ...]:
    """Return the colours to draw the product in: those it comes in, or one of the kind's own."""
    for _, values in options:
        if values[0] in COLORS:
            return values
    return (dice.pick(ware.palette or ("Oat", "Sage", "Clay")),)


def _tags(ware: Ware, modifier: str, *, sale: bool, new: bool, to_order: bool) -> tuple[str, ...]:
    stuff = ware.modifiers[modifier].lower()
    extra = {
        "sale": sale,
        "new": new,
        "made-to-order": to_order,
        RECYCLED: RECYCLED in stuff,
        ORGANIC: ORGANIC in stuff,
        "wool": "wool" in stuff or "merino" in stuff or "alpaca" in stuff,
    }
    return (*ware.tags, *(tag for tag, holds in extra.items() if holds))


def _variants(
    ware: Ware,
    number: int,
    options: tuple[tuple[str, tuple[str, ...]], ...],
    shown: tuple[str, ...],
    off: int,
    oversell: bool,
    created_at: datetime,
    dice: Dice,
) -> tuple[Variant, ...]:
    choices = {choice.name: choice for choice in ware.choices}
    names = tuple(name for name, _ in options)
    base = dice.between(*ware.euros) * (100 - off) / 100
    grams = dice.between(*ware.grams) // 10 * 10
    mood = dice.below(100)
    made = []
    combinations = product(*(values for _, values in options))
    for position, values in enumerate(islice(combinations, VARIANTS_PER_PRODUCT_KEYS), 1):
        dearer, heavier = _steps(choices, options, values)
        euros = base * (100 + dearer) / 100
        now = prices.prices(euros)
        count = number * VARIANTS_PER_PRODUCT_KEYS + position
        code = "-".join(_short(value) for value in values)
        made.append(
            Variant(
                id=key(Kind.VARIANT, count, created_at),
                number=count,
                position=position,
                values=values or ("Default Title",),
                sku=f"{ware.code}-{number:06d}{'-' if code else ''}{code}",
                barcode=gtin(count),
                weight_g=0 if ware.digital else grams * (100 + heavier) // 1_000 * 10,
                prices=now,
                before=prices.before(now, euros, off) if off else None,
                picture=next((shown.index(v) for v in values if v in shown), 0) if names else 0,
                left=(0, 0) if ware.digital or oversell else _left(mood, dice),
            )
        )
    return tuple(made)


def _steps(
    choices: dict[str, Choice], options: tuple[tuple[str, tuple[str, ...]], ...], values: tuple[str, ...]
) -> tuple[int, int]:
    """Return how many percent dearer and heavier these values are than the smallest ones."""
    dearer = heavier = 0
    for (name, offered), value in zip(options, values, strict=True):
        step = offered.index(value)
        dearer += choices[name].dearer * step
        heavier += choices[name].heavier * step
    return dearer, heavier


def _short(value: str) -> str:
    """Return a value as it is written in an SKU: `500 ml` → `500ML`, `Forest` → `FOR`, `EPUB + PDF` → `EPUP`."""
    plain = "".join(letter if letter.isalnum() else " " for letter in value.upper())
    first, *others = plain.split()
    if first.isalpha():
        return first[:3] + "".join(word[0] for word in others)
    return first + "".join(others)


def _left(mood: int, dice: Dice) -> tuple[int, int]:
    """Return what can be promised of a variant at the two locations. `mood` is the product's, from 0 to 99."""
    if mood < 6:  # the product is sold out
        return 0, 0
    if mood < 16:  # it is running low
        return dice.between(0, 3), dice.between(0, 1)
    if dice.chance(7):  # this one version is gone
        return 0, 0
    return dice.between(4, 90), dice.between(0, 45)


def _pictures(
    ware: Ware, number: int, title: str, shown: tuple[str, ...], pattern: str, created_at: datetime, dice: Dice
) -> tuple[Picture, ...]:
    """Return one picture for each colour and one or two more of the first; 2 to 4 in all."""
    background = dice.below(8)
    shots = [(color, "a") for color in shown]
    shots += [(shown[0], view) for view in ("bc", "cd", "db", "b", "d")[dice.below(5)]]
    made = []
    for index, (color, view) in enumerate(shots[:4]):
        alt = f"{title} in {color}" if len(shown) > 1 else title
        url = f"/media/{ware.shape}-{color.lower()}-{pattern}-{view}{(background + index * 3) % 8}.svg"
        what = {"a": "", "b": ", at an angle", "c": ", close up", "d": ", with others of its kind"}[view]
        picture = key(Kind.MEDIA, number * VARIANTS_PER_PRODUCT_KEYS + index, created_at)
        made.append(Picture(picture, url, alt + what))
    return tuple(made)
