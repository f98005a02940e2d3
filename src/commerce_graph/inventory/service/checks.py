"""What must be true of stock, for the audit."""

from commerce_graph.kernel.audit import Check

CHECKS = (
    Check(
        "inventory.ledger",
        "a level is the sum of its movements",
        """
        SELECT item_id, location_id,
               l.on_hand, m.on_hand AS on_hand_of_movements, l.committed, m.promised AS committed_of_movements,
               l.safety, m.safety AS safety_of_movements, l.incoming, m.incoming AS incoming_of_movements
        FROM inventory.level l FULL JOIN (
          SELECT item_id, location_id, sum(on_hand) AS on_hand, sum(reserved + committed) AS promised,
                 sum(safety) AS safety, sum(incoming) AS incoming
          FROM inventory.movement GROUP BY item_id, location_id
        ) m USING (item_id, location_id)
        WHERE (coalesce(l.on_hand, 0), coalesce(l.committed, 0), coalesce(l.safety, 0), coalesce(l.incoming, 0))
           <> (coalesce(m.on_hand, 0), coalesce(m.promised, 0), coalesce(m.safety, 0), coalesce(m.incoming, 0))
        """,
    ),
    Check(
        "inventory.reservations",
        "what the ledger calls reserved and committed is what is held and sold",
        """
        SELECT item_id, location_id, m.reserved, r.held, m.committed, r.sold FROM (
          SELECT item_id, location_id, sum(reserved) AS reserved, sum(committed) AS committed
          FROM inventory.movement GROUP BY item_id, location_id
        ) m FULL JOIN (
          SELECT item_id, location_id, sum(quantity) FILTER (WHERE state = 'HELD') AS held,
                 sum(quantity) FILTER (WHERE state = 'COMMITTED') AS sold
          FROM inventory.reservation GROUP BY item_id, location_id
        ) r USING (item_id, location_id)
        WHERE (coalesce(m.reserved, 0), coalesce(m.committed, 0)) <> (coalesce(r.held, 0), coalesce(r.sold, 0))
        """,
    ),
    Check(
        "inventory.oversold",
        "nothing is sold that is not there, and nothing beyond its limit",
        """
        SELECT item_id, location_id, on_hand, committed, oversell, backorder_limit FROM inventory.level
        WHERE committed < 0 OR (NOT oversell AND committed > on_hand)
           OR (oversell AND committed > on_hand + backorder_limit)
        """,
    ),
    Check(
        "inventory.policy",
        "a level knows whether more of its item may be sold than there is",
        """
        SELECT l.item_id, l.location_id, l.oversell, i.oversell AS oversell_of_item, i.tracked, l.backorder_limit,
               i.backorder_limit AS limit_of_item
        FROM inventory.level l JOIN inventory.item i ON i.id = l.item_id
        WHERE l.oversell <> (i.oversell OR NOT i.tracked)
           OR l.backorder_limit IS DISTINCT FROM CASE WHEN i.tracked THEN i.backorder_limit END
        """,
    ),
)
