"""The protocol of a search engine: what OpenSearch and PostgreSQL both answer, held to the same contract tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

from commerce_graph.catalog.service import Audience, Counts, Filters, PriceMarket
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.query_syntax.words import Plan

Unavailable = Literal["SHOW", "LAST", "HIDE"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list of hits: `values` of its sort keys for the engine that made it, `position` for any other.

    `position`: how many hits come before and at it, from the list's start. `snapshot`: the point in time that the list
    was read at, for an engine that keeps one.
    """

    engine: str
    position: int
    values: tuple[Any, ...]
    snapshot: str = ""


@dataclass(frozen=True, slots=True)
class Paging:
    """Which hits of a list: `size` of them from its start, or its end (`backward`), between two places."""

    size: int
    backward: bool = False
    after: Place | None = None
    before: Place | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What is looked for, by whom, and how the hits are listed.

    `language`: lower case, ISO 639-1. `sort`: RELEVANCE or PRICE; `reverse` turns it round. `pins`: what comes before
    all else, in this order, if the audience sees it and the filters let it; with RELEVANCE only. `snapshot`: whether
    further pages will be asked for. A hit is available when it can be bought and has a price in the market.
    """

    plan: Plan
    audience: Audience
    market: PriceMarket
    language: str
    filters: Filters = field(default_factory=Filters)
    sort: Literal["RELEVANCE", "PRICE"] = "RELEVANCE"
    reverse: bool = False
    unavailable: Unavailable = "SHOW"
    collection_id: UUID | None = None
    pins: tuple[UUID, ...] = ()
    paging: Paging = Paging(0)
    total: bool = False
    facets: bool = False
    snapshot: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A product that was found, and its place in the list."""

    product_id: UUID
    place: Place


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits; `total` and `counts` (of facets) are None where they were not asked for."""

    hits: Sequence[Hit]
    has_next: bool
    has_previous: bool
    total: int | None = None
    counts: Counts | None = None


class Engine(Protocol):
    """What finds products. Safe for concurrent use; every call is bounded in time and in what it returns."""

    @property
    def name(self) -> str:
        """Its name in cursors and in what is told: `opensearch` or `postgresql`."""
        ...

    async def search(self, db: Database, request: Request) -> Found:
        """Find products.

        A product answers when each slot is met by one of its texts (title, vendor, type, tags, options, description,
        SKUs, barcodes): a word by its stem, its beginning where the slot says so, or, with 4 letters or more, one typo
        (two with 8 or more). Where nothing meets every slot, products that meet most of them are found instead.
        A facet's counts leave the facet's own filter out of account.
        """
        ...

    async def counts(self, db: Database, requests: Sequence[Request]) -> Sequence[Counts]:
        """Count facets of several lists that differ in their collection alone. Shape: n requests → n results."""
        ...

    async def suggest(self, db: Database, request: Request) -> Sequence[UUID]:
        """Find the few products to show while someone still types: `request.paging.size` of them, the best first."""
        ...

    async def related(
        self, db: Database, product_ids: Sequence[UUID], audience: Audience, market: PriceMarket, size: int
    ) -> Sequence[Sequence[UUID]]:
        """Find products like others. Shape: n keys → n lists in input order."""
        ...
