"""Content in the graph: pages, blogs and their articles, and how merchants write them."""

from strawberry.tools import merge_types

from commerce_graph.content.graph.article import Article
from commerce_graph.content.graph.article_editing import ArticleMutation
from commerce_graph.content.graph.blog import Blog
from commerce_graph.content.graph.blog_editing import BlogMutation
from commerce_graph.content.graph.listing import ContentQuery
from commerce_graph.content.graph.page import Page
from commerce_graph.content.graph.page_editing import PageMutation

ContentMutation = merge_types("ContentMutation", (PageMutation, BlogMutation, ArticleMutation))

__all__ = ["Article", "Blog", "ContentMutation", "ContentQuery", "Page"]
