"""The addresses that a customer keeps."""

from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.customer import service
from commerce_graph.customer.graph.customer import (
    Customer,
    CustomerUserError,
    customer_user_errors,
    recognise,
    user_errors,
)
from commerce_graph.customer.loaders import addresses
from commerce_graph.kernel.address import MailingAddress, MailingAddressInput, mailing_address, postal_address
from commerce_graph.kernel.auth import WRITE_CUSTOMERS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import mutation, object_type
from commerce_graph.kernel.values import UserError

_STORED = {"country": "country_code", "province": "province_code"}


@object_type
class CustomerAddressCreatePayload:
    """The new address."""

    customer_address: MailingAddress | None = strawberry.field(default=None, description="The new address.")
    customer_user_errors: list[CustomerUserError] = customer_user_errors()
    user_errors: list[UserError] = user_errors()


@object_type
class CustomerAddressUpdatePayload:
    """The changed address."""

    customer_address: MailingAddress | None = strawberry.field(default=None, description="The changed address.")
    customer_user_errors: list[CustomerUserError] = customer_user_errors()
    user_errors: list[UserError] = user_errors()


@object_type
class CustomerAddressDeletePayload:
    """The address that is no more."""

    deleted_customer_address_id: str | None = strawberry.field(
        default=None, description="The id of the address that was deleted."
    )
    customer_user_errors: list[CustomerUserError] = customer_user_errors()
    user_errors: list[UserError] = user_errors()


@object_type
class CustomerDefaultAddressUpdatePayload:
    """The customer with the new default address."""

    customer: Customer | None = strawberry.field(default=None, description="The changed customer.")
    customer_user_errors: list[CustomerUserError] = customer_user_errors()
    user_errors: list[UserError] = user_errors()


async def _shown(ctx: Context, address_id: UUID) -> MailingAddress:
    ctx.forget()
    key, place = await ctx.load(addresses, address_id)
    return mailing_address(key, place)


def _changes(given: MailingAddressInput) -> dict[str, Any]:
    place = postal_address(given, ["address"])
    named = (name for name, value in vars(given).items() if value is not strawberry.UNSET)
    return {stored: getattr(place, stored) for stored in (_STORED.get(name, name) for name in named)}


@object_type
class AddressMutation:
    """Changing the addresses of the customer who holds the access token."""

    @mutation(access=WRITE_CUSTOMERS)
    async def customer_address_create(
        self, info: strawberry.Info, customer_access_token: str, address: MailingAddressInput
    ) -> CustomerAddressCreatePayload:
        """Add an address to those the customer keeps; the first one becomes the default."""
        ctx: Context = info.context
        place = postal_address(address, ["address"])
        async with ctx.database.begin() as tx:
            customer_id = await service.signed_in(tx, customer_access_token)
            made = await service.create_address(tx, customer_id, place)
        return CustomerAddressCreatePayload(customer_address=await _shown(ctx, made))

    @mutation(access=WRITE_CUSTOMERS)
    async def customer_address_update(
        self, info: strawberry.Info, customer_access_token: str, id: strawberry.ID, address: MailingAddressInput
    ) -> CustomerAddressUpdatePayload:
        """Change an address of the customer; what is not mentioned stays."""
        ctx: Context = info.context
        address_id, changes = ctx.key_of(id, "MailingAddress"), _changes(address)
        async with ctx.database.begin() as tx:
            customer_id = await service.signed_in(tx, customer_access_token)
            await service.update_address(tx, customer_id, address_id, changes)
        return CustomerAddressUpdatePayload(customer_address=await _shown(ctx, address_id))

    @mutation(access=WRITE_CUSTOMERS)
    async def customer_address_delete(
        self, info: strawberry.Info, customer_access_token: str, id: strawberry.ID
    ) -> CustomerAddressDeletePayload:
        """Delete an address of the customer; where it was the default, the oldest of the others becomes it."""
        ctx: Context = info.context
        address_id = ctx.key_of(id, "MailingAddress")
        async with ctx.database.begin() as tx:
            customer_id = await service.signed_in(tx, customer_access_token)
            await service.delete_address(tx, customer_id, address_id)
        ctx.forget()
        return CustomerAddressDeletePayload(deleted_customer_address_id=id)

    @mutation(access=WRITE_CUSTOMERS)
    async def customer_default_address_update(
        self, info: strawberry.Info, customer_access_token: str, address_id: strawberry.ID
    ) -> CustomerDefaultAddressUpdatePayload:
        """Make an address of the customer the one that is offered first."""
        ctx: Context = info.context
        chosen = ctx.key_of(address_id, "MailingAddress")
        async with ctx.database.begin() as tx:
            customer_id = await service.signed_in(tx, customer_access_token)
            await service.set_default_address(tx, customer_id, chosen)
        ctx.forget()
        return CustomerDefaultAddressUpdatePayload(customer=await recognise(ctx, customer_id))
