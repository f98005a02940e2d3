"""Finding products by words: for a search engine that has no index of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog.loaders.facets import facet_counts
from commerce_graph.catalog.loaders.hits import Hits, Wanted, Window, any_hits, hit_conditions, hit_page, offset
from commerce_graph.catalog.loaders.words import Sought, read_sought
from commerce_graph.catalog.rules.facets import Counts


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a page of hits begins or ends: `key` of a hit of this list, None for the `position` of one in another's."""

    position: int
    key: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class FoundProducts:
    """A page of hits in list order, with where each is; `total` and `counts` are None where they were not asked for."""

    products: Sequence[tuple[UUID, Spot]]
    has_next: bool
    has_previous: bool
    total: int | None
    counts: Counts | None


async def find_products(
    conn: AsyncConnection,
    wanted: Wanted,
    size: int,
    *,
    backward: bool = False,
    after: Spot | None = None,
    before: Spot | None = None,
    total: bool = False,
    facets: bool = False,
) -> FoundProducts:
    """Find products, and those that meet most of the words where none meets all.

    Shape: 3 statements, 5 where most of the words must do; 1 more for facets.
    Raises: RequestError(BAD_USER_INPUT) for a place that no list gave out, or beyond SEARCH_OFFSET_MAX.
    """
    sought = await read_sought(conn, wanted.plan, wanted.language)
    spots = [spot for spot in (after, before) if spot is not None]
    keys = [spot.key for spot in spots if spot.key is not None]
    # Whether all words must be met is settled on a list's first page, and goes on in its cursors.
    relaxed = _relaxed(keys[0]) if keys else bool(spots) and await _must_relax(conn, sought, wanted)
    by_key = len(keys) == len(spots)
    window = _by_key(size, backward, after, before) if by_key else _by_position(size, backward, after, before)
    counting = total or (backward and before is None)
    hits = await hit_page(conn, sought, wanted, window, relaxed=relaxed, total=counting)
    if not hits.rows and not spots and size and await _must_relax(conn, sought, wanted):
        relaxed = True
        hits = await hit_page(conn, sought, wanted, window, relaxed=True, total=counting)
    counts = None
    if facets:
        (counts,) = await _counts(conn, sought, [wanted], [relaxed])
    return FoundProducts(
        products=_placed(hits, relaxed, _first_position(window, hits, after, before)),
        has_next=hits.more if not backward else before is not None,
        has_previous=hits.more if backward else after is not None,
        total=hits.total if total else None,
        counts=counts,
    )


async def count_found(conn: AsyncConnection, lists: Sequence[Wanted]) -> list[Counts]:
    """Count the facets of lists that differ in their collection alone.

    Shape: n lists → n counts; 3 statements, 4 where words are several.
    """
    if not lists:
        return []
    sought = await read_sought(conn, lists[0].plan, lists[0].language)
    met = await any_hits(conn, sought, lists) if sought.least < len(sought.slots) else [True] * len(lists)
    return await _counts(conn, sought, lists, [not any_met for any_met in met])


async def _counts(
    conn: AsyncConnection, sought: Sought, lists: Sequence[Wanted], relaxed: Sequence[bool]
) -> list[Counts]:
    where = [and_(*hit_conditions(sought, wanted, relaxed=less)) for wanted, less in zip(lists, relaxed, strict=True)]
    first = lists[0]
    return await facet_counts(conn, where, first.filters, first.market, [each.collection_id for each in lists])


async def _must_relax(conn: AsyncConnection, sought: Sought, wanted: Wanted) -> bool:
    if sought.least >= len(sought.slots):
        return False
    (met,) = await any_hits(conn, sought, [wanted])
    return not met


def _relaxed(key: tuple[Any, ...]) -> bool:
    return key[:1] == (1,)


def _by_key(size: int, backward: bool, after: Spot | None, before: Spot | None) -> Window:
    return Window(size, backward, _key(after), _key(before))


def _key(spot: Spot | None) -> tuple[Any, ...] | None:
    return spot.key[1:] if spot is not None and spot.key is not None else None


def _by_position(size: int, backward: bool, after: Spot | None, before: Spot | None) -> Window:
    low = offset(after.position) if after is not None else 0
    high = None if before is None else max(low, offset(before.position - 1))
    if backward:
        # The end of the list lies behind whatever place it is read after.
        return Window(size, True) if high is None else Window(size, True, low=max(low, high - size - 1), high=high)
    return Window(size, low=low, high=None if high is None else min(high, low + size + 1))


def _first_position(window: Window, hits: Hits, after: Spot | None, before: Spot | None) -> int:
    """Return the position of a page's first hit, counted from 1."""
    if not window.backward:
        return (after.position if after is not None else 0) + 1
    last = before.position - 1 if before is not None else hits.total or 0
    return max(last - len(hits.rows) + 1, 1)


def _placed(hits: Hits, relaxed: bool, first: int) -> list[tuple[UUID, Spot]]:
    return [(product_id, Spot(first + at, (int(relaxed), *key))) for at, (product_id, key) in enumerate(hits.rows)]
