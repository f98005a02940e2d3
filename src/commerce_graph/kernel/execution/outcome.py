"""What clients are told of an execution: data, expected errors as they are, all others masked and logged."""

from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from commerce_graph.kernel import limits
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import Rejected, RequestError

log = structlog.get_logger()

UNSTORABLE_TEXT = ("22021", "22P05")
"""Postgres' errors for U+0000, in a text and in JSON: GraphQL's strings may hold it, nothing stored may."""


def answer(result: ExecutionResult, ctx: Context) -> dict[str, Any]:
    """Return the response map of an execution result: expected errors told, all others masked and logged."""
    response: dict[str, Any] = {}
    if result.errors:
        response["errors"] = [outward(error, ctx) for error in result.errors]
    if result.data is not None or not result.errors or any(error.path for error in result.errors):
        response["data"] = result.data
    if ctx.extensions:
        response["extensions"] = ctx.extensions
    return response


def late() -> RequestError:
    """Return what is told of an operation that takes too long."""
    return RequestError("TIMEOUT", f"the operation took longer than {limits.REQUEST_TIMEOUT_S} s")


def given_up(wrong: TimeoutError | RequestError) -> dict[str, Any]:
    """Return the response map of an operation that was given up."""
    told = late() if isinstance(wrong, TimeoutError) else wrong
    return {"errors": [error_of(told.code, told.message)]}


def fault_of(fault: Exception, ctx: Context) -> dict[str, Any]:
    """Return the response map of an operation that could not run at all."""
    return {"errors": [outward(GraphQLError("", original_error=fault), ctx)]}


def outward(error: GraphQLError, ctx: Context) -> dict[str, Any]:
    """Return what a client is told of an error: expected ones as they are, all others masked and logged."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error:
        cause = cause.original_error
    if isinstance(cause, RequestError):
        return told_of(error, cause.code, cause.message)
    if isinstance(cause, Rejected):
        return told_of(error, cause.code, cause.message)
    if cause is None or isinstance(cause, GraphQLError):
        return told_of(error, "BAD_USER_INPUT")
    if isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) in UNSTORABLE_TEXT:
        return told_of(error, "BAD_USER_INPUT", "a text holds a NUL character, which no stored text can")
    if isinstance(cause, PoolTimeout):
        log.warning("request.no_connection", request_id=ctx.request_id, path=error.path)
        return told_of(error, "THROTTLED", "The server has more to do than it can; try again in a moment.")
    log.error("request.fault", request_id=ctx.request_id, path=error.path, exc_info=cause)
    return told_of(error, "INTERNAL", f"Something went wrong on our side. Tell us this request id: {ctx.request_id}")


def told_of(error: GraphQLError, code: str, message: str | None = None) -> dict[str, Any]:
    """Return an error as it is told, with a code."""
    told: dict[str, Any] = {**error.formatted, "message": message or error.message}
    told["extensions"] = {**(error.extensions or {}), "code": code}
    return told


def error_of(code: str, message: str) -> dict[str, Any]:
    """Return an error that is about the operation as a whole."""
    return {"message": message, "extensions": {"code": code}}
