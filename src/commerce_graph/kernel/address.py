"""Postal addresses: checked on the way in, plain inside, Storefront's MailingAddress on the way out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self
from uuid import UUID

import strawberry
from babel import Locale
from strawberry.utils.str_converters import to_camel_case

from commerce_graph.kernel.codes import CountryCode
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.graph import field, input_type, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.limits import ADDRESS_FIELD_CHARS_MAX
from commerce_graph.kernel.provinces import province_code, province_name


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """A postal address; codes are ISO 3166-1 alpha-2 for the country and the country's own for the province."""

    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province_code: str | None = None
    country_code: str | None = None
    zip: str | None = None
    phone: str | None = None

    def stored(self) -> dict[str, Any]:
        """Return the address as a JSON document."""
        return asdict(self)

    @classmethod
    def read(cls, source: Any) -> Self:
        """Return the address in a JSON document or in the columns of a row mapping."""
        return cls(**{member.name: source[member.name] for member in fields(cls)})


@input_type
class MailingAddressInput:
    """A postal address."""

    # Unset is not null: an update keeps what is not mentioned.
    address1: str | None = strawberry.UNSET
    address2: str | None = strawberry.UNSET
    city: str | None = strawberry.UNSET
    company: str | None = strawberry.UNSET
    country: str | None = strawberry.UNSET
    first_name: str | None = strawberry.UNSET
    last_name: str | None = strawberry.UNSET
    phone: str | None = strawberry.UNSET
    province: str | None = strawberry.UNSET
    zip: str | None = strawberry.UNSET


def country_name(code: str) -> str:
    """Return the English name of a country, or the code where the CLDR has none."""
    return str(Locale("en").territories.get(code, code))


_BY_NAME: dict[str, str] = {country_name(code.name).casefold(): code.name for code in CountryCode}


def country_code(value: str | None, path: Sequence[str]) -> str | None:
    """Return the code of a country given by code or English name.

    Raises: Rejected(INVALID) for another text.
    """
    if value is None or not value.strip():
        return None
    text = value.strip()
    if text.upper() in CountryCode.__members__:
        return text.upper()
    found = _BY_NAME.get(text.casefold())
    if found is None:
        raise Rejected("INVALID", path, f"`{text[:50]}` is not a country: give an ISO 3166-1 code such as DE")
    return found


def postal_address(source: Any, path: Sequence[str]) -> PostalAddress:
    """Return an address input as a checked address. `source` has MailingAddressInput's or CartDeliveryAddressInput's
    members.

    Limits: ADDRESS_FIELD_CHARS_MAX characters a field; no control characters.
    Raises: Rejected(INVALID) with the path of the field.
    """
    # `or None`: an unset or empty field of an input is no value.
    given = {member.name: getattr(source, member.name, None) or None for member in fields(PostalAddress)}
    country = given["country_code"] or getattr(source, "country", None) or None
    # The one input names the country in words or as a code, the other as a member of CountryCode.
    given["country_code"] = country_code(getattr(country, "name", country), [*path, "country"])
    given["province_code"] = given["province_code"] or getattr(source, "province", None) or None
    for name, value in given.items():
        if isinstance(value, str):
            at = [*path, to_camel_case(name)]
            if len(value) > ADDRESS_FIELD_CHARS_MAX:
                raise Rejected("INVALID", at, f"is longer than {ADDRESS_FIELD_CHARS_MAX} characters")
            if not value.isprintable():
                raise Rejected("INVALID", at, "must not hold control characters")
            given[name] = value.strip() or None
    if given["province_code"] is not None:
        named = "province" if hasattr(source, "province") else "provinceCode"
        given["province_code"] = _province(given["country_code"], given["province_code"], [*path, named])
    return PostalAddress(**given)


def _province(country: str | None, text: str, path: Sequence[str]) -> str:
    # A wrong province would be sold to without its tax.
    code = province_code(country, text)
    if code is None:
        raise Rejected("INVALID", path, f"`{text[:50]}` is not a province of {country}: give its code, such as CA")
    return code


@object_type(shareable=True)
class MailingAddress:
    """A postal address of a customer, a cart or an order."""

    id: strawberry.ID
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
    def country(self) -> str | None:
        """The English name of the country."""
        return country_name(self.stored.country_code) if self.stored.country_code else None

    @field
    def country_code_v2(self) -> CountryCode | None:
        """The country."""
        return CountryCode[self.stored.country_code] if self.stored.country_code else None

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
    def province(self) -> str | None:
        """The name of the province, state or region."""
        code = self.stored.province_code
        return province_name(self.stored.country_code, code) if code else None

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


def mailing_address(key: UUID, address: PostalAddress) -> MailingAddress:
    """Return an address as the graph's; `key` is its own UUID, or its owner's where it has none."""
    return MailingAddress(id=strawberry.ID(to_gid("MailingAddress", key)), stored=address)


def full_name(address: PostalAddress) -> str | None:
    """Return first and last name in one."""
    return " ".join(part for part in (address.first_name, address.last_name) if part) or None


def formatted(address: PostalAddress, *, with_name: bool, with_company: bool) -> list[str]:
    """Return the lines of an address label, without empty ones."""
    place = " ".join(part for part in (address.city, address.province_code, address.zip) if part)
    lines = (
        full_name(address) if with_name else None,
        address.company if with_company else None,
        address.address1,
        address.address2,
        place,
        country_name(address.country_code) if address.country_code else None,
    )
    return [line for line in lines if line]
