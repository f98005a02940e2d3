"""A gift card and its ledger in the graph, as Admin has them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from commerce_graph.gift_card import loaders
from commerce_graph.gift_card.rules import Card
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, field, interface, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.kernel.values import MoneyV2, money
from commerce_graph.keys import CustomerKey, GiftCardKey, OrderKey

READ_GIFT_CARDS = scopes("read_gift_cards")


@interface
class GiftCardTransaction:
    """A change of a gift card's balance. Changes are never altered; all of a card's together are its balance."""

    row: strawberry.Private[loaders.EntryRow]
    currency: strawberry.Private[str]

    @field(access=READ_GIFT_CARDS)
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid(type(self).__name__, self.row.id))

    @field(access=READ_GIFT_CARDS)
    def amount(self) -> MoneyV2:
        """By how much the balance changed; less than 0 where money was taken off."""
        return money(self.row.amount_minor, self.currency)

    @field(access=READ_GIFT_CARDS)
    def note(self) -> str | None:
        """What the merchant noted."""
        return self.row.note

    @field(access=READ_GIFT_CARDS)
    def processed_at(self) -> datetime:
        """When it happened."""
        return self.row.processed_at

    @batch_field(access=READ_GIFT_CARDS)
    async def gift_card(parents: Sequence["GiftCardTransaction"], ctx: Context) -> list[GiftCardKey]:
        """The gift card."""
        return await entities(ctx, GiftCardKey, [parent.row.card_id for parent in parents])

    @batch_field(access=READ_GIFT_CARDS)
    async def order(parents: Sequence["GiftCardTransaction"], ctx: Context) -> list[OrderKey | None]:
        """The order that was paid, or that money came back from."""
        return await entities(ctx, OrderKey, [parent.row.order_id for parent in parents])


@object_type(access=READ_GIFT_CARDS)
class GiftCardCreditTransaction(GiftCardTransaction):
    """Money that was put on a gift card: when it was created, by a merchant, or back from an order."""


@object_type(access=READ_GIFT_CARDS)
class GiftCardDebitTransaction(GiftCardTransaction):
    """Money that was taken off a gift card: by a merchant, or to pay for an order."""


@object_type(access=READ_GIFT_CARDS)
class GiftCardTransactionEdge(Edge[GiftCardTransaction]):
    """A change of a gift card's balance and its cursor."""


@object_type(access=READ_GIFT_CARDS)
class GiftCardTransactionConnection(Connection[GiftCardTransaction]):
    """A page of a gift card's ledger."""


def transaction(row: loaders.EntryRow, currency: str) -> Any:
    """Return an entry of the ledger."""
    kind = GiftCardCreditTransaction if row.amount_minor > 0 else GiftCardDebitTransaction
    return kind(row=row, currency=currency)


@object_type(access=READ_GIFT_CARDS)
class GiftCard(GiftCardKey):
    """Money that pays for orders, for whoever knows the card's code."""

    card: strawberry.Private[Card]

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> Sequence[Self | None]:
        """Load gift cards. Shape: n keys → n results in order, None where there is none or no right to see it."""
        if not ctx.principal.may(READ_GIFT_CARDS):
            return [None] * len(uuids)
        found = await ctx.load_many(loaders.cards, uuids)
        return [cls(uuid=each.id, card=each) if each else None for each in found]

    @field
    def balance(self) -> MoneyV2:
        """What is left on it."""
        return money(self.card.balance_minor, self.card.currency)

    @field
    def initial_value(self) -> MoneyV2:
        """What it was created with."""
        return money(self.card.initial_minor, self.card.currency)

    @field
    def last_characters(self) -> str:
        """The end of its code."""
        return self.card.last_characters

    @field
    def masked_code(self) -> str:
        """Its code as it may be shown."""
        return f"•••• •••• •••• {self.card.last_characters}"

    @field
    def enabled(self) -> bool:
        """Whether it can pay: a merchant can end that for good."""
        return self.card.deactivated_at is None

    @field
    def deactivated_at(self) -> datetime | None:
        """When a merchant ended it."""
        return self.card.deactivated_at

    @field
    def expires_on(self) -> date | None:
        """The last day on which it can pay, in UTC; null where it does not expire."""
        return self.card.expires_on

    @field
    def note(self) -> str | None:
        """What the merchant noted; buyers do not see it."""
        return self.card.note

    @field
    def created_at(self) -> datetime:
        """When it was created."""
        return self.card.created_at

    @field
    def updated_at(self) -> datetime:
        """When it last changed."""
        return self.card.updated_at

    @batch_field
    async def customer(parents: Sequence["GiftCard"], ctx: Context) -> list[CustomerKey | None]:
        """Whom it was made for."""
        return await entities(ctx, CustomerKey, [parent.card.customer_id for parent in parents])

    @batch_field
    async def order(parents: Sequence["GiftCard"], ctx: Context) -> list[OrderKey | None]:
        """The order that it was bought with; null where a merchant created it."""
        return await entities(ctx, OrderKey, [parent.card.order_id for parent in parents])

    @batch_field
    async def transactions(
        parents: Sequence["GiftCard"], ctx: Context, first: int | None = None, last: int | None = None,
        after: str | None = None, before: str | None = None, reverse: bool | None = False,
    ) -> list[GiftCardTransactionConnection]:  # fmt: skip
        """What happened to its balance, oldest first."""
        args = page_arguments(first, last, after, before, reverse)
        pages = await ctx.load_many(loaders.entry_pages, [parent.uuid for parent in parents], args)
        types = (GiftCardTransactionConnection, GiftCardTransactionEdge)
        return [
            page.connection(*types, lambda row, currency=parent.card.currency: transaction(row, currency))
            for parent, page in zip(parents, pages, strict=True)
        ]
