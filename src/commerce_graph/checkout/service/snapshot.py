"""A cart as it was submitted: what is charged, and what the order will say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any
from uuid import UUID

from commerce_graph.cart.service import Quote, QuotedLine, record
from commerce_graph.fulfilment.service import ToSend
from commerce_graph.inventory.service import Allocation
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.order.service import NewLine, NewOrder


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The order to place, and where its goods are sent from."""

    order: NewOrder
    parts: Sequence[ToSend]

    def stored(self) -> dict[str, Any]:
        """Return the snapshot as a JSON document."""
        return {"order": _plain(self.order), "parts": [_plain(part) for part in self.parts]}


def _plain(value: Any) -> Any:
    """Return a document whose UUIDs are text; the driver's own UUID type is unknown to the JSON encoder."""
    if isinstance(value, str | int):
        return value
    if is_dataclass(value):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, UUID) else value


def taken(quote: Quote, order_id: UUID, allocated: Sequence[Allocation]) -> Snapshot:
    """Return the snapshot of a quoted cart. An order's line keeps the id of the cart's, which the stock is held by."""
    cart, payment = quote.cart, quote.cart.payment
    address = quote.address.address if quote.address else None
    order = NewOrder(
        id=order_id,
        cart_id=cart.id,
        customer_id=cart.customer_id,
        market_id=quote.market.id,
        channel_id=cart.channel_id,
        email=cart.email,
        phone=cart.phone,
        currency=quote.currency,
        country=quote.market.country,
        language=cart.language or quote.market.language,
        note=cart.note or None,
        shipping_address=address if quote.needs_delivery else None,
        billing_address=payment.billing_address if payment else address,
        shipping_handle=quote.selected.handle if quote.selected else None,
        shipping_title=quote.selected.title if quote.selected else None,
        tax_included=quote.market.tax_included,
        subtotal_minor=quote.sums.goods_minor,
        shipping_minor=quote.shipping_minor,
        tax_minor=quote.taxes.total_minor,
        total_minor=quote.total_minor,
        discount_minor=quote.sums.discount_minor,
        shipping_discount_minor=quote.sums.off_shipping_minor,
        gift_card_minor=quote.gift_card_minor,
        breakdown=record(quote.factors, quote.sums),
        lines=[_line(each) for each in quote.lines],
        tax_lines=[asdict(tax) for tax in quote.taxes.lines],
        attributes=_pairs(cart.attributes),
    )
    parts = [ToSend(part.line_id, part.variant_id, part.location_id, part.quantity) for part in allocated]
    return Snapshot(order, parts)


def _line(quoted: QuotedLine) -> NewLine:
    sold = quoted.merchandise
    return NewLine(
        id=quoted.line.id,
        product_id=sold.product_id,
        variant_id=sold.variant_id,
        title=sold.product_title,
        variant_title=sold.variant_title,
        sku=sold.sku,
        vendor=sold.vendor,
        image_url=sold.image_url,
        quantity=quoted.line.quantity,
        unit_price_minor=quoted.price.amount_minor,
        tax_minor=quoted.tax_minor,
        discount_minor=quoted.discount_minor,
        requires_shipping=sold.requires_shipping,
        attributes=_pairs(quoted.line.attributes),
    )


def _pairs(attributes: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in attributes]


def read(stored: Mapping[str, Any]) -> Snapshot:
    """Return a stored snapshot."""
    order = dict(stored["order"])
    for name in ("id", "cart_id", "customer_id", "market_id", "channel_id"):
        order[name] = _uuid(order[name])
    for name in ("shipping_address", "billing_address"):
        order[name] = PostalAddress.read(order[name]) if order[name] else None
    order["lines"] = [
        NewLine(**{**line, **{name: _uuid(line[name]) for name in ("id", "product_id", "variant_id")}})
        for line in order["lines"]
    ]
    ids = ("order_line_id", "variant_id", "location_id")
    parts = [ToSend(**{**part, **{name: _uuid(part[name]) for name in ids}}) for part in stored["parts"]]
    return Snapshot(NewOrder(**order), parts)


def _uuid(text: str | None) -> Any:
    return None if text is None else UUID(text)
