"""What a caller of the order domain can be told."""

from collections.abc import Sequence

from commerce_graph.kernel.errors import Rejected


def unknown_order(path: Sequence[str]) -> Rejected:
    """Return the refusal of an order that does not exist or may not be seen."""
    return Rejected("NOT_FOUND", path, "there is no such order")


def already_placed() -> Rejected:
    """Return the refusal to make a second order of one cart."""
    return Rejected("ALREADY_PLACED", None, "this cart has become another order already")


def wrong_state(path: Sequence[str], message: str) -> Rejected:
    """Return the refusal of a change that the order's state does not allow."""
    return Rejected("INVALID_STATE", path, message)


def invalid(path: Sequence[str], message: str) -> Rejected:
    """Return the refusal of an input that does not fit the order."""
    return Rejected("INVALID", path, message)


def unknown_fulfillment_order(path: Sequence[str]) -> Rejected:
    """Return the refusal of a fulfillment order that does not exist."""
    return Rejected("NOT_FOUND", path, "there is no such fulfillment order")


def payment_failed() -> Rejected:
    """Return the news that a refund was recorded, and that the provider does not give the money back."""
    return Rejected("PAYMENT_FAILED", ("input",), "the provider refused to give the money back")


def unknown_edit() -> Rejected:
    """Return the refusal of an edit that does not exist."""
    return Rejected("NOT_FOUND", ("id",), "there is no such edit: begin one with orderEditBegin")


def order_changed() -> Rejected:
    """Return the refusal to commit an edit of an order that is not as it was when the edit began."""
    told = "the order has changed since the edit began: begin another one and make the changes again"
    return Rejected("ORDER_CHANGED", ("id",), told)


def out_of_stock(title: str, left: int) -> Rejected:
    """Return the refusal to add more of something than there is."""
    told = f"only {left} of {title} can be added" if left > 0 else f"{title} is sold out"
    return Rejected("OUT_OF_STOCK", ("id",), told)


def unknown_return(path: Sequence[str]) -> Rejected:
    """Return the refusal of a return that does not exist or may not be seen."""
    return Rejected("NOT_FOUND", path, "there is no such return")
