"""What a caller can be told about discounts, in Admin's codes."""

from enum import Enum
from typing import Any

import strawberry

from commerce_graph.kernel.values import user_error


@strawberry.enum(description="Why a change of a discount was refused.")
class DiscountErrorCode(Enum):
    """Shopify's DiscountErrorCode, as far as refusals here go."""

    ACTIVE_PERIOD_OVERLAP = "ACTIVE_PERIOD_OVERLAP"
    BLANK = "BLANK"
    CONFLICT = "CONFLICT"
    EXCEEDED_MAX = "EXCEEDED_MAX"
    GREATER_THAN = "GREATER_THAN"
    INVALID = "INVALID"
    LESS_THAN_OR_EQUAL_TO = "LESS_THAN_OR_EQUAL_TO"
    MAX_APP_DISCOUNTS = "MAX_APP_DISCOUNTS"
    MISSING_ARGUMENT = "MISSING_ARGUMENT"
    TAKEN = "TAKEN"
    TOO_LONG = "TOO_LONG"
    TOO_MANY_ARGUMENTS = "TOO_MANY_ARGUMENTS"
    VALUE_OUTSIDE_RANGE = "VALUE_OUTSIDE_RANGE"


DiscountUserError: Any = user_error("DiscountUserError", DiscountErrorCode, "Why a change of a discount was refused.")
