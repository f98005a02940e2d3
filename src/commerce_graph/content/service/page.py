"""Pages: create, change and delete them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.content import rules
from commerce_graph.content.service import texts
from commerce_graph.content.service.rows import change_row, create_row, delete_row, published_at
from commerce_graph.content.tables import page


@dataclass(frozen=True, slots=True)
class NewPage:
    """A page to write; None leaves a field as it is (or at its default for a new one), "" empties a text."""

    title: str | None = None
    handle: str | None = None
    body: str | None = None
    published: bool | None = None
    publish_date: datetime | None = None
    seo_title: str | None = None
    seo_description: str | None = None


async def create_page(tx: AsyncConnection, new: NewPage) -> UUID:
    """Create a page and return its id. It is published at once unless told otherwise.

    Limits: TITLE_CHARS_MAX, HANDLE_CHARS_MAX, DESCRIPTION_CHARS_MAX.
    Raises: Rejected(BLANK | INVALID | INVALID_PUBLISH_DATE | TAKEN | TOO_LONG), `field` in the names of Admin's input.
    """
    values = {"title": rules.named(new.title or "", ["title"]), **_values(new)}
    return await create_row(tx, page, {**values, **published_at(page, new.published, new.publish_date, new=True)})


async def update_page(tx: AsyncConnection, page_id: UUID, new: NewPage) -> None:
    """Change a page.

    Limits: as `create_page`. Locks: the page's row.
    Raises: Rejected(BLANK | INVALID | INVALID_PUBLISH_DATE | NOT_FOUND | TAKEN | TOO_LONG).
    """
    await change_row(
        tx, page, page_id, {**_values(new), **published_at(page, new.published, new.publish_date, new=False)}
    )


async def delete_page(tx: AsyncConnection, page_id: UUID) -> None:
    """Delete a page. Locks: the page's row. Raises: Rejected(NOT_FOUND)."""
    await delete_row(tx, page, page_id)


def _values(new: NewPage) -> dict[str, Any]:
    return {
        **texts.names(new.title, new.handle),
        **texts.html("body", new.body, ["body"]),
        **texts.seo(new.seo_title, new.seo_description),
    }
