"""Addresses are checked by field, and read the same wherever they are kept."""

from dataclasses import fields
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce_graph.kernel.address import (
    MailingAddressInput,
    PostalAddress,
    country_code,
    formatted,
    full_name,
    mailing_address,
    postal_address,
)
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import ADDRESS_FIELD_CHARS_MAX

ADA = PostalAddress("Ada", "Byron", "Engines", "Main St 1", None, "Berlin", None, "DE", "10115", None)


def test_a_field_that_is_too_long_is_named() -> None:
    postal_address(MailingAddressInput(city="x" * ADDRESS_FIELD_CHARS_MAX), ["address"])
    with pytest.raises(Rejected) as refused:
        postal_address(MailingAddressInput(city="x" * (ADDRESS_FIELD_CHARS_MAX + 1)), ["address"])
    assert refused.value.field == ["address", "city"]


def test_control_characters_are_refused() -> None:
    with pytest.raises(Rejected) as refused:
        postal_address(MailingAddressInput(address1="Main\x00St"), ["address"])
    assert refused.value.field == ["address", "address1"]


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(Rejected) as refused:
        postal_address(MailingAddressInput(country="Atlantis"), ["address"])
    assert refused.value.field == ["address", "country"]


@pytest.mark.parametrize(("country", "province"), [("US", "Bavaria"), ("CA", "TX"), ("United States", "US-ZZ")])
def test_a_province_that_a_country_does_not_have_is_refused(country: str, province: str) -> None:
    with pytest.raises(Rejected) as refused:
        postal_address(MailingAddressInput(country=country, province=province), ["address"])
    assert refused.value.field == ["address", "province"]


@pytest.mark.parametrize(
    ("country", "given_as", "code", "name"),
    [
        ("US", "ca", "CA", "California"),
        ("US", " California ", "CA", "California"),
        ("US", "US-CA", "CA", "California"),
        ("Canada", "Québec", "QC", "Quebec"),
        ("JP", "JP-13", "JP-13", "JP-13"),
        ("DE", "Bayern", "Bayern", "Bayern"),
    ],
)
def test_a_province_is_known_by_code_or_name(country: str, given_as: str, code: str, name: str) -> None:
    address = postal_address(MailingAddressInput(country=country, province=given_as), ["address"])
    shown = mailing_address(UUID(int=1), address)
    assert (shown.province_code(), shown.province()) == (code, name)


@pytest.mark.parametrize(("given_as", "code"), [("de", "DE"), ("Germany", "DE"), (" japan ", "JP"), ("", None)])
def test_a_country_is_known_by_code_or_name(given_as: str, code: str | None) -> None:
    assert country_code(given_as, []) == code


@given(st.builds(PostalAddress, *[st.none() | st.text(max_size=20)] * len(fields(PostalAddress))))
def test_storing_loses_nothing(address: PostalAddress) -> None:
    assert PostalAddress.read(address.stored()) == address


def test_label() -> None:
    assert full_name(ADA) == "Ada Byron"
    label = ["Ada Byron", "Engines", "Main St 1", "Berlin 10115", "Germany"]
    assert formatted(ADA, with_name=True, with_company=True) == label
    assert formatted(PostalAddress(), with_name=True, with_company=True) == []
