"""Stock: what is on hand, reserved and for sale, and where."""

from commerce_graph.kernel.graph import Module

module = Module(name="inventory")
