"""The results of a search: products, then pages, then articles, as one list with cursors through all three.

Products are found by the engine, the others in PostgreSQL. What several fields of one answer need is found together:
hits, total and facets are one call of the engine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from commerce_graph.catalog.service import Counts
from commerce_graph.content import service as content
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.pages import PageArguments, encode_cursor
from commerce_graph.search.rules.suggesting import tellable
from commerce_graph.search.service.engine import Found, Paging, Place, Request
from commerce_graph.search.service.engines import engine_of
from commerce_graph.search.service.tally import tally

PRODUCT, PAGE, ARTICLE = "PRODUCT", "PAGE", "ARTICLE"
KINDS = (PRODUCT, PAGE, ARTICLE)
"""In the order in which they are listed."""

HITS, PLACES, TOTAL, COUNTS = "hits", "places", "total", "counts"
"""What can be asked of results; with `places` the hits are those of a list that stays as it is for further pages."""

_CONTENT = "content"
_POSITION_MAX = 2**31


@dataclass(frozen=True, slots=True)
class ResultHit:
    """A thing that was found. `row`: what its own loader would read, where it was read already."""

    kind: str
    id: UUID
    place: Place
    row: Any = None

    @property
    def cursor(self) -> str:
        """Its cursor."""
        at = self.place
        return encode_cursor([self.kind, at.engine, at.position, at.snapshot, *at.values])


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A page of results."""

    hits: Sequence[ResultHit] = ()
    has_next: bool = False
    has_previous: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """A place in one of the lists that results are made of."""

    kind: str
    place: Place


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. `request`: of products, without its paging. `kinds`: which of KINDS, in their order."""

    text: str
    request: Request
    kinds: tuple[str, ...]
    size: int
    backward: bool
    after: Bound | None
    before: Bound | None


def bounds(args: PageArguments, kinds: Sequence[str]) -> tuple[Bound | None, Bound | None]:
    """Return where a page lies. Raises: RequestError(BAD_USER_INPUT) for a cursor that no such list gave out."""
    return _bound(args.after, kinds), _bound(args.before, kinds)


def _bound(values: Sequence[Any] | None, kinds: Sequence[str]) -> Bound | None:
    if values is None:
        return None
    match values:
        case [str(kind), str(engine), int(position), str(snapshot), *rest] if (
            kind in kinds and not isinstance(position, bool) and 0 <= position <= _POSITION_MAX
        ):
            return Bound(kind, Place(engine, position, tuple(rest), snapshot))
    raise RequestError("BAD_USER_INPUT", "the cursor belongs to another list")


@dataclass(slots=True)
class _Answer:
    """What one run has found."""

    page: ResultPage | None = None
    total: int | None = None
    counts: Counts | None = None


class Results:
    """The results of one search in one operation, found when they are asked for."""

    def __init__(self, ctx: Context, search: Search) -> None:
        self._ctx = ctx
        self._search = search
        self._engine = engine_of(ctx.resources, ctx.extensions)
        self._wanted: set[str] = set()
        self._running: asyncio.Task[_Answer] | None = None

    async def page(self, *, lasting: bool = False) -> ResultPage:
        """Return the page. `lasting`: its cursors will be used."""
        page = (await self._asked(PLACES if lasting else HITS)).page
        assert page is not None
        return page

    async def total(self) -> int:
        """Return how many results there are on all pages."""
        total = (await self._asked(TOTAL)).total
        assert total is not None
        return total

    async def counts(self) -> Counts | None:
        """Return the counts of the facets of the products, None where products are not looked for."""
        return (await self._asked(COUNTS)).counts

    async def _asked(self, part: str) -> _Answer:
        """Wait for a part together with whoever asks for another one in the same turn of the loop."""
        self._wanted.add(part)
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())
        return await self._running

    async def _run(self) -> _Answer:
        await asyncio.sleep(0)  # fields beside the first one say what they need
        wanted, self._wanted, self._running = self._wanted, set(), None
        answer = _Answer()
        asking = replace(
            self._search.request,
            total=TOTAL in wanted,
            facets=COUNTS in wanted,
            snapshot=PLACES in wanted,
        )
        found = None
        if wanted & {HITS, PLACES}:
            answer.page, found = await self._page(asking)
        if PRODUCT in self._search.kinds and found is None and wanted & {TOTAL, COUNTS}:
            # One hit, though none is shown: whether most of the words must do is known by there being none.
            found = await self._find(replace(asking, paging=Paging(1), snapshot=False))
        if found is not None:
            answer.counts = found.counts
        if TOTAL in wanted:
            answer.total = (found.total or 0) if found else 0
            for kind in self._search.kinds:
                if kind in _COUNTED:
                    answer.total += await self._count(kind)
        return answer

    async def _page(self, asking: Request) -> tuple[ResultPage, Found | None]:
        """Return the page, and what the engine found if it was asked: lists one after the other, until it is full."""
        search = self._search
        kinds = search.kinds[::-1] if asking.reverse else search.kinds
        first = kinds.index(search.after.kind) if search.after else 0
        last = kinds.index(search.before.kind) if search.before else len(kinds) - 1
        walk = kinds[first : last + 1]
        hits: list[ResultHit] = []
        more, found = False, None
        for kind in reversed(walk) if search.backward else walk:
            left = search.size - len(hits)
            after = search.after.place if search.after and search.after.kind == kind else None
            before = search.before.place if search.before and search.before.kind == kind else None
            # Where nothing is left to show, one hit tells that there would be more.
            paging = Paging(max(left, 1), search.backward, after, before)
            if kind == PRODUCT:
                found = await self._find(replace(asking, paging=paging))
                some = [ResultHit(kind, hit.product_id, hit.place) for hit in found.hits]
                more = found.has_previous if search.backward else found.has_next
                await self._tell(some)
            else:
                some, more = await self._content(kind, paging, reverse=asking.reverse)
            more = more or len(some) > left
            shown = some[max(len(some) - left, 0) :] if search.backward else some[:left]
            hits = [*shown, *hits] if search.backward else [*hits, *shown]
            if more:
                break
        if search.backward:
            return ResultPage(hits, has_next=search.before is not None, has_previous=more), found
        return ResultPage(hits, has_next=more, has_previous=search.after is not None), found

    async def _find(self, request: Request) -> Found:
        async with self._ctx.turn():
            return await self._engine.search(self._ctx.database, request)

    async def _content(self, kind: str, paging: Paging, *, reverse: bool) -> tuple[list[ResultHit], bool]:
        after, before = _rank_and_id(paging.after), _rank_and_id(paging.before)
        if reverse:
            after, before = before, after
        async with self._ctx.read() as conn:
            rows = await _FOUND[kind](
                conn,
                self._search.request.plan,
                limit=paging.size + 1,
                after=after,
                before=before,
                backward=paging.backward ^ reverse,
                everything=content.sees_all(self._ctx.principal),
            )
        shown = list(rows[: paging.size])
        if paging.backward:
            shown.reverse()
        hits = [ResultHit(kind, row.id, Place(_CONTENT, 0, (row.rank, row.id)), row) for row in shown]
        return hits, len(rows) > paging.size

    async def _count(self, kind: str) -> int:
        async with self._ctx.read() as conn:
            everything = content.sees_all(self._ctx.principal)
            return await _COUNTED[kind](conn, self._search.request.plan, everything=everything)

    async def _tell(self, products: Sequence[ResultHit]) -> None:
        """Count the query for suggestions, if it found something and a shopper asked."""
        search = self._search
        first_page = search.after is None and search.before is None and not search.backward
        if products and first_page and not search.request.audience.everything:
            text = tellable(search.text, search.request.plan)
            if text is not None:
                await tally(self._ctx.resources).note(search.request.language, text)


def _rank_and_id(place: Place | None) -> tuple[float, UUID] | None:
    if place is None:
        return None
    match place.values:
        case (float(rank), UUID() as id) if place.engine == _CONTENT:
            return rank, id
    raise RequestError("BAD_USER_INPUT", "the cursor belongs to another list")


_FOUND: Mapping[str, Callable[..., Awaitable[Sequence[Any]]]] = {
    PAGE: content.find_pages,
    ARTICLE: content.find_articles,
}
_COUNTED: Mapping[str, Callable[..., Awaitable[int]]] = {PAGE: content.count_pages, ARTICLE: content.count_articles}
