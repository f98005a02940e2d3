"""An edit of an order as a draft: what would change and what that comes to. The order itself stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import service as catalog
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.limits import CART_LINE_QUANTITY_MAX, ORDER_EDIT_CHANGES_MAX, ORDER_LINES_MAX
from commerce_graph.order import rules
from commerce_graph.order.errors import invalid, unknown_edit, unknown_order, wrong_state
from commerce_graph.order.service import goods, refunds, trail
from commerce_graph.order.tables import edit, edit_change, order
from commerce_graph.pricing import service as pricing

SOLD = (
    "product_id", "variant_id", "title", "variant_title", "sku", "vendor", "image_url", "requires_shipping",
    "unit_price_minor",
)  # fmt: skip
"""What a line says of what was sold, whether it is the order's already or only the draft's."""


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line of an edited order. `before` and `quantity`: pieces that are the buyer's now, and would be.

    `row`: the order's line, None for one that the edit adds. `kept`: pieces that were sent, so they stay.
    `tax_minor`: the tax of the pieces that are added.
    """

    id: UUID
    row: Row[Any] | None
    sold: Mapping[str, Any]
    taxable: bool
    before: int
    kept: int
    quantity: int
    restock: bool
    tax_minor: int = 0

    @property
    def added(self) -> int:
        """How many pieces are added."""
        return max(0, self.quantity - self.before)

    @property
    def removed(self) -> int:
        """How many pieces are taken off."""
        return max(0, self.before - self.quantity)

    @property
    def unit_price_minor(self) -> int:
        """What a piece costs."""
        return int(self.sold["unit_price_minor"])


@dataclass(frozen=True, slots=True)
class Draft:
    """An edit as it would be committed now. Amounts: minor units of the order's currency, taxes included in totals.

    `added_minor`: what is added, its taxes included. `removed_minor`: the part of the order's total that is taken off.
    `current_minor`: what the order came to before, less what was refunded of it. `owed_minor`: what was due and not
    captured before.
    """

    id: UUID
    state: str
    version: int
    order: Row[Any]
    lines: Sequence[DraftLine]
    rate: pricing.TaxRate | None
    unsent: goods.Unsent
    subtotal_minor: int
    tax_minor: int
    added_minor: int
    removed_minor: int
    current_minor: int
    owed_minor: int

    @property
    def difference_minor(self) -> int:
        """What the buyer owes for the edit; below zero what the buyer gets back."""
        return self.added_minor - self.removed_minor

    @property
    def total_minor(self) -> int:
        """What the order would come to."""
        return self.current_minor + self.difference_minor

    @property
    def outstanding_minor(self) -> int:
        """What the buyer would have to pay still."""
        return max(0, self.owed_minor + self.difference_minor)


async def begin_edit(tx: AsyncConnection, order_id: UUID, actor: str) -> UUID:
    """Open a draft of an order as it is now, and return its key. 2 statements.

    Raises: Rejected(NOT_FOUND | INVALID_STATE).
    """
    row = (await tx.execute(select(order).where(order.c.id == order_id))).one_or_none()
    if row is None:
        raise unknown_order(("id",))
    refuse_uneditable(row)
    edit_id = new_id()
    await tx.execute(insert(edit).values(id=edit_id, order_id=order_id, order_version=row.version, actor=actor))
    return edit_id


def refuse_uneditable(row: Row[Any]) -> None:
    """Raise Rejected(INVALID_STATE) for an order that cannot be edited."""
    life = rules.life(closed=row.closed_at is not None, cancelled=row.cancelled_at is not None)
    if life != "OPEN":
        raise wrong_state(("id",), f"an order that is {life} cannot be edited")
    if row.financial_status not in rules.EDITABLE:
        told = "capture the payment first" if row.financial_status == "AUTHORIZED" else "place a new order instead"
        raise wrong_state(("id",), f"an order that is {row.financial_status} cannot be edited: {told}")


async def add_variant(
    tx: AsyncConnection, edit_id: UUID, variant_id: UUID, quantity: int, *, allow_duplicates: bool = False
) -> UUID:
    """Add a line of a variant to a draft, at its price in the order's market today, and return the line's key.

    Limits: CART_LINE_QUANTITY_MAX, ORDER_LINES_MAX, ORDER_EDIT_CHANGES_MAX.
    Locks: the draft.
    Raises: Rejected(NOT_FOUND | INVALID | INVALID_STATE).
    """
    await _lock_open(tx, edit_id)
    draft = await draft_of(tx, edit_id)
    _refuse_quantity(quantity, 1)
    if len(draft.lines) >= ORDER_LINES_MAX:
        raise invalid(("variantId",), f"an order has at most {ORDER_LINES_MAX} lines")
    if not allow_duplicates and any(each.sold["variant_id"] == variant_id and each.quantity for each in draft.lines):
        told = "the order has this variant already: set its quantity, or set allowDuplicates"
        raise invalid(("variantId",), told)
    (sold,) = await catalog.merchandise(tx, [variant_id], draft.order.channel_id)
    (price,) = await pricing.prices(tx, [variant_id], draft.order.market_id) if draft.order.market_id else (None,)
    if sold is None or price is None or price.currency != draft.order.currency:
        raise invalid(("variantId",), "the variant is not sold, or has no price, where the order was placed")
    line_id = new_id()
    added = {
        "product_id": str(sold.product_id),
        "variant_id": str(variant_id),
        "title": sold.product_title,
        "variant_title": sold.variant_title,
        "sku": sold.sku,
        "vendor": sold.vendor,
        "image_url": sold.image_url,
        "requires_shipping": sold.requires_shipping,
        "unit_price_minor": price.amount_minor,
        "taxable": sold.taxable,
    }
    await _change(tx, edit_id, line_id, quantity, added=added)
    return line_id


async def set_quantity(
    tx: AsyncConnection, edit_id: UUID, line_id: UUID, quantity: int, *, restock: bool = False
) -> None:
    """Set how many pieces of a line the buyer will have, sent ones included; `restock`: what is taken off can be sold.

    Limits: CART_LINE_QUANTITY_MAX, ORDER_EDIT_CHANGES_MAX.
    Locks: the draft.
    Raises: Rejected(NOT_FOUND | INVALID | INVALID_STATE).
    """
    await _lock_open(tx, edit_id)
    draft = await draft_of(tx, edit_id)
    line = next((each for each in draft.lines if each.id == line_id), None)
    if line is None:
        raise invalid(("lineItemId",), "the order has no such line")
    _refuse_quantity(quantity, 0)
    if quantity < line.kept:
        told = f"{line.kept} pieces were sent already: refund or return them instead"
        raise invalid(("quantity",), told)
    if quantity > line.before and line.sold["variant_id"] is None:
        raise invalid(("quantity",), "the variant is not known any more, so none can be added")
    await _change(tx, edit_id, line_id, quantity, restock=restock)


def _refuse_quantity(quantity: int, least: int) -> None:
    if not least <= quantity <= CART_LINE_QUANTITY_MAX:
        raise invalid(("quantity",), f"must be between {least} and {CART_LINE_QUANTITY_MAX}")


async def _lock_open(tx: AsyncConnection, edit_id: UUID) -> None:
    row = (await tx.execute(select(edit.c.state).where(edit.c.id == edit_id).with_for_update())).one_or_none()
    if row is None:
        raise unknown_edit()
    if row.state != "OPEN":
        raise wrong_state(("id",), "the edit was committed already: begin another one")


async def _change(tx: AsyncConnection, edit_id: UUID, line_id: UUID, quantity: int, **more: Any) -> None:
    mine = select(edit_change.c.id).where(edit_change.c.edit_id == edit_id).limit(ORDER_EDIT_CHANGES_MAX)
    if len((await tx.execute(mine)).all()) >= ORDER_EDIT_CHANGES_MAX:
        raise invalid(("id",), f"an edit has at most {ORDER_EDIT_CHANGES_MAX} changes: commit it")
    values = {"id": new_id(), "edit_id": edit_id, "line_id": line_id, "quantity": quantity, **more}
    await tx.execute(insert(edit_change).values(values))


async def draft_of(tx: AsyncConnection, edit_id: UUID) -> Draft:
    """Return a draft, reckoned from the order as it is now. 7 statements, however many lines.

    Raises: Rejected(NOT_FOUND).
    """
    mine = select(edit.c.state, edit.c.order_version, *order.c).join(order).where(edit.c.id == edit_id)
    row = (await tx.execute(mine)).one_or_none()
    if row is None:
        raise unknown_edit()
    lines = await goods.lines_of(tx, row.id)
    unsent = await goods.unsent(tx, row.id)
    listed = select(edit_change).where(edit_change.c.edit_id == edit_id).order_by(edit_change.c.id)
    drafted = _drafted(lines, unsent, (await tx.execute(listed)).all())
    place = row.shipping_address or {}
    (rate,) = await pricing.tax_rates(tx, [(place.get("country_code") or row.country, place.get("province_code"))])
    drafted = _taxed(drafted, rate, row.tax_included)
    money = await trail.books(tx, row)
    shipped, _ = await refunds.given_back(tx, row.id)
    share = refunds.shares_of(row, lines)
    left = rules.left_of(share, [(each.quantity, each.current_quantity) for each in lines.values()])
    part = dict(zip(lines, share.lines, strict=True))
    subtotal, tax = sum(each.unit_price_minor * each.added for each in drafted), sum(x.tax_minor for x in drafted)
    return Draft(
        id=edit_id,
        state=row.state,
        version=row.order_version,
        order=row,
        lines=drafted,
        rate=rate,
        unsent=unsent,
        subtotal_minor=subtotal,
        tax_minor=tax,
        added_minor=subtotal + (0 if row.tax_included else tax),
        removed_minor=sum(_part(part[each.id], each) for each in drafted if each.removed),
        current_minor=left - shipped,
        owed_minor=money.due_minor - money.captured_minor,
    )


def _part(whole_minor: int, line: DraftLine) -> int:
    assert line.row is not None
    return rules.share_of(whole_minor, line.row.quantity, line.row.quantity - line.before, line.removed)


def _drafted(lines: Mapping[UUID, Row[Any]], unsent: goods.Unsent, changes: Sequence[Row[Any]]) -> list[DraftLine]:
    last = {change.line_id: change for change in changes}
    found = []
    for key, row in lines.items():
        left, change = row.current_quantity, last.get(key)
        sold = {name: getattr(row, name) for name in SOLD}
        found.append(
            DraftLine(
                key, row, sold, row.tax_minor > 0, left, left - unsent.of(key),
                change.quantity if change else left, bool(change and change.restock),
            )
        )  # fmt: skip
    for change in changes:
        if change.added is not None and change.line_id not in lines:
            sold = {name: change.added[name] for name in SOLD}
            sold |= {name: UUID(sold[name]) for name in ("product_id", "variant_id")}
            quantity = last[change.line_id].quantity
            found.append(DraftLine(change.line_id, None, sold, change.added["taxable"], 0, 0, quantity, False))
    return found


def _taxed(lines: Sequence[DraftLine], rate: pricing.TaxRate | None, included: bool) -> list[DraftLine]:
    """Return lines with the tax of what is added: the whole line's at today's rate, less that of what it was.

    So a line that grows piece by piece bears the tax of one that was bought at once, and what was sold before keeps
    the tax that it was sold with.
    """
    before = [(each.row.total_minor if each.row else 0, each.taxable) for each in lines]
    after = [
        (was + each.unit_price_minor * each.added, each.taxable) for each, (was, _) in zip(lines, before, strict=True)
    ]
    taxes = [pricing.tax(rate, amounts, 0, included=included).by_line_minor for amounts in (before, after)]
    return [replace(each, tax_minor=now - was) for each, was, now in zip(lines, *taxes, strict=True)]
