"""What must be true of gift cards, for the audit."""

from commerce_graph.kernel.audit import Check

CHECKS = (
    Check(
        "gift_card.balance",
        "a gift card's balance is the sum of its ledger, which begins with its initial value",
        """
        SELECT c.id AS card_id, c.currency, c.initial_minor, e.issued, c.balance_minor, e.total
        FROM gift_card.card c LEFT JOIN (
          SELECT card_id, sum(amount_minor) AS total, sum(amount_minor) FILTER (WHERE kind = 'ISSUE') AS issued
          FROM gift_card.entry GROUP BY card_id
        ) e ON e.card_id = c.id
        WHERE c.balance_minor <> coalesce(e.total, 0) OR c.initial_minor <> coalesce(e.issued, 0)
        """,
    ),
)
