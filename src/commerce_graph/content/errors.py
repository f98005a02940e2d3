"""What a caller can be told about content: the codes that its use cases refuse with, as Admin names them."""

BLANK = "BLANK"
INVALID = "INVALID"
INVALID_PUBLISH_DATE = "INVALID_PUBLISH_DATE"
NOT_FOUND = "NOT_FOUND"
TAKEN = "TAKEN"
TOO_LONG = "TOO_LONG"
