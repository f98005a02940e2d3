"""The rows that a past order leaves behind in each domain: the order, its parcels, its hold on stock.

Bulk rows go to the tables of several domains at once, which only this package may do: it fills an empty shop. What
follows from rules is asked of those rules, so that the statuses are those the services would have come to.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Table

from commerce_graph.demo.dice import NOW, Dice, Kind, key
from commerce_graph.demo.orders import LINES_PER_ORDER_KEYS, Bought, Purchase, Story
from commerce_graph.demo.world import CHANNEL_ID, ZONE_OF
from commerce_graph.fulfilment import tables as fulfilment
from commerce_graph.fulfilment.rules import Left, status_after
from commerce_graph.inventory import tables as inventory
from commerce_graph.kernel.money import to_decimal
from commerce_graph.order import tables as order
from commerce_graph.order.rules import Books, financial_status, fulfillment_status, share_of

Row = tuple[Table, dict[str, Any]]
CLOSE_AFTER = timedelta(days=21)
CARRIERS = ("DHL", "UPS", "Japan Post (EN)")  # by market
ACTOR = "demo"


def document(value: Any) -> str:
    """Return a value as the text of a JSONB column."""
    return orjson.dumps(value).decode()


class Refunded(NamedTuple):
    """A refund: its pieces by line, its money, and how much of that is the delivery's."""

    id: UUID
    at: datetime
    lines: list[tuple[Bought, int]]
    amount_minor: int
    shipping_minor: int


class History:
    """One purchase as rows, but for its money. Times follow each other and never pass the demo shop's present."""

    def __init__(self, purchase: Purchase) -> None:
        self.purchase = purchase
        self.dice = Dice("history", purchase.index)
        self.paid_at = self._after(timedelta(seconds=self.dice.between(3, 40)))
        self.sent_at = self._after(timedelta(hours=self.dice.between(5, 44)))
        there = self.sent_at + (ZONE_OF[purchase.country].travels if purchase.tariff else timedelta(minutes=1))
        self.back_at = min(there + timedelta(days=self.dice.between(2, 12)), NOW)
        if purchase.story is Story.SHORTENED:
            self.back_at = self._after(timedelta(hours=self.dice.between(1, 5)))
        self.cancelled_at = self._after(timedelta(hours=self.dice.between(1, 20)))
        self.refunded = self._refund()
        self.books = self._books()

    def rows(self) -> Iterator[Row]:
        """Return the rows; those that others refer to come first within a domain."""
        yield order.order, self._order()
        yield from self._lines()
        yield from self._events()
        yield from self._refund_rows()
        yield from self._parcels()
        yield from self._holds()

    def _after(self, span: timedelta) -> datetime:
        return min(self.purchase.placed_at + span, NOW)

    def key(self, kind: Kind, number: int, at: datetime) -> UUID:
        """Return the key of the order's `number`th thing of a kind."""
        return key(kind, self.purchase.index * LINES_PER_ORDER_KEYS + number, at)

    @property
    def _cancelled(self) -> bool:
        return self.purchase.story is Story.CANCELLED

    def _refund(self) -> Refunded | None:
        story = self.purchase.story
        back = [(line, line.back) for line in self.purchase.lines if line.back]
        if not back or self._cancelled:
            return None
        shares = self.purchase.shares
        amount = sum(share_of(shares.lines[line.position], line.quantity, 0, pieces) for line, pieces in back)
        shipping = shares.shipping if story is Story.RETURNED else 0
        return Refunded(self.key(Kind.REFUND, 0, self.back_at), self.back_at, back, amount + shipping, shipping)

    def _books(self) -> Books:
        due, story = self.purchase.total_minor, self.purchase.story
        if story is Story.PENDING:
            return Books(due)
        if story is Story.TRANSFERRED:
            return Books(due, captured_minor=due)
        if story is Story.AUTHORIZED:
            return Books(due, authorized_minor=due)
        if story is Story.CANCELLED:
            return Books(due, authorized_minor=due, voided_minor=due)
        given_back = self.refunded.amount_minor if self.refunded else 0
        return Books(due, authorized_minor=due, captured_minor=due, refunded_minor=given_back)

    def _order(self) -> dict[str, Any]:
        bought = self.purchase
        sent, left = (sum(getattr(line, name) for line in bought.lines) for name in ("sent", "open"))
        done = sent and not left and self.back_at < NOW - CLOSE_AFTER
        address = document(bought.address.stored())
        return {
            "id": bought.id,
            "number": bought.number,
            "customer_id": bought.customer and bought.customer.id,
            "market_id": bought.market.id,
            "channel_id": CHANNEL_ID,
            "email": bought.email,
            "phone": bought.customer and bought.customer.phone,
            "currency": bought.currency,
            "country": bought.country,
            "language": bought.market.language,
            "note": "Please leave it with the neighbours." if self.dice.chance(4) else None,
            "shipping_address": address if bought.tariff else None,
            "billing_address": address,
            "shipping_handle": bought.tariff and bought.tariff.handle,
            "shipping_title": bought.tariff and bought.tariff.title,
            "tax_included": bought.market.tax_included,
            "subtotal_minor": bought.subtotal_minor,
            "shipping_minor": bought.shipping_minor,
            "tax_minor": bought.taxes.total_minor,
            "tax_lines": document(
                [
                    {"title": tax.title, "rate_bps": tax.rate_bps, "amount_minor": tax.amount_minor}
                    for tax in bought.taxes.lines
                ]
            ),
            "total_minor": bought.total_minor,
            "refunded_minor": self.books.refunded_minor,
            "financial_status": financial_status(self.books, cancelled=self._cancelled),
            "fulfillment_status": fulfillment_status(sent, left),
            "processed_at": bought.placed_at,
            "cancelled_at": self.cancelled_at if self._cancelled else None,
            "cancel_reason": self.dice.pick(("CUSTOMER", "INVENTORY", "OTHER")) if self._cancelled else None,
            "closed_at": self.back_at + CLOSE_AFTER if done else None,
            "created_at": bought.placed_at,
            "updated_at": self.back_at + CLOSE_AFTER if done else max(at for at, *_ in self._trail()),
        }

    def _lines(self) -> Iterator[Row]:
        for line, tax_minor in zip(self.purchase.lines, self.purchase.taxes.by_line_minor, strict=True):
            yield (
                order.line,
                {
                    "id": line.id,
                    "order_id": self.purchase.id,
                    "position": line.position,
                    "product_id": line.product.id,
                    "variant_id": line.variant.id,
                    "title": line.product.title,
                    "variant_title": line.variant.title,
                    "sku": line.variant.sku,
                    "vendor": line.product.vendor,
                    "image_url": line.product.pictures[line.variant.picture].url,
                    "requires_shipping": not line.product.ware.digital,
                    "quantity": line.quantity,
                    "current_quantity": line.quantity - line.back,
                    "fulfilled_quantity": line.sent,
                    "unit_price_minor": line.unit_minor,
                    "total_minor": line.total_minor,
                    "tax_minor": tax_minor,
                },
            )

    def _trail(self) -> list[tuple[datetime, str, str, dict[str, Any]]]:
        """Return what happened: (when, kind, message, data), in order."""
        bought, story = self.purchase, self.purchase.story
        found: list[tuple[datetime, str, str, dict[str, Any]]] = [
            (bought.placed_at, "placed", f"Order #{bought.number} was placed.", {})
        ]
        if story is Story.TRANSFERRED:
            found.append((self.paid_at, "paid", "The order was marked as paid.", {}))
        elif self.books.captured_minor:
            found.append((self.paid_at, "paid", "The payment was captured.", {}))
        if self._cancelled:
            found.append((self.cancelled_at, "cancelled", "The order was cancelled: customer.", {}))
            found.append((self.cancelled_at, "voided", "The payment was voided.", {}))
        sent, left = (sum(getattr(line, name) for line in bought.lines) for name in ("sent", "open"))
        if sent:
            told = f"{sent} of {sent + left} pieces left to send were sent."
            found.append((self.sent_at, "fulfilled", told, {}))
        if self.refunded:
            amount = f"{to_decimal(self.refunded.amount_minor, bought.currency)} {bought.currency}"
            data = {"refund_id": str(self.refunded.id), "amount_minor": self.refunded.amount_minor}
            found.append((self.refunded.at, "refund_created", f"A refund of {amount} was made.", data))
            found.append((self.refunded.at, "refunded", "Money was refunded.", {}))
        return sorted(found, key=lambda event: event[0])

    def _events(self) -> Iterator[Row]:
        for number, (at, kind, message, data) in enumerate(self._trail()):
            yield (
                order.event,
                {
                    "id": self.key(Kind.EVENT, number, at),
                    "order_id": self.purchase.id,
                    "kind": kind,
                    "message": message,
                    "actor": ACTOR if kind in ("fulfilled", "refund_created", "cancelled") else "",
                    "data": document(data),
                    "occurred_at": at,
                },
            )

    def _refund_rows(self) -> Iterator[Row]:
        made = self.refunded
        if made is None:
            return
        yield (
            order.refund,
            {
                "id": made.id,
                "order_id": self.purchase.id,
                "amount_minor": made.amount_minor,
                "shipping_minor": made.shipping_minor,
                "note": self.dice.pick(("Did not fit", "Arrived damaged", "Changed their mind", None)),
                "status": "SUCCESS",
                "created_at": made.at,
            },
        )
        for number, (line, pieces) in enumerate(made.lines):
            returned = not line.back_at_once
            yield (
                order.refund_line,
                {
                    "id": self.key(Kind.REFUND_LINE, number, made.at),
                    "refund_id": made.id,
                    "line_id": line.id,
                    "quantity": pieces,
                    "restock_type": "RETURN" if returned else "CANCEL",
                    "location_id": line.location.id if returned and line.location else None,
                    "subtotal_minor": share_of(line.total_minor, line.quantity, 0, pieces),
                },
            )

    def _parcels(self) -> Iterator[Row]:
        bought = self.purchase
        places = dict.fromkeys(line.location for line in bought.lines)
        parcels = 0
        for number, place in enumerate(places):
            mine = [line for line in bought.lines if line.location is place]
            opened = self.key(Kind.FULFILLMENT_ORDER, number, bought.placed_at)
            parts = [self._part(line, opened) for line in mine]
            sent = [line for line in mine if line.sent]
            changed = self.sent_at if sent else self.cancelled_at if self._cancelled else bought.placed_at
            yield (
                fulfilment.fulfillment_order,
                {
                    "id": opened,
                    "order_id": bought.id,
                    "location_id": place and place.id,
                    "status": status_after(parts),
                    "created_at": bought.placed_at,
                    "updated_at": changed,
                },
            )
            for part in parts:
                yield (
                    fulfilment.fulfillment_order_line,
                    {
                        "id": part.id,
                        "fulfillment_order_id": opened,
                        "order_line_id": part.order_line_id,
                        "variant_id": part.variant_id,
                        "quantity": part.quantity,
                        "remaining": part.remaining,
                    },
                )
            if sent:
                parcels += 1
                yield from self._parcel(opened, place.id if place else None, parcels, sent)

    def _part(self, line: Bought, opened: UUID) -> Left:
        given_up = line.back if line.back_at_once else 0
        at = self.key(Kind.FULFILLMENT_ORDER_LINE, line.position, self.purchase.placed_at)
        return Left(at, opened, line.id, line.variant.id, line.quantity - given_up, line.open)

    def _parcel(self, opened: UUID, place: UUID | None, number: int, sent: list[Bought]) -> Iterator[Row]:
        parcel = self.key(Kind.FULFILLMENT, number, self.sent_at)
        tracked = place is not None and self.purchase.tariff is not None
        code = f"LM{self.dice.below(10**10):010d}"
        yield (
            fulfilment.fulfillment,
            {
                "id": parcel,
                "fulfillment_order_id": opened,
                "order_id": self.purchase.id,
                "location_id": place,
                "number": number,
                "status": "SUCCESS",
                "tracking_company": CARRIERS[self.purchase.market.number] if tracked else None,
                "tracking_numbers": [code] if tracked else [],
                "tracking_urls": [f"https://parcels.larkmoor.example/{code}"] if tracked else [],
                "created_at": self.sent_at,
                "updated_at": self.sent_at,
            },
        )
        for line in sent:
            yield (
                fulfilment.fulfillment_line,
                {
                    "id": self.key(Kind.FULFILLMENT_LINE, line.position, self.sent_at),
                    "fulfillment_id": parcel,
                    "order_line_id": line.id,
                    "quantity": line.sent,
                },
            )

    def _holds(self) -> Iterator[Row]:
        for line in self.purchase.lines:
            if line.location is None:
                continue
            state = "COMMITTED" if line.open else "SHIPPED" if line.sent else "RELEASED"
            yield (
                inventory.reservation,
                {
                    "owner_id": self.purchase.id,
                    "line_id": line.id,
                    "location_id": line.location.id,
                    "item_id": line.variant.id,
                    "quantity": line.open,
                    "state": state,
                    "created_at": self.purchase.placed_at,
                },
            )
