"""Tables of what a shop publishes besides goods, in the Postgres schema `content`."""

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Table, Text, UniqueConstraint, func

from commerce_graph.kernel.columns import key, moment, parent, words
from commerce_graph.kernel.database import metadata
from commerce_graph.kernel.fulltext import searchable

page = Table(
    "page",
    metadata,
    key(),
    words("handle", unique=True),
    words("title"),
    words("body", default=""),
    words("body_text", default=""),  # the HTML's text
    words("seo_title", null=True),
    words("seo_description", null=True),
    moment("published_at", null=True),  # from then on shoppers see it; NULL: not yet
    moment("created_at", now=True),
    moment("updated_at", now=True),
    searchable("title", "body_text"),
    CheckConstraint("length(handle) BETWEEN 1 AND 255", name="handle_length"),
    CheckConstraint("length(title) BETWEEN 1 AND 255", name="title_length"),
    Index("ix_page_title", "title", "id"),
    Index("ix_page_updated_at", "updated_at", "id"),
    Index("ix_page_created_at", "created_at", "id"),
    Index("ix_page_search", "search", postgresql_using="gin"),
    schema="content",
)

blog = Table(
    "blog",
    metadata,
    key(),
    words("handle", unique=True),
    words("title"),
    words("seo_title", null=True),
    words("seo_description", null=True),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    searchable("title", "''"),
    CheckConstraint("length(handle) BETWEEN 1 AND 255", name="handle_length"),
    CheckConstraint("length(title) BETWEEN 1 AND 255", name="title_length"),
    Index("ix_blog_title", "title", "id"),
    Index("ix_blog_search", "search", postgresql_using="gin"),
    schema="content",
)

article = Table(
    "article",
    metadata,
    key(),
    parent("blog_id", "content.blog.id"),
    words("handle"),
    words("title"),
    words("body", default=""),
    words("body_text", default=""),
    words("excerpt", default=""),
    words("excerpt_text", default=""),
    words("author_name"),
    Column("tags", ARRAY(Text), nullable=False, server_default="{}"),
    words("image_url", null=True),
    words("image_alt", null=True),
    words("seo_title", null=True),
    words("seo_description", null=True),
    moment("published_at", null=True),  # see page.published_at
    moment("created_at", now=True),
    moment("updated_at", now=True),
    searchable("title", "excerpt_text || ' ' || body_text || ' ' || author_name"),
    UniqueConstraint("blog_id", "handle"),
    CheckConstraint("length(handle) BETWEEN 1 AND 255", name="handle_length"),
    CheckConstraint("length(title) BETWEEN 1 AND 255", name="title_length"),
    CheckConstraint("length(author_name) BETWEEN 1 AND 255", name="author_name_length"),
    Index("ix_article_blog", "blog_id", "id"),
    Index("ix_article_author_name", "author_name", "id"),
    Index("ix_article_title", "title", "id"),
    Index("ix_article_updated_at", "updated_at", "id"),
    Index("ix_article_created_at", "created_at", "id"),
    Index("ix_article_tags", "tags", postgresql_using="gin"),
    Index("ix_article_search", "search", postgresql_using="gin"),
    schema="content",
)

listed_at = func.coalesce(article.c.published_at, article.c.created_at)
"""When an article came into its blog, or will; for one that is not published, when it was written."""
Index("ix_article_listed_at", listed_at, article.c.id)
Index("ix_article_blog_listed_at", article.c.blog_id, listed_at, article.c.id)
