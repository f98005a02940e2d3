"""What a caller of search can be told: the codes that its use cases refuse with."""

BLANK = "BLANK"
INVALID = "INVALID"
NOT_FOUND = "NOT_FOUND"
TAKEN = "TAKEN"
TOO_LONG = "TOO_LONG"
TOO_MANY = "TOO_MANY"
