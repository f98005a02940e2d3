"""A page, a blog and an article, as a merchant writes them."""

from tests.shop import Shop

WRITTEN = ("Page", "Blog", "Article")
BEGIN = """mutation {
  pageCreate(page: { title: "About us", isPublished: true }) { page { id } }
  blogCreate(blog: { title: "Journal" }) { blog { id } }
}"""
GO_ON = """mutation ($blog: ID!) {
  articleCreate(article: { blogId: $blog, title: "Linen", author: { name: "Ada" }, isPublished: true }) {
    article { id } }
}"""


async def written(shop: Shop) -> dict[str, str]:
    """Write one of each and return their ids by type."""
    begun = await shop.data(BEGIN, token="merchant")
    page, blog = begun["pageCreate"]["page"]["id"], begun["blogCreate"]["blog"]["id"]
    made = await shop.data(GO_ON, {"blog": blog}, "merchant")
    return {"Page": page, "Blog": blog, "Article": made["articleCreate"]["article"]["id"]}
