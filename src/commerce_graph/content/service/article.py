"""Articles: create, change and delete them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.content import rules
from commerce_graph.content.errors import BLANK, NOT_FOUND
from commerce_graph.content.service import texts
from commerce_graph.content.service.rows import change_row, create_row, delete_row, published_at
from commerce_graph.content.tables import article
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import DESCRIPTION_CHARS_MAX


@dataclass(frozen=True, slots=True)
class NewArticle:
    """An article to write; None leaves a field as it is (or at its default for a new one), "" empties a text."""

    blog_id: UUID | None = None
    title: str | None = None
    handle: str | None = None
    body: str | None = None
    excerpt: str | None = None
    author_name: str | None = None
    tags: Sequence[str] | None = None
    image_url: str | None = None
    image_alt: str | None = None
    published: bool | None = None
    publish_date: datetime | None = None
    seo_title: str | None = None
    seo_description: str | None = None


async def create_article(tx: AsyncConnection, new: NewArticle) -> UUID:
    """Create an article in a blog and return its id. It is published at once unless told otherwise.

    Limits: TITLE_CHARS_MAX, HANDLE_CHARS_MAX, DESCRIPTION_CHARS_MAX, TAGS_PER_ARTICLE_MAX, URL_CHARS_MAX.
    Raises: Rejected(BLANK | INVALID | INVALID_PUBLISH_DATE | NOT_FOUND | TAKEN | TOO_LONG), `field` in the names of
    Admin's input.
    """
    if new.blog_id is None:
        raise Rejected(BLANK, ["blogId"], "say which blog it is for")
    title = rules.named(new.title or "", ["title"])
    author = rules.named(new.author_name or "", ["author", "name"])
    values = {
        "title": title,
        "author_name": author,
        **_values(new),
        **published_at(article, new.published, new.publish_date, new=True),
    }
    async with _in_a_blog():
        return await create_row(tx, article, values, article.c.blog_id == new.blog_id)


async def update_article(tx: AsyncConnection, article_id: UUID, new: NewArticle) -> None:
    """Change an article.

    Limits: as `create_article`. Locks: the article's row.
    Raises: Rejected(BLANK | INVALID | INVALID_PUBLISH_DATE | NOT_FOUND | TAKEN | TOO_LONG).
    """
    async with _in_a_blog():
        await change_row(
            tx,
            article,
            article_id,
            {**_values(new), **published_at(article, new.published, new.publish_date, new=False)},
        )


async def delete_article(tx: AsyncConnection, article_id: UUID) -> None:
    """Delete an article. Locks: the article's row. Raises: Rejected(NOT_FOUND)."""
    await delete_row(tx, article, article_id)


@asynccontextmanager
async def _in_a_blog() -> AsyncIterator[None]:
    try:
        yield
    except IntegrityError as wrong:
        if "fk_article_blog_id" not in str(wrong.orig):
            raise
        raise Rejected(NOT_FOUND, ["blogId"], "there is no such blog") from None


def _values(new: NewArticle) -> dict[str, Any]:
    values = {
        **texts.names(new.title, new.handle),
        **texts.html("body", new.body, ["body"]),
        **texts.html("excerpt", new.excerpt, ["summary"]),
        **texts.seo(new.seo_title, new.seo_description),
    }
    if new.blog_id is not None:
        values["blog_id"] = new.blog_id
    if new.author_name is not None:
        values["author_name"] = rules.named(new.author_name, ["author", "name"])
    if new.tags is not None:
        values["tags"] = rules.tidy_tags(new.tags)
    if new.image_url is not None:
        values["image_url"] = rules.address(new.image_url, ["image", "url"])
    if new.image_alt is not None:
        values["image_alt"] = rules.checked(new.image_alt, ["image", "altText"], DESCRIPTION_CHARS_MAX) or None
    return values
