"""What a discount takes off, given what others left."""

from collections.abc import Sequence
from dataclasses import dataclass

from commerce_graph.discount.rules.definition import BXGY, FREE_SHIPPING, ORDER, Discount, Goods, Purchase
from commerce_graph.kernel.money import allocate, apply_bps


@dataclass(frozen=True, slots=True)
class Effect:
    """What a discount takes off each line, in their order, and the delivery."""

    by_line_minor: tuple[int, ...]
    shipping_minor: int = 0

    @property
    def total_minor(self) -> int:
        """All that it takes off."""
        return sum(self.by_line_minor) + self.shipping_minor


def effect(discount: Discount, purchase: Purchase, left_minor: Sequence[int], shipping_left_minor: int) -> Effect:
    """Return what a discount takes off of what is left of each line and of the delivery; never more than that."""
    if discount.kind == FREE_SHIPPING:
        return Effect((0,) * len(left_minor), shipping_left_minor)
    if discount.kind == BXGY:
        return Effect(_of_gifts(discount, purchase.lines, left_minor))
    entitled = [discount.items.cover(line) for line in purchase.lines]
    within = [left if covered else 0 for left, covered in zip(left_minor, entitled, strict=True)]
    if discount.each_item and discount.amount_minor is not None:
        pieces = (line.quantity for line in purchase.lines)
        each = (min(discount.amount_minor * n, left) for n, left in zip(pieces, within, strict=True))
        return Effect(tuple(each))
    if discount.percentage_bps is not None and discount.discount_class != ORDER:
        return Effect(tuple(apply_bps(left, discount.percentage_bps) for left in within))
    return Effect(across(_amount(discount, sum(within)), within))


def _amount(discount: Discount, of_minor: int) -> int:
    if discount.percentage_bps is not None:
        return apply_bps(of_minor, discount.percentage_bps)
    return min(discount.amount_minor or 0, of_minor)


def across(amount_minor: int, left_minor: Sequence[int]) -> tuple[int, ...]:
    """Split an amount over lines by what is left of them: exact to the minor unit, and no line below 0.

    Raises: ValueError where there is less left than the amount.
    """
    if not 0 <= amount_minor <= sum(left_minor):
        raise ValueError("a discount cannot be more than what it is taken off")
    return tuple(allocate(amount_minor, left_minor)) if amount_minor else (0,) * len(left_minor)


def gifts(discount: Discount, lines: Sequence[Goods]) -> list[int]:
    """Return how many pieces of each line a buy-X-get-Y discount gives: the cheapest that leave enough to buy.

    No piece is both bought and given. Lines are not taken apart into pieces, so it costs the same for any quantity.
    """
    bought = [discount.buys.cover(line) for line in lines]
    given = [discount.items.cover(line) for line in lines]
    uses = _uses(discount, lines, bought, given)
    wanted = uses * discount.gets_quantity
    # Of pieces that could be bought too, so many may be given that the rest is enough.
    spare = sum(line.quantity for line, may in zip(lines, bought, strict=True) if may) - uses * discount.buys_quantity
    taken = [0] * len(lines)
    for index in sorted(range(len(lines)), key=lambda at: (lines[at].unit_minor, at)):
        if given[index] and wanted:
            most = min(lines[index].quantity, wanted, spare if bought[index] else wanted)
            taken[index] = most
            wanted -= most
            spare -= most if bought[index] else 0
    return taken


def _uses(discount: Discount, lines: Sequence[Goods], bought: Sequence[bool], given: Sequence[bool]) -> int:
    buys, gets = discount.buys_quantity, discount.gets_quantity
    at = list(zip(lines, bought, given, strict=True))
    uses = min(
        sum(line.quantity for line, may, _ in at if may) // buys,
        sum(line.quantity for line, _, may in at if may) // gets,
        sum(line.quantity for line, one, other in at if one or other) // (buys + gets),
    )
    return uses if discount.uses_per_order_max is None else min(uses, discount.uses_per_order_max)


def _of_gifts(discount: Discount, lines: Sequence[Goods], left_minor: Sequence[int]) -> tuple[int, ...]:
    rate_bps = discount.percentage_bps or 0
    pieces = zip(lines, gifts(discount, lines), left_minor, strict=True)
    return tuple(min(apply_bps(line.unit_minor * taken, rate_bps), left) for line, taken, left in pieces)
