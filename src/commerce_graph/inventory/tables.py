"""The tables of stock, in the Postgres schema `inventory`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    text,
)

from commerce_graph.inventory.rules import KINDS
from commerce_graph.kernel.append_only import only_grows
from commerce_graph.kernel.columns import count, document, key, moment, one_of, parent, uuid, words
from commerce_graph.kernel.database import metadata

RESERVATION_STATES = ["HELD", "COMMITTED", "RELEASED", "SHIPPED"]

location = Table(
    "location",
    metadata,
    key(),
    words("name", unique=True),
    words("country"),
    document("address", default="{}"),
    Column("priority", Integer, nullable=False, server_default="0"),  # the smaller ships first
    Column("active", Boolean, nullable=False, server_default="true"),
    schema="inventory",
)

item = Table(
    "item",
    metadata,
    key(),  # the variant's UUID
    uuid("product_id", index=True),
    Column("tracked", Boolean, nullable=False, server_default="true"),
    Column("oversell", Boolean, nullable=False, server_default="false"),  # inventory policy CONTINUE
    count("backorder_limit", null=True),  # how many more than there are may be sold, where it oversells; NULL: any
    moment("expected_at", null=True),  # when what is sold beyond stock is expected: a backorder, or a preorder
    CheckConstraint("backorder_limit >= 0", name="backorder_limit_positive"),
    schema="inventory",
)

level = Table(
    "level",
    metadata,
    parent("item_id", "inventory.item.id", primary=True),
    parent("location_id", "inventory.location.id", primary=True, index=True),
    Column("on_hand", Integer, nullable=False, server_default="0"),
    Column("committed", Integer, nullable=False, server_default="0"),  # reserved for carts being paid, or sold
    count("safety", default=0),  # kept from sale
    count("incoming", default=0),  # on its way, not on hand yet
    # The item's policy, copied so that the last defence fits in a row. An untracked item may oversell too.
    Column("oversell", Boolean, nullable=False, server_default="false"),
    count("backorder_limit", null=True),
    moment("updated_at", now=True),
    CheckConstraint("committed >= 0", name="committed_positive"),
    CheckConstraint("safety >= 0", name="safety_positive"),
    CheckConstraint("incoming >= 0", name="incoming_positive"),
    CheckConstraint("oversell OR committed <= on_hand", name="never_oversold"),
    # NULL passes: no limit.
    CheckConstraint("NOT oversell OR committed <= on_hand + backorder_limit", name="never_beyond_the_limit"),
    CheckConstraint("oversell OR on_hand >= 0", name="on_hand_positive"),
    schema="inventory",
)

reservation = Table(  # what an owner (a purchase, later its order) holds of a level, for one of its lines
    "reservation",
    metadata,
    key("owner_id"),
    key("line_id"),
    key("location_id"),
    uuid("item_id"),
    count("quantity"),  # still held; shipping and releasing lower it
    words("state", default="HELD"),
    moment("expires_at", null=True),  # only while HELD
    moment("created_at", now=True),
    ForeignKeyConstraint(["item_id", "location_id"], ["inventory.level.item_id", "inventory.level.location_id"]),
    one_of("state", RESERVATION_STATES),
    CheckConstraint("quantity >= 0", name="quantity_positive"),
    CheckConstraint("(state = 'HELD') = (expires_at IS NOT NULL)", name="held_expires"),
    CheckConstraint("(state IN ('RELEASED', 'SHIPPED')) = (quantity = 0)", name="ended_holds_nothing"),
    Index("ix_reservation_expires_at", "expires_at", postgresql_where=text("state = 'HELD'")),
    Index("ix_reservation_item", "item_id", "location_id"),
    schema="inventory",
)

movement = only_grows(
    Table(  # the ledger: for every level, the sum of its movements is what the level holds
        "movement",
        metadata,
        Column("id", BigInteger, Identity(), primary_key=True),
        uuid("item_id"),  # a level that is gone leaves its history
        uuid("location_id"),
        words("kind"),
        count("on_hand", default=0),
        count("reserved", default=0),  # a level counts these two as one, `committed`,
        count("committed", default=0),  # so that selling what was reserved does not touch it
        count("safety", default=0),
        count("incoming", default=0),
        uuid("owner_id", null=True),  # the purchase or order
        uuid("adjustment_id", null=True),  # what a merchant did
        moment("created_at", now=True),
        one_of("kind", list(KINDS)),
        CheckConstraint(
            "on_hand <> 0 OR reserved <> 0 OR committed <> 0 OR safety <> 0 OR incoming <> 0", name="moves_something"
        ),
        Index("ix_movement_item", "item_id", "id"),
        schema="inventory",
    )
)

adjustment = Table(  # what a merchant changed, as Admin's InventoryAdjustmentGroup
    "adjustment",
    metadata,
    key(),
    words("reason"),
    words("reference_document_uri", null=True),
    words("actor", default=""),
    # [{"name": "on_hand" | "available", "item_id", "location_id", "delta", "quantity_after_change"}]
    document("changes", default="[]"),
    moment("created_at", now=True),
    schema="inventory",
)
