"""How edits of search are refused, and who may make them."""

from enum import Enum

import strawberry

from commerce_graph.kernel.auth import scopes
from commerce_graph.kernel.values import user_error

READ_PRODUCTS = scopes("read_products")
WRITE_PRODUCTS = scopes("write_products")


@strawberry.enum(description="Why an edit of search was refused.")
class SearchUserErrorCode(Enum):
    """One for each member of `search.errors`."""

    BLANK = "BLANK"
    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    TAKEN = "TAKEN"
    TOO_LONG = "TOO_LONG"
    TOO_MANY = "TOO_MANY"


SearchUserError = user_error("SearchUserError", SearchUserErrorCode, "Why an edit of search was refused.")
