"""Who buys a cart and how it is paid, in the graph."""

from collections.abc import Sequence

import strawberry

from commerce_graph.cart.service import Buyer, Contents, Payment
from commerce_graph.kernel.address import MailingAddressInput, postal_address
from commerce_graph.kernel.codes import CountryCode
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.graph import batch_field, entities, field, input_type, object_type
from commerce_graph.kernel.limits import PAYMENT_SESSION_CHARS_MAX
from commerce_graph.kernel.values import MoneyInput, minor_of
from commerce_graph.keys import CustomerKey


@object_type
class CartDeliveryPreference:
    """How a buyer likes things delivered."""

    delivery_method: list[str]
    pickup_handle: list[str]


@object_type
class CartPreferences:
    """What fills a checkout's fields beforehand."""

    delivery: CartDeliveryPreference | None
    wallet: list[str] | None


@object_type
class CartBuyerIdentity:
    """Who buys a cart, and from where; the market and its prices follow from the country."""

    contents: strawberry.Private[Contents]

    @field
    def country_code(self) -> CountryCode | None:
        """The country whose market the cart is in; none is the primary market."""
        return CountryCode[self.contents.country] if self.contents.country else None

    @field
    def email(self) -> str | None:
        """Where the confirmation goes."""
        return self.contents.email

    @field
    def phone(self) -> str | None:
        """The buyer's phone number."""
        return self.contents.phone

    @field
    def preferences(self) -> CartPreferences | None:
        """What fills a checkout's fields beforehand. None is kept yet."""
        return None

    @batch_field
    async def customer(parents: Sequence["CartBuyerIdentity"], ctx: Context) -> list[CustomerKey | None]:
        """The signed-in customer, as far as the caller may see them."""
        return await entities(ctx, CustomerKey, [each.contents.customer_id for each in parents])


@input_type
class CartBuyerIdentityInput:
    """Who buys a cart, and from where; what is left out stays as it is, null empties it."""

    country_code: CountryCode | None = strawberry.UNSET
    email: str | None = strawberry.UNSET
    phone: str | None = strawberry.UNSET
    customer_access_token: str | None = strawberry.UNSET


def buyer(given: CartBuyerIdentityInput | None, ctx: Context) -> Buyer:
    """Return what a client says of the buyer; who is signed in buys, unless a customer's token says otherwise."""
    told = Buyer()
    if ctx.principal.customer_id is not None:
        told["customer_id"] = ctx.principal.customer_id
    if given is None:
        return told
    if given.country_code is not strawberry.UNSET:
        told["country"] = given.country_code.name if given.country_code else None
    if given.email is not strawberry.UNSET:
        told["email"] = given.email
    if given.phone is not strawberry.UNSET:
        told["phone"] = given.phone
    if given.customer_access_token is not strawberry.UNSET:
        told["customer_access_token"] = given.customer_access_token
    return told


@input_type
class CartDirectPaymentMethodInput:
    """A payment through a session that the buyer has opened with the payment provider."""

    billing_address: MailingAddressInput
    session_id: str


@input_type
class CartFreePaymentMethodInput:
    """No payment, for a cart that costs nothing."""

    billing_address: MailingAddressInput


@input_type
class CartPaymentInput:
    """How a cart will be paid: the amount, which must be the cart's `checkoutChargeAmount`, and exactly one method."""

    amount: MoneyInput
    direct_payment_method: CartDirectPaymentMethodInput | None = None
    free_payment_method: CartFreePaymentMethodInput | None = None
    source_identifier: str | None = None


def payment_of(given: CartPaymentInput) -> Payment:
    """Return a payment input, checked. Raises: Rejected(INVALID | INVALID_PAYMENT)."""
    direct, free = given.direct_payment_method, given.free_payment_method
    if (direct is None) == (free is None):
        told = "Give exactly one of `directPaymentMethod` and `freePaymentMethod`."
        raise Rejected("INVALID_PAYMENT", ["payment"], told)
    name, method = ("directPaymentMethod", direct) if direct else ("freePaymentMethod", free)
    assert method is not None
    if direct is not None and not 0 < len(direct.session_id) <= PAYMENT_SESSION_CHARS_MAX:
        wrong = f"must be 1 to {PAYMENT_SESSION_CHARS_MAX} characters long"
        raise Rejected("INVALID_PAYMENT", ["payment", name, "sessionId"], wrong)
    source = given.source_identifier or ""
    if len(source) > PAYMENT_SESSION_CHARS_MAX or not source.isprintable():
        wrong = f"must be at most {PAYMENT_SESSION_CHARS_MAX} printable characters"
        raise Rejected("INVALID_PAYMENT", ["payment", "sourceIdentifier"], wrong)
    currency = given.amount.currency_code.name
    return Payment(
        session_id=direct.session_id if direct else None,
        amount_minor=minor_of(given.amount, currency, ["payment", "amount", "amount"]),
        currency=currency,
        billing_address=postal_address(method.billing_address, ["payment", name, "billingAddress"]),
        source_identifier=given.source_identifier,
    )
