"""What must be true of purchases and of what they touch, for the audit."""

from commerce_graph.kernel.audit import Check

CHECKS = (
    Check(
        "checkout.placed",
        "a purchase that was placed has its order, and its cart is bought",
        """
        SELECT a.id AS attempt_id, a.state, a.order_id, c.state AS cart_state
        FROM checkout.attempt a LEFT JOIN "order"."order" o ON o.id = a.order_id
        LEFT JOIN cart.cart c ON c.id = a.cart_id
        WHERE (a.state IN ('PLACED', 'COMPLETED')) <> (o.id IS NOT NULL)
           OR (a.state IN ('PLACED', 'COMPLETED') AND c.state <> 'COMPLETED')
        """,
    ),
    Check(
        "checkout.charged",
        "an order is charged what its buyer agreed to",
        """
        SELECT a.id AS attempt_id, a.order_id, o.total_minor, a.snapshot #>> '{order,total_minor}' AS agreed_minor
        FROM checkout.attempt a JOIN "order"."order" o ON o.id = a.order_id
        WHERE a.snapshot #>> '{order,total_minor}' <> o.total_minor::text
        """,
    ),
    Check(
        "checkout.gift_cards",
        "gift cards and the session together pay what a purchase costs, and the cards what was agreed",
        """
        SELECT a.id AS attempt_id, a.order_id, a.amount_minor, a.gift_card_minor, t.paid
        FROM checkout.attempt a LEFT JOIN (
          SELECT order_id, sum(amount_minor) AS paid FROM payment.transaction
          WHERE provider = 'gift_card' AND kind = 'SALE' GROUP BY order_id
        ) t USING (order_id)
        WHERE a.gift_card_minor <> coalesce(t.paid, 0)
           OR (a.amount_minor + a.gift_card_minor)::text <> a.snapshot #>> '{order,total_minor}'
        """,
    ),
    Check(
        "checkout.failed",
        "a purchase that failed has nothing of its buyer's",
        """
        SELECT a.id AS attempt_id, a.order_id, b.authorized_minor, b.voided_minor, b.captured_minor, r.held
        FROM checkout.attempt a LEFT JOIN payment.balance b ON b.order_id = a.order_id LEFT JOIN (
          SELECT owner_id, sum(quantity) AS held FROM inventory.reservation GROUP BY owner_id
        ) r ON r.owner_id = a.order_id
        WHERE a.state = 'FAILED'
          AND (b.authorized_minor > b.voided_minor OR b.captured_minor > b.refunded_minor OR r.held > 0)
        """,
    ),
    Check(
        "checkout.holds",
        "what is held belongs to a purchase under way or to an order",
        """
        SELECT r.owner_id, r.item_id, r.quantity, r.state FROM inventory.reservation r
        WHERE r.quantity > 0 AND NOT EXISTS (SELECT FROM "order"."order" o WHERE o.id = r.owner_id)
          AND NOT EXISTS (SELECT FROM checkout.attempt a WHERE a.order_id = r.owner_id AND a.state <> 'FAILED')
        """,
    ),
    Check(
        "checkout.paid",
        "an order that is said to be paid was paid",
        """
        SELECT o.id AS order_id, o.number, o.financial_status, o.total_minor, b.captured_minor
        FROM "order"."order" o LEFT JOIN payment.balance b ON b.order_id = o.id
        WHERE o.financial_status = 'PAID' AND o.total_minor <> coalesce(b.captured_minor, 0)
        """,
    ),
)
