"""Write products with their prices and their stock: all in one transaction, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import NewProduct, NewVariant, ProductPlan, SavedProduct
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.batches import batches
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import INPUT_LIST_MAX, INVENTORY_CHANGES_MAX
from commerce_graph.merchandising.errors import INVALID_INPUT, INVALID_VARIANT, TOO_MANY_VARIANTS
from commerce_graph.merchandising.service.prices import ContextualPrice, PriceWish, settle_prices
from commerce_graph.pricing import service as pricing

QUANTITY_NAMES = ("available", "on_hand")
REASON = "correction"
"""Why stock changes, as Admin's inventory adjustments name it: a merchant says how much there is."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """How much of a variant there is at a location: `name` is available or on_hand."""

    name: str
    location_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Goods:
    """What goes with a variant beside the catalogue: prices and stock. None leaves things as they are.

    A new variant without a price costs nothing in the primary market, as Shopify has it, and is tracked.
    """

    price: PriceWish = PriceWish()
    contextual_prices: Sequence[ContextualPrice] = ()
    tracked: bool | None = None
    oversell: bool | None = None
    quantities: Sequence[Quantity] = ()


async def set_product(
    tx: AsyncConnection, product: NewProduct, goods: Sequence[Goods] | None, actor: str
) -> SavedProduct:
    """Create or update a product with its variants, their prices and their stock. `goods` are in the variants' order.

    Statements do not grow with the variants; quantities go INVENTORY_CHANGES_MAX at a time.
    Limits: those of `catalog.save_product`.
    Locks: the product against other edits; the stock of its variants; then the catalogue's rows and the prices.
    Emits: ProductChanged, PricesChanged, StockChanged, CollectionChanged.
    Raises: Rejected, what the services below raise, `field` relative to the product in the names of Admin's
    ProductSetInput.
    """
    plan = await catalog.plan_product(tx, product)
    if goods is None:
        goods = [Goods()] * len(plan.variant_ids) if plan.created else ()
    return await _write(tx, plan, goods, actor)


async def identified(
    tx: AsyncConnection, product: NewProduct, product_id: UUID | None, handle: str | None
) -> NewProduct:
    """Return the product with what names it beside its input: an id, or a handle that may belong to none yet.

    Where nothing names one, a new product is meant: a handle in the input does not overwrite whose it is.
    Raises: Rejected(INVALID_INPUT) where the two name different products.
    """
    if product_id is None and handle is not None:
        product_id = await catalog.product_id_of(tx, handle)
        if product_id is None:
            return replace(product, handle=product.handle or handle)
    if product_id is None and handle is None:
        return replace(product, must_be_new=product.id is None)
    if product_id is not None and product.id not in (None, product_id):
        raise Rejected(INVALID_INPUT, ["id"], "the identifier names another product")
    return replace(product, id=product_id or product.id)


async def set_variants(
    tx: AsyncConnection, product_id: UUID, variants: Sequence[NewVariant], goods: Sequence[Goods], actor: str
) -> Sequence[UUID]:
    """Change some variants of a product with their prices and stock, and leave the others; return their ids in order.

    Limits: INPUT_LIST_MAX variants. Locks, emits, raises: as `set_product`.
    """
    if len(variants) > INPUT_LIST_MAX:
        raise Rejected(TOO_MANY_VARIANTS, ["variants"], f"there can be {INPUT_LIST_MAX} variants at once")
    plan = await catalog.plan_product(tx, NewProduct(id=product_id, variants=variants), partial=True)
    await _write(tx, plan, goods, actor)
    return plan.variant_ids[: len(variants)]


async def update_variants(
    db: Database, product_id: UUID, variants: Sequence[NewVariant], goods: Sequence[Goods], actor: str, *, partial: bool
) -> tuple[Sequence[UUID], Sequence[Rejected]]:
    """Change variants as `set_variants`, all or none; `partial`: those that are not refused.

    Returns the ids of what was changed, and the refusals. Each refusal of a variant costs one more attempt.
    """
    left = list(range(len(variants)))
    refused: list[Rejected] = []
    while left:
        try:
            some, with_them = [variants[at] for at in left], [goods[at] for at in left]
            async with db.begin() as tx:
                return await set_variants(tx, product_id, some, with_them, actor), refused
        except Rejected as wrong:
            at = wrong.field[1] if wrong.field and wrong.field[0] == "variants" and len(wrong.field) > 1 else None
            if at is None:
                return (), [*refused, wrong]
            culprit = left.pop(int(at))
            path = ["variants", str(culprit), *(wrong.field or ())[2:]]
            refused.append(Rejected(wrong.code, path, wrong.message))
            if not partial:
                break
    return (), refused


async def _write(tx: AsyncConnection, plan: ProductPlan, goods: Sequence[Goods], actor: str) -> SavedProduct:
    """Carry out a plan: stock that others may work on is held first, then the rows are written from the bottom up."""
    quantities = _quantities(goods)
    prices = await settle_prices(tx, plan, [(each.price, each.contextual_prices) for each in goods])
    told = [
        variant_id
        for variant_id, each in zip(plan.variant_ids, goods, strict=False)
        if variant_id in plan.new_variant_ids
        or each.quantities
        or each.tracked is not None
        or each.oversell is not None
    ]
    held = [*(variant_id for variant_id in told if variant_id not in plan.new_variant_ids), *plan.removed_variant_ids]
    if held:
        await inventory.hold_items(tx, held)
    if plan.removed_variant_ids:
        await _remove(tx, plan)
    saved = await catalog.write_product(tx, plan)
    chosen = set(told)
    items = [
        inventory.NewItem(variant_id, plan.id, each.tracked, each.oversell)
        for variant_id, each in zip(plan.variant_ids, goods, strict=False)
        if variant_id in chosen
    ]
    if items:
        await _save_items(tx, items)
    await _set_quantities(tx, plan, quantities, actor)
    await pricing.set_prices(tx, prices)
    return saved


async def _remove(tx: AsyncConnection, plan: ProductPlan) -> None:
    try:
        await inventory.remove_items(tx, plan.removed_variant_ids)
    except Rejected as refused:
        raise Rejected(INVALID_VARIANT, ["variants"], f"a variant cannot be removed: {refused.message}") from None
    await pricing.remove_prices(tx, plan.id, plan.removed_variant_ids)


async def _save_items(tx: AsyncConnection, items: Sequence[inventory.NewItem]) -> None:
    try:
        await inventory.save_items(tx, items)
    except Rejected as refused:
        raise Rejected(INVALID_VARIANT, ["variants"], refused.message) from None


Placed = tuple[int, int, Quantity]
"""A quantity with the index of its variant and its own in the input."""


def _quantities(goods: Sequence[Goods]) -> list[Placed]:
    placed = [(index, at, each) for index, one in enumerate(goods) for at, each in enumerate(one.quantities)]
    for index, at, each in placed:
        if each.name not in QUANTITY_NAMES:
            path = ["variants", str(index), "inventoryQuantities", str(at), "name"]
            raise Rejected(INVALID_INPUT, path, "the quantity is `available` or `on_hand`")
    return placed


async def _set_quantities(tx: AsyncConnection, plan: ProductPlan, placed: Sequence[Placed], actor: str) -> None:
    for name in QUANTITY_NAMES:
        named = [each for each in placed if each[2].name == name]
        for some in batches(named, INVENTORY_CHANGES_MAX):
            wanted = [
                inventory.SetQuantity(plan.variant_ids[index], each.location_id, each.quantity)
                for index, _, each in some
            ]
            try:
                await inventory.set_quantities(tx, name, wanted, REASON, None, actor)
            except Rejected as refused:
                raise _retold(refused, some) from None


def _retold(refused: Rejected, placed: Sequence[Placed]) -> Rejected:
    """Return a refusal of stock with the path of the quantity in the product."""
    path = refused.field or []
    if path[:2] != ["input", "quantities"] or len(path) < 3:
        return Rejected(refused.code, ["variants"], refused.message)
    index, at, _ = placed[int(path[2])]
    here = ["variants", str(index), "inventoryQuantities", str(at), *path[3:]]
    return Rejected(refused.code, here, refused.message)
