"""Blogs: create, change and delete them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.content import rules
from commerce_graph.content.service import texts
from commerce_graph.content.service.rows import change_row, create_row, delete_row
from commerce_graph.content.tables import blog


@dataclass(frozen=True, slots=True)
class NewBlog:
    """A blog to write; None leaves a field as it is, "" empties a text."""

    title: str | None = None
    handle: str | None = None
    seo_title: str | None = None
    seo_description: str | None = None


async def create_blog(tx: AsyncConnection, new: NewBlog) -> UUID:
    """Create a blog and return its id.

    Limits: TITLE_CHARS_MAX, HANDLE_CHARS_MAX, DESCRIPTION_CHARS_MAX.
    Raises: Rejected(BLANK | INVALID | TAKEN | TOO_LONG), `field` in the names of Admin's input.
    """
    return await create_row(tx, blog, {"title": rules.named(new.title or "", ["title"]), **_values(new)})


async def update_blog(tx: AsyncConnection, blog_id: UUID, new: NewBlog) -> None:
    """Change a blog.

    Limits: as `create_blog`. Locks: the blog's row.
    Raises: Rejected(BLANK | INVALID | NOT_FOUND | TAKEN | TOO_LONG).
    """
    await change_row(tx, blog, blog_id, _values(new))


async def delete_blog(tx: AsyncConnection, blog_id: UUID) -> None:
    """Delete a blog with its articles. Locks: their rows. Raises: Rejected(NOT_FOUND)."""
    await delete_row(tx, blog, blog_id)


def _values(new: NewBlog) -> dict[str, Any]:
    return {**texts.names(new.title, new.handle), **texts.seo(new.seo_title, new.seo_description)}
