"""What the tests of edits ask for."""

from typing import Any

from commerce_graph.kernel.ids import to_gid
from tests.order.conftest import Placed
from tests.shop import Shop, gid

CALCULATED = """
fragment C on CalculatedOrder { id committed subtotalLineItemsQuantity
  subtotalPriceSet { shopMoney { amount } } totalPriceSet { shopMoney { amount } }
  totalOutstandingSet { shopMoney { amount } } originalOrder { id }
  lineItems(first: 250) { nodes { id title variantTitle sku quantity editableQuantity editableQuantityBeforeChanges
    restocking originalUnitPriceSet { shopMoney { amount } } variant { id } } }
  addedLineItems(first: 250) { nodes { id quantity } } }
"""
BEGIN = (
    """
mutation($id: ID!) { orderEditBegin(id: $id) { calculatedOrder { ...C } userErrors { code field message } } }
"""
    + CALCULATED
)
ADD = (
    """
mutation($id: ID!, $variant: ID!, $quantity: Int!, $twice: Boolean) {
  orderEditAddVariant(id: $id, variantId: $variant, quantity: $quantity, allowDuplicates: $twice) {
    calculatedLineItem { id quantity } calculatedOrder { ...C } userErrors { code field message } } }
"""
    + CALCULATED
)
SET = (
    """
mutation($id: ID!, $line: ID!, $quantity: Int!, $restock: Boolean) {
  orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $quantity, restock: $restock) {
    calculatedLineItem { id quantity restocking } calculatedOrder { ...C } userErrors { code field message } } }
"""
    + CALCULATED
)
ORDER = """
fragment O on Order { id edited financialStatus displayFulfillmentStatus updatedAt
  totalPriceSet { shopMoney { amount } } currentTotalPriceSet { shopMoney { amount } }
  totalOutstandingSet { shopMoney { amount } } totalReceivedSet { shopMoney { amount } }
  netPaymentSet { shopMoney { amount } } totalTaxSet { shopMoney { amount } } taxLines { title price { amount } }
  lineItems(first: 250) { nodes { id title quantity currentQuantity unfulfilledQuantity totalPrice { amount } } }
  fulfillmentOrders(first: 9) { nodes { id status
    lineItems(first: 250) { nodes { id totalQuantity remainingQuantity } } } }
  refunds { status totalRefunded { amount } refundLineItems(first: 250) { nodes { quantity restockType } } }
  events(first: 50) { nodes { action message } } }
"""
COMMIT = (
    """
mutation($id: ID!, $note: String) { orderEditCommit(id: $id, staffNote: $note) {
  order { ...O } successMessages userErrors { code field message } } }
"""
    + ORDER
)
READ = "query($id: ID!) { order(id: $id) { ...O } }" + ORDER
PAY = "mutation($id: ID!) { orderMarkAsPaid(input: {id: $id}) { order { ...O } userErrors { code } } }" + ORDER


async def begin(placed: Placed) -> Any:
    """Begin an edit, and return its payload."""
    return (await placed.shop.data(BEGIN, {"id": placed.gid}, "merchant"))["orderEditBegin"]


async def begun(placed: Placed) -> str:
    """Begin an edit, and return its id."""
    payload = await begin(placed)
    assert payload["userErrors"] == []
    return str(payload["calculatedOrder"]["id"])


async def add(shop: Shop, edit: str, variant: str, quantity: int, *, twice: bool = False) -> Any:
    """Add a variant to an edit."""
    given = {"id": edit, "variant": gid("ProductVariant", variant), "quantity": quantity, "twice": twice}
    return (await shop.data(ADD, given, "merchant"))["orderEditAddVariant"]


async def put(shop: Shop, edit: str, line: str, quantity: int, *, restock: bool = True) -> Any:
    """Set the quantity of a line in an edit."""
    given = {"id": edit, "line": line, "quantity": quantity, "restock": restock}
    return (await shop.data(SET, given, "merchant"))["orderEditSetQuantity"]


async def commit(shop: Shop, edit: str, note: str | None = None) -> Any:
    """Commit an edit."""
    return (await shop.data(COMMIT, {"id": edit, "note": note}, "merchant"))["orderEditCommit"]


async def read(placed: Placed) -> Any:
    """Return an order as a merchant sees it."""
    return (await placed.shop.data(READ, {"id": placed.gid}, "merchant"))["order"]


def code(payload: Any) -> str:
    """Return the code of a refusal."""
    (error,) = payload["userErrors"]
    return str(error["code"])


def amount(bag: Any) -> str:
    """Return the amount of a money bag."""
    return str(bag["shopMoney"]["amount"])


def unknown(kind: str) -> str:
    """Return a global id of nothing."""
    return gid(kind, "nothing")


def line_of(placed: Placed, index: int = 0) -> str:
    """Return the id of an order's line as the edit knows it."""
    return to_gid("CalculatedLineItem", placed.lines[index])
