"""What became of each discount of a purchase, as it is told and as an order keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from commerce_graph.discount.rules.choice import Decision, Verdict
from commerce_graph.discount.rules.definition import BXGY, FREE_SHIPPING, ORDER, PRODUCT, SHIPPING, Purchase
from commerce_graph.discount.rules.eligibility import Reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a discount: what it is, whether it was taken off or why not, and from what how much.

    `value_minor` is what a fixed amount is, else `percentage_bps` holds. `by_line_minor` goes by the lines' ids.
    """

    discount_id: str
    title: str
    code: str | None
    discount_class: str
    kind: str
    reason: str
    amount_minor: int
    percentage_bps: int | None
    value_minor: int | None
    each_item: bool
    by_line_minor: Mapping[str, int]
    shipping_minor: int

    @property
    def applied(self) -> bool:
        """Whether it was taken off."""
        return self.reason == Reason.APPLIED.name

    @property
    def message(self) -> str:
        """The reason in words."""
        return Reason[self.reason].value

    @property
    def target_type(self) -> str:
        """What it lowers the price of, as Shopify says it."""
        return "SHIPPING_LINE" if self.discount_class == SHIPPING else "LINE_ITEM"

    @property
    def target_selection(self) -> str:
        """Which of them: all, those that its terms name, or pieces picked out."""
        if self.kind == BXGY:
            return "EXPLICIT"
        return "ENTITLED" if self.discount_class == PRODUCT else "ALL"

    @property
    def allocation_method(self) -> str:
        """How it comes to lie on the lines."""
        across = self.discount_class == ORDER or (self.value_minor is not None and not self.each_item)
        return "ACROSS" if across else "EACH"

    @property
    def on_whole_order(self) -> bool:
        """Whether it is a discount on the purchase as a whole rather than on some lines."""
        return self.discount_class != PRODUCT


def outcomes(purchase: Purchase, decision: Decision) -> tuple[Outcome, ...]:
    """Return what became of each discount that was considered, by rank."""
    taken = {each.discount.id: each.effect for each in decision.applied}
    ids = [str(line.id) for line in purchase.lines]
    made = []
    for verdict in decision.verdicts:
        off = taken.get(verdict.discount.id)
        parts = zip(ids, off.by_line_minor, strict=True) if off else ()
        shipping = off.shipping_minor if off else 0
        made.append(_outcome(verdict, {line: part for line, part in parts if part}, shipping))
    return tuple(made)


def _outcome(verdict: Verdict, by_line_minor: Mapping[str, int], shipping_minor: int) -> Outcome:
    one = verdict.discount
    return Outcome(
        discount_id=str(one.id),
        title=one.title,
        code=one.code,
        discount_class=one.discount_class,
        kind=one.kind,
        reason=verdict.reason.name,
        amount_minor=verdict.amount_minor,
        percentage_bps=10_000 if one.kind == FREE_SHIPPING else one.percentage_bps,
        value_minor=one.amount_minor,
        each_item=one.each_item,
        by_line_minor=by_line_minor,
        shipping_minor=shipping_minor,
    )


def to_documents(told: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return outcomes as JSON documents."""
    return [asdict(each) for each in told]


def from_documents(stored: Sequence[Mapping[str, Any]]) -> tuple[Outcome, ...]:
    """Return the outcomes of documents."""
    return tuple(Outcome(**each) for each in stored)
