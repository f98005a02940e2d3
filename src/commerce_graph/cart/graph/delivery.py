"""Delivery of a cart in the graph: addresses, groups and their options."""

from enum import Enum
from typing import Annotated, Union
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import to_camel_case

from commerce_graph.cart.graph.line import BaseCartLineConnection, line_page
from commerce_graph.cart.service import Address, AddressInput, AddressUpdate, Quote
from commerce_graph.fulfilment.service import DeliveryRate
from commerce_graph.kernel.address import (
    MailingAddress,
    PostalAddress,
    formatted,
    full_name,
    mailing_address,
    postal_address,
)
from commerce_graph.kernel.codes import CountryCode
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.graph import field, input_type, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.pages import Connection, Edge, PageArguments, page_arguments, slice_list
from commerce_graph.kernel.values import MoneyV2, money

ADDRESS = "CartSelectableAddress"
GROUP = "CartDeliveryGroup"


@object_type
class CartDeliveryAddress:
    """A postal address that a cart may be delivered to."""

    stored: strawberry.Private[PostalAddress]

    @field
    def address1(self) -> str | None:
        """The street and number."""
        return self.stored.address1

    @field
    def address2(self) -> str | None:
        """The apartment, floor or the like."""
        return self.stored.address2

    @field
    def city(self) -> str | None:
        """The city, town or village."""
        return self.stored.city

    @field
    def company(self) -> str | None:
        """The company or organisation."""
        return self.stored.company

    @field
    def country_code(self) -> str | None:
        """The ISO 3166-1 alpha-2 code of the country."""
        return self.stored.country_code

    @field
    def first_name(self) -> str | None:
        """The recipient's first name."""
        return self.stored.first_name

    @field
    def last_name(self) -> str | None:
        """The recipient's last name."""
        return self.stored.last_name

    @field
    def name(self) -> str | None:
        """The recipient's full name."""
        return full_name(self.stored)

    @field
    def phone(self) -> str | None:
        """A phone number for the delivery."""
        return self.stored.phone

    @field
    def province_code(self) -> str | None:
        """The code of the province, state or region."""
        return self.stored.province_code

    @field
    def zip(self) -> str | None:
        """The postal code."""
        return self.stored.zip

    @field
    def formatted(self, with_name: bool = False, with_company: bool = True) -> list[str]:
        """The address in lines, as for a label."""
        return formatted(self.stored, with_name=with_name, with_company=with_company)

    @field
    def formatted_area(self) -> str | None:
        """City, province and country in one line."""
        parts = (self.stored.city, self.stored.province_code, self.stored.country_code)
        return ", ".join(part for part in parts if part) or None


CartAddress = Annotated[
    Union[CartDeliveryAddress],  # noqa: UP007 (a union of one member has no other notation)
    strawberry.union("CartAddress", description="Where a cart may be delivered to."),
]


@object_type
class CartSelectableAddress:
    """A delivery address that can be selected."""

    id: strawberry.ID
    address: CartAddress
    one_time_use: bool
    selected: bool


def selectable(address: Address) -> CartSelectableAddress:
    """Return a cart's delivery address as the graph's."""
    return CartSelectableAddress(
        id=strawberry.ID(to_gid(ADDRESS, address.id)),
        address=CartDeliveryAddress(stored=address.address),
        one_time_use=address.one_time_use,
        selected=address.selected,
    )


@object_type
class CartDelivery:
    """Where a cart may be delivered to."""

    stored: strawberry.Private[tuple[Address, ...]]

    @field
    def addresses(self, selected: bool | None = False) -> list[CartSelectableAddress]:
        """The delivery addresses; `selected` leaves out those that are not."""
        return [selectable(each) for each in self.stored if each.selected or not selected]


@strawberry.enum(description="How goods reach the buyer.")
class DeliveryMethodType(Enum):
    """Shopify's DeliveryMethodType."""

    LOCAL = "LOCAL"
    NONE = "NONE"
    PICKUP_POINT = "PICKUP_POINT"
    PICK_UP = "PICK_UP"
    RETAIL = "RETAIL"
    SHIPPING = "SHIPPING"


@strawberry.enum(description="What lines are delivered together for.")
class CartDeliveryGroupType(Enum):
    """Shopify's CartDeliveryGroupType."""

    ONE_TIME_PURCHASE = "ONE_TIME_PURCHASE"
    SUBSCRIPTION = "SUBSCRIPTION"


@object_type
class CartDeliveryOption:
    """A way to have a group of lines delivered."""

    code: str | None
    delivery_method_type: DeliveryMethodType
    description: str | None
    estimated_cost: MoneyV2
    handle: str
    title: str | None


def _option(rate: DeliveryRate) -> CartDeliveryOption:
    return CartDeliveryOption(
        code=rate.handle,
        delivery_method_type=DeliveryMethodType.SHIPPING,
        description=rate.description,
        estimated_cost=money(rate.amount_minor, rate.currency),
        handle=rate.handle,
        title=rate.title,
    )


@object_type
class CartDeliveryGroup:
    """Lines that are delivered together to one address."""

    quote: strawberry.Private[Quote]
    address: strawberry.Private[Address]

    @field
    def id(self) -> strawberry.ID:
        """A globally unique id."""
        return strawberry.ID(to_gid(GROUP, self.quote.cart.id))

    @field
    def group_type(self) -> CartDeliveryGroupType:
        """What the lines are bought for."""
        return CartDeliveryGroupType.ONE_TIME_PURCHASE

    @field
    def delivery_address(self) -> MailingAddress:
        """Where the lines go."""
        return mailing_address(self.address.id, self.address.address)

    @field
    def delivery_options(self) -> list[CartDeliveryOption]:
        """The ways to have the lines delivered; empty where nothing is delivered there."""
        return [_option(rate) for rate in self.quote.options]

    @field
    def selected_delivery_option(self) -> CartDeliveryOption | None:
        """The way that was chosen, else the cheapest."""
        return _option(self.quote.selected) if self.quote.selected else None

    @field
    def cart_lines(
        self, first: int | None = None, last: int | None = None, after: str | None = None, before: str | None = None,
        reverse: bool | None = False,
    ) -> BaseCartLineConnection:  # fmt: skip
        """The lines of the group."""
        shipped = [each for each in self.quote.lines if each.merchandise.requires_shipping]
        return line_page(shipped, page_arguments(first, last, after, before, reverse))


@object_type
class CartDeliveryGroupConnection(Connection[CartDeliveryGroup]):
    """A page of delivery groups."""


@object_type
class CartDeliveryGroupEdge(Edge[CartDeliveryGroup]):
    """A delivery group and its cursor."""


def group_page(quote: Quote, args: PageArguments) -> CartDeliveryGroupConnection:
    """Return a page of a cart's delivery groups: one where something is delivered and an address selected."""
    groups = [(quote, quote.address)] if quote.needs_delivery and quote.address else []
    page = slice_list(groups, args, key=lambda each: [each[0].cart.id])
    made: CartDeliveryGroupConnection = page.connection(
        CartDeliveryGroupConnection,
        CartDeliveryGroupEdge,
        lambda each: CartDeliveryGroup(quote=each[0], address=each[1]),
    )
    return made


@strawberry.enum(description="How strictly a delivery address is checked.")
class DeliveryAddressValidationStrategy(Enum):
    """Shopify's DeliveryAddressValidationStrategy."""

    COUNTRY_CODE_ONLY = "COUNTRY_CODE_ONLY"
    STRICT = "STRICT"


@input_type
class CartDeliveryAddressInput:
    """A postal address that a cart may be delivered to."""

    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    company: str | None = None
    country_code: CountryCode | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    province_code: str | None = None
    zip: str | None = None


@input_type
class CartAddressInput:
    """A delivery address, in full."""

    delivery_address: CartDeliveryAddressInput


@input_type
class CartSelectableAddressInput:
    """A delivery address to add to a cart."""

    address: CartAddressInput
    one_time_use: bool | None = None
    selected: bool | None = None
    validation_strategy: DeliveryAddressValidationStrategy | None = DeliveryAddressValidationStrategy.COUNTRY_CODE_ONLY


@input_type
class CartSelectableAddressUpdateInput:
    """A change of a cart's delivery address; what is left out stays as it is."""

    id: strawberry.ID
    address: CartAddressInput | None = None
    one_time_use: bool | None = None
    selected: bool | None = None
    validation_strategy: DeliveryAddressValidationStrategy | None = DeliveryAddressValidationStrategy.COUNTRY_CODE_ONLY


@input_type
class CartDeliveryInput:
    """Where a cart may be delivered to."""

    addresses: list[CartSelectableAddressInput] | None = None


@input_type
class CartSelectedDeliveryOptionInput:
    """The choice of a delivery option for a group."""

    delivery_group_id: strawberry.ID
    delivery_option_handle: str


def address_inputs(given: list[CartSelectableAddressInput], *path: str) -> list[AddressInput]:
    """Return delivery addresses to add, checked. Raises: Rejected(INVALID | ADDRESS_FIELD_IS_REQUIRED)."""
    return [
        AddressInput(
            _checked(each.address, each.validation_strategy, (*path, str(index), "address")),
            each.selected,
            each.one_time_use,
        )
        for index, each in enumerate(given)
    ]


def address_updates(ctx: Context, given: list[CartSelectableAddressUpdateInput]) -> list[AddressUpdate]:
    """Return changes of delivery addresses, checked. Raises: Rejected(INVALID | ADDRESS_FIELD_IS_REQUIRED)."""
    return [
        AddressUpdate(
            address_key(ctx, each.id),
            _checked(each.address, each.validation_strategy, ("addresses", str(index), "address"))
            if each.address
            else None,
            each.selected,
            each.one_time_use,
        )
        for index, each in enumerate(given)
    ]


def address_key(ctx: Context, gid: str) -> UUID:
    """Return the key of a cart's delivery address. Raises: RequestError(INVALID_ID)."""
    return ctx.key_of(gid, ADDRESS)


def _checked(
    given: CartAddressInput, strategy: DeliveryAddressValidationStrategy | None, path: tuple[str, ...]
) -> PostalAddress:
    at = (*path, "deliveryAddress")
    address = postal_address(given.delivery_address, at)
    if strategy is DeliveryAddressValidationStrategy.STRICT:
        for name in ("address1", "city", "country_code", "last_name"):
            if getattr(address, name) is None:
                told = to_camel_case(name)
                raise Rejected("ADDRESS_FIELD_IS_REQUIRED", [*at, told], "must be given")
    return address
