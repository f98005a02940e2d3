"""Markets, prices and taxes."""

from commerce_graph.kernel.graph import Module

module = Module(name="pricing")
