"""Merchants write pages, blogs and articles."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from commerce_graph.content.service import NewPage, create_page
from commerce_graph.content.tables import article, page
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import DESCRIPTION_CHARS_MAX, HANDLE_CHARS_MAX, TAGS_PER_ARTICLE_MAX, TITLE_CHARS_MAX
from tests.shop import Shop, gid, uid

CREATE_PAGE = """mutation($page: PageCreateInput!) { pageCreate(page: $page) {
  page { id handle title body bodySummary isPublished publishedAt seo { title description } }
  userErrors { code field message } } }"""
UPDATE_PAGE = """mutation($id: ID!, $page: PageUpdateInput!) { pageUpdate(id: $id, page: $page) {
  page { handle title body isPublished publishedAt seo { title } } userErrors { code field } } }"""
CREATE_BLOG = (
    "mutation($blog: BlogCreateInput!) { blogCreate(blog: $blog) { blog { id handle } userErrors { code field } } }"
)
UPDATE_BLOG = """mutation($id: ID!, $blog: BlogUpdateInput!) { blogUpdate(id: $id, blog: $blog) {
  blog { handle title seo { title } } userErrors { code field } } }"""
CREATE_ARTICLE = """mutation($article: ArticleCreateInput!) { articleCreate(article: $article) {
  article { id handle title contentHtml content excerpt tags authorV2 { name } blog { handle } isPublished
  image { url altText } seo { title } } userErrors { code field } } }"""
UPDATE_ARTICLE = """mutation($id: ID!, $article: ArticleUpdateInput!) { articleUpdate(id: $id, article: $article) {
  article { handle title tags authorV2 { name } blog { handle } image { url } } userErrors { code field } } }"""
DELETE = "mutation($id: ID!) {{ {0}Delete(id: $id) {{ deleted{1}Id userErrors {{ code field }} }} }}"
JOURNAL = gid("Blog", "blog-journal")


async def told(shop: Shop, document: str, **variables: Any) -> dict[str, Any]:
    (answer,) = (await shop.data(document, variables, "merchant")).values()
    return answer  # type: ignore[no-any-return]


def an_article(**more: Any) -> dict[str, Any]:
    return {"blogId": JOURNAL, "title": "Oak", "author": {"name": "Jo"}, **more}


async def test_shoppers_and_partners_cannot_write(written: Shop) -> None:
    for document, variables in (
        (CREATE_PAGE, {"page": {"title": "x"}}),
        (UPDATE_PAGE, {"id": gid("Page", "page-about"), "page": {}}),
        (CREATE_BLOG, {"blog": {"title": "x"}}),
        (CREATE_ARTICLE, {"article": an_article()}),
        (DELETE.format("page", "Page"), {"id": gid("Page", "page-about")}),
        (DELETE.format("article", "Article"), {"id": gid("Article", "news-linen")}),
    ):
        for token in ("storefront", "partner", None):
            refused = await written.run(document, variables, token)
            assert refused["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


LONG = "x" * (DESCRIPTION_CHARS_MAX + 1)


@pytest.mark.parametrize(
    ("page", "code", "path"),
    [
        ({"title": " "}, "BLANK", ["title"]),
        ({"title": "x" * (TITLE_CHARS_MAX + 1)}, "TOO_LONG", ["title"]),
        ({"title": "a\x00"}, "INVALID", ["title"]),
        ({"title": "x", "handle": "…"}, "INVALID", ["handle"]),
        ({"title": "x", "handle": "h" * (HANDLE_CHARS_MAX + 1)}, "TOO_LONG", ["handle"]),
        ({"title": "x", "handle": "About"}, "TAKEN", ["handle"]),
        ({"title": "x", "body": LONG}, "TOO_LONG", ["body"]),
        ({"title": "x", "body": "\ud83d"}, "INVALID", ["body"]),
        ({"title": "x", "seo": {"title": LONG}}, "TOO_LONG", ["seo", "title"]),
        ({"title": "x", "seo": {"description": "\x00"}}, "INVALID", ["seo", "description"]),
        ({"title": "x", "isPublished": True, "publishDate": "2100-01-01T00:00:00Z"}, "INVALID_PUBLISH_DATE",
         ["publishDate"]),
        ({"title": "x", "isPublished": False, "publishDate": "2000-01-01T00:00:00Z"}, "INVALID_PUBLISH_DATE",
         ["publishDate"]),
        ({"title": "x", "publishDate": "9999-12-31T23:59:59-01:00"}, "INVALID_PUBLISH_DATE", ["publishDate"]),
    ],
)  # fmt: skip
async def test_refuses_a_page(
    written: Shop, database: Database, page: dict[str, Any], code: str, path: list[str]
) -> None:
    before = await rows_of(database)
    made = await told(written, CREATE_PAGE, page=page)
    assert made["page"] is None
    assert [(each["code"], each["field"]) for each in made["userErrors"]] == [(code, ["page", *path])]
    changed = await told(written, UPDATE_PAGE, id=gid("Page", "page-shipping"), page=page)
    assert changed == {"page": None, "userErrors": [{"code": code, "field": ["page", *path]}]}
    assert await rows_of(database) == before


async def rows_of(database: Database) -> list[Any]:
    async with database.read() as conn:
        return [*(await conn.execute(select(page).order_by(page.c.id))).all()]


@pytest.mark.parametrize(
    ("article", "code", "path"),
    [
        (an_article(blogId=gid("Blog", "nowhere")), "NOT_FOUND", ["blogId"]),
        (an_article(title=""), "BLANK", ["title"]),
        (an_article(author={"name": " "}), "BLANK", ["author", "name"]),
        (an_article(handle="linen"), "TAKEN", ["handle"]),
        (an_article(summary=LONG), "TOO_LONG", ["summary"]),
        (an_article(image={"url": "javascript:alert(1)"}), "INVALID", ["image", "url"]),
        (an_article(image={"altText": LONG}), "TOO_LONG", ["image", "altText"]),
        (an_article(tags=[str(at) for at in range(TAGS_PER_ARTICLE_MAX + 1)]), "INVALID", ["tags"]),
        (an_article(tags=["ok", "x" * (TITLE_CHARS_MAX + 1)]), "TOO_LONG", ["tags", "1"]),
        (an_article(publishDate="2100-01-01T00:00:00Z", isPublished=True), "INVALID_PUBLISH_DATE", ["publishDate"]),
    ],
)
async def test_refuses_an_article(written: Shop, article: dict[str, Any], code: str, path: list[str]) -> None:
    expected = {"article": None, "userErrors": [{"code": code, "field": ["article", *path]}]}
    assert await told(written, CREATE_ARTICLE, article=article) == expected
    assert await told(written, UPDATE_ARTICLE, id=gid("Article", "journal-lamps"), article=article) == expected


async def test_refuses_a_blog(written: Shop) -> None:
    for given, code, path in (
        ({"title": ""}, "BLANK", "title"),
        ({"title": "x", "handle": "news"}, "TAKEN", "handle"),
        ({"title": "x" * (TITLE_CHARS_MAX + 1)}, "TOO_LONG", "title"),
    ):
        expected = {"blog": None, "userErrors": [{"code": code, "field": ["blog", path]}]}
        assert await told(written, CREATE_BLOG, blog=given) == expected
        assert await told(written, UPDATE_BLOG, id=JOURNAL, blog=given) == expected


async def test_refuses_what_there_is_not(written: Shop) -> None:
    missing = [{"code": "NOT_FOUND", "field": ["id"]}]
    assert (await told(written, UPDATE_PAGE, id=gid("Page", "x"), page={"title": "y"}))["userErrors"] == missing
    assert (await told(written, UPDATE_BLOG, id=gid("Blog", "x"), blog={"title": "y"}))["userErrors"] == missing
    given = {"id": gid("Article", "x"), "article": {"title": "y"}}
    assert (await told(written, UPDATE_ARTICLE, **given))["userErrors"] == missing
    for name, kind in (("page", "Page"), ("blog", "Blog"), ("article", "Article")):
        gone = await told(written, DELETE.format(name, kind), id=gid(kind, "x"))
        assert gone == {f"deleted{kind}Id": None, "userErrors": missing}
        refused = await written.run(DELETE.format(name, kind), {"id": gid("Product", "mug")}, "merchant")
        assert refused["errors"][0]["extensions"]["code"] == "INVALID_ID"


async def test_writes_a_page(written: Shop) -> None:
    html = "<h1>Größen</h1><script>alert(1)</script><p>Measure your <b>feet</b>.</p>"
    made = await told(written, CREATE_PAGE, page={"title": " Größen ", "body": html, "seo": {"title": "Sizes"}})
    assert made["userErrors"] == []
    at = made["page"].pop("publishedAt")
    key = made["page"].pop("id")
    assert made["page"] == {
        "handle": "grossen", "title": "Größen", "body": html, "bodySummary": "Größen Measure your feet.",
        "isPublished": True, "seo": {"title": "Sizes", "description": None},
    }  # fmt: skip
    hidden = (await told(written, UPDATE_PAGE, id=key, page={"isPublished": False, "seo": {"title": ""}}))["page"]
    assert (hidden["isPublished"], hidden["publishedAt"], hidden["seo"]) == (False, None, {"title": None})
    assert hidden["body"] == html
    later = (await told(written, UPDATE_PAGE, id=key, page={"publishDate": "2100-01-01T00:00:00+02:00"}))["page"]
    assert (later["isPublished"], later["publishedAt"]) == (False, "2099-12-31T22:00:00+00:00")
    shown = (await told(written, UPDATE_PAGE, id=key, page={"isPublished": True, "handle": "Sizes"}))["page"]
    assert (shown["isPublished"], shown["handle"]) == (True, "sizes")
    again = (await told(written, UPDATE_PAGE, id=key, page={"isPublished": True}))["page"]
    assert again["publishedAt"] == shown["publishedAt"] > at, "what is published stays so since then"
    found = await written.data('{ pages(first: 5, query: "measuring") { nodes { title } } }')
    assert found["pages"]["nodes"] == [{"title": "Größen"}]
    assert not (await written.data('{ pages(first: 5, query: "alert") { nodes { title } } }'))["pages"]["nodes"]
    gone = await told(written, DELETE.format("page", "Page"), id=key)
    assert gone == {"deletedPageId": key, "userErrors": []}
    assert await written.data('{ page(handle: "sizes") { id } }') == {"page": None}


async def test_the_longest_page(written: Shop) -> None:
    given = {
        "title": "t" * TITLE_CHARS_MAX,
        "handle": "h" * HANDLE_CHARS_MAX,
        "body": "𐐨 " * (DESCRIPTION_CHARS_MAX // 2),
    }
    made = await told(written, CREATE_PAGE, page=given)
    assert made["userErrors"] == []
    assert len(made["page"]["bodySummary"]) <= 150


async def test_writes_a_blog_and_its_articles(written: Shop) -> None:
    made = await told(written, CREATE_BLOG, blog={"title": "News"})
    assert made["blog"]["handle"] == "news-1", "numbered, as `news` is taken"
    changed = await told(written, UPDATE_BLOG, id=made["blog"]["id"], blog={"title": "Old", "seo": {"title": "S"}})
    assert changed["blog"] == {"handle": "news-1", "title": "Old", "seo": {"title": "S"}}
    given = an_article(
        title="Linen", body="<p>Soft</p>", summary="<i>Short</i>", tags=["a", "A ", ""],
        image={"url": "/media/lamp.svg", "altText": "A lamp"}, isPublished=False, seo={"title": "SEO"},
    )  # fmt: skip
    one = (await told(written, CREATE_ARTICLE, article=given))["article"]
    key = one.pop("id")
    assert one == {
        "handle": "linen-1", "title": "Linen", "contentHtml": "<p>Soft</p>", "content": "Soft", "excerpt": "Short",
        "tags": ["a"], "authorV2": {"name": "Jo"}, "blog": {"handle": "journal"}, "isPublished": False,
        "image": {"url": "http://shop.test/media/lamp.svg", "altText": "A lamp"}, "seo": {"title": "SEO"},
    }  # fmt: skip
    moved = {"blogId": made["blog"]["id"], "handle": "linen", "image": {"url": ""}, "author": {"name": "Ada"}}
    assert (await told(written, UPDATE_ARTICLE, id=key, article=moved))["article"] == {
        "handle": "linen", "title": "Linen", "tags": ["a"], "authorV2": {"name": "Ada"}, "blog": {"handle": "news-1"},
        "image": None,
    }  # fmt: skip
    gone = await told(written, DELETE.format("blog", "Blog"), id=made["blog"]["id"])
    assert gone["deletedBlogId"] == made["blog"]["id"]
    left = await written.data("query($id: ID!) { article(id: $id) { id } }", {"id": key}, "merchant")
    assert left == {"article": None}, "articles go with their blog"
    gone = await told(written, DELETE.format("article", "Article"), id=gid("Article", "news-linen"))
    assert gone["deletedArticleId"] == gid("Article", "news-linen")


async def test_of_pages_created_at_once_under_one_handle_one_is(written: Shop) -> None:
    many = await asyncio.gather(*(told(written, CREATE_PAGE, page={"title": "x", "handle": "faq"}) for _ in range(8)))
    assert sorted(each["userErrors"][0]["code"] if each["userErrors"] else "" for each in many) == ["", *["TAKEN"] * 7]


async def test_pages_created_at_once_under_one_title_are_numbered(written: Shop) -> None:
    many = await asyncio.gather(*(told(written, CREATE_PAGE, page={"title": "FAQ"}) for _ in range(8)))
    assert sorted(each["page"]["handle"] for each in many) == ["faq", *(f"faq-{at}" for at in range(1, 8))]


async def test_two_articles_that_take_one_handle_at_once(written: Shop) -> None:
    both = await asyncio.gather(
        *(
            told(written, UPDATE_ARTICLE, id=gid("Article", f"journal-{name}"), article={"handle": "same"})
            for name in ("linen", "lamps", "secret")
        )
    )
    assert sorted(each["userErrors"][0]["code"] if each["userErrors"] else "" for each in both) == [
        "",
        "TAKEN",
        "TAKEN",
    ]


async def test_an_article_for_a_blog_that_is_deleted_meanwhile(written: Shop, database: Database) -> None:
    given = an_article(blogId=gid("Blog", "blog-news"))
    create = """mutation($article: ArticleCreateInput!) { articleCreate(article: $article) {
      article { handle } userErrors { code field } } }"""
    made, _gone = await asyncio.gather(
        told(written, create, article=given),
        told(written, DELETE.format("blog", "Blog"), id=gid("Blog", "blog-news")),
    )
    async with database.read() as conn:
        left = select(func.count()).select_from(article).where(article.c.blog_id == uid("blog-news"))
        assert (await conn.execute(left)).scalar_one() == 0
    assert made["userErrors"] in ([], [{"code": "NOT_FOUND", "field": ["article", "blogId"]}])


async def test_statements_of_a_creation(written: Shop) -> None:
    asked = await written.statements(CREATE_PAGE, {"page": {"title": "x", "handle": "one"}}, "merchant")
    by_title = await written.statements(CREATE_PAGE, {"page": {"title": "About us"}}, "merchant")
    assert (len(asked), len(by_title)) == (2, 3)


async def test_a_title_without_letters_gets_a_handle_all_the_same(database: Database) -> None:
    async with database.begin() as tx:
        await create_page(tx, NewPage(title="東京"))
        await create_page(tx, NewPage(title="京都"))
    assert sorted(row.handle for row in await rows_of(database)) == ["page", "page-1"]
