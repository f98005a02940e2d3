"""Content: use cases, and the only door for other domains. What loads also primes: its rows are those that find."""

from commerce_graph.content.loaders.articles import articles, count_articles, find_articles
from commerce_graph.content.loaders.audience import sees_all
from commerce_graph.content.loaders.blogs import blogs
from commerce_graph.content.loaders.pages import count_pages, find_pages, pages
from commerce_graph.content.service.article import NewArticle, create_article, delete_article, update_article
from commerce_graph.content.service.blog import NewBlog, create_blog, delete_blog, update_blog
from commerce_graph.content.service.page import NewPage, create_page, delete_page, update_page

__all__ = [
    "NewArticle", "NewBlog", "NewPage", "articles", "blogs", "count_articles", "count_pages", "create_article",
    "create_blog", "create_page", "delete_article", "delete_blog", "delete_page", "find_articles", "find_pages",
    "pages", "sees_all", "update_article", "update_blog", "update_page",
]  # fmt: skip
