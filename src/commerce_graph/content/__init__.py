"""What a shop publishes besides goods: pages, and blogs with their articles."""

from commerce_graph.content.graph import Article, Blog, ContentMutation, ContentQuery, Page
from commerce_graph.kernel.module import Module

module = Module(name="content", query=ContentQuery, mutation=ContentMutation, owns=(Page, Blog, Article))
