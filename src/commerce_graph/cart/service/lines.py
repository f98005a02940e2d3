"""The lines of a cart: adding, changing, removing; bounded by limits and by what the stock has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart import rules
from commerce_graph.cart.loaders import Contents
from commerce_graph.cart.rules import Line, Notice, Path
from commerce_graph.cart.service.edits import Written, locked, save
from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import Merchandise
from commerce_graph.inventory import service as inventory
from commerce_graph.inventory.service import Stock
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.context import Reads
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import CART_LINES_MAX
from commerce_graph.pricing import service as pricing


@dataclass(frozen=True, slots=True)
class LineInput:
    """A line to add, as the client gave it at `path`."""

    variant_id: UUID
    quantity: int
    attributes: Sequence[tuple[str, str]]
    path: Path


@dataclass(frozen=True, slots=True)
class LineUpdate:
    """A change of a line, as the client gave it at `path`; None leaves a member as it is."""

    line_id: UUID
    quantity: int | None
    variant_id: UUID | None
    attributes: Sequence[tuple[str, str]] | None
    path: Path


async def add_lines(tx: AsyncConnection, cart_id: UUID, given: Sequence[LineInput]) -> Written:
    """Add lines to a cart, merging quantities of equal ones; what the stock does not have is left out with a notice.

    Limits: CART_LINES_MAX, CART_LINE_QUANTITY_MAX, CART_ATTRIBUTES_MAX, CART_ATTRIBUTES_CHARS_MAX.
    Locks: the cart's row.
    Raises: Rejected(INVALID | INVALID_MERCHANDISE_LINE | MERCHANDISE_NOT_APPLICABLE | MINIMUM_NOT_MET |
    MAXIMUM_EXCEEDED | CART_TOO_LARGE).
    """
    _check_count(given)
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    lines, notices = await with_added(reads, before, given)
    return await save(reads, before, replace(before, lines=lines), notices)


async def update_lines(tx: AsyncConnection, cart_id: UUID, given: Sequence[LineUpdate]) -> Written:
    """Change lines of a cart; a quantity of 0 removes a line, lines that become equal are merged.

    Limits, locks: as `add_lines`. Raises: as `add_lines`.
    """
    _check_count(given)
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    wanted = [(each.variant_id, (*each.path, "merchandiseId")) for each in given if each.variant_id]
    goods = await _goods(reads, before, wanted)
    changes = [
        rules.LineChange(
            id=each.line_id,
            path=each.path,
            quantity=each.quantity,
            variant_id=each.variant_id,
            product_id=goods[each.variant_id].product_id if each.variant_id else None,
            attributes=None if each.attributes is None else _line_attributes(each.attributes, each.path),
        )
        for each in given
    ]
    lines, notices = await _capped(reads, before, rules.updated(before.lines, changes))
    return await save(reads, before, replace(before, lines=lines), notices)


async def remove_lines(tx: AsyncConnection, cart_id: UUID, line_ids: Sequence[UUID]) -> Written:
    """Remove lines from a cart. Locks: the cart's row. Raises: Rejected(INVALID | INVALID_MERCHANDISE_LINE)."""
    _check_count(line_ids, "lineIds")
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    return await save(reads, before, replace(before, lines=rules.removed(before.lines, line_ids)))


async def with_added(
    reads: Reads, before: Contents, given: Sequence[LineInput]
) -> tuple[tuple[Line, ...], Sequence[Notice]]:
    """Return a cart's lines with new ones, held at what the stock has."""
    goods = await _goods(reads, before, [(each.variant_id, (*each.path, "merchandiseId")) for each in given])
    new = [
        rules.NewLine(
            id=new_id(),
            variant_id=each.variant_id,
            product_id=goods[each.variant_id].product_id,
            quantity=each.quantity,
            attributes=_line_attributes(each.attributes, each.path),
            path=each.path,
        )
        for each in given
    ]
    return await _capped(reads, before, rules.added(before.lines, new))


def _check_count(given: Sequence[object], name: str = "lines") -> None:
    if len(given) > CART_LINES_MAX:
        raise Rejected("MAXIMUM_EXCEEDED", [name], f"a cart holds at most {CART_LINES_MAX} lines")


def _line_attributes(given: Sequence[tuple[str, str]], path: Path) -> rules.Attributes:
    # Sorted, so that the order in which a client writes them makes no other line.
    return tuple(sorted(rules.attributes(given, (*path, "attributes"))))


async def _goods(reads: Reads, before: Contents, wanted: Sequence[tuple[UUID, Path]]) -> Mapping[UUID, Merchandise]:
    """Return what is wanted, refusing what may not be bought. Reads the whole cart's with it, for the answer."""
    ids = [line.variant_id for line in before.lines] + [variant_id for variant_id, _ in wanted]
    if not ids:
        return {}
    (market,) = await reads.load_many(pricing.markets_for, [before.country])
    goods = dict(zip(ids, await reads.load_many(catalog.merchandise, ids, before.channel_id), strict=True))
    prices = dict(zip(ids, await reads.load_many(pricing.prices, ids, market.id), strict=True))
    for variant_id, path in wanted:
        if goods[variant_id] is None:
            raise Rejected("INVALID_MERCHANDISE_LINE", path, "The merchandise does not exist or is not for sale.")
        if prices[variant_id] is None:
            raise Rejected("MERCHANDISE_NOT_APPLICABLE", path, f"This is not sold in {market.name}.")
    return goods


async def _capped(reads: Reads, before: Contents, after: Sequence[Line]) -> tuple[tuple[Line, ...], Sequence[Notice]]:
    rules.check_size(after)
    # Of all lines, not only of those that grow: the answer will tell what is for sale.
    ids = list(dict.fromkeys(line.variant_id for line in after))
    stocks: list[Stock | None] = await reads.load_many(inventory.stock, ids) if ids else []
    left = {variant_id: None if stock is None else stock.left for variant_id, stock in zip(ids, stocks, strict=True)}
    return rules.capped(before.lines, after, left)
