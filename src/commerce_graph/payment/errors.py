"""What a caller can be told of a payment: members of CompletionErrorCode, and of an order's userErrors."""

DECLINED = "PAYMENT_CARD_DECLINED"
INVALID_METHOD = "PAYMENT_INVALID_PAYMENT_METHOD"
PAYMENT_ERROR = "PAYMENT_ERROR"
INVALID = "INVALID"
