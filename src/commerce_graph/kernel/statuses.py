"""Statuses of answers over HTTP, by edition of the specification. What is refused before it is read has its own."""

from typing import Any, Literal

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"

StatusCodes = Literal["audited", "2026"]
"""`audited`: what the `graphql-http` audits and most clients expect; `2026`: the edition of September 2026."""

PARTIAL_SUCCESS = 294
UNPROCESSABLE = 422

STATUSES = {
    "ACCESS_DENIED": 403, "INTROSPECTION_DISABLED": 403, "INTERNAL": 500, "TIMEOUT": 504, "THROTTLED": 429,
    "PERSISTED_DOCUMENT_REQUIRED": 403,
    # A question to the client and no failure: Apollo's clients for iOS read no answer that is not 2xx.
    "PERSISTED_QUERY_NOT_FOUND": 200, "PERSISTED_QUERY_NOT_SUPPORTED": 200,
}  # fmt: skip
"""Statuses of answers without data by the code of their first error, in both editions."""


def status_of(answer: dict[str, Any], media: str, codes: StatusCodes = "audited") -> int:
    """Return the status of an answer to a well-formed request.

    `audited`: clients of JSON always get 200, those of GRAPHQL get 4xx or 5xx where there is no data.
    `2026`: the same for both; 294 where there are data and errors, 422 for what fits no schema, operation or variable.
    """
    if "data" in answer:
        return PARTIAL_SUCCESS if codes == "2026" and "errors" in answer else 200
    if codes == "audited" and media == JSON:
        return 200
    code = answer["errors"][0]["extensions"]["code"]
    return STATUSES.get(code, 400 if codes == "audited" or code == "GRAPHQL_PARSE_FAILED" else UNPROCESSABLE)


def media_of(status: int, media: str, codes: StatusCodes = "audited") -> str:
    """Return the media type of an answer with a status.

    The edition of 2026 marks what is not 2xx as GraphQL's, also to clients of JSON: they cannot tell it from a proxy's.
    """
    return media if codes == "audited" or 200 <= status < 300 else GRAPHQL
