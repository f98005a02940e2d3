"""Which discounts a purchase gets: of the combinations that their rules allow, the best for the buyer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from commerce_graph.discount.rules.definition import Discount, Purchase
from commerce_graph.discount.rules.effect import Effect, effect
from commerce_graph.discount.rules.eligibility import Reason, refused
from commerce_graph.kernel.limits import DISCOUNTS_WEIGHED_MAX


@dataclass(frozen=True, slots=True)
class Applied:
    """A discount that is taken off, and what it takes."""

    discount: Discount
    effect: Effect


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a discount that was considered."""

    discount: Discount
    reason: Reason
    amount_minor: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """The discounts that are taken off, in the order in which they are, and a verdict on each one considered."""

    applied: tuple[Applied, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def total_minor(self) -> int:
        """All that is taken off."""
        return sum(each.effect.total_minor for each in self.applied)


def decide(purchase: Purchase, candidates: Sequence[Discount]) -> Decision:
    """Choose the discounts of a purchase. The outcome does not depend on the order of the candidates.

    Limits: of those that may be had, the DISCOUNTS_WEIGHED_MAX that take most off alone are weighed; among n of them
    there are at most 3^(n/3) largest combinations (Moon and Moser, 1965), 81 for 12.
    """
    ranked = sorted(candidates, key=lambda each: each.rank)
    reasons = {each.id: refused(each, purchase) for each in ranked}
    alone = [(each, _taken(purchase, [each])[0].effect.total_minor) for each in ranked if reasons[each.id] is None]
    weighed = [each for each, saved in sorted(alone, key=lambda pair: -pair[1]) if saved][:DISCOUNTS_WEIGHED_MAX]
    best: tuple[Applied, ...] = ()
    for chosen in _combinations(sorted(weighed, key=lambda each: each.rank)):
        taken = _taken(purchase, chosen)
        # More off is better, then fewer discounts; what comes first by rank stays otherwise.
        if (_total(taken), -len(taken)) > (_total(best), -len(best)):
            best = taken
    got = {each.discount.id: each.effect.total_minor for each in best if each.effect.total_minor}
    saves = {each.id for each, saved in alone if saved}
    return Decision(
        tuple(each for each in best if each.discount.id in got),
        tuple(_verdict(each, reasons[each.id], got, saves) for each in ranked),
    )


def _verdict(discount: Discount, reason: Reason | None, got: dict[UUID, int], saves: set[UUID]) -> Verdict:
    if reason is not None:
        return Verdict(discount, reason)
    if discount.id in got:
        return Verdict(discount, Reason.APPLIED, got[discount.id])
    return Verdict(discount, Reason.NOT_COMBINED if discount.id in saves else Reason.NO_EFFECT)


def _total(taken: Sequence[Applied]) -> int:
    return sum(each.effect.total_minor for each in taken)


def _taken(purchase: Purchase, chosen: Sequence[Discount]) -> tuple[Applied, ...]:
    """Take discounts off in their order, each of what those before it left."""
    left = [line.gross_minor for line in purchase.lines]
    shipping_left = purchase.shipping_minor or 0
    taken = []
    for discount in chosen:
        off = effect(discount, purchase, left, shipping_left)
        left = [before - part for before, part in zip(left, off.by_line_minor, strict=True)]
        shipping_left -= off.shipping_minor
        taken.append(Applied(discount, off))
    return tuple(taken)


def _combinations(ranked: Sequence[Discount]) -> Iterator[list[Discount]]:
    """Yield every discount alone, then the largest sets that go with each other (Bron and Kerbosch), each by rank."""
    for each in ranked:
        yield [each]
    near = [
        {other for other in range(len(ranked)) if other != at and ranked[at].goes_with(ranked[other])}
        for at in range(len(ranked))
    ]

    def grow(chosen: list[int], open_: set[int], seen: set[int]) -> Iterator[list[int]]:
        if not open_ and not seen:
            yield sorted(chosen)
            return
        # Only what the pivot does not go with has to be tried; the rest is found through it.
        pivot = max(sorted(open_ | seen), key=lambda at: len(near[at] & open_))
        for at in sorted(open_ - near[pivot]):
            yield from grow([*chosen, at], open_ & near[at], seen & near[at])
            open_ = open_ - {at}
            seen = seen | {at}

    for found in grow([], set(range(len(ranked))), set()):
        yield [ranked[at] for at in found]
