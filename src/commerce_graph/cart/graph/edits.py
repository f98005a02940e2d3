"""The mutations of carts."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.cart import service
from commerce_graph.cart.graph.buyer import CartBuyerIdentityInput, CartPaymentInput, buyer, payment_of
from commerce_graph.cart.graph.delivery import (
    GROUP,
    CartDeliveryInput,
    CartSelectableAddressInput,
    CartSelectableAddressUpdateInput,
    CartSelectedDeliveryOptionInput,
    address_inputs,
    address_key,
    address_updates,
)
from commerce_graph.cart.graph.line import CartLineInput, CartLineUpdateInput
from commerce_graph.cart.graph.payload import (
    CartAttributesUpdatePayload,
    CartBuyerIdentityUpdatePayload,
    CartCreatePayload,
    CartDeliveryAddressesAddPayload,
    CartDeliveryAddressesRemovePayload,
    CartDeliveryAddressesReplacePayload,
    CartDeliveryAddressesUpdatePayload,
    CartDiscountCodesUpdatePayload,
    CartGiftCardCodesAddPayload,
    CartGiftCardCodesRemovePayload,
    CartGiftCardCodesUpdatePayload,
    CartLinesAddPayload,
    CartLinesRemovePayload,
    CartLinesUpdatePayload,
    CartNoteUpdatePayload,
    CartPaymentUpdatePayload,
    CartSelectedDeliveryOptionsUpdatePayload,
    Edited,
    cart_key,
    show_customer,
    told,
)
from commerce_graph.cart.service import LineInput, LineUpdate, NewCart, Written
from commerce_graph.gift_card import service as gift_cards
from commerce_graph.gift_card.service import Card
from commerce_graph.kernel.auth import WRITE_CHECKOUTS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import refused_at
from commerce_graph.kernel.graph import input_type, mutation, object_type
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.values import AttributeInput


@input_type
class CartInput:
    """A cart to create."""

    lines: list[CartLineInput] | None = None
    buyer_identity: CartBuyerIdentityInput | None = None
    delivery: CartDeliveryInput | None = None
    attributes: list[AttributeInput] | None = None
    note: str | None = None
    discount_codes: list[str] | None = None
    gift_card_codes: list[str] | None = None


async def _edit(
    info: strawberry.Info, payload: type[Edited], gid: str, change: Callable[[Any, UUID], Awaitable[Written]]
) -> Edited:
    ctx: Context = info.context
    cart_id = cart_key(ctx, gid)
    async with ctx.database.begin() as tx:
        written = await change(tx, cart_id)
    return await told(ctx, payload, written)


async def _cards(info: strawberry.Info, gid: str, codes: Sequence[str]) -> list[Card | None]:
    """Return the gift cards that codes open, which are looked up before the cart is locked: guesses are counted."""
    return await _opened(info.context, codes, cart_key(info.context, gid))


async def _opened(ctx: Context, codes: Sequence[str], at: UUID | None) -> list[Card | None]:
    return await gift_cards.find(ctx.database, ctx.resources.redis, ctx.resources.secret, codes, at)


def _pairs(given: Sequence[AttributeInput] | None) -> list[tuple[str, str]]:
    return [(each.key, each.value) for each in given or ()]


def _new_lines(ctx: Context, given: Sequence[CartLineInput], *path: str) -> list[LineInput]:
    return [
        LineInput(
            variant_id=ctx.key_of(each.merchandise_id, "ProductVariant"),
            quantity=1 if each.quantity is None else each.quantity,
            attributes=_pairs(each.attributes),
            path=(*path, str(index)),
        )
        for index, each in enumerate(given)
    ]


def _line_updates(ctx: Context, given: Sequence[CartLineUpdateInput]) -> list[LineUpdate]:
    return [
        LineUpdate(
            line_id=ctx.key_of(each.id, "CartLine"),
            quantity=each.quantity,
            variant_id=ctx.key_of(each.merchandise_id, "ProductVariant") if each.merchandise_id else None,
            attributes=None if each.attributes is None else _pairs(each.attributes),
            path=("lines", str(index)),
        )
        for index, each in enumerate(given)
    ]


def _new_cart(ctx: Context, given: CartInput) -> NewCart:
    about = buyer(given.buyer_identity, ctx)
    if about.get("country") is None:
        about["country"] = ctx.buyer.country
    addresses = given.delivery.addresses if given.delivery else None
    return NewCart(
        channel_id=ctx.principal.channel_id,
        language=ctx.buyer.language,
        buyer=about,
        lines=_new_lines(ctx, given.lines or (), "input", "lines"),
        addresses=address_inputs(addresses or [], "input", "delivery", "addresses"),
        note=given.note,
        attributes=_pairs(given.attributes),
        discount_codes=given.discount_codes or (),
    )


@object_type
class CartMutation:
    """Changes of carts. Each answers with the cart as it is afterwards, and with what was refused or left out."""

    @mutation(access=WRITE_CHECKOUTS, once=Once.TRANSACTION)
    async def cart_create(self, info: strawberry.Info, input: CartInput | None = None) -> CartCreatePayload:
        """Create a cart."""
        ctx: Context = info.context
        given = input or CartInput()
        with refused_at("input"):
            cards = await _opened(ctx, given.gift_card_codes or (), None)
        new = replace(_new_cart(ctx, given), gift_cards=cards)
        async with ctx.database.begin() as tx:
            written = await service.create(tx, new)
        show_customer(ctx, new.buyer, written)
        return await told(ctx, CartCreatePayload, written)

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_lines_add(
        self, info: strawberry.Info, cart_id: strawberry.ID, lines: list[CartLineInput]
    ) -> CartLinesAddPayload:
        """Add lines to a cart. Lines with the same variant and attributes are merged."""
        new = _new_lines(info.context, lines, "lines")
        return await _edit(info, CartLinesAddPayload, cart_id, lambda tx, key: service.add_lines(tx, key, new))

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_lines_update(
        self, info: strawberry.Info, cart_id: strawberry.ID, lines: list[CartLineUpdateInput]
    ) -> CartLinesUpdatePayload:
        """Change lines of a cart."""
        given = _line_updates(info.context, lines)
        return await _edit(info, CartLinesUpdatePayload, cart_id, lambda tx, key: service.update_lines(tx, key, given))

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_lines_remove(
        self, info: strawberry.Info, cart_id: strawberry.ID, line_ids: list[strawberry.ID]
    ) -> CartLinesRemovePayload:
        """Remove lines from a cart."""
        ids = [info.context.key_of(each, "CartLine") for each in line_ids]
        return await _edit(info, CartLinesRemovePayload, cart_id, lambda tx, key: service.remove_lines(tx, key, ids))

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_buyer_identity_update(
        self, info: strawberry.Info, cart_id: strawberry.ID, buyer_identity: CartBuyerIdentityInput
    ) -> CartBuyerIdentityUpdatePayload:
        """Change who buys a cart, and from where."""
        ctx: Context = info.context
        about = buyer(buyer_identity, ctx)
        key = cart_key(ctx, cart_id)
        async with ctx.database.begin() as tx:
            written = await service.update_buyer(tx, key, about)
        show_customer(ctx, about, written)
        return await told(ctx, CartBuyerIdentityUpdatePayload, written)

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_note_update(self, info: strawberry.Info, cart_id: strawberry.ID, note: str) -> CartNoteUpdatePayload:
        """Change the note of a cart."""
        return await _edit(info, CartNoteUpdatePayload, cart_id, lambda tx, key: service.update_note(tx, key, note))

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_attributes_update(
        self, info: strawberry.Info, cart_id: strawberry.ID, attributes: list[AttributeInput]
    ) -> CartAttributesUpdatePayload:
        """Put attributes in the place of a cart's."""
        pairs = _pairs(attributes)
        return await _edit(
            info, CartAttributesUpdatePayload, cart_id, lambda tx, key: service.update_attributes(tx, key, pairs)
        )

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_discount_codes_update(
        self, info: strawberry.Info, cart_id: strawberry.ID, discount_codes: list[str]
    ) -> CartDiscountCodesUpdatePayload:
        """Put discount codes in the place of a cart's."""
        return await _edit(
            info,
            CartDiscountCodesUpdatePayload,
            cart_id,
            lambda tx, key: service.update_discount_codes(tx, key, discount_codes),
        )

    @mutation(access=WRITE_CHECKOUTS, once=Once.TRANSACTION)
    async def cart_gift_card_codes_update(
        self, info: strawberry.Info, cart_id: strawberry.ID, gift_card_codes: list[str]
    ) -> CartGiftCardCodesUpdatePayload:
        """Put gift cards in the place of a cart's. A code that opens none refuses them all."""
        cards = await _cards(info, cart_id, gift_card_codes)
        return await _edit(
            info,
            CartGiftCardCodesUpdatePayload,
            cart_id,
            lambda tx, key: service.replace_gift_cards(tx, key, cards),
        )

    @mutation(access=WRITE_CHECKOUTS, once=Once.TRANSACTION)
    async def cart_gift_card_codes_add(
        self, info: strawberry.Info, cart_id: strawberry.ID, gift_card_codes: list[str]
    ) -> CartGiftCardCodesAddPayload:
        """Apply gift cards to a cart, besides those that it has. A code that opens none refuses them all."""
        cards = await _cards(info, cart_id, gift_card_codes)
        return await _edit(
            info, CartGiftCardCodesAddPayload, cart_id, lambda tx, key: service.add_gift_cards(tx, key, cards)
        )

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_gift_card_codes_remove(
        self, info: strawberry.Info, cart_id: strawberry.ID, applied_gift_card_ids: list[strawberry.ID]
    ) -> CartGiftCardCodesRemovePayload:
        """Take gift cards off a cart."""
        ids = [info.context.key_of(each, "AppliedGiftCard") for each in applied_gift_card_ids]
        return await _edit(
            info, CartGiftCardCodesRemovePayload, cart_id, lambda tx, key: service.remove_gift_cards(tx, key, ids)
        )

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_delivery_addresses_add(
        self, info: strawberry.Info, cart_id: strawberry.ID, addresses: list[CartSelectableAddressInput]
    ) -> CartDeliveryAddressesAddPayload:
        """Add delivery addresses to a cart. The first is selected unless the input says otherwise."""
        given = address_inputs(addresses, "addresses")
        return await _edit(
            info, CartDeliveryAddressesAddPayload, cart_id, lambda tx, key: service.add_addresses(tx, key, given)
        )

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_delivery_addresses_update(
        self, info: strawberry.Info, cart_id: strawberry.ID, addresses: list[CartSelectableAddressUpdateInput]
    ) -> CartDeliveryAddressesUpdatePayload:
        """Change delivery addresses of a cart, or select one."""
        given = address_updates(info.context, addresses)
        return await _edit(
            info, CartDeliveryAddressesUpdatePayload, cart_id, lambda tx, key: service.update_addresses(tx, key, given)
        )

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_delivery_addresses_remove(
        self, info: strawberry.Info, cart_id: strawberry.ID, address_ids: list[strawberry.ID]
    ) -> CartDeliveryAddressesRemovePayload:
        """Remove delivery addresses from a cart."""
        ids = [address_key(info.context, each) for each in address_ids]
        return await _edit(
            info, CartDeliveryAddressesRemovePayload, cart_id, lambda tx, key: service.remove_addresses(tx, key, ids)
        )

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_delivery_addresses_replace(
        self, info: strawberry.Info, cart_id: strawberry.ID, addresses: list[CartSelectableAddressInput]
    ) -> CartDeliveryAddressesReplacePayload:
        """Put delivery addresses in the place of all that a cart has."""
        given = address_inputs(addresses, "addresses")
        return await _edit(
            info,
            CartDeliveryAddressesReplacePayload,
            cart_id,
            lambda tx, key: service.replace_addresses(tx, key, given),
        )

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_selected_delivery_options_update(
        self,
        info: strawberry.Info,
        cart_id: strawberry.ID,
        selected_delivery_options: list[CartSelectedDeliveryOptionInput],
    ) -> CartSelectedDeliveryOptionsUpdatePayload:
        """Choose how the delivery groups of a cart are delivered."""
        ctx: Context = info.context
        chosen = [
            (ctx.key_of(each.delivery_group_id, GROUP), each.delivery_option_handle)
            for each in selected_delivery_options
        ]
        return await _edit(
            info,
            CartSelectedDeliveryOptionsUpdatePayload,
            cart_id,
            lambda tx, key: service.choose_delivery(tx, key, chosen),
        )

    @mutation(access=WRITE_CHECKOUTS)
    async def cart_payment_update(
        self, info: strawberry.Info, cart_id: strawberry.ID, payment: CartPaymentInput
    ) -> CartPaymentUpdatePayload:
        """Say how a cart will be paid. The amount is held against the total when the cart is submitted."""
        checked = payment_of(payment)
        return await _edit(
            info, CartPaymentUpdatePayload, cart_id, lambda tx, key: service.set_payment(tx, key, checked)
        )
