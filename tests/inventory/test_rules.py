"""Which location gives what: held against every way there is to do it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commerce_graph.inventory import rules
from commerce_graph.inventory.rules import Allocation, Delta, Held, Item, Level, Stock, Wanted
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import INVENTORY_QUANTITY_MAX

PLACES = [UUID(int=100 + n) for n in range(4)]
VARIANTS = [UUID(int=n) for n in range(3)]
COUNTRIES = {place: ("DE", "US", "DE", "JP")[n] for n, place in enumerate(PLACES)}


@st.composite
def stocks(draw: st.DrawFn) -> dict[UUID, Item]:
    """Return items with levels at some of the places."""
    items = {}
    for variant in VARIANTS:
        tracked, oversell = draw(st.sampled_from([(True, False), (True, False), (True, True), (False, False)]))
        limit = draw(st.none() | st.integers(0, 4)) if oversell else None
        beyond = None if not tracked else limit if oversell else 0
        levels = []
        for n, place in enumerate(PLACES):
            if draw(st.booleans()):
                committed = draw(st.integers(0, 3))
                on_hand = committed + draw(st.integers(0, 6))
                safety = draw(st.integers(0, 3))
                levels.append(Level(place, on_hand, committed, beyond, n != 3, COUNTRIES[place], n % 2, safety))
        items[variant] = Item(variant, UUID(int=50), tracked, oversell, levels, limit)
    return items


LINES = st.lists(
    st.builds(Wanted, st.uuids(), st.sampled_from(VARIANTS), st.integers(1, 6)),
    min_size=1,
    max_size=5,
    unique_by=lambda line: line.line_id,
)


def free(items: Mapping[UUID, Item], variant: UUID, places: Sequence[UUID]) -> int:
    return sum(max(0, at.available) for at in items[variant].levels if at.active and at.location_id in places)


def most(item: Item) -> int | None:
    """Return how many can be bought at most: what is free, and beyond it what the limit leaves; None for any number."""
    active = [level for level in item.levels if level.active]
    if not item.tracked or (active and item.oversell and item.backorder_limit is None):
        return None
    if not active:
        return 0
    owed = -sum(min(0, level.available) for level in active)
    beyond = (item.backorder_limit or 0) if item.oversell else 0
    return sum(max(0, level.available) for level in active) + max(0, beyond - owed)


@settings(max_examples=400)
@given(stocks(), LINES, st.sampled_from(["DE", "US", "FR", None]))
def test_what_is_given(items: dict[UUID, Item], wanted: list[Wanted], country: str | None) -> None:
    short = rules.shortage(wanted, items)
    need: Counter[UUID] = Counter()
    for line in wanted:
        need[line.variant_id] += line.quantity
    assert (short is None) == all(need[v] <= most(items[v]) for v in need if most(items[v]) is not None)
    if short:
        line, left = short
        assert line in wanted
        assert 0 <= left < line.quantity
        return
    given_ = rules.allocate(wanted, items, country)
    by_line: Counter[UUID] = Counter()
    taken: Counter[tuple[UUID, UUID]] = Counter()
    for part in given_:
        assert part.quantity > 0
        by_line[part.line_id] += part.quantity
        assert (part.location_id is None) == (not items[part.variant_id].tracked)
        if part.location_id:
            taken[part.variant_id, part.location_id] += part.quantity
    assert by_line == {line.line_id: line.quantity for line in wanted}
    assert len({(p.line_id, p.location_id) for p in given_}) == len(given_)
    for (variant, place), quantity in taken.items():
        at = items[variant].level(place)
        assert at
        assert at.active
        if at.beyond is not None:
            # The last defence in the database would let it pass.
            assert at.committed + quantity <= at.on_hand + at.beyond
        if most(items[variant]) is not None and need[variant] <= free(items, variant, PLACES):
            assert quantity <= max(0, at.available), "nothing is owed while there is stock"
    if all(items[v].backorder_limit is None or need[v] <= free(items, v, PLACES) for v in need):
        assert_fewest(items, need, {place for _, place in taken}, taken)


def assert_fewest(
    items: Mapping[UUID, Item], need: Mapping[UUID, int], used: set[UUID], taken: Mapping[tuple[UUID, UUID], int]
) -> None:
    """No smaller group of places could have given everything; oversold variants only need a level there."""
    tracked = [variant for variant in need if items[variant].tracked]

    def covers(group: Sequence[UUID]) -> bool:
        for variant in tracked:
            enough = free(items, variant, PLACES) >= need[variant]
            levels = [at for at in items[variant].levels if at.active and at.location_id in group]
            if (enough and free(items, variant, group) < need[variant]) or not levels:
                return False
        return True

    smallest = next(size for size in range(len(PLACES) + 1) if any(covers(g) for g in combinations(PLACES, size)))
    assert len(used) == smallest


def test_a_large_cover_is_found_without_trying_every_group() -> None:
    places = [UUID(int=1000 + n) for n in range(40)]
    items, wanted = {}, []
    for n in range(30):
        variant = UUID(int=n)
        at = [Level(place, 1, 0, 0, True, "DE", 0) for place in (places[n], places[(n * 7) % 40], places[39])]
        unique = {level.location_id: level for level in at}
        items[variant] = Item(variant, UUID(int=50), True, False, list(unique.values()))
        wanted.append(Wanted(UUID(int=2000 + n), variant, len(unique)))
    given_ = rules.allocate(wanted, items, "DE")
    assert Counter(part.line_id for part in given_) == {line.line_id: line.quantity for line in wanted}


def test_a_line_stays_whole_where_it_can() -> None:
    one, two = VARIANTS[:2]
    places = PLACES[:2]

    def stocked(variant: UUID, *available: int) -> Item:
        levels = [Level(places[n], there, 0, 0, True, "DE", n) for n, there in enumerate(available)]
        return Item(variant, UUID(int=50), True, False, levels)

    items = {one: stocked(one, 2, 3), two: stocked(two, 1)}
    lines = [Wanted(UUID(int=7), one, 3), Wanted(UUID(int=8), two, 1)]
    assert rules.allocate(lines, items, "DE") == [
        Allocation(UUID(int=7), one, places[1], 3),
        Allocation(UUID(int=8), two, places[0], 1),
    ]


HELD = [
    Held(VARIANTS[0], PLACES[0], VARIANTS[0], 3, "COMMITTED"),
    Held(VARIANTS[0], PLACES[1], VARIANTS[0], 2, "HELD"),
    Held(VARIANTS[1], PLACES[0], VARIANTS[0], 0, "SHIPPED"),
]


def test_all_that_is_held() -> None:
    assert rules.take_all(HELD) == {(VARIANTS[0], PLACES[0]): 3, (VARIANTS[0], PLACES[1]): 2}


@given(st.lists(st.tuples(st.sampled_from(VARIANTS), st.sampled_from(PLACES[:3]), st.integers(-1, 3)), max_size=4))
def test_nothing_is_taken_that_is_not_held(picks: list[tuple[UUID, UUID, int]]) -> None:
    known = {part.line_id for part in HELD}
    wanted: Counter[tuple[UUID, UUID]] = Counter()
    for line, place, quantity in picks:
        if line in known:
            wanted[line, place] += quantity
    there = {(part.line_id, part.location_id): part.quantity for part in HELD}
    fits = all(n <= there.get(at, 0) for at, n in wanted.items()) and all(n >= 0 for _, _, n in picks)
    if fits:
        assert rules.take(HELD, picks, ("HELD", "COMMITTED")) == {at: n for at, n in wanted.items() if n}
    else:
        with pytest.raises(Rejected):
            rules.take(HELD, picks, ("HELD", "COMMITTED"))


def test_only_states_that_are_asked_for_are_taken() -> None:
    with pytest.raises(Rejected):
        rules.take(HELD, [(VARIANTS[0], PLACES[1], 1)], ("COMMITTED",))


@given(st.booleans(), st.booleans(), st.integers(-5, 5), st.none() | st.integers(0, 5))
def test_for_sale(tracked: bool, oversell: bool, available: int, limit: int | None) -> None:
    stock = Stock(tracked, oversell, available, max(0, available), limit)
    beyond = (limit if limit is not None else 99) if oversell else 0
    assert stock.for_sale == (not tracked or available + beyond > 0)
    level = Level(PLACES[0], available, 0, None if not tracked else limit if oversell else 0, True, "DE", 0)
    assert Item(VARIANTS[0], VARIANTS[0], tracked, oversell, [level], limit).for_sale == stock.for_sale


def test_what_one_place_owes_is_not_taken_from_another() -> None:
    levels = [Level(PLACES[0], 2, 5, 4, True, "DE", 0), Level(PLACES[1], 2, 0, 4, True, "US", 1)]
    item = Item(VARIANTS[0], VARIANTS[0], True, True, levels, 4)
    assert item.left == 3, "two in stock, and one more until four are owed"
    wanted = [Wanted(UUID(int=7), VARIANTS[0], 3)]
    given_ = rules.allocate(wanted, {VARIANTS[0]: item}, "US")
    assert [(part.location_id, part.quantity) for part in given_] == [(PLACES[1], 3)]
    assert rules.shortage([Wanted(UUID(int=7), VARIANTS[0], 4)], {VARIANTS[0]: item}) is not None


@given(st.integers(0, 10), st.integers(0, 10), st.none() | st.integers(0, 3), st.integers(-20, 20))
def test_a_level_stays_sound(on_hand: int, committed: int, beyond: int | None, by: int) -> None:
    level = Level(PLACES[0], on_hand, committed, beyond, True, "DE", 0)
    allowed = by >= 0 or beyond is None or on_hand + by + beyond >= committed
    assert (rules.refusal(level, Delta(on_hand=by)) is None) == allowed


def test_a_level_stays_countable() -> None:
    level = Level(PLACES[0], 0, 0, None, True, "DE", 0)
    for limit, code in ((INVENTORY_QUANTITY_MAX, "TOO_HIGH"), (-INVENTORY_QUANTITY_MAX, "TOO_LOW")):
        assert rules.refusal(level, Delta(on_hand=limit)) is None
        refused = rules.refusal(level, Delta(on_hand=limit + (1 if limit > 0 else -1)))
        assert refused
        assert code in refused[0]
    for name in ("safety", "incoming"):
        assert rules.refusal(level, Delta(**{name: -1})) is not None
