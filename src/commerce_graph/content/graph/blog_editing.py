"""Write blogs, as Admin's mutations of these names."""

from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.content import service
from commerce_graph.content.errors import NOT_FOUND
from commerce_graph.content.graph.refusals import WRITE_CONTENT, refusals
from commerce_graph.content.service import NewBlog
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import refused_at
from commerce_graph.kernel.graph import entities, input_type, mutation, object_type
from commerce_graph.keys import BlogKey
from commerce_graph.vocabulary import SEOInput

BlogCreateUserError: Any = refusals("BlogCreate")
BlogUpdateUserError: Any = refusals("BlogUpdate", NOT_FOUND)
BlogDeleteUserError: Any = refusals("BlogDelete", NOT_FOUND, writing=False)


@input_type
class BlogCreateInput:
    """A blog to create."""

    title: str
    handle: str | None = None
    seo: SEOInput | None = None


@input_type
class BlogUpdateInput:
    """What to change of a blog; what is left out stays as it is."""

    title: str | None = None
    handle: str | None = None
    seo: SEOInput | None = None


@object_type
class BlogCreatePayload:
    """What came of creating a blog."""

    blog: BlogKey | None = strawberry.field(description="The new blog.", default=None)
    user_errors: list[BlogCreateUserError] = strawberry.field(
        description="Why it was not created.", default_factory=list
    )


@object_type
class BlogUpdatePayload:
    """What came of changing a blog."""

    blog: BlogKey | None = strawberry.field(description="The blog.", default=None)
    user_errors: list[BlogUpdateUserError] = strawberry.field(
        description="Why it was not changed.", default_factory=list
    )


@object_type
class BlogDeletePayload:
    """What came of deleting a blog."""

    deleted_blog_id: strawberry.ID | None = strawberry.field(description="The id it had.", default=None)
    user_errors: list[BlogDeleteUserError] = strawberry.field(
        description="Why it was not deleted.", default_factory=list
    )


@object_type(access=WRITE_CONTENT)
class BlogMutation:
    """Blogs."""

    @mutation(access=WRITE_CONTENT)
    async def blog_create(self, info: strawberry.Info, blog: BlogCreateInput) -> BlogCreatePayload:
        """Create a blog."""
        ctx: Context = info.context
        with refused_at("blog", beside="id"):
            async with ctx.database.begin() as tx:
                blog_id = await service.create_blog(tx, _new(blog))
        return BlogCreatePayload(blog=await _shown(ctx, blog_id))

    @mutation(access=WRITE_CONTENT)
    async def blog_update(self, info: strawberry.Info, id: strawberry.ID, blog: BlogUpdateInput) -> BlogUpdatePayload:
        """Change a blog."""
        ctx: Context = info.context
        blog_id = ctx.key_of(id, "Blog")
        with refused_at("blog", beside="id"):
            async with ctx.database.begin() as tx:
                await service.update_blog(tx, blog_id, _new(blog))
        return BlogUpdatePayload(blog=await _shown(ctx, blog_id))

    @mutation(access=WRITE_CONTENT)
    async def blog_delete(self, info: strawberry.Info, id: strawberry.ID) -> BlogDeletePayload:
        """Delete a blog with its articles."""
        ctx: Context = info.context
        blog_id = ctx.key_of(id, "Blog")
        async with ctx.database.begin() as tx:
            await service.delete_blog(tx, blog_id)
        ctx.forget()
        return BlogDeletePayload(deleted_blog_id=id)


def _new(given: BlogCreateInput | BlogUpdateInput) -> NewBlog:
    return NewBlog(
        title=given.title,
        handle=given.handle,
        seo_title=given.seo.title if given.seo else None,
        seo_description=given.seo.description if given.seo else None,
    )


async def _shown(ctx: Context, blog_id: UUID) -> BlogKey | None:
    ctx.forget()
    (found,) = await entities(ctx, BlogKey, [blog_id])
    blog: BlogKey | None = found
    return blog
