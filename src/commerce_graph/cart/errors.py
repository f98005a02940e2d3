"""What a caller can be told about a cart."""

from enum import Enum
from typing import Any

import strawberry

from commerce_graph.kernel.values import user_error


@strawberry.enum(description="Why a change of a cart was refused.")
class CartErrorCode(Enum):
    """Why a change of a cart was refused."""

    ADDRESS_FIELD_IS_REQUIRED = "ADDRESS_FIELD_IS_REQUIRED"
    CART_TOO_LARGE = "CART_TOO_LARGE"
    INVALID = "INVALID"
    INVALID_DELIVERY_ADDRESS_ID = "INVALID_DELIVERY_ADDRESS_ID"
    INVALID_DELIVERY_GROUP = "INVALID_DELIVERY_GROUP"
    INVALID_DELIVERY_OPTION = "INVALID_DELIVERY_OPTION"
    INVALID_MERCHANDISE_LINE = "INVALID_MERCHANDISE_LINE"
    INVALID_PAYMENT = "INVALID_PAYMENT"
    INVALID_PAYMENT_EMPTY_CART = "INVALID_PAYMENT_EMPTY_CART"
    MAXIMUM_EXCEEDED = "MAXIMUM_EXCEEDED"
    MERCHANDISE_NOT_APPLICABLE = "MERCHANDISE_NOT_APPLICABLE"
    MINIMUM_NOT_MET = "MINIMUM_NOT_MET"
    NOTE_TOO_LONG = "NOTE_TOO_LONG"
    ONLY_ONE_DELIVERY_ADDRESS_CAN_BE_SELECTED = "ONLY_ONE_DELIVERY_ADDRESS_CAN_BE_SELECTED"
    TOO_MANY_DELIVERY_ADDRESSES = "TOO_MANY_DELIVERY_ADDRESSES"


@strawberry.enum(description="What a change of a cart could not do in full.")
class CartWarningCode(Enum):
    """What a change of a cart could not do in full."""

    DISCOUNT_NOT_FOUND = "DISCOUNT_NOT_FOUND"
    MERCHANDISE_NOT_ENOUGH_STOCK = "MERCHANDISE_NOT_ENOUGH_STOCK"
    MERCHANDISE_OUT_OF_STOCK = "MERCHANDISE_OUT_OF_STOCK"


CartUserError: Any = user_error("CartUserError", CartErrorCode, "Why a change of a cart was refused.", shareable=True)
