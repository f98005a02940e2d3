"""What a caller can be told about gift cards, in Admin's codes."""

from enum import Enum
from typing import Any

import strawberry

from commerce_graph.kernel.values import user_error


@strawberry.enum(description="Why a gift card was not created.")
class GiftCardErrorCode(Enum):
    """Shopify's GiftCardErrorCode, as far as refusals here go."""

    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    GREATER_THAN = "GREATER_THAN"
    INVALID = "INVALID"
    TAKEN = "TAKEN"
    TOO_LONG = "TOO_LONG"
    TOO_SHORT = "TOO_SHORT"


@strawberry.enum(description="Why a gift card was not deactivated.")
class GiftCardDeactivateUserErrorCode(Enum):
    """Shopify's GiftCardDeactivateUserErrorCode."""

    GIFT_CARD_NOT_FOUND = "GIFT_CARD_NOT_FOUND"


@strawberry.enum(description="Why a gift card's balance was not changed.")
class GiftCardTransactionUserErrorCode(Enum):
    """Shopify's GiftCardTransactionUserErrorCode, as far as refusals here go."""

    GIFT_CARD_LIMIT_EXCEEDED = "GIFT_CARD_LIMIT_EXCEEDED"
    GIFT_CARD_NOT_FOUND = "GIFT_CARD_NOT_FOUND"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    INVALID = "INVALID"
    MISMATCHING_CURRENCY = "MISMATCHING_CURRENCY"
    NEGATIVE_OR_ZERO_AMOUNT = "NEGATIVE_OR_ZERO_AMOUNT"


GiftCardUserError: Any = user_error("GiftCardUserError", GiftCardErrorCode, "Why a gift card was not created.")
GiftCardDeactivateUserError: Any = user_error(
    "GiftCardDeactivateUserError", GiftCardDeactivateUserErrorCode, "Why a gift card was not deactivated."
)
GiftCardTransactionUserError: Any = user_error(
    "GiftCardTransactionUserError", GiftCardTransactionUserErrorCode, "Why a gift card's balance was not changed."
)
