"""The same random requests to both engines: the same hits in the same order, the same totals, the same counts."""

from random import Random
from typing import Any

import pytest

from commerce_graph.catalog.service import Audience, Filters
from commerce_graph.search.service.engine import Paging
from tests.search.contract.conftest import EU, JP, US, Searching
from tests.search.contract.test_facets import plain
from tests.shop import uid

REQUESTS_PER_SEED = 40
VENDORS = ("Emberly", "Potter", "Quarry", "Hearth", "Trailhead", "Müller & Söhne", "Nobody")
TYPES = ("Kitchenware", "Footwear", "Tile", "Wall", "Furniture", "Shirt")
TAGS = ("stovetop", "odd", "stone", "outdoor", "tea time", "summer")
OPTIONS = (
    ("Color", "Navy"),
    ("Color", "Lime"),
    ("Size", "42"),
    ("Size", "43"),
    ("Finish", "Matt"),
    ("Finish", "Gloss"),
)
MATERIALS = [("custom", "material", value) for value in ("copper", "steel", "tin")]
FITS = [("custom", "fit", value) for value in ("wide", "narrow", "none")]
ASKED = ("", "", "vendor:Potter", "-vendor:Potter", "tag:stone OR tag:odd", "product_type:Tile variants.price:>12",
         "available_for_sale:true", "NOT (tag:odd vendor:Hearth)", "sku:TILE* -tag:odd", "title:kettle")  # fmt: skip


def some(dice: Random, values: Any, chance: float = 0.3) -> tuple[Any, ...]:
    """Return none, one or several of the values."""
    return tuple(dice.sample(values, dice.randint(1, min(3, len(values))))) if dice.random() < chance else ()


def drawn(dice: Random) -> dict[str, Any]:
    """Draw a request without words to be relevant to."""
    prices = [(least, least + dice.randint(0, 40)) for least in (dice.randint(5, 60), dice.randint(5, 3_000))]
    return {
        "asked": dice.choice(ASKED),
        "market": dice.choice((EU, US, JP)),
        "audience": dice.choice(
            (Audience(channel_id=uid("online")), Audience(channel_id=uid("counter")), Audience(), Audience(True))
        ),
        "filters": Filters(
            available=frozenset(some(dice, (True, False), 0.3)),
            prices=some(dice, [*prices, (None, 30), (14, None)], 0.3),
            product_types=some(dice, TYPES),
            vendors=some(dice, VENDORS),
            tags=some(dice, TAGS),
            options=some(dice, OPTIONS),
            product_metafields=some(dice, MATERIALS, 0.1),
            variant_metafields=some(dice, FITS, 0.1),
        ),
        "sort": "PRICE",
        "reverse": dice.random() < 0.5,
        "unavailable": dice.choice(("SHOW", "LAST", "HIDE")),
        "collection_id": uid("summer") if dice.random() < 0.2 else None,
        "paging": Paging(dice.choice((1, 5, 100)), backward=dice.random() < 0.3),
        "total": True,
        "facets": True,
    }


@pytest.mark.parametrize("seed", range(8))
async def test_both_engines_answer_alike(both: tuple[Searching, Searching], seed: int) -> None:
    dice = Random(seed)
    seen = 0
    for _ in range(REQUESTS_PER_SEED):
        how = drawn(dice)
        one, other = [await searching.found(**how) for searching in both]
        assert both[0].named(one) == both[1].named(other), how
        assert (one.total, one.has_next, one.has_previous) == (other.total, other.has_next, other.has_previous), how
        assert [hit.place.position for hit in one.hits] == [hit.place.position for hit in other.hits], how
        assert plain(one.counts) == plain(other.counts), how
        seen += bool(one.hits)
    assert seen > REQUESTS_PER_SEED // 8
