"""Create pages, blogs and articles, find collections by their words, and let storefronts read content."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SHOPPER = (
    "unauthenticated_read_product_listings",
    "unauthenticated_read_checkouts",
    "unauthenticated_write_checkouts",
    "unauthenticated_read_customers",
    "unauthenticated_write_customers",
)


def _names() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
    ]


def _told() -> list[sa.Column]:
    return [
        sa.Column("seo_title", sa.Text(), nullable=True),
        sa.Column("seo_description", sa.Text(), nullable=True),
    ]


def _moments() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]


def _search(body: str) -> sa.Column:
    made = sa.Computed(f"kernel.searchable(title, {body})", persisted=True)
    return sa.Column("search", postgresql.TSVECTOR(), made, nullable=True)


def _checks(table: str, *names: str) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(f"length({name}) BETWEEN 1 AND 255", name=op.f(f"ck_{table}_{name}_length"))
        for name in ("handle", "title", *names)
    ]


def upgrade() -> None:
    op.execute('CREATE SCHEMA "content"')
    op.create_table(
        "page",
        *_names(),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("body_text", sa.Text(), server_default="", nullable=False),
        *_told(),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        *_moments(),
        _search("body_text"),
        *_checks("page"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
        sa.UniqueConstraint("handle", name=op.f("uq_page_handle")),
        schema="content",
    )
    op.create_table(
        "blog",
        *_names(),
        *_told(),
        *_moments(),
        _search("''"),
        *_checks("blog"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blog")),
        sa.UniqueConstraint("handle", name=op.f("uq_blog_handle")),
        schema="content",
    )
    op.create_table(
        "article",
        *_names(),
        sa.Column("blog_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("body_text", sa.Text(), server_default="", nullable=False),
        sa.Column("excerpt", sa.Text(), server_default="", nullable=False),
        sa.Column("excerpt_text", sa.Text(), server_default="", nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("image_alt", sa.Text(), nullable=True),
        *_told(),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        *_moments(),
        _search("excerpt_text || ' ' || body_text || ' ' || author_name"),
        *_checks("article", "author_name"),
        sa.ForeignKeyConstraint(
            ["blog_id"], ["content.blog.id"], name=op.f("fk_article_blog_id_blog"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("blog_id", "handle", name=op.f("uq_article_blog_id_handle")),
        schema="content",
    )
    for table, columns in (
        ("page", ("title", "updated_at", "created_at")),
        ("blog", ("title",)),
        ("article", ("author_name", "title", "updated_at", "created_at")),
    ):
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column, "id"], schema="content")
        op.create_index(f"ix_{table}_search", table, ["search"], schema="content", postgresql_using="gin")
    listed_at = sa.text("coalesce(published_at, created_at)")
    op.create_index("ix_article_blog", "article", ["blog_id", "id"], schema="content")
    op.create_index("ix_article_listed_at", "article", [listed_at, "id"], schema="content")
    op.create_index("ix_article_blog_listed_at", "article", ["blog_id", listed_at, "id"], schema="content")
    op.create_index("ix_article_tags", "article", ["tags"], schema="content", postgresql_using="gin")
    op.add_column("collection", _search("description"), schema="catalog")
    op.create_index("ix_collection_search", "collection", ["search"], schema="catalog", postgresql_using="gin")
    # A storefront that may do all that shoppers did may also read what the shop writes for them.
    op.execute(
        sa.text(
            "UPDATE kernel.api_token SET scopes = array_append(scopes, 'unauthenticated_read_content')"
            " WHERE scopes @> :shopper AND NOT 'unauthenticated_read_content' = ANY (scopes)"
        ).bindparams(sa.bindparam("shopper", list(SHOPPER), postgresql.ARRAY(sa.Text())))
    )


def downgrade() -> None:
    op.execute("UPDATE kernel.api_token SET scopes = array_remove(scopes, 'unauthenticated_read_content')")
    op.drop_index("ix_collection_search", table_name="collection", schema="catalog")
    op.drop_column("collection", "search", schema="catalog")
    op.execute('DROP SCHEMA "content" CASCADE')
