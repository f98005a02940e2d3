"""Write articles, as Admin's mutations of these names."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from commerce_graph.content import service
from commerce_graph.content.errors import INVALID_PUBLISH_DATE, NOT_FOUND
from commerce_graph.content.graph.refusals import WRITE_CONTENT, refusals
from commerce_graph.content.service import NewArticle
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import refused_at
from commerce_graph.kernel.graph import entities, input_type, mutation, object_type
from commerce_graph.kernel.scalars import HTML, URL
from commerce_graph.keys import ArticleKey
from commerce_graph.vocabulary import SEOInput

ArticleCreateUserError: Any = refusals("ArticleCreate", INVALID_PUBLISH_DATE, NOT_FOUND)
ArticleUpdateUserError: Any = refusals("ArticleUpdate", INVALID_PUBLISH_DATE, NOT_FOUND)
ArticleDeleteUserError: Any = refusals("ArticleDelete", NOT_FOUND, writing=False)


@input_type
class AuthorInput:
    """Who wrote an article."""

    name: str


@input_type
class ArticleImageInput:
    """An article's picture; an empty `url` takes it away."""

    url: URL | None = None
    alt_text: str | None = None


@input_type
class ArticleCreateInput:
    """An article to create. It is published at once, unless `isPublished` is false or `publishDate` is later."""

    blog_id: strawberry.ID
    title: str
    author: AuthorInput
    handle: str | None = None
    body: HTML | None = None
    summary: HTML | None = None
    tags: list[str] | None = None
    image: ArticleImageInput | None = None
    is_published: bool | None = None
    publish_date: datetime | None = None
    seo: SEOInput | None = None


@input_type
class ArticleUpdateInput:
    """What to change of an article; what is left out stays as it is, `tags` is the whole list."""

    blog_id: strawberry.ID | None = None
    title: str | None = None
    author: AuthorInput | None = None
    handle: str | None = None
    body: HTML | None = None
    summary: HTML | None = None
    tags: list[str] | None = None
    image: ArticleImageInput | None = None
    is_published: bool | None = None
    publish_date: datetime | None = None
    seo: SEOInput | None = None


@object_type
class ArticleCreatePayload:
    """What came of creating an article."""

    article: ArticleKey | None = strawberry.field(description="The new article.", default=None)
    user_errors: list[ArticleCreateUserError] = strawberry.field(
        description="Why it was not created.", default_factory=list
    )


@object_type
class ArticleUpdatePayload:
    """What came of changing an article."""

    article: ArticleKey | None = strawberry.field(description="The article.", default=None)
    user_errors: list[ArticleUpdateUserError] = strawberry.field(
        description="Why it was not changed.", default_factory=list
    )


@object_type
class ArticleDeletePayload:
    """What came of deleting an article."""

    deleted_article_id: strawberry.ID | None = strawberry.field(description="The id it had.", default=None)
    user_errors: list[ArticleDeleteUserError] = strawberry.field(
        description="Why it was not deleted.", default_factory=list
    )


@object_type(access=WRITE_CONTENT)
class ArticleMutation:
    """Articles."""

    @mutation(access=WRITE_CONTENT)
    async def article_create(self, info: strawberry.Info, article: ArticleCreateInput) -> ArticleCreatePayload:
        """Create an article in a blog."""
        ctx: Context = info.context
        new = _new(ctx, article)
        with refused_at("article", beside="id"):
            async with ctx.database.begin() as tx:
                article_id = await service.create_article(tx, new)
        return ArticleCreatePayload(article=await _shown(ctx, article_id))

    @mutation(access=WRITE_CONTENT)
    async def article_update(
        self, info: strawberry.Info, id: strawberry.ID, article: ArticleUpdateInput
    ) -> ArticleUpdatePayload:
        """Change an article, or put it into another blog."""
        ctx: Context = info.context
        article_id, new = ctx.key_of(id, "Article"), _new(ctx, article)
        with refused_at("article", beside="id"):
            async with ctx.database.begin() as tx:
                await service.update_article(tx, article_id, new)
        return ArticleUpdatePayload(article=await _shown(ctx, article_id))

    @mutation(access=WRITE_CONTENT)
    async def article_delete(self, info: strawberry.Info, id: strawberry.ID) -> ArticleDeletePayload:
        """Delete an article."""
        ctx: Context = info.context
        article_id = ctx.key_of(id, "Article")
        async with ctx.database.begin() as tx:
            await service.delete_article(tx, article_id)
        ctx.forget()
        return ArticleDeletePayload(deleted_article_id=id)


def _new(ctx: Context, given: ArticleCreateInput | ArticleUpdateInput) -> NewArticle:
    return NewArticle(
        blog_id=ctx.key_of(given.blog_id, "Blog") if given.blog_id else None,
        title=given.title,
        handle=given.handle,
        body=given.body,
        excerpt=given.summary,
        author_name=given.author.name if given.author else None,
        tags=given.tags,
        image_url=given.image.url if given.image else None,
        image_alt=given.image.alt_text if given.image else None,
        published=given.is_published,
        publish_date=given.publish_date,
        seo_title=given.seo.title if given.seo else None,
        seo_description=given.seo.description if given.seo else None,
    )


async def _shown(ctx: Context, article_id: UUID) -> ArticleKey | None:
    ctx.forget()
    (found,) = await entities(ctx, ArticleKey, [article_id])
    article: ArticleKey | None = found
    return article
