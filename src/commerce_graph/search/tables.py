"""Search's tables, in the Postgres schema `search`. The index is in OpenSearch, and can always be made anew."""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Index, Sequence, Table, Text, text

from commerce_graph.kernel.columns import count, key, moment, one_of, uuid, words
from commerce_graph.kernel.database import metadata

BUILD_STATES = ["BUILDING", "LIVE", "RETIRED", "DELETED"]

versions = Sequence("version", metadata=metadata, schema="search", data_type=BigInteger)
"""Numbers what is written into indices: taken before the state is read, so that a higher number never knows less."""

marks = Sequence("mark", metadata=metadata, schema="search", data_type=BigInteger)

pending = Table(  # products whose documents are to be written: at most one row a product, whatever happens
    "pending",
    metadata,
    key("product_id"),
    # Another number with every change, so that only what was seen is ever taken off the list.
    Column("mark", BigInteger, marks, nullable=False, server_default=marks.next_value()),
    moment("since", now=True),
    # A document that the index refused is tried again later, and later still, without holding up others.
    count("tries", default=0),
    moment("due_at", now=True),
    Index("ix_pending_due", "due_at", "product_id"),
    CheckConstraint("tries >= 0", name="tries_positive"),
    schema="search",
)

build = Table(  # an index, from its first document to its deletion
    "build",
    metadata,
    key(),
    words("alias"),
    words("index_name", unique=True),
    count("index_version"),
    Column("languages", ARRAY(Text), nullable=False),
    words("state", default="BUILDING"),
    uuid("cursor", null=True),  # the last product written, in order of key: where a killed build goes on
    count("total", default=0),
    count("done", default=0),
    count("refused", default=0),
    moment("started_at", now=True),
    moment("finished_at", null=True),
    moment("retired_at", null=True),
    one_of("state", BUILD_STATES),
    CheckConstraint("total >= 0 AND done >= 0 AND refused >= 0", name="counts_positive"),
    Index("uq_build_building", "alias", unique=True, postgresql_where=text("state = 'BUILDING'")),
    Index("uq_build_live", "alias", unique=True, postgresql_where=text("state = 'LIVE'")),
    schema="search",
)
