"""Where reading content starts: pages, blogs and articles."""

import strawberry

from commerce_graph.content.graph.article import ArticleConnection, ArticleSortKeys, article_connection
from commerce_graph.content.graph.blog import Blog, BlogConnection, BlogEdge, BlogSortKeys
from commerce_graph.content.graph.page import Page, PageConnection, PageEdge, PageSortKeys
from commerce_graph.content.loaders import articles, blogs, pages
from commerce_graph.content.loaders.articles import Listing
from commerce_graph.content.loaders.audience import sees_all
from commerce_graph.kernel.auth import CONTENT
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.graph import entities, field, object_type
from commerce_graph.kernel.hints import PUBLISHED
from commerce_graph.kernel.pages import page_arguments
from commerce_graph.kernel.query_syntax import parse
from commerce_graph.keys import ArticleKey, BlogKey, PageKey


def _one_of(id: strawberry.ID | None, handle: str | None) -> None:
    if (id is None) == (handle is None):
        raise RequestError("BAD_USER_INPUT", "give exactly one of `id` and `handle`")


@object_type(access=CONTENT, cache=PUBLISHED)
class ContentQuery:
    """What can be read of content from its root."""

    @field
    async def page(
        self, info: strawberry.Info, id: strawberry.ID | None = None, handle: str | None = None
    ) -> PageKey | None:
        """A page by id or by handle."""
        ctx: Context = info.context
        _one_of(id, handle)
        if id is not None:
            (found,) = await entities(ctx, PageKey, [ctx.key_of(id, "Page")])
            return found  # type: ignore[no-any-return]
        row = await ctx.load(pages.pages_by_handle, handle, sees_all(ctx.principal))
        return row and Page.of(row)

    @field
    async def pages(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False, sort_key: PageSortKeys | None = PageSortKeys.ID,
        query: str | None = None,
    ) -> PageConnection:  # fmt: skip
        """The shop's pages. `query` is Shopify's search syntax over title, handle, id, created_at, updated_at and
        published_at; words without a field are looked for in all texts."""
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        asked, order = parse(query), (sort_key or PageSortKeys.ID).name
        everything = sees_all(ctx.principal)
        async with ctx.read() as conn:
            page = await pages.page_page(conn, everything, asked, order, args)
        ctx.prime(pages.pages, {row.id: row for row in page.rows}, everything)
        made: PageConnection = page.connection(PageConnection, PageEdge, Page.of)
        return made

    @field
    async def blog(
        self, info: strawberry.Info, id: strawberry.ID | None = None, handle: str | None = None
    ) -> BlogKey | None:
        """A blog by id or by handle."""
        ctx: Context = info.context
        _one_of(id, handle)
        if id is not None:
            (found,) = await entities(ctx, BlogKey, [ctx.key_of(id, "Blog")])
            return found  # type: ignore[no-any-return]
        row = await ctx.load(blogs.blogs_by_handle, handle)
        if row is None:
            return None
        ctx.prime(blogs.blogs, {row.id: row})
        return Blog.of(row)

    @field
    async def blogs(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False, sort_key: BlogSortKeys | None = BlogSortKeys.ID,
        query: str | None = None,
    ) -> BlogConnection:  # fmt: skip
        """The shop's blogs. `query` is Shopify's search syntax over title, handle, id, created_at and updated_at;
        words without a field are looked for in titles."""
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        asked, order = parse(query), (sort_key or BlogSortKeys.ID).name
        async with ctx.read() as conn:
            page = await blogs.blog_page(conn, asked, order, args)
        ctx.prime(blogs.blogs, {row.id: row for row in page.rows})
        made: BlogConnection = page.connection(BlogConnection, BlogEdge, Blog.of)
        return made

    @field
    async def article(self, info: strawberry.Info, id: strawberry.ID) -> ArticleKey | None:
        """An article by id."""
        ctx: Context = info.context
        (found,) = await entities(ctx, ArticleKey, [ctx.key_of(id, "Article")])
        return found  # type: ignore[no-any-return]

    @field
    async def articles(
        self, info: strawberry.Info, first: int | None = None, last: int | None = None, after: str | None = None,
        before: str | None = None, reverse: bool | None = False, sort_key: ArticleSortKeys | None = ArticleSortKeys.ID,
        query: str | None = None,
    ) -> ArticleConnection:  # fmt: skip
        """The articles of all blogs. `query` is Shopify's search syntax over title, author, blog_title, tag, tag_not,
        handle, id, created_at, updated_at and published_at; words without a field are looked for in all texts."""
        ctx: Context = info.context
        args = page_arguments(first, last, after, before, reverse)
        order = (sort_key or ArticleSortKeys.ID).name
        listing = Listing(sees_all(ctx.principal), order, args, parse(query))
        async with ctx.read() as conn:
            page = await articles.article_page(conn, listing)
        return article_connection(ctx, page)
