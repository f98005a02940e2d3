"""Access tokens: signing in and out."""

from typing import Any

import strawberry

from commerce_graph.customer import service
from commerce_graph.customer.graph.customer import (
    CustomerAccessToken,
    CustomerUserError,
    access_token_of,
    customer_user_errors,
    user_errors,
)
from commerce_graph.kernel.auth import WRITE_CUSTOMERS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import input_type, mutation, object_type
from commerce_graph.kernel.mutations import Once
from commerce_graph.kernel.values import UserError


@input_type
class CustomerAccessTokenCreateInput:
    """What a customer signs in with."""

    email: str
    password: str


def _errors() -> Any:
    return strawberry.field(default_factory=list, description="Why it was refused; empty where it was done.")


@object_type
class CustomerAccessTokenCreatePayload:
    """The token of who signed in."""

    customer_access_token: CustomerAccessToken | None = strawberry.field(default=None, description="The new token.")
    customer_user_errors: list[CustomerUserError] = customer_user_errors()
    user_errors: list[UserError] = user_errors()


@object_type
class CustomerAccessTokenRenewPayload:
    """The token with its new end."""

    customer_access_token: CustomerAccessToken | None = strawberry.field(
        default=None, description="The same token, good for longer."
    )
    user_errors: list[UserError] = _errors()


@object_type
class CustomerAccessTokenDeletePayload:
    """The token that is no more."""

    deleted_access_token: str | None = strawberry.field(default=None, description="The token that was deleted.")
    deleted_customer_access_token_id: str | None = strawberry.field(
        default=None, description="The token that was deleted: it has no other id."
    )
    user_errors: list[UserError] = _errors()


@object_type
class AccessTokenMutation:
    """Signing in and out."""

    @mutation(access=WRITE_CUSTOMERS, once=Once.TRANSACTION, cost=100)
    async def customer_access_token_create(
        self, info: strawberry.Info, input: CustomerAccessTokenCreateInput
    ) -> CustomerAccessTokenCreatePayload:
        """Sign in with email and password. An unknown email is refused like a wrong password."""
        ctx: Context = info.context
        session = await service.sign_in(ctx.database, ctx.resources.redis, input.email, input.password)
        return CustomerAccessTokenCreatePayload(customer_access_token=access_token_of(session))

    @mutation(access=WRITE_CUSTOMERS)
    async def customer_access_token_renew(
        self, info: strawberry.Info, customer_access_token: str
    ) -> CustomerAccessTokenRenewPayload:
        """Let an access token that has not expired be good for longer."""
        ctx: Context = info.context
        async with ctx.database.begin() as tx:
            session = await service.renew(tx, customer_access_token)
        return CustomerAccessTokenRenewPayload(customer_access_token=access_token_of(session))

    @mutation(access=WRITE_CUSTOMERS)
    async def customer_access_token_delete(
        self, info: strawberry.Info, customer_access_token: str
    ) -> CustomerAccessTokenDeletePayload:
        """Sign out: the access token is good for nothing any more."""
        ctx: Context = info.context
        async with ctx.database.begin() as tx:
            await service.sign_out(tx, customer_access_token)
        ctx.forget()
        return CustomerAccessTokenDeletePayload(
            deleted_access_token=customer_access_token, deleted_customer_access_token_id=customer_access_token
        )
