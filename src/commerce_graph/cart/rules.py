"""What a cart may hold: merging lines, limits, and what the stock allows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import (
    ATTRIBUTE_KEY_CHARS_MAX,
    CART_ATTRIBUTES_CHARS_MAX,
    CART_ATTRIBUTES_MAX,
    CART_LINE_QUANTITY_MAX,
    CART_LINES_MAX,
    DISCOUNT_CODES_MAX,
    EMAIL_CHARS_MAX,
    TEXT_CHARS_MAX,
)

Attributes = tuple[tuple[str, str], ...]
Path = tuple[str, ...]

EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)+")
PHONE = re.compile(r"\+?[0-9][0-9 ().\-/]{3,23}")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a cart. Lines with the same variant and attributes are one."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    quantity: int
    attributes: Attributes
    position: int

    @property
    def key(self) -> tuple[UUID, Attributes]:
        """What makes two lines one."""
        return (self.variant_id, self.attributes)


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to add; `path` is where the client gave it."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    quantity: int
    attributes: Attributes
    path: Path


@dataclass(frozen=True, slots=True)
class LineChange:
    """A change of a line; None leaves a member as it is, a quantity of 0 removes the line."""

    id: UUID
    path: Path
    quantity: int | None = None
    variant_id: UUID | None = None
    product_id: UUID | None = None
    attributes: Attributes | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What a change of a cart could not do in full; `target` is a kind of thing and its key."""

    code: str
    message: str
    target: tuple[str, UUID]


def added(lines: Sequence[Line], new: Sequence[NewLine]) -> tuple[Line, ...]:
    """Return the lines with new ones merged in.

    Limits: CART_LINE_QUANTITY_MAX of a line, CART_LINES_MAX lines.
    Raises: Rejected(MINIMUM_NOT_MET | MAXIMUM_EXCEEDED).
    """
    merged = {line.key: line for line in lines}
    position = max((line.position for line in lines), default=0)
    for each in new:
        if each.quantity < 1:
            raise Rejected("MINIMUM_NOT_MET", [*each.path, "quantity"], "must be at least 1")
        present = merged.get((each.variant_id, each.attributes))
        if present is None:
            position += 1
            present = Line(each.id, each.variant_id, each.product_id, 0, each.attributes, position)
        quantity = _in_range(present.quantity + each.quantity, each.path)
        merged[present.key] = replace(present, quantity=quantity)
        if len(merged) > CART_LINES_MAX:
            raise Rejected("MAXIMUM_EXCEEDED", each.path, f"a cart holds at most {CART_LINES_MAX} lines")
    return tuple(merged.values())


def updated(lines: Sequence[Line], changes: Sequence[LineChange]) -> tuple[Line, ...]:
    """Return the lines with changes made; lines that become equal are merged into the earliest.

    Limits: CART_LINE_QUANTITY_MAX of a line.
    Raises: Rejected(INVALID_MERCHANDISE_LINE | MINIMUM_NOT_MET | MAXIMUM_EXCEEDED).
    """
    changed = {line.id: line for line in lines}
    paths: dict[UUID, Path] = {}
    for change in changes:
        line = changed.get(change.id)
        if line is None:
            raise Rejected("INVALID_MERCHANDISE_LINE", [*change.path, "id"], "there is no such line in this cart")
        quantity = line.quantity if change.quantity is None else change.quantity
        if quantity < 0:
            raise Rejected("MINIMUM_NOT_MET", [*change.path, "quantity"], "must not be negative")
        paths[line.id] = change.path
        changed[line.id] = replace(
            line,
            quantity=quantity,
            variant_id=change.variant_id or line.variant_id,
            product_id=change.product_id or line.product_id,
            attributes=line.attributes if change.attributes is None else change.attributes,
        )
    merged: dict[tuple[UUID, Attributes], Line] = {}
    for line in changed.values():
        if line.quantity == 0:
            continue
        first = merged.get(line.key)
        total = line.quantity + (first.quantity if first else 0)
        path = paths.get(line.id) or (first and paths.get(first.id))
        if path:
            _in_range(total, path)
        merged[line.key] = replace(first or line, quantity=total)
    return tuple(merged.values())


def removed(lines: Sequence[Line], ids: Sequence[UUID]) -> tuple[Line, ...]:
    """Return the lines without those of `ids`. Raises: Rejected(INVALID_MERCHANDISE_LINE)."""
    known = {line.id for line in lines}
    for index, each in enumerate(ids):
        if each not in known:
            raise Rejected("INVALID_MERCHANDISE_LINE", ["lineIds", str(index)], "there is no such line in this cart")
    gone = set(ids)
    return tuple(line for line in lines if line.id not in gone)


def _in_range(quantity: int, path: Path) -> int:
    if quantity > CART_LINE_QUANTITY_MAX:
        raise Rejected("MAXIMUM_EXCEEDED", [*path, "quantity"], f"a line holds at most {CART_LINE_QUANTITY_MAX}")
    return quantity


def capped(
    before: Sequence[Line], after: Sequence[Line], left: Mapping[UUID, int | None]
) -> tuple[tuple[Line, ...], list[Notice]]:
    """Return the lines with raised quantities held at what the stock has, and a notice for each that was.

    `left` is what can be sold of a variant, None for no bound. Lowering a quantity is always done, and raising one
    never lowers it.
    """
    had = {(line.id, line.variant_id): line.quantity for line in before}
    # What a line keeps in any case, whatever the stock is: submission asks again.
    kept = [min(line.quantity, had.get((line.id, line.variant_id), 0)) for line in after]
    spoken_for: dict[UUID, int] = {}
    for line, quantity in zip(after, kept, strict=True):
        spoken_for[line.variant_id] = spoken_for.get(line.variant_id, 0) + quantity
    lines: list[Line] = []
    notices: list[Notice] = []
    for line, quantity in zip(after, kept, strict=True):
        bound, more = left.get(line.variant_id), line.quantity - quantity
        if bound is not None and more > 0:
            more = min(more, max(0, bound - spoken_for[line.variant_id]))
            spoken_for[line.variant_id] += more
            if quantity + more < line.quantity:
                notices.append(_shortage(line, quantity + more, bound))
        if quantity + more > 0:
            lines.append(replace(line, quantity=quantity + more))
    return tuple(lines), notices


def _shortage(line: Line, there: int, bound: int) -> Notice:
    target = ("CartLine", line.id) if there > 0 else ("ProductVariant", line.variant_id)
    if bound <= 0:
        return Notice("MERCHANDISE_OUT_OF_STOCK", "This is sold out.", target)
    return Notice("MERCHANDISE_NOT_ENOUGH_STOCK", f"Only {bound} of this can be bought.", target)


def attributes(given: Sequence[tuple[str, str]], path: Path) -> Attributes:
    """Return attributes without repeated keys, the last one winning, in the order given.

    Limits: CART_ATTRIBUTES_MAX of them, ATTRIBUTE_KEY_CHARS_MAX, TEXT_CHARS_MAX of a value.
    Raises: Rejected(MAXIMUM_EXCEEDED | INVALID).
    """
    if len(given) > CART_ATTRIBUTES_MAX:
        raise Rejected("MAXIMUM_EXCEEDED", path, f"there may be at most {CART_ATTRIBUTES_MAX} attributes")
    for index, (key, value) in enumerate(given):
        if not key:
            raise Rejected("INVALID", [*path, str(index), "key"], "must not be empty")
        text(key, (*path, str(index), "key"), ATTRIBUTE_KEY_CHARS_MAX)
        text(value, (*path, str(index), "value"), TEXT_CHARS_MAX)
    return tuple(dict(given).items())


def check_size(lines: Sequence[Line]) -> None:
    """Refuse lines whose attributes are too much together. Limits: CART_ATTRIBUTES_CHARS_MAX.

    Raises: Rejected(CART_TOO_LARGE).
    """
    total = sum(len(key) + len(value) for line in lines for key, value in line.attributes)
    if total > CART_ATTRIBUTES_CHARS_MAX:
        raise Rejected("CART_TOO_LARGE", ["lines"], f"attributes hold over {CART_ATTRIBUTES_CHARS_MAX} characters")


def text(value: str, path: Path, chars_max: int, code: str = "INVALID") -> str:
    """Return a text that can be stored. Raises: Rejected(`code`) for one too long, INVALID for one that cannot."""
    if len(value) > chars_max:
        raise Rejected(code, path, f"is longer than {chars_max} characters")
    if any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in value):
        raise Rejected("INVALID", path, "holds a character that is not text")
    return value


def discount_codes(given: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return discount codes, each once whatever its case. Limits: DISCOUNT_CODES_MAX.

    Raises: Rejected(MAXIMUM_EXCEEDED | INVALID).
    """
    if len(given) > DISCOUNT_CODES_MAX:
        raise Rejected("MAXIMUM_EXCEEDED", path, f"there may be at most {DISCOUNT_CODES_MAX} codes")
    for index, code in enumerate(given):
        text(code, (*path, str(index)), ATTRIBUTE_KEY_CHARS_MAX)
    codes = (code.strip() for code in given)
    return tuple({code.casefold(): code for code in codes if code}.values())


class CodeOutcome(Protocol):
    """What became of a discount; `reason` is the name of a reason that discounts give."""

    @property
    def code(self) -> str | None:
        """The code that asked for it."""

    @property
    def reason(self) -> str:
        """Why it was taken off or not."""

    @property
    def message(self) -> str:
        """The reason in words."""


APPLICABLE = ("APPLIED", "DELIVERY_NOT_CHOSEN")
"""Reasons of discounts that lower the price, or will as soon as the buyer has chosen a delivery."""

CODE_WARNINGS = {
    name: f"DISCOUNT_{name}"
    for name in (
        "CURRENTLY_INACTIVE", "CUSTOMER_NOT_ELIGIBLE", "CUSTOMER_USAGE_LIMIT_REACHED", "ELIGIBLE_CUSTOMER_MISSING",
        "NO_ENTITLED_LINE_ITEMS", "NO_ENTITLED_SHIPPING_LINES", "PURCHASE_NOT_IN_RANGE", "QUANTITY_NOT_IN_RANGE",
        "USAGE_LIMIT_REACHED",
    )
}  # fmt: skip


def code_notices(cart_id: UUID, codes: Sequence[str], outcomes: Sequence[CodeOutcome]) -> list[Notice]:
    """Return a notice for each code that does not lower the price."""
    of_code = {each.code.casefold(): each for each in outcomes if each.code}
    notices = []
    for code in codes:
        found = of_code.get(code.casefold())
        if found is None:
            notices.append(Notice("DISCOUNT_NOT_FOUND", f"There is no discount `{code}`.", ("Cart", cart_id)))
        elif found.reason not in APPLICABLE:
            warning = CODE_WARNINGS.get(found.reason, "DISCOUNT_CODE_NOT_HONOURED")
            notices.append(Notice(warning, f"`{code}`: {found.message}", ("Cart", cart_id)))
    return notices


def email(value: str | None, path: Path) -> str | None:
    """Return an email address, None for an empty one. Raises: Rejected(INVALID)."""
    value = (value or "").strip()
    if not value:
        return None
    if len(value) > EMAIL_CHARS_MAX or not EMAIL.fullmatch(value) or not value.isprintable():
        raise Rejected("INVALID", path, "is not an email address")
    return value


def phone(value: str | None, path: Path) -> str | None:
    """Return a phone number, None for an empty one. Raises: Rejected(INVALID)."""
    value = (value or "").strip()
    if not value:
        return None
    if not PHONE.fullmatch(value):
        raise Rejected("INVALID", path, "is not a phone number")
    return value
