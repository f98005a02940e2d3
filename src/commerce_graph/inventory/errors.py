"""What a buyer can be told about stock."""

from uuid import UUID

from commerce_graph.kernel.errors import Rejected


class OutOfStock(Rejected):
    """A line wants more of a variant than is left; `available` is what that line could have."""

    def __init__(self, line_id: UUID, variant_id: UUID, available: int) -> None:
        left = f"only {available} left" if available else "sold out"
        super().__init__("NOT_ENOUGH_STOCK", None, f"There is not enough stock: {left}.")
        self.line_id = line_id
        self.variant_id = variant_id
        self.available = available
