"""Customers and their accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from commerce_graph.customer import rules, service
from commerce_graph.customer.errors import CustomerErrorCode
from commerce_graph.customer.loaders import Account, accounts, address_pages
from commerce_graph.kernel.address import MailingAddress, PostalAddress, mailing_address
from commerce_graph.kernel.auth import READ_CUSTOMERS, WRITE_CUSTOMERS, scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, entities, field, input_type, mutation, object_type
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.kernel.values import UserError, user_error
from commerce_graph.keys import CustomerKey

READ_EVERY_CUSTOMER = scopes("read_customers")

strawberry.enum(CustomerErrorCode, description="Why something was refused to a customer.")
CustomerUserError: Any = user_error(
    "CustomerUserError", CustomerErrorCode, "Why something was refused to a customer, with a code."
)


def user_errors() -> Any:
    """Return the member of a payload that repeats its errors without codes."""
    return strawberry.field(
        default_factory=list,
        description="The refusals without their codes.",
        deprecation_reason="Use `customerUserErrors` instead.",
    )


def customer_user_errors() -> Any:
    """Return the member of a payload that holds its errors."""
    return strawberry.field(default_factory=list, description="Why it was refused; empty where it was done.")


@object_type(access=READ_CUSTOMERS)
class MailingAddressConnection(Connection[MailingAddress]):
    """A page of addresses."""


@object_type(access=READ_CUSTOMERS)
class MailingAddressEdge(Edge[MailingAddress]):
    """An address and its cursor."""


@object_type(access=READ_CUSTOMERS)
class Customer(CustomerKey):
    """The account of a customer; seen by the customer, and by who may read every customer."""

    stored: strawberry.Private[Account]

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load customers that the caller may see. Shape: n keys → n results in order; 1 statement at most."""
        every = ctx.principal.may(READ_EVERY_CUSTOMER)
        seen = [uuid for uuid in uuids if every or is_shown(ctx, uuid)]
        found = dict(zip(seen, await ctx.load_many(accounts, seen), strict=True))
        return [_shown(cls, found.get(uuid)) for uuid in uuids]

    @field
    def email(self) -> str | None:
        """The email address, in lower case."""
        return self.stored.email

    @field
    def first_name(self) -> str | None:
        """The first name."""
        return self.stored.first_name

    @field
    def last_name(self) -> str | None:
        """The last name."""
        return self.stored.last_name

    @field
    def display_name(self) -> str:
        """The full name, or the email address of who gave none."""
        return rules.display_name(self.stored.first_name, self.stored.last_name, self.stored.email)

    @field
    def phone(self) -> str | None:
        """The phone number, in E.164 form."""
        return self.stored.phone

    @field
    def accepts_marketing(self) -> bool:
        """Whether the customer agreed to advertisements by mail."""
        return self.stored.accepts_marketing

    @field
    def created_at(self) -> datetime:
        """When the account was opened."""
        return self.stored.created_at

    @field
    def updated_at(self) -> datetime:
        """When the account or an address last changed."""
        return self.stored.updated_at

    @field
    def default_address(self) -> MailingAddress | None:
        """The address that is offered first."""
        place, key = self.stored.default_address, self.stored.default_address_id
        return mailing_address(key, place) if key and place else None

    @batch_field
    async def addresses(
        parents: Sequence["Customer"],
        ctx: Context,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool = False,
    ) -> list[MailingAddressConnection]:
        """The addresses that the customer keeps, oldest first."""
        args = page_arguments(first, last, after, before, reverse)
        pages = await ctx.load_many(address_pages, [parent.uuid for parent in parents], args)
        return [page.connection(MailingAddressConnection, MailingAddressEdge, _place) for page in pages]


def _shown(kind: Any, found: Account | None) -> Any:
    return kind(uuid=found.id, stored=found) if found else None


def _place(row: Any) -> MailingAddress:
    return mailing_address(row.id, PostalAddress.read(row._mapping))


def is_shown(ctx: Context, uuid: UUID) -> bool:
    """Tell whether the caller is this customer, or has shown a customer access token of it."""
    return ctx.principal.customer_id == uuid or ("Customer", uuid) in ctx.granted


async def recognise(ctx: Context, customer_id: UUID) -> Any:
    """Go on as a customer whose token was shown, and return the customer."""
    ctx.as_customer(customer_id)
    ctx.granted.add(("Customer", customer_id))
    return await customer_of(ctx, customer_id)


async def customer_of(ctx: Context, customer_id: UUID) -> Any:
    """Return a customer as the graph's, None where the caller may not see it."""
    (found,) = await entities(ctx, CustomerKey, [customer_id])
    return found


@object_type
class CustomerQuery:
    """What can be asked about customers."""

    @field(access=READ_CUSTOMERS)
    async def customer(self, info: strawberry.Info, customer_access_token: str | None = None) -> Customer | None:
        """The customer who holds the access token, or without one, who is signed in by the request's header."""
        ctx: Context = info.context
        if customer_access_token is None:
            signed_in = ctx.principal.customer_id
            return await customer_of(ctx, signed_in) if signed_in else None
        found = await ctx.load(service.customers_of_tokens, customer_access_token)
        return await recognise(ctx, found) if found else None


@input_type
class CustomerCreateInput:
    """What an account is opened with."""

    email: str
    password: str
    first_name: str | None = strawberry.UNSET
    last_name: str | None = strawberry.UNSET
    phone: str | None = strawberry.UNSET
    accepts_marketing: bool | None = strawberry.UNSET


@input_type
class CustomerUpdateInput:
    """What is changed about an account; what is not mentioned stays."""

    email: str | None = strawberry.UNSET
    password: str | None = strawberry.UNSET
    first_name: str | None = strawberry.UNSET
    last_name: str | None = strawberry.UNSET
    phone: str | None = strawberry.UNSET
    accepts_marketing: bool | None = strawberry.UNSET


@object_type(access=READ_CUSTOMERS)
class CustomerAccessToken:
    """What a signed-in customer shows."""

    access_token: str = strawberry.field(description="The token itself: a secret.")
    expires_at: datetime = strawberry.field(description="When it ends, unless it is renewed before.")


def access_token_of(session: service.Session | None) -> CustomerAccessToken | None:
    """Return a session as the graph's."""
    if session is None:
        return None
    return CustomerAccessToken(access_token=session.token, expires_at=session.expires_at)


@object_type
class CustomerCreatePayload:
    """The new account."""

    customer: Customer | None = strawberry.field(default=None, description="The new customer.")
    customer_user_errors: list[CustomerUserError] = customer_user_errors()
    user_errors: list[UserError] = user_errors()


@object_type
class CustomerUpdatePayload:
    """The changed account."""

    customer: Customer | None = strawberry.field(default=None, description="The changed customer.")
    customer_access_token: CustomerAccessToken | None = strawberry.field(
        default=None, description="A new token, where a new password ended all others."
    )
    customer_user_errors: list[CustomerUserError] = customer_user_errors()
    user_errors: list[UserError] = user_errors()


def _given(source: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(source).items() if value is not strawberry.UNSET}


@object_type
class AccountMutation:
    """Opening and changing accounts."""

    @mutation(access=WRITE_CUSTOMERS, once=Once.TRANSACTION, cost=100)
    async def customer_create(self, info: strawberry.Info, input: CustomerCreateInput) -> CustomerCreatePayload:
        """Open an account."""
        ctx: Context = info.context
        made = await service.create_customer(ctx.database, _given(input))
        ctx.forget()
        ctx.granted.add(("Customer", made))
        return CustomerCreatePayload(customer=await customer_of(ctx, made))

    @mutation(access=WRITE_CUSTOMERS, once=Once.TRANSACTION, cost=100)
    async def customer_update(
        self, info: strawberry.Info, customer_access_token: str, customer: CustomerUpdateInput
    ) -> CustomerUpdatePayload:
        """Change the account of the customer who holds the access token."""
        ctx: Context = info.context
        changed, session = await service.update_customer(ctx.database, customer_access_token, _given(customer))
        ctx.forget()
        return CustomerUpdatePayload(
            customer=await recognise(ctx, changed), customer_access_token=access_token_of(session)
        )
