"""The mutations of gift cards, by Admin's names."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.gift_card import loaders, service
from commerce_graph.gift_card.errors import (
    GiftCardDeactivateUserError,
    GiftCardTransactionUserError,
    GiftCardUserError,
)
from commerce_graph.gift_card.graph.card import (
    GiftCard,
    GiftCardCreditTransaction,
    GiftCardDebitTransaction,
    transaction,
)
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected, refused_at
from commerce_graph.kernel.graph import entities, input_type, mutation, object_type
from commerce_graph.kernel.moments import aware
from commerce_graph.kernel.money import to_minor
from commerce_graph.kernel.values import MoneyInput, UserError
from commerce_graph.keys import CustomerKey, GiftCardKey

WRITE_GIFT_CARDS = scopes("write_gift_cards")


@input_type
class GiftCardCreateInput:
    """A gift card to create."""

    initial_value: Decimal = strawberry.field(description="What is on it, in the shop's currency.")
    code: str | None = strawberry.field(
        description="Its code, 8 to 20 letters and digits; without one a random code is made.", default=None
    )
    customer_id: strawberry.ID | None = strawberry.field(description="Whom it is made for.", default=None)
    expires_on: date | None = strawberry.field(description="The last day on which it can pay.", default=None)
    note: str | None = strawberry.field(description="What to note; buyers do not see it.", default=None)


@input_type
class GiftCardUpdateInput:
    """What of a gift card changes; what is left out stays as it is, null empties it."""

    customer_id: strawberry.ID | None = strawberry.field(description="Whom it is made for.", default=strawberry.UNSET)
    expires_on: date | None = strawberry.field(
        description="The last day on which it can pay.", default=strawberry.UNSET
    )
    note: str | None = strawberry.field(description="What to note.", default=strawberry.UNSET)


@input_type
class GiftCardCreditInput:
    """Money to put on a gift card."""

    credit_amount: MoneyInput = strawberry.field(description="How much, in the card's currency.")
    note: str | None = strawberry.field(description="What to note.", default=None)
    processed_at: datetime | None = strawberry.field(description="When it happened; now without.", default=None)


@input_type
class GiftCardDebitInput:
    """Money to take off a gift card."""

    debit_amount: MoneyInput = strawberry.field(description="How much, in the card's currency.")
    note: str | None = strawberry.field(description="What to note.", default=None)
    processed_at: datetime | None = strawberry.field(description="When it happened; now without.", default=None)


@object_type
class GiftCardCreatePayload:
    """What came of `giftCardCreate`."""

    gift_card: GiftCard | None = strawberry.field(description="The gift card.", default=None)
    gift_card_code: str | None = strawberry.field(
        description="Its code. It is told here only: the shop keeps a hash of it.", default=None
    )
    user_errors: list[GiftCardUserError] = strawberry.field(description="Why nothing was done.", default_factory=list)


@object_type
class GiftCardUpdatePayload:
    """What came of `giftCardUpdate`."""

    gift_card: GiftCard | None = strawberry.field(description="The gift card.", default=None)
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.", default_factory=list)


@object_type
class GiftCardDeactivatePayload:
    """What came of `giftCardDeactivate`."""

    gift_card: GiftCard | None = strawberry.field(description="The gift card.", default=None)
    user_errors: list[GiftCardDeactivateUserError] = strawberry.field(
        description="Why nothing was done.", default_factory=list
    )


@object_type
class GiftCardCreditPayload:
    """What came of `giftCardCredit`."""

    gift_card_credit_transaction: GiftCardCreditTransaction | None = strawberry.field(
        description="The change of the balance.", default=None
    )
    user_errors: list[GiftCardTransactionUserError] = strawberry.field(
        description="Why nothing was done.", default_factory=list
    )


@object_type
class GiftCardDebitPayload:
    """What came of `giftCardDebit`."""

    gift_card_debit_transaction: GiftCardDebitTransaction | None = strawberry.field(
        description="The change of the balance.", default=None
    )
    user_errors: list[GiftCardTransactionUserError] = strawberry.field(
        description="Why nothing was done.", default_factory=list
    )


async def _shown(ctx: Context, card_id: UUID) -> Any:
    ctx.forget()
    return (await entities(ctx, GiftCardKey, [card_id]))[0]


async def _customer(ctx: Context, gid: str | None) -> UUID | None:
    """Return a customer's key. Raises: Rejected(CUSTOMER_NOT_FOUND) for one that this process knows not to be."""
    if gid is None:
        return None
    key = ctx.key_of(gid, "Customer")
    if (await entities(ctx, CustomerKey, [key]))[0] is None:
        raise Rejected("CUSTOMER_NOT_FOUND", ["customerId"], "there is no such customer")
    return key


Adjust = Callable[[Any, UUID, service.Adjustment], Awaitable[UUID]]


async def _adjust(
    info: strawberry.Info, gid: str, amount: MoneyInput, note: str | None, at: datetime | None, adjust: Adjust
) -> Any:
    ctx: Context = info.context
    card_id, currency = ctx.key_of(gid, "GiftCard"), amount.currency_code.name
    try:
        amount_minor = to_minor(amount.amount, currency)
    except ValueError as wrong:
        raise Rejected("INVALID", None, str(wrong)) from None
    by = service.Adjustment(amount_minor, currency, note, aware(at) if at else None)
    async with ctx.database.begin() as tx:
        entry_id = await adjust(tx, card_id, by)
    async with ctx.read() as conn:
        (row,) = await loaders.entries(conn, [entry_id])
    assert row is not None
    ctx.forget()
    return transaction(row, currency)


@object_type
class GiftCardMutation:
    """What merchants do with gift cards."""

    @mutation(access=WRITE_GIFT_CARDS)
    async def gift_card_create(self, info: strawberry.Info, input: GiftCardCreateInput) -> GiftCardCreatePayload:
        """Create a gift card in the shop's currency, and tell its code, once."""
        ctx: Context = info.context
        market = await ctx.load(ctx.services["markets_for"], None)
        with refused_at("input"):
            try:
                initial_minor = to_minor(input.initial_value, market.currency)
            except ValueError as wrong:
                raise Rejected("INVALID", ["initialValue"], str(wrong)) from None
            customer_id = await _customer(ctx, input.customer_id)
            new = service.NewCard(initial_minor, market.currency, input.code, input.expires_on, input.note, customer_id)
            async with ctx.database.begin() as tx:
                card_id, code = await service.create(tx, ctx.resources.secret, new)
        return GiftCardCreatePayload(gift_card=await _shown(ctx, card_id), gift_card_code=code)

    @mutation(access=WRITE_GIFT_CARDS)
    async def gift_card_update(
        self, info: strawberry.Info, id: strawberry.ID, input: GiftCardUpdateInput
    ) -> GiftCardUpdatePayload:
        """Change what a gift card says; its balance is changed by `giftCardCredit` and `giftCardDebit`."""
        ctx: Context = info.context
        card_id = ctx.key_of(id, "GiftCard")
        values = service.Change()
        with refused_at("input", beside="id"):
            if input.customer_id is not strawberry.UNSET:
                values["customer_id"] = await _customer(ctx, input.customer_id)
            if input.expires_on is not strawberry.UNSET:
                values["expires_on"] = input.expires_on
            if input.note is not strawberry.UNSET:
                values["note"] = input.note
            async with ctx.database.begin() as tx:
                await service.change(tx, card_id, values)
        return GiftCardUpdatePayload(gift_card=await _shown(ctx, card_id))

    @mutation(access=WRITE_GIFT_CARDS)
    async def gift_card_deactivate(self, info: strawberry.Info, id: strawberry.ID) -> GiftCardDeactivatePayload:
        """Let a gift card pay nothing any more. This cannot be undone; its balance stays."""
        ctx: Context = info.context
        card_id = ctx.key_of(id, "GiftCard")
        async with ctx.database.begin() as tx:
            await service.deactivate(tx, card_id)
        return GiftCardDeactivatePayload(gift_card=await _shown(ctx, card_id))

    @mutation(access=WRITE_GIFT_CARDS)
    async def gift_card_credit(
        self, info: strawberry.Info, id: strawberry.ID, credit_input: GiftCardCreditInput
    ) -> GiftCardCreditPayload:
        """Put money on a gift card."""
        given = credit_input
        with refused_at("creditInput", beside="id"):
            came = await _adjust(info, id, given.credit_amount, given.note, given.processed_at, service.credit)
        return GiftCardCreditPayload(gift_card_credit_transaction=came)

    @mutation(access=WRITE_GIFT_CARDS)
    async def gift_card_debit(
        self, info: strawberry.Info, id: strawberry.ID, debit_input: GiftCardDebitInput
    ) -> GiftCardDebitPayload:
        """Take money off a gift card."""
        given = debit_input
        with refused_at("debitInput", beside="id"):
            came = await _adjust(info, id, given.debit_amount, given.note, given.processed_at, service.debit)
        return GiftCardDebitPayload(gift_card_debit_transaction=came)
