"""Where the demo shop sells and ships: markets, taxes, locations and delivery rates. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from uuid import UUID

from commerce_graph.demo.dice import Kind, key
from commerce_graph.demo.prices import CURRENCIES, price
from commerce_graph.pricing.rules import TaxRate

CHANNEL_ID = key(Kind.CHANNEL, 1)
CHANNEL = {"id": CHANNEL_ID, "handle": "online-store", "name": "Online Store"}


@dataclass(frozen=True)
class Market:
    """A market. Its number is the index of its currency in prices.CURRENCIES."""

    number: int
    handle: str
    name: str
    language: str
    tax_included: bool
    countries: tuple[str, ...]
    languages: tuple[str, ...]

    @cached_property
    def id(self) -> UUID:
        """The market's key."""
        return key(Kind.MARKET, self.number)

    @property
    def currency(self) -> str:
        """The market's currency."""
        return CURRENCIES[self.number]


MARKETS = (
    Market(0, "europe", "Europe", "EN", True, ("DE", "AT", "FR", "NL", "BE", "IT", "ES", "IE", "FI"),
           ("EN", "DE", "FR", "NL", "IT", "ES")),
    Market(1, "north-america", "North America", "EN", False, ("US", "CA"), ("EN", "ES", "FR")),
    Market(2, "asia", "Japan and Asia", "JA", True, ("JP", "KR", "TW", "SG"), ("JA", "EN", "KO", "ZH_TW")),
)  # fmt: skip
MARKET_OF: Mapping[str, Market] = {country: market for market in MARKETS for country in market.countries}

TAXES: Mapping[tuple[str, str], TaxRate] = {
    ("DE", ""): TaxRate("MwSt.", 1900, True), ("AT", ""): TaxRate("USt.", 2000, True),
    ("FR", ""): TaxRate("TVA", 2000, True), ("NL", ""): TaxRate("Btw", 2100, True),
    ("BE", ""): TaxRate("Btw / TVA", 2100, True), ("IT", ""): TaxRate("IVA", 2200, True),
    ("ES", ""): TaxRate("IVA", 2100, True), ("IE", ""): TaxRate("VAT", 2300, True),
    ("FI", ""): TaxRate("ALV", 2550, True), ("JP", ""): TaxRate("消費税", 1000, True),
    ("KR", ""): TaxRate("부가세", 1000, True), ("TW", ""): TaxRate("營業稅", 500, True),
    ("SG", ""): TaxRate("GST", 900, True), ("CA", ""): TaxRate("GST", 500, True),
    ("CA", "ON"): TaxRate("HST", 1300, True), ("US", "CA"): TaxRate("California Sales Tax", 725, False),
    ("US", "NY"): TaxRate("New York Sales Tax", 400, False), ("US", "WA"): TaxRate("Washington Sales Tax", 650, True),
    ("US", "TX"): TaxRate("Texas Sales Tax", 625, True), ("US", "CO"): TaxRate("Colorado Sales Tax", 290, False),
}  # fmt: skip


def tax_rate(country: str, province: str | None) -> TaxRate | None:
    """Return the rate of a place: the province's before the country's, None where there is none."""
    return TAXES.get((country, province or "")) or TAXES.get((country, ""))


@dataclass(frozen=True, eq=False)
class Location:
    """A place with stock. The smaller number ships first."""

    number: int
    name: str
    country: str
    address: Mapping[str, str]

    @cached_property
    def id(self) -> UUID:
        """The location's key."""
        return key(Kind.LOCATION, self.number)


LOCATIONS = (
    Location(0, "Hamburg", "DE", {"address1": "Am Sandtorkai 30", "city": "Hamburg", "zip": "20457"}),
    Location(1, "Portland", "US", {"address1": "1040 NW Naito Pkwy", "city": "Portland", "zip": "97209",
                                   "province_code": "OR"}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tariff:
    """A way to have a parcel delivered, in euros, for parcels from `from_g` to below `to_g`."""

    handle: str
    title: str
    description: str
    euros: float
    from_g: int = 0
    to_g: int | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """Countries with the same tariffs, and how long a parcel takes to get there."""

    number: int
    name: str
    countries: tuple[str, ...]
    tariffs: tuple[Tariff, ...]
    travels: timedelta

    @property
    def id(self) -> UUID:
        """The zone's key."""
        return key(Kind.ZONE, self.number)


def _express(days: str, *euros: float) -> tuple[Tariff, ...]:
    told = f"By courier, {days}"
    bounds = ((0, 2_000), (2_000, 10_000), (10_000, 31_500))
    return tuple(Tariff("express", "Express", told, price, *bound) for price, bound in zip(euros, bounds, strict=True))


ZONES = (
    Zone(0, "Germany and Austria", ("DE", "AT"), (
        Tariff("pickup", "Parcel shop", "To a shop near you, 2 to 3 working days", 3, 0, 10_000),
        Tariff("standard", "Standard", "To your door, 2 to 3 working days", 5),
        *_express("next working day", 13, 19, 34)), timedelta(days=2)),
    Zone(1, "European Union", ("FR", "NL", "BE", "IT", "ES", "IE", "FI"), (
        Tariff("standard", "Standard", "To your door, 3 to 6 working days", 9),
        *_express("2 working days", 19, 29, 49)), timedelta(days=4)),
    Zone(2, "Rest of Europe", ("GB", "CH", "NO", "SE", "DK"), (
        Tariff("standard", "Standard", "To your door, 4 to 8 working days", 14, 0, 31_500),
        *_express("3 working days", 29, 45, 79)), timedelta(days=6)),
    Zone(3, "North America", ("US", "CA"), (
        Tariff("standard", "Ground", "To your door, 3 to 5 business days", 7),
        *_express("2 business days", 18, 31, 59)), timedelta(days=4)),
    Zone(4, "Japan", ("JP",), (
        Tariff("pickup", "Convenience store", "To a store near you, 4 to 6 days", 4, 0, 5_000),
        Tariff("standard", "Standard", "To your door, 4 to 6 days", 6),
        *_express("3 days", 16, 27, 52)), timedelta(days=5)),
    Zone(5, "Asia", ("KR", "TW", "SG", "HK"), (
        Tariff("standard", "Standard", "To your door, 6 to 10 days", 12),
        *_express("4 days", 24, 39, 69)), timedelta(days=7)),
)  # fmt: skip
ZONE_OF: Mapping[str, Zone] = {country: zone for zone in ZONES for country in zone.countries}


def tariffs_for(country: str, weight_g: int) -> list[Tariff]:
    """Return the tariffs that a parcel may choose from."""
    return [
        tariff
        for tariff in ZONE_OF[country].tariffs
        if tariff.from_g <= weight_g and (tariff.to_g is None or weight_g < tariff.to_g)
    ]


def rate_minor(tariff: Tariff, currency: str) -> int:
    """Return what a tariff costs in minor units of a currency."""
    return price(tariff.euros, currency)
