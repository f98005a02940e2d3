"""Every fact the system announces, past tense and frozen. Published in the transaction that made it true."""

from dataclasses import dataclass, field
from uuid import UUID

from commerce_graph.kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class ProductChanged(Event):
    """A product, its variants, media or publication changed."""

    product_id: UUID


@dataclass(frozen=True, slots=True)
class CollectionChanged(Event):
    """A collection or its members changed.

    `product_ids`: who entered or left by a change of the collection; where they are many, several facts tell of them.
    Products that entered or left by a change of their own tell of that themselves.
    """

    collection_id: UUID
    product_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PricesChanged(Event):
    """Prices of a product's variants changed in a market."""

    product_id: UUID


@dataclass(frozen=True, slots=True)
class StockChanged(Event):
    """The stock of a product's variants changed."""

    product_id: UUID


@dataclass(frozen=True, slots=True)
class OrderPlaced(Event):
    """A purchase became an order: `sold` maps product ids to quantities."""

    order_id: UUID
    customer_id: UUID | None = None
    sold: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderUpdated(Event):
    """An order changed: `change` says how (placed, paid, edited, fulfilled, cancelled, refunded, return_created …)."""

    order_id: UUID
    customer_id: UUID | None = None
    change: str = "updated"


@dataclass(frozen=True, slots=True)
class PaymentAnswered(Event):
    """The buyer or the provider answered a payment that was waiting; whoever waits may go on."""

    order_id: UUID


@dataclass(frozen=True, slots=True)
class AnswersChanged(Event):
    """Something that shoppers are shown changed, and no other fact told of it: answers with these tags are old."""

    tags: tuple[str, ...] = ()
