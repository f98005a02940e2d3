"""What holds in every shop holds in the demo shop: each statement looks for rows that break a rule."""

from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from commerce_graph.catalog import tables as catalog
from commerce_graph.catalog.rules import Rule, RuleSet, Traits, handle_of, picks, text_of
from commerce_graph.kernel.database import Database
from commerce_graph.order.rules import Books, Priced, financial_status, fulfillment_status, shares

BREACHES = {
    "a published product has a price in each market, for each variant": """
        SELECT v.id, m.handle FROM catalog.publication p JOIN catalog.variant v USING (product_id)
        CROSS JOIN pricing.market m LEFT JOIN pricing.price c ON c.variant_id = v.id AND c.market_id = m.id
        WHERE c.variant_id IS NULL OR c.product_id <> v.product_id""",
    "the price ranges are those of the prices": """
        SELECT * FROM (SELECT product_id, market_id, min(amount_minor) low, max(amount_minor) high FROM pricing.price
        GROUP BY 1, 2) s FULL JOIN catalog.product_price r USING (product_id, market_id)
        WHERE (low, high) IS DISTINCT FROM (min_minor, max_minor)""",
    "a price before a reduction is higher than the price": """
        SELECT * FROM pricing.price WHERE compare_at_minor <= amount_minor OR amount_minor <= 0""",
    "a reduced product says so in its tags, and no other": """
        SELECT p.id FROM catalog.product p JOIN pricing.price c ON c.product_id = p.id
        GROUP BY p.id HAVING bool_or(c.compare_at_minor IS NOT NULL) <> ('sale' = ANY (p.tags))""",
    "every variant is counted, at both locations": """
        SELECT v.id FROM catalog.variant v LEFT JOIN inventory.item i ON i.id = v.id
        LEFT JOIN inventory.level l ON l.item_id = v.id GROUP BY v.id, i.id, v.product_id, i.product_id
        HAVING count(l.*) <> 2 OR i.id IS NULL OR i.product_id <> v.product_id""",
    "a variant is available where stock says so": """
        SELECT v.id FROM catalog.variant v JOIN inventory.item i ON i.id = v.id
        JOIN inventory.level l ON l.item_id = i.id
        GROUP BY v.id, v.available, i.tracked, i.oversell
        HAVING v.available <> (NOT i.tracked OR i.oversell OR sum(l.on_hand - l.committed) > 0)""",
    "a product is available where one of its variants is": """
        SELECT p.id FROM catalog.product p JOIN catalog.variant v ON v.product_id = p.id
        GROUP BY p.id HAVING p.available <> bool_or(v.available)""",
    "a level knows its item's policy": """
        SELECT l.* FROM inventory.level l JOIN inventory.item i ON i.id = l.item_id
        WHERE l.oversell <> (i.oversell OR NOT i.tracked)""",
    "what is committed is what open orders hold": """
        SELECT l.* FROM inventory.level l LEFT JOIN (SELECT item_id, location_id, sum(quantity) held
        FROM inventory.reservation GROUP BY 1, 2) r USING (item_id, location_id)
        WHERE l.committed <> coalesce(r.held, 0)""",
    "a level is what the ledger says": """
        SELECT l.* FROM inventory.level l LEFT JOIN (SELECT item_id, location_id, sum(on_hand) on_hand,
        sum(reserved + committed) promised FROM inventory.movement GROUP BY 1, 2) m USING (item_id, location_id)
        WHERE (l.on_hand, l.committed) <> (coalesce(m.on_hand, 0), coalesce(m.promised, 0))""",
    "a product's sales are what was ordered of it": """
        SELECT p.id FROM catalog.product p LEFT JOIN "order".line l ON l.product_id = p.id
        GROUP BY p.id HAVING p.sales <> coalesce(sum(l.quantity), 0)""",
    "only products that are sold are published, and all of them": """
        SELECT p.id FROM catalog.product p LEFT JOIN catalog.publication u ON u.product_id = p.id
        WHERE (p.status = 'ACTIVE') <> (u.product_id IS NOT NULL)""",
    "a product has two to four pictures, its first at position 1": """
        SELECT product_id FROM catalog.media GROUP BY 1
        HAVING count(*) NOT BETWEEN 2 AND 4 OR min(position) <> 1 OR max(position) <> count(*)""",
    "a variant's picture is its product's": """
        SELECT v.id FROM catalog.variant v LEFT JOIN catalog.media m ON m.id = v.media_id
        WHERE m.product_id IS DISTINCT FROM v.product_id""",
    "a variant has one value of each option": """
        SELECT v.id FROM catalog.variant v JOIN catalog.product p ON p.id = v.product_id
        WHERE jsonb_array_length(v.selected_options) <> jsonb_array_length(p.options) OR EXISTS (
        SELECT FROM jsonb_array_elements(p.options) WITH ORDINALITY o (option, place) WHERE NOT EXISTS (
        SELECT FROM jsonb_array_elements(option -> 'values') a (allowed)
        WHERE allowed ->> 'name' = v.selected_options -> (place - 1)::int ->> 'value'))""",
    "an order's lines sum to its subtotal": """
        SELECT o.id FROM "order"."order" o JOIN "order".line l ON l.order_id = o.id
        GROUP BY o.id HAVING sum(l.total_minor) <> o.subtotal_minor""",
    "an order's taxes are those of its lines and its delivery": """
        SELECT o.id FROM "order"."order" o JOIN "order".line l ON l.order_id = o.id
        GROUP BY o.id HAVING sum(l.tax_minor) > o.tax_minor OR coalesce((SELECT sum((t ->> 'amount_minor')::bigint)
        FROM jsonb_array_elements(o.tax_lines) t), 0) <> o.tax_minor""",
    "a balance is about its order": """
        SELECT o.id FROM "order"."order" o FULL JOIN payment.balance b ON b.order_id = o.id
        WHERE (o.total_minor, o.currency, o.refunded_minor)
        IS DISTINCT FROM (b.due_minor, b.currency, b.refunded_minor)""",
    "a balance is what its successful transactions sum to": """
        SELECT b.order_id FROM payment.balance b LEFT JOIN payment.transaction t
        ON t.order_id = b.order_id AND t.status = 'SUCCESS' GROUP BY b.order_id HAVING
        (b.authorized_minor, b.captured_minor, b.refunded_minor, b.voided_minor) <>
        (coalesce(sum(t.amount_minor) FILTER (WHERE t.kind = 'AUTHORIZATION'), 0),
         coalesce(sum(t.amount_minor) FILTER (WHERE t.kind IN ('CAPTURE', 'SALE')), 0),
         coalesce(sum(t.amount_minor) FILTER (WHERE t.kind = 'REFUND'), 0),
         coalesce(sum(t.amount_minor) FILTER (WHERE t.kind = 'VOID'), 0))""",
    "the test provider's books say the same as the shop's": """
        SELECT b.order_id FROM payment.balance b JOIN payment.transaction t
        ON t.order_id = b.order_id AND t.kind = 'AUTHORIZATION'
        LEFT JOIN payment.test_charge c ON c.idempotency_key = t.idempotency_key AND c.reference = t.reference
        WHERE c.captured_minor IS DISTINCT FROM b.captured_minor OR c.refunded_minor IS DISTINCT FROM b.refunded_minor
        OR (c.status = 'VOIDED') <> (b.voided_minor > 0)""",
    "refunds sum to what was given back": """
        SELECT o.id FROM "order"."order" o LEFT JOIN "order".refund r ON r.order_id = o.id AND r.status = 'SUCCESS'
        GROUP BY o.id HAVING coalesce(sum(r.amount_minor), 0) <> o.refunded_minor""",
    "a line's present quantity is what was not given back or cancelled": """
        SELECT l.id FROM "order".line l JOIN "order"."order" o ON o.id = l.order_id
        LEFT JOIN "order".refund_line r ON r.line_id = l.id GROUP BY l.id, o.cancelled_at
        HAVING l.current_quantity <> CASE WHEN o.cancelled_at IS NULL THEN l.quantity - coalesce(sum(r.quantity), 0)
        ELSE 0 END""",
    "what is fulfilled of a line is what its parcels hold": """
        SELECT l.id FROM "order".line l LEFT JOIN fulfilment.fulfillment_line f ON f.order_line_id = l.id
        GROUP BY l.id HAVING l.fulfilled_quantity <> coalesce(sum(f.quantity), 0)""",
    "a line of a fulfillment order is sent or still to be sent": """
        SELECT f.id FROM fulfilment.fulfillment_order_line f JOIN "order".line l ON l.id = f.order_line_id
        WHERE f.quantity - f.remaining <> l.fulfilled_quantity OR f.quantity > l.quantity""",
    "what is still to be sent of counted goods is held for it": """
        SELECT f.id FROM fulfilment.fulfillment_order_line f
        JOIN fulfilment.fulfillment_order o ON o.id = f.fulfillment_order_id
        LEFT JOIN inventory.reservation r ON r.line_id = f.order_line_id AND r.owner_id = o.order_id
        AND r.location_id = o.location_id
        WHERE o.location_id IS NOT NULL AND r.quantity IS DISTINCT FROM f.remaining""",
    "nothing is held for an order that is cancelled": """
        SELECT r.* FROM inventory.reservation r JOIN "order"."order" o ON o.id = r.owner_id
        WHERE o.cancelled_at IS NOT NULL AND (r.state <> 'RELEASED' OR r.quantity > 0)""",
    "an order's buyer was there before it, and so were its products": """
        SELECT o.id FROM "order"."order" o JOIN "order".line l ON l.order_id = o.id
        JOIN catalog.product p ON p.id = l.product_id LEFT JOIN customer.customer c ON c.id = o.customer_id
        WHERE p.created_at > o.processed_at OR c.created_at > o.processed_at OR p.status <> 'ACTIVE'""",
    "events follow each other, and the first says that the order was placed": """
        SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY order_id ORDER BY id) place,
        lag(occurred_at) OVER (PARTITION BY order_id ORDER BY id) before FROM "order".event) e
        WHERE before > occurred_at OR (place = 1) <> (kind = 'placed')""",
    "nothing happens after the demo shop's present": """
        SELECT id FROM "order"."order" WHERE greatest(processed_at, cancelled_at, closed_at, updated_at)
        > '2026-11-01 09:00Z' UNION ALL SELECT id FROM "order".event WHERE occurred_at > '2026-11-01 09:00Z'""",
    "a customer's default address is their own": """
        SELECT c.id FROM customer.customer c LEFT JOIN customer.address a ON a.id = c.default_address_id
        WHERE a.customer_id IS DISTINCT FROM c.id""",
    "a country is delivered to in every currency": """
        SELECT z.country, m.currency FROM fulfilment.zone_country z CROSS JOIN pricing.market m WHERE NOT EXISTS (
        SELECT FROM fulfilment.rate r WHERE r.zone_id = z.zone_id AND r.currency = m.currency AND r.from_g = 0)""",
    "a country that is sold to is delivered to": """
        SELECT country FROM pricing.market_country EXCEPT SELECT country FROM fulfilment.zone_country""",
    "a barcode has the right check digit": """
        SELECT id, barcode FROM catalog.variant WHERE length(barcode) <> 13 OR (SELECT sum(substr(barcode, n, 1)::int
        * CASE n % 2 WHEN 1 THEN 1 ELSE 3 END) FROM generate_series(1, 13) n) % 10 <> 0""",
    "SKUs and barcodes are nobody else's": """
        SELECT sku FROM catalog.variant GROUP BY sku HAVING count(*) > 1
        UNION ALL SELECT barcode FROM catalog.variant GROUP BY barcode HAVING count(*) > 1""",
    "keys are UUIDs of version 7 that tell when the thing was made": """
        SELECT id FROM catalog.product WHERE uuid_extract_version(id) <> 7
        OR abs(extract(epoch FROM uuid_extract_timestamp(id) - created_at)) > 0.001""",
}


@pytest.mark.parametrize("rule", BREACHES)
async def test_no_row_breaks(demo: Database, rule: str) -> None:
    async with demo.read() as conn:
        breaches = (await conn.execute(text(BREACHES[rule]))).all()
    assert breaches == []


async def test_collections_hold_what_their_rules_pick(demo: Database) -> None:
    products, collections, members = catalog.product, catalog.collection, catalog.collection_product
    ranges: dict[UUID, dict[UUID, tuple[int, int]]] = {}
    async with demo.read() as conn:
        for row in await conn.execute(select(catalog.product_price)):
            ranges.setdefault(row.product_id, {})[row.market_id] = (row.min_minor, row.max_minor)
        traits = {
            row.id: Traits(row.title, row.product_type, row.vendor, row.tags, ranges[row.id])
            for row in await conn.execute(select(products))
        }
        for found in (await conn.execute(select(collections))).all():
            held = select(members.c.product_id).where(members.c.collection_id == found.id)
            mine = set((await conn.execute(held)).scalars())
            assert mine, found.handle
            if found.rule_set is not None:
                rules = RuleSet(
                    tuple(
                        Rule(
                            rule["column"], rule["relation"], rule["condition"],
                            UUID(rule["market_id"]) if "market_id" in rule else None, rule.get("amount_minor"),
                        )
                        for rule in found.rule_set["rules"]
                    ),
                    found.rule_set["applied_disjunctively"],
                )  # fmt: skip
                assert mine == {key for key, seen in traits.items() if picks(rules, seen)}, found.handle


async def test_texts_and_handles_are_those_the_catalogue_would_make(demo: Database) -> None:
    async with demo.read() as conn:
        for row in await conn.execute(select(catalog.product)):
            assert row.description == text_of(row.description_html)
            assert row.handle == handle_of(row.title, "product")


async def test_statuses_are_those_the_books_show(demo: Database) -> None:
    async with demo.read() as conn:
        found = await conn.execute(
            text(
                "SELECT o.*, b.due_minor, b.authorized_minor, b.captured_minor, b.voided_minor, f.sent, f.unsent"
                ' FROM "order"."order" o JOIN payment.balance b ON b.order_id = o.id CROSS JOIN LATERAL ('
                " SELECT sum(l.quantity - l.remaining) sent, sum(l.remaining) unsent"
                " FROM fulfilment.fulfillment_order p JOIN fulfilment.fulfillment_order_line l"
                " ON l.fulfillment_order_id = p.id WHERE p.order_id = o.id) f"
            )
        )
        seen = Counter[str]()
        for row in found:
            books = Books(
                row.due_minor, row.authorized_minor, row.captured_minor, row.refunded_minor, row.voided_minor
            )  # fmt: skip
            cancelled = row.cancelled_at is not None
            assert row.financial_status == financial_status(books, cancelled=cancelled)
            assert row.fulfillment_status == fulfillment_status(row.sent, row.unsent)
            seen[row.financial_status] += 1
            seen[row.fulfillment_status] += 1
    assert set(seen) == {
        "AUTHORIZED", "PAID", "PARTIALLY_REFUNDED", "PENDING", "REFUNDED", "VOIDED",
        "FULFILLED", "PARTIALLY_FULFILLED", "UNFULFILLED",
    }  # fmt: skip


async def test_refunds_give_back_each_line_s_share(demo: Database) -> None:
    async with demo.read() as conn:
        refunds = (await conn.execute(text('SELECT * FROM "order".refund'))).all()
        for refund in refunds:
            order = (
                await conn.execute(text('SELECT * FROM "order"."order" WHERE id = :id'), {"id": refund.order_id})
            ).one()
            lines = text('SELECT * FROM "order".line WHERE order_id = :id ORDER BY position')
            rows = (await conn.execute(lines, {"id": order.id})).all()
            priced = [Priced(row.total_minor, row.tax_minor) for row in rows]
            split = shares(order.total_minor, order.shipping_minor, order.tax_minor, order.tax_included, priced)
            back = dict(
                (await conn.execute(text('SELECT line_id, quantity FROM "order".refund_line WHERE refund_id = :id'),
                                    {"id": refund.id})).all()
            )  # fmt: skip
            due = sum(
                share * back[row.id] // row.quantity
                for row, share in zip(rows, split.lines, strict=True)
                if row.id in back
            )
            assert refund.amount_minor == due + refund.shipping_minor
            assert refund.shipping_minor in (0, split.shipping)


async def test_the_shop_is_full_of_different_things(demo: Database) -> None:
    products, variants = catalog.product, catalog.variant
    async with demo.read() as conn:
        one = (
            await conn.execute(
                select(
                    func.count().label("products"),
                    func.count(products.c.title.distinct()).label("titles"),
                    func.count(products.c.description_html.distinct()).label("texts"),
                    func.count(products.c.product_type.distinct()).label("kinds"),
                    func.count(products.c.vendor.distinct()).label("vendors"),
                    func.count().filter(products.c.available).label("available"),
                )
            )
        ).one()
        counted = (await conn.execute(select(func.count()).select_from(variants))).scalar_one()
        collections = (await conn.execute(select(func.count()).select_from(catalog.collection))).scalar_one()
        stock = (
            await conn.execute(
                text(
                    "SELECT count(*) FILTER (WHERE NOT available) sold_out,"
                    " count(*) FILTER (WHERE NOT i.tracked) digital,"
                    " count(*) FILTER (WHERE i.oversell) made_to_order FROM catalog.variant v JOIN inventory.item i"
                    " ON i.id = v.id"
                )
            )
        ).one()
    assert (one.products, one.titles) == (1_000, 1_000)
    assert one.texts == 1_000
    assert counted >= 3_000
    assert one.kinds == 30
    assert one.vendors >= 12
    assert collections == 30
    assert 900 < one.available < 1_000
    assert stock.sold_out > 100
    assert stock.digital > 30
    assert stock.made_to_order > 30
