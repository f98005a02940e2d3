"""Where a cart is delivered to, and how."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart.loaders import Address
from commerce_graph.cart.rules import Path
from commerce_graph.cart.service.edits import Written, locked, save
from commerce_graph.cart.service.quotes import quotes
from commerce_graph.kernel.address import PostalAddress
from commerce_graph.kernel.clock import new_id
from commerce_graph.kernel.context import Reads
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import CART_ADDRESSES_MAX


@dataclass(frozen=True, slots=True)
class AddressInput:
    """A delivery address to add, checked already."""

    address: PostalAddress
    selected: bool | None = None
    one_time_use: bool | None = None


@dataclass(frozen=True, slots=True)
class AddressUpdate:
    """A change of a delivery address; None leaves a member as it is."""

    id: UUID
    address: PostalAddress | None = None
    selected: bool | None = None
    one_time_use: bool | None = None


async def add_addresses(tx: AsyncConnection, cart_id: UUID, given: Sequence[AddressInput]) -> Written:
    """Add delivery addresses to a cart. The first of a cart is selected unless the client says otherwise.

    Limits: CART_ADDRESSES_MAX.
    Locks: the cart's row.
    Raises: Rejected(INVALID | TOO_MANY_DELIVERY_ADDRESSES | ONLY_ONE_DELIVERY_ADDRESS_CAN_BE_SELECTED).
    """
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    after = with_addresses(before.addresses, given, ("addresses",))
    return await save(reads, before, replace(before, addresses=after))


async def replace_addresses(tx: AsyncConnection, cart_id: UUID, given: Sequence[AddressInput]) -> Written:
    """Put delivery addresses in the place of all that a cart has. Limits, locks, raises: as `add_addresses`."""
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    return await save(reads, before, replace(before, addresses=with_addresses((), given, ("addresses",))))


async def update_addresses(tx: AsyncConnection, cart_id: UUID, given: Sequence[AddressUpdate]) -> Written:
    """Change delivery addresses of a cart; selecting one deselects the others.

    Locks: the cart's row.
    Raises: Rejected(INVALID | INVALID_DELIVERY_ADDRESS_ID | ONLY_ONE_DELIVERY_ADDRESS_CAN_BE_SELECTED).
    """
    _check_selected([each.selected for each in given], ("addresses",))
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    changed = {each.id: each for each in before.addresses}
    for index, each in enumerate(given):
        present = changed.get(each.id)
        if present is None:
            raise _no_such_address(("addresses", str(index), "id"))
        changed[each.id] = Address(
            present.id,
            each.address or present.address,
            present.selected if each.selected is None else each.selected,
            present.one_time_use if each.one_time_use is None else each.one_time_use,
        )
    chosen = next((each.id for each in given if each.selected), None)
    after = tuple(each if chosen in (None, each.id) else replace(each, selected=False) for each in changed.values())
    return await save(reads, before, replace(before, addresses=after))


async def remove_addresses(tx: AsyncConnection, cart_id: UUID, ids: Sequence[UUID]) -> Written:
    """Remove delivery addresses from a cart.

    Locks: the cart's row. Raises: Rejected(INVALID | INVALID_DELIVERY_ADDRESS_ID).
    """
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    known = {each.id for each in before.addresses}
    for index, each in enumerate(ids):
        if each not in known:
            raise _no_such_address(("addressIds", str(index)))
    after = tuple(each for each in before.addresses if each.id not in set(ids))
    return await save(reads, before, replace(before, addresses=after))


async def choose_delivery(tx: AsyncConnection, cart_id: UUID, chosen: Sequence[tuple[UUID, str]]) -> Written:
    """Choose delivery options, as (group, option handle). A cart has one group, whose key is the cart's.

    Locks: the cart's row.
    Raises: Rejected(INVALID | INVALID_DELIVERY_GROUP | INVALID_DELIVERY_OPTION).
    """
    reads = Reads(tx)
    before = await locked(reads, cart_id)
    (quote,) = await quotes(reads.load_many, [before])
    handle = before.delivery_handle
    for index, (group_id, wanted) in enumerate(chosen):
        at = ["selectedDeliveryOptions", str(index)]
        if group_id != cart_id or not quote.options:
            raise Rejected("INVALID_DELIVERY_GROUP", [*at, "deliveryGroupId"], "this cart has no such delivery group")
        if wanted not in {option.handle for option in quote.options}:
            told = "this delivery group has no such option"
            raise Rejected("INVALID_DELIVERY_OPTION", [*at, "deliveryOptionHandle"], told)
        handle = wanted
    return await save(reads, before, replace(before, delivery_handle=handle))


def with_addresses(present: Sequence[Address], given: Sequence[AddressInput], path: Path) -> tuple[Address, ...]:
    """Return delivery addresses with new ones.

    Limits: CART_ADDRESSES_MAX.
    Raises: Rejected(TOO_MANY_DELIVERY_ADDRESSES | ONLY_ONE_DELIVERY_ADDRESS_CAN_BE_SELECTED).
    """
    if len(present) + len(given) > CART_ADDRESSES_MAX:
        told = f"a cart holds at most {CART_ADDRESSES_MAX} delivery addresses"
        raise Rejected("TOO_MANY_DELIVERY_ADDRESSES", path, told)
    _check_selected([each.selected for each in given], path)
    new = [Address(new_id(), each.address, bool(each.selected), bool(each.one_time_use)) for each in given]
    if any(each.selected for each in new):
        present = [replace(each, selected=False) for each in present]
    elif not present and new and given[0].selected is None:
        new[0] = replace(new[0], selected=True)
    return (*present, *new)


def _check_selected(selected: Sequence[bool | None], path: Path) -> None:
    if sum(bool(each) for each in selected) > 1:
        told = "only one delivery address can be selected"
        raise Rejected("ONLY_ONE_DELIVERY_ADDRESS_CAN_BE_SELECTED", path, told)


def _no_such_address(path: Path) -> Rejected:
    return Rejected("INVALID_DELIVERY_ADDRESS_ID", path, "there is no such delivery address in this cart")
