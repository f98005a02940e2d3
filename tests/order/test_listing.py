"""Lists of orders: filtered, sorted, paged and counted, and never slower because the shop has grown."""

import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import text, update

from commerce_graph.kernel.clock import new_id, now
from commerce_graph.kernel.pages import encode_cursor
from commerce_graph.order.tables import order
from tests.order.conftest import Placed, place
from tests.order.test_life import CANCEL, CLOSE
from tests.shop import Shop, gid, uid

LIST = """
query($first: Int, $last: Int, $after: String, $before: String, $reverse: Boolean, $sortKey: OrderSortKeys,
      $query: String) {
  orders(first: $first, last: $last, after: $after, before: $before, reverse: $reverse, sortKey: $sortKey,
         query: $query) {
    totalCount nodes { id name totalPrice { amount } financialStatus }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}
"""
MINE = """
query($id: ID!, $query: String, $sortKey: OrderSortKeys) {
  order(id: $id) { customer { numberOfOrders
    orders(first: 10, query: $query, sortKey: $sortKey, reverse: true) { totalCount nodes { id name } } } }
}
"""


async def names(shop: Shop, **arguments: Any) -> list[str]:
    arguments.setdefault("first", 50)
    return [node["name"] for node in (await shop.data(LIST, arguments, "merchant"))["orders"]["nodes"]]


@pytest.fixture
async def three(shop: Shop) -> list[Placed]:
    """Return three orders: a guest's, then Ada's, then another guest's that is not paid."""
    return [
        await place(shop, ("shirt-S-White", 1), email="one@example.com"),
        await place(shop, ("mug-variant", 1), customer="ada", email="ada@example.com"),
        await place(shop, ("guide-variant", 1), email="three@example.com", capture=False),
    ]


async def test_shoppers_do_not_list_orders(shop: Shop) -> None:
    answer = await shop.run(LIST, {"first": 1}, customer="ada")
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_list_needs_a_size(shop: Shop) -> None:
    cursor = encode_cursor([now(), new_id()])
    for arguments in (
        {},
        {"first": 251},
        {"first": 1, "after": cursor, "sortKey": "TOTAL_PRICE"},
        {"first": 1, "last": 1},
        {"first": 1, "after": "x"},
    ):
        answer = await shop.run(LIST, arguments, "merchant")
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "123"),
        ("name:#{1}", "1"),
        ("name:{2}", "2"),
        ("order_number:{3}", "3"),
        ("{1}", "1"),
        ("#{1} OR #{2}", "12"),
        ("ADA@example.com", "2"),
        ("email:Ada@Example.com", "2"),
        ("-email:ada@example.com", "13"),
        ("financial_status:paid", "12"),
        ("financial_status:authorized", "3"),
        ("financial_status:refunded", ""),
        ("fulfillment_status:unfulfilled", "123"),
        ("fulfillment_status:shipped", ""),
        ("status:open", "3"),
        ("status:not_closed", "23"),
        ("status:closed", "1"),
        ("status:cancelled", "2"),
        ("status:any", "123"),
        ("status:nonsense", ""),
        ("created_at:>2020-01-01", "123"),
        ("processed_at:<2020-01-01", ""),
        ("updated_at:>=2020-01-01", "123"),
        ("sku:MUG-VARIANT", "2"),
        ("sku:MUG-VARIANT,GUIDE-VARIANT", "23"),
        ("sku:NOTHING", ""),
        ("customer_id:{ada}", "2"),
        ("id:{id3}", "3"),
        ("tag:vip", "123"),
        ("financial_status:paid status:closed", "1"),
        ("nobody", ""),
        ("name:99999999999999999999", ""),
    ],
)
async def test_filters(shop: Shop, three: list[Placed], query: str, found: str) -> None:
    await shop.data(CLOSE, {"id": three[0].gid}, "merchant")
    await shop.data(CANCEL, {"id": three[1].gid, "restock": True}, "merchant")
    all_names = await names(shop)
    values = {f"{{{index}}}": name.removeprefix("#") for index, name in enumerate(all_names, 1)}
    values |= {"{ada}": str(uid("ada")), "{id3}": str(three[2].id)}
    for name, value in values.items():
        query = query.replace(name, value)
    assert await names(shop, query=query) == [all_names[int(index) - 1] for index in found]


async def test_sorts_and_pages(shop: Shop, three: list[Placed]) -> None:
    one, two, last = await names(shop)
    assert await names(shop, reverse=True) == [last, two, one]
    for sort in ("CREATED_AT", "ID", "ORDER_NUMBER", "PROCESSED_AT"):
        assert await names(shop, sortKey=sort) == [one, two, last]
    assert await names(shop, sortKey="TOTAL_PRICE") == [last, two, one]
    await shop.data(CLOSE, {"id": three[0].gid}, "merchant")
    assert (await names(shop, sortKey="UPDATED_AT"))[-1] == one
    page = (await shop.data(LIST, {"first": 2}, "merchant"))["orders"]
    assert page["totalCount"] == "3"
    assert page["pageInfo"]["hasNextPage"]
    at = page["pageInfo"]["endCursor"]
    assert await names(shop, first=2, after=at) == [last]
    assert await names(shop, first=None, last=1, before=at) == [one]


async def test_ids_in_lists_are_plain(shop: Shop, three: list[Placed]) -> None:
    nodes = (await shop.data(LIST, {"first": 5}, "partner"))["orders"]["nodes"]
    assert [node["id"] for node in nodes] == [placed.gid for placed in three]


async def test_a_customers_own(shop: Shop, three: list[Placed]) -> None:
    second = await place(shop, ("mug-variant", 1), customer="ada")
    mine = (await shop.data(MINE, {"id": second.gid}, "merchant"))["order"]["customer"]
    assert mine["numberOfOrders"] == "2"
    assert mine["orders"]["totalCount"] == "2"
    assert [node["id"] for node in mine["orders"]["nodes"]] == [second.gid, three[1].gid]
    number = mine["orders"]["nodes"][0]["name"]
    confirmation = second.id.hex[-9:]
    for query in (f"name:{number}", f"confirmation_number:{confirmation}"):
        found = (await shop.data(MINE, {"id": second.gid, "query": query}, "merchant"))["order"]["customer"]["orders"]
        assert [node["id"] for node in found["nodes"]] == [second.gid]
        assert found["totalCount"] == "1"


async def test_counts(shop: Shop, three: list[Placed]) -> None:
    document = "query($query: String, $limit: Int) { ordersCount(query: $query, limit: $limit) { count precision } }"

    async def count(**arguments: Any) -> Any:
        return tuple((await shop.data(document, arguments, "merchant"))["ordersCount"].values())

    assert await count() == (3, "EXACT")
    assert await count(query="financial_status:paid") == (2, "EXACT")
    assert await count(limit=3) == (3, "EXACT")
    assert await count(limit=2) == (2, "AT_LEAST")
    for limit in (0, 10_001):
        answer = await shop.run(document, {"limit": limit}, "merchant")
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    answer = await shop.run(document, {})
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_statements_do_not_grow_with_orders(shop: Shop) -> None:
    document = """query($first: Int) { orders(first: $first) { nodes { name customer { id }
      lineItems(first: 5) { nodes { title } } fulfillments(first: 5) { nodes { id } } refunds { id } } } }"""
    for _ in range(3):
        await place(shop, ("print-variant", 1), customer="ada")
    counts = [len(await shop.statements(document, {"first": size}, "merchant")) for size in (1, 3)]
    assert counts[0] == counts[1] <= 6


async def grow(shop: Shop, template: UUID, orders: int) -> None:
    """Make a shop of many orders, each of its own customer, out of one."""
    copied = ", ".join(
        column.name
        for column in order.columns
        if column.name not in ("id", "number", "email", "customer_id", "processed_at")
    )
    async with shop.database.begin() as tx:
        await tx.execute(update(order).values(cart_id=None))
        await tx.execute(
            text(f"""
            INSERT INTO "order"."order" (id, email, customer_id, processed_at, {copied})
            SELECT gen_random_uuid(), 'buyer' || n || '@example.com', gen_random_uuid(),
                   now() - n * interval '1 minute', {copied}
            FROM "order"."order", generate_series(1, :orders) AS n WHERE id = :template
            """),
            {"orders": orders, "template": template},
        )
        await tx.execute(
            text("""
            INSERT INTO "order".line (id, order_id, position, product_id, variant_id, title, sku, quantity,
                                      current_quantity, unit_price_minor, total_minor)
            SELECT gen_random_uuid(), id, 0, gen_random_uuid(), gen_random_uuid(), 'Thing', 'SKU-' || number, 1, 1, 0, 0
            FROM "order"."order" WHERE id <> :template
            """),
            {"template": template},
        )
    async with shop.database.read() as conn:
        await conn.execute(text('ANALYZE "order"."order"'))
        await conn.execute(text('ANALYZE "order".line'))


async def plans(shop: Shop, document: str, variables: dict[str, Any]) -> list[str]:
    """Run an operation, and return the plan of each SELECT that it took."""
    taken: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        taken.append((statement, parameters))

    engine = shop.database.engine.sync_engine
    sql_event.listen(engine, "before_cursor_execute", note)
    try:
        await shop.data(document, variables, "merchant")
    finally:
        sql_event.remove(engine, "before_cursor_execute", note)
    found = []
    async with shop.database.read() as conn:
        for statement, parameters in taken:
            rows = await conn.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            found.append("\n".join(row[0] for row in rows))
    return found


async def test_nothing_is_scanned_that_grows_with_the_shop(shop: Shop) -> None:
    adas = await place(shop, ("mug-variant", 1), customer="ada")
    await grow(shop, adas.id, 20_000)
    everything = """query($id: ID!) { order(id: $id) { name lineItems(first: 9) { nodes { title } }
      fulfillments(first: 9) { nodes { id } } refunds { id } events(first: 9) { nodes { id } } transactions { id }
      fulfillmentOrders(first: 9) { nodes { id } } } }"""
    asked: list[tuple[str, dict[str, Any]]] = [(everything, {"id": adas.gid})]
    simple = LIST.replace("totalCount", "")
    asked += [
        (simple, {"first": 20, "sortKey": sort, "reverse": True})
        for sort in ("CREATED_AT", "ID", "ORDER_NUMBER", "PROCESSED_AT", "TOTAL_PRICE", "UPDATED_AT")
    ]
    asked += [
        (LIST, {"first": 20, "query": query})
        for query in ("name:#1001", "email:buyer77@example.com", "buyer77@example.com", "sku:SKU-1777",
                      f"id:{adas.id}", f"customer_id:{uid('ada')}", "financial_status:refunded",
                      "fulfillment_status:fulfilled", "status:cancelled", "status:closed",
                      "1001")
    ]  # fmt: skip
    # A count of what nearly all orders are is bounded by its limit, not by an index.
    asked.append((simple, {"first": 20, "query": "status:open"}))
    asked += [(MINE, {"id": adas.gid, "sortKey": sort}) for sort in ("ID", "PROCESSED_AT")]
    grown = re.compile(r'Seq Scan on ("?order"?|line|event|refund)\b')
    async with shop.database.read() as conn:
        control = await conn.execute(text("""EXPLAIN SELECT FROM "order"."order" WHERE note = ''"""))
        assert grown.search("\n".join(row[0] for row in control))
    for document, variables in asked:
        for plan in await plans(shop, document, variables):
            assert not grown.search(plan), f"{variables}\n{plan}"


async def test_customer_of_another_shopper_is_not_asked_for_orders(shop: Shop, three: list[Placed]) -> None:
    answer = await shop.data(
        "query($id: ID!) { order(id: $id) { name } }", {"id": gid("Order", "none")}, customer="ada"
    )
    assert answer["order"] is None
