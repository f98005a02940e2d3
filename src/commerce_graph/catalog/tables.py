"""The catalogue's tables, in the Postgres schema `catalog`."""

from sqlalchemy import (
    ARRAY,
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from commerce_graph.catalog.rules.metafields import TYPES
from commerce_graph.catalog.rules.search_words import SEARCH_FUNCTIONS
from commerce_graph.kernel.columns import count, document, key, minor, moment, one_of, parent, words
from commerce_graph.kernel.database import metadata
from commerce_graph.kernel.fulltext import FOLDED, searchable

PRODUCT_STATUSES = ["ACTIVE", "DRAFT", "ARCHIVED"]
COLLECTION_ORDERS = [
    "ALPHA_ASC", "ALPHA_DESC", "BEST_SELLING", "CREATED", "CREATED_DESC", "MANUAL", "PRICE_ASC", "PRICE_DESC",
]  # fmt: skip

METAFIELD_OWNERS = ["PRODUCT", "PRODUCTVARIANT"]

for _function in (FOLDED, *SEARCH_FUNCTIONS):
    # In a string of DDL a percent sign would be doubled; there is none.
    event.listen(metadata, "before_create", DDL(_function))  # type: ignore[no-untyped-call]

channel = Table(
    "channel", metadata, key(), words("handle", unique=True), words("name"), schema="catalog",
)  # fmt: skip

product = Table(
    "product",
    metadata,
    key(),
    words("handle", unique=True),
    words("title"),
    words("description_html", default=""),
    words("description", default=""),  # the HTML's text
    words("product_type", default=""),
    words("vendor", default=""),
    words("status", default="DRAFT"),
    Column("tags", ARRAY(Text), nullable=False, server_default="{}"),
    words("seo_title", null=True),
    words("seo_description", null=True),
    # [{"id": uuid, "name": text, "values": [{"id": uuid, "name": text}]}] in order: always read with the product.
    document("options", default="[]"),
    # Read models kept by the domains above, in their own transactions, through this domain's service.
    Column("available", Boolean, nullable=False, server_default="false"),
    Column("sales", BigInteger, nullable=False, server_default="0"),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    Column(
        "search",
        TSVECTOR,
        Computed(
            "catalog.search_vector(title, vendor, product_type, tags, options, description)",
            persisted=True,
        ),
    ),
    one_of("status", PRODUCT_STATUSES),
    CheckConstraint("length(handle) BETWEEN 1 AND 255", name="handle_length"),
    CheckConstraint("length(title) BETWEEN 1 AND 255", name="title_length"),
    CheckConstraint("sales >= 0", name="sales_positive"),
    Index("ix_product_title", "title", "id"),
    Index("ix_product_product_type", "product_type", "id"),
    Index("ix_product_vendor", "vendor", "id"),
    Index("ix_product_created_at", "created_at", "id"),
    Index("ix_product_updated_at", "updated_at", "id"),
    Index("ix_product_sales", "sales", "id"),
    Index("ix_product_tags", "tags", postgresql_using="gin"),
    Index("ix_product_search", "search", postgresql_using="gin"),
    schema="catalog",
)

variant = Table(
    "variant",
    metadata,
    key(),
    parent("product_id", "catalog.product.id"),
    words("title"),
    count("position"),
    words("sku", null=True),
    words("barcode", null=True),
    count("weight_g", default=0),
    Column("requires_shipping", Boolean, nullable=False, server_default="true"),
    Column("taxable", Boolean, nullable=False, server_default="true"),
    document("selected_options", default="[]"),  # [{"name": text, "value": text}] in the order of the options
    # Not `parent`: a variant outlives its picture.
    Column("media_id", Uuid, ForeignKey("catalog.media.id", ondelete="SET NULL"), nullable=True),
    Column("available", Boolean, nullable=False, server_default="false"),  # read model, see product.available
    moment("created_at", now=True),
    moment("updated_at", now=True),
    UniqueConstraint("product_id", "selected_options"),
    CheckConstraint("weight_g >= 0", name="weight_positive"),
    CheckConstraint("position >= 1", name="position_from_one"),
    Index("ix_variant_product", "product_id", "position", "id"),
    Index("ix_variant_sku", "sku"),
    Index("ix_variant_barcode", "barcode"),
    Index("ix_variant_sku_code", text('catalog.code(sku) COLLATE "C"')),
    Index("ix_variant_barcode_code", text('catalog.code(barcode) COLLATE "C"')),
    Index("ix_variant_media", "media_id", postgresql_where=text("media_id IS NOT NULL")),
    schema="catalog",
)

media = Table(
    "media",
    metadata,
    key(),
    parent("product_id", "catalog.product.id"),
    count("position"),
    words("url"),  # absolute, or a path under the server's public URL
    words("alt", null=True),
    count("width", null=True),
    count("height", null=True),
    Index("ix_media_product", "product_id", "position", "id"),
    schema="catalog",
)

collection = Table(
    "collection",
    metadata,
    key(),
    words("handle", unique=True),
    words("title"),
    words("description_html", default=""),
    words("description", default=""),
    words("image_url", null=True),
    words("image_alt", null=True),
    words("seo_title", null=True),
    words("seo_description", null=True),
    words("sort_order", default="BEST_SELLING"),
    # NULL for a collection picked by hand, else {"applied_disjunctively", "rules": [{column, relation, condition}]}
    document("rule_set", null=True),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    searchable("title", "description"),
    one_of("sort_order", COLLECTION_ORDERS),
    CheckConstraint("length(handle) BETWEEN 1 AND 255", name="handle_length"),
    CheckConstraint("length(title) BETWEEN 1 AND 255", name="title_length"),
    Index("ix_collection_title", "title", "id"),
    Index("ix_collection_updated_at", "updated_at", "id"),
    Index("ix_collection_search", "search", postgresql_using="gin"),
    schema="catalog",
)

collection_product = Table(
    "collection_product",
    metadata,
    parent("collection_id", "catalog.collection.id", primary=True),
    parent("product_id", "catalog.product.id", primary=True, index=True),
    Column("position", Integer, nullable=False, server_default="0"),
    Index("ix_collection_product_position", "collection_id", "position", "product_id"),
    schema="catalog",
)

publication = Table(
    "publication",
    metadata,
    parent("channel_id", "catalog.channel.id", primary=True),
    parent("product_id", "catalog.product.id", primary=True, index=True),
    moment("published_at", now=True),
    schema="catalog",
)

collection_publication = Table(
    "collection_publication",
    metadata,
    parent("channel_id", "catalog.channel.id", primary=True),
    parent("collection_id", "catalog.collection.id", primary=True, index=True),
    moment("published_at", now=True),
    schema="catalog",
)

product_price = Table(  # read model: the range of a product's prices in a market, for sorting and filtering
    "product_price",
    metadata,
    parent("product_id", "catalog.product.id", primary=True),
    key("market_id"),
    minor("min_minor"),
    minor("max_minor"),
    CheckConstraint("0 <= min_minor AND min_minor <= max_minor", name="range_ordered"),
    Index("ix_product_price_min", "market_id", "min_minor", "product_id"),
    schema="catalog",
)

metafield_definition = Table(
    "metafield_definition",
    metadata,
    key(),
    words("owner_type"),
    words("namespace"),
    words("key"),
    words("name"),
    words("description", null=True),
    words("type"),
    Column("public_read", Boolean, nullable=False, server_default="false"),  # by shoppers
    Column("admin_filterable", Boolean, nullable=False, server_default="false"),
    # What shoppers may not read would be told by a filter and its counts.
    Column("filterable", Boolean, Computed("public_read AND admin_filterable", persisted=True), nullable=False),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    UniqueConstraint("owner_type", "namespace", "key"),
    one_of("owner_type", METAFIELD_OWNERS),
    one_of("type", TYPES),
    schema="catalog",
)

metafield = Table(
    "metafield",
    metadata,
    key(),
    parent("product_id", "catalog.product.id", index=True),
    parent("variant_id", "catalog.variant.id", null=True),  # NULL: it is the product's own
    words("namespace"),
    words("key"),
    words("type"),
    words("value"),
    # ["namespace.key\x1fvalue"]: what filters look for and facets count, each member of a list on its own.
    Column("terms", ARRAY(Text), nullable=False, server_default="{}"),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    one_of("type", TYPES),
    Index(
        "uq_metafield_product", "product_id", "namespace", "key", unique=True,
        postgresql_where=text("variant_id IS NULL"),
    ),
    Index(
        "uq_metafield_variant", "variant_id", "namespace", "key", unique=True,
        postgresql_where=text("variant_id IS NOT NULL"),
    ),
    Index("ix_metafield_key", "namespace", "key", "id"),
    Index("ix_metafield_terms", "terms", postgresql_using="gin"),
    schema="catalog",
)  # fmt: skip

word = (
    Table(  # read model: the words of the products that are for sale, for telling what a misspelt one was meant to be
        "word",
        metadata,
        Column("word", Text(collation="C"), primary_key=True),
        count("products"),
        Column(
            "near",
            ARRAY(Text),
            Computed("catalog.near(word, CASE WHEN length(word) > 5 THEN 2 ELSE 1 END)", persisted=True),
        ),
        Index("ix_word_near", "near", postgresql_using="gin"),
        schema="catalog",
    )
)

vocabulary = Table(  # one row: when the words were learnt
    "vocabulary",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, server_default="1"),
    moment("learned_at"),
    CheckConstraint("id = 1", name="one_row"),
    schema="catalog",
)
