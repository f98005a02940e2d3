"""Prices by unit, such as by litre. The shop keeps no contents, so no variant has one yet."""

from enum import Enum

import strawberry

from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.graph import object_type


@strawberry.enum(description="What is measured for a price by unit.")
class UnitPriceMeasurementMeasuredType(Enum):
    """Shopify's UnitPriceMeasurementMeasuredType."""

    AREA = "AREA"
    COUNT = "COUNT"
    LENGTH = "LENGTH"
    UNKNOWN = "UNKNOWN"
    VOLUME = "VOLUME"
    WEIGHT = "WEIGHT"


@strawberry.enum(description="The units of a price by unit.")
class UnitPriceMeasurementMeasuredUnit(Enum):
    """Shopify's UnitPriceMeasurementMeasuredUnit."""

    CL = "CL"
    CM = "CM"
    FLOZ = "FLOZ"
    FT = "FT"
    FT2 = "FT2"
    G = "G"
    GAL = "GAL"
    IN = "IN"
    ITEM = "ITEM"
    KG = "KG"
    L = "L"
    LB = "LB"
    M = "M"
    M2 = "M2"
    M3 = "M3"
    MG = "MG"
    ML = "ML"
    MM = "MM"
    OZ = "OZ"
    PT = "PT"
    QT = "QT"
    UNKNOWN = "UNKNOWN"
    YD = "YD"


@object_type(access=LISTINGS)
class UnitPriceMeasurement:
    """How much a variant holds, for a price by unit."""

    measured_type: UnitPriceMeasurementMeasuredType | None = strawberry.field(
        description="What is measured.", default=None
    )
    quantity_unit: UnitPriceMeasurementMeasuredUnit | None = strawberry.field(
        description="The unit of the content.", default=None
    )
    quantity_value: float = strawberry.field(description="The content.")
    reference_unit: UnitPriceMeasurementMeasuredUnit | None = strawberry.field(
        description="The unit that is priced.", default=None
    )
    reference_value: int = strawberry.field(description="How many of that unit are priced.")
