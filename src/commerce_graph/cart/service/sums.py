"""What a purchase comes to, from what it follows from alone: prices, delivery, discounts and taxes. No I/O.

Carts are quoted by it, and an order keeps what it was computed from: computed again it comes to the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from commerce_graph.discount import service as discounts
from commerce_graph.discount.service import Decision, Discount, Outcome, Purchase
from commerce_graph.pricing import service as pricing
from commerce_graph.pricing.service import Taxes, TaxRate


@dataclass(frozen=True, slots=True)
class Factors:
    """All that the total of a purchase follows from. `taxable` goes by the lines of the purchase."""

    purchase: Purchase
    taxable: Sequence[bool]
    tax_rate: TaxRate | None
    tax_included: bool
    discounts: Sequence[Discount] = ()


@dataclass(frozen=True, slots=True)
class Sums:
    """What a purchase comes to, in minor units.

    `off_lines_minor` is what discounts on products take off each line, `off_order_minor` each line's share of those
    on the order as a whole.
    """

    off_lines_minor: Sequence[int]
    off_order_minor: Sequence[int]
    off_shipping_minor: int
    gross_minor: int
    shipping_minor: int
    taxes: Taxes
    total_minor: int
    decision: Decision
    outcomes: Sequence[Outcome]

    @property
    def subtotal_minor(self) -> int:
        """What the goods cost after discounts on products, before those on the order."""
        return self.gross_minor - sum(self.off_lines_minor)

    @property
    def goods_minor(self) -> int:
        """What the goods cost after all discounts."""
        return self.subtotal_minor - sum(self.off_order_minor)

    @property
    def discount_minor(self) -> int:
        """All that discounts take off, of the delivery too."""
        return sum(self.off_lines_minor) + sum(self.off_order_minor) + self.off_shipping_minor


def add_up(factors: Factors) -> Sums:
    """Return what a purchase comes to. Taxes are computed on what is paid: discounts are taken off before."""
    purchase = factors.purchase
    decision = discounts.decide(purchase, factors.discounts)
    lines, order = [0] * len(purchase.lines), [0] * len(purchase.lines)
    for applied in decision.applied:
        off = lines if applied.discount.discount_class == "PRODUCT" else order
        for index, part in enumerate(applied.effect.by_line_minor):
            off[index] += part
    off_shipping = sum(applied.effect.shipping_minor for applied in decision.applied)
    shipping = (purchase.shipping_minor or 0) - off_shipping
    paid = [line.gross_minor - a - b for line, a, b in zip(purchase.lines, lines, order, strict=True)]
    taxable = list(zip(paid, factors.taxable, strict=True))
    taxes = pricing.tax(factors.tax_rate, taxable, shipping, included=factors.tax_included)
    added = 0 if factors.tax_included else taxes.total_minor
    return Sums(
        off_lines_minor=lines,
        off_order_minor=order,
        off_shipping_minor=off_shipping,
        gross_minor=sum(line.gross_minor for line in purchase.lines),
        shipping_minor=shipping,
        taxes=taxes,
        total_minor=sum(paid) + shipping + added,
        decision=decision,
        outcomes=discounts.outcomes(purchase, decision),
    )


VERSION = 1
"""Of the arithmetic. An order says by which it was computed."""


def record(factors: Factors, sums: Sums) -> dict[str, Any]:
    """Return what an order keeps of how its total came about, as a JSON document."""
    return {
        "version": VERSION,
        "factors": {
            "purchase": discounts.to_document(factors.purchase),
            "taxable": list(factors.taxable),
            "tax_rate": factors.tax_rate and asdict(factors.tax_rate),
            "tax_included": factors.tax_included,
            "discounts": [discounts.to_document(each) for each in factors.discounts],
        },
        "gross_minor": sums.gross_minor,
        "discount_minor": sums.discount_minor,
        "shipping_minor": sums.shipping_minor,
        "tax_minor": sums.taxes.total_minor,
        "total_minor": sums.total_minor,
        "outcomes": discounts.to_documents(sums.outcomes),
    }


def replay(stored: Mapping[str, Any]) -> Sums:
    """Compute a purchase again from what its order keeps. Raises: ValueError for an arithmetic that is not known."""
    if stored["version"] != VERSION:
        raise ValueError(f"the total was computed by version {stored['version']} of the arithmetic")
    kept = stored["factors"]
    rate = kept["tax_rate"]
    return add_up(
        Factors(
            purchase=discounts.from_document(Purchase, kept["purchase"]),
            taxable=kept["taxable"],
            tax_rate=TaxRate(**rate) if rate else None,
            tax_included=kept["tax_included"],
            discounts=[discounts.from_document(Discount, each) for each in kept["discounts"]],
        )
    )
