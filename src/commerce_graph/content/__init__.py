"""What a shop publishes besides goods: pages, and blogs with their articles."""

from commerce_graph.kernel.graph import Module

module = Module(name="content")
