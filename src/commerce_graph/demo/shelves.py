"""The demo shop's collections: some picked by hand, most by rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from commerce_graph.catalog.rules import Rule, RuleSet, Traits, picks
from commerce_graph.demo.catalogue import Catalogue, Product
from commerce_graph.demo.dice import Dice, Kind, key
from commerce_graph.demo.world import MARKETS
from commerce_graph.kernel.money import to_minor

PICKS_PER_SHELF = 24
TRIES_PER_PICK = 40


@dataclass(frozen=True)
class Shelf:
    """A collection: with rules, or with the kinds of goods that somebody picks from by hand."""

    number: int
    handle: str
    title: str
    text: str
    picture: str
    order: str = "BEST_SELLING"
    rules: RuleSet | None = None
    kinds: tuple[str, ...] = ()

    @cached_property
    def id(self) -> UUID:
        """The collection's key."""
        return key(Kind.COLLECTION, self.number)

    def stored_rules(self) -> dict[str, Any] | None:
        """Return the rules as catalog.tables keeps them."""
        if self.rules is None:
            return None
        return {
            "applied_disjunctively": self.rules.applied_disjunctively,
            "rules": [
                {"column": rule.column, "relation": rule.relation, "condition": rule.condition}
                | (
                    {"market_id": str(rule.market_id), "amount_minor": rule.amount_minor}
                    if rule.column == "VARIANT_PRICE"
                    else {}
                )
                for rule in self.rules.rules
            ],
        }


def traits(product: Product) -> Traits:
    """Return what rules look at."""
    prices = {
        market.id: (
            min(variant.prices[market.number] for variant in product.variants),
            max(variant.prices[market.number] for variant in product.variants),
        )
        for market in MARKETS[:1]  # every price rule is about the primary market
    }
    return Traits(product.title, product.ware.kind, product.vendor, product.tags, prices)


def _rules(*rules: str, some: bool = False) -> RuleSet:
    """Return rules written as `COLUMN RELATION condition`; `some` is enough where any of them may be met."""
    made = []
    for rule in rules:
        column, relation, condition = rule.split(" ", 2)
        if column == "VARIANT_PRICE":
            amount = to_minor(Decimal(condition), MARKETS[0].currency)
            made.append(Rule(column, relation, condition, MARKETS[0].id, amount))
        else:
            made.append(Rule(column, relation, condition))
    return RuleSet(tuple(made), some)


def _types(*kinds: str) -> RuleSet:
    return _rules(*(f"TYPE EQUALS {kind}" for kind in kinds), some=True)


_SHELVES: tuple[tuple[str, str, str, str, RuleSet | tuple[str, ...]], ...] = (
    ("Home page", "What we would put in the window this week.", "lamp-forest-plain-d2", "MANUAL",
     ("Lamp", "Mug", "Sweater", "Backpack", "Jacket", "Blanket", "Chair", "Tent")),
    ("Staff favourites", "The things that went home with us.", "backpack-rust-plain-d4", "MANUAL",
     ("Backpack", "Boots", "Teapot", "Notebook", "Beanie", "Shirt")),
    ("Gifts for hosts", "Small, wrapped and gone by evening.", "candle-honey-plain-d0", "MANUAL",
     ("Candle", "Mug", "Bowl", "Notebook", "Socks")),
    ("The autumn edit", "Wool, wax and wood for the darker half of the year.", "sweater-rust-plain-d5", "MANUAL",
     ("Sweater", "Scarf", "Blanket", "Lamp", "Beanie", "Jacket")),
    ("First camp", "All that a first night outside needs, and nothing it does not.", "tent-ochre-plain-d1", "MANUAL",
     ("Tent", "Sleeping Bag", "Lantern", "Water Bottle", "Backpack")),
    ("Slow mornings", "A pot, a cup, a blanket, no plans.", "teapot-sage-plain-d3", "MANUAL",
     ("Teapot", "Mug", "Blanket", "Bowl", "Candle")),
    ("The desk corner", "Light, paper and a clock that does not tick.", "notebook-ink-plain-d6", "MANUAL",
     ("Notebook", "Lamp", "Clock", "Art Print", "Mug")),
    ("Under the stars", "For nights without a roof.", "lantern-brass-plain-d7", "MANUAL",
     ("Lantern", "Sleeping Bag", "Digital Guide", "Hoodie")),
    ("All", "Everything that we make and gather.", "tote-oat-plain-d0", "CREATED_DESC",
     _rules("VARIANT_PRICE GREATER_THAN 0")),
    ("New in", "The last two months' arrivals.", "tee-sky-stripe-d2", "CREATED_DESC", _rules("TAG EQUALS new")),
    ("Sale", "Good things that have to make room.", "boots-walnut-plain-d3", "PRICE_ASC", _rules("TAG EQUALS sale")),
    ("Tops", "T-shirts, shirts and hoodies.", "shirt-denim-plain-d1", "BEST_SELLING",
     _types("T-Shirt", "Shirt", "Hoodie")),
    ("Knitwear", "Sweaters to inherit.", "sweater-oat-plain-d4", "BEST_SELLING", _rules("TAG EQUALS knitwear")),
    ("Jackets", "For the weather as it is.", "jacket-forest-plain-d5", "BEST_SELLING", _types("Jacket")),
    ("Trousers", "Cut to step over fences.", "trousers-sand-plain-d6", "BEST_SELLING", _types("Trousers")),
    ("Boots", "Resoled, not replaced.", "boots-sand-plain-d0", "BEST_SELLING", _types("Boots")),
    ("Hats, scarves and socks", "The small warm things.", "beanie-rust-plain-d2", "BEST_SELLING",
     _rules("TAG EQUALS accessories")),
    ("Packs and bags", "From the market to the hut.", "backpack-ochre-plain-d7", "BEST_SELLING",
     _rules("TAG EQUALS bags")),
    ("Camp", "Tents, bags and light.", "tent-moss-plain-d3", "BEST_SELLING", _rules("TAG EQUALS camping")),
    ("Kitchen and table", "Clay, steel and a good pour.", "bowl-lagoon-dip-d1", "BEST_SELLING",
     _rules("TAG EQUALS kitchen")),
    ("Lighting", "Enough, and in the right place.", "lamp-brass-plain-d4", "PRICE_DESC", _rules("TAG EQUALS lighting")),
    ("Blankets and cushions", "Woven to be leant on.", "cushion-rust-stripe-d5", "BEST_SELLING",
     _rules("TAG EQUALS textiles")),
    ("Chairs", "Nine parts, no screws.", "chair-oak-plain-d6", "PRICE_ASC", _types("Chair")),
    ("For walls and shelves", "Prints, vases and clocks.", "vase-clay-dip-d0", "ALPHA_ASC", _rules("TAG EQUALS decor")),
    ("Paper and desk", "To plan on and to scribble on.", "notebook-rust-plain-d2", "BEST_SELLING",
     _rules("TYPE EQUALS Notebook", "TYPE EQUALS Art Print", some=True)),
    ("Guides to read", "Nothing to ship.", "guide-forest-plain-d1", "CREATED_DESC", _rules("TAG EQUALS digital")),
    ("Under 25", "Small money, well spent.", "socks-honey-stripe-d3", "PRICE_ASC",
     _rules("VARIANT_PRICE LESS_THAN 25")),
    ("Worth the money", "Bought once.", "chair-walnut-plain-d4", "PRICE_DESC",
     _rules("VARIANT_PRICE GREATER_THAN 200", "TAG NOT_EQUALS sale")),
    ("Merino", "The wool that does not itch, wherever it turns up.", "beanie-moss-plain-d5", "BEST_SELLING",
     _rules("TITLE CONTAINS merino")),
    ("Larkmoor originals", "Made to our own drawings.", "hoodie-oat-plain-d7", "BEST_SELLING",
     _rules("VENDOR EQUALS Larkmoor", "TAG NOT_EQUALS sale")),
)  # fmt: skip

SHELVES = tuple(
    Shelf(
        number=number,
        handle="frontpage" if title == "Home page" else title.lower().replace(",", "").replace(" ", "-"),
        title=title,
        text=text,
        picture=f"/media/{picture}.svg",
        order=order,
        rules=how if isinstance(how, RuleSet) else None,
        kinds=() if isinstance(how, RuleSet) else how,
    )
    for number, (title, text, picture, order, how) in enumerate(_SHELVES)
)


def memberships(product: Product, hand_picked: Mapping[int, list[tuple[UUID, int]]]) -> Iterator[tuple[UUID, int]]:
    """Return the collections that hold a product, each with its position; those with rules have none."""
    yield from hand_picked.get(product.number, ())
    seen = traits(product)
    for shelf in SHELVES:
        if shelf.rules is not None and picks(shelf.rules, seen):
            yield shelf.id, 0


def hand_picked(catalogue: Catalogue) -> dict[int, list[tuple[UUID, int]]]:
    """Return which products are picked by hand, by number: the collections and the positions in them."""
    found: dict[int, list[tuple[UUID, int]]] = {}
    for shelf in SHELVES:
        if shelf.rules is not None:
            continue
        dice = Dice("shelf", shelf.handle)
        chosen: dict[int, None] = {}
        for _ in range(PICKS_PER_SHELF * TRIES_PER_PICK):
            number = dice.below(catalogue.size)
            if number not in chosen:
                product = catalogue.product(number)
                if product.published and product.ware.kind in shelf.kinds:
                    chosen[number] = None
            if len(chosen) == PICKS_PER_SHELF:
                break
        for position, number in enumerate(chosen, 1):
            found.setdefault(number, []).append((shelf.id, position))
    return found
