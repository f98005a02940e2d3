"""Value types that several domains answer with or accept: money, pictures, attributes, errors, scalars."""

from collections.abc import Sequence
from decimal import Decimal as PythonDecimal
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar
from uuid import UUID

import strawberry

from commerce_graph.kernel import money as minor
from commerce_graph.kernel.codes import CountryCode, CurrencyCode
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.graph import batch_field, input_type, interface, object_type
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.scalars import HTML, URL


@object_type(shareable=True)
class MoneyV2:
    """An amount of money with its currency."""

    # Text already: the same amounts are shown again and again.
    amount: str = strawberry.field(graphql_type=PythonDecimal)
    currency_code: CurrencyCode


@input_type
class MoneyInput:
    """An amount of money with its currency."""

    amount: PythonDecimal
    currency_code: CurrencyCode


@lru_cache(10_000)
def money(amount_minor: int, currency: str) -> MoneyV2:
    """Return minor units as the graph's money. Shared: change nothing."""
    return MoneyV2(amount=str(minor.to_decimal(amount_minor, currency)), currency_code=CurrencyCode[currency])


def minor_of(value: MoneyInput, currency: str, path: Sequence[str]) -> int:
    """Return a money input as minor units of the currency it must have.

    Raises: Rejected(INVALID) for another currency, too many decimals, or more than 64 bits hold.
    """
    if value.currency_code.name != currency:
        raise Rejected("INVALID", path, f"the currency must be {currency}, not {value.currency_code.name}")
    try:
        amount = minor.to_minor(value.amount, currency)
    except ValueError as wrong:
        raise Rejected("INVALID", path, str(wrong)) from None
    if abs(amount) >= 2**62:
        raise Rejected("INVALID", path, "the amount is too large")
    return amount


@strawberry.enum(description="What a weight is measured in.")
class WeightUnit(Enum):
    """Shopify's WeightUnit."""

    GRAMS = "GRAMS"
    KILOGRAMS = "KILOGRAMS"
    OUNCES = "OUNCES"
    POUNDS = "POUNDS"


@strawberry.enum(description="Where a part of a picture is kept when it is cropped.")
class CropRegion(Enum):
    """Shopify's CropRegion."""

    CENTER = "CENTER"
    TOP = "TOP"
    BOTTOM = "BOTTOM"
    LEFT = "LEFT"
    RIGHT = "RIGHT"


@input_type
class ImageTransformInput:
    """A wish for another size of a picture; vector pictures answer it as they are."""

    crop: CropRegion | None = None
    max_width: int | None = None
    max_height: int | None = None
    scale: int | None = 1


@object_type(shareable=True)
class Image:
    """A picture."""

    named: strawberry.Private[tuple[str, UUID | str] | None] = None
    """Kind and key of its id."""
    alt_text: str | None = None
    width: int | None = None
    height: int | None = None
    source: strawberry.Private[str]

    @batch_field
    def id(parents: Sequence["Image"], ctx: Context) -> list[strawberry.ID | None]:
        """A unique identifier, where the picture has one."""
        return [strawberry.ID(to_gid(*each.named)) if each.named else None for each in parents]

    @batch_field
    def url(parents: Sequence["Image"], ctx: Context, transform: ImageTransformInput | None = None) -> list[URL]:
        """Where the picture is served. Vector pictures scale by themselves, so a transform changes nothing."""
        return [each.source for each in parents]  # type: ignore[misc]


@object_type(shareable=True)
class Attribute:
    """A key and value that a client attached."""

    key: str
    value: str | None = None


@input_type
class AttributeInput:
    """A key and value to attach."""

    key: str
    value: str


def attributes(stored: Sequence[dict[str, str]]) -> list[Attribute]:
    """Return stored attributes in their order."""
    return [Attribute(key=pair["key"], value=pair["value"]) for pair in stored]


@interface
class DisplayableError:
    """A refusal that can be shown to the person who asked."""

    field: list[str] | None
    message: str


@object_type(shareable=True)
class UserError(DisplayableError):
    """A refusal without a code."""

    field: list[str] | None = None
    message: str


def user_error(name: str, codes: Any, description: str, *, shareable: bool = False) -> Any:
    """Declare a payload's error type, `name { code field message }`, whose codes are the members of an enum."""

    class Declared(DisplayableError):
        field: list[str] | None = None
        message: str
        code: codes | None = None

    Declared.codes: ClassVar[Any] = codes  # type: ignore[misc, attr-defined]
    Declared.__name__ = name
    return object_type(Declared, name=name, description=description, shareable=shareable)


__all__ = [
    "HTML", "URL", "Attribute", "AttributeInput", "CountryCode", "CropRegion", "DisplayableError", "Image",
    "ImageTransformInput", "MoneyInput", "MoneyV2", "UserError", "WeightUnit", "attributes", "minor_of",
    "money", "user_error",
]  # fmt: skip
