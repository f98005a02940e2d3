"""What must be true of payments, for the audit."""

from commerce_graph.kernel.audit import Check

CHECKS = (
    Check(
        "payment.balance",
        "a balance is the sum of the steps that succeeded",
        """
        SELECT order_id, b.authorized_minor, t.authorized, b.captured_minor, t.captured, b.refunded_minor, t.refunded,
               b.voided_minor, t.voided
        FROM payment.balance b LEFT JOIN (
          SELECT order_id, sum(amount_minor) FILTER (WHERE kind = 'AUTHORIZATION') AS authorized,
                 sum(amount_minor) FILTER (WHERE kind IN ('CAPTURE', 'SALE')) AS captured,
                 sum(amount_minor) FILTER (WHERE kind = 'REFUND') AS refunded,
                 sum(amount_minor) FILTER (WHERE kind = 'VOID') AS voided
          FROM payment.transaction WHERE status = 'SUCCESS' GROUP BY order_id
        ) t USING (order_id)
        WHERE (b.authorized_minor, b.captured_minor, b.refunded_minor, b.voided_minor)
           <> (coalesce(t.authorized, 0), coalesce(t.captured, 0), coalesce(t.refunded, 0), coalesce(t.voided, 0))
        """,
    ),
    Check(
        "payment.overcharged",
        "nothing is authorised or captured beyond what is due, nor refunded or let go beyond that",
        """
        SELECT order_id, due_minor, authorized_minor, captured_minor, refunded_minor, voided_minor FROM payment.balance
        WHERE greatest(authorized_minor, captured_minor) > due_minor OR refunded_minor > captured_minor
           OR voided_minor > authorized_minor
           OR least(authorized_minor, captured_minor, refunded_minor, voided_minor) < 0
        """,
    ),
    Check(
        "payment.gift_cards",
        "what a gift card paid of an order or got back from it is a step of its payment, and each such step is that",
        """
        SELECT coalesce(e.order_id, t.order_id) AS order_id, e.card_id, e.amount_minor, t.id AS transaction_id, t.kind,
               t.amount_minor AS step_minor
        FROM (SELECT * FROM gift_card.entry WHERE order_id IS NOT NULL) e FULL JOIN (
          SELECT * FROM payment.transaction WHERE provider = 'gift_card' AND status = 'SUCCESS'
        ) t ON t.id = e.cause
        WHERE (e.order_id, e.card_id::text, -e.amount_minor) IS DISTINCT FROM
              (t.order_id, t.reference, CASE t.kind WHEN 'SALE' THEN t.amount_minor ELSE -t.amount_minor END)
        """,
    ),
)
