"""The mutations of discounts, by Admin's names."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.discount import service
from commerce_graph.discount.graph.inputs import (
    DiscountAutomaticBasicInput,
    DiscountAutomaticBxgyInput,
    DiscountAutomaticFreeShippingInput,
    DiscountCodeBasicInput,
    DiscountCodeBxgyInput,
    DiscountCodeFreeShippingInput,
    Reading,
)
from commerce_graph.discount.graph.payload import (
    DiscountAutomaticActivatePayload,
    DiscountAutomaticBasicCreatePayload,
    DiscountAutomaticBasicUpdatePayload,
    DiscountAutomaticBxgyCreatePayload,
    DiscountAutomaticBxgyUpdatePayload,
    DiscountAutomaticDeactivatePayload,
    DiscountAutomaticDeletePayload,
    DiscountAutomaticFreeShippingCreatePayload,
    DiscountAutomaticFreeShippingUpdatePayload,
    DiscountCodeActivatePayload,
    DiscountCodeBasicCreatePayload,
    DiscountCodeBasicUpdatePayload,
    DiscountCodeBxgyCreatePayload,
    DiscountCodeBxgyUpdatePayload,
    DiscountCodeDeactivatePayload,
    DiscountCodeDeletePayload,
    DiscountCodeFreeShippingCreatePayload,
    DiscountCodeFreeShippingUpdatePayload,
)
from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import refused_at
from commerce_graph.kernel.graph import entities, mutation, object_type
from commerce_graph.keys import DiscountAutomaticNodeKey, DiscountCodeNodeKey

WRITE_DISCOUNTS = scopes("write_discounts")
CODE, AUTOMATIC = "CODE", "AUTOMATIC"
GIDS = {CODE: "DiscountCodeNode", AUTOMATIC: "DiscountAutomaticNode"}


async def _shown(ctx: Context, method: str, discount_id: UUID) -> dict[str, Any]:
    ctx.forget()
    key = DiscountCodeNodeKey if method == CODE else DiscountAutomaticNodeKey
    (found,) = await entities(ctx, key, [discount_id])
    return {"code_discount_node" if method == CODE else "automatic_discount_node": found}


async def _write(
    info: strawberry.Info, method: str, kind: str, name: str, given: Any, gid: str | None = None
) -> dict[str, Any]:
    ctx: Context = info.context
    discount_id = ctx.key_of(gid, GIDS[method]) if gid is not None else None
    # Amounts are in the currency of the shop's first market.
    market = await ctx.load(ctx.services["markets_for"], None)
    with refused_at(name, beside="id"):
        change = Reading(ctx, market.currency).change(given)
        async with ctx.database.begin() as tx:
            if discount_id is None:
                discount_id = await service.create(tx, method, kind, change)
            else:
                await service.update_discount(tx, discount_id, method, kind, change)
    return await _shown(ctx, method, discount_id)


Turn = Callable[[Any, UUID, str], Awaitable[None]]


async def _turn(info: strawberry.Info, method: str, gid: str, turn: Turn) -> dict[str, Any]:
    ctx: Context = info.context
    discount_id = ctx.key_of(gid, GIDS[method])
    async with ctx.database.begin() as tx:
        await turn(tx, discount_id, method)
    return await _shown(ctx, method, discount_id)


async def _delete(info: strawberry.Info, method: str, gid: str) -> None:
    ctx: Context = info.context
    discount_id = ctx.key_of(gid, GIDS[method])
    async with ctx.database.begin() as tx:
        await service.delete_discount(tx, discount_id, method)
    ctx.forget()


@object_type
class DiscountMutation:
    """What merchants do with discounts."""

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_code_basic_create(
        self, info: strawberry.Info, basic_code_discount: DiscountCodeBasicInput
    ) -> DiscountCodeBasicCreatePayload:
        """Create an amount or a percentage off, for who gives a code."""
        return DiscountCodeBasicCreatePayload(
            **await _write(info, CODE, "BASIC", "basicCodeDiscount", basic_code_discount)
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_code_basic_update(
        self, info: strawberry.Info, id: strawberry.ID, basic_code_discount: DiscountCodeBasicInput
    ) -> DiscountCodeBasicUpdatePayload:
        """Change an amount or a percentage off, for who gives a code."""
        return DiscountCodeBasicUpdatePayload(
            **await _write(info, CODE, "BASIC", "basicCodeDiscount", basic_code_discount, id)
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_code_bxgy_create(
        self, info: strawberry.Info, bxgy_code_discount: DiscountCodeBxgyInput
    ) -> DiscountCodeBxgyCreatePayload:
        """Create pieces given to whoever buys others, for who gives a code."""
        return DiscountCodeBxgyCreatePayload(**await _write(info, CODE, "BXGY", "bxgyCodeDiscount", bxgy_code_discount))

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_code_bxgy_update(
        self, info: strawberry.Info, id: strawberry.ID, bxgy_code_discount: DiscountCodeBxgyInput
    ) -> DiscountCodeBxgyUpdatePayload:
        """Change pieces given to whoever buys others, for who gives a code."""
        return DiscountCodeBxgyUpdatePayload(
            **await _write(info, CODE, "BXGY", "bxgyCodeDiscount", bxgy_code_discount, id)
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_code_free_shipping_create(
        self, info: strawberry.Info, free_shipping_code_discount: DiscountCodeFreeShippingInput
    ) -> DiscountCodeFreeShippingCreatePayload:
        """Create a delivery that costs nothing, for who gives a code."""
        return DiscountCodeFreeShippingCreatePayload(
            **await _write(info, CODE, "FREE_SHIPPING", "freeShippingCodeDiscount", free_shipping_code_discount)
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_code_free_shipping_update(
        self, info: strawberry.Info, id: strawberry.ID, free_shipping_code_discount: DiscountCodeFreeShippingInput
    ) -> DiscountCodeFreeShippingUpdatePayload:
        """Change a delivery that costs nothing, for who gives a code."""
        return DiscountCodeFreeShippingUpdatePayload(
            **await _write(info, CODE, "FREE_SHIPPING", "freeShippingCodeDiscount", free_shipping_code_discount, id)
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_code_activate(self, info: strawberry.Info, id: strawberry.ID) -> DiscountCodeActivatePayload:
        """Let a discount run from now on, without an end."""
        return DiscountCodeActivatePayload(**await _turn(info, CODE, id, service.activate))

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_code_deactivate(self, info: strawberry.Info, id: strawberry.ID) -> DiscountCodeDeactivatePayload:
        """Let a discount end now."""
        return DiscountCodeDeactivatePayload(**await _turn(info, CODE, id, service.deactivate))

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_code_delete(self, info: strawberry.Info, id: strawberry.ID) -> DiscountCodeDeletePayload:
        """Delete a discount; orders that had it keep what it was."""
        await _delete(info, CODE, id)
        return DiscountCodeDeletePayload(deleted_code_discount_id=id)

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_automatic_basic_create(
        self, info: strawberry.Info, automatic_basic_discount: DiscountAutomaticBasicInput
    ) -> DiscountAutomaticBasicCreatePayload:
        """Create an amount or a percentage off, that applies by itself."""
        return DiscountAutomaticBasicCreatePayload(
            **await _write(info, AUTOMATIC, "BASIC", "automaticBasicDiscount", automatic_basic_discount)
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_automatic_basic_update(
        self, info: strawberry.Info, id: strawberry.ID, automatic_basic_discount: DiscountAutomaticBasicInput
    ) -> DiscountAutomaticBasicUpdatePayload:
        """Change an amount or a percentage off, that applies by itself."""
        return DiscountAutomaticBasicUpdatePayload(
            **await _write(info, AUTOMATIC, "BASIC", "automaticBasicDiscount", automatic_basic_discount, id)
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_automatic_bxgy_create(
        self, info: strawberry.Info, automatic_bxgy_discount: DiscountAutomaticBxgyInput
    ) -> DiscountAutomaticBxgyCreatePayload:
        """Create pieces given to whoever buys others, that applies by itself."""
        return DiscountAutomaticBxgyCreatePayload(
            **await _write(info, AUTOMATIC, "BXGY", "automaticBxgyDiscount", automatic_bxgy_discount)
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_automatic_bxgy_update(
        self, info: strawberry.Info, id: strawberry.ID, automatic_bxgy_discount: DiscountAutomaticBxgyInput
    ) -> DiscountAutomaticBxgyUpdatePayload:
        """Change pieces given to whoever buys others, that applies by itself."""
        return DiscountAutomaticBxgyUpdatePayload(
            **await _write(info, AUTOMATIC, "BXGY", "automaticBxgyDiscount", automatic_bxgy_discount, id)
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_automatic_free_shipping_create(
        self, info: strawberry.Info, automatic_free_shipping_discount: DiscountAutomaticFreeShippingInput
    ) -> DiscountAutomaticFreeShippingCreatePayload:
        """Create a delivery that costs nothing, that applies by itself."""
        return DiscountAutomaticFreeShippingCreatePayload(
            **await _write(
                info, AUTOMATIC, "FREE_SHIPPING", "automaticFreeShippingDiscount", automatic_free_shipping_discount
            )
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_automatic_free_shipping_update(
        self,
        info: strawberry.Info,
        id: strawberry.ID,
        automatic_free_shipping_discount: DiscountAutomaticFreeShippingInput,
    ) -> DiscountAutomaticFreeShippingUpdatePayload:
        """Change a delivery that costs nothing, that applies by itself."""
        return DiscountAutomaticFreeShippingUpdatePayload(
            **await _write(
                info, AUTOMATIC, "FREE_SHIPPING", "automaticFreeShippingDiscount", automatic_free_shipping_discount, id
            )
        )

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_automatic_activate(
        self, info: strawberry.Info, id: strawberry.ID
    ) -> DiscountAutomaticActivatePayload:
        """Let a discount run from now on, without an end."""
        return DiscountAutomaticActivatePayload(**await _turn(info, AUTOMATIC, id, service.activate))

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_automatic_deactivate(
        self, info: strawberry.Info, id: strawberry.ID
    ) -> DiscountAutomaticDeactivatePayload:
        """Let a discount end now."""
        return DiscountAutomaticDeactivatePayload(**await _turn(info, AUTOMATIC, id, service.deactivate))

    @mutation(access=WRITE_DISCOUNTS)
    async def discount_automatic_delete(
        self, info: strawberry.Info, id: strawberry.ID
    ) -> DiscountAutomaticDeletePayload:
        """Delete a discount; orders that had it keep what it was."""
        await _delete(info, AUTOMATIC, id)
        return DiscountAutomaticDeletePayload(deleted_automatic_discount_id=id)
