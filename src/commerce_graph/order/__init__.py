"""Orders: what was bought, how it changes, and who is told."""

from commerce_graph.kernel.graph import Module

module = Module(name="order")
