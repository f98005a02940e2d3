"""What must be true of orders, for the audit."""

from commerce_graph.kernel.audit import Check

CHECKS = (
    Check(
        "order.total",
        "an order costs what its lines, its delivery and its taxes cost",
        """
        SELECT o.id AS order_id, o.number, o.subtotal_minor, l.total AS total_of_lines, o.total_minor
        FROM "order"."order" o LEFT JOIN (
          SELECT order_id, sum(total_minor) AS total FROM "order".line GROUP BY order_id
        ) l ON l.order_id = o.id
        WHERE o.subtotal_minor <> coalesce(l.total, 0) OR o.total_minor <> o.subtotal_minor + o.shipping_minor
              + CASE WHEN o.tax_included THEN 0 ELSE o.tax_minor END
        """,
    ),
)
