"""Pages, blogs and articles as shoppers and merchants read them."""

from typing import Any

import pytest
from sqlalchemy import insert

from commerce_graph.content.tables import article, blog
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.limits import PAGE_SIZE_MAX, SEARCH_QUERY_CHARS_MAX
from tests.content.conftest import PAST
from tests.shop import Shop, gid, uid

PAGE = "query($id: ID, $handle: String) { page(id: $id, handle: $handle) { title } }"
PAGES = """query($first: Int, $last: Int, $after: String, $before: String, $query: String, $sort: PageSortKeys,
  $reverse: Boolean) { pages(first: $first, last: $last, after: $after, before: $before, query: $query, sortKey: $sort,
  reverse: $reverse) { nodes { handle } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } }"""
ARTICLES = """query($query: String, $sort: ArticleSortKeys, $reverse: Boolean) {
  articles(first: 10, query: $query, sortKey: $sort, reverse: $reverse) { nodes { handle blog { handle } } } }"""


async def handles(shop: Shop, token: str = "storefront", **variables: Any) -> list[str]:
    data = await shop.data(PAGES, {"first": 10, **variables}, token)
    return [node["handle"] for node in data["pages"]["nodes"]]


async def found(shop: Shop, token: str = "storefront", **variables: Any) -> list[str]:
    data = await shop.data(ARTICLES, variables, token)
    return [f"{node['blog']['handle']}/{node['handle']}" for node in data["articles"]["nodes"]]


async def test_needs_a_scope(written: Shop) -> None:
    for document in ("{ pages(first: 1) { nodes { title } } }", "{ blogs(first: 1) { nodes { title } } }"):
        for token in ("partner", None):
            refused = await written.run(document, token=token)
            assert refused["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    refused = await written.run("{ pages(first: 1) { nodes { isPublished } } }")
    assert refused["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (PAGE, {}),
        (PAGE, {"id": gid("Page", "page-about"), "handle": "about"}),
        ("query { blog { title } }", {}),
        (PAGES, {}),
        (PAGES, {"first": PAGE_SIZE_MAX + 1}),
        (PAGES, {"first": 1, "after": "nonsense"}),
        (PAGES, {"first": 1, "query": "x" * (SEARCH_QUERY_CHARS_MAX + 1)}),
    ],
)
async def test_refuses(written: Shop, document: str, variables: dict[str, Any]) -> None:
    refused = await written.run(document, variables)
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_refuses_an_id_of_another_kind(written: Shop) -> None:
    refused = await written.run(PAGE, {"id": gid("Product", "mug")})
    assert refused["errors"][0]["extensions"]["code"] == "INVALID_ID"


async def test_shoppers_do_not_see_what_is_not_published(written: Shop) -> None:
    for name in ("draft", "soon"):
        for variables in ({"id": gid("Page", f"page-{name}")}, {"handle": name}):
            assert await written.data(PAGE, variables) == {"page": None}
            assert (await written.data(PAGE, variables, "merchant"))["page"]["title"]
    assert sorted(await handles(written)) == ["about", "shipping"]
    assert sorted(await handles(written, "merchant")) == ["about", "draft", "shipping", "soon"]
    assert await handles(written, query="lamps") == ["about"]
    assert sorted(await handles(written, "merchant", query="lamps")) == ["about", "draft", "soon"]
    document = """query($id: ID!) { article(id: $id) { title } node(id: $id) { id } blog(handle: "journal") {
      articleByHandle(handle: "secret") { title } articles(first: 9) { nodes { handle } } } }"""
    hidden = {"id": gid("Article", "journal-secret")}
    seen = await written.data(document, hidden)
    assert seen["article"] is seen["node"] is seen["blog"]["articleByHandle"] is None
    assert sorted(node["handle"] for node in seen["blog"]["articles"]["nodes"]) == ["lamps", "linen"]
    told = await written.data(document, hidden, "merchant")
    assert told["article"] == told["blog"]["articleByHandle"] == {"title": "A secret lamp"}
    assert told["node"] == hidden
    assert len(told["blog"]["articles"]["nodes"]) == 3


async def test_a_page(written: Shop) -> None:
    document = """{ page(handle: "about") { id handle title body bodySummary createdAt updatedAt onlineStoreUrl
      trackingParameters seo { title description } } }"""
    page = (await written.data(document))["page"]
    assert page.pop("createdAt") == page.pop("updatedAt")
    assert page == {
        "id": gid("Page", "page-about"), "handle": "about", "title": "About us",
        "body": "<p>We make <em>lamps</em> of linen.</p>", "bodySummary": "We make lamps of linen.",
        "onlineStoreUrl": None, "trackingParameters": None, "seo": {"title": "About us | Shop", "description": None},
    }  # fmt: skip
    told = await written.data('{ page(handle: "soon") { isPublished publishedAt } }', token="merchant")
    assert told["page"] == {"isPublished": False, "publishedAt": "2100-01-01T00:00:00+00:00"}


async def test_an_article(written: Shop) -> None:
    document = """{ blog(handle: "journal") { title handle seo { title } articleByHandle(handle: "linen") { id title
      handle content(truncateAt: 10) contentHtml excerpt excerptHtml tags publishedAt blog { handle } image { url }
      authorV2 { name firstName lastName email bio } seo { title } onlineStoreUrl trackingParameters } } }"""
    blog_ = (await written.data(document))["blog"]
    assert blog_["articleByHandle"] == {
        "id": gid("Article", "journal-linen"), "title": "How linen is washed", "handle": "linen",
        "content": "Wash it...", "contentHtml": "<p>Wash it at forty degrees.</p>", "excerpt": None,
        "excerptHtml": None, "tags": ["care", "linen"], "publishedAt": "2026-01-04T00:00:00+00:00",
        "blog": {"handle": "journal"}, "image": None, "seo": {"title": None}, "onlineStoreUrl": None,
        "authorV2": {"name": "Mina Okafor", "firstName": "Mina", "lastName": "Okafor", "email": "", "bio": None},
        "trackingParameters": None,
    }  # fmt: skip
    refused = await written.run('{ blog(handle: "news") { articles(first: 1) { nodes { content(truncateAt: -1) } } } }')
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_nodes(written: Shop) -> None:
    ids = [gid("Page", "page-about"), gid("Blog", "blog-news"), gid("Article", "news-linen"), gid("Page", "mug")]
    document = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Page { title } ... on Blog { title }
      ... on Article { title } } }"""
    assert (await written.data(document, {"ids": ids}))["nodes"] == [
        {"__typename": "Page", "title": "About us"}, {"__typename": "Blog", "title": "News"},
        {"__typename": "Article", "title": "Linen is back"}, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("nothing", []),
        ("draft", []),
        ("LAMP", ["about"]),
        ("lam", ["about"]),
        ('"lam"', []),
        ("return", ["shipping"]),
        ("title:returns", ["shipping"]),
        ("title:lamps", []),
        ("title:ship*", ["shipping"]),
        ("handle:about", ["about"]),
        (f"id:{uid('page-about')}", ["about"]),
        ("created_at:<2000", []),
        ("-lamps", ["shipping"]),
        ("lamps OR parcels", ["about", "shipping"]),
        ("unknown:field", ["about", "shipping"]),
        ("'; DROP TABLE content.page; --", []),
    ],
)
async def test_pages_by_a_search_text(written: Shop, query: str, expected: list[str]) -> None:
    assert sorted(await handles(written, query=query)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("secret", []),
        ("wash", ["journal/linen"]),
        ("okafor", ["journal/linen", "news/linen"]),
        ("author:'Jo Berg'", ["journal/lamps"]),
        ("tag:linen", ["journal/linen", "news/linen"]),
        ("tag:li*", ["journal/lamps", "journal/linen", "news/linen"]),
        ("tag_not:linen", ["journal/lamps"]),
        ("blog_title:journal", ["journal/lamps", "journal/linen"]),
        ("published_at:>=2026-01-04", ["journal/linen"]),
    ],
)
async def test_articles_by_a_search_text(written: Shop, query: str, expected: list[str]) -> None:
    assert sorted(await found(written, query=query)) == expected


async def test_orders(written: Shop) -> None:
    assert await handles(written, sort="TITLE") == ["about", "shipping"]
    assert await handles(written, sort="TITLE", reverse=True) == ["shipping", "about"]
    assert (await handles(written, "merchant", sort="RELEVANCE", query="lamps"))[-1] == "about", "titles count more"
    assert await found(written, sort="PUBLISHED_AT") == ["news/linen", "journal/lamps", "journal/linen"]
    assert (await found(written, sort="BLOG_TITLE"))[0] == "news/linen"
    assert (await found(written, sort="AUTHOR"))[0] == "journal/lamps"
    assert len(await found(written, "merchant", sort="PUBLISHED_AT")) == 4
    assert sorted(await found(written, sort="RELEVANCE")) == sorted(await found(written, sort="UPDATED_AT"))
    data = await written.data('{ blogs(first: 5, sortKey: HANDLE, query: "new") { nodes { handle } } }')
    assert data == {"blogs": {"nodes": [{"handle": "news"}]}}


@pytest.mark.parametrize("sort", ["ID", "TITLE", "UPDATED_AT", "RELEVANCE"])
async def test_pages_forwards_and_backwards(written: Shop, sort: str) -> None:
    asked = {"query": "lamps OR parcels", "sort": sort}
    whole = await handles(written, "merchant", **asked)
    assert len(whole) == 4
    forwards: list[str] = []
    after = None
    while True:
        page = (await written.data(PAGES, {**asked, "first": 1, "after": after}, "merchant"))["pages"]
        forwards += [node["handle"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert forwards == whole
    page = (await written.data(PAGES, {**asked, "last": 2, "before": after}, "merchant"))["pages"]
    assert [node["handle"] for node in page["nodes"]] == whole[1:3]


async def test_statements_do_not_grow_with_the_blogs(written: Shop, database: Database) -> None:
    document = """query($n: Int!) { blogs(first: $n) { nodes {
      title articles(first: 2) { nodes { title blog { title } } } articleByHandle(handle: "linen") { title } } } }"""
    few = await written.statements(document, {"n": 1})
    async with database.begin() as tx:
        for at in range(60):
            await tx.execute(insert(blog).values(id=uid(f"b{at}"), handle=f"b{at}", title=f"Blog {at}"))
            row = {"id": uid(f"a{at}"), "blog_id": uid(f"b{at}"), "handle": "linen", "title": f"Article {at}"}
            await tx.execute(insert(article).values(**row, author_name="Jo", published_at=PAST))
    many = await written.statements(document, {"n": 100})
    assert len(few) == len(many) == 3
