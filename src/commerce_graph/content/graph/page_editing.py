"""Write pages, as Admin's mutations of these names."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.content import service
from commerce_graph.content.errors import INVALID_PUBLISH_DATE, NOT_FOUND
from commerce_graph.content.graph.refusals import WRITE_CONTENT, refusals
from commerce_graph.content.service import NewPage
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import refused_at
from commerce_graph.kernel.graph import entities, input_type, mutation, object_type
from commerce_graph.kernel.scalars import HTML
from commerce_graph.keys import PageKey
from commerce_graph.vocabulary import SEOInput

PageCreateUserError: Any = refusals("PageCreate", INVALID_PUBLISH_DATE)
PageUpdateUserError: Any = refusals("PageUpdate", INVALID_PUBLISH_DATE, NOT_FOUND)
PageDeleteUserError: Any = refusals("PageDelete", NOT_FOUND, writing=False)


@input_type
class PageCreateInput:
    """A page to create. It is published at once, unless `isPublished` is false or `publishDate` is later."""

    title: str
    handle: str | None = None
    body: HTML | None = None
    is_published: bool | None = None
    publish_date: datetime | None = None
    seo: SEOInput | None = None


@input_type
class PageUpdateInput:
    """What to change of a page; what is left out stays as it is."""

    title: str | None = None
    handle: str | None = None
    body: HTML | None = None
    is_published: bool | None = None
    publish_date: datetime | None = None
    seo: SEOInput | None = None


@object_type
class PageCreatePayload:
    """What came of creating a page."""

    page: PageKey | None = strawberry.field(description="The new page.", default=None)
    user_errors: list[PageCreateUserError] = strawberry.field(
        description="Why it was not created.", default_factory=list
    )


@object_type
class PageUpdatePayload:
    """What came of changing a page."""

    page: PageKey | None = strawberry.field(description="The page.", default=None)
    user_errors: list[PageUpdateUserError] = strawberry.field(
        description="Why it was not changed.", default_factory=list
    )


@object_type
class PageDeletePayload:
    """What came of deleting a page."""

    deleted_page_id: strawberry.ID | None = strawberry.field(description="The id it had.", default=None)
    user_errors: list[PageDeleteUserError] = strawberry.field(
        description="Why it was not deleted.", default_factory=list
    )


@object_type(access=WRITE_CONTENT)
class PageMutation:
    """Pages."""

    @mutation(access=WRITE_CONTENT)
    async def page_create(self, info: strawberry.Info, page: PageCreateInput) -> PageCreatePayload:
        """Create a page."""
        ctx: Context = info.context
        with refused_at("page", beside="id"):
            async with ctx.database.begin() as tx:
                page_id = await service.create_page(tx, _new(page))
        return PageCreatePayload(page=await _shown(ctx, page_id))

    @mutation(access=WRITE_CONTENT)
    async def page_update(self, info: strawberry.Info, id: strawberry.ID, page: PageUpdateInput) -> PageUpdatePayload:
        """Change a page."""
        ctx: Context = info.context
        page_id = ctx.key_of(id, "Page")
        with refused_at("page", beside="id"):
            async with ctx.database.begin() as tx:
                await service.update_page(tx, page_id, _new(page))
        return PageUpdatePayload(page=await _shown(ctx, page_id))

    @mutation(access=WRITE_CONTENT)
    async def page_delete(self, info: strawberry.Info, id: strawberry.ID) -> PageDeletePayload:
        """Delete a page."""
        ctx: Context = info.context
        page_id = ctx.key_of(id, "Page")
        async with ctx.database.begin() as tx:
            await service.delete_page(tx, page_id)
        ctx.forget()
        return PageDeletePayload(deleted_page_id=id)


def _new(given: PageCreateInput | PageUpdateInput) -> NewPage:
    return NewPage(
        title=given.title,
        handle=given.handle,
        body=given.body,
        published=given.is_published,
        publish_date=given.publish_date,
        seo_title=given.seo.title if given.seo else None,
        seo_description=given.seo.description if given.seo else None,
    )


async def _shown(ctx: Context, page_id: UUID) -> PageKey | None:
    ctx.forget()
    (found,) = await entities(ctx, PageKey, [page_id])
    page: PageKey | None = found
    return page
