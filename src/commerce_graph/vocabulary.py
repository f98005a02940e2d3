"""Words of the graph that several domains say: enums and value types, as `keys.py` is for entities."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any, Self, Union

import strawberry

from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.graph import LENGTH, input_type, object_type
from commerce_graph.kernel.limits import FACET_VALUES_MAX
from commerce_graph.kernel.scalars import JSON
from commerce_graph.kernel.values import MoneyV2, money


@strawberry.enum(description="How far a product is on its way to the shopper.")
class ProductStatus(Enum):
    """Shopify's ProductStatus."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    DRAFT = "DRAFT"


@strawberry.enum(description="Whether a variant is sold on while it is out of stock.")
class ProductVariantInventoryPolicy(Enum):
    """Shopify's ProductVariantInventoryPolicy."""

    CONTINUE = "CONTINUE"
    DENY = "DENY"


@strawberry.enum(description="The order that a collection's products have by default.")
class CollectionSortOrder(Enum):
    """Shopify's CollectionSortOrder."""

    ALPHA_ASC = "ALPHA_ASC"
    ALPHA_DESC = "ALPHA_DESC"
    BEST_SELLING = "BEST_SELLING"
    CREATED = "CREATED"
    CREATED_DESC = "CREATED_DESC"
    MANUAL = "MANUAL"
    PRICE_ASC = "PRICE_ASC"
    PRICE_DESC = "PRICE_DESC"


@strawberry.enum(description="What of a product a collection's rule looks at.")
class CollectionRuleColumn(Enum):
    """Shopify's CollectionRuleColumn, as far as rules here go."""

    TAG = "TAG"
    TITLE = "TITLE"
    TYPE = "TYPE"
    VARIANT_PRICE = "VARIANT_PRICE"
    VENDOR = "VENDOR"


@strawberry.enum(description="How a collection's rule compares.")
class CollectionRuleRelation(Enum):
    """Shopify's CollectionRuleRelation, as far as rules here go."""

    CONTAINS = "CONTAINS"
    ENDS_WITH = "ENDS_WITH"
    EQUALS = "EQUALS"
    GREATER_THAN = "GREATER_THAN"
    LESS_THAN = "LESS_THAN"
    NOT_CONTAINS = "NOT_CONTAINS"
    NOT_EQUALS = "NOT_EQUALS"
    STARTS_WITH = "STARTS_WITH"


@strawberry.enum(description="How exact a count is.")
class CountPrecision(Enum):
    """Shopify's CountPrecision."""

    AT_LEAST = "AT_LEAST"
    EXACT = "EXACT"


@object_type(shareable=True)
class Count:
    """A number of things."""

    count: int = strawberry.field(description="How many there are.")
    precision: CountPrecision = strawberry.field(description="How exact the number is.", default=CountPrecision.EXACT)


@object_type(shareable=True)
class SEO:
    """What search engines are told of a page."""

    title: str | None = strawberry.field(description="The title for search engines.", default=None)
    description: str | None = strawberry.field(description="The description for search engines.", default=None)


@input_type
class SEOInput:
    """What search engines are told."""

    title: str | None = None
    description: str | None = None


@input_type
class PriceRangeFilter:
    """A range of prices in the currency of the market, ends included."""

    min: float | None = 0
    max: float | None = None


@input_type
class VariantOptionFilter:
    """A value of an option."""

    name: str
    value: str


@input_type
class MetafieldFilter:
    """A value of a metafield, as it is stored."""

    namespace: str
    key: str
    value: str


@input_type
class ProductFilter:
    """A filter of products: of several, those of one kind are alternatives, and those of different kinds must all fit.
    Each option and each metafield is a kind of its own. Filters by options, by metafields of variants and by
    availability must fit the same variant. What is available can be bought, and has a price in the market."""

    available: bool | None = None
    price: PriceRangeFilter | None = None
    product_metafield: MetafieldFilter | None = None
    product_type: str | None = None
    product_vendor: str | None = None
    tag: str | None = None
    variant_metafield: MetafieldFilter | None = None
    variant_option: VariantOptionFilter | None = None


@strawberry.enum(description="What kind of choice a facet offers.")
class FilterType(Enum):
    """Shopify's FilterType."""

    BOOLEAN = "BOOLEAN"
    LIST = "LIST"
    PRICE_RANGE = "PRICE_RANGE"


@strawberry.enum(description="How a facet is meant to be shown.")
class FilterPresentation(Enum):
    """Shopify's FilterPresentation."""

    IMAGE = "IMAGE"
    SWATCH = "SWATCH"
    TEXT = "TEXT"


@object_type(access=LISTINGS, shareable=True)
class FilterValue:
    """One choice of a facet."""

    id: str = strawberry.field(description="An id that stays the same as long as the choice does.")
    label: str = strawberry.field(description="What shoppers read.")
    count: int = strawberry.field(description="How many products choosing it would leave.")
    input: JSON = strawberry.field(description="The ProductFilter to send to choose it, as JSON.")


@object_type(access=LISTINGS, shareable=True)
class Filter:
    """A facet: the choices by which a list of products can be narrowed, each with a count."""

    id: str = strawberry.field(description="An id that stays the same as long as the facet does.")
    label: str = strawberry.field(description="What shoppers read.")
    type: FilterType = strawberry.field(description="What kind of choice it offers.")
    presentation: FilterPresentation | None = strawberry.field(
        description="How a list of choices is meant to be shown.", default=None
    )
    values: list[FilterValue] = strawberry.field(description="Its choices.", metadata={LENGTH: FACET_VALUES_MAX})

    @classmethod
    def of(cls, facet: Any) -> Self:
        """Return a facet, as the catalogue's rules make it, in the graph's words."""
        values = [
            FilterValue(id=each.id, label=each.label, count=each.count, input=JSON(each.input)) for each in facet.values
        ]
        shown = FilterPresentation.TEXT if facet.kind == "LIST" else None
        return cls(id=facet.id, label=facet.label, type=FilterType[facet.kind], presentation=shown, values=values)


@strawberry.enum(description="What a discount lowers the price of.")
class DiscountApplicationTargetType(Enum):
    """Shopify's DiscountApplicationTargetType."""

    LINE_ITEM = "LINE_ITEM"
    SHIPPING_LINE = "SHIPPING_LINE"


@strawberry.enum(description="Which of the lines a discount lowers the price of.")
class DiscountApplicationTargetSelection(Enum):
    """Shopify's DiscountApplicationTargetSelection."""

    ALL = "ALL"
    ENTITLED = "ENTITLED"
    EXPLICIT = "EXPLICIT"


@strawberry.enum(description="How a discount comes to lie on the lines.")
class DiscountApplicationAllocationMethod(Enum):
    """Shopify's DiscountApplicationAllocationMethod, as far as discounts here go."""

    ACROSS = "ACROSS"
    EACH = "EACH"


@object_type(shareable=True)
class PricingPercentageValue:
    """A share of the price."""

    percentage: float = strawberry.field(description="The share in percent.")


PricingValue = Annotated[
    Union[MoneyV2, PricingPercentageValue],  # noqa: UP007 (strawberry names unions by annotating them)
    strawberry.union("PricingValue", description="What a discount comes to: an amount, or a share of the price."),
]


@strawberry.enum(description="Why a discount was taken off or not.")
class PriceBreakdownReason(Enum):
    """The reasons that discounts give."""

    APPLIED = "APPLIED"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    CURRENTLY_INACTIVE = "CURRENTLY_INACTIVE"
    CUSTOMER_NOT_ELIGIBLE = "CUSTOMER_NOT_ELIGIBLE"
    CUSTOMER_USAGE_LIMIT_REACHED = "CUSTOMER_USAGE_LIMIT_REACHED"
    DELIVERY_NOT_CHOSEN = "DELIVERY_NOT_CHOSEN"
    ELIGIBLE_CUSTOMER_MISSING = "ELIGIBLE_CUSTOMER_MISSING"
    NO_EFFECT = "NO_EFFECT"
    NO_ENTITLED_LINE_ITEMS = "NO_ENTITLED_LINE_ITEMS"
    NO_ENTITLED_SHIPPING_LINES = "NO_ENTITLED_SHIPPING_LINES"
    NOT_COMBINED = "NOT_COMBINED"
    PURCHASE_NOT_IN_RANGE = "PURCHASE_NOT_IN_RANGE"
    QUANTITY_NOT_IN_RANGE = "QUANTITY_NOT_IN_RANGE"
    USAGE_LIMIT_REACHED = "USAGE_LIMIT_REACHED"


def pricing_value(percentage_bps: int | None, value_minor: int | None, currency: str) -> Any:
    """Return what a discount comes to by its terms."""
    if percentage_bps is not None:
        return PricingPercentageValue(percentage=percentage_bps / 100)
    return money(value_minor or 0, currency)


@object_type(shareable=True)
class PriceBreakdownRule:
    """A discount that was considered, and what became of it."""

    title: str = strawberry.field(description="What the discount is called.")
    code: str | None = strawberry.field(description="The code that asked for it; null where it applies by itself.")
    applied: bool = strawberry.field(description="Whether it was taken off.")
    reason: PriceBreakdownReason = strawberry.field(description="Why, or why not.")
    message: str = strawberry.field(description="The reason in words.")
    amount: MoneyV2 = strawberry.field(description="How much it took off.")
    value: PricingValue = strawberry.field(description="What it comes to by its terms.")
    target_type: DiscountApplicationTargetType = strawberry.field(description="What it lowers the price of.")


@object_type(shareable=True)
class PriceBreakdown:
    """How a total came about."""

    gross_amount: MoneyV2 = strawberry.field(description="What the goods cost before discounts.")
    discount_amount: MoneyV2 = strawberry.field(description="All that discounts took off, of the delivery too.")
    shipping_amount: MoneyV2 = strawberry.field(description="What the delivery costs after discounts.")
    tax_amount: MoneyV2 = strawberry.field(description="All taxes, also where prices include them.")
    taxes_included: bool = strawberry.field(description="Whether prices include the taxes.")
    total_amount: MoneyV2 = strawberry.field(description="What is to be paid.")
    rules: list[PriceBreakdownRule] = strawberry.field(
        description="Each discount that was considered, in the order in which they are taken off.",
        metadata={LENGTH: 50},
    )


def price_breakdown(
    outcomes: Sequence[Any], currency: str, *, gross_minor: int, discount_minor: int, shipping_minor: int,
    tax_minor: int, total_minor: int, tax_included: bool,
) -> PriceBreakdown:  # fmt: skip
    """Return how a total came about, in the graph. `outcomes` are those of `discount.service`, which is above here."""
    return PriceBreakdown(
        gross_amount=money(gross_minor, currency),
        discount_amount=money(discount_minor, currency),
        shipping_amount=money(shipping_minor, currency),
        tax_amount=money(tax_minor, currency),
        taxes_included=tax_included,
        total_amount=money(total_minor, currency),
        rules=[_rule(each, currency) for each in outcomes],
    )


def _rule(outcome: Any, currency: str) -> PriceBreakdownRule:
    return PriceBreakdownRule(
        title=outcome.title,
        code=outcome.code,
        applied=outcome.applied,
        reason=PriceBreakdownReason[outcome.reason],
        message=outcome.message,
        amount=money(outcome.amount_minor, currency),
        value=pricing_value(outcome.percentage_bps, outcome.value_minor, currency),
        target_type=DiscountApplicationTargetType[outcome.target_type],
    )
