"""Search's tables, in the Postgres schema `search`. The index is in OpenSearch, and can always be made anew."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Sequence,
    Table,
    Text,
    Uuid,
    text,
)

from commerce_graph.kernel.columns import count, key, moment, one_of, uuid, words
from commerce_graph.kernel.database import metadata

BUILD_STATES = ["BUILDING", "LIVE", "RETIRED"]
SUGGESTION_KINDS = ["COLLECTION", "PRODUCT_TYPE", "QUERY", "VENDOR"]

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

edition = Table(  # one row, which goes up with every edit below: a process reads the rest only when it has changed
    "edition",
    metadata,
    Column("single", Boolean, primary_key=True, server_default="true"),
    Column("number", BigInteger, nullable=False),
    CheckConstraint("single", name="one_row"),
    schema="search",
)

synonym_group = Table(
    "synonym_group",
    metadata,
    key(),
    words("source", null=True),  # what alone leads to the terms; without it each term leads to all others
    Column("terms", ARRAY(Text), nullable=False),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    CheckConstraint("cardinality(terms) >= 1", name="terms_given"),
    schema="search",
)

redirect = Table(
    "redirect",
    metadata,
    key(),
    words("query"),
    words("normal", unique=True),  # the query as it is compared
    words("target"),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    schema="search",
)

pin_set = Table(
    "pin_set",
    metadata,
    key(),
    words("query"),
    words("normal", unique=True),
    Column("product_ids", ARRAY(Uuid), nullable=False),  # in the order they are shown in
    moment("created_at", now=True),
    moment("updated_at", now=True),
    CheckConstraint("cardinality(product_ids) >= 1", name="products_given"),
    schema="search",
)

suggestion = Table(  # what is offered while someone still types: all of it can be lost and gathered again
    "suggestion",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("language", Text, primary_key=True),  # lower case; empty for what belongs to every language
    Column("normal", Text, primary_key=True),
    words("text"),
    # When the query's popularity will have faded to that of one asked once: seconds since 1970. 0 for other kinds.
    Column("heat", Double, nullable=False, server_default="0"),
    count("spans", default=0),  # in how many spans of time it was asked
    one_of("kind", SUGGESTION_KINDS),
    Index("ix_suggestion_normal", "normal", postgresql_ops={"normal": "text_pattern_ops"}),
    Index("ix_suggestion_heat", "heat", postgresql_where=text("kind = 'QUERY'")),
    schema="search",
)
