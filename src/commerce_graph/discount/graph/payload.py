"""What comes of writing discounts, in the graph."""

import strawberry

from commerce_graph.discount.errors import DiscountUserError
from commerce_graph.discount.graph.discount import DiscountAutomaticNode, DiscountCodeNode
from commerce_graph.kernel.graph import object_type


@object_type
class CodeDiscountWritten:
    """What came of writing a discount with codes."""

    code_discount_node: DiscountCodeNode | None = strawberry.field(description="The discount.", default=None)
    user_errors: list[DiscountUserError] = strawberry.field(description="Why nothing was done.", default_factory=list)


@object_type
class AutomaticDiscountWritten:
    """What came of writing an automatic discount."""

    automatic_discount_node: DiscountAutomaticNode | None = strawberry.field(description="The discount.", default=None)
    user_errors: list[DiscountUserError] = strawberry.field(description="Why nothing was done.", default_factory=list)


@object_type
class DiscountCodeDeletePayload:
    """What came of `discountCodeDelete`."""

    deleted_code_discount_id: strawberry.ID | None = strawberry.field(description="The id it had.", default=None)
    user_errors: list[DiscountUserError] = strawberry.field(description="Why nothing was done.", default_factory=list)


@object_type
class DiscountAutomaticDeletePayload:
    """What came of `discountAutomaticDelete`."""

    deleted_automatic_discount_id: strawberry.ID | None = strawberry.field(description="The id it had.", default=None)
    user_errors: list[DiscountUserError] = strawberry.field(description="Why nothing was done.", default_factory=list)


@object_type
class DiscountCodeBasicCreatePayload(CodeDiscountWritten):
    """What came of `discountCodeBasicCreate`."""


@object_type
class DiscountCodeBasicUpdatePayload(CodeDiscountWritten):
    """What came of `discountCodeBasicUpdate`."""


@object_type
class DiscountCodeBxgyCreatePayload(CodeDiscountWritten):
    """What came of `discountCodeBxgyCreate`."""


@object_type
class DiscountCodeBxgyUpdatePayload(CodeDiscountWritten):
    """What came of `discountCodeBxgyUpdate`."""


@object_type
class DiscountCodeFreeShippingCreatePayload(CodeDiscountWritten):
    """What came of `discountCodeFreeShippingCreate`."""


@object_type
class DiscountCodeFreeShippingUpdatePayload(CodeDiscountWritten):
    """What came of `discountCodeFreeShippingUpdate`."""


@object_type
class DiscountCodeActivatePayload(CodeDiscountWritten):
    """What came of `discountCodeActivate`."""


@object_type
class DiscountCodeDeactivatePayload(CodeDiscountWritten):
    """What came of `discountCodeDeactivate`."""


@object_type
class DiscountAutomaticBasicCreatePayload(AutomaticDiscountWritten):
    """What came of `discountAutomaticBasicCreate`."""


@object_type
class DiscountAutomaticBasicUpdatePayload(AutomaticDiscountWritten):
    """What came of `discountAutomaticBasicUpdate`."""


@object_type
class DiscountAutomaticBxgyCreatePayload(AutomaticDiscountWritten):
    """What came of `discountAutomaticBxgyCreate`."""


@object_type
class DiscountAutomaticBxgyUpdatePayload(AutomaticDiscountWritten):
    """What came of `discountAutomaticBxgyUpdate`."""


@object_type
class DiscountAutomaticFreeShippingCreatePayload(AutomaticDiscountWritten):
    """What came of `discountAutomaticFreeShippingCreate`."""


@object_type
class DiscountAutomaticFreeShippingUpdatePayload(AutomaticDiscountWritten):
    """What came of `discountAutomaticFreeShippingUpdate`."""


@object_type
class DiscountAutomaticActivatePayload(AutomaticDiscountWritten):
    """What came of `discountAutomaticActivate`."""


@object_type
class DiscountAutomaticDeactivatePayload(AutomaticDiscountWritten):
    """What came of `discountAutomaticDeactivate`."""
